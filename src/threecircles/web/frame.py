"""Pages that are not part of a pack, in the same dress: errors, status, work."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader

from threecircles.core.dates import in_words
from threecircles.report.html import Frame, environment
from threecircles.web.security.sessions import CURRENT

WORK = (
    ("Check a return", "/check", ("analyst",)),
    ("Doubtful pairs", "/links", ("reviewer",)),
    ("Who else works here", "/signpost", ("practitioner",)),
    ("Your team", "/team", ("practitioner",)),
    ("Emergency looks", "/signpost/alerts", ("data_protection_officer",)),
    ("Surveys", "/surveys", ("survey_lead",)),
    ("Case files", "/needs-audit", ("analyst", "survey_lead")),
    ("Release desk", "/release", ("analyst", "survey_lead", "school_lead", "researcher", "output_checker", "approver", "information_governance", "data_protection_officer")),
    ("Rights", "/rights", ("information_governance", "data_protection_officer")),
    ("Who looked", "/audit", ("information_governance", "data_protection_officer")),
    ("Formula", "/formula", ()),
    ("Agreements", "/agreements", ()),
)  # fmt: skip
"""Working pages: label, path, and the roles whose work it is (nobody named = everybody's). A page says
itself whether somebody may; the list only spares people pages that would refuse them."""


@cache
def _environment() -> Environment:
    loader = ChoiceLoader([PackageLoader("threecircles.web", "templates"), environment().loader])  # type: ignore[list-item]
    made = environment().overlay(loader=loader)
    made.globals = {**made.globals, "in_words": in_words}
    return made


def page(template: str, *, title: str, here: str = "", work: bool = False, **known: Any) -> str:
    """A page with the header of the application. here: its path; work: one of the working pages."""
    found = CURRENT.get() if work else None
    roles = set(found[1].roles) if found else set()
    listed = [(t, h) for t, h, whose in WORK if not whose or roles & set(whose)] if work else []
    if found:
        listed.append((found[1].id, "/account"))
    navigation = [{"text": "Evidence", "href": "/", "current": here == "/"}]
    navigation += [
        {"text": text, "href": href, "current": here == href or here.startswith(f"{href}/")}
        for text, href in listed
    ]
    frame = Frame(
        owner="Three Circles",
        root="/",
        home="/",
        navigation=tuple(navigation),
        notice=_notice(found[0].kind if found else "") if work else "",
        footer=("Three Circles. Pages on this machine.",),
        footer_links=(),
    )
    return _environment().get_template(template).render(title=title, frame=frame, **known)


def _notice(kind: str) -> str:
    told = "Working page: it may show children's records. Every look is written down."
    if kind == "development":
        return f"Development sign-in: a made-up place, and nobody is behind this name. {told}"
    if kind == "operator":
        return f"Nobody has signed in: you work as the person at this machine. {told}"
    return told
