"""Pages that are not part of a pack, in the same dress: errors, status, work."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader

from threecircles.report.html import Frame, environment

WORK = (("Check a return", "/check"),)


@cache
def _environment() -> Environment:
    loader = ChoiceLoader([PackageLoader("threecircles.web", "templates"), environment().loader])  # type: ignore[list-item]
    return environment().overlay(loader=loader)


def page(template: str, *, title: str, here: str = "", work: bool = False, **known: Any) -> str:
    """A page with the header of the application. here: its path; work: one of the working pages."""
    listed = WORK if work else ()
    navigation = [{"text": "Evidence", "href": "/", "current": here == "/"}]
    navigation += [{"text": text, "href": href, "current": href == here} for text, href in listed]
    frame = Frame(
        owner="Three Circles",
        root="/",
        home="/",
        navigation=tuple(navigation),
        notice="Working page: it may show children's records. Every look is written down."
        if work
        else "",
        footer=("Three Circles. Pages on this machine.",),
        footer_links=(),
    )
    return _environment().get_template(template).render(title=title, frame=frame, **known)
