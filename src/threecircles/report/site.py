"""Writes a pack as plain files: without it the pages would need a server to be read.

Links are relative, so the folder works from a web server, a file share and a memory stick. Equal
packs give equal bytes.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.report.explore import LIST, write_list
from threecircles.report.html import page_html
from threecircles.report.model import Pack
from threecircles.report.open_formats import safe_tables, write_csv_files, write_pack_json
from threecircles.report.released import released

STYLE = Path(__file__).parent / "style"
BUILT = Path(__file__).parents[1] / "web" / "assets"


def write_site(pack: Pack, out: Path, *, model: bool = True) -> list[Path]:
    """Every page, asset and CSV file of the pack below `out`; returns the files written.

    model: also the page model as pack.json.
    """
    out.mkdir(parents=True, exist_ok=True)
    files = write_assets(out / "assets")
    for page in pack.pages:
        path = out / f"{page.slug}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page_html(pack, page), encoding="utf-8", newline="\n")
        files.append(path)
    files += write_csv_files(pack, out / "data")
    files.append(write_list(released(safe_tables(pack).values()), out / LIST))
    if model:
        files.append(write_pack_json(pack, out / "pack.json"))
    public = pack.edition == "public" and not pack.fictitious
    files.append(
        _text(out / "robots.txt", f"User-agent: *\n{'Allow' if public else 'Disallow'}: /\n")
    )
    return files


def write_assets(folder: Path) -> list[Path]:
    """The style sheets. Raises UsageError when the built one is absent."""
    built = BUILT / "govuk-frontend.css"
    if not built.exists():
        raise UsageError(
            "The style sheet of the pages has not been built.",
            where=built.name,
            mend="Run: python tools/assets.py (it needs npm once).",
        )
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for source in (built, *sorted(STYLE.iterdir())):
        target = folder / source.name
        shutil.copyfile(source, target)
        written.append(target)
    return written


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
