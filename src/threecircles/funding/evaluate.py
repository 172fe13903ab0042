"""A formula applied to a file of inputs, without fitting: what a finance officer retraces a share with."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel.checks import as_number, as_text, refuse
from threecircles.funding.fit_file import naming, read_table
from threecircles.funding.formula import EffectRule, Formula, load_formula, need_kind
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
    authority and the number of children; gives expected, share (after the area cost adjustment, where the
    formula has one) and, with a budget, pence. Raises an error
    naming file and column.
    """
    read = load_formula(formula)
    if read.kind == "legacy_ladder":
        return [_laddered(read, row, n, inputs) for n, row in enumerate(_texts(inputs), 1)]
    cells = read_cells(inputs, read, la=la, children=children)
    shares = predict(
        read, cells, la=la, children=children, rule=rule, area_cost=read.area_cost or None
    )
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


def _texts(inputs: Path) -> list[dict[str, str]]:
    """The rows of a CSV as text, so that no digit is lost. Raises UsageError for a file that is none."""
    if not inputs.is_file():
        raise UsageError("The input file is not there.", where=str(inputs))
    try:
        text = inputs.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("The file is not a CSV in UTF-8.", where=inputs.name, mend="Save the sheet as CSV UTF-8.") from None  # fmt: skip
    head = text.partition("\n")[0]
    sign = max(",;\t", key=lambda s: (head.count(s), s == ","))
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=sign))
    if not rows:
        raise UsageError("The inputs have no rows.", where=inputs.name)
    return [{(k or "").strip(): v for k, v in row.items()} for row in rows]


def _laddered(formula: Formula, row: dict[str, str], number: int, inputs: Path) -> dict[str, Any]:
    try:
        return {**_names(row), **evaluate_ladder(formula, row)}
    except UsageError as refused:
        raise UsageError(
            refused.what, where=f"{inputs.name}, row {number:,}", found=refused.found,
            allowed=refused.allowed, mend=refused.mend,
        ) from None  # fmt: skip


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


def read_cells(path: Path, *formulas: Formula, la: str = "la", children: str = "n") -> pl.DataFrame:
    """Cells of formulas' terms from CSV or Parquet, the authority as text and the children as numbers.

    Raises UsageError naming file, row and column of what the formulas cannot be applied to.
    """
    for formula in formulas:
        need_kind(formula, "logistic_child", "poisson_area", "two_part")
    cells = read_table(path)
    if cells.is_empty():
        raise UsageError("The inputs have no rows.", where=path.name)
    for column in (la, children):
        if column not in cells.columns:
            raise UsageError(
                f"The inputs lack the column {column}.",
                where=path.name,
                found=", ".join(cells.columns),
                mend="Name the columns of authorities and of children with --la and --children.",
            )
    with naming(path.name):
        heads = as_number(cells, children)
        refuse(heads < 0, f"{children}, the number of children, is below nought")
        if not heads.sum():
            raise UsageError("There is no child in the inputs.", found=f"{children} is nought in every row")  # fmt: skip
        cells = cells.with_columns(as_text(cells, la).alias(la), heads.alias(children))
        for outcome in (o for f in formulas for o in f.outcomes):
            predictor(outcome, cells)
    return cells


def read_prior(path: Path) -> dict[str, int]:
    """Last year's amounts in pence by authority from a table with `la` and `pounds`."""
    table = read_table(path, ("la", "pounds"))
    with naming(path.name):
        pounds = as_number(table, "pounds")
        refuse(pounds < 0, "pounds is below nought")
        names = as_text(table, "la")
        refuse(names.is_duplicated(), "la stands more than once")
    return {la: round(p * 100) for la, p in zip(names, pounds, strict=True)}
