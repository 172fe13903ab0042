"""A machine's grouping, to lay beside the people's when theirs is saved: it knows nothing of what children need.

Gower's distance over mixed facts, k medoids, k by silhouette, stability by bootstrap. Sources: Gower,
Biometrics 27 (1971) 857-871; Kaufman and Rousseeuw, Finding Groups in Data (1990), chs 2 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.agreement import adjusted_rand
from threecircles.core.errors import UsageError
from threecircles.core.seeds import rng
from threecircles.need.audit.form import BLANKS, Form

MOST, DRAWS = 8, 20
LEAST_CASES = 10


@dataclass(frozen=True)
class Grouped:
    """labels: group of each case, 1 and up. silhouette: -1 to 1. stability: mean adjusted Rand over redrawn cases."""

    labels: tuple[int, ...]
    k: int
    silhouette: float
    stability: float


def gower(coded: pl.DataFrame, form: Form) -> np.ndarray:
    """Distance of every two cases, 0 to 1: the mean over the fields both have of how far they are apart.

    Unknown and not in file count for nothing. A scale counts by steps over its range, several answers by
    what they share of all they name (Jaccard); two cases with no field in common are 1 apart.
    """
    size = coded.height
    apart, both = np.zeros((size, size)), np.zeros((size, size))
    for code, asked in form.fields.items():
        if asked.type in ("text", "month") or asked.part == "service":
            continue
        told = [None if v in BLANKS else v for v in coded[code].to_list()]
        known = np.array([v is not None for v in told])
        if not known.any():
            continue
        pair = known[:, None] & known[None, :]
        both += pair
        apart += pair * _apart(told, asked.type, asked.choices, asked.ordered)
    with np.errstate(invalid="ignore"):
        return np.where(both > 0, apart / np.maximum(both, 1), 1.0) * (1 - np.eye(size))


def grouped(distance: np.ndarray, seed: int = 1) -> Grouped:
    """Groups of like cases; k from 2 to 8 with the best silhouette. Raises UsageError below 10 cases."""
    size = len(distance)
    if size < LEAST_CASES:
        raise UsageError("Too few cases to group.", found=str(size), allowed=f"{LEAST_CASES} or more")  # fmt: skip
    found = {k: k_medoids(distance, k) for k in range(2, min(MOST, size // 3) + 1)}
    told = {k: silhouette(distance, labels) for k, labels in found.items()}
    best = max(told, key=lambda k: (round(told[k], 12), -k))
    labels, g = found[best], rng(seed, "needs-audit-groups")
    alike = []
    for _ in range(DRAWS):
        drawn = np.unique(g.integers(0, size, size))
        again = k_medoids(distance[np.ix_(drawn, drawn)], best)
        alike.append(adjusted_rand(labels[drawn].tolist(), again.tolist()))
    return Grouped(
        tuple(int(n) + 1 for n in labels), best, float(told[best]), float(np.mean(alike))
    )


def k_medoids(distance: np.ndarray, k: int) -> np.ndarray:
    """Each case's group, 0 to k-1, the largest first: medoids built greedily, then moved while the sum falls."""
    medoids = [int(distance.sum(axis=1).argmin())]
    while len(medoids) < k:
        near = distance[:, medoids].min(axis=1)
        gain = np.maximum(near[:, None] - distance, 0).sum(axis=0)
        gain[medoids] = -1
        medoids.append(int(gain.argmax()))
    for _ in range(100):
        labels = distance[:, medoids].argmin(axis=1)
        moved = [_centre(distance, np.flatnonzero(labels == j), medoids[j]) for j in range(k)]
        if moved == medoids:
            break
        medoids = moved
    labels = distance[:, medoids].argmin(axis=1)
    order = np.argsort(-np.bincount(labels, minlength=k), kind="stable")
    return np.argsort(order)[labels]


def silhouette(distance: np.ndarray, labels: np.ndarray) -> float:
    """How much nearer cases lie to their own group than to the next, on average; 0 for a group of one."""
    names = np.unique(labels)
    inside = labels[:, None] == names[None, :]
    counts = inside.sum(axis=0)
    sums = distance @ inside
    own = inside.argmax(axis=1)
    rows = np.arange(len(labels))
    with np.errstate(invalid="ignore", divide="ignore"):
        a = sums[rows, own] / (counts[own] - 1)
        others = np.where(inside, np.inf, sums / counts)
        b = others.min(axis=1)
        s = (b - a) / np.maximum(a, b)
    return float(np.where(counts[own] > 1, np.nan_to_num(s), 0.0).mean())


def _centre(distance: np.ndarray, members: np.ndarray, before: int) -> int:
    if not len(members):
        return before
    return int(members[distance[np.ix_(members, members)].sum(axis=1).argmin()])


def _apart(told: list[str | None], kind: str, choices: dict[str, str], ordered: bool) -> np.ndarray:
    if kind == "number" or ordered:
        at = {v: float(i) for i, v in enumerate(choices)}
        values = np.array([np.nan if v is None else at[v] if ordered else float(v) for v in told])
        width = np.nanmax(values) - np.nanmin(values) or 1.0
        if ordered:
            width = max(len(choices) - 1, 1)
        return np.asarray(np.nan_to_num(np.abs(values[:, None] - values[None, :]) / width))
    if kind == "multiple":
        held = np.array([[c in (v or "").split(";") for c in choices] for v in told], dtype=float)
        both = held @ held.T
        either = held.sum(axis=1)[:, None] + held.sum(axis=1)[None, :] - both
        return np.asarray(1 - both / np.maximum(either, 1))
    values = np.array([v or "" for v in told])
    return np.asarray(values[:, None] != values[None, :], dtype=float)
