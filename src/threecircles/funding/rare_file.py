"""A rare outcome named by a file: what `threecircles formula rare` does."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.fit_file import load_spec, read_table
from threecircles.funding.rare import Rare, with_and_without


def rare_file(
    spec: Path, *, parent: str, weight: float, year: str = "year"
) -> tuple[pl.DataFrame, Rare]:
    """Shares with and without the outcome of SPEC.yaml, of cells stacked over years.

    Raises UsageError for a spec without trials, without two groups or with factors, and for missing columns.
    """
    asked = load_spec(spec)
    if asked.trials is None or len(asked.groups) != 2 or asked.categorical:
        raise UsageError(
            "A rare outcome is fitted to cells of children with numeric terms in areas in authorities.",
            where=spec.name, mend="Name trials, two groups and numeric terms only.",
        )  # fmt: skip
    if not 0 <= weight <= 1:
        raise UsageError("The cost weight is a part of all cost, 0 to 1.", found=f"{weight:g}")
    table = read_table(Path(asked.file), [*asked.columns(), parent, year])
    return with_and_without(
        table, outcome=asked.outcome, parent=parent, trials=asked.trials, numeric=asked.numeric,
        groups=asked.groups, weight=weight, year=year,
    )  # fmt: skip
