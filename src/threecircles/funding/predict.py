"""Each authority's share, layer by layer: without it nobody could see what moved the money."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.coverage import Coverage, covered_score, population_covered
from threecircles.funding.formula import EffectRule, Formula, need_kind
from threecircles.funding.shares import Shares, damped, pennies, predict

LAYERS = ("need", "area_cost", "damping")


def predicted(
    formula: Formula,
    cells: pl.DataFrame,
    *,
    la: str = "la",
    children: str = "n",
    rule: EffectRule | None = None,
    budget_pence: int | None = None,
    prior_pence: dict[str, int] | None = None,
    floor: float = 0.0,
    ceiling: float | None = None,
    layers_off: tuple[str, ...] = (),
    coverage: Coverage | None = None,
) -> pl.DataFrame:
    """One row an authority: need by both rules, and its share and pounds before and after each layer.

    Columns: la, children, population_share, expected_at_zero, expected_marginal, share_at_zero,
    share_marginal, share_need (the rule in force), share_area_cost (after the adjustment, when the formula
    has one), and with a budget pence_need, pence_area_cost, pence (after damping). prior_pence: last
    year's amounts, for damping. coverage: adds covered_part and share_covered, where covered children stand for
    all; it is then the share in force. Raises UsageError for missing columns and impossible floors.
    """
    need_kind(formula, "logistic_child", "poisson_area", "two_part")
    unknown = [name for name in layers_off if name not in LAYERS]
    if unknown:
        raise UsageError("There is no such layer.", found=", ".join(unknown), allowed=", ".join(LAYERS[1:]))  # fmt: skip
    if prior_pence is None and (floor or ceiling is not None):
        raise UsageError("A floor or a ceiling is a part of last year's amounts.", mend="Give them with --prior FILE (la, pounds).")  # fmt: skip
    if prior_pence is not None and budget_pence is None:
        raise UsageError("Damping shares pounds, so it needs a budget.", mend="Give --budget POUNDS.")  # fmt: skip
    for column in (la, children):
        if column not in cells.columns:
            raise UsageError(
                f"The cells lack the column {column}.",
                found=", ".join(cells.columns),
                mend="Name the columns of authorities and of children with --la and --children.",
            )
    zero = predict(formula, cells, la=la, children=children, rule="at_zero")
    marginal = predict(formula, cells, la=la, children=children, rule="marginal")
    in_force = zero if (rule or formula.effect_rule) == "at_zero" else marginal
    heads = _children(cells, la, children, in_force.la)
    made = pl.DataFrame(
        {
            "la": in_force.la,
            "children": heads,
            "population_share": heads / heads.sum(),
            "expected_at_zero": zero.expected,
            "expected_marginal": marginal.expected,
            "share_at_zero": zero.share,
            "share_marginal": marginal.share,
            "share_need": in_force.share,
        }
    )
    if coverage is not None:
        in_force = covered_score(
            formula, cells, coverage, children=children, rule=rule or formula.effect_rule
        )
        part = population_covered(cells, coverage, children)
        made = made.with_columns(
            covered_part=pl.Series([part[code] for code in in_force.la]),
            share_covered=pl.Series(in_force.share),
        )
    after = in_force
    if formula.area_cost and "area_cost" not in layers_off:
        adjusted = _adjusted(in_force, formula.area_cost)
        after = adjusted
        made = made.with_columns(share_area_cost=pl.Series(adjusted.share))
    if budget_pence is None:
        return made
    return made.with_columns(
        _money(in_force, budget_pence, "pence_need"),
        *([_money(after, budget_pence, "pence_area_cost")] if after is not in_force else []),
        _last(
            after,
            budget_pence,
            None if "damping" in layers_off else prior_pence,
            floor,
            ceiling,
        ),
    )


def _adjusted(shares: Shares, area_cost: dict[str, float]) -> Shares:
    """Shares after the area cost adjustment. Raises UsageError for authorities without one."""
    missing = [code for code in shares.la if code not in area_cost]
    if missing:
        raise UsageError("These authorities have no area cost adjustment.", found=", ".join(missing[:10]))  # fmt: skip
    expected = shares.expected * np.array([area_cost[code] for code in shares.la])
    return Shares(shares.la, expected, expected / expected.sum())


def _children(cells: pl.DataFrame, la: str, children: str, order: tuple[str, ...]) -> np.ndarray:
    sums = dict(
        cells.group_by(pl.col(la).cast(pl.Utf8))
        .agg(pl.col(children).sum().cast(pl.Float64))
        .iter_rows()
    )
    return np.array([sums[code] for code in order])


def _money(shares: Shares, budget: int, name: str) -> pl.Series:
    parts = pennies(shares, budget)
    return pl.Series(name, [parts[code] for code in shares.la], dtype=pl.Int64)


def _last(
    shares: Shares,
    budget: int,
    prior: dict[str, int] | None,
    floor: float,
    ceiling: float | None,
) -> pl.Series:
    if prior is None:
        return _money(shares, budget, "pence")
    missing = [code for code in shares.la if code not in prior]
    if missing:
        raise UsageError("These authorities have no amount of last year.", found=", ".join(missing[:10]))  # fmt: skip
    before = np.array([prior[code] for code in shares.la], dtype=np.float64)
    amounts, _ = damped(shares.share, before, float(budget), floor, ceiling)
    return _money(Shares(shares.la, amounts, amounts / amounts.sum()), budget, "pence")
