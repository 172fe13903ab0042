"""How many of those in services were found among pupils: what missed links take from the overlap.

A child whose service record could not be linked to school is counted as getting no help. The share
found is told by the place's own data: of the persons of the survey's ages in services, the share who
are on a school's roll, against the share of all children of those ages who are.
"""

from __future__ import annotations

from math import sqrt

import polars as pl

from threecircles.need.linkage import LinkQuality

LEAST = 50
"""Persons in services below which the share found is not told."""


def links_found(
    in_contact: pl.DataFrame,
    people: pl.DataFrame,
    roll: pl.DataFrame,
    children: int,
    academic_year: int,
) -> LinkQuality | None:
    """Share of service users found on roll, against the share of children on roll; None when not to be told.

    in_contact: person_id of persons in services. people: person_id, birth_month. roll: person_id, nc_year.
    children: living here, of the school years of the roll; 0 = not known. False matches are taken as
    none: links are accepted one to one at a high threshold, and the note on the page says so.
    """
    if children <= 0 or roll.height == 0:
        return None
    born = pl.col("birth_month")
    age = academic_year - 1 - born.dt.year() - pl.when(born.dt.month() <= 8).then(0).otherwise(1)
    years = [int(y) + 4 for y in roll["nc_year"].unique().to_list()]
    users = in_contact.select("person_id").join(people, on="person_id").filter(age.is_in(years))
    if users.height < LEAST:
        return None
    found = (
        users.filter(pl.col("person_id").is_in(roll["person_id"].implode())).height / users.height
    )
    on_roll = min(1.0, roll.height / children)
    share = min(1.0, found / on_roll)
    return LinkQuality(share, 0.0, sqrt(found * (1 - found) / users.height) / on_roll)


def said(quality: LinkQuality) -> str:
    """The note beside figures put right for missed links."""
    low = max(0.0, quality.sensitivity - 2 * quality.sensitivity_se)
    high = min(1.0, quality.sensitivity + 2 * quality.sensitivity_se)
    return (
        f"Put right for missed links: of children in services who should be on a school's roll, about "
        f"{round(100 * quality.sensitivity)} in 100 ({round(100 * low)}-{round(100 * high)}) were found there. "
        "This takes links as missed alike for children with and without high need, and none as false."
    )
