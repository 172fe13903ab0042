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


def redrawn(
    days: np.ndarray,
    ends: Sequence[str],
    cluster: np.ndarray,
    times: np.ndarray,
    marks: Sequence[float],
) -> dict[str | None, np.ndarray]:
    """Shares at the marks in every draw of clusters, all draws at once.

    cluster: number of each child's cluster, from 0. times: draws x clusters, how often a draw holds each.
    Returns route -> draws x marks, and under None the share still waiting; each row is what `curve` tells
    of the draw's children. Draws without a child are left out.
    """
    # Nothing after the last mark changes a share at it, and each distinct day costs a step.
    late = np.asarray(days, dtype=float) > max(marks)
    d = np.where(late, max(marks) + 1, np.asarray(days, dtype=float))
    route = np.where(late, CENSORED, np.asarray(ends, dtype=str))
    routes = sorted({r for r in np.asarray(ends, dtype=str).tolist() if r != CENSORED})
    points, day = np.unique(d, return_inverse=True)
    shape = (times.shape[1], len(points))

    def held(chosen: np.ndarray) -> np.ndarray:
        counts = np.zeros(shape)
        np.add.at(counts, (cluster[chosen], day[chosen]), 1.0)
        return np.asarray(times @ counts, dtype=float)

    left = held(np.ones(len(d), dtype=bool))
    kept = left.sum(axis=1) > 0
    risk = left[kept, ::-1].cumsum(axis=1)[:, ::-1]
    now = {r: held(route == r)[kept] for r in routes}
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = {r: np.nan_to_num(n / risk) for r, n in now.items()}
    gone = sum(hazard.values(), np.zeros(risk.shape))
    after = np.cumprod(1 - gone, axis=1)
    before = np.column_stack([np.ones(len(after)), after[:, :-1]])
    at = np.searchsorted(points, marks, side="right") - 1

    def on_marks(values: np.ndarray, start: float) -> np.ndarray:
        return np.where(at[None, :] >= 0, values[:, np.maximum(at, 0)], start)

    found: dict[str | None, np.ndarray] = {None: on_marks(after, 1.0)}
    for r in routes:
        found[r] = on_marks(np.cumsum(before * hazard[r], axis=1), 0.0)
    return found
