"""How many of those in services were found among pupils: what missed links take from the overlap.

A child whose service record could not be linked to school is counted as getting no help. The share
found is told by the place's own data: of the persons of the survey's ages whom a service knows on the
survey's day, the share who are on a school's roll, against the share of all children of those ages who are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import sqrt
from statistics import NormalDist

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.need.linkage import LinkQuality
from threecircles.record.derive.stock import status_on

LEAST = 50
"""Persons in services below which the share found is not told."""
NORMAL = NormalDist()
FARTHEST = -8.0
"""Standard errors above one beyond which a share is taken as one."""


def known_on(episodes: nw.LazyFrame, processes: Sequence[str], day: date) -> pl.DataFrame:
    """Every person in one of the processes on a day, once for each record that says so.

    On the day, and not in the months before: who was helped earlier may have moved away, and is then missed by no link.
    Columns: person_id, source_record_id (null where the purpose does not cover it).
    """
    names = episodes.collect_schema().names()
    record = nw.col("source_record_id") if "source_record_id" in names else nw.lit(None, nw.String)
    open_ = status_on(episodes.filter(nw.col("process").is_in(list(processes))), day)
    return (
        collect(open_.select("person_id", record.alias("source_record_id")))
        .drop_nulls("person_id")
        .unique()
    )


def links_found(
    known: pl.DataFrame,
    people: pl.DataFrame,
    roll: pl.DataFrame,
    children: int,
    academic_year: int,
) -> LinkQuality | None:
    """Share of service users found on roll, against the share of children on roll; None when not to be told.

    known: person_id, source_record_id of service users, as `known_on`. people: person_id, birth_month. roll:
    person_id, nc_year. children: living here, of the school years of the roll; 0 = not known.

    A record that found no pupil may be the second of a child whom another record found; such a child is not
    missed. How often is told by those found: the share of their records without which they were still known.
    With f found, r on roll and q of records seconds, users are (f + (1 - f)(1 - q)) / (1 - (1 - r) q) of the
    persons counted, and f / r of these are found, at most all. False matches are taken as none: links are accepted
    one to one at a high threshold, and the note on the page says so.
    """
    if children <= 0 or roll.height == 0:
        return None
    born = pl.col("birth_month")
    age = academic_year - 1 - born.dt.year() - pl.when(born.dt.month() <= 8).then(0).otherwise(1)
    years = [int(y) + 4 for y in roll["nc_year"].unique().to_list()]
    users = (
        known.group_by("person_id")
        .agg(records=pl.len())
        .join(people, on="person_id")
        .filter(age.is_in(years))
    )
    if users.height < LEAST:
        return None
    pupils = users.filter(pl.col("person_id").is_in(roll["person_id"].implode()))["records"]
    on_roll = min(1.0, roll.height / children)
    found = pupils.len() / users.height
    again = int(pupils.filter(pupils > 1).sum()) / max(1, int(pupils.sum()))
    counted = (1 - (1 - on_roll) * again) / on_roll
    single = 1 - again + again * found
    slope = counted * (1 - again) / single**2
    error = slope * sqrt(found * (1 - found) / users.height)
    share, error = at_most_one(counted * found / single, error)
    return LinkQuality(share, 0.0, error)


def at_most_one(share: float, error: float) -> tuple[float, float]:
    """Mean and standard error of a share told with a normal error, when it is known to be no more than one.

    Source: Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994) 13.10.1.
    """
    if error <= 0:
        return min(1.0, share), 0.0
    edge = max((1 - share) / error, FARTHEST)
    hazard = NORMAL.pdf(edge) / NORMAL.cdf(edge)
    return min(1.0, share - error * hazard), error * sqrt(max(0.0, 1 - hazard * (edge + hazard)))


def said(quality: LinkQuality) -> str:
    """The note beside figures put right for missed links."""
    low = max(0.0, quality.sensitivity - 2 * quality.sensitivity_se)
    high = min(1.0, quality.sensitivity + 2 * quality.sensitivity_se)
    return (
        f"Put right for missed links: of children in services who should be on a school's roll, about "
        f"{round(100 * quality.sensitivity)} in 100 ({round(100 * low)}-{round(100 * high)}) were found there. "
        "This takes links as missed alike for children with and without high need, and none as false."
    )
