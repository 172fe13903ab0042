"""The registry of measures: without it nobody could say what was asked, how it scored or who owns it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Literal

from threecircles.core.errors import DefinitionError, did_you_mean
from threecircles.core.scoring import Scale, needed
from threecircles.definitions import HOME, Definition, load, read_csv


@dataclass(frozen=True, kw_only=True)
class Licence:
    """class A: the text ships. B: scoring ships, the user brings the text. C: scores are imported only."""

    class_: Literal["A", "B", "C"]
    holder: str
    terms_summary: str = ""
    checked_on: date | None = None
    url: str = ""
    notice: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question of a measure: its code, its set of answers, and whether it counts backwards.

    symbol: the picture beside it in the symbol version.
    """

    code: str
    options: str
    reverse: bool = False
    symbol: str = ""


@dataclass(frozen=True, kw_only=True)
class ScaleRule:
    """How a scale of a measure is scored. items: () = all of the measure's.

    range: of the score. rule: of the items; or of other scales (`of`): their sum, which is missing when
    one of them is, or one of them converted by a table whose first entry is the lowest raw score.
    """

    id: str
    rule: Literal["mean", "sum", "sum_of_scales", "converted"]
    min_answered: str | int
    range: list[float]
    direction: Literal["higher_is_better", "higher_is_worse"]
    scale_form: Literal["raw", "metric", "T", "z"] = "raw"
    prorate_to: Literal["none", "half_up"] = "none"
    items: list[str] = field(default_factory=list)
    of: list[str] = field(default_factory=list)
    conversion: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Band:
    """One band of a score, both ends inclusive."""

    label: str
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class BandTable:
    """Bands of one scale for one country, respondent and age range; never applied outside them."""

    scale: str
    country: str
    respondent: str
    ages: list[int]
    bands: list[Band]
    source: str
    valid_from: date | None = None


@dataclass(frozen=True, kw_only=True)
class Measure(Definition):
    """A measure of the registry."""

    construct: str
    outcome_area: str
    respondent: Literal["pupil", "parent", "teacher", "young_person", "anyone"]
    ages: list[int]
    items: list[Item] = field(default_factory=list)
    scales: list[ScaleRule] = field(default_factory=list)
    bands: list[BandTable] = field(default_factory=list)
    licence: Licence
    languages: list[str] = field(default_factory=list)
    reading_age: int | None = None
    sensitivity: Literal["none", "some", "high"] = "none"
    core: bool = False

    def scale(self, scale_id: str) -> ScaleRule:
        """The scale of that id. Raises DefinitionError."""
        for scale in self.scales:
            if scale.id == scale_id:
                return scale
        known = [s.id for s in self.scales]
        raise DefinitionError(
            f"The measure {self.id} has no scale {scale_id}.", mend=did_you_mean(scale_id, known)
        )


def measures() -> tuple[Measure, ...]:
    """All shipped measures, each checked: options known, no item in two scales, bands without gaps."""
    return tuple(measure(p.stem) for p in sorted((HOME / "measures").glob("*.yaml")))


def measure(name: str) -> Measure:
    """One shipped measure, checked. Raises DefinitionError with the file."""
    found = load(f"measures/{name}", Measure)
    check(found)
    return found


def check(found: Measure) -> None:
    """Raise DefinitionError when the measure contradicts itself; the message names what and where."""
    where = f"measures/{found.id}.yaml"
    codes = [item.code for item in found.items]
    sets = {row["set"] for row in response_sets()}
    for item in found.items:
        if item.options not in sets:
            raise DefinitionError(
                f"The item {item.code} names an unknown set of answers.",
                where=where,
                found=item.options,
                allowed=", ".join(sorted(sets)),
            )
    seen: dict[str, str] = {}
    for scale in found.scales:
        for code in scale.items:
            if code not in codes:
                raise DefinitionError(
                    f"The scale {scale.id} names an unknown item.",
                    where=where,
                    found=code,
                    mend=did_you_mean(code, codes),
                )
            if code in seen:
                raise DefinitionError(
                    f"The item {code} stands in two scales.",
                    where=where,
                    found=f"{seen[code]} and {scale.id}",
                )
            seen[code] = scale.id
        for other in scale.of:
            found.scale(other)
        if scale.rule == "converted":
            _check_conversion(found, scale, where)
    for table in found.bands:
        _check_bands(table, found.scale(table.scale), where)


def _check_conversion(found: Measure, scale: ScaleRule, where: str) -> None:
    low, high = found.scale(scale.of[0]).range
    if len(scale.conversion) != high - low + 1:
        raise DefinitionError(
            f"The table that converts {scale.of[0]} has another length than its range.",
            where=where,
            found=str(len(scale.conversion)),
            allowed=f"{high - low + 1:g}, one for each whole score from {low:g} to {high:g}",
        )


def _check_bands(table: BandTable, scale: ScaleRule, where: str) -> None:
    if not table.source:
        raise DefinitionError(f"Bands of {table.scale} name no source.", where=where)
    bands = sorted(table.bands, key=lambda b: b.low)
    for before, after in pairwise(bands):
        if after.low != before.high + 1:
            kind = "overlap" if after.low <= before.high else "leave a gap"
            raise DefinitionError(
                f"Bands of {table.scale} {kind}.",
                where=where,
                found=f"{before.label} and {after.label}",
            )
    if (bands[0].low, bands[-1].high) != tuple(scale.range):
        raise DefinitionError(
            f"Bands of {table.scale} do not cover the range of its score.",
            where=where,
            found=f"{bands[0].low:g} to {bands[-1].high:g}",
            allowed=f"{scale.range[0]:g} to {scale.range[1]:g}",
        )


@cache
def response_sets() -> tuple[dict[str, str], ...]:
    """Sets of answers: rows of set, value, label, source."""
    return read_csv("measures/response_sets")


def option_range(name: str) -> tuple[float, float]:
    """Lowest and highest value of a set of answers."""
    values = [float(r["value"]) for r in response_sets() if r["set"] == name]
    return min(values), max(values)


def scoring(found: Measure) -> tuple[Scale, ...]:
    """The measure's scales as core scores them."""
    by_code = {item.code: item for item in found.items}
    made = []
    for rule in found.scales:
        if rule.rule not in ("mean", "sum"):
            continue
        codes = rule.items or list(by_code)
        ranges = {option_range(by_code[c].options) for c in codes}
        if len(ranges) != 1:
            raise DefinitionError(
                f"Items of the scale {rule.id} have answers of different ranges.",
                where=f"measures/{found.id}.yaml",
            )
        low, high = ranges.pop()
        made.append(
            Scale(
                id=rule.id,
                items={c: by_code[c].reverse for c in codes},
                low=low,
                high=high,
                rule=rule.rule,
                min_answered=needed(len(codes), rule.min_answered),
                rounding=rule.prorate_to,
            )
        )
    return tuple(made)
