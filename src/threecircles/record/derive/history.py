"""A child's history without dates: states in order, months and ages, for research extracts."""

from __future__ import annotations

import narwhals as nw

from threecircles.core.expr import age, round_half_away

DAYS_IN_MONTH = 365.2425 / 12
"""Mean length of a month in the Gregorian calendar."""


def history_extract(journeys: nw.LazyFrame, persons: nw.LazyFrame) -> nw.LazyFrame:
    """Ordered states per person with their length in months and the age at entry, and no date.

    journeys: person_id, n, state, valid_from, days, all_states, censored. persons: person_id,
    birth_month, which gives the age to within a month. Pseudonyms and release are disclosure's.
    Columns: person_id, n, state, months (one decimal), age_years, all_states, censored.
    """
    joined = journeys.join(persons.select("person_id", "birth_month"), on="person_id", how="left")
    return joined.select(
        "person_id",
        "n",
        "state",
        round_half_away(nw.col("days") / DAYS_IN_MONTH, 1).alias("months"),
        age(nw.col("birth_month"), nw.col("valid_from")).alias("age_years"),
        "all_states",
        "censored",
    )
