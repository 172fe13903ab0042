"""Which pairs are compared: without a measure of cost short lists would miss what long ones must skip.

The model's own blocks are tight enough for a million records. Shorter lists can afford wider ones,
taken from the cheapest up while the pairs they make fit the budget; the shortest compare every pair.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from threecircles.identity.model import Model


def widened(model: Model, records: pl.DataFrame) -> Model:
    """The model with as many of its wider blocks as the number of records allows."""
    budget = model.learning["pairs_at_least"] + model.learning["pairs_a_record"] * len(records)
    if () in model.wider and allowed_pairs(records) <= budget:
        return replace(model, blocking=((),), nameless=(), wider=())
    taken, spent = [], 0.0
    for cost, block in sorted((allowed_pairs(records, b), b) for b in model.wider if b):
        if spent + cost > budget:
            break
        taken.append(block)
        spent += cost
    kept = [b for b in model.blocking if not any(set(w) <= set(b) for w in taken)]
    return replace(model, blocking=(*kept, *taken), wider=())


def allowed_pairs(records: pl.DataFrame, block: tuple[str, ...] = ()) -> float:
    """How many pairs agree on the block's columns and may be one child: records of two sources, or
    of one that may hold a child twice."""
    held = (
        records.filter(pl.all_horizontal(pl.col(c).is_not_null() for c in block))
        if block
        else records
    )
    sizes = held.group_by(*block, "src", "dup").agg(pl.len().cast(pl.Float64).alias("n"))
    alone = pl.when("dup").then(0.0).otherwise(pl.col("n") * (pl.col("n") - 1) / 2)
    if not block:
        whole = sizes.select(whole=pl.col("n").sum(), barred=alone.sum())
    else:
        whole = sizes.group_by(block).agg(whole=pl.col("n").sum(), barred=alone.sum())
    return float(
        whole.select((pl.col("whole") * (pl.col("whole") - 1) / 2 - pl.col("barred")).sum()).item()
        or 0
    )
