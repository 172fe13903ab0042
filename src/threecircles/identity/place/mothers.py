"""Mothers in care and their children, as the return on looked-after children states them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.definitions.place import Place

_YOUNGEST = 11
"""Years that a mother is older than her child, at least; a nearer birth is another child's."""
SCHEMA = {
    "person_id": pl.String, "other_person_id": pl.String, "kind": pl.String, "detail": pl.String, "basis": pl.String,
    "valid_from": pl.Date, "valid_to": pl.Date,
}  # fmt: skip


def mothers(
    tables: Mapping[str, Any], place: Place, pointers: pl.DataFrame, births: pl.DataFrame, surnames: pl.DataFrame
) -> pl.DataFrame:  # fmt: skip
    """Relations child -> mother (kind parent, basis stated) in the columns of identity.relation.

    The return gives the mother's record and her child's birthday (MOTHER, MC_DOB), not its name: the
    child is taken to be the one person of that birthday and the mother's surname, and nobody when
    there are two. pointers: delivery, source, source_key, person_id. births: person_id, birth.
    """
    said = [_stated(d.id, tables) for d in place.of("ssda903")]
    told = pl.concat([s for s in said if len(s)] or [pl.DataFrame(schema={"delivery": pl.String, "source_key": pl.String, "born": pl.Date})])  # fmt: skip
    mother = told.join(
        pointers.filter(pl.col("source") == "ssda903"), on=["delivery", "source_key"]
    )
    mother = mother.join(births.rename({"birth": "mother_born"}), on="person_id").join(surnames, on="person_id")  # fmt: skip
    children = births.join(surnames, on="person_id").rename({"person_id": "child", "birth": "born"})
    pairs = mother.join(children, on=["born", "surname"]).filter(
        (pl.col("born").dt.year() - pl.col("mother_born").dt.year() >= _YOUNGEST)
        & (pl.col("child") != pl.col("person_id"))
    )
    pairs = pairs.unique(["person_id", "child"], maintain_order=True)
    one = pairs.filter(pl.len().over("person_id", "born") == 1)
    return one.select(
        pl.col("child").alias("person_id"), pl.col("person_id").alias("other_person_id"), pl.lit("parent").alias("kind"),
        pl.lit("mother, stated in the return on looked-after children").alias("detail"), pl.lit("stated").alias("basis"),
        pl.col("born").alias("valid_from"), pl.lit(None, dtype=pl.Date).alias("valid_to"),
    ).sort("person_id", "other_person_id")  # fmt: skip


def _stated(delivery: str, tables: Mapping[str, Any]) -> pl.DataFrame:
    """delivery, source_key, born: mothers of a delivery with the birthdays of their children."""
    found = []
    for name in sorted(tables):
        if not name.startswith(f"sources.{delivery}."):
            continue
        table = collect(tables[name])
        if {"CHILD", "MOTHER", "MC_DOB__date"} <= set(table.columns):
            found.append(
                table.filter((pl.col("MOTHER").cast(pl.String) == "1") & pl.col("MC_DOB__date").is_not_null()).select(
                    pl.lit(delivery).alias("delivery"), pl.col("CHILD").alias("source_key"), pl.col("MC_DOB__date").cast(pl.Date).alias("born"),
                )
            )  # fmt: skip
    return pl.concat(found) if found else pl.DataFrame()
