"""Scores and kinds of values of every source at hand: without it each command would put them together anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from threecircles.checking.files import RETURNS, RETURNS_BACK, Checked
from threecircles.quality import Report
from threecircles.quality.field_kinds import TABLE, kinds_table
from threecircles.quality.fields import fields_of, source_tallies
from threecircles.quality.fitness import ACROSS
from threecircles.quality.layout import CROSS_SOURCES, PREVIOUS
from threecircles.quality.scores import SCORES, counted, scored, scores, tallies
from threecircles.quality.window import window_to
from threecircles.sources import source

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Measures:
    """scores: columns source, then SCORES. kinds: what stands in each field, as field_kinds.TABLE."""

    scores: pl.DataFrame
    kinds: pl.DataFrame


def measure(reports: Sequence[Report], held: Mapping[str, Frames], year: int) -> Measures:
    """Scores and kinds of every source at hand, by the rules of a return where they look."""
    told, kinds = [], []
    for report in reports:
        name = RETURNS_BACK.get(report.return_name, report.return_name)
        found = [] if name == ACROSS else tallies(report)
        told.append(scores(report, found).select(pl.lit(name).alias("source"), *SCORES))
        kinds.append(kinds_table(name, report.year, found))
    for name, tables in held.items():
        if RETURNS.get(name) in ("cin", "903") or not fields_of(name):
            continue
        own = {t: f for t, f in tables.items() if not t.endswith(PREVIOUS)}
        found = source_tallies(name, own, year, window_to(date(year, 3, 31)))
        lines = [{"return": name, "year": year} | scored(counted(tally)) for tally in found]
        frame = pl.DataFrame(lines, schema=SCORES)
        told.append(frame.select(pl.lit(name).alias("source"), *SCORES))
        kinds.append(kinds_table(name, year, found))
    empty = pl.DataFrame(schema={"source": pl.String, **SCORES})
    return Measures(_once(pl.concat([empty, *told])), _once(pl.concat([pl.DataFrame(schema=TABLE), *kinds])))  # fmt: skip


def _once(lines: pl.DataFrame) -> pl.DataFrame:
    """Across returns each check has a line of its own; elsewhere a field has one line a dimension."""
    places = [c for c in ("source", "table", "column", "dimension") if c in lines.columns]
    again = ~pl.struct(places).is_first_distinct() & (pl.col("source") != ACROSS)
    return lines.filter(~again)


def tables_by_source(checked: Checked) -> dict[str, Frames]:
    """The tables of each source that were read, under the names of the source's own declaration."""
    held: dict[str, Frames] = {}
    for report in checked.reports:
        if report.return_name == ACROSS:
            for schema, name in CROSS_SOURCES.items():
                start = f"{schema}."
                own = {t.removeprefix(start): f for t, f in report.tables.items() if t.startswith(start)}  # fmt: skip
                if own:
                    held.setdefault(name, own)
        else:
            held[RETURNS_BACK[report.return_name]] = report.tables
    recognised = checked.reading.files.filter(pl.col("score") > 0)["kind"].drop_nulls()
    kinds = {str(kind).split(" ")[0] for kind in recognised}
    for name in sorted(kinds - set(held)):
        own = {t.name: checked.reading.tables[t.name] for t in source(name).tables if t.name in checked.reading.tables}  # fmt: skip
        if own:
            held[name] = own
    return held
