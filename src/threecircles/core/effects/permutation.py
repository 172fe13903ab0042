"""How rare the difference would be had the draw of clusters fallen otherwise: exact where places are few."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from threecircles.core.seeds import rng

MOST = 200_000
"""Draws above which a random 9,999 stand for all."""


def permutation_p(changes: np.ndarray, treated: np.ndarray, seed: int = 1) -> tuple[int, int]:
    """Draws with a difference at least as large as the one seen, and all draws.

    changes: one a cluster. treated: true for clusters with the service. Every choice of as many clusters
    counts once, the draw that was made among them.
    """
    n, k = len(changes), int(treated.sum())
    seen = abs(_difference(changes, treated))
    if comb(n, k) <= MOST:
        chosen = np.array(list(combinations(range(n), k)))
        drawn = np.zeros((len(chosen), n), dtype=bool)
        drawn[np.arange(len(chosen))[:, None], chosen] = True
    else:
        order = rng(seed, "permutation").random((9_999, n)).argsort(axis=1)
        drawn = np.vstack([treated, order < k])
    inside = drawn @ changes / k
    outside = (~drawn) @ changes / (n - k)
    return int((np.abs(inside - outside) >= seen - 1e-12).sum()), len(drawn)


def _difference(changes: np.ndarray, treated: np.ndarray) -> float:
    return float(changes[treated].mean() - changes[~treated].mean())
