"""High need as a definition: without it a constant in the code would decide who is said to need help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

import narwhals as nw
import polars as pl

from threecircles.core.errors import DefinitionError
from threecircles.definitions import Definition, load

HIGH, NOT_HIGH, UNKNOWN = "high", "not_high", "unknown"
_CUT = re.compile(r"\s*(>=|<=|>|<)\s*(?:(p)(\d{1,2})\s+of\s+wave\s+(\S+)|(-?\d+(?:\.\d+)?))\s*\Z")


class Cut(NamedTuple):
    """sign and value; value None = the percentile of a wave, to be frozen before use."""

    sign: str
    value: float | None
    percentile: int | None = None
    wave: str | None = None


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One impairment or risk: a scale of a measure and where on it the concern begins."""

    construct: str
    label: str
    measure: str
    scale: str
    cut: str
    source: str

    def __post_init__(self) -> None:
        read_cut(self.cut)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """High need when k impairments are present, or r risks; with and_any, both."""

    k_impairments: int
    or_r_risks: int
    and_any: bool = False


@dataclass(frozen=True, kw_only=True)
class Missing:
    """What a child with unobserved constructs is, when they could change the answer."""

    min_observed_constructs: int = 0
    on_missing: Literal["unknown", "no"] = "unknown"


@dataclass(frozen=True, kw_only=True)
class HighNeed(Definition):
    """Who has high need, by whose answers, with which rule."""

    version: int
    respondent: str
    ages: list[int]
    impairments: list[Criterion]
    risks: list[Criterion] = field(default_factory=list)
    rule: Rule
    missing: Missing = field(default_factory=Missing)
    author: str = ""
    agreed_by: str = ""
    date_: date | None = None
    supersedes: str = ""
    status: Literal["draft", "agreed"] = "draft"

    def __post_init__(self) -> None:
        if not 1 <= self.rule.k_impairments <= len(self.impairments):
            raise ValueError(f"k_impairments must lie between 1 and {len(self.impairments)}.")
        if self.risks and not 1 <= self.rule.or_r_risks <= len(self.risks):
            raise ValueError(f"or_r_risks must lie between 1 and {len(self.risks)}.")

    @property
    def criteria(self) -> Iterator[Criterion]:
        """Impairments, then risks."""
        yield from self.impairments
        yield from self.risks

    def in_words(self) -> str:
        """The rule as a sentence for the page."""
        k, r = self.rule.k_impairments, self.rule.or_r_risks
        joined = "and" if self.rule.and_any else "or"
        return (
            f"High need: {k} or more of {len(self.impairments)} impairments, {joined} {r} or more of "
            f"{len(self.risks)} risks ({self.label}, version {self.version}, {self.status})."
        )


def high_need(name: str) -> HighNeed:
    """A shipped definition."""
    return load(f"high_need/{name}", HighNeed)


def read_cut(text: str) -> Cut:
    """A cut such as ">= 3.4" or ">= p90 of wave 1". Raises ValueError."""
    found = _CUT.match(text)
    if not found:
        raise ValueError(
            f'the cut "{text}" cannot be read; write ">= 3.4", "<= 2" or ">= p90 of wave 1".'
        )
    sign, is_percentile, percentile, wave, value = found.groups()
    if is_percentile:
        return Cut(sign, None, int(percentile), wave)
    return Cut(sign, float(value))


def frozen_cuts(definition: HighNeed, scores: pl.DataFrame) -> dict[str, Cut]:
    """The cut of each construct as a number.

    scores: wave, weight and one column a scale. A percentile is taken, weighted, from the wave it
    names: the lowest score that at least that share of pupils do not exceed; it stays for later waves.
    """
    cuts = {}
    for c in definition.criteria:
        cut = read_cut(c.cut)
        if cut.value is None:
            base = scores.filter((pl.col("wave") == cut.wave) & pl.col(c.scale).is_not_null())
            if base.height == 0:
                raise DefinitionError(
                    f"The cut of {c.construct} needs wave {cut.wave}, which has no answers.",
                    where=f"high_need/{definition.id}.yaml",
                    mend="Give the cut as a number, or load that wave.",
                )
            ordered = base.sort(c.scale)
            share = ordered["weight"].cum_sum() / ordered["weight"].sum()
            value = ordered.filter(share >= (cut.percentile or 0) / 100)[c.scale][0]
            cut = Cut(cut.sign, float(value), cut.percentile, cut.wave)
        cuts[c.construct] = cut
    return cuts


