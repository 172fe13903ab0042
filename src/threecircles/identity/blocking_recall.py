"""What was never compared: without an estimate of it, recall would only speak of pairs that met."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.identity.model import Model

_SAMPLE = 100_000


def estimated(edges: pl.DataFrame, records: pl.DataFrame, model: Model) -> float | None:
    """Share of true links that met in at least one block, judged by how many blocks the others met in.

    Links that met in one block only tell how many met in none (Chao's lower bound of the unseen, as in
    capture and recapture: Chao, Scand. J. Stat. 11 (1984) 265-270). None without links; 1 where every
    pair was compared.
    """
    links = edges.filter(pl.col("accepted")).select("rid_l", "rid_r").head(_SAMPLE)
    if links.is_empty():
        return None
    if () in model.blocking:
        return 1.0
    ordered = records.sort("rid")
    met = np.zeros(len(links), dtype=np.int32)
    same = {
        c: (ordered[c].gather(links["rid_l"]) == ordered[c].gather(links["rid_r"]))
        .fill_null(False)
        .to_numpy()
        for c in {c for block in model.blocking for c in block}
    }
    for block in model.blocking:
        met += np.logical_and.reduce([same[c] for c in block])
    once, twice = int((met == 1).sum()), int((met == 2).sum())
    unseen = once * (once - 1) / (2 * (twice + 1))
    return round(len(links) / (len(links) + unseen), 5)
