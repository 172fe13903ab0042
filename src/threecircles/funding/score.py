"""A formula applied where the children lie: DuckDB or Spark adds up the scores, so a nation need not fit in memory."""

from __future__ import annotations

from functools import reduce

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.errors import UsageError
from threecircles.funding.formula import EffectRule, Formula, Outcome, Term
from threecircles.funding.shares import NODES, WEIGHTS


def score(
    cells: nw.LazyFrame,
    formula: Formula,
    *,
    la: str = "la",
    children: str = "n",
    rule: EffectRule | None = None,
) -> pl.DataFrame:
    """Expected need of each authority, added up by the frame's own engine.

    cells: as for `shares.predict`. Columns: la, expected (cost weight x expected events, before any
    layer), in order of la. Raises UsageError for a missing column or a level the formula does not know.
    """
    _check(cells, formula, (la, children))
    total = reduce(
        (lambda a, b: a * b) if formula.kind == "two_part" else (lambda a, b: a + b),
        (
            outcome.cost_weight * _chance(outcome, rule or formula.effect_rule)
            for outcome in formula.outcomes
        ),
    )
    sums = (
        cells.with_columns(_expected=total * nw.col(children).cast(nw.Float64))
        .group_by(nw.col(la).cast(nw.String).alias("la"))
        .agg(expected=nw.col("_expected").sum())
    )
    return collect(sums).sort("la")


def _chance(outcome: Outcome, rule: EffectRule) -> nw.Expr:
    eta = nw.lit(outcome.intercept)
    for term in outcome.terms:
        eta = eta + _part(term)
    sd = (outcome.random.area_sd**2 + outcome.random.la_sd**2) ** 0.5
    if rule == "at_zero" or sd == 0:
        return _response(eta, outcome.link)
    share = WEIGHTS / WEIGHTS.sum()
    parts = [
        float(w) * _response(eta + float(sd * z), outcome.link)
        for z, w in zip(NODES, share, strict=True)
    ]
    return reduce(lambda a, b: a + b, parts)


def _response(eta: nw.Expr, link: str) -> nw.Expr:
    return 1.0 / (1.0 + (-1.0 * eta).exp()) if link == "logit" else eta.exp()


def _part(term: Term) -> nw.Expr:
    if term.coding == "numeric":
        assert term.estimate is not None
        return nw.col(term.name).cast(nw.Float64) * term.estimate
    value = nw.col(term.name).cast(nw.String)
    made = nw.lit(0.0)
    for level, estimate in term.estimates.items():
        made = nw.when(value == level).then(nw.lit(estimate)).otherwise(made)
    return made


def _check(cells: nw.LazyFrame, formula: Formula, columns: tuple[str, str]) -> None:
    known = cells.collect_schema().names()
    terms = {t.name: t for o in formula.outcomes for t in o.terms}
    missing = [c for c in (*columns, *terms) if c not in known]
    if missing:
        raise UsageError(
            "The formula needs columns that are not there.",
            found=", ".join(missing),
            allowed=", ".join(known),
        )
    for name in dict.fromkeys((*columns, *terms)):
        empty = collect(cells.filter(nw.col(name).is_null()).select(nw.len().alias("rows")))
        if empty["rows"][0]:
            raise UsageError(f"{name} is missing in {empty['rows'][0]:,} rows.")
    for outcome in formula.outcomes:
        for term in outcome.terms:
            if term.coding == "factor":
                _check_levels(cells, term)


def _check_levels(cells: nw.LazyFrame, term: Term) -> None:
    assert term.reference_level is not None
    levels = {term.reference_level, *term.estimates}
    found = collect(cells.select(nw.col(term.name).cast(nw.String).alias("level")).unique())
    unknown = sorted(set(found["level"].to_list()) - levels)
    if unknown:
        raise UsageError(
            f"{term.name} has levels the formula does not know.",
            found=", ".join(unknown),
            allowed=", ".join(sorted(levels)),
        )
