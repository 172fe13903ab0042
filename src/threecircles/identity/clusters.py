"""Persons from edges: without constraints one wrong edge would chain two children into one."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl

from threecircles.identity.components import components

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
    so strong that the birth itself must be wrong, or all records are of grown-ups: the rule is there
    for parent and child).
    """
    n = len(records)
    a, b = edges["rid_l"].to_numpy(), edges["rid_r"].to_numpy()
    part = components(a, b, n)
    troubled = _troubled(records, part, a, b, apart)
    refused = np.zeros(len(a), dtype=bool)
    within = np.flatnonzero(troubled[part[a]]) if len(a) else np.zeros(0, dtype=int)
    if len(within):
        weight = edges["w_adjusted"].to_numpy()
        order = within[np.lexsort((b[within], a[within], -weight[within]))]
        refused[order] = _joined(records, a[order], b[order], weight[order], apart)
        kept = ~refused
        part = components(a[kept], b[kept], n)
    return part, refused


DECIDED = 40.0
"""Bits of a pair that a person said is one."""
UNSEEN, STRONGEST = -3.0, 10.0
"""Bits counted for a pair that was never compared, and the most that one pair may speak for its group."""


def gathered(edges: pl.DataFrame, accepted: pl.DataFrame, n: int, least: float) -> np.ndarray:
    """A cluster number for each of n records of lists that repeat people.

    accepted: rid_l, rid_r, w_adjusted of the pairs that may join; edges: every scored pair. Groups are
    joined in falling weight while the mean over all pairs between them is at least `least` bits:
    one wrong pair must not chain two families of good ones.
    """
    a, b = accepted["rid_l"].to_numpy(), accepted["rid_r"].to_numpy()
    part = components(a, b, n)
    size = np.bincount(part)
    if size.max(initial=0) < 3:
        return part
    large = pl.Series(np.flatnonzero(size > 2))
    of = pl.DataFrame({"rid": np.arange(n), "part": part}).filter(
        pl.col("part").is_in(large.implode())
    )
    inside = edges.select("rid_l", "rid_r", "w_adjusted").join(
        of, left_on="rid_l", right_on="rid", how="semi"
    )
    said = {(x, y): min(w, STRONGEST) for x, y, w in inside.iter_rows()}
    members: dict[int, list[int]] = {}
    group: dict[int, int] = {}
    ordered = accepted.join(of, left_on="rid_l", right_on="rid", how="semi").sort(
        ["w_adjusted", "rid_l", "rid_r"], descending=[True, False, False]
    )
    for x, y, weight in ordered.select("rid_l", "rid_r", "w_adjusted").iter_rows():
        one, two = group.setdefault(x, x), group.setdefault(y, y)
        if one == two:
            continue
        left, right = members.setdefault(one, [one]), members.setdefault(two, [two])
        if weight >= DECIDED or _mean(said, left, right) >= least:
            if len(left) < len(right):
                one, two, left, right = two, one, right, left
            left.extend(right)
            for q in right:
                group[q] = one
            del members[two]
    result = part.copy()
    fresh = int(part.max(initial=-1)) + 1
    for number, own in enumerate(members.values()):
        result[own] = fresh + number
    return np.unique(result, return_inverse=True)[1]


def _mean(said: dict[tuple[int, int], float], left: list[int], right: list[int]) -> float:
    """Mean bits over all pairs between two groups."""
    total = sum(said.get((min(p, q), max(p, q)), UNSEEN) for p in left for q in right)
    return total / (len(left) * len(right))


def _troubled(
    records: pl.DataFrame,
    part: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    apart: pl.DataFrame | None,
) -> np.ndarray:
    """Which components may break a constraint and so must be built edge by edge."""
    troubled = np.zeros(int(part.max()) + 1 if len(part) else 0, dtype=bool)
    at = (
        records.sort("rid")
        .select("src", "dup", "unit")
        .with_columns(pl.Series("part", part, dtype=pl.Int64))
        .filter(pl.Series(np.bincount(part)[part] > 1 if len(part) else []))
    )
    single = at.filter(~pl.col("dup"))
    sources = 1 + int(at["src"].max() or 0)  # type: ignore[arg-type]
    held = np.bincount(single["part"].to_numpy() * sources + single["src"].to_numpy())
    troubled[np.flatnonzero(held > 1) // sources] = True
    units = (
        at.filter("dup")
        .group_by("part", "src")
        .agg(pl.col("unit").n_unique().alias("u"))
        .filter(pl.col("u") > 1)
    )
    troubled[units["part"].to_numpy()] = True
    if not _grown_up(records):
        births = records.sort("rid")["dob"]
        differ = births.gather(a).ne_missing(births.gather(b)).to_numpy()
        troubled[part[a[differ]]] = True
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
    met = np.unique(np.concatenate([a, b]))
    own = records.sort("rid").select("src", "dup", "dob", "unit")[met]
    source, dup, births, units = (
        dict(zip(met.tolist(), own[name].to_list(), strict=True)) for name in own.columns
    )
    any_birth = _grown_up(records)
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
        if may_join(group_l, group_r, any_birth or bool(weight[i] >= BEYOND_BIRTHS)):
            parent[right] = left
            members[left] = group_l + group_r
        else:
            refused[i] = True
    return refused


def _grown_up(records: pl.DataFrame) -> bool:
    return "grown_up" in records.columns and bool(records["grown_up"].all())


def _far(one: str | None, other: str | None) -> bool:
    """True when two births differ in more than two parts of three."""
    if one is None or other is None:
        return False
    return one[:4] != other[:4] and one[5:7] != other[5:7] and one[8:] != other[8:]
