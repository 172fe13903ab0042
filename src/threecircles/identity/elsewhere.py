"""Co-twins seen in a third source: without it a twin whose co-twin one list lacks would pass for an only child.

School and care may each hold one of two children born together, and health both. Whoever is surely
the same as one of the two in health is a twin in school and care as well.
"""

from __future__ import annotations

import numpy as np
import polars as pl

_SURE = 10.0
"""Weight in bits from which a pair with nearly the same first name tells where else a child is listed."""
_MOST_SOURCES = 60
"""Sources that fit into one number, a bit each; with more, nothing is looked up elsewhere."""


def seen_elsewhere(edges: pl.DataFrame, records: pl.DataFrame) -> np.ndarray:
    """For each edge, whether either record has a co-twin in a source that neither record belongs to.

    edges: rid_l, rid_r, w, gamma_first_name. records: rid, src, has_co_twin.
    """
    ordered = records.sort("rid")
    source = ordered["src"].to_numpy().astype(np.int64)
    if "gamma_first_name" not in edges.columns or len(np.unique(source)) < 3:
        return np.zeros(len(edges), dtype=bool)
    if source.max() >= _MOST_SOURCES:
        return np.zeros(len(edges), dtype=bool)
    twin = ordered["has_co_twin"].to_numpy()
    left, right = edges["rid_l"].to_numpy(), edges["rid_r"].to_numpy()
    sure = ((pl.col("w") >= _SURE) & (pl.col("gamma_first_name") >= 3)).alias("sure")
    sure_pairs = edges.select(sure)["sure"].to_numpy()
    where = np.zeros(len(source), dtype=np.int64)
    for one, other in ((left, right), (right, left)):
        tells = sure_pairs & twin[other]
        np.bitwise_or.at(where, one[tells], np.int64(1) << source[other[tells]])
    own = (np.int64(1) << source[left]) | (np.int64(1) << source[right])
    found: np.ndarray = ((where[left] | where[right]) & ~own) != 0
    return found
