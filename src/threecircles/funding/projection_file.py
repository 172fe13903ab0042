"""What spend may come to, asked for in a file: without it a budget would be drawn on from last year by eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.definitions import load_text
from threecircles.funding.fit_file import read_table
from threecircles.funding.project import GROWTH, Backtest, project
from threecircles.funding.terms import carried, cliffs

LONGEST = 5


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of placement or help: its part of all activity and its price in pounds a unit."""

    share: float
    cost: float


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """A change to try. rates: times last year's rates by age band (all: every band). mix: other shares of kinds."""

    label: str
    rates: dict[str, float] = field(default_factory=dict)
    mix: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ProjectionPlan:
    """PLAN.yaml of `spend project`; paths are relative to it.

    year: the last year known. years: how many more (1 to 5). unit: what is counted (child-years in care).
    rates: activity a child by age band, in that year. children: by age band, in that year; population: a
    table year, age_band, children of years to come (absent: children stay as they are, and this is said).
    kinds: what activity consists of. growth: name -> real growth of unit costs a year. lines: a table of
    spend lines with terms (spend_id, line_label, net_pence, year, term, ends_on). notice: line -> the day
    notice must be given. pays_for: line -> what it pays for.
    """

    year: int
    unit: str
    rates: dict[str, float]
    children: dict[str, float]
    kinds: dict[str, Kind]
    years: int = 3
    population: str = ""
    growth: dict[str, float] = field(default_factory=lambda: dict(GROWTH))
    what_if: list[WhatIf] = field(default_factory=list)
    lines: str = ""
    notice: dict[str, str] = field(default_factory=dict)
    pays_for: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.years <= LONGEST:
            raise ValueError(f"A projection is for 1 to {LONGEST} years.")
        if set(self.rates) != set(self.children):
            raise ValueError("rates and children must name the same age bands.")
        whole = sum(k.share for k in self.kinds.values())
        if abs(whole - 1) > 1e-6:
            raise ValueError(f"The shares of the kinds add up to {whole:g}, not 1.")
        for change in self.what_if:
            if set(change.mix) - set(self.kinds):
                raise ValueError(f"{change.label} names a kind that is not there.")
            if set(change.rates) - set(self.rates) - {"all"}:
                raise ValueError(f"{change.label} names an age band that is not there.")
            if change.mix and abs(sum(change.mix.values()) - 1) > 1e-6:
                raise ValueError(f"The shares of {change.label} do not add up to 1.")


@dataclass(frozen=True)
class Projection:
    """table: what_if, assumption, year, activity, pounds. money: sums carried on (`carried`), cliffs: those
    that end (with notice and what they pay for). flat: no population projection was given.
    """

    table: pl.DataFrame
    money: pl.DataFrame | None
    cliffs: pl.DataFrame | None
    flat: bool
    plan: ProjectionPlan

    def as_dict(self) -> dict[str, Any]:
        """What `spend project --json` writes."""
        rows = lambda t: None if t is None else t.to_dicts()  # noqa: E731
        return {
            "projection": self.table.to_dicts(),
            "flat_population": self.flat,
            "money": rows(self.money),
            "cliffs": rows(self.cliffs),
        }


def project_file(path: Path, renew: Sequence[str] = ()) -> Projection:
    """Project what PLAN.yaml asks for. renew: ids of sums taken to go on.

    Raises an error naming file, line and field; a year or age band without children is refused.
    """
    if not path.is_file():
        raise UsageError("There is no such plan.", where=str(path))
    plan = load_text(path.read_text(encoding="utf-8-sig"), ProjectionPlan, where=path.name)
    ahead = range(plan.year + 1, plan.year + plan.years + 1)
    population = _population(plan, path.parent, ahead)
    parts = [_projected(plan, population, "as it is", plan.rates, {})]
    for change in plan.what_if:
        rates = {
            b: r * change.rates.get("all", 1.0) * change.rates.get(b, 1.0)
            for b, r in plan.rates.items()
        }
        parts.append(_projected(plan, population, change.label, rates, change.mix))
    money = ends = None
    if plan.lines:
        lines = _lines(path.parent / plan.lines)
        money, ends = carried(lines, ahead, renew), _cliffs(lines, plan, renew)
    elif renew:
        raise UsageError(
            "Only a plan with lines has sums to renew.", mend="Name lines in the plan."
        )
    return Projection(pl.concat(parts), money, ends, not plan.population, plan)


