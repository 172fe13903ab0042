"""What could not be read, said once: without it whoever opens a report would take the rest for the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from threecircles.checking.files import CLASH, RETURNS, Checked
from threecircles.quality import Report
from threecircles.sources import Problem

FEW = 2
"""More tables than these in two files are told in one sentence."""

Row = Mapping[str, Any]


def problems_told(problems: Iterable[Row]) -> list[str]:
    """Each problem in the shape of an error; many tables of one file in a single one."""
    together, rest = _gathered(list(problems))
    told = [together] if together else []
    return ["\n".join(t.values()) for t in told] + [Problem(**row).sentence() for row in rest]


def rejected(checked: Checked, of: str = "") -> list[str]:
    """Rows set aside, once for each file and reason; what breaks an XML file stands among the problems.

    of: a source id; without it the rows of all files.
    """
    files = {file["file_id"]: file for file in checked.reading.files.to_dicts()}
    told = []
    for rows in checked.reading.rejects.partition_by("file_id", "reason_code", maintain_order=True):
        first = rows.row(0, named=True)
        file = files[first["file_id"]]
        if not file["kind"].endswith("XML") and file["kind"].startswith(of):
            where = f"{file_name(file)}, {'row' if file['sheet'] else 'line'} {first['at']}"
            others = f" {rows.height - 1:,} more like it." if rows.height > 1 else ""
            told.append(
                f"{where}: {first['reason']}{others}\n"
                f"Mend: {first['mend']} Such rows are kept with the rejects."
            )
    return told


def file_name(file: Row) -> str:
    """A file as people know it, with its place in a zip or workbook."""
    inner = " / ".join(p for p in (file["member"], file["sheet"]) if p)
    return str(file["path"]) + (f" ({inner})" if inner else "")


def unread(checked: Checked, report: Report) -> list[str]:
    """What of the return's own files could not be read, and which files were not recognised at all, a line each."""
    files = {f["file_id"]: f for f in checked.reading.files.to_dicts()}
    kinds = {file_id: str(file["kind"]).split(" ")[0] for file_id, file in files.items()}
    own = next((s for s, name in RETURNS.items() if name == report.return_name), None)
    errors = (row for row in checked.reading.problems.iter_rows(named=True) if row["error"])
    together, rest = _gathered([row for row in errors if kinds.get(row["file_id"]) == own])
    told = [
        " ".join(_sentence(row[part]) for part in ("where", "what", "found", "mend") if row.get(part))
        for row in ([together] if together else []) + rest
    ]  # fmt: skip
    told += [one.replace("\n", " ") for one in rejected(checked, own)] if own else []
    unknown = [Path(str(f["path"])).name for f in files.values() if not f["score"]]
    return told + ([f"Not recognised and not read: {', '.join(unknown)}."] if unknown else [])


def _gathered(rows: list[Row]) -> tuple[Row | None, list[Row]]:
    """What is told of a single file, such as the whole return as XML, that holds what many others hold too; the rest."""
    clashes = [row for row in rows if row["code"] == CLASH]
    named = [set(row["where"].split(" and ")) for row in clashes]
    common = set.intersection(*named) if len(named) > FEW else set()
    if len(common) != 1:
        return None, rows
    name = common.pop()
    together = {
        "what": f"{name} holds {len(clashes)} tables that other files hold too, with different contents; none of them was read.",
        "mend": f"Mend: Leave it out with --not {name}, or leave out the others.",
    }
    return together, [row for row in rows if row["code"] != CLASH]


def _sentence(text: str) -> str:
    return text if text.endswith((".", ":")) else f"{text}."
