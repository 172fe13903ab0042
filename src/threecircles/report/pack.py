"""Puts a pack together from Safe tables: without it pages would not know of each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from threecircles.disclosure.release import Safe
from threecircles.report.context import Context
from threecircles.report.explore import explore_pages
from threecircles.report.model import Downloads, Entries, Pack, Page, Text
from threecircles.report.pages import pages_of
from threecircles.report.pages.methods import lineage_page
from threecircles.report.questions import questions_page
from threecircles.report.released import Tables, released

FORMATS = (
    ("Workbook", "pack.xlsx", "Every table on a sheet of its own (xlsx)."),
    ("Document", "pack.pdf", "All pages for print and for screen readers (PDF/UA)."),
    ("Open data", "pack.json", "Every page, table and value, for other programs (JSON)."),
)


def make_pack(tables: Iterable[Safe], context: Context) -> Pack:
    """The evidence pack of a place from its Safe tables. Raises NotPermitted for any other table."""
    ready = released(tables)
    own = pages_of(ready, context)
    explored = explore_pages(ready, context)
    lineage = tuple(lineage_page(t) for t in ready.values())
    title = f"Evidence on children: {context.place}"
    pack = Pack(
        id="evidence-pack",
        title=title,
        place=context.place,
        period=context.period,
        edition=context.edition,  # type: ignore[arg-type]
        made_on=context.made_on,
        release_id=release_id(ready),
        fictitious=context.fictitious,
        definition_versions=tuple(
            sorted({d for t in ready.values() for d in t.safe.spec.definitions})
        ),
        contact=context.contact,
        downloads=FORMATS,
        pages=(),
    )
    listed = _service_pages(ready, (*own, *explored, *lineage))
    pages = (*own, *explored, *listed, *lineage)
    return replace(pack, pages=pages)


def release_id(tables: Tables) -> str:
    """Twelve hexadecimal digits over all tables of the release: the same tables, the same id."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        safe = tables[name].safe
        digest.update(name.encode())
        digest.update((safe.manifest or safe.frame.write_csv()).encode())
    return digest.hexdigest()[:12]


def _service_pages(tables: Tables, pages: tuple[Page, ...]) -> tuple[Page, ...]:
    listed = sorted(((p.title, p.slug) for p in pages), key=lambda x: x[0].lower())
    data = tuple(
        (t.safe.spec.title, f"data/{t.id}.csv", f"{t.safe.frame.height} rows (CSV).")
        for t in tables.values()
    )
    return (
        Page(
            id="downloads",
            slug="downloads",
            title="Downloads",
            summary=(
                "The same figures in other forms. Each holds what the pages show, and nothing more.",
            ),
            blocks=(Downloads("The whole pack", FORMATS), Downloads("Single tables", data)),
            order=90,
        ),
        Page(
            id="a-to-z",
            slug="a-to-z",
            title="All pages, A to Z",
            summary=(),
            blocks=(Text("Pages", (), tuple(listed)),),
            order=91,
        ),
        questions_page({p.slug for p in pages}),
        accessibility_page(),
    )


def accessibility_page() -> Page:
    """What was checked, how, and what fails."""
    return Page(
        id="accessibility",
        slug="accessibility",
        title="Accessibility",
        summary=("These pages are made to meet the Web Content Accessibility Guidelines 2.2, level AA.",),
        blocks=(
            Entries(
                "How they were checked",
                (
                    ("Checked by machine", "Every page, with axe-core in Chromium, at 1280 and at 320 pixels wide, and with forced colours."),
                    ("Also tested", "Use by keyboard alone, reflow at 320 pixels, use without JavaScript, print."),
                    ("Not tested yet", "Screen readers, voice control, and with people who use them."),
                    ("Known failings", "Maps and flow drawings scroll sideways on narrow screens; the table below each holds the same figures."),
                ),
            ),
            Text(
                "Every drawing has a table",
                ("Below each drawing is a table with the same numbers and symbols. The workbook and the CSV files hold them too.",),
            ),
        ),
        order=92,
    )  # fmt: skip
