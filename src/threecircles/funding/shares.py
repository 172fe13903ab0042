"""From a fitted or published model to each authority's share, local practice held at the average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import Fit
from threecircles.core.multilevel.checks import as_number, as_text
from threecircles.core.rounding import largest_remainder
from threecircles.funding.formula import EffectRule, Formula, Outcome, Random, Term

Floats = NDArray[np.float64]
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True)
class Shares:
    """la: codes in order. expected: predicted events x cost weight x area cost. share: adds up to 1."""

    la: tuple[str, ...]
    expected: Floats
    share: Floats


def predictor(outcome: Outcome, cells: pl.DataFrame) -> Floats:
    """The linear predictor of each cell with authority and area effects nought.

    Raises UsageError for a column that is missing or a level the formula does not know.
    """
    eta = np.full(cells.height, outcome.intercept)
    for term in outcome.terms:
        if term.name not in cells.columns:
            raise UsageError(
                f"The formula's term {term.name} has no column.", allowed=", ".join(cells.columns)
            )
        eta = eta + contribution(term, cells[term.name])
    return eta


def contribution(term: Term, column: pl.Series) -> Floats:
    """What a term adds to the linear predictor of each cell. Raises UsageError for an unknown level."""
    if term.coding == "numeric":
        assert term.estimate is not None
        return as_number(pl.DataFrame({term.name: column}), term.name).to_numpy() * term.estimate
    assert term.reference_level is not None
    known = {term.reference_level: 0.0, **term.estimates}
    found = as_text(pl.DataFrame({term.name: column}), term.name)
    unknown = [v for v in found.unique().to_list() if v not in known]
    if unknown:
        raise UsageError(f"{term.name} has levels the formula does not know.", found=", ".join(map(str, unknown)),
                         allowed=", ".join(known))  # fmt: skip
    return found.replace_strict(known, return_dtype=pl.Float64).to_numpy()


def probability(eta: Floats, link: str, random: Random, rule: EffectRule) -> Floats:
    """Expected events a child with practice at the national average.

    at_zero: effects nought. marginal: averaged over N(0, area_sd^2 + la_sd^2) by 9-point Gauss-Hermite.
    """
    response = expit if link == "logit" else np.exp
    if rule == "at_zero":
        return response(eta)
    sd = float(np.hypot(random.area_sd, random.la_sd))
    return sum(
        w * response(eta + sd * z) for z, w in zip(NODES, WEIGHTS / WEIGHTS.sum(), strict=True)
    )


def predict(
    formula: Formula,
    cells: pl.DataFrame,
    *,
    la: str = "la",
    children: str = "n",
    rule: EffectRule | None = None,
    area_cost: dict[str, float] | None = None,
) -> Shares:
    """Each authority's expected need and share.

    cells: one row a group of children, with the formula's terms, the authority and the children's number.
    Score = area cost x sum over outcomes of cost weight x expected events (of a two_part: probability of any
    cost x cost given any); share = score / total.
    """
    each = expected_each(formula, cells, rule or formula.effect_rule)
    total = each * cells[children].cast(pl.Float64).to_numpy()
    sums = (
        cells.select(la=pl.col(la).cast(pl.Utf8), expected=pl.Series(total))
        .group_by("la", maintain_order=True)
        .agg(pl.col("expected").sum())
    )
    codes, expected = sums["la"].to_list(), sums["expected"].to_numpy()
    if area_cost is not None:
        missing = [c for c in codes if c not in area_cost]
        if missing:
            raise UsageError(
                "These authorities have no area cost adjustment.", found=", ".join(missing[:10])
            )
        expected = expected * np.array([area_cost[c] for c in codes])
    return Shares(tuple(codes), expected, expected / expected.sum())


def expected_each(formula: Formula, cells: pl.DataFrame, rule: EffectRule) -> Floats:
    """Expected need of a child of each cell, cost weights counted in: a sum over outcomes, a product in two parts."""
    parts = [
        outcome.cost_weight
        * probability(predictor(outcome, cells), outcome.link, outcome.random, rule)
        for outcome in formula.outcomes
    ]
    return together(formula, parts)


def together(formula: Formula, parts: Sequence[Floats]) -> Floats:
    """Outcomes of a child as one figure: a product for the two parts of a cost, else a sum."""
    made = np.prod(parts, axis=0) if formula.kind == "two_part" else np.sum(parts, axis=0)
    return np.asarray(made, dtype=np.float64)


def from_fit(
    fitted: Fit, *, outcome: str, categorical: Sequence[str] = (), cost_weight: float = 1.0
) -> Outcome:
    """The outcome of a formula from a fit, so that a fitted and a published formula take the same road."""
    terms = []
    for name in categorical:
        mark = f"{name}["
        levels = {
            k[len(mark) : -1]: v for k, v in fitted.coefficients.items() if k.startswith(mark)
        }
        errors = {k: fitted.standard_errors[f"{mark}{k}]"] for k in levels}
        terms.append(
            Term(
                name=name,
                coding="factor",
                reference_level=fitted.references[name],
                estimates=levels,
                ses=errors,
            )
        )
    dummies = {f"{t.name}[{level}]" for t in terms for level in t.estimates}
    terms += [
        Term(name=k, estimate=v, se=fitted.standard_errors[k])
        for k, v in fitted.coefficients.items()
        if k != "(intercept)" and k not in dummies
    ]
    sds = list(fitted.sds.values()) + [0.0, 0.0]
    link: Literal["logit", "log"] = "logit" if fitted.family == "binomial" else "log"
    return Outcome(
        id=outcome,
        label=outcome,
        link=link,
        intercept=fitted.coefficients["(intercept)"],
        terms=terms,
        cost_weight=cost_weight,
        random=Random(area_sd=sds[0], la_sd=sds[1]),
    )


def pennies(shares: Shares, budget_pence: int) -> dict[str, int]:
    """The budget split to the penny; ties go to the lower code; the parts add up exactly."""
    order = sorted(range(len(shares.la)), key=lambda i: (len(shares.la[i]), shares.la[i]))
    parts = largest_remainder([float(shares.share[i]) for i in order], budget_pence)
    return {shares.la[i]: part for i, part in zip(order, parts, strict=True)}


def damped(
    share: Floats, prior: Floats, budget: float, floor: float, ceiling: float | None = None
) -> tuple[Floats, float]:
    """Amounts no lower than floor x prior and no higher than ceiling x prior, and the scale that makes them add up.

    Raises UsageError, with both sums, when floors exceed the budget or ceilings fall short of it.
    """
    low = floor * prior
    high = np.full_like(prior, np.inf) if ceiling is None else ceiling * prior
    if low.sum() > budget * (1 + 1e-12) or high.sum() < budget * (1 - 1e-12):
        raise UsageError("No scale makes the amounts add up to the budget.",
                         found=f"floors {low.sum():,.2f}, ceilings {high.sum():,.2f}, budget {budget:,.2f}")  # fmt: skip

    def amounts(scale: float) -> Floats:
        return np.minimum(high, np.maximum(low, scale * share * budget))

    below, above = 0.0, 1.0
    while amounts(above).sum() < budget and above < 1e12:
        above *= 2
    for _ in range(200):
        middle = (below + above) / 2
        below, above = (middle, above) if amounts(middle).sum() < budget else (below, middle)
    return amounts(above), above
