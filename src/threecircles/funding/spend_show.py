"""Spend in words and columns for the screen: what was read, what was not a line, what does not add up."""

from __future__ import annotations

import polars as pl

from threecircles.core.tables import TOTAL, Measured
from threecircles.funding.spend import Spend


def spend_text(spend: Spend) -> str:
    """What `spend read` prints: counts, refused totals, and each finding with its difference."""
    told = [f"{spend.lines.height} lines were read, {spend.refused.height} totals were left out."]
    told += [
        f"  {row['line']} {row['line_label'] or ''}: {row['why']}"
        for row in spend.refused.iter_rows(named=True)
    ]
    told.append(
        f"{spend.findings.height} findings." if spend.findings.height else "Every sum comes out."
    )
    told += [
        f"  {row['line'] or 'all lines'}: {row['sentence']}"
        for row in spend.findings.iter_rows(named=True)
    ]
    return "\n".join(told)


def table_text(table: Measured) -> str:
    """What `spend show` prints: one row for each line or section, one column for each measure."""
    dimension = table.spec.dimensions[0]
    measures = table.frame.get_column("measure").unique(maintain_order=True).to_list()
    shown = {
        (r[dimension.column], r["measure"]): (r["value"], r["reason"])
        for r in table.frame.iter_rows(named=True)
    }
    names = [*dimension.order, TOTAL]
    width = max(len(dimension.labels.get(n, n)) for n in names)
    lines = [
        f"{table.spec.title}, {table.spec.period}, {table.spec.unit}",
        " " * width + "".join(f"{m:>18}" for m in measures),
    ]
    for name in names:
        cells = (_cell(*shown.get((name, m), (None, "not_available"))) for m in measures)
        lines.append(
            f"{dimension.labels.get(name, name):<{width}}" + "".join(f"{c:>18}" for c in cells)
        )
    return "\n".join([*lines, *table.spec.notes])


def reconciliation_text(table: pl.DataFrame) -> str:
    """What `spend reconcile` prints: three publications side by side, with the difference and why."""
    lines = [f"{'':<42}{'section 251':>16}{'tool':>16}{'RO3':>16}{'difference':>12}"]
    for row in table.iter_rows(named=True):
        share = "" if row["share"] is None else f"{row['share']:.1%}"
        whys = (("s251", None), ("lait", None), ("ro3", row["ro3_missing"]))
        figures = "".join(f"{_cell(row[c], why):>16}" for c, why in whys)
        lines.append(
            f"{row['section']} {row['label']:<38}{figures}{share:>11}{'!' if row['flagged'] else ' '}"
        )
    reasons = [r for r in table.get_column("reasons").unique().to_list() if r]
    return "\n".join([*lines, *(f"! more than the tolerance. {r}" for r in reasons)])


def _cell(value: float | None, reason: str | None) -> str:
    return f"{value:,.0f}" if value is not None else (reason or "not published").replace("_", " ")
