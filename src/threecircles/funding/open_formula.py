"""A formula laid open with its country, to be changed by anybody: without it only those with a terminal could argue about a share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import Fit
from threecircles.definitions import HOME, Definition, load_text
from threecircles.funding.coverage import children_meant
from threecircles.funding.explain import explain
from threecircles.funding.fit_file import read_table
from threecircles.funding.formula import EffectRule, Formula
from threecircles.funding.open_refits import Refitted, refitted, table_of
from threecircles.funding.scenario import BANDS
from threecircles.funding.shares import Floats, Shares, pennies, predict
from threecircles.funding.validity import jackknife

Z90 = 1.6448536269514722
MEANT = "_children_meant"
Counted = Literal["held", "same", "area_only"]
"""Whether children outside the data are counted: not, as those of their age, or as their whole authority."""


@dataclass(frozen=True, kw_only=True)
class OpenOutcome:
    """An outcome of the formula. column: its events; weight: what it costs beside the others."""

    column: str
    label: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class OpenCountry(Definition):
    """Cells of a country and the formula it starts from.

    file: CSV or Parquet beside it. outcomes, trials: events and children. nested: what is said of a child with
    two outcomes. area, authority, name: columns. categorical, numeric: the terms to start with. others:
    covariates that may be swapped in. words: column -> what people call it. population: file of all children by
    authority and strata, those outside the data too. tiles: authorities as they lie, row by row, for a map.
    budget: pounds to start with. fictitious: nobody in it exists.
    """

    file: str
    outcomes: list[OpenOutcome]
    nested: str = ""
    trials: str
    area: str
    authority: str
    name: str
    categorical: list[str]
    numeric: list[str]
    others: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    population: str = ""
    strata: list[str] = field(default_factory=list)
    tiles: list[list[str]] = field(default_factory=list)
    budget: int = 1_000_000_000
    fictitious: bool = False

    def word(self, column: str) -> str:
        """What people call a column."""
        return self.words.get(column, column.replace("_", " "))


@dataclass(frozen=True)
class Choice:
    """What is changed. swap: term -> other covariate. drop: terms. rule: whose practice is held. pounds: to share.
    weights: outcome -> cost weight, where another than the country's. counted: children outside the data.
    """

    la: str
    pounds: int
    swap: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()
    rule: EffectRule = "marginal"
    weights: tuple[tuple[str, float], ...] = ()
    counted: Counted = "held"

    @property
    def changed(self) -> bool:
        """True when the formula is another one than that it started from."""
        return bool(self.swap or self.drop or self.weights or self.counted != "held")


@dataclass(frozen=True)
class Laid:
    """One version of the formula with everything a page shows of it.

    fits: an outcome each. left: shares of all (columns) without each authority (rows), in the order of shares.
    own_data: by authority, how far its own data move its share. children: by authority, as counted.
    """

    formula: Formula
    fits: tuple[Fit, ...]
    shares: dict[EffectRule, Shares]
    left: Floats
    own_data: Floats
    children: Floats


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
    weights = {o.column: o.weight for o in country.outcomes} | dict(choice.weights)
    if min(weights.values()) < 0 or max(weights.values()) == 0:
        raise UsageError("A cost weight is nought or more, and one of them is above nought.")
    if choice.counted != "held" and not country.population:
        raise UsageError("Nobody has said how many children are outside the data here.")
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
    return dict(table_of(path).select(la, name).unique(maintain_order=True).iter_rows())


def laid_open(country: OpenCountry, path: Path, choice: Choice | None = None) -> Laid:
    """The formula refitted with what was chosen (nothing: as it started)."""
    swap, drop = dict(choice.swap if choice else ()), choice.drop if choice else ()
    keep = lambda names: tuple(swap.get(n, n) for n in names if n not in drop)  # noqa: E731
    terms = keep(country.categorical), keep(country.numeric)
    weights = dict(choice.weights) if choice else {}
    parts = [
        (weights.get(o.column, o.weight), refitted(path, o.column, country.trials, (country.area, country.authority), *terms))
        for o in country.outcomes
    ]  # fmt: skip
    formula = Formula(
        id="open", label="The open formula.", source="Three Circles, fitted when it was asked for",
        kind="logistic_child", status="fitted", outcomes=[replace(p.outcome, cost_weight=w) for w, p in parts],
    )  # fmt: skip
    meant = meant_by(country, path, choice.counted if choice else "held")
    table = table_of(path).with_columns(pl.Series(MEANT, meant))
    rules: tuple[EffectRule, EffectRule] = ("at_zero", "marginal")
    shares = {
        r: predict(formula, table, la=country.authority, children=MEANT, rule=r) for r in rules
    }
    codes = shares["at_zero"].la
    place = {code: i for i, code in enumerate(codes)}
    held = table[country.authority].cast(pl.Utf8)
    index = held.replace_strict(place, return_dtype=pl.Int64).to_numpy()
    left = np.stack([_share_without(code, parts, meant, index, len(codes)) for code in codes])
    own = np.abs(np.diag(left) / shares["at_zero"].share - 1)
    heads = np.bincount(index, meant, minlength=len(codes)).astype(np.float64)
    return Laid(formula, tuple(p.fitted for _, p in parts), shares, left, own, heads)


def _share_without(
    code: str, parts: list[tuple[float, Refitted]], meant: Floats, index: np.ndarray, count: int
) -> Floats:
    """Shares of all by the fits that never saw one authority."""
    need = sum((w * p.left[code] for w, p in parts), np.zeros(len(meant))) * meant
    made = np.bincount(index, need, minlength=count)
    return np.asarray(made / made.sum(), dtype=np.float64)


def meant_by(country: OpenCountry, path: Path, counted: Counted) -> Floats:
    """How many children each row of a country's table stands for."""
    strata = tuple(country.strata)
    return _meant(path, country.authority, country.trials, country.population, strata, counted)


@lru_cache(maxsize=8)
def _meant(
    path: Path, la: str, trials: str, population: str, strata: tuple[str, ...], counted: Counted
) -> Floats:
    table = table_of(path)
    if counted == "held":
        return np.asarray(table[trials].cast(pl.Float64).to_numpy(), dtype=np.float64)
    keys = [la, *strata]
    whole = read_table(path.parent / population, (*keys, "children"))
    text = [pl.col(c).cast(pl.Utf8) for c in keys]
    made = children_meant(
        table.with_columns(text), whole.with_columns(text), strata=keys, children=trials, uncovered=counted
    )  # fmt: skip
    return np.asarray(made, dtype=np.float64)


def answer(country: OpenCountry, path: Path, choice: Choice) -> Answer:
    """Every authority's share as it was and as changed, with the paired jackknife interval of the difference.

    Raises UsageError as `check_choice`.
    """
    check_choice(country, path, choice)
    before, after = laid_open(country, path), laid_open(country, path, choice)
    a, b = before.shares["marginal"], after.shares[choice.rule]
    la, left = a.la, after.left
    reach = Z90 * jackknife(left - before.left)
    points = b.share - a.share
    whole = choice.pounds * 100
    money = [pennies(s, whole) for s in (a, b)]
    names = authorities(path, country.authority, country.name)
    children = after.children
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
    counted = meant_by(country, path, choice.counted)
    parts = explain(
        after.formula, table_of(path).with_columns(pl.Series(MEANT, counted)), choice.la, groups,
        la=country.authority, children=MEANT, rule=choice.rule,
    )  # fmt: skip
    return Answer(table, moved, parts, before, after)
