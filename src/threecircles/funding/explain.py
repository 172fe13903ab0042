"""Why a place gets what it gets: the logarithm of its share against its children, split by Shapley values."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.funding.formula import EffectRule, Formula, Outcome
from threecircles.funding.shares import Floats, contribution, probability, together

MOST_GROUPS = 8


def explain(
    formula: Formula,
    cells: pl.DataFrame,
    authority: str,
    groups: dict[str, list[str]],
    *,
    la: str = "la",
    children: str = "n",
    rule: EffectRule | None = None,
) -> dict[str, float]:
    """log(share / population share) of one authority, a part for each group of terms; the parts add up to it.

    groups: name -> terms; every term of the formula belongs to one group. For each subset the other
    groups' terms are set to the national child-weighted mean in the linear predictor.
    Source: Shapley, A value for n-person games (1953).
    """
    if len(groups) > MOST_GROUPS:
        raise UsageError(
            f"At most {MOST_GROUPS} groups are explained.",
            found=str(len(groups)),
            mend="Join terms that belong together: --group poverty=fsm,idaci",
        )
    named = [t for g in groups.values() for t in g]
    terms = [t.name for o in formula.outcomes for t in o.terms]
    if sorted(set(terms)) != sorted(named):
        raise UsageError(
            "Every term belongs to one group.",
            found=", ".join(
                sorted(set(terms) ^ set(named)) or [t for t in named if named.count(t) > 1]
            ),
            allowed=", ".join(sorted(set(terms))),
        )
    n = cells[children].cast(pl.Float64).to_numpy()
    mine = (cells[la].cast(pl.Utf8) == authority).to_numpy()
    if not mine.any():
        raise UsageError(
            "There is no such authority.", found=authority,
            mend=did_you_mean(authority, cells[la].cast(pl.Utf8).unique().to_list()),
        )  # fmt: skip
    parts = [_parts(o, cells, n, groups) for o in formula.outcomes]
    names = list(groups)

    def worth(subset: frozenset[str]) -> float:
        each = []
        for outcome, part in zip(formula.outcomes, parts, strict=True):
            eta = np.full(cells.height, outcome.intercept)
            for group, (own, mean) in part.items():
                eta += own if group in subset else mean
            chance = probability(eta, outcome.link, outcome.random, rule or formula.effect_rule)
            each.append(outcome.cost_weight * chance)
        need = n * together(formula, each)
        return float(np.log(need[mine].sum() / need.sum()) - np.log(n[mine].sum() / n.sum()))

    values = {
        s: worth(frozenset(s))
        for r in range(len(names) + 1)
        for s in map(frozenset, combinations(names, r))
    }
    return {name: _shapley(name, names, values) for name in names}


def _parts(
    outcome: Outcome, cells: pl.DataFrame, n: Floats, groups: dict[str, list[str]]
) -> dict[str, tuple[Floats, float]]:
    made = {}
    for group, terms in groups.items():
        eta = sum(
            (contribution(t, cells[t.name]) for t in outcome.terms if t.name in terms),
            np.zeros(cells.height),
        )
        made[group] = (eta, float(np.average(eta, weights=n)))
    return made


def _shapley(name: str, names: list[str], values: dict[frozenset[str], float]) -> float:
    others, total = [n for n in names if n != name], 0.0
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(len(names) - size - 1) / factorial(len(names))
        for subset in map(frozenset, combinations(others, size)):
            total += weight * (values[subset | {name}] - values[subset])
    return total
