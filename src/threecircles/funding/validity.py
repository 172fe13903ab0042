"""Can a formula be trusted: own-data effect and intervals, by leaving each authority out in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit, ndtri

from threecircles.core.multilevel import Fit, Problem, fit_problem, leave_out, problem
from threecircles.core.multilevel.problem import Family
from threecircles.core.progress import progress
from threecircles.funding.shares import Floats, Shares


@dataclass(frozen=True)
class Validity:
    """What leaving authorities out tells.

    shares: of the full fit, effects at nought. own_data: |own share without own data / with - 1|, by
    authority. left: the shares of all (columns) without each (rows). standard_errors: of each share, by
    the delete-one-authority jackknife. low, high: 90% ends. actual: shares of the events themselves.
    """

    fitted: Fit
    shares: Shares
    own_data: Floats
    left: Floats
    standard_errors: Floats
    low: Floats
    high: Floats
    actual: Floats


def leave_one_out(
    cells: pl.DataFrame,
    *,
    outcome: str,
    trials: str | None,
    groups: Sequence[str],
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
    level: float = 0.90,
    family: Family = "binomial",
) -> Validity:
    """Refit without each authority and predict all shares.

    cells: as for `fit`. var = (L-1)/L x sum of squared differences from the mean; never from the model's
    information alone, whose intervals are too narrow (spec/funding.md 5).
    """
    made = problem(
        cells, outcome=outcome, trials=trials, categorical=categorical, numeric=numeric, groups=groups,
        family=family,
    )  # fmt: skip
    return judge(made, fit_problem(made), level=level)


def judge(made: Problem, fitted: Fit, *, level: float = 0.90) -> Validity:
    """`leave_one_out` for a problem that is already fitted."""
    full = _shares(made, fitted.coefficients)
    rows = []
    with progress("refits, one authority left out", len(made.authority_labels)) as bar:
        for refit in leave_out(made, fitted):
            rows.append(_shares(made, refit.coefficients).share)
            bar.advance()
    left = np.stack(rows)
    error = jackknife(left)
    reach = ndtri((1 + level) / 2) * error
    events = by_authority(made, made.y)
    return Validity(
        fitted,
        full,
        np.abs(np.diag(left) / full.share - 1),
        left,
        error,
        full.share - reach,
        full.share + reach,
        events / events.sum(),
    )


def jackknife(left: Floats) -> Floats:
    """Standard errors of columns from delete-one rows. Source: Tukey, Ann. Math. Stat. 29 (1958) 614."""
    count = len(left)
    made = np.sqrt((count - 1) / count * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    return np.asarray(made, dtype=np.float64)


def by_authority(made: Problem, values: Floats) -> Floats:
    """Sums of a cell's value over each authority."""
    return made.by_authority(made.by_area(values))


def _shares(made: Problem, coefficients: dict[str, float]) -> Shares:
    b = np.array([coefficients[n] for n in made.design.names])
    eta = made.design.dot(b) + made.offset
    if made.family == "binomial":
        expected = by_authority(made, made.n * expit(eta))
    else:
        expected = by_authority(made, np.exp(eta))
    return Shares(made.authority_labels, expected, expected / expected.sum())
