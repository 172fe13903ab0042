"""Truth of what no file of a place shows yet: without it five of the published facts could not be marked."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from threecircles.synthetic.births import birth_table, conception_table, infant_death_table
from threecircles.synthetic.conditions import condition_table
from threecircles.synthetic.key_stages import key_stage_table
from threecircles.synthetic.send import case_table, request_table
from threecircles.synthetic.workforce import worker_table
from threecircles.synthetic.world import World

_TABLES: dict[str, Callable[[World], pl.DataFrame]] = {
    "plan_case": case_table, "plan_request": request_table, "key_stage": key_stage_table,
    "social_worker": worker_table, "birth": birth_table, "infant_death": infant_death_table,
    "conception": conception_table, "condition": condition_table,
}  # fmt: skip


def more_truth(world: World) -> dict[str, pl.DataFrame]:
    """Plans and requests, key stages, social workers, births, early conceptions, conditions held."""
    return {name: table(world) for name, table in _TABLES.items()}
