"""Formulas in words and columns for the screen: coefficients alone explain nothing to those they bind."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from threecircles.core.multilevel import Fit
from threecircles.funding.england import CAVEAT, COVARIATES, OUTCOMES, WARNING, England
from threecircles.funding.formula import Formula
from threecircles.funding.scenario import Compared
from threecircles.funding.validity import Validity

OWN_DATA_LARGEST, OWN_DATA_MEDIAN = 0.01, 0.001


def fit_text(fitted: Fit) -> str:
    """What `formula fit` prints."""
    lines = [
        f"log-likelihood {fitted.log_likelihood:,.6f}; AIC {fitted.aic:,.3f}",
        f"{fitted.rows:,} rows in {fitted.cells:,} cells, {fitted.areas:,} areas"
        + (f", {fitted.authorities:,} authorities" if fitted.authorities else "")
        + f"; {fitted.iterations} evaluations, {fitted.seconds:.2f} seconds",
    ]
    width = max(map(len, fitted.coefficients))
    for name, value in fitted.coefficients.items():
        error = fitted.standard_errors[name]
        said = f"(se {error:.6g})" if math.isfinite(error) else "(se not known)"
        lines.append(f"  {name:<{width}}  {value:>14.7g}  {said}")
    for level, sd in fitted.sds.items():
        lines.append(
            f"  sd {level}: {sd:.6f}"
            + (" (at the boundary)" if level in fitted.at_boundary else "")
        )
    return "\n".join([*lines, *(f"Note: {w}" for w in fitted.warnings)])


def formula_text(formula: Formula, worked: list[tuple[str, float, float | None]]) -> str:
    """What `formula check` prints. worked: outcome, probability and printed probability of each example."""
    lines = [f"{formula.label} ({formula.kind}, {formula.status}). Source: {formula.source}"]
    for outcome in formula.outcomes:
        lines.append(f"  {outcome.id}: {len(outcome.terms)} terms, weight {outcome.cost_weight:g}")
    for outcome_id, chance, printed in worked:
        beside = (
            "" if printed is None else f"; printed {printed:g}, difference {chance - printed:+.2g}"
        )
        lines.append(f"  example, {outcome_id}: {chance:.6f}{beside}")
    lines += [f"Known error: {e}" for e in formula.known_errata]
    return "\n".join(lines)


def shares_text(table: pl.DataFrame) -> str:
    """What `formula predict` prints: one line an authority; the column adds to 100 but for rounding."""
    money = "pence" in table.columns
    lines = [
        f"{'authority':<12}{'children':>12}{'children %':>12}{'share %':>12}{'at zero %':>12}"
        + (f"{'pounds':>20}" if money else "")
    ]
    last = "share_area_cost" if "share_area_cost" in table.columns else "share_need"
    for row in table.iter_rows(named=True):
        lines.append(
            f"{row['la']:<12}{row['children']:>12,.0f}{row['population_share']:>12.4%}{row[last]:>12.4%}"
            f"{row['share_at_zero']:>12.4%}" + (f"{row['pence'] / 100:>20,.2f}" if money else "")
        )
    if money:
        lines.append(f"{'All':<60}{table['pence'].sum() / 100:>20,.2f}")
    return "\n".join([*lines, "Shares are rounded; pounds add up to the penny."])


def compared_text(compared: Compared, most: int = 10) -> str:
    """What `formula compare` prints: how many move, and the largest gainers and losers."""
    lines = [
        f"Moved by more than {band}: {n} of {compared.table.height}"
        for band, n in compared.moved.items()
    ]
    for name, fitted in zip(("A", "B"), compared.fits, strict=False):
        lines.append(
            f"Fit {name}: log-likelihood {fitted['log_likelihood']:,.3f}, AIC {fitted['aic']:,.3f}"
        )
    lines.append(
        f"{'authority':<12}{'share A':>11}{'share B':>11}{'points':>11}{'90% interval':>24}{'change':>9}"
    )
    ordered = compared.table
    shown = (
        ordered
        if ordered.height <= 2 * most
        else pl.concat([ordered.head(most), ordered.tail(most)])
    )
    for row in shown.iter_rows(named=True):
        ends = f"{row['low']:+.4%} to {row['high']:+.4%}" if row["low"] is not None else "not asked"
        lines.append(
            f"{row['la']:<12}{row['share_a']:>11.4%}{row['share_b']:>11.4%}{row['points']:>+11.4%}{ends:>24}"
            f"{row['change']:>+9.2%}"
        )
    return "\n".join(lines)


def explained_text(authority: str, parts: dict[str, float]) -> str:
    """What `formula explain` prints: the parts, and one plain sentence."""
    whole = sum(parts.values())
    lines = [f"{name:<30}{math.expm1(part):>+9.2%}" for name, part in parts.items()]
    lines.append(f"{'together':<30}{math.expm1(whole):>+9.2%}")
    first, part = max(parts.items(), key=lambda p: abs(p[1]))
    side = "above" if whole > 0 else "below"
    lines.append(
        f"{authority}'s share is {abs(math.expm1(whole)):.1%} {side} its share of children; the largest part is "
        f"{first} ({math.expm1(part):+.1%})."
    )
    return "\n".join([*lines, "The parts multiply; their logarithms add up to the whole."])


def trial_text(found: Validity) -> str:
    """What `formula test` prints: own-data effect and interval widths, and whether the thresholds hold."""
    own = pl.Series(found.own_data)
    width = found.standard_errors / found.shares.share
    largest, median = float(own.max()), float(own.median())  # type: ignore[arg-type]
    verdict = (
        "holds" if largest < OWN_DATA_LARGEST and median < OWN_DATA_MEDIAN else "DOES NOT HOLD"
    )
    return "\n".join(
        [
            f"{len(found.shares.la)} authorities, each left out in turn.",
            f"Own-data effect: median {median:.3%}, 95th percentile {own.quantile(0.95):.3%}, largest {largest:.3%}",
            f"  no authority has a particular effect (largest under 1%, median under .1%): {verdict}",
            f"Standard error of a share, as a part of it: median {np.median(width):.2%}, largest {width.max():.2%}",
            "Intervals are of the delete-one-authority jackknife, never of the model's information alone.",
        ]
    )


def england_text(found: England, most: int = 8) -> str:
    """What `formula demo-england` prints: the table, the lesson, and the warning at both ends."""
    lines = [WARNING, CAVEAT, "", "Poisson, per standard deviation of each covariate:"]
    lines.append(
        f"{'':<26}"
        + "".join(f"{c:>14}" for c in ("intercept", *COVARIATES, "explained", "dispersion"))
    )
    for outcome, label in OUTCOMES.items():
        fitted, alone = found.fits[outcome], found.alone[outcome]
        values = "".join(f"{v:>14.5f}" for v in fitted.coefficients.values())
        lines.append(f"{label:<26}{values}{fitted.explained:>14.3f}{fitted.dispersion:>14.1f}")
        only = f"{alone.coefficients['(intercept)']:>14.5f}{alone.coefficients['idaci']:>14.5f}"
        lines.append(f"{'  low income alone':<26}{only}{'':>28}{alone.explained:>14.3f}")
    lines += ["", *_lesson(found), ""]
    lines.append("Share of weighted predicted need over share of children, highest and lowest:")
    names = dict(found.table.select("area", "name").iter_rows())
    ordered = sorted(found.relative.items(), key=lambda p: -p[1])
    lines += [f"  {names[a]:<34}{r:.3f}" for a, r in (*ordered[:most], *ordered[-most:])]
    weights = ", ".join(f"{o} £{w:,.0f} a week" for o, w in found.weights.items())
    lines.append(
        f"Weights: {weights}. Without published counts, predicted only: {', '.join(found.missing)}."
    )
    return "\n".join([*lines, WARNING])


def _lesson(found: England) -> list[str]:
    inflation = ", ".join(f"{k} {v:.1f}" for k, v in found.inflation.items())
    made = [
        f"The share of children in low-income homes correlates {found.correlation:.3f} with health. "
        f"Variance inflation: {inflation}."
    ]
    for outcome, label in OUTCOMES.items():
        if flipped := found.flipped(outcome):
            made.append(
                f"{label}: the sign of {', '.join(flipped)} depends on what else is in the model. "
                "That is covariates that move together in a model of places; it does not say that poverty lowers need."
            )
    return made


def rare_text(table: pl.DataFrame, said: str, weight: float, most: int = 12) -> str:
    """What `formula rare` prints: the way taken, and the authorities it moves most."""
    lines = [
        said,
        f"Cost weight {weight:.1%}. Shares without and with it, those it moves most first:",
    ]
    ends = lambda low, high: "interval not known" if low is None else f"{low:.4%} to {high:.4%}"  # noqa: E731
    for row in table.sort(pl.col("moved").abs(), descending=True).head(most).iter_rows(named=True):
        lines.append(
            f"  {row['la']:<12}{row['share_without']:>10.4%} ({ends(row['low_without'], row['high_without'])})"
            f"{row['share_with']:>11.4%} ({ends(row['low_with'], row['high_with'])}){row['moved']:>+9.2%}"
        )
    pair = table.drop_nulls(["yearly_sd", "pooled_error"])
    if pair.height:
        sd, error = float(pair["yearly_sd"].median()), float(pair["pooled_error"].median())  # type: ignore[arg-type]
        lines.append(
            f"Single years' shares of it wander by {sd:.4%} (sd, middle authority); all years together are known to {error:.4%}."
        )
    return "\n".join(lines)
