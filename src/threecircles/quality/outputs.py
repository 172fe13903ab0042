"""All files of one check in one place: without it each caller would choose its own names for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.quality.group_scores import team_scores
from threecircles.quality.lean import plain
from threecircles.quality.outputs_html import write_html
from threecircles.quality.outputs_json import write_json
from threecircles.quality.outputs_tables import write_csv, write_parquet, write_workbook
from threecircles.quality.outputs_use import KIND_HEADS, Use, kind_rows, rows_of
from threecircles.quality.report import Report
from threecircles.quality.side_by_side import beginning
from threecircles.quality.stored import lean_findings, rules_table
from threecircles.quality.summary import Summary, summarise
from threecircles.quality.waivers import Waiver, apply_waivers, expired_findings
from threecircles.quality.worklist import Held, lean_worklist

Table = Callable[[], pl.DataFrame]
"""Gives a table, waiting until it is made."""
FORMATS = ("html", "xlsx", "csv", "json", "parquet")
_TABLES = ("findings", "rules_run", "worklist")
FILES = {
    "csv": tuple(f"{name}.csv" for name in _TABLES),
    "parquet": tuple(f"{name}.parquet" for name in _TABLES),
    "xlsx": ("worklist.xlsx",),
    "json": ("report.json",),
}
"""Format -> files written for it beside the page."""


@dataclass(frozen=True)
class Written:
    """What was written, and what the first screen says of it.

    findings, worklist: with recurring texts as one of a list (lean.py); rules: the table of rules run.
    """

    paths: tuple[Path, ...]
    summary: Summary
    findings: pl.DataFrame
    worklist: pl.DataFrame
    rules: pl.DataFrame


def write_outputs(
    report: Report,
    folder: Path,
    formats: Iterable[str] = ("html", "xlsx", "csv"),
    *,
    waivers: tuple[Waiver, ...] = (),
    holders: Mapping[str, Held] | None = None,
    first_seen: Mapping[str, date] | None = None,
    notes: Iterable[str] = (),
    today: date | None = None,
    files: Mapping[str, str] | None = None,
    use: Use | None = None,
) -> Written:
    """Write report.html, worklist.xlsx, findings/rules_run/worklist as CSV or Parquet, report.json.

    Where holders tell who holds which record, the scores of each team are a table beside them.
    folder: made when absent, readable by its owner only, as every file holds personal data. files: file_id ->
    name, as for worklist. use: which questions the data can answer, told on the page and in the workbook.
    Raises UsageError for a format that is not one of FORMATS.
    """
    wanted = list(formats)
    unknown = [f for f in wanted if f not in FORMATS]
    if unknown:
        raise UsageError(f"{unknown[0]} is not a format.", allowed=", ".join(FORMATS))
    day = today or date.today()
    teams = {child: held.team for child, held in (holders or {}).items()}
    waived = apply_waivers(lean_findings(report), waivers, day, teams)
    said = [*notes, *expired_findings(waived)]
    said += [f"A waiver of rule {w.rule} by {w.by} matches nothing." for w in waived.unmatched]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = tuple(name for form in FILES if form in wanted for name in FILES[form])
    if holders is not None:
        names += tuple(f"scores_by_team.{f}" for f in ("csv", "parquet") if f in wanted)
    with beginning() as begin:
        told = begin(lambda: summarise(report, waived.findings, waived.whole_rules, said))
        lines = begin(
            lambda: lean_worklist(waived.findings, report, holders, first_seen, day, files)
        )
        rules = begin(lambda: rules_table(report))
        tables: dict[str, Table] = {
            "findings": lambda: waived.findings,
            "rules_run": rules.result,
            "worklist": lines.result,
        }
        if holders is not None:
            tables["scores_by_team"] = partial(team_scores, report, waived.findings, holders)
        works = _of_tables(tables, folder, wanted)
        if "xlsx" in wanted:
            book = folder / "worklist.xlsx"
            works.append(lambda: write_workbook(lines.result(), book, report.headline(), *_of(use)))
        if "json" in wanted:
            found = folder / "report.json"
            works.append(lambda: write_json(report, plain(waived.findings), found))
        if "html" in wanted:
            page = folder / "report.html"
            works.append(
                lambda: write_html(report, waived.findings, told.result(), page, names, use)
            )
        begun = [begin(work) for work in works]
    paths = tuple(written.result() for written in begun)
    return Written(paths, told.result(), waived.findings, lines.result(), rules.result())


def _of_tables(
    tables: Mapping[str, Table], folder: Path, wanted: Collection[str]
) -> list[Callable[[], Path]]:
    """What writes each table in each form, as soon as the table is made."""

    def work(write: Callable[[pl.DataFrame, Path], Path], table: Table, path: Path) -> Path:
        return write(table(), path)

    return [
        partial(work, write, table, folder / f"{name}.{form}")
        for form, write in (("csv", write_csv), ("parquet", write_parquet))
        if form in wanted
        for name, table in tables.items()
    ]


def _of(use: Use | None) -> tuple[Sequence[Any], Sequence[Any]]:
    """The questions and fields of the workbook's last sheets."""
    if not use:
        return (), ()
    fields = [KIND_HEADS, *kind_rows(use.kinds)] if use.kinds.height else ()
    return rows_of(use.verdicts), fields
