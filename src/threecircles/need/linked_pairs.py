"""How far a pair of conditions hangs on links: without it a child split in two would pass for two with one each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, exp

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL, Measured
from threecircles.need.conditions import Condition
from threecircles.record.pointers import CAREFUL

BEYOND = 0.025
"""Chance that more links are wrong or missing than an end allows for."""
EXACT_UP_TO = 500.0
"""Expected number up to which chances are added up one by one."""
LINKS_NOTE = (
    "At least: pairs whose records are joined all but surely. At most: with the pairs that missed links may hide, and with "
    "those that records joined to nothing would make with others of children born in the same month."
)


@dataclass(frozen=True)
class Links:
    """What is known of the links behind a count.

    sure: source -> person_ids with a record of that source that needs no link or is joined all but surely.
    alone: person_ids whose records are of one source only. missing, wrong: shares of links that may be missing, of those
    that should exist, and wrong, of those made (upper ends); None = not told.
    """

    sure: Mapping[str, frozenset[str]]
    alone: frozenset[str]
    missing: float | None = None
    wrong: float | None = None


def links_of(person_record: nw.LazyFrame, errors: Measured | None) -> Links | None:
    """Links of a place, or None where the purpose does not cover how sure they are.

    person_record: person_id, source_id and p (null = joined to nothing). errors: linkage-errors of the place.
    """
    if "p" not in person_record.collect_schema().names():
        return None
    pointers = collect(person_record.select("person_id", "source_id", "p")).drop_nulls("person_id")
    sure = pointers.filter(pl.col("p").is_null() | (pl.col("p") >= CAREFUL))
    by_source = sure.group_by("source_id").agg(pl.col("person_id"))
    several = pl.col("source_id").n_unique() > 1
    alone = pointers.group_by("person_id").agg(several=several).filter(~pl.col("several"))
    return Links(
        {source: frozenset(persons) for source, persons in by_source.iter_rows()},
        frozenset(alone["person_id"]),
        *(None if errors is None else _upper(errors, m) for m in ("links_missing", "links_wrong")),
    )


def _upper(errors: Measured, measure: str) -> float | None:
    whole = errors.frame.filter((pl.col("group") == TOTAL) & (pl.col("measure") == measure))
    told = [v for v in whole["high"].to_list() if v is not None]
    return told[0] / 1000 if told and told[0] < 1000 else None


def ends(
    held: pl.DataFrame, one: Condition, other: Condition, links: Links
) -> tuple[float, float | None]:
    """At least and at most how many children hold both conditions, over what links leave open.

    held: as conditions_held.
    """
    first, second = held[one.id] == "yes", held[other.id] == "yes"
    both = held["person_id"].filter(first & second)
    sources = (one.answers_from, other.answers_from)
    sure = [links.sure.get(s, frozenset()) for s in sources]
    # What one source tells of a child hangs on no link: its own number joins it.
    careful = len(both) if sources[0] == sources[1] else sum(all(p in s for s in sure) for p in both)  # fmt: skip
    low = max(0, careful - at_most(careful * (links.wrong or 0.0)))
    if links.missing is None:
        return float(low), None
    hidden = 0 if sources[0] == sources[1] else _hidden(held, one, other, links.alone)
    missed = at_most((len(both) + hidden) * links.missing / (1 - links.missing))
    return float(low), float(len(both) + hidden + missed)


def _hidden(held: pl.DataFrame, one: Condition, other: Condition, alone: frozenset[str]) -> int:
    """Children that could be one and the same though nothing joins their records: one holds the first condition and
    could have the second, one the other way about, both known to one source alone and born in the same month.
    """
    lonely = held.filter(pl.col("person_id").is_in(sorted(alone)))
    counts = []
    for has, lacks in ((one, other), (other, one)):
        able = pl.col("age").is_between(lacks.ages[0], lacks.ages[-1])
        mine = lonely.filter((pl.col(has.id) == "yes") & (pl.col(lacks.id) != "yes") & able)
        counts.append(mine.group_by("birth_month").len())
    met = counts[0].join(counts[1], on="birth_month", suffix="_other")
    return int(met.select(pl.min_horizontal("len", "len_other").sum()).item() or 0)


def at_most(expected: float) -> int:
    """The number that is passed with no more than BEYOND's chance, where so many are expected (Poisson)."""
    if expected > EXACT_UP_TO:
        return ceil(expected + 1.96 * expected**0.5)
    chance = below = exp(-expected)
    k = 0
    while below < 1 - BEYOND:
        k += 1
        chance *= expected / k
        below += chance
    return k
