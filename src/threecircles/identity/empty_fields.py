"""Whose records come with empty fields: without it a gap of chance would be named and a cause would not.

Where hardly a link is missed, the group with the largest gap is the group with the worst luck. Empty
fields can be counted without knowing a single true link, in every record, and they are what makes
links fail: a group whose fields are empty far more often is named, with how sure that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist

import polars as pl

TIMES, SURELY = 1.5, 1.2
"""Fields of a group that are empty this many times as often as those of others are headlined, when the
interval's lower end still says this much: ages differ between groups, and the youngest have no number."""
FEWEST = 50
"""Empty fields of a group below which nothing is said of it."""
_FIELDS = ("first", "surname", "birth_year", "sex", "postcode", "uprn")
_NOT_JUDGED = ("birth", "birth_year")
"""Kinds of group whose empty fields follow from age: a number is given at school."""


@dataclass(frozen=True)
class Emptier:
    """How often fields of a group are empty. share: of all its fields; others: what that share is for
    the other records of the same sources; times: the one over the other, low and high its 95%
    interval, widened for the number of groups compared."""

    kind: str
    group: str
    records: int
    share: float
    others: float
    times: float
    low: float
    high: float

    @property
    def headline(self) -> bool:
        """Whether its fields are empty much more often than others', beyond chance."""
        return self.times >= TIMES and self.low > SURELY

    def said(self) -> str:
        """The sentence for a reader."""
        return (
            f"Fields are empty more often for: {self.kind}, {self.group}: {self.share:.1%} of its fields against"
            f" {self.others:.1%} of others' in the same lists, {self.times:.1f} times as often (95% interval"
            f" {self.low:.1f} to {self.high:.1f}). Its links rest on less and are the first to be missed."
        )


def counted(records: pl.DataFrame) -> pl.DataFrame:
    """fields and empty of each record, in the order of records: how many of the compared fields its
    source carries, and how many of these the record leaves empty."""
    columns = [c for c in records.columns if c in _FIELDS or c.startswith("id_")]
    carried = [pl.col(c).is_not_null().any().over("src") for c in columns]
    gone = [pl.col(c).is_null() & held for c, held in zip(columns, carried, strict=True)]
    return records.select(
        fields=pl.sum_horizontal(carried).cast(pl.Int32),
        empty=pl.sum_horizontal(gone).cast(pl.Int32),
    )


def emptier(groups: pl.DataFrame) -> list[Emptier]:
    """Every group with enough empty fields, the surest difference first. groups: `record_groups`."""
    kinds = [
        c
        for c in groups.columns
        if c not in ("source", "record_id", "fields", "empty", *_NOT_JUDGED)
    ]
    found = [one for kind in kinds for one in _of_kind(groups, kind)]
    return sorted(found, key=lambda e: (-e.low, e.kind, e.group))


def _of_kind(groups: pl.DataFrame, kind: str) -> list[Emptier]:
    known = groups.filter(pl.col(kind).is_not_null()).with_columns(pl.col(kind).cast(pl.String))
    cells = known.group_by("source", kind).agg(
        n=pl.len(), fields=pl.col("fields").sum(), empty=pl.col("empty").sum(),
        spread=pl.col("empty").var().fill_null(0.0),
    )  # fmt: skip
    whole = pl.col("fields").sum().over("source"), pl.col("empty").sum().over("source")
    beside = cells.with_columns(
        # Half an empty field is added to the others': none at all would make any number of times of it.
        ((whole[1] - pl.col("empty") + 0.5) / (whole[0] - pl.col("fields") + 1)).alias("rate"),
        (whole[0] - pl.col("fields")).alias("other_fields"),
    ).filter(pl.col("other_fields") > 0)
    totals = beside.group_by(kind).agg(
        records=pl.col("n").sum(), fields=pl.col("fields").sum(), empty=pl.col("empty").sum(),
        expected=(pl.col("fields") * pl.col("rate")).sum(),
        variance=(pl.col("n") * pl.col("spread")).sum(),
    ).filter((pl.col("empty") >= FEWEST) & (pl.col("expected") > 0)).sort(kind)  # fmt: skip
    if totals.is_empty():
        return []
    z = NormalDist().inv_cdf(1 - 0.025 / len(totals))
    made = []
    for name, records, fields, empty, expected, variance in totals.iter_rows():
        times, error = empty / expected, z * sqrt(variance) / empty
        made.append(
            Emptier(
                kind.replace("_", " "), name, records, empty / fields, expected / fields, times,
                exp(log(times) - error), exp(log(times) + error),
            )
        )  # fmt: skip
    return made


def as_table(found: list[Emptier]) -> pl.DataFrame:
    """kind, group, records, empty_percent, others_percent, times, times_low, times_high."""
    rows = [
        (e.kind, e.group, e.records, round(e.share * 100, 2), round(e.others * 100, 2), *(round(x, 2) for x in (e.times, e.low, e.high)))
        for e in found
    ]  # fmt: skip
    names = "kind group records empty_percent others_percent times times_low times_high"
    return pl.DataFrame(rows, schema=names.split(), orient="row")
