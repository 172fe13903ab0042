"""What a check says of the use of its data, on its page and in its workbook: without it scores would say no more than numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from threecircles.quality.field_kinds import KINDS, TABLE
from threecircles.quality.fit_words import RULE, counts_text, percent, verdict_text
from threecircles.quality.fitness import STATES, Verdict
from threecircles.quality.trend import checks
from threecircles.quality.trend_chart import trend_chart

TITLE = "Which questions this data can answer"
_MARK = {"fit": "✔", "fit with care": "●", "not fit": "✘", "cannot tell": "?"}


@dataclass(frozen=True)
class Use:
    """Verdicts on the questions that need a return, and the trend of its scores with this check as the last.

    kinds: what stands in each of its fields, as field_kinds.TABLE.
    """

    verdicts: tuple[Verdict, ...]
    trend: pl.DataFrame
    kinds: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TABLE))


def rows_of(verdicts: Sequence[Verdict]) -> list[tuple[str, str, str, str]]:
    """Question, verdict, what decides it, what would make it fit; the best first, so that what works is seen."""
    ordered = sorted(verdicts, key=lambda v: (-STATES.index(v.state), v.demand.id))
    return [(v.demand.label, v.state, *verdict_text(v)) for v in ordered]


KIND_HEADS = ("Field", "Rows", *(kind.capitalize() for kind in reversed(KINDS)))
"""Headings of what stands in each field; the kinds add up to the rows."""


def kind_rows(kinds: pl.DataFrame) -> list[tuple[str, ...]]:
    """What stands in each field, in words and numbers, under KIND_HEADS; the name of the field behind its label."""
    counts = ["rows", *(kind.replace(" ", "_") for kind in reversed(KINDS))]
    return [
        (f"{line['label'][:1].upper()}{line['label'][1:]} ({line['table']}.{line['column']})", *(f"{line[c]:,}" for c in counts))
        for line in kinds.iter_rows(named=True)
    ]  # fmt: skip


def page_parts(use: Use) -> dict[str, Any]:
    """What the page shows: counts, rows, scores of this check, and the trend as table and chart."""
    told = checks(use.trend)
    table = [_check_line(use.trend.filter((pl.col("year") == y) & (pl.col("day") == d))) for y, d in told]  # fmt: skip
    dimensions = sorted(use.trend.filter(pl.col("kind") == "score")["name"].unique().to_list())
    return {
        "title": TITLE,
        "counts": counts_text(use.verdicts),
        "rule": RULE,
        "mark": _MARK,
        "rows": rows_of(use.verdicts),
        "dimensions": dimensions,
        "states": tuple(reversed(STATES)),
        "checks": table,
        "chart": trend_chart(use.trend),
        "kind_heads": KIND_HEADS,
        "kind_rows": kind_rows(use.kinds),
    }  # fmt: skip


def _check_line(lines: pl.DataFrame) -> dict[str, Any]:
    """One check: its year and day, each dimension in words, how many questions have each verdict."""
    first = lines.row(0, named=True)
    scores = {
        row[
            "name"
        ]: f"{row['k']:,} of {row['n']:,}, {percent(row['share'])} ({percent(row['low'])} to {percent(row['high'])})"
        for row in lines.filter(pl.col("kind") == "score").iter_rows(named=True)
    }
    counts = dict(lines.filter(pl.col("kind") == "verdict").select("name", "k").iter_rows())
    return {"year": first["year"], "day": first["day"], "scores": scores, "verdicts": counts}
