"""Persons from edges: without constraints one wrong edge would chain two children into one."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

BEYOND_BIRTHS = 15.0
"""Bits from which two records are one person although their births have no part in common: names,
address and number agree, and a birth was mistyped or made up. Father and son of one name and home
stay below."""


def clustered(
    records: pl.DataFrame, edges: pl.DataFrame, apart: pl.DataFrame | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A cluster number for each record (by rid) and, for each edge, whether a constraint refused it.

    records: rid 0..n-1, unit (records that are one record of their source), src, dup, dob.
    edges: rid_l, rid_r, w_adjusted. apart: rid_l, rid_r that may never be one person. Edges are
    taken in falling weight; an edge is refused when it would join two records of one duplicate-free
    source, two records kept apart, or births that differ in more than two parts (unless the edge is
    so strong that the birth itself must be wrong).
    """
    n = len(records)
    a, b = edges["rid_l"].to_numpy(), edges["rid_r"].to_numpy()
    _, part = connected_components(
        coo_array((np.ones(len(a), bool), (a, b)), shape=(n, n)), directed=False
    )
    troubled = _troubled(records, part, apart)
    refused = np.zeros(len(a), dtype=bool)
    within = np.flatnonzero(troubled[part[a]]) if len(a) else np.zeros(0, dtype=int)
    if len(within):
        weight = edges["w_adjusted"].to_numpy()
        order = within[np.lexsort((b[within], a[within], -weight[within]))]
        refused[order] = _joined(records, a[order], b[order], weight[order], apart)
        kept = ~refused
        _, part = connected_components(
            coo_array((np.ones(int(kept.sum()), bool), (a[kept], b[kept])), shape=(n, n)),
            directed=False,
        )
    return part, refused


def _troubled(records: pl.DataFrame, part: np.ndarray, apart: pl.DataFrame | None) -> np.ndarray:
    """Which components break a constraint and so must be built edge by edge."""
    troubled = np.zeros(int(part.max()) + 1 if len(part) else 0, dtype=bool)
    at = (
        records.sort("rid")
        .select("rid", "src", "dup", "dob", "unit")
        .with_columns(pl.Series("part", part))
    )
    twice = at.filter(~pl.col("dup")).group_by("part", "src").len().filter(pl.col("len") > 1)
    troubled[twice["part"].to_numpy()] = True
    units = (
        at.filter("dup")
        .group_by("part", "src")
        .agg(pl.col("unit").n_unique().alias("u"))
        .filter(pl.col("u") > 1)
    )
    troubled[units["part"].to_numpy()] = True
    births = (
        at.filter(pl.col("dob").is_not_null())
        .group_by("part")
        .agg(pl.col("dob").n_unique().alias("births"))
        .filter(pl.col("births") > 1)
    )
    troubled[births["part"].to_numpy()] = True
    if apart is not None and len(apart):
        same = part[apart["rid_l"].to_numpy()] == part[apart["rid_r"].to_numpy()]
        troubled[part[apart["rid_l"].to_numpy()[same]]] = True
    return troubled


def _joined(
    records: pl.DataFrame,
    a: np.ndarray,
    b: np.ndarray,
    weight: np.ndarray,
    apart: pl.DataFrame | None,
) -> np.ndarray:
    """Union-find in the given order; returns which edges were refused."""
    ordered = records.sort("rid")
    source, dup = ordered["src"].to_list(), ordered["dup"].to_list()
    births, units = ordered["dob"].to_list(), ordered["unit"].to_list()
    kept_apart: dict[int, set[int]] = defaultdict(set)
    if apart is not None:
        for x, y in apart.select("rid_l", "rid_r").iter_rows():
            kept_apart[x].add(y)
            kept_apart[y].add(x)
    parent: dict[int, int] = {}
    members: dict[int, list[int]] = {}

    def find(x: int) -> int:
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    def may_join(left: list[int], right: list[int], beyond_births: bool) -> bool:
        for x in left:
            for y in right:
                # One unit is one record of its source, however many rows it has.
                clash = source[x] == source[y] and units[x] != units[y]
                if clash or (source[x] == source[y] and not dup[x]) or y in kept_apart.get(x, ()):
                    return False
                if not beyond_births and _far(births[x], births[y]):
                    return False
        return True

    refused = np.zeros(len(a), dtype=bool)
    for i, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        left, right = find(x), find(y)
        if left == right:
            continue
        group_l, group_r = members.get(left, [left]), members.get(right, [right])
        if may_join(group_l, group_r, bool(weight[i] >= BEYOND_BIRTHS)):
            parent[right] = left
            members[left] = group_l + group_r
        else:
            refused[i] = True
    return refused


def _far(one: str | None, other: str | None) -> bool:
    """True when two births differ in more than two parts of three."""
    if one is None or other is None:
        return False
    return one[:4] != other[:4] and one[5:7] != other[5:7] and one[8:] != other[8:]
