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
    many = g.poisson(np.r_[own.counts, other.counts], (DRAWS, len(own.counts) + len(other.counts)))
    r, e = _drawn(own, many[:, : len(own.counts)])
    big_r, big_e = _drawn(other, many[:, len(own.counts) :])
    w, big_w = own.share, other.share
    middle = (w + big_w) / 2
    drawn = {
        "difference": r @ w - big_r @ big_w,
        "mix": (r + big_r) @ (w - big_w) / 2,
        "need": (e - big_e) @ middle,
        "remainder": ((r - big_r) - (e - big_e)) @ middle,
    }
    ends = {p: np.quantile(drawn[p], [0.025, 0.975]) for p in PARTS}
    return {p: (told[p], float(ends[p][0]), float(ends[p][1])) for p in PARTS}


def _drawn(side: Side, many: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates, and expected rates, of every draw (a row each)."""
    assert side.counts is not None
    people = np.where(side.counts > 0, side.counts / np.where(side.rate > 0, side.rate, 1), 1.0)
    rate = np.where(side.counts > 0, many / people, side.rate)
    if side.expected_draws is None:
        return rate, np.broadcast_to(side.expected, rate.shape)
    return rate, side.expected_draws[np.arange(len(many)) % len(side.expected_draws)]
