"""What spend may come to, beside how wrong the same sums have been: a projection alone would be believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.shares import Floats
from threecircles.sources.published import find_published
from threecircles.sources.published_lait import FIRST_REGION, read_lait

GROWTH = {"low": 0.0, "middle": 0.02, "high": 0.04}
"""Named assumption sets: real growth of unit costs a year."""


def last_value(past: Floats, ahead: int) -> float:
    """As it was last."""
    return float(past[-1])


def straight_line(past: Floats, ahead: int) -> float:
    """Least squares through the years, drawn on."""
    slope, start = np.polyfit(np.arange(len(past)), past, 1)
    return float(start + slope * (len(past) - 1 + ahead))


def steady_growth(past: Floats, ahead: int) -> float:
    """The mean yearly growth of the years, kept up."""
    return float(past[-1] * (past[-1] / past[0]) ** (ahead / (len(past) - 1)))


METHODS: dict[str, Callable[[Floats, int], float]] = {
    "last value": last_value,
    "straight line": straight_line,
    "steady growth": steady_growth,
}


@dataclass(frozen=True)
class Backtest:
    """errors: median absolute error by method, as a part of what came; authorities: how many were judged."""

    errors: dict[str, float]
    authorities: int
    known_to: int
    target: int

    def text(self) -> str:
        """One sentence a method, and a warning when doing nothing would have been best."""
        best = min(self.errors, key=lambda m: self.errors[m])
        lines = [
            f"With figures to {self.known_to - 1}-{self.known_to % 100:02d}, the error for "
            f"{self.target - 1}-{self.target % 100:02d} over {self.authorities} authorities (median):"
        ]
        lines += [f"  {method}: {error:.1%}" for method, error in self.errors.items()]
        if best == "last value":
            lines.append("Warning: the last value did best, so no trend here is to be trusted.")
        return "\n".join(lines)


def backtest(table: pl.DataFrame, known_to: int, target: int) -> Backtest:
    """How wrong each method would have been. table: area, year, value (null = not known).

    Only years up to `known_to` are shown to the methods. Raises UsageError when nobody can be judged.
    """
    errors: dict[str, list[float]] = {m: [] for m in METHODS}
    for (_,), part in table.drop_nulls("value").sort("year").group_by("area", maintain_order=True):
        past = part.filter(pl.col("year") <= known_to)["value"].to_numpy().astype(np.float64)
        came = part.filter(pl.col("year") == target)["value"]
        if len(past) < 3 or not len(came) or came[0] <= 0 or past.min() <= 0:
            continue
        for method, function in METHODS.items():
            errors[method].append(abs(function(past, target - known_to) / float(came[0]) - 1))
    count = len(errors["last value"])
    if not count:
        raise UsageError("No authority has three years before and the year itself.", found=f"{known_to}, {target}")  # fmt: skip
    return Backtest({m: float(np.median(e)) for m, e in errors.items()}, count, known_to, target)


def published_backtest(
    folder: Path, measure: str = "TotalLACFinance", known_to: int = 2022, target: int = 2025
) -> Backtest:
    """The backtest on a published spend measure of the interactive tool, over all authorities."""
    if known_to >= target:
        raise UsageError(
            "The methods may not see the year they are judged by.",
            found=f"known to {known_to}, judged by {target}", allowed="known-to before target",
        )  # fmt: skip
    values = read_lait(find_published(folder, "lait")["lait"], measure).values.filter(
        pl.col("la_number") < FIRST_REGION, pl.col("status") == "outturn"
    )
    if values.is_empty():
        raise UsageError(f"There is no measure {measure} in the interactive tool.")
    return backtest(values.select("year", "value", area="la_number"), known_to, target)


def project(
    rates: Mapping[str, float],
    population: Mapping[int, Mapping[str, float]],
    unit_cost: float,
    first_year: int,
    growth: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Activity and cost of years to come under each named assumption set.

    rates: activity a child by age band, at the last year. population: year -> age band -> children (give
    the last year's for every year where no projection is held). unit_cost: pounds a unit in the prices of
    first_year. Columns: assumption, year, activity, pounds (real terms of first_year).
    Raises UsageError for a band without children.
    """
    rows = []
    for name, rate in (growth or GROWTH).items():
        for year, children in sorted(population.items()):
            missing = sorted(set(rates) - set(children))
            if missing:
                raise UsageError(f"{year} lacks children of some ages.", found=", ".join(missing))
            activity = sum(r * children[band] for band, r in rates.items())
            rows.append((name, year, activity, activity * unit_cost * (1 + rate) ** (year - first_year)))  # fmt: skip
    return pl.DataFrame(rows, schema=["assumption", "year", "activity", "pounds"], orient="row")
