"""What a check leaves behind: without it the screen would be all there is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.checking.files import RETURNS_BACK, Checked
from threecircles.checking.fitting import Fitted
from threecircles.checking.unread import unread
from threecircles.core.workspace import write_bytes
from threecircles.quality import Report
from threecircles.quality.history import history_between
from threecircles.quality.outputs import Written, write_outputs
from threecircles.quality.outputs_told import Picture, write_told
from threecircles.quality.outputs_use import Use
from threecircles.quality.runs import FOLDER, Run, earlier_trend, open_run, store_run
from threecircles.quality.trend import joined, of_check
from threecircles.quality.waivers import Waiver
from threecircles.quality.worklist import Held

SCHEMA_VERSION = 1
PERSONAL = "This file holds personal data: keep it on the identity side."


@dataclass(frozen=True)
class Besides:
    """What is known besides the return. waivers, holders: as loaded. since: folder of an earlier check."""

    waivers: tuple[Waiver, ...] = ()
    holders: Mapping[str, Held] | None = None
    since: Path | None = None


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


def write(
    checked: Checked,
    out: Path | None,
    json_out: Path | None,
    formats: Sequence[str] = ("html", "xlsx", "csv"),
    *,
    besides: Besides | None = None,
    pictures: Mapping[str, Picture] | None = None,
    fitted: Fitted | None = None,
) -> tuple[list[Path], dict[str, Written]]:
    """Write JSON to `json_out`; into `out` a folder for each return with report, worklist and tables, the
    page of what the return tells, the stored run, and what was rejected.

    fitted: which questions the files can answer; told on each page, and kept for the next check.
    Returns the paths, and for each return what its files say.
    """
    written: list[Path] = []
    told: dict[str, Written] = {}
    if json_out is not None:
        write_bytes(json_out, to_json(checked).encode())
        written.append(json_out)
    if out is None:
        return written, told
    for report in checked.reports:
        folder = out / f"{report.return_name}-{report.year}"
        done = _write_one(
            report,
            folder,
            formats,
            besides or Besides(),
            unread(checked, report),
            _names(checked),
            fitted,
        )
        told[report.return_name] = done
        written += done.paths
        if shown := (pictures or {}).get(report.return_name):
            written += write_told(shown, folder)
    if checked.reading.rejects.height:
        write_bytes(
            out / "rejects.csv", f"# {PERSONAL}\n{checked.reading.rejects.write_csv()}".encode()
        )
        written.append(out / "rejects.csv")
    return written, told


def _names(checked: Checked) -> dict[str, str]:
    """File -> its name, and the word before the place in it; the byte of an XML element helps nobody."""
    named = {}
    for file in checked.reading.files.iter_rows(named=True):
        name = "/".join(p for p in (file["path"], file["member"], file["sheet"]) if p)
        place = "" if file["kind"].endswith("XML") else " row " if file["sheet"] else " line "
        named[file["file_id"]] = name + place
    return named


def _write_one(
    report: Report, folder: Path, formats: Sequence[str], besides: Besides, not_read: list[str],
    files: Mapping[str, str], fitted: Fitted | None,
) -> Written:  # fmt: skip
    before = _earlier(besides.since, report)
    use = _use(report, besides.since, fitted) if fitted else None
    done = write_outputs(
        report,
        folder,
        formats,
        waivers=besides.waivers,
        holders=besides.holders,
        first_seen=before.first_seen if before else None,
        notes=[*not_read, *([_since(before, report)] if before else [])],
        files=files,
        use=use,
    )
    seen = before.first_seen if before else {}
    store_run(report, done, folder, seen, date.today(), use.trend if use else None)
    return done


def _use(report: Report, since: Path | None, fitted: Fitted) -> Use:
    name = report.return_name
    verdicts = fitted.of(name)
    own = fitted.scores.filter(pl.col("return") == name).drop("source")
    now = of_check(own, verdicts, name, report.year, date.today())
    kinds = fitted.kinds.filter(pl.col("source") == RETURNS_BACK.get(name, name))
    return Use(verdicts, joined(earlier_trend(since, name), now), kinds)


def _earlier(since: Path | None, report: Report) -> Run | None:
    if since is None:
        return None
    inner = since / f"{report.return_name}-{report.year}"
    if (inner / FOLDER).exists():
        return open_run(inner)
    if not (since / FOLDER).exists() and since.name != FOLDER:
        return None
    earlier = open_run(since)
    same = earlier.rules.select("return", "year").unique().rows() == [(report.return_name, report.year)]  # fmt: skip
    return earlier if same else None


def _since(before: Run, report: Report) -> str:
    states = history_between(before.findings, report)
    counted = ", ".join(f"{n:,} {state}" for state, n in states.items() if n)
    return f"Since {before.day:%d/%m/%Y}: {counted or 'no finding then or now'}."


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
