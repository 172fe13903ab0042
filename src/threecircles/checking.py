"""Reading and checking joined: the one road from files on a desk to what is wrong with them.

`sources` and `quality` stand side by side and do not know each other; the command line and the working
pages need both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threecircles.core.errors import UsageError
from threecircles.core.workspace import write_bytes
from threecircles.quality import Report
from threecircles.quality import check as run_rules
from threecircles.quality.outputs import write_outputs
from threecircles.quality.stored import findings_table
from threecircles.quality.summary import summarise, summary_text
from threecircles.sources import Options, Problem, Reading, read

RETURNS = {"cin-census": "cin", "ssda903": "903"}
"""Source id -> return whose rules hold for it."""

SCHEMA_VERSION = 1
WORST = 10
PERSONAL = "This file holds personal data: keep it on the identity side."


@dataclass(frozen=True)
class Checked:
    """What was read, and one report for each return found in it."""

    reading: Reading
    reports: tuple[Report, ...]

    @property
    def failed(self) -> bool:
        """True when a rule could not run."""
        return any(r.count("failed") for r in self.reports)

    @property
    def unread(self) -> bool:
        """True when a file was refused or a row rejected."""
        return bool(self.reading.refused) or self.reading.rejects.height > 0

    @property
    def errors(self) -> bool:
        """True when a rule of severity error found something."""
        return any(f.severity == "error" for r in self.reports for f in r.findings)


def check_files(
    files: Sequence[Path],
    *,
    return_name: str = "auto",
    year: int | None = None,
    previous: Path | None = None,
    mode: str = "stated",
    local: Path | None = None,
    codes: Sequence[str] | None = None,
    options: Options | None = None,
) -> Checked:
    """Read files, folders or zips and run the rules of each return found in them.

    return_name: cin, 903 or auto. year: ends 31 March; when absent, the year the files speak of.
    options: files to leave out, tables to join.
    Raises UsageError when a path is not there; what a file holds never raises.
    """
    absent = [str(f) for f in files if not f.exists()]
    if absent:
        raise UsageError("There is no such file or folder.", where=", ".join(absent))
    reading = read(files, return_name=return_name, year=year, previous=previous, options=options)
    found = [k for k in RETURNS if any(kind.startswith(k) for kind in reading.files["kind"])]
    parts = [reading] if len(found) == 1 else [
        read(files, return_name=k, year=year, previous=previous, options=options) for k in found
    ]  # fmt: skip
    reports = tuple(
        run_rules(
            part,
            return_name=RETURNS[kind],
            year=_year(part, year),
            mode=mode,
            local=local,
            codes=codes,
        )
        for kind, part in zip(found, parts, strict=True)
    )
    return Checked(reading, reports)


def _year(reading: Reading, asked: int | None) -> int:
    year = asked or reading.year
    if year is None:
        raise UsageError(
            "The files do not say which year they are of.", mend="Name it: --year 2026"
        )
    return year


def screen(checked: Checked) -> str:
    """The first screen: what each file is, what stood in the way, what ran, the ten commonest findings."""
    lines = ["Files"]
    for file in checked.reading.files.iter_rows(named=True):
        inner = " / ".join(p for p in (file["member"], file["sheet"]) if p)
        name = file["path"] + (f" ({inner})" if inner else "")
        refused = f", {file['rows_rejected']:,} rejected" if file["rows_rejected"] else ""
        what = (
            f"{file['kind']} {file['table']}: {file['rows_kept']:,} rows{refused}"
            if file["kind"]
            else "not recognised"
        )
        lines.append(f"  {name}: {what}")
    for heading, told in (
        ("What stood in the way", _problems(checked)),
        ("Mend before sending", _notes(checked)),
    ):
        if told:
            lines += ["", heading, *(f"  {t}" for t in told)]
    for report in checked.reports:
        lines += ["", *_told(report)]
    if not checked.reports:
        lines += ["", "No return was found, so no rule ran."]
    return "\n".join(lines)


def _problems(checked: Checked) -> list[str]:
    rows = checked.reading.problems.iter_rows(named=True)
    return [Problem(**row).sentence().replace("\n", "\n    ") for row in rows]


def _notes(checked: Checked) -> list[str]:
    return checked.reading.notes["sentence"].to_list()[:WORST]


def _told(report: Report) -> list[str]:
    told = summarise(report, findings_table(report), notes=report.notes)
    return summary_text(told).splitlines()


def to_json(checked: Checked) -> str:
    """The whole result as JSON (schema in docs/reference): files, problems, rejects, and each report."""
    told: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "files": checked.reading.files.to_dicts(),
        "problems": checked.reading.problems.to_dicts(),
        "notes": checked.reading.notes.to_dicts(),
        "rejects": checked.reading.rejects.drop("raw").to_dicts(),
        "returns": [_report(r) for r in checked.reports],
    }
    return json.dumps(told, ensure_ascii=False, indent=1, default=str)


def _report(report: Report) -> dict[str, Any]:
    return {
        "return": report.return_name,
        "year": report.year,
        "mode": report.mode,
        "headline": report.headline(),
        "ran": report.count("ran"),
        "skipped": report.count("skipped"),
        "failed": report.count("failed"),
        "status": dict(report.status),
        "findings": [dict(f) for f in report.findings],
    }


def write(
    checked: Checked,
    out: Path | None,
    json_out: Path | None,
    formats: Sequence[str] = ("html", "xlsx", "csv"),
) -> list[Path]:
    """Write JSON to `json_out`; into `out` a folder for each return with report, worklist and tables, and what was rejected."""
    written = []
    if json_out is not None:
        write_bytes(json_out, to_json(checked).encode())
        written.append(json_out)
    if out is None:
        return written
    for report in checked.reports:
        written += write_outputs(report, out / f"{report.return_name}-{report.year}", formats).paths
    if checked.reading.rejects.height:
        write_bytes(
            out / "rejects.csv", f"# {PERSONAL}\n{checked.reading.rejects.write_csv()}".encode()
        )
        written.append(out / "rejects.csv")
    return written
