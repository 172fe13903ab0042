"""A formula applied to a file of inputs, without fitting: what a finance officer retraces a share with."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.fit_file import read_table
from threecircles.funding.formula import EffectRule, Formula, load_formula
from threecircles.funding.ladder import evaluate_ladder
from threecircles.funding.shares import pennies, predict, predictor, probability


def evaluate(
    formula: Path,
    inputs: Path,
    *,
    rule: EffectRule | None = None,
    budget_pence: int | None = None,
    la: str = "la",
    children: str = "n",
) -> list[dict[str, Any]]:
    """One record an authority.

    legacy_ladder: inputs is a CSV with a column a printed figure; gives `rnf` and the top-ups as text.
    logistic_child, poisson_area: inputs is a CSV or Parquet of cells with the formula's terms, the
    authority and the number of children; gives expected, share and, with a budget, pence. Raises an error
    naming file and column.
    """
    read = load_formula(formula)
    if read.kind == "legacy_ladder":
        if not inputs.exists():
            raise UsageError("The input file is not there.", where=str(inputs))
        with inputs.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return [{**_names(row), **evaluate_ladder(read, row)} for row in rows]
    cells = read_cells(inputs)
    for column in (la, children):
        if column not in cells.columns:
            raise UsageError(
                f"The inputs lack the column {column}.",
                where=inputs.name,
                found=", ".join(cells.columns),
                mend="Name the columns of authorities and of children with --la and --children.",
            )
    shares = predict(read, cells, la=la, children=children, rule=rule)
    money = pennies(shares, budget_pence) if budget_pence else {}
    return [
        {
            "la": code,
            "expected": float(e),
            "share": float(s),
            **({"pence": money[code]} if money else {}),
        }
        for code, e, s in zip(shares.la, shares.expected, shares.share, strict=True)
    ]


def _names(row: dict[str, str]) -> dict[str, str]:
    return {k: row[k] for k in ("la", "name", "sheet") if k in row}


def worked(formula: Formula) -> list[tuple[str, float, float | None]]:
    """Each example child of a formula: outcome, probability with effects nought, and the printed one."""
    made = []
    for example in formula.examples:
        outcome = next(o for o in formula.outcomes if o.id == example.outcome)
        child = pl.DataFrame({k: [v] for k, v in example.values.items()})
        chance = probability(predictor(outcome, child), outcome.link, outcome.random, "at_zero")
        made.append((outcome.id, float(chance[0]), example.printed))
    return made


def read_cells(path: Path) -> pl.DataFrame:
    """Cells of a formula's terms from CSV or Parquet."""
    cells = read_table(path)
    if cells.is_empty():
        raise UsageError("The inputs have no rows.", where=path.name)
    return cells


def read_prior(path: Path) -> dict[str, int]:
    """Last year's amounts in pence by authority from a table with `la` and `pounds`."""
    table = read_table(path, ("la", "pounds"))
    return {str(la): round(float(pounds) * 100) for la, pounds in table.iter_rows()}
