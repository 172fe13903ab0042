"""Linkage error carried on: without draws a figure would look surer than the links beneath it."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.identity.ladder import Ladder, resolved
from threecircles.identity.request import THRESHOLDS

_LEAST = 0.01
"""Pairs less likely than this are never drawn: together they would add less than they cost."""


def link_draws(ladder: Ladder, draws: int = 20, seed: int = 1) -> pl.DataFrame:
    """Persons under link draws: rid and draw_1 .. draw_n (cluster numbers).

    In each draw a candidate pair is a link with its probability p, and one record of a source links
    to at most one of another. Estimates made on each draw are combined by Rubin's rules
    (`estimates.rubin`).
    """
    from threecircles.identity import clusters

    edges = ladder.edges.filter((pl.col("p") >= _LEAST) & ~pl.col("barred"))
    p = edges["p"].to_numpy()
    columns = {"rid": ladder.records.sort("rid")["rid"]}
    apart = ladder.edges.filter("barred").select("rid_l", "rid_r")
    for number in range(1, draws + 1):
        random = rng(seed, "link draw", number).random(len(edges))
        taken = edges.filter(pl.Series(random < p))
        person, _ = clusters.clustered(ladder.records, taken, apart)
        columns[f"draw_{number}"] = pl.Series(person.astype(np.int64))
    return pl.DataFrame(columns)


def bounds(ladder: Ladder) -> pl.DataFrame:
    """Persons under the careful (.95) and the generous (.3) threshold: rid, careful, generous."""
    return pl.DataFrame(
        {
            "rid": ladder.records.sort("rid")["rid"],
            **{
                name: pl.Series(resolved(ladder, THRESHOLDS[name]).person.astype(np.int64))
                for name in ("careful", "generous")
            },
        }
    )
