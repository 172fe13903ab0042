"""Who is drawn: without a recorded seed and known chances a sample is only a list of people.

Each unit gets a number from 0 to 1 by the seed and its own code, so that the same seed draws the same
list whatever the order of the frame, the machine or the engine. Source: Ohlsson, in Business Survey
Methods (1995), ch. 9 (permanent random numbers); allocation: Cochran, Sampling Techniques (1977), ch. 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from threecircles.core.seeds import stable_hash

Allocation = Literal["equal", "proportional", "neyman"]


def allocate(
    sizes: Sequence[int],
    total: int,
    how: Allocation = "proportional",
    spread: Sequence[float] | None = None,
    floor: int = 0,
) -> list[int]:
    """How many of `total` to draw from each stratum; whole, never above its size, summing to total.

    sizes: units in each stratum. how: equal; proportional to size; neyman, proportional to size times
    `spread` (standard deviation in each stratum). floor: at least so many of each, or all it has.
    Raises ValueError when total is above what the strata hold or below the floors.
    """
    floors = [min(floor, size) for size in sizes]
    if not sum(floors) <= total <= sum(sizes):
        raise ValueError(f"{total} cannot be drawn: floors ask {sum(floors)}, strata hold {sum(sizes)}.")  # fmt: skip
    if how == "neyman" and spread is None:
        raise ValueError("Neyman allocation needs the spread of each stratum.")
    wish = {"equal": [1.0] * len(sizes), "proportional": [float(s) for s in sizes],
            "neyman": [s * d for s, d in zip(sizes, spread or [], strict=False)]}[how]  # fmt: skip
    return _filled(wish, floors, list(sizes), total)


def _filled(wish: list[float], floors: list[int], sizes: list[int], total: int) -> list[int]:
    """One scale for all wishes, cut to floor and size, found by halving; then whole numbers."""
    least = max(wish, default=0.0) * 1e-9 or 1.0
    wish = [max(w, least) for w in wish]
    low, high = 0.0, max((size + 1) / w for size, w in zip(sizes, wish, strict=True))
    for _ in range(200):
        middle = (low + high) / 2
        exact = [min(max(middle * w, f), s) for w, f, s in zip(wish, floors, sizes, strict=True)]
        low, high = (middle, high) if sum(exact) < total else (low, middle)
    parts = [int(e + 1e-9) for e in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in [i for i in order if parts[i] < sizes[i]][: total - sum(parts)]:
        parts[i] += 1
    return parts


def numbers(codes: pl.Series, seed: int, purpose: str) -> pl.Series:
    """Each code's number from 0 up to 1, decided by seed, purpose and code alone; Float64."""
    made = [stable_hash(seed, purpose, code) / 2**64 for code in codes.to_list()]
    return pl.Series(codes.name, made, dtype=pl.Float64)
