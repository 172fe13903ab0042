"""Draws that keep shares: without it a small place would miss its own profile by luck alone."""

from __future__ import annotations

import numpy as np

from threecircles.core.rounding import largest_remainder


def pick(g: np.random.Generator, share: np.ndarray, n: int) -> np.ndarray:
    """n independent choices, as positions in `share`."""
    return _positions(share, g.random(n))


def exactly(g: np.random.Generator, share: float, n: int) -> np.ndarray:
    """True for as near to share x n as a whole number allows, at random places."""
    return g.permutation(n) < round(share * n)


def quota(g: np.random.Generator, share: np.ndarray, n: int) -> np.ndarray:
    """n choices, as positions in `share`, as many of each as whole numbers allow, in random order."""
    return g.permutation(np.repeat(np.arange(len(share)), largest_remainder(list(share), n)))


def even(g: np.random.Generator, time: np.ndarray, block: int = 40) -> np.ndarray:
    """Numbers between 0 and 1 spread evenly over any stretch of time.

    Of every `block` events in order of time, each fortieth of the range is drawn once, so that a year's
    events have the shares and lengths asked for, not only all years together.
    """
    n = len(time)
    place = np.arange(n) // block
    rank = np.empty(n, dtype=int)
    rank[np.lexsort((g.random(n), place))] = np.arange(n) - place * block
    size = np.minimum(block, n - place * block)
    number = np.empty(n)
    number[np.argsort(time, kind="stable")] = (rank + g.random(n)) / size
    return number


def balanced(g: np.random.Generator, share: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Choices, as positions in `share`, whose shares hold over any stretch of time."""
    return _positions(share, even(g, time))


def _positions(share: np.ndarray, number: np.ndarray) -> np.ndarray:
    edges = np.cumsum(share) / np.sum(share)
    return np.searchsorted(edges, number, side="right").clip(0, len(share) - 1)


def highest(score: np.ndarray, who: np.ndarray, share: float) -> np.ndarray:
    """True for the highest scores among `who`, as many as the share says."""
    chosen = np.zeros(len(score), dtype=bool)
    members = np.flatnonzero(who)
    count = round(share * len(members))
    chosen[members[np.argsort(-score[members], kind="stable")[:count]]] = True
    return chosen
