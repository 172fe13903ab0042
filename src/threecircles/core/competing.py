"""Time to the first of several ends, some never seen: without it those still waiting would count as never helped.

Aalen-Johansen shares by each route, Kaplan-Meier share still waiting. Source: Aalen and Johansen,
Scand. J. Stat. 5 (1978) 141-150; Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958) 457-481.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CENSORED = ""


@dataclass(frozen=True)
class Curve:
    """days: of events, rising. share: route -> share that ended so by each day. waiting: share still waiting."""

    days: np.ndarray
    share: dict[str, np.ndarray]
    waiting: np.ndarray

    def at(self, day: float, route: str | None = None) -> float:
        """Share ended by the route by a day, or still waiting when no route is named."""
        i = int(np.searchsorted(self.days, day, side="right")) - 1
        values = self.waiting if route is None else self.share[route]
        start = 1.0 if route is None else 0.0
        return float(values[i]) if i >= 0 else start

    @property
    def median(self) -> float | None:
        """First day on which half or fewer still wait; None where that is not reached."""
        half = np.flatnonzero(self.waiting <= 0.5 + 1e-12)
        return float(self.days[half[0]]) if len(half) else None


def curve(days: np.ndarray, ends: Sequence[str], weight: np.ndarray | None = None) -> Curve:
    """Shares over time.

    days: to the end of each child's wait. ends: the route that ended it, or CENSORED. Those censored on
    a day are still at risk on it. weight: of each child; None = 1.
    """
    d = np.asarray(days, dtype=float)
    route = np.asarray(ends, dtype=str)
    w = np.ones(len(d)) if weight is None else np.asarray(weight, dtype=float)
    routes = sorted({r for r in route.tolist() if r != CENSORED})
    points = np.unique(d[route != CENSORED])
    waiting: list[float] = []
    shares: dict[str, list[float]] = {r: [] for r in routes}
    left = 1.0
    reached = dict.fromkeys(routes, 0.0)
    for point in points:
        risk = w[d >= point].sum()
        now = {r: w[(d == point) & (route == r)].sum() for r in routes}
        for r in routes:
            reached[r] += left * now[r] / risk
            shares[r].append(reached[r])
        left *= 1 - sum(now.values()) / risk
        waiting.append(left)
    return Curve(points, {r: np.array(v) for r, v in shares.items()}, np.array(waiting))
