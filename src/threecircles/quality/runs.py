"""A check kept for comparison: without it the next one could not say what was mended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import copyfile

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.quality.history import history_of, records
from threecircles.quality.lean import plain
from threecircles.quality.outputs import Written
from threecircles.quality.outputs_tables import write_parquet
from threecircles.quality.report import Report
from threecircles.quality.trend import TREND

FORM = 3
"""Changes when findings are named or stored in another way: checks of two forms cannot be compared."""

FOLDER = "run"
TREND_TABLE = "trend"
KEPT = (
    "finding_id", "rule", "severity", "return", "year", "table", "row", "child", "column", "value",
    "message", "record", "waived_by",
)  # fmt: skip
"""Columns of the findings that the next check and the worklist need."""


@dataclass(frozen=True)
class Run:
    """A stored check. first_seen: finding_id -> day of the first run that had it."""

    folder: Path
    day: date
    headline: str
    findings: pl.DataFrame
    rules: pl.DataFrame
    records: pl.DataFrame
    worklist: pl.DataFrame
    first_seen: dict[str, date]


def store_run(
    report: Report,
    written: Written,
    folder: Path,
    first_seen: Mapping[str, date],
    day: date,
    trend: pl.DataFrame | None = None,
) -> Path:
    """Keep a check below its folder, readable by its owner only; it holds personal data.

    trend: scores and verdicts of this check and of those before it, kept so that the next can go on from them.
    """
    inner = folder / FOLDER
    inner.mkdir(parents=True, exist_ok=True, mode=0o700)
    tables = {
        "findings": lambda: written.findings.select(KEPT),
        "rules_run": lambda: written.rules,
        "records": lambda: records(report),
        "worklist": lambda: written.worklist,
        "seen": lambda: _seen(written.findings, first_seen, day),
    }
    if trend is not None:
        tables[TREND_TABLE] = lambda: trend
    there = {path.name: path for path in written.paths}
    for name, made in tables.items():
        path = inner / f"{name}.parquet"
        if path.name in there:
            # A copy, so that whoever changes the file beside the page does not change what was kept.
            copyfile(there[path.name], path)
        else:
            write_parquet(made(), path)
    told = {"form": FORM, "day": day.isoformat(), "headline": report.headline(), "return": report.return_name}  # fmt: skip
    (inner / "run.json").write_text(json.dumps(told), encoding="utf-8")
    return inner


def _seen(findings: pl.DataFrame, first_seen: Mapping[str, date], day: date) -> pl.DataFrame:
    """Columns finding_id, first_seen; of findings seen today for the first time nothing need be said."""
    ids = findings.select("finding_id")
    if not first_seen:
        return ids.clear().with_columns(first_seen=pl.lit(day, dtype=pl.Date))
    known = pl.col("finding_id").replace_strict(
        dict(first_seen), default=None, return_dtype=pl.Date
    )
    return ids.with_columns(first_seen=known).drop_nulls()


def open_run(folder: Path) -> Run:
    """A stored check from the folder of its return. Raises UsageError when none is there."""
    inner = folder if folder.name == FOLDER else folder / FOLDER
    if not (inner / "run.json").exists():
        near = sorted(p.parent.parent.name for p in folder.glob(f"*/{FOLDER}/run.json"))
        raise UsageError(
            "No stored check is in this folder.", where=str(folder),
            mend=f"Name one of: {', '.join(near)}." if near else "Name the folder that `check --out` wrote.",
        )  # fmt: skip
    try:
        return _opened(inner)
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as fault:
        raise UsageError(
            "This stored check cannot be read: a file of it is damaged or was changed.", where=str(inner),
            mend="Check the same files again, with --out, and name that folder instead.",
        ) from fault  # fmt: skip


def _opened(inner: Path) -> Run:
    told = json.loads((inner / "run.json").read_text(encoding="utf-8"))
    names = ("findings", "rules_run", "records", "worklist", "seen")
    if not all((inner / f"{name}.parquet").exists() for name in names):
        _check_form({"day": told.get("day", "")}, inner)
    tables = {name: _kept(inner / f"{name}.parquet") for name in names}
    day = date.fromisoformat(told["day"])
    return Run(
        folder=inner,
        day=day,
        headline=told["headline"],
        findings=tables["findings"].select(KEPT),
        rules=tables["rules_run"],
        records=tables["records"],
        worklist=tables["worklist"],
        first_seen=dict.fromkeys(tables["findings"]["finding_id"], day)
        | dict(tables["seen"].iter_rows()),
    )


def _kept(path: Path) -> pl.DataFrame:
    # Not left open: where it is, a file cannot be replaced on Windows.
    return plain(pl.read_parquet(path.read_bytes()))


def earlier_trend(since: Path | None, return_name: str) -> pl.DataFrame:
    """The trend that earlier checks of a return left below a folder, of whichever year; empty where there is none."""
    places = [] if since is None else [since, *sorted(since.glob(f"{return_name}-*"))]
    kept = [path for p in places if (path := p / FOLDER / f"{TREND_TABLE}.parquet").exists()]
    parts = [_kept(path) for path in kept]
    whole = pl.concat([pl.DataFrame(schema=TREND), *parts])
    return whole.filter(pl.col("return") == return_name)


def check_comparable(since: Path) -> None:
    """Raise UsageError unless the folder holds checks that can be compared with today's."""
    stored = [*since.glob(f"{FOLDER}/run.json"), *since.glob(f"*/{FOLDER}/run.json")]
    if not stored:
        open_run(since)
    for path in stored:
        _check_form(json.loads(path.read_text(encoding="utf-8")), path.parent)


def _check_form(told: Mapping[str, object], folder: Path) -> None:
    if told.get("form") != FORM:
        raise UsageError(
            "This check was stored by another version of Three Circles, which names its findings otherwise; "
            "what is new and what is mended cannot be told from it.",
            where=str(folder), found=f"stored on {told.get('day', 'a day that is not said')}",
            mend="Check the same files again with this version, with --out, and name that folder instead.",
        )  # fmt: skip


def progress(before: Run, after: Run) -> pl.DataFrame:
    """What became of each finding between two stored checks; columns as history_of."""
    if before.rules.select("return", "year").unique().rows() != after.rules.select("return", "year").unique().rows():  # fmt: skip
        raise UsageError("The two checks are of different returns or years.")
    for run in (before, after):
        check_comparable(run.folder.parent)
    return history_of(before.findings, after.findings, after.rules, after.records)
