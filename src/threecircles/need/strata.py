"""Both margins by stratum: what bounds on the overlap are summed over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.design import Design, unit_rows
from threecircles.core.design_variance import Structure
from threecircles.core.errors import UsageError


@dataclass(frozen=True)
class Strata:
    """population, service: shares of the whole population, by stratum (service NaN = not known).

    structure: the survey's units, one row a respondent. index: stratum of each respondent. high:
    1 where need is high. weight: the respondent's weight.
    """

    population: np.ndarray
    service: np.ndarray
    structure: Structure
    index: np.ndarray
    high: np.ndarray
    weight: np.ndarray

    def need(self, factors: np.ndarray | None = None) -> np.ndarray:
        """Share of the population in the stratum with high need; factors: one a unit, for the bootstrap."""
        w = self.weight if factors is None else self.weight * factors[self.structure.row_unit]
        size = len(self.population)
        base = np.bincount(self.index, w, minlength=size)
        high = np.bincount(self.index, w * self.high, minlength=size)
        whole = float((w * self.high).sum() / w.sum()) if w.sum() else 0.0
        # A stratum that a draw leaves empty takes the share of all.
        share = np.divide(high, base, out=np.full(size, whole), where=base > 0)
        return share * self.population

    @classmethod
    def of(cls, survey: pl.DataFrame, margins: pl.DataFrame, design: Design) -> Strata:
        """From answers and margins.

        survey: stratum_id, need (high or not_high) and the design's columns. margins: stratum_id,
        population, service (children; service null = not known).
        Raises UsageError when services exceed the population, or answers lie outside the margins.
        """
        over = margins.filter(pl.col("service") > pl.col("population"))
        if over.height:
            raise UsageError(
                "More children are in services than live there: the two are not of one population.",
                where=f"stratum {over['stratum_id'][0]}",
                found=f"{over['service'][0]} of {over['population'][0]}",
            )
        ordered = margins.sort("stratum_id").with_row_index("_h")
        known = survey.filter(pl.col("need").is_in(["high", "not_high"]))
        rows = known.join(
            ordered.select("stratum_id", "_h"), on="stratum_id", how="left", maintain_order="left"
        )
        if rows["_h"].null_count():
            raise UsageError(
                "Answers lie outside the population that the services are counted in.",
                found=f"{rows['_h'].null_count()} answers",
                mend="Take both from the same schools, areas and ages.",
            )
        whole = float(ordered["population"].sum())
        weight = rows[design.weight].to_numpy() if design.weight else np.ones(rows.height)
        return cls(
            population=ordered["population"].to_numpy().astype(float) / whole,
            service=ordered["service"].cast(pl.Float64).fill_null(float("nan")).to_numpy() / whole,
            structure=unit_rows(rows, design),
            index=rows["_h"].to_numpy().astype(int),
            high=(rows["need"] == "high").to_numpy().astype(float),
            weight=weight.astype(float),
        )
