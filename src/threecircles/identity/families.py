"""Co-twins seen inside one source: without them a twin and the child born with it would look one.

Two records of one source with one date of birth and one household are two children for sure. They
say how often co-twins occur, what their names look like, and for which child to take care.
"""

from __future__ import annotations

import polars as pl

_DAYS = 6_500
"""Days of birth that children aged 0 to 17 spread over."""
_RARE = 0.05
"""A shared surname and birthday count as one birth when fewer chance pairs a record than this are expected."""
_CROWDED = 6
"""More records of one birthday in one household are an institution or a default, not a birth."""

_ALIKE = 0.78
"""Jaro-Winkler similarity from which two first names may be one badly written (the model's lowest level)."""
_JUDGED, _MOST_CO_TWINS = 100, 0.12
"""Three to four times the share of records with a co-twin that births give; judged only in sources of
some size."""


def co_twins(records: pl.DataFrame) -> pl.DataFrame:
    """Pairs of one source born on one day in one household: rid_a, rid_b (both orders), sure bool.

    sure: same postcode or UPRN, a surname reading in common (or surnames missing), in a source
    without repeats. The others share a birthday and either the address or a rare surname. In a
    source that may repeat a child only pairs count whose first names have nothing in common and
    that share no number.
    """
    held = records.filter(pl.col("dob").is_not_null())
    names = (
        held.filter(pl.col("surname").is_not_null()).group_by("src", "surname").len(name="bearers")
    )
    rare = held.join(names, on=["src", "surname"]).filter(pl.col("bearers") / _DAYS < _RARE)
    found = [_pairs(rare.select("rid", "src", "dob", "surname"), ["src", "dob", "surname"])]
    for place in ("postcode", "uprn"):
        found.append(_pairs(held.filter(pl.col(place).is_not_null()), ["src", "dob", place]))
    numbers = [c for c in records.columns if c.startswith("id_")]
    fields = records.select(
        "rid", *numbers, "dup", "grown_up", "first_all", "surname_all", "postcode", "uprn"
    )
    both = (
        pl.concat(found)
        .unique()
        .join(fields, left_on="rid_a", right_on="rid")
        .join(fields, left_on="rid_b", right_on="rid", suffix="_b")
    )
    shared = pl.col("surname_all").list.set_intersection("surname_all_b").list.len()
    one_name = shared.fill_null(1) > 0
    one_place = (pl.col("postcode") == pl.col("postcode_b")).fill_null(False) | (
        pl.col("uprn") == pl.col("uprn_b")
    ).fill_null(False)
    two_children = _two_names(both)
    for column in numbers:
        two_children = two_children & (pl.col(column) != pl.col(f"{column}_b")).fill_null(True)
    told = both.filter(~pl.col("dup") | (two_children.fill_null(False) & ~pl.col("grown_up")))
    return (
        _plausible(told, records)
        .select("rid_a", "rid_b", (one_name & one_place & ~pl.col("dup")).alias("sure"))
        .sort("rid_a", "rid_b")
    )


def _two_names(pairs: pl.DataFrame) -> pl.Expr:
    """Whether two first names are no spellings of one: no reading in common, and not even alike."""
    from rapidfuzz.distance import JaroWinkler

    alike = [
        one is None or other is None or JaroWinkler.similarity(one[0], other[0]) >= _ALIKE
        for one, other in pairs.select("first_all", "first_all_b").iter_rows()
    ]
    apart = pl.col("first_all").list.set_intersection("first_all_b").list.len() == 0
    return apart & ~pl.Series("alike", alike, dtype=pl.Boolean)


def _plausible(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Pairs without those of a source that seems to hold far more co-twins than are born: there a
    second name on one birthday is the same child written badly."""
    sizes = dict(records.filter("dup").group_by("src").len().iter_rows())
    sources = pairs.join(
        records.select("rid", "src"), left_on="rid_a", right_on="rid", maintain_order="left"
    )
    seen = sources.filter("dup").group_by("src").agg(pl.col("rid_a").n_unique())
    counts = dict(seen.iter_rows())
    doubted = [
        s for s, n in counts.items() if sizes[s] >= _JUDGED and n / sizes[s] > _MOST_CO_TWINS
    ]
    return sources.filter(~pl.col("src").is_in(doubted)).drop("src")


def _pairs(held: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    crowd = (
        held.group_by(keys)
        .agg(pl.col("rid"))
        .filter(pl.col("rid").list.len().is_between(2, _CROWDED))
    )
    one = crowd.with_row_index("group").select("group", "rid").explode("rid")
    return (
        one.join(one, on="group", suffix="_b")
        .filter(pl.col("rid") != pl.col("rid_b"))
        .select(pl.col("rid").alias("rid_a"), pl.col("rid_b"))
    )
