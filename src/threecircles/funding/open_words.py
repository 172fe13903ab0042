"""An opened formula in words, bars and rows: coefficients alone would be read by nobody they bind."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from threecircles.funding.formula import Outcome
from threecircles.funding.formula_show import OWN_DATA_LARGEST, OWN_DATA_MEDIAN
from threecircles.funding.open_formula import Answer, Choice, Laid, OpenCountry
from threecircles.funding.shares import probability
from threecircles.funding.validity import jackknife

WIDTH = 300.0


@dataclass(frozen=True)
class Bar:
    """One bar of a drawing. x, width: pixels from the left of a field of 600, nought in the middle."""

    label: str
    value: str
    x: float
    width: float
    own: bool


@dataclass(frozen=True)
class CheckLine:
    """One check of trust: what was found, what is asked, and whether it holds."""

    what: str
    found: str
    asked: str
    holds: bool


@dataclass(frozen=True)
class Coefficient:
    """One coefficient: term in words, value (or reference), its error and what it does to the odds."""

    term: str
    estimate: str
    error: str
    odds: str


@dataclass(frozen=True)
class Reading:
    """Everything the pages say. changes, causes: bars. sentence: what happens to the chosen authority.
    because: one plain paragraph. coefficients: outcome, its
    cost weight, its terms. example: a child worked by hand, line by line.
    """

    sentence: str
    because: str
    changes: tuple[Bar, ...]
    causes: tuple[Bar, ...]
    checks: tuple[CheckLine, ...]
    coefficients: tuple[tuple[str, str, tuple[Coefficient, ...]], ...]
    example: tuple[str, ...]
    fits: tuple[str, str]


def reading(country: OpenCountry, choice: Choice, found: Answer) -> Reading:
    """An answer in words for the pages."""
    after = found.after
    return Reading(
        _sentence(choice, found),
        _because(country, choice, found),
        _bars(
            [(r["name"], r["change"], r["la"] == choice.la) for r in found.table.sort("change", descending=True).to_dicts()]
        ),
        _bars([(country.word(k), math.expm1(v), False) for k, v in found.parts.items()]),
        _checks(found),
        tuple(
            (o.label, f"{w.cost_weight:,.0f}", _coefficients(country, w))
            for o, w in zip(country.outcomes, after.formula.outcomes, strict=True)
        ),
        _example(country, found),
        (_fit_words(found.before), _fit_words(after)),
    )  # fmt: skip


def _fit_words(laid: Laid) -> str:
    return f"{sum(f.log_likelihood for f in laid.fits):,.1f} (AIC {sum(f.aic for f in laid.fits):,.1f})"


def pounds(pence: int) -> str:
    """An amount in pounds with its sign before the sign of the pound."""
    return f"{'-' if pence < 0 else ''}£{abs(pence) / 100:,.2f}"


def _sentence(choice: Choice, found: Answer) -> str:
    row = found.own(choice.la)
    moved = row["pence_b"] - row["pence_a"]
    if not choice.changed and moved == 0:
        return f"{row['name']} gets {row['share_b']:.3%} of the money: {pounds(row['pence_b'])}. Change something to see what moves."
    way = "more" if moved > 0 else "less"
    sure = (
        "" if row["low"] > 0 or row["high"] < 0 else " The interval holds nought: it may be chance."
    )
    return (
        f"{row['name']} would get {pounds(abs(moved))} {way}: {pounds(row['pence_b'])} instead of {pounds(row['pence_a'])} "
        f"({row['change']:+.1%}).{sure}"
    )


def _because(country: OpenCountry, choice: Choice, found: Answer) -> str:
    row = found.own(choice.la)
    whole = row["share_b"] / row["population_share"] - 1
    side = "above" if whole > 0 else "below"
    ordered = sorted(found.parts.items(), key=lambda p: -abs(p[1]))
    named = [f"{country.word(name).lower()} ({math.expm1(part):+.1%})" for name, part in ordered[:3]]  # fmt: skip
    return (
        f"{row['name']}'s share is {abs(whole):.1%} {side} its share of children. The largest reasons: "
        f"{', '.join(named)}. The reasons multiply; together they are the whole difference."
    )


def _bars(values: list[tuple[str, float, bool]]) -> tuple[Bar, ...]:
    most = max((abs(v) for _, v, _ in values), default=0.0) or 1.0
    made = []
    for label, value, own in values:
        width = WIDTH * abs(value) / most
        x = WIDTH if value >= 0 else WIDTH - width
        made.append(Bar(label, f"{value:+.1%}", round(x, 1), round(max(width, 1.0), 1), own))
    return tuple(made)


def _checks(found: Answer) -> tuple[CheckLine, ...]:
    after = found.after
    own, rest = after.own_data, all(f.converged for f in after.fits)
    width = jackknife(after.left) / after.shares["at_zero"].share
    events = min(f.events / len(f.coefficients) for f in after.fits)
    zero, marginal = (after.shares[r].share for r in ("at_zero", "marginal"))
    gap = float(np.abs(zero / marginal - 1).max())
    return (
        CheckLine("Its own data move an authority's share by, at most", f"{own.max():.2%}", f"under {OWN_DATA_LARGEST:.0%}", bool(own.max() < OWN_DATA_LARGEST)),
        CheckLine("... and in the middle", f"{np.median(own):.3%}", f"under {OWN_DATA_MEDIAN:.1%}", bool(np.median(own) < OWN_DATA_MEDIAN)),
        CheckLine("Standard error of a share, in the middle, as a part of it", f"{np.median(width):.2%}", "under 2%", bool(np.median(width) < 0.02)),
        CheckLine("The two ways to hold practice at the average differ by, at most", f"{gap:.2%}", "under 1%", gap < 0.01),
        CheckLine("Events for each coefficient", f"{events:,.0f}", "at least 10", events >= 10),
        CheckLine("The search came to rest", "yes" if rest else "no", "yes", rest),
    )  # fmt: skip


def _coefficients(country: OpenCountry, outcome: Outcome) -> tuple[Coefficient, ...]:
    made = [Coefficient("Starting value", f"{outcome.intercept:.4f}", "", "")]
    for term in outcome.terms:
        word = country.word(term.name)
        if term.coding == "numeric":
            assert term.estimate is not None
            made.append(Coefficient(f"{word}, one unit more", f"{term.estimate:.4f}", f"{term.se:.4f}", f"{math.exp(term.estimate):.2f}"))  # fmt: skip
            continue
        made.append(Coefficient(f"{word}: {term.reference_level}", "reference", "", "1.00"))
        made += [
            Coefficient(f"{word}: {level}", f"{b:.4f}", f"{term.ses[level]:.4f}", f"{math.exp(b):.2f}")
            for level, b in sorted(term.estimates.items(), key=_in_order)
        ]  # fmt: skip
    return tuple(made)


def _in_order(level: tuple[str, float]) -> tuple[int, str]:
    """Bands of age in the order of their first number, other levels by name."""
    first = re.match(r"\d+", level[0])
    return (int(first.group()) if first else 0, level[0])


def _example(country: OpenCountry, found: Answer) -> tuple[str, ...]:
    """A child of the last level of each factor in an average area, worked by hand."""
    outcome = found.after.formula.outcomes[0]
    total, lines = outcome.intercept, [f"Start with {outcome.intercept:.4f}."]
    for term in outcome.terms:
        if term.coding == "factor":
            level, b = max(term.estimates.items(), key=_in_order)
            total += b
            lines.append(f"{country.word(term.name)} is {level}: {b:+.4f} makes {total:.4f}.")
        else:
            lines.append(f"{country.word(term.name)} is average (nought): nothing is added.")
    chance = float(probability(np.array([total]), outcome.link, outcome.random, "at_zero")[0])
    lines.append(
        f"1 / (1 + e to the {-total:.4f}) = {chance:.4f}: of 1,000 such children about {1000 * chance:.0f} are expected to be {country.outcomes[0].label.lower()}. "
        "This is a statement about places, never about a child."
    )  # fmt: skip
    return tuple(lines)
