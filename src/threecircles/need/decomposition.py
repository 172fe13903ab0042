"""Why one authority's rate of use differs from another's: mix of ages, expected need, and a rest with no verdict.

Source: Kitagawa, J. Am. Stat. Assoc. 50 (1955) 1168-1194. The rest is practice, recording or need we cannot see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.errors import UsageError
from threecircles.core.seeds import rng

DRAWS = 2_000
PARTS = ("difference", "mix", "need", "remainder")
WORDS = {
    "difference": "Difference in the rate",
    "mix": "A different mix of ages and sexes",
    "need": "Need expected from what is known of the areas",
    "remainder": "Practice, recording or need we cannot see",
}


@dataclass(frozen=True)
class Side:
    """One authority: by cell of age and sex the share of children, rate of use and rate expected of its areas.

    counts: events behind the rates, for the interval; expected_draws: draws x cells of the expected rate.
    """

    share: np.ndarray
    rate: np.ndarray
    expected: np.ndarray
    counts: np.ndarray | None = None
    expected_draws: np.ndarray | None = None

    def __post_init__(self) -> None:
        if abs(float(self.share.sum()) - 1) > 1e-6:
            raise UsageError("Shares of the cells must add to 1.", found=f"{self.share.sum():.6f}")


def decompose(own: Side, other: Side) -> dict[str, float]:
    """The difference of the two rates and its three parts, which add to it exactly."""
    w, big_w, r, big_r = own.share, other.share, own.rate, other.rate
    e, big_e = own.expected, other.expected
    middle = (w + big_w) / 2
    return {
        "difference": float((w * r).sum() - (big_w * big_r).sum()),
        "mix": float(((w - big_w) * (r + big_r)).sum() / 2),
        "need": float(((e - big_e) * middle).sum()),
        "remainder": float((((r - big_r) - (e - big_e)) * middle).sum()),
    }


def with_intervals(own: Side, other: Side, seed: int = 1) -> dict[str, tuple[float, float, float]]:
    """Each part with its 95% ends: counts drawn from Poisson, expected rates from the model's own draws.

    Raises UsageError when a side has no counts.
    """
    if own.counts is None or other.counts is None:
        raise UsageError("An interval needs the counts behind the rates.")
    told, g = decompose(own, other), rng(seed, "decomposition")
    drawn = []
    for k in range(DRAWS):
        sides = [_drawn(s, g, k) for s in (own, other)]
        drawn.append(list(decompose(*sides).values()))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return {p: (told[p], float(low[i]), float(high[i])) for i, p in enumerate(PARTS)}


def _drawn(side: Side, g: np.random.Generator, k: int) -> Side:
    assert side.counts is not None
    people = np.where(side.counts > 0, side.counts / np.where(side.rate > 0, side.rate, 1), 1.0)
    rate = np.where(side.counts > 0, g.poisson(side.counts) / people, side.rate)
    expected = (
        side.expected
        if side.expected_draws is None
        else side.expected_draws[k % len(side.expected_draws)]
    )
    return Side(side.share, rate, expected)
