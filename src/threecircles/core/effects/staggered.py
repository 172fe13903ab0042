"""Services that start at different times in different places: early starters must not serve as comparison.

Each cohort of starters against units not yet or never started, from the last period before its start.
Source: Callaway and Sant'Anna, J. Econometrics 225 (2021) 200-230; Goodman-Bacon, J. Econometrics 225
(2021) 254-277, on what two-way fixed effects do instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from threecircles.core.effects.clustered import Fitted, least_squares


@dataclass(frozen=True)
class Cell:
    """A cohort at a period: the difference, or None where nobody is left to compare with."""

    cohort: float
    period: float
    value: float | None
    treated: int
    comparison: int


@dataclass(frozen=True)
class GroupTime:
    """cells: from each cohort's start on. since: periods since start (0 = first) -> mean. overall: all cells.

    before: periods before the start (2 = two before; the base, 1 before, is nought) -> difference.
    """

    cells: tuple[Cell, ...]
    since: dict[int, Fitted]
    overall: Fitted | None
    before: dict[int, Fitted]


def group_time(
    values: np.ndarray, start: np.ndarray, periods: Sequence[float] | None = None
) -> GroupTime:
    """Differences by cohort and period, averaged over all cells that have a comparison.

    values: units x periods (not a number where not seen). start: first period with the service, infinite
    for never. periods: their names, rising; None = 1, 2, ... Units are the clusters of the errors.
    """
    times = np.arange(1, values.shape[1] + 1) if periods is None else np.asarray(periods)
    cells: list[Cell] = []
    after: dict[int, list[_Rows]] = {}
    earlier: dict[int, list[_Rows]] = {}
    for cohort in sorted({s for s in start.tolist() if np.isfinite(s)}):
        first = int(np.searchsorted(times, cohort))
        if first == 0 or first >= len(times) or times[first] != cohort:
            continue
        for t in range(len(times)):
            if t == first - 1:
                continue
            rows = _rows(
                values, start, cohort, t, first - 1, float(max(times[t], times[first - 1]))
            )
            if t < first:
                if rows is not None:
                    earlier.setdefault(first - t, []).append(rows)
                continue
            told = None if rows is None else rows.difference
            counts = (
                (0, 0) if rows is None else (int(rows.treated.sum()), int((~rows.treated).sum()))
            )
            cells.append(Cell(cohort, float(times[t]), told, *counts))
            if rows is not None:
                after.setdefault(t - first, []).append(rows)
    whole = [r for some in after.values() for r in some]
    return GroupTime(
        tuple(cells),
        {k: f for k, some in sorted(after.items()) if (f := _pooled(some))},
        _pooled(whole) if whole else None,
        {k: f for k, some in sorted(earlier.items()) if (f := _pooled(some))},
    )


@dataclass(frozen=True)
class _Rows:
    unit: np.ndarray
    change: np.ndarray
    treated: np.ndarray

    @property
    def difference(self) -> float:
        return float(self.change[self.treated].mean() - self.change[~self.treated].mean())


def _rows(
    values: np.ndarray, start: np.ndarray, cohort: float, t: int, base: int, until: float
) -> _Rows | None:
    """Changes since the base of the cohort and of units that have not started by then; None without either."""
    change = values[:, t] - values[:, base]
    mine = start == cohort
    used = (mine | (start > until)) & np.isfinite(change)
    if not (used & mine).any() or not (used & ~mine).any():
        return None
    return _Rows(np.flatnonzero(used), change[used], mine[used])


def _pooled(parts: list[_Rows]) -> Fitted | None:
    """The mean difference over cells, each weighing as many as it has starters, with errors by unit."""
    unit = np.concatenate([p.unit for p in parts])
    cell = np.concatenate([np.full(len(p.unit), i) for i, p in enumerate(parts)])
    treated = np.concatenate([p.treated for p in parts])
    change = np.concatenate([p.change for p in parts])
    if len(np.unique(unit)) < 3:
        value = np.average([p.difference for p in parts], weights=[p.treated.sum() for p in parts])
        return Fitted(float(value), float("nan"), float("nan"), float("nan"), float("nan"))
    weight = np.concatenate(
        [np.where(p.treated, 1.0, p.treated.sum() / (~p.treated).sum()) for p in parts]
    )
    x = np.column_stack([treated, cell[:, None] == np.arange(len(parts))]).astype(float)
    return least_squares(x, change, unit, weight)
