"""A formula as a dated file: without it nobody bound by one could open it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.definitions import Definition, load_text

Kind = Literal["legacy_ladder", "logistic_child", "poisson_area", "two_part"]
EffectRule = Literal["at_zero", "marginal"]


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a model. A numeric term has `estimate`, a factor `estimates` by level and a reference.

    se, ses: standard errors, where they are known.
    """

    name: str
    coding: Literal["numeric", "factor"] = "numeric"
    level: Literal["child", "area", "la"] = "child"
    reference_level: str | None = None
    estimate: float | None = None
    estimates: dict[str, float] = field(default_factory=dict)
    se: float | None = None
    ses: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.coding == "numeric" and self.estimate is None:
            raise ValueError(f"The numeric term {self.name} lacks its estimate.")
        if self.coding == "factor" and (not self.estimates or self.reference_level is None):
            raise ValueError(f"The factor {self.name} needs estimates and a reference_level.")
        if self.reference_level in self.estimates:
            raise ValueError(f"The reference level of {self.name} must not have an estimate.")


@dataclass(frozen=True, kw_only=True)
class Random:
    """Standard deviations of what areas and authorities add."""

    area_sd: float = 0.0
    la_sd: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One outcome: its weight in money and its model."""

    id: str
    label: str
    link: Literal["logit", "log"]
    intercept: float
    terms: list[Term]
    cost_weight: float = 1.0
    random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        names = [t.name for t in self.terms]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"A term stands twice in {self.id}: {', '.join(twice)}.")


@dataclass(frozen=True, kw_only=True)
class TopUp:
    """An amount a head for an indicator above its threshold; the amount is text so that no digit is lost."""

    indicator: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """RNF = population x (basic + sum of top-ups x indicator) x area cost x scaling / 10^10, in decimals."""

    population: str
    basic: str
    top_ups: list[TopUp]
    area_cost: str
    scaling: str

    def __post_init__(self) -> None:
        for amount in (self.basic, *(t.amount for t in self.top_ups)):
            try:
                known = Decimal(amount).is_finite()
            except InvalidOperation:
                known = False
            if not known:
                raise ValueError(f"An amount of the ladder is not a number: {amount}.")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Where a formula was published and when it was read."""

    publisher: str
    document: str
    table: str = ""
    url: str = ""
    read_on: str = ""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A child worked by hand: values by term, and the printed probability where the publisher gives one."""

    outcome: str
    values: dict[str, str]
    printed: float | None = None


@dataclass(frozen=True, kw_only=True)
class Formula(Definition):
    """A formula file. status: published, fitted or fictitious; kind decides which part is filled in.

    area_cost: adjustment by authority, a layer of its own. states: whether outcomes overlap (a looked-after
    child is also in need) or are disjoint top-level states; those of a two_part are multiplied, any other
    kind's are added. fitted_from: hash of the data of a fit.
    """

    kind: Kind
    status: Literal["published", "fitted", "fictitious"]
    ladder: Ladder | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    effect_rule: EffectRule = "marginal"
    known_errata: list[str] = field(default_factory=list)
    reference: Reference | None = None
    population: dict[str, str] = field(default_factory=dict)
    states: Literal["overlapping", "disjoint"] = "overlapping"
    area_cost: dict[str, float] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    fitted_from: str = ""

    def __post_init__(self) -> None:
        if self.kind == "legacy_ladder" and self.ladder is None:
            raise ValueError("A legacy_ladder needs the part `ladder`.")
        if self.kind != "legacy_ladder" and not self.outcomes:
            raise ValueError(f"A {self.kind} needs at least one outcome.")
        if self.kind == "two_part" and [o.link for o in self.outcomes] != ["logit", "log"]:
            raise ValueError(
                "A two_part has two outcomes: any cost (logit), then cost given any (log)."
            )
        ids = [o.id for o in self.outcomes]
        if len(set(ids)) < len(ids):
            raise ValueError("Two outcomes have the same id.")
        for example in self.examples:
            if example.outcome not in ids:
                raise ValueError(f"The example is of no outcome of the formula: {example.outcome}.")


def load_formula(path: Path) -> Formula:
    """Read and check a formula file. Raises an error naming file and line."""
    if not path.is_file():
        raise UsageError("There is no such formula.", where=str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("The formula is not a text in UTF-8.", where=path.name) from None
    return load_text(text, Formula, where=path.name)


def need_kind(formula: Formula, *kinds: Kind) -> None:
    """Raise DefinitionError unless the formula is of one of the kinds."""
    if formula.kind not in kinds:
        raise DefinitionError(
            "The formula is of another kind.", found=formula.kind, allowed=", ".join(kinds)
        )
