"""One outcome of an open formula fitted with and without each authority: kept, so that a changed price or coverage is answered at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import expit

from threecircles.core.multilevel import Fit, fit_problem, leave_out, problem
from threecircles.funding.fit_file import read_table
from threecircles.funding.formula import Outcome
from threecircles.funding.shares import Floats, from_fit, predictor


@dataclass(frozen=True)
class Refitted:
    """outcome: of the formula, cost weight 1. left: by authority left out, the chance of each row of the table
    with practice at nought."""

    fitted: Fit
    outcome: Outcome
    left: Mapping[str, Floats]


@lru_cache(maxsize=4)
def table_of(path: Path) -> pl.DataFrame:
    """The cells of a country."""
    return read_table(path)


@lru_cache(maxsize=64)
def refitted(
    path: Path, outcome: str, trials: str, groups: tuple[str, str], categorical: tuple[str, ...], numeric: tuple[str, ...],
) -> Refitted:  # fmt: skip
    """The fit to a country's cells and what each refit without one authority expects. Raises UsageError."""
    table = table_of(path)
    made = problem(
        table, outcome=outcome, trials=trials, categorical=categorical, numeric=numeric, groups=groups
    )  # fmt: skip
    fitted = fit_problem(made)
    whole = from_fit(fitted, outcome=outcome, categorical=categorical)
    left = {
        r.authority: np.asarray(expit(predictor(_moved(whole, r.coefficients), table)))
        for r in leave_out(made, fitted)
    }
    return Refitted(fitted, whole, left)


def _moved(outcome: Outcome, b: Mapping[str, float]) -> Outcome:
    """The same terms with the coefficients of a refit."""
    terms = [
        replace(t, estimate=b[t.name])
        if t.coding == "numeric"
        else replace(t, estimates={level: b[f"{t.name}[{level}]"] for level in t.estimates})
        for t in outcome.terms
    ]
    return replace(outcome, intercept=b["(intercept)"], terms=terms)
