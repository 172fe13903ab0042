"""A formula laid open with its country, to be changed by anybody: without it only those with a terminal could argue about a share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import Fit, Problem, fit_problem, problem
from threecircles.definitions import HOME, Definition, load_text
from threecircles.funding.explain import explain
from threecircles.funding.fit_file import read_table
from threecircles.funding.formula import EffectRule, Formula
from threecircles.funding.scenario import BANDS
from threecircles.funding.shares import Shares, from_fit, pennies, predict
from threecircles.funding.validity import Validity, jackknife, judge

Z90 = 1.6448536269514722


@dataclass(frozen=True, kw_only=True)
class OpenCountry(Definition):
    """Cells of a country and the formula it starts from.

    file: CSV or Parquet beside it. outcome, trials: events and children. area, authority, name: columns.
    categorical, numeric: the terms to start with. others: covariates that may be swapped in. words: column
    -> what people call it. budget: pounds to start with. fictitious: nobody in it exists.
    """

    file: str
    outcome: str
    trials: str
    area: str
    authority: str
    name: str
    categorical: list[str]
    numeric: list[str]
    others: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    budget: int = 1_000_000_000
    fictitious: bool = False

    def word(self, column: str) -> str:
        """What people call a column."""
        return self.words.get(column, column.replace("_", " "))


@dataclass(frozen=True)
class Choice:
    """What is changed. swap: term -> other covariate. drop: terms. rule: whose practice is held. pounds: to share."""

    la: str
    pounds: int
    swap: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()
    rule: EffectRule = "marginal"

    @property
    def changed(self) -> bool:
        """True when the formula is another one than that it started from."""
        return bool(self.swap or self.drop)


@dataclass(frozen=True)
class Laid:
    """One version of the formula with everything a page shows of it."""

    formula: Formula
    fitted: Fit
    judged: Validity
    shares: dict[EffectRule, Shares]


@dataclass(frozen=True)
class Answer:
    """table: la, name, children, population_share, share_a, share_b, points, change, low, high, pence_a,
    pence_b; a is the formula as it started, b as changed. moved: band -> authorities. parts: group -> part of
    log(share / children's share) of the chosen authority under b. before, after: both versions.
    """

    table: pl.DataFrame
    moved: dict[str, int]
    parts: dict[str, float]
    before: Laid
    after: Laid

    def own(self, la: str) -> dict[str, Any]:
        """The row of one authority."""
        return self.table.filter(pl.col("la") == la).to_dicts()[0]


def open_country(workspace: Path | None = None) -> tuple[OpenCountry, Path]:
    """The workspace's own country (`formula/country.yaml`), or the made-up one; and its table's file.

    Raises an error naming file and line.
    """
    own = workspace / "formula" if workspace is not None else None
    home = own if own is not None and (own / "country.yaml").exists() else HOME / "formula_country"
    held = load_text((home / "country.yaml").read_text(encoding="utf-8"), OpenCountry, where="country.yaml")  # fmt: skip
    return held, home / held.file


def check_choice(country: OpenCountry, path: Path, choice: Choice) -> None:
    """Raise UsageError for an authority, term or covariate that is not there, or when no term is left."""
    known = authorities(path, country.authority, country.name)
    if choice.la not in known:
        raise UsageError("There is no such authority.", found=choice.la)
    if not 1 <= choice.pounds <= 100_000_000_000:
        raise UsageError("The budget is between 1 pound and 100 thousand million.", found=f"{choice.pounds}")  # fmt: skip
    terms = [*country.categorical, *country.numeric]
    for old, new in choice.swap:
        if old not in country.numeric or new not in (*country.others, *country.numeric):
            raise UsageError("This cannot be swapped.", found=f"{old} for {new}")
    left = [dict(choice.swap).get(t, t) for t in terms if t not in choice.drop]
    if len(set(left)) < len(left):
        raise UsageError("One covariate would stand twice.", mend="Swap for one that is not in the formula.")  # fmt: skip
    if not left:
        raise UsageError("Nothing is left of the formula.", mend="Keep at least one term.")


@lru_cache(maxsize=4)
def authorities(path: Path, la: str, name: str) -> Mapping[str, str]:
    """Code -> name of every authority of a country's table."""
    return dict(_table(path).select(la, name).unique(maintain_order=True).iter_rows())


@lru_cache(maxsize=4)
def _table(path: Path) -> pl.DataFrame:
    return read_table(path)


def laid_open(country: OpenCountry, path: Path, choice: Choice | None = None) -> Laid:
    """The formula refitted with what was chosen (nothing: as it started)."""
    swap, drop = dict(choice.swap if choice else ()), choice.drop if choice else ()
    keep = lambda names: tuple(swap.get(n, n) for n in names if n not in drop)  # noqa: E731
    return _laid(path, country.outcome, country.trials, (country.area, country.authority), keep(country.categorical), keep(country.numeric))  # fmt: skip


@lru_cache(maxsize=64)
def _laid(
    path: Path, outcome: str, trials: str, groups: tuple[str, str], categorical: tuple[str, ...], numeric: tuple[str, ...],
) -> Laid:  # fmt: skip
    table = _table(path)
    made: Problem = problem(
        table,
        outcome=outcome,
        trials=trials,
        categorical=categorical,
        numeric=numeric,
        groups=groups,
    )
    fitted = fit_problem(made)
    formula = Formula(
        id="open", label="The open formula.", source="Three Circles, fitted when it was asked for",
        kind="logistic_child", status="fitted", outcomes=[from_fit(fitted, outcome=outcome, categorical=categorical)],
    )  # fmt: skip
    rules: tuple[EffectRule, EffectRule] = ("at_zero", "marginal")
    shares = {r: predict(formula, table, la=groups[1], children=trials, rule=r) for r in rules}
    return Laid(formula, fitted, judge(made, fitted), shares)


def answer(country: OpenCountry, path: Path, choice: Choice) -> Answer:
    """Every authority's share as it was and as changed, with the paired jackknife interval of the difference.

    Raises UsageError as `check_choice`.
    """
    check_choice(country, path, choice)
    before, after = laid_open(country, path), laid_open(country, path, choice)
    a, b = before.shares["marginal"], after.shares[choice.rule]
    la = a.la
    order = [after.judged.shares.la.index(code) for code in la]
    left = after.judged.left[np.ix_(order, order)]
    base = [before.judged.shares.la.index(code) for code in la]
    reach = Z90 * jackknife(left - before.judged.left[np.ix_(base, base)])
    points = b.share - a.share
    whole = choice.pounds * 100
    money = [pennies(s, whole) for s in (a, b)]
    names = authorities(path, country.authority, country.name)
    heads = dict(_table(path).group_by(country.authority).agg(pl.col(country.trials).sum()).iter_rows())  # fmt: skip
    children = np.array([heads[code] for code in la], dtype=np.float64)
    own = Z90 * jackknife(left)
    table = pl.DataFrame(
        {
            "la": la,
            "name": [names[code] for code in la],
            "children": children,
            "population_share": children / children.sum(),
            "share_a": a.share,
            "share_b": b.share,
            "points": points,
            "change": b.share / a.share - 1,
            "low": points - reach,
            "high": points + reach,
            "share_low": b.share - own,
            "share_high": b.share + own,
            "pence_a": [money[0][code] for code in la],
            "pence_b": [money[1][code] for code in la],
        }
    )
    moved = {f"{band:.0%}": int((np.abs(b.share / a.share - 1) > band).sum()) for band in BANDS}
    groups = {t.name: [t.name] for o in after.formula.outcomes for t in o.terms}
    parts = explain(
        after.formula, _table(path), choice.la, groups, la=country.authority, children=country.trials, rule=choice.rule
    )  # fmt: skip
    return Answer(table, moved, parts, before, after)
