"""Can a formula be trusted: own-data effect and intervals, by leaving each authority out in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.multilevel import fit
from threecircles.core.progress import progress
from threecircles.funding.formula import Formula
from threecircles.funding.shares import Floats, Shares, from_fit, predict


@dataclass(frozen=True)
class Validity:
    """shares: of the full fit. own_data: |own share without own data / with - 1|, by authority.

    standard_errors: of each share, by the delete-one-authority jackknife. low, high: 90% ends.
    """

    shares: Shares
    own_data: Floats
    standard_errors: Floats
    low: Floats
    high: Floats


def leave_one_out(
    cells: pl.DataFrame, *, outcome: str, trials: str, categorical: Sequence[str], numeric: Sequence[str],
    groups: Sequence[str], level: float = 0.90,
) -> Validity:  # fmt: skip
    """Refit without each authority and predict all shares.

    cells: as for `fit`. var = (L-1)/L x sum of squared differences from the mean; never from the model's
    information alone, whose intervals are too narrow (spec/funding.md 5).
    """
    from scipy.stats import norm

    la = groups[-1]
    # References are fixed by the full table, so that a level missing without one place keeps its meaning.
    reference = {c: _first(cells[c]) for c in categorical}
    terms: dict[str, Any] = {"outcome": outcome, "trials": trials, "categorical": categorical,
                             "numeric": numeric, "groups": groups, "reference": reference}  # fmt: skip

    def shares_of(part: pl.DataFrame) -> Shares:
        made = from_fit(
            fit(part, **terms), outcome=outcome, categorical=categorical, reference=reference
        )
        formula = Formula(
            id="fitted",
            label="Fitted",
            source="this run",
            kind="logistic_child",
            status="fitted",
            outcomes=[made],
        )
        return predict(formula, cells, la=la, children=trials, rule="at_zero")

    full = shares_of(cells)
    left = np.stack(_each(cells, la, full.la, shares_of))
    own = np.abs(np.diag(left) / full.share - 1)
    count = len(full.la)
    error = np.sqrt((count - 1) / count * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    z = norm.ppf((1 + level) / 2)
    return Validity(full, own, error, full.share - z * error, full.share + z * error)


def _each(
    cells: pl.DataFrame,
    la: str,
    authorities: Sequence[str],
    shares_of: Callable[[pl.DataFrame], Shares],
) -> list[Floats]:
    made = []
    with progress("refits, one authority left out", len(authorities)) as bar:
        for authority in authorities:
            made.append(shares_of(cells.filter(pl.col(la).cast(pl.Utf8) != authority)).share)
            bar.advance()
    return made


def _first(values: pl.Series) -> str:
    found = values.cast(pl.Utf8).unique().to_list()
    try:
        return min(found, key=float)
    except ValueError:
        return min(found)