def classify(frame: nw.LazyFrame, definition: HighNeed, cuts: dict[str, Cut]) -> nw.LazyFrame:
    """The frame with each child's need.

    frame: one row a child; for each scale <scale>, and <scale>_lowest and <scale>_highest where some
    items were blank (null where all were answered).
    Adds has_<construct> (1, 0, null = unknown); n_impairments, n_risks and n_unknown; need (high,
    not_high, unknown); need_surely and need_possibly (1 or 0): whatever the blanks hide, need lies
    between them. `unknown` is never not_high: a child is not_high only when no blank could change it.
    """
    columns = []
    for c in definition.criteria:
        columns += _has(c, cuts[c.construct])
    frame = frame.with_columns(*columns)
    impairments = [c.construct for c in definition.impairments]
    risks = [c.construct for c in definition.risks]
    both = [*impairments, *risks]
    counts = {
        "n_impairments": _count("has", impairments),
        "n_risks": _count("has", risks),
        "n_unknown": _sum(
            [
                nw.when(nw.col(f"has_{c}").is_null()).then(nw.lit(1)).otherwise(nw.lit(0))
                for c in both
            ]
        ),
        "_observed": _sum(
            [
                nw.when(nw.col(f"has_{c}").is_null()).then(nw.lit(0)).otherwise(nw.lit(1))
                for c in impairments
            ]
        ),
        "_open": _met(definition, _count("has", impairments, 1), _count("has", risks, 1)),
        "need_surely": _met(definition, _count("_sure", impairments), _count("_sure", risks)),
        "need_possibly": _met(definition, _count("_could", impairments), _count("_could", risks)),
    }
    frame = frame.with_columns(**counts)
    met = _met(definition, nw.col("n_impairments"), nw.col("n_risks")) == 1
    closed = (nw.col("_open") == 0) if definition.missing.on_missing == UNKNOWN else ~met
    known = closed & (nw.col("_observed") >= definition.missing.min_observed_constructs)
    need = (
        nw.when(met)
        .then(nw.lit(HIGH))
        .otherwise(nw.when(known).then(nw.lit(NOT_HIGH)).otherwise(nw.lit(UNKNOWN)))
    )
    return frame.with_columns(need=need).drop(
        "_observed", "_open", *[f"_{e}_{c}" for c in both for e in ("sure", "could")]
    )


def _has(c: Criterion, cut: Cut) -> list[nw.Expr]:
    worst, best = ("highest", "lowest") if cut.sign.startswith(">") else ("lowest", "highest")
    score = nw.col(c.scale)
    ends = {}
    for name, end in (("_could", worst), ("_sure", best)):
        value = (
            nw.when(nw.col(f"{c.scale}_{end}").is_null())
            .then(score)
            .otherwise(nw.col(f"{c.scale}_{end}"))
        )
        hit = _beyond(value, cut)
        # With neither score nor ends nothing is known: it could be, it is not sure.
        unknown = nw.lit(1 if name == "_could" else 0)
        ends[name] = (
            nw.when(value.is_null())
            .then(unknown)
            .otherwise(nw.when(hit).then(nw.lit(1)).otherwise(nw.lit(0)))
        )
    observed = nw.when(~score.is_null()).then(
        nw.when(_beyond(score, cut)).then(nw.lit(1)).otherwise(nw.lit(0))
    )
    return [
        observed.alias(f"has_{c.construct}"),
        *(e.alias(f"{n}_{c.construct}") for n, e in ends.items()),
    ]


def _beyond(value: nw.Expr, cut: Cut) -> nw.Expr:
    # A mean of items such as 3.4 is stored a hair below or above; a hair must not decide need.
    edge = cut.value if cut.value is not None else 0.0
    return {
        ">=": value >= edge - 1e-9,
        ">": value > edge + 1e-9,
        "<=": value <= edge + 1e-9,
        "<": value < edge - 1e-9,
    }[cut.sign]


def _count(prefix: str, constructs: list[str], unknown: int = 0) -> nw.Expr:
    if not constructs:
        return nw.lit(0)
    return _sum([nw.col(f"{prefix}_{c}").fill_null(unknown) for c in constructs])


def _met(definition: HighNeed, impairments: nw.Expr, risks: nw.Expr) -> nw.Expr:
    first = impairments >= definition.rule.k_impairments
    second = risks >= definition.rule.or_r_risks if definition.risks else nw.lit(False)
    hit = first & second if definition.rule.and_any else first | second
    return nw.when(hit).then(nw.lit(1)).otherwise(nw.lit(0))


def _sum(parts: list[nw.Expr]) -> nw.Expr:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