def _population(plan: ProjectionPlan, beside: Path, ahead: range) -> dict[int, dict[str, float]]:
    if not plan.population:
        return {year: dict(plan.children) for year in ahead}
    table = read_table(beside / plan.population, ("year", "age_band", "children"))
    made: dict[int, dict[str, float]] = {year: {} for year in ahead}
    for year, band, children in table.iter_rows():
        if int(year) in made:
            made[int(year)][str(band)] = float(children)
    return made


def _projected(
    plan: ProjectionPlan, population: dict[int, dict[str, float]], label: str, rates: dict[str, float], mix: dict[str, float],
) -> pl.DataFrame:  # fmt: skip
    price = sum(mix.get(k, 0.0 if mix else v.share) * v.cost for k, v in plan.kinds.items())
    made = project(rates, population, price, plan.year, plan.growth)
    return made.select(pl.lit(label).alias("what_if"), pl.all())


def _lines(path: Path) -> pl.DataFrame:
    table = read_table(path, ("spend_id", "line_label", "net_pence", "year", "term", "ends_on"))
    if table["ends_on"].dtype != pl.Date:
        table = table.with_columns(pl.col("ends_on").cast(pl.Utf8).str.to_date("%Y-%m-%d"))
    return table


def _cliffs(lines: pl.DataFrame, plan: ProjectionPlan, renew: Sequence[str]) -> pl.DataFrame:
    named = lambda held: pl.col("spend_id").replace_strict(held, default=None, return_dtype=pl.Utf8)  # noqa: E731
    return (
        cliffs(lines)
        .filter(~pl.col("spend_id").is_in(list(renew)))
        .with_columns(notice=named(plan.notice), pays_for=named(plan.pays_for))
    )


def projection_text(found: Projection, judged: Backtest | None = None) -> str:
    """What `spend project` prints: each what-if, cliffs by name, unknown terms apart, the backtest beside it."""
    plan = found.plan
    lines = [
        f"{plan.unit} and pounds in prices of {plan.year - 1}-{plan.year % 100:02d} (real terms):"
    ]
    if found.flat:
        lines.append(
            "No projection of the population was given: children stay as many as they are."
        )
    for (label,), part in found.table.group_by("what_if", maintain_order=True):
        lines.append(f"{label}:")
        for (year,), rows in part.group_by("year", maintain_order=True):
            figures = ", ".join(
                f"{r['assumption']} £{r['pounds']:,.0f}" for r in rows.iter_rows(named=True)
            )
            term = "short" if year - plan.year <= 2 else "medium"
            lines.append(
                f"  {year - 1}-{year % 100:02d} ({term} term): {rows['activity'][0]:,.1f}; {figures}"
            )
    if found.money is not None:
        lines += _money_text(found)
    if judged is not None:
        lines.append(judged.text())
    else:
        lines.append("No backtest was asked for: give --data to see how wrong such sums have been.")
    return "\n".join(lines)


def _money_text(found: Projection) -> list[str]:
    assert found.money is not None and found.cliffs is not None
    lines = ["Money that is known:"]
    for (year,), rows in found.money.sort("year").group_by("year", maintain_order=True):
        sure = rows.filter(pl.col("state") != "unknown")["pence"].sum()
        unknown = rows.filter(pl.col("state") == "unknown")["pence"].sum()
        more = f", and £{unknown / 100:,.0f} whose term is unknown (hatched)" if unknown else ""
        lines.append(f"  {year - 1}-{year % 100:02d}: £{sure / 100:,.0f}{more}")
    for row in found.cliffs.iter_rows(named=True):
        after = row["first_year_without"]
        lines.append(
            f"Cliff: {row['line_label']} (£{row['net_pence'] / 100:,.0f} a year) ends on {row['ends_on']}; nothing from "
            f"{after - 1}-{after % 100:02d}."
            + (f" It pays for {row['pays_for']}." if row["pays_for"] else "")
            + (f" Notice by {row['notice']}." if row["notice"] else "")
        )
    return lines
