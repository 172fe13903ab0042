"""What would change, and for whom: without it a formula could be disliked but not tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import Fit, fit_problem, problem
from threecircles.funding.fit_file import FitSpec, read_table
from threecircles.funding.formula import EffectRule
from threecircles.funding.shares import Floats, from_fit, predictor, probability
from threecircles.funding.validity import jackknife, judge
from threecircles.funding.vintage import Vintage, added_column, carried_name

BANDS = (0.01, 0.05, 0.10)


@dataclass(frozen=True)
class Compared:
    """table: la, share_a, share_b, points (share points), change (share b / a - 1), pence, low, high.

    low, high: 90% ends of `points`, by the paired jackknife (the same authority left out of both); null
    when it was not asked for. moved: how many authorities moved by more than each band. fits: log-likelihood
    and aic of both, where both were fitted.
    """

    table: pl.DataFrame
    moved: dict[str, int]
    fits: tuple[dict[str, float], ...] = ()


def changed(
    spec: FitSpec, *, swap: Mapping[str, str] | None = None, drop: Sequence[str] = ()
) -> FitSpec:
    """The same fit with terms swapped or dropped. Raises UsageError for a term the fit does not have."""
    swap = swap or {}
    terms = [*spec.categorical, *spec.numeric]
    for name in (*swap, *drop):
        if name not in terms:
            raise UsageError(f"{name} is not a term of the formula.", allowed=", ".join(terms))
    keep = lambda names: [swap.get(n, n) for n in names if n not in drop]  # noqa: E731
    reference = {k: v for k, v in spec.reference.items() if k not in drop and k not in swap}
    return replace(
        spec, categorical=keep(spec.categorical), numeric=keep(spec.numeric), reference=reference
    )


def compare(
    base: FitSpec,
    other: FitSpec,
    *,
    rule: EffectRule = "at_zero",
    budget_pence: int | None = None,
    intervals: bool = True,
    vintage: Vintage | None = None,
) -> Compared:
    """Shares under two fits to the same rows, authority by authority.

    A swap keeps the population of areas identical: a covariate that is missing anywhere is an error.
    vintage: another vintage of a term, which `other` names by `vintage.carried_name`.
    """
    made_up = carried_name(vintage.term) if vintage else None
    columns = [c for c in dict.fromkeys((*base.columns(), *other.columns())) if c != made_up]
    table = read_table(Path(base.file), columns)
    if vintage is not None:
        area = base.groups[0]
        found = added_column(vintage, table[area]).rename({"area": area})
        table = table.with_columns(pl.col(area).cast(pl.Utf8)).join(
            found, on=area, how="left", maintain_order="left"
        )
    made = [problem(table, **spec.terms()) for spec in (base, other)]
    fits = [fit_problem(m, penalty=s.penalty) for m, s in zip(made, (base, other), strict=True)]
    if len(made[0].authority_labels) < 2:
        raise UsageError("Shares need at least two authorities.", found=", ".join(base.groups))
    shares = [
        _shares(table, spec, fitted, made[0].authority_labels, rule)
        for spec, fitted in zip((base, other), fits, strict=True)
    ]
    reach = None
    if intervals and len(made[0].authority_labels) > 2:
        left = [judge(m, f).left for m, f in zip(made, fits, strict=True)]
        reach = 1.6448536269514722 * jackknife(left[1] - left[0])
    compared = compare_shares(made[0].authority_labels, shares[0], shares[1], budget_pence, reach)
    told = tuple({"log_likelihood": f.log_likelihood, "aic": f.aic} for f in fits)
    return replace(compared, fits=told)


def compare_shares(
    la: Sequence[str],
    before: Floats,
    after: Floats,
    budget_pence: int | None = None,
    reach: Floats | None = None,
) -> Compared:
    """Two vectors of shares of the same authorities beside each other. reach: half-width of each difference."""
    points = after - before
    none = pl.Series([None] * len(la), dtype=pl.Float64)
    table = pl.DataFrame(
        {
            "la": list(la),
            "share_a": before,
            "share_b": after,
            "points": points,
            "change": after / before - 1,
            "low": points - reach if reach is not None else none,
            "high": points + reach if reach is not None else none,
        }
    )
    if budget_pence is not None:
        table = table.with_columns(pence=(pl.col("points") * budget_pence).round(0).cast(pl.Int64))
    moved = {f"{b:.0%}": int((np.abs(after / before - 1) > b).sum()) for b in BANDS}
    return Compared(table.sort("change", descending=True), moved)


def _shares(
    table: pl.DataFrame,
    spec: FitSpec,
    fitted: Fit,
    order: Sequence[str],
    rule: EffectRule,
) -> Floats:
    outcome = from_fit(fitted, outcome=spec.outcome, categorical=spec.categorical)
    chance = probability(predictor(outcome, table), outcome.link, outcome.random, rule)
    size = spec.trials or spec.exposure
    n = table[size].cast(pl.Float64).to_numpy() if size else np.ones(table.height)
    la = table[spec.groups[-1]].cast(pl.Utf8)
    sums = dict(
        pl.DataFrame({"la": la, "need": chance * n})
        .group_by("la")
        .agg(pl.col("need").sum())
        .iter_rows()
    )
    need = np.array([sums[code] for code in order])
    return np.asarray(need / need.sum(), dtype=np.float64)
