"""How a service changes the rate of referral: without it an effect could only be painted on records.

A rate is changed by leaving candidates out (ratio below 1) or by taking more from a second draw of the same
rates (ratio above 1), so the first referrals of everyone else stay those of the same seed without the service.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER

Dose = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Children and days -> strength there and then; 1 is the whole effect."""
Drawn = tuple[np.ndarray, np.ndarray]
"""Children and days of referrals that would be made if no episode were open."""


@dataclass(frozen=True)
class Hazard:
    """One cause of a changed rate: the log ratio at dose 1, and the dose of a child on a day."""

    id: str
    log_ratio: float
    dose: Dose

    def log_rate(self, child: np.ndarray, day: np.ndarray) -> np.ndarray:
        """What is added to the log rate of children on days."""
        return self.log_ratio * self.dose(child, day)


def acted(seed: int, hazards: Sequence[Hazard], drawn: Drawn, more: Drawn) -> Drawn:
    """The candidates under all hazards together, in order of child and day.

    drawn, more: two independent draws of the same rates without any hazard. Ratios above 2 count as 2.
    """
    kept = rng(seed, "effects", "keep").random(len(drawn[0])) < np.exp(_total(hazards, *drawn))
    added = rng(seed, "effects", "more").random(len(more[0])) < np.expm1(_total(hazards, *more))
    child, day = (np.r_[a[kept], b[added]] for a, b in zip(drawn, more, strict=True))
    order = np.lexsort((day, child))
    return child[order], day[order]


def _total(hazards: Sequence[Hazard], child: np.ndarray, day: np.ndarray) -> np.ndarray:
    return sum((h.log_rate(child, day) for h in hazards), np.zeros(len(child)))


def first_day(n: int, drawn: Drawn) -> np.ndarray:
    """First referral of each of n children, NEVER for none; nothing can stand in the way of the first."""
    found = np.full(n, NEVER)
    np.minimum.at(found, *drawn)
    return found


def ratio_on_exposed(
    seed: int, hazards: Sequence[Hazard], one: Hazard, n: int, drawn: Drawn, more: Drawn
) -> tuple[int, int]:
    """First referrals of those exposed, with the service and in the same seed without it.

    Only referrals under a dose count; the uniform numbers are the same in both, so the two differ by the service.
    """
    told = []
    for used in (hazards, [h for h in hazards if h is not one]):
        first = first_day(n, acted(seed, used, drawn, more))
        who = np.flatnonzero(first < NEVER)
        told.append(int((one.dose(who, first[who]) > 0).sum()))
    return told[0], told[1]
