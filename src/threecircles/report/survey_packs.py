"""Reports of a survey as packs: one for the borough, one for each school, from Safe tables only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from threecircles.disclosure.release import Safe
from threecircles.report.context import Context
from threecircles.report.model import Downloads, Pack, Page
from threecircles.report.pack import accessibility_page, release_id
from threecircles.report.pages import (
    borough_survey,
    convenience_survey,
    school_survey,
    service_survey,
)
from threecircles.report.pages.survey_numbers import numbers_page
from threecircles.report.pdf import write_pdf
from threecircles.report.released import Tables, released
from threecircles.report.site import write_site

FORMATS = (("Document", "report.pdf", "All pages for print and for screen readers (PDF/UA)."),)


def school_pack(
    tables: Iterable[Safe], mark: str, context: Context, told: Mapping[str, tuple[str, ...]]
) -> Pack:
    """The report of one school. mark: the school in the tables; context.place: its name."""
    ready = released(t for t in tables if t.spec.id.startswith(f"school-{mark}-"))
    return _pack(ready, school_survey.pages(ready, mark, context, dict(told)), context, "school")


def borough_pack(
    tables: Iterable[Safe], context: Context, told: Mapping[str, tuple[str, ...]]
) -> Pack:
    """The report of the borough."""
    ready = released(t for t in tables if t.spec.id.startswith("survey-"))
    return _pack(ready, borough_survey.pages(ready, context, dict(told)), context, "partners")


def convenience_pack(
    tables: Iterable[Safe], context: Context, told: Mapping[str, tuple[str, ...]]
) -> Pack:
    """The report of answers that stand for nobody but those who gave them."""
    ready = released(t for t in tables if t.spec.id == "survey-convenience")
    pages = convenience_survey.pages(ready, context, told)
    return _pack(
        ready, pages, context, "partners", f"What those who answered said: {context.place}"
    )


def service_pack(tables: Iterable[Safe], provider: str, context: Context) -> Pack:
    """The report of one provider of a service, or of all together (core.tables.TOTAL)."""
    ready = released(tables)
    return _pack(
        ready, service_survey.pages(ready, provider, context), context, "partners",
        f"What became of everybody who started? {context.place}",
    )  # fmt: skip


def write_report(pack: Pack, out: Path) -> list[Path]:
    """The pack as a folder of pages with `report.pdf`; returns the files."""
    files = write_site(pack, out, model=False)
    return [*files, write_pdf(pack, out / "report.pdf")]


def _pack(
    ready: Tables, pages: tuple[Page, ...], context: Context, edition: str, title: str = ""
) -> Pack:
    lineage = tuple(numbers_page(t) for t in ready.values())
    data = tuple(
        (t.safe.spec.title, f"data/{t.id}.csv", f"{t.safe.frame.height} rows (CSV).")
        for t in ready.values()
    )
    service = (
        Page(
            id="downloads", slug="downloads", title="Downloads", summary=(), order=90,
            blocks=(Downloads("The whole report", FORMATS), Downloads("Single tables", data)),
        ),
        replace(accessibility_page(), order=92),
    )  # fmt: skip
    return Pack(
        id=f"survey-{edition}", title=title or f"How are our pupils? {context.place}", place=context.place, period=context.period,
        edition=edition, release_id=release_id(ready), made_on=context.made_on, fictitious=context.fictitious,  # type: ignore[arg-type]
        definition_versions=tuple(sorted({d for t in ready.values() for d in t.safe.spec.definitions})),
        contact=context.contact, downloads=FORMATS, pages=(*pages, *service, *lineage),
    )  # fmt: skip
