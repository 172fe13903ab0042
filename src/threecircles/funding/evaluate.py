"""A formula applied to a file of inputs, without fitting: what a finance officer retraces a share with."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from threecircles.core.errors import UsageError
from threecircles.funding.fit_file import read_table
from threecircles.funding.formula import EffectRule, load_formula
from threecircles.funding.ladder import evaluate_ladder
from threecircles.funding.shares import pennies, predict


def evaluate(
    formula: Path, inputs: Path, *, rule: EffectRule | None = None, budget_pence: int | None = None
) -> list[dict[str, Any]]:
    """One record an authority.

    legacy_ladder: inputs is a CSV with a column a printed figure; gives `rnf` and the top-ups as text.
    logistic_child, poisson_area: inputs is a CSV or Parquet of cells with the formula's terms, `la` and
    `n` (children); gives expected, share and, with a budget, pence. Raises an error naming file and column.
    """
    read = load_formula(formula)
    if read.kind == "legacy_ladder":
        if not inputs.exists():
            raise UsageError("The input file is not there.", where=str(inputs))
        with inputs.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return [{**_names(row), **evaluate_ladder(read, row)} for row in rows]
    cells = read_table(inputs)
    for column in ("la", "n"):
        if column not in cells.columns:
            raise UsageError(
                f"The inputs lack the column {column}.",
                where=inputs.name,
                found=", ".join(cells.columns),
            )
    shares = predict(read, cells, rule=rule)
    money = pennies(shares, budget_pence) if budget_pence else {}
    return [
        {
            "la": la,
            "expected": float(e),
            "share": float(s),
            **({"pence": money[la]} if money else {}),
        }
        for la, e, s in zip(shares.la, shares.expected, shares.share, strict=True)
    ]


def _names(row: dict[str, str]) -> dict[str, str]:
    return {k: row[k] for k in ("la", "name", "sheet") if k in row}
