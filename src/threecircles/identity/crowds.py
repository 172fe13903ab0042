"""Records that are alike in everything: without this step 2,000 test entries would make two million pairs.

Where a list may repeat a person, many records with one name, birth and everything else are one entry
written many times: one of them is compared, the others follow it. Where it may not, nothing tells
whose is whose, and they are left unlinked and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from threecircles.identity.clusters import DECIDED

CROWD = 25
"""Records of one source alike in everything above which they are no longer compared one by one."""
RULE = "identical"
GIVEN = pl.col("rule").is_in(["must-link", RULE])
"""Pairs that stand whatever a score would say, and teach nothing."""
_LIKE = ("first", "surname", "birth_year")
"""What is looked at first; records without any name, or without a year of birth, meet no others."""


@dataclass(frozen=True)
class Crowds:
    """follows: rid_l, rid_r of a record and one that is the same entry again. compared: records that
    are compared. left_out: source -> records that nothing tells apart in a list without repeats."""

    follows: pl.DataFrame
    compared: pl.DataFrame
    left_out: dict[str, int]


def set_apart(records: pl.DataFrame) -> Crowds:
    """Which records are compared. records: link_record with `dup`."""
    alike = _crowded(records)
    first = pl.col("rid").min().over("crowd")
    one = pl.col("dup") & (pl.col("dob").is_not_null() | pl.col("postcode").is_not_null())
    follows = alike.filter(one).select(rid_l=first, rid_r="rid").filter(pl.col("rid_l") < pl.col("rid_r"))  # fmt: skip
    lost = alike.filter(~one)
    unseen = pl.concat([follows["rid_r"], lost["rid"]])
    compared = records.filter(~pl.col("rid").is_in(unseen.implode())) if len(unseen) else records
    counted = lost.group_by("source").len().sort("source")
    return Crowds(follows, compared, dict(counted.iter_rows()))


def with_followers(edges: pl.DataFrame, crowds: Crowds) -> pl.DataFrame:
    """Edges with one for each record that is an entry written again."""
    if crowds.follows.is_empty():
        return edges
    added = crowds.follows.with_columns(
        pl.lit(DECIDED).alias("w"), pl.lit(DECIDED).alias("w_adjusted"), pl.lit("repeat").alias("stage"),
        pl.lit(RULE).alias("rule"), pl.lit(False).alias("barred"), pl.lit(0, dtype=pl.Int8).alias("visible"),
    )  # fmt: skip
    return pl.concat([edges, added], how="diagonal")


def _crowded(records: pl.DataFrame) -> pl.DataFrame:
    """rid, source, dup, dob, postcode, crowd of the records of crowds."""
    either = pl.col("first").is_not_null() | pl.col("surname").is_not_null()
    named = records.filter(either & pl.col("birth_year").is_not_null())
    many = named.group_by("src", *_LIKE).len().filter(pl.col("len") > CROWD).drop("len")
    keys = ["src", *_LIKE]
    near = named.join(many, on=keys, how="semi", nulls_equal=True, maintain_order="left")
    carried = ("rid", "record_id", "extract_id")
    compared = [c for c in records.columns if c not in carried and not c.startswith("group_")]
    whole = [
        pl.col(c).list.join("|").alias(c) if records.schema[c].is_nested() else pl.col(c)
        for c in compared
    ]
    numbered = near.with_columns(crowd=pl.struct(whole).rank("dense"))
    kept = numbered.filter(pl.len().over("crowd") > CROWD)
    return kept.select("rid", "source", "dup", "dob", "postcode", "crowd")
