"""Marks a written place against the published figures: without it likeness would be a claim."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.definitions.yaml12 import parse
from threecircles.synthetic.facts.care import care_figures
from threecircles.synthetic.facts.early import early_figures
from threecircles.synthetic.facts.folder import Figures, Folder
from threecircles.synthetic.facts.money import money_figures
from threecircles.synthetic.facts.school import (
    health_figures,
    justice_figures,
    land_figures,
    school_figures,
)
from threecircles.synthetic.facts.social import social_figures
from threecircles.synthetic.profile import HOME, load_profile


@dataclass(frozen=True)
class Target:
    """One figure to be met: value and the largest difference allowed."""

    no: int
    label: str
    item: str
    value: float
    tolerance: float
    source: str
    cases: float
    sd: float = 0.0

    def verdict(self, got: float | None) -> str:
        """met, by chance, outside or not shown; see `check`."""
        if got is None:
            return "not shown"
        apart = abs(got - self.value)
        if apart <= self.tolerance + 1e-9:
            return "met"
        sd = self.sd or (self.value * max(100 - self.value, 0.0)) ** 0.5
        spread = 3 * sd / self.cases**0.5
        return "by chance" if apart <= spread else "outside"


def check(path: Path | str) -> pl.DataFrame:
    """Table of fact, item, target, got, tolerance and verdict for a place written by `make`.

    Columns: no, label, item, target, got, tolerance, verdict, source. Tolerances: counts within the larger
    of 3% and 3 times the root of the count; shares within 1.5 points, those under 5% within a fifth; spend
    within 3% (specification, section 10, A1). Verdicts: met; outside; not shown; and "by chance" for a
    share beyond its 1.5 points but within three standard errors of a share of so few, as a small place's are.
    """
    folder = Folder.open(path)
    figures = all_figures(folder)
    rows = []
    for target in targets(folder, figures):
        got = figures.get((target.no, target.item))
        rows.append(
            (
                target.no,
                target.label,
                target.item,
                target.value,
                got,
                target.tolerance,
                target.verdict(got),
                target.source,
            )
        )
    names = ["no", "label", "item", "target", "got", "tolerance", "verdict", "source"]
    return pl.DataFrame(rows, schema=names, orient="row", strict=False)


def all_figures(folder: Folder) -> Figures:
    """Every figure a place shows, by number of the fact and item."""
    return (
        land_figures(folder) | social_figures(folder) | care_figures(folder) | school_figures(folder)
        | health_figures(folder) | justice_figures(folder) | money_figures(folder) | early_figures(folder)
    )  # fmt: skip


def targets(folder: Folder, figures: Figures) -> list[Target]:
    """The figures this place aims at: the county at Norfolk, the others at England."""
    facts = parse((HOME / "facts.yaml").read_text(encoding="utf-8"), "facts.yaml").plain()
    aim = "n" if folder.preset == "county" else "e"
    base = facts["population"]
    found = []
    for fact in facts["facts"]:
        values = (
            _exact(fact["no"], folder) if fact["kind"] in ("size", "exact") else fact.get(aim) or {}
        )
        scale = folder.children / fact.get("base", base)[aim]
        # Parts are counts of a whole that the place has in its own number (small areas, referrals).
        whole = sum(values.values()) if fact["kind"] == "parts" else 1.0
        own = figures_total(figures, fact["no"], values) / whole if fact["kind"] == "parts" else 1.0
        cases = _cases(fact.get("of"), folder, figures)
        found += [_target(fact, item, value, scale, own, cases) for item, value in values.items()]
    return found


def _cases(of: Any, folder: Folder, figures: Figures) -> float:
    """How many the shares of a fact are shares of; endless where the fact does not say."""
    if of is None:
        return float("inf")
    if isinstance(of, list):
        return max(figures.get((of[0], of[1]), 0.0), 1.0)
    return max(float(of) * folder.children, 1.0)


def figures_total(figures: Figures, no: int, items: dict[str, float]) -> float:
    """Sum of the figures of one fact."""
    return sum(figures.get((no, item), 0.0) for item in items)


def _exact(no: int, folder: Folder) -> dict[str, float]:
    profile = load_profile(folder.preset)
    if no == 1:
        return {"children": profile["people"]["children"]}
    if no == 2:
        return {"areas": profile["land"]["lsoas"]}
    return {}


def _target(
    fact: dict[str, Any], item: str, value: float, scale: float, per_head: float, cases: float
) -> Target:
    kind = fact["kind"]
    if kind in ("count", "spend"):
        value = value * scale
    elif kind == "parts":
        value = value * per_head
    return Target(
        fact["no"], fact["label"], item, value, _tolerance(fact, value, scale), fact["source"],
        cases, fact.get("sd", 0.0),
    )  # fmt: skip


def _tolerance(fact: dict[str, Any], value: float, scale: float) -> float:
    match fact["kind"]:
        case "size" | "spend" | "money":
            return 0.03 * value
        case "count" | "parts":
            return max(0.03 * value, 3 * value**0.5)
        case "share" | "events":
            return 1.5 if value >= 5 else 0.2 * value
        case "rate":
            # A rate is a count in disguise: the count behind it decides.
            events = value * fact["events_per_unit"] * scale
            return value * max(0.03, 3 / max(events, 1) ** 0.5)
        case "days":
            return 1.5
        case _:
            return 0.0
