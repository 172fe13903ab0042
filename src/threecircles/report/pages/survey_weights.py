"""How far a survey's answers were stretched to stand for all: without it a weighted figure would look like a count."""

from __future__ import annotations

from dataclasses import replace

from threecircles.core.tables import TOTAL
from threecircles.report.blocks import pivot_table, source_of
from threecircles.report.model import Block, Column, Nothing, Table, Text
from threecircles.report.released import Released
from threecircles.report.words import joined

TABLE = "survey-weights"
CAPTION = "How far each survey's answers were stretched"
TOTALS = "The totals of the school roll that weights were fitted to"
REACHED: dict[float | None, str] = {0.0: "Reached", 1.0: "Missed"}


def weight_blocks(table: Released) -> list[Block]:
    """Design effect and largest weight of each survey, each total with whether it was reached, and what that means."""
    whole = [r for r in table.rows if r["total"] == TOTAL]
    if not any(table.value_of(r).known for r in whole):
        return [
            Nothing(
                "How answers were weighted cannot be shown",
                "Too few pupils answered.",
                "With more answers, this page would show how far they were stretched to stand for everyone on roll.",
            )
        ]
    return [_figures(table), _totals(table), Text("What weights do", _words(table))]


def _figures(table: Released) -> Table:
    """One row a survey."""
    made = pivot_table(table, CAPTION, f"{TABLE}-figures")
    keep = [k for k, c in enumerate(made.columns) if c.id not in ("total", "missed")]
    rows = tuple(
        tuple(row[k] for k in keep) for row in made.rows if row[1] == table.label("total", TOTAL)
    )
    return replace(made, columns=tuple(made.columns[k] for k in keep), rows=rows, notes=())


def _totals(table: Released) -> Table:
    """One row a total and survey: reached or missed."""
    surveys = table.categories("survey")
    columns = (Column("total", "Total"), *(Column(s, table.label("survey", s)) for s in surveys))
    rows = tuple(
        (table.label("total", t), *(_reached(table, s, t) for s in surveys))
        for t in table.categories("total")
    )
    return Table(
        id=f"{TABLE}-totals", caption=TOTALS, columns=columns, rows=rows, table_ids=(table.id,),
        period=table.safe.spec.period, source=source_of(table),
    )  # fmt: skip


def _reached(table: Released, survey: str, total: str) -> str:
    value = table.value("missed", survey=survey, total=total)
    if value is None:
        return "[z]"
    return REACHED.get(value.number, value.symbol or "[x]")


def _words(table: Released) -> tuple[str, ...]:
    missed = [
        table.label("total", t).lower()
        for t in table.categories("total")
        if any(_reached(table, s, t) == REACHED[1.0] for s in table.categories("survey"))
    ]
    first = (
        f"These totals could not be reached: {joined(missed)}."
        if missed
        else "Every total of the school roll was reached."
    )
    return (first, *table.safe.spec.notes)
