"""A page of one released table: without it a council would publish a whole pack to share one answer."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from threecircles.core.workspace import swap_folder
from threecircles.disclosure.release import Safe
from threecircles.report.blocks import pivot_table
from threecircles.report.model import Pack, Page
from threecircles.report.released import released
from threecircles.report.site import write_site

FOLDER = "tables"


def draft(
    safe: Safe, place: str, shown: Path, out: Path, *, made_on: date, fictitious: bool
) -> Path:
    """A folder with what readers see now and a page of this table, to be asked for as one release.

    shown: the site that is released now (it may be absent). Returns the folder; its new page lies at
    tables/<id>/index.html.
    """
    aside = out.with_name(f".{out.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    if shown.is_dir():
        shutil.copytree(shown, aside)
    table = released([safe])[safe.spec.id]
    hidden = safe.suppressed.get("hidden", 0)
    summary = [
        f"{safe.frame.height} figures, of which {hidden} are hidden to protect children.",
        "A hidden figure reads [c].",
    ]
    page = Page(
        id=safe.spec.id, slug="index", title=safe.spec.title[:70], nav="Table", summary=tuple(summary),
        blocks=(pivot_table(table, safe.spec.title),), tables=(safe,), order=1,
    )  # fmt: skip
    pack = Pack(
        id=safe.spec.id, title=safe.spec.title, place=place, period=safe.spec.period, edition="public",
        release_id="one table", pages=(page,), made_on=made_on, fictitious=fictitious,
    )  # fmt: skip
    write_site(pack, aside / FOLDER / safe.spec.id)
    if not (aside / "index.html").exists():
        write_site(pack, aside)
    swap_folder(aside, out)
    return out
