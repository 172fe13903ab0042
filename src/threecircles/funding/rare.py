"""Shares of a service few children use, from several years together: one year's would be mostly chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import Problem, fit_problem, problem
from threecircles.core.multilevel.glm import glm
from threecircles.funding.shares import Floats, Shares
from threecircles.funding.validity import by_authority, jackknife, judge

EVENTS_PER_TERM = 10
Z90 = 1.6448536269514722
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True)
class Rare:
    """shares: of the rare outcome. error: jackknife, where a fit was made. terms: those that were kept.

    road: which way was taken ("all terms", "fewer terms", "shrunk towards the parent", "the parent's
    shares"), said: in words. events: over all years. yearly_sd: by authority, of single years' shares.
    left: the shares of all (columns) without each authority (rows), where refits were made.
    """

    shares: Shares
    error: Floats
    terms: tuple[str, ...]
    road: str
    said: str
    events: int
    yearly_sd: Floats | None = None
    left: Floats | None = None


def pooled_shares(
    table: pl.DataFrame,
    *,
    outcome: str,
    trials: str,
    numeric: Sequence[str],
    groups: Sequence[str],
    parent: str | None = None,
    year: str | None = "year",
    intervals: bool = True,
) -> Rare:
    """Shares of a rare outcome from stacked years with a year effect, local practice held at the average.

    table: cells with one row a cell and year. numeric: terms in the order in which they may be kept. With
    fewer than 10 events a term: fewer terms in that order; then slopes shrunk towards those of the `parent`
    outcome (penalty chosen by the deviance of authorities left out); then the parent's shares. intervals: whether to leave each authority out for the errors.
    Raises UsageError when there is neither enough nor a parent.
    """
    events = int(table[outcome].sum())
    years = _years(table, year)
    room = max(0, events // EVENTS_PER_TERM - 1 - max(0, years - 1))
    kept = tuple(numeric[: min(room, len(numeric))])
    if len(kept) == len(numeric) or kept:
        road = "all terms" if len(kept) == len(numeric) else "fewer terms"
        shares, left = _fitted(
            table, outcome, trials, kept, groups, year if years > 1 else None, intervals
        )
    elif parent is None:
        raise UsageError(
            f"{events} events carry no term at {EVENTS_PER_TERM} events each.",
            mend="Pool more years, or name the parent outcome.",
        )
    elif events >= EVENTS_PER_TERM:
        road = "shrunk towards the parent"
        shares, left = _shrunk(table, outcome, trials, numeric, groups, parent), None
    else:
        road = "the parent's shares"
        shares, left = _fitted(table, parent, trials, tuple(numeric), groups, None, intervals)
    said = (
        f"{events} events over {years} {'year' if years == 1 else 'years'}, {EVENTS_PER_TERM} needed for each term: "
        f"{road}" + (f" ({', '.join(kept)})" if road == "fewer terms" else "") + "."
    )
    single = _yearly(table, outcome, trials, kept, groups, year, shares.la) if years > 1 and kept else None  # fmt: skip
    error = np.full(len(shares.la), np.nan) if left is None else jackknife(left)
    return Rare(shares, error, kept or tuple(numeric), road, said, events, single, left)


def combined(common: Shares, rare: Shares, weight: float) -> Shares:
    """Shares with the rare outcome at its cost weight (its part of all cost, 0 to 1) beside the common ones."""
    if not 0 <= weight <= 1:
        raise UsageError("The cost weight of the rare outcome is its part of all cost.", found=f"{weight:g}")  # fmt: skip
    order = {code: i for i, code in enumerate(rare.la)}
    part = np.array([rare.share[order[code]] for code in common.la])
    share = (1 - weight) * common.share + weight * part
    return Shares(common.la, share * common.expected.sum(), share)


def with_and_without(
    table: pl.DataFrame,
    *,
    outcome: str,
    parent: str,
    trials: str,
    numeric: Sequence[str],
    groups: Sequence[str],
    weight: float,
    year: str | None = "year",
) -> tuple[pl.DataFrame, Rare]:
    """Shares with and without a rare outcome, each with its 90% jackknife interval (the same authority left out of both).

    weight: the rare outcome's part of all cost. Columns: la, share_without, low_without, high_without,
    share_rare, share_with, low_with, high_with, moved (with / without - 1), yearly_sd, pooled_error (both of
    the rare outcome alone, to be set beside each other). Errors as in `pooled_shares`.
    """
    rare = pooled_shares(table, outcome=outcome, trials=trials, numeric=numeric, groups=groups, parent=parent, year=year)  # fmt: skip
    common, left = _fitted(
        table, parent, trials, numeric, groups, year if _years(table, year) > 1 else None, True
    )
    both = combined(common, rare.shares, weight)
    order = [rare.shares.la.index(code) for code in common.la]
    none = np.full(len(order), np.nan)
    own = none if left is None else Z90 * jackknife(left)
    reach = none
    if left is not None:
        beside = rare.shares.share[order] if rare.left is None else rare.left[np.ix_(order, order)]
        reach = Z90 * jackknife((1 - weight) * left + weight * beside)
    made = pl.DataFrame(
        {
            "la": common.la,
            "share_without": common.share,
            "low_without": common.share - own,
            "high_without": common.share + own,
            "share_rare": rare.shares.share[order],
            "share_with": both.share,
            "low_with": both.share - reach,
            "high_with": both.share + reach,
            "moved": both.share / common.share - 1,
            "yearly_sd": none if rare.yearly_sd is None else rare.yearly_sd[order],
            "pooled_error": rare.error[order],
        }
    )
    return made.with_columns(pl.col(pl.Float64).fill_nan(None)), rare


def _years(table: pl.DataFrame, year: str | None) -> int:
    return 1 if year is None or year not in table.columns else table[year].n_unique()


def _fitted(
    table: pl.DataFrame, outcome: str, trials: str, terms: Sequence[str], groups: Sequence[str], year: str | None,
    intervals: bool,
) -> tuple[Shares, Floats | None]:  # fmt: skip
    made = problem(
        table, outcome=outcome, trials=trials, numeric=terms, groups=groups,
        categorical=[year] if year else [],
    )  # fmt: skip
    fitted = fit_problem(made)
    known = not np.isnan(fitted.covariance).any() and len(made.authority_labels) > 2
    if not (intervals and known):
        return _shares(made, fitted.coefficients), None
    found = judge(made, fitted)
    return found.shares, found.left


def _shares(made: Problem, coefficients: Mapping[str, float]) -> Shares:
    eta = made.design.dot(np.array([coefficients[n] for n in made.design.names])) + made.offset
    expected = by_authority(made, made.n * expit(eta))
    return Shares(made.authority_labels, expected, expected / expected.sum())


def _yearly(
    table: pl.DataFrame, outcome: str, trials: str, terms: Sequence[str], groups: Sequence[str],
    year: str | None, order: Sequence[str],
) -> Floats | None:  # fmt: skip
    """How far single years' shares wander: the standard deviation of each authority's."""
    assert year is not None
    rows = []
    for (_,), part in table.group_by(year, maintain_order=True):
        if part[outcome].sum() == 0:
            continue
        made = problem(part, outcome=outcome, trials=trials, numeric=terms, groups=groups)
        b, _ = glm(made, 1e-2)
        shares = _shares(made, dict(zip(made.design.names, b.tolist(), strict=True)))
        at = {code: i for i, code in enumerate(shares.la)}
        rows.append([shares.share[at[code]] for code in order])
    return np.std(np.array(rows), axis=0, ddof=1) if len(rows) > 1 else None


def _shrunk(
    table: pl.DataFrame, outcome: str, trials: str, numeric: Sequence[str], groups: Sequence[str], parent: str,
) -> Shares:  # fmt: skip
    """Slopes held near the parent's: the parent's predictor is the offset, and a ridge pulls what is added to nought."""
    of_parent = problem(table, outcome=parent, trials=trials, numeric=numeric, groups=groups)
    slopes = fit_problem(of_parent).coefficients
    offset = sum((table[t] * slopes[t] for t in numeric), pl.Series([0.0] * table.height))
    held = table.with_columns(_parent=offset)
    terms: dict[str, Any] = {"outcome": outcome, "trials": trials, "numeric": numeric, "groups": groups, "offset": "_parent"}  # fmt: skip
    la = held[groups[-1]].cast(pl.Utf8)
    folds = {code: i % 5 for i, code in enumerate(la.unique(maintain_order=True))}
    fold = la.replace_strict(folds, return_dtype=pl.Int64)
    deviances = [_left_out_deviance(held, fold, terms, p) for p in PENALTIES]
    best = PENALTIES[int(np.argmin(deviances))]
    made = problem(held, **terms)
    b, _ = glm(made, best)
    return _shares(made, dict(zip(made.design.names, b.tolist(), strict=True)))


def _left_out_deviance(table: pl.DataFrame, fold: pl.Series, terms: dict[str, Any], penalty: float) -> float:  # fmt: skip
    total = 0.0
    for k in range(5):
        inside, outside = table.filter(fold != k), table.filter(fold == k)
        if inside[str(terms["outcome"])].sum() == 0 or outside.is_empty():
            continue
        made = problem(inside, **terms)
        b, _ = glm(made, penalty)
        by = dict(zip(made.design.names, b.tolist(), strict=True))
        eta = by["(intercept)"] + outside["_parent"].to_numpy()
        for name in terms["numeric"]:
            eta = eta + by[name] * outside[name].to_numpy()
        y = outside[str(terms["outcome"])].to_numpy()
        n = outside[str(terms["trials"])].to_numpy()
        total -= 2 * float(y @ eta - n @ np.logaddexp(0, eta))
    return total
