"""One budget that several places pay into: without it a pool that stands in three books would be counted thrice."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from threecircles.synthetic.funds import COLUMNS, JOINT, council_ledger
from threecircles.synthetic.money import ledger
from threecircles.synthetic.place_file import place_name
from threecircles.synthetic.world import World


def contributions(worlds: Sequence[World]) -> pl.DataFrame:
    """What each place pays into the joint budget: pool_id, place, la_code, line, pounds."""
    rows = []
    for world in worlds:
        mine = council_ledger(world, ledger(world)).filter(pl.col("pool_id") == JOINT)
        rows.append((JOINT, place_name(world)[0], world.land.la_code, mine["line"][0], int(mine["net"].sum())))  # fmt: skip
    return pl.DataFrame(
        rows, schema=["pool_id", "place", "la_code", "line", "pounds"], orient="row"
    )


def statement(world: World, worlds: Sequence[World]) -> pl.DataFrame:
    """What the other places paid, as the statement that each place receives says; its own part is in its own ledger.

    So every place's books hold the whole pool, and all books together hold it as often as there are places.
    """
    parts = []
    for other in worlds:
        if other is not world:
            mine = council_ledger(other, ledger(other)).filter(pl.col("pool_id") == JOINT)
            parts.append(mine.with_columns(agency=pl.lit(place_name(other)[1])))
    return pl.concat(parts).select(list(COLUMNS))
