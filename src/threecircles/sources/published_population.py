"""Denominators that claim an age must hold about so many people: all ages divided by would hide a child's risk."""

from __future__ import annotations

import polars as pl

from threecircles.core.errors import UsageError

TOLERANCE = 0.20
NO_GROUP = "Does not apply"
"""The row of a census table that stands for nobody; it takes part in no share."""


def check_population(claimed: pl.DataFrame, estimate: pl.DataFrame, ages: str) -> None:
    """Raise UsageError when a population table does not hold the ages it claims.

    claimed: area, population. estimate: area, population (mid-year estimate of the claimed ages). The
    middle ratio over areas must lie within a fifth of 1.
    """
    both = claimed.join(estimate, on="area", suffix="_estimate").filter(
        pl.col("population_estimate") > 0
    )
    if both.is_empty():
        raise UsageError(
            "No area of the two population tables is the same.", mend="Give codes of the same year."
        )
    ratio = (both.get_column("population") / both.get_column("population_estimate")).median()
    if ratio is None or abs(float(ratio) - 1) > TOLERANCE:  # type: ignore[arg-type]
        raise UsageError(
            f"The table does not hold ages {ages}.", found=f"{float(ratio or 0):.2f} times the estimate",  # type: ignore[arg-type]
            allowed=f"within {TOLERANCE:.0%} of the mid-year estimate", mend="Look for a table of those ages.",
        )  # fmt: skip
