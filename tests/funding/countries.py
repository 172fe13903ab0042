"""What a formula does in countries whose truth is known: own data, intervals, truth, a place that reports nothing."""

from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.multilevel import fit_problem, problem
from threecircles.funding.validity import judge

loaded = spec_from_file_location("pm", Path(__file__).parents[1] / "core_multilevel" / "pm.py")
pm = module_from_spec(loaded)
loaded.loader.exec_module(pm)

TERMS = {
    "outcome": "y",
    "trials": "n",
    "categorical": ["age"],
    "numeric": ["sex", "fsm", "x1", "x2"],
    "groups": ["area", "la"],
}


@dataclass(frozen=True)
class Judged:
    """One country. own_data: by authority; covered: share of 90% intervals with the truth in them."""

    own_data: np.ndarray
    covered: float
    predicted_error: float
    actual_error: float
    silent_change: float
    silent_actual: float


def judged(country):
    """Fit, leave each authority out, compare with the true coefficients, silence authority 20."""
    cells = pm.cells(pm.children(country)[0])
    made = problem(cells, **TERMS)
    found = judge(made, fit_problem(made))
    truth = _true_shares(cells, found.shares.la)
    silent = problem(
        cells.with_columns(y=pl.when(pl.col("la") == 20).then(0).otherwise("y")), **TERMS
    )
    without = _shares(silent, fit_problem(silent).coefficients)
    at = silent.authority_labels.index("20")
    inside = (found.low <= truth) & (truth <= found.high)
    return Judged(
        found.own_data,
        float(inside.mean()),
        float(np.median(np.abs(found.shares.share / truth - 1))),
        float(np.median(np.abs(found.actual / truth - 1))),
        float(abs(without[at] / found.shares.share[at] - 1)),
        float(silent.y[silent.authority[silent.area] == at].sum()),
    )


def _true_shares(cells, authorities):
    eta = pl.lit(pm.TRUE["(intercept)"])
    for name in ("sex", "fsm", "x1", "x2"):
        eta = eta + pm.TRUE[name] * pl.col(name)
    for age in (1, 2, 3):
        eta = eta + pm.TRUE[f"age[{age}]"] * (pl.col("age") == age)
    sums = (
        cells.with_columns(p=pl.col("n") / (1 + (-eta).exp())).group_by("la").agg(pl.col("p").sum())
    )
    by_la = {str(la): p for la, p in sums.iter_rows()}
    made = np.array([by_la[la] for la in authorities])
    return made / made.sum()


def _shares(made, coefficients):
    eta = made.design.dot(np.array([coefficients[n] for n in made.design.names]))
    expected = made.by_authority(made.by_area(made.n / (1 + np.exp(-eta))))
    return expected / expected.sum()
