"""A new extract without scoring all again: without it every late list would cost a whole linkage."""

from __future__ import annotations

import polars as pl

from threecircles.identity import crowds, score, store
from threecircles.identity.ladder import Ladder, prepared, resolved, weighed

_LEFT_OUT = ("rid", "src", "dup", "has_co_twin", "unit", "is_new")


def extended(
    previous: Ladder,
    records: pl.DataFrame,
    threshold: float,
    *,
    repeats: dict[str, bool | None] | None = None,
    apart: pl.DataFrame | None = None,
    together: pl.DataFrame | None = None,
) -> Ladder:
    """Persons after new, changed or withdrawn records, scoring only pairs that these touch.

    previous: the last linkage. records: all records as they are now. What was learnt stands until a
    full linkage learns it again; assignment and clusters are made afresh over all pairs, so that a
    new record may free a doubtful one.
    """
    records, _ = prepared(records, repeats or {})
    old_rid = _unchanged(previous.records, records)
    records = records.with_columns((~pl.col("rid").is_in(old_rid["rid"].implode())).alias("is_new"))
    raw = [c for c in previous.edges.columns if c == "w" or c.startswith(("gamma_", "mw_"))]
    scored = previous.edges.filter(~crowds.GIVEN).select("rid_l", "rid_r", *raw)
    crowd = crowds.set_apart(records)
    kept = _moved(scored, old_rid)
    if records["is_new"].any():
        with store.opened(crowd.compared) as connection:
            fresh = score.scored(previous.model, connection, only_new=True)
        kept = pl.concat([kept, fresh.select(kept.columns)], how="vertical_relaxed")
    edges = weighed(kept.sort("rid_l", "rid_r"), records, previous.known, apart, together)
    edges = crowds.with_followers(edges, crowd)
    begun = Ladder(previous.person, records, edges, previous.model, previous.known)
    return resolved(begun, threshold, apart)


def _unchanged(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """was (old rid), rid: records whose every compared value is as it was."""
    columns = [c for c in now.columns if c in before.columns and c not in _LEFT_OUT]
    added = [c for c in now.columns if c not in before.columns and c.startswith("id_")]
    same = now.filter(pl.all_horizontal([pl.col(c).is_null() for c in added])) if added else now

    def keyed(table: pl.DataFrame) -> pl.DataFrame:
        return table.select(
            "rid", "source", "record_id", pl.struct(columns).hash(seed=7).alias("print")
        )

    return (
        keyed(before)
        .rename({"rid": "was"})
        .join(keyed(same), on=["source", "record_id", "print"])
        .select("was", "rid")
    )


def _moved(edges: pl.DataFrame, old_rid: pl.DataFrame) -> pl.DataFrame:
    """Old pairs under the records' new positions; pairs of changed or withdrawn records fall out."""
    left = old_rid.rename({"was": "rid_l", "rid": "new_l"})
    right = old_rid.rename({"was": "rid_r", "rid": "new_r"})
    placed = edges.join(left, on="rid_l").join(right, on="rid_r")
    turned = pl.col("new_l") > pl.col("new_r")
    return placed.with_columns(
        pl.when(turned).then("new_r").otherwise("new_l").alias("rid_l"),
        pl.when(turned).then("new_l").otherwise("new_r").alias("rid_r"),
    ).drop("new_l", "new_r")
