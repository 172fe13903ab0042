"""Ids that mean nothing: without them a child's number would tell who it is or change with each run."""

from __future__ import annotations

import secrets

import numpy as np
import polars as pl

from threecircles.core.seeds import rng

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def fresh_ids(n: int, seed: int | None = None, known: frozenset[str] = frozenset()) -> list[str]:
    """n new person ids: 80 random bits in 16 Crockford characters, never one of `known`.

    seed: only for made-up places, so that a rerun gives the same ids; real places draw from the
    operating system.
    """
    made: dict[str, None] = {}
    draw = None if seed is None else rng(seed, "person ids")
    while len(made) < n:
        raw = secrets.token_bytes(10 * n) if draw is None else draw.bytes(10 * n)
        digits = np.unpackbits(np.frombuffer(raw, np.uint8)).reshape(-1, 16, 5) @ np.array(
            [16, 8, 4, 2, 1]
        )
        letters = np.frombuffer(CROCKFORD.encode(), np.uint8)[digits]
        for row in letters.view("S16").ravel():
            text = row.decode()
            if text not in known and len(made) < n:
                made.setdefault(text)
    return list(made)


def person_records(
    records: pl.DataFrame, person: np.ndarray, edges: pl.DataFrame, seed: int | None = None
) -> pl.DataFrame:
    """One row a record in the records' order: rid, source, record_id, person_id, band, p.

    p: of the record's best accepted link, null when it has none. band: of that link, else review
    when a pair of it waits for a person, else unlinked.
    """
    order: dict[int, int] = {}
    numbered = [order.setdefault(int(c), len(order)) for c in person]
    ids = np.array(fresh_ids(len(order), seed), dtype=object)
    own = records.sort("rid").select("rid", "source", "record_id")
    own = own.with_columns(pl.Series("person_id", ids[numbered], dtype=pl.String))
    ends = pl.concat(
        [
            edges.select(pl.col(side).alias("rid"), "p", "accepted", "band")
            for side in ("rid_l", "rid_r")
        ]
    )
    links = ends.filter("accepted").group_by("rid").agg(pl.col("p").max())
    waiting = (
        ends.filter(pl.col("band") == "review")
        .select("rid")
        .unique()
        .with_columns(pl.lit(True).alias("waits"))
    )
    return (
        own.join(links, on="rid", how="left", maintain_order="left")
        .join(waiting, on="rid", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("p") >= 0.95)
            .then(pl.lit("linked"))
            .when(pl.col("p").is_not_null())
            .then(pl.lit("linked_doubtful"))
            .when(pl.col("waits").fill_null(False))
            .then(pl.lit("review"))
            .otherwise(pl.lit("unlinked"))
            .alias("band")
        )
        .select("rid", "source", "record_id", "person_id", "band", "p")
    )
