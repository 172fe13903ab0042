"""Pages as HTML: without it the page model would have no face.

One set of templates serves the static site and the served application. Text is always escaped; a
drawing passes only as `Svg`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, select_autoescape

from threecircles.report.model import Pack, Page, Value
from threecircles.report.words import day, money, plain, text_of


@dataclass(frozen=True)
class Frame:
    """What stands around every page: owner, navigation, notice, footer. root: way to the site's root."""

    owner: str
    root: str
    home: str
    navigation: tuple[dict[str, Any], ...]
    footer: tuple[str, ...]
    notice: str = ""
    breadcrumbs: tuple[dict[str, str], ...] = ()
    footer_links: tuple[tuple[str, str], ...] = ()
    indexed: bool = False


@cache
def environment() -> Environment:
    """The templates, escaping everything."""
    return Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("threecircles.report", "templates"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **known: Any) -> str:
    """A template of this room as text."""
    return environment().get_template(template).render(**known)


def page_html(pack: Pack, page: Page, tables_first: bool = False) -> str:
    """One page of a pack, links relative, so that it works from a server and from a folder."""
    frame = frame_of(pack, page)
    by_slug = {p.slug: p for p in pack.pages}
    ordered = [p for p in pack.pages if p.order < 100]
    place = ordered.index(page) if page in ordered else None
    before = ordered[place - 1] if place else None
    after = ordered[place + 1] if place is not None and place + 1 < len(ordered) else None

    def href(slug: str) -> str:
        return f"{frame.root}{slug}" if slug.endswith(".csv") else f"{frame.root}{slug}.html"

    def link(to: Page | None) -> tuple[str, str] | None:
        return (to.nav or to.title, href(to.slug)) if to else None

    return render(
        "page.html",
        title=page.title,
        page=page,
        frame=frame,
        root=frame.root,
        href=href,
        nav_of=lambda slug: by_slug[slug].nav.lower() if slug in by_slug else slug,
        related=[(by_slug[s].title, href(s)) for s in page.related if s in by_slug],
        previous=link(before),
        next=link(after),
        kind_of=lambda block: type(block).__name__,
        written=written,
        big=big,
        lineage_href=lambda value: f"{frame.root}lineage/{value.cell[0]}.html",
        tables_first=tables_first,
    )


def frame_of(pack: Pack, page: Page) -> Frame:
    """What stands around a page of a pack."""
    depth = page.slug.count("/")
    root = "../" * depth
    above = page.slug.partition("/")[0]
    navigation = tuple(
        {
            "text": p.nav,
            "href": f"{root}{p.slug}.html",
            "current": p.slug == page.slug,
            "active": p.slug == above,
        }
        for p in pack.pages
        if p.nav
    )
    crumbs: tuple[dict[str, str], ...] = ()
    if depth:
        ways = (pack.pages[0], *(p for p in pack.pages[1:] if p.slug == above))
        crumbs = (
            *({"text": p.nav or p.title, "href": f"{root}{p.slug}.html"} for p in ways),
            {"text": page.title},
        )
    return Frame(
        owner=pack.place,
        root=root,
        home=f"{root}index.html",
        navigation=navigation,
        notice=(
            "A made-up place for demonstration. No real child, family or worker is described here."
            if pack.fictitious
            else ""
        ),
        breadcrumbs=crumbs,
        footer=(
            f"{pack.title}. {_made(pack)}Release {pack.release_id}.",
            f"{pack.licence}." + (f" Contact: {pack.contact}." if pack.contact else ""),
        ),
        footer_links=tuple(
            (text, f"{root}{slug}.html")
            for text, slug in (
                ("All pages, A to Z", "a-to-z"),
                ("Questions", "questions"),
                ("Downloads", "downloads"),
                ("Accessibility", "accessibility"),
            )
            if any(p.slug == slug for p in pack.pages)
        ),
        indexed=pack.edition == "public" and not pack.fictitious,
    )


def _made(pack: Pack) -> str:
    return f"Made on {day(pack.made_on)}. " if pack.made_on else ""


def written(cell: Value | str) -> str:
    """A cell as text: never blank."""
    if isinstance(cell, Value):
        text = text_of(cell)
        return f"{text} {cell.symbol}" if cell.known and cell.symbol else text
    return cell or "[z]"


def big(value: Value) -> str:
    """A key figure in large type: shares as children in a hundred."""
    if value.kind == "percent" and value.known:
        return f"{plain((value.number or 0.0) * 100)} in 100"
    if value.kind == "money" and value.known:
        return money(value.number or 0.0)
    return text_of(value)
