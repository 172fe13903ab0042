"""Who pays, how early, to what end: without it a page of spend would not show how little goes to prevention."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from threecircles.definitions import read_csv
from threecircles.report.blocks import crossed_table, describe, pivot_table
from threecircles.report.model import Block, Column, Figure, Table, Text, Value
from threecircles.report.released import Released
from threecircles.report.sankey import Flow, sankey
from threecircles.report.words import capital, money

STAGES = ("agency", "prevention_level", "outcome_area")
TITLE = "Who pays, how early help comes, and to what end"
NET, ASSUMED, UNPLACED = "net", "net_assumed", "unallocated"


def money_flow(table: Released) -> list[Block]:
    """The drawing with its table, the level by outcome matrix, and where each split comes from.

    table: `spend-flow`, net pounds by agency, prevention level and outcome area with their totals.
    """
    matrix = crossed_table(
        table, "prevention_level", "outcome_area", NET, "Net spend by how early help comes and to what end",
        table_id="spend-matrix",
    )  # fmt: skip
    notes = Text(
        "How money was shared out",
        (
            *_unplaced(table),
            "Hatched bands, and the column of what was assumed, rest on a guess that nobody has agreed or measured yet.",
            "Shares follow written rules, each with its reason, author and date. A changed rule is a new version.",
        ),
    )
    return [_drawing(table), matrix, notes]


def _drawing(table: Released) -> Figure:
    flows: list[Flow] = []
    drawn: list[tuple[str, Value]] = []
    for column, (left, right) in enumerate(pairwise(STAGES)):
        for start in table.categories(left):
            for end in table.categories(right):
                where = {left: start, right: end}
                value = table.value(NET, **where)
                if value is None:
                    continue
                drawn.append((f"{table.label(left, start)} to {table.label(right, end)}", value))
                flows += _bands(column, start, end, value, table.value(ASSUMED, **where))
    found = dict.fromkeys(v for s in STAGES for v in table.categories(s))
    order = sorted(found, key=lambda v: v == UNPLACED)
    labels = {v: table.label(s, v) for s in STAGES for v in table.categories(s)}
    desc = describe("Flows of money", drawn)
    headings = [_heading(table, s) for s in STAGES]
    return Figure(
        id="spend-flow",
        title=TITLE,
        desc=desc,
        svg=sankey("spend-flow", headings, order, labels, flows, TITLE, desc, height=460.0),
        table=_steps(table, TITLE),
        drawn=tuple((k, v) for k, v in drawn if v.known),
        caveats=(
            "A band's width is net spend. Hatched: the split was assumed. Sums below nought have no width.",
        ),
        wide=True,
    )


def flow_svg(table: pl.DataFrame) -> str:
    """A drawing for one's own desk of `funding.flow`: agency, prevention_level, outcome_area, pence, assumed."""
    flows: list[Flow] = []
    for column, (left, right) in enumerate(pairwise(STAGES)):
        sums = table.group_by(left, right, "assumed").agg(pl.col("pence").sum())
        flows += [
            Flow(column, start, end, pence / 100, hatched=assumed)
            for start, end, assumed, pence in sums.sort(left, right, "assumed").iter_rows()
            if pence > 0
        ]
    names = _words("spend/prevention_levels") | _words("spend/outcome_areas")
    found = dict.fromkeys(v for s in STAGES for v in table[s].unique().sort().to_list())
    order = sorted(found, key=lambda v: v == UNPLACED)
    labels = {v: names.get(v, v.replace("_", " ").capitalize()) for v in order}
    desc = (
        "Money from who pays, to how early help comes, to what end. Hatched: the split was assumed."
    )
    headings = ("Who pays", "How early", "To what end")
    return sankey("money", headings, order, labels, flows, TITLE, desc, height=460.0).text


def _words(name: str) -> dict[str, str]:
    return {row["id"]: row["label"] for row in read_csv(name)}


def _bands(column: int, start: str, end: str, value: Value, assumed: Value | None) -> list[Flow]:
    """One band for what was agreed or measured and a hatched one for the rest."""
    if not value.known:
        return []
    whole = value.number or 0.0
    guess = min(whole, (assumed.number or 0.0) if assumed is not None and assumed.known else 0.0)
    made = [Flow(column, start, end, whole - guess), Flow(column, start, end, guess, hatched=True)]
    return [f for f in made if f.value > 0]


def _steps(table: Released, caption: str) -> Table:
    """The rows of the two steps that are drawn: from, to, net, and what of it was assumed."""
    base = pivot_table(table, caption)
    rows: list[tuple[Value | str, ...]] = []
    for left, right in pairwise(STAGES):
        for start in table.categories(left):
            for end in table.categories(right):
                cells = [table.value(m, **{left: start, right: end}) for m in (NET, ASSUMED)]
                if any(c is not None for c in cells):
                    names = (table.label(left, start), table.label(right, end))
                    rows.append((*names, *(c if c is not None else "[z]" for c in cells)))
    columns = (Column("from", "From"), Column("to", "To"), *base.columns[len(STAGES) :])
    return Table(
        id="spend-flow-steps", caption=caption, columns=columns, rows=tuple(rows), table_ids=base.table_ids,
        period=base.period, source=base.source, notes=base.notes,
    )  # fmt: skip


def _unplaced(table: Released) -> tuple[str, ...]:
    """What no rule holds for, as a sentence; the words of the table where it was hidden."""
    whole = table.value(NET)
    for stage in STAGES[1:]:
        value = table.value(NET, **{stage: UNPLACED})
        if value is not None and value.known and whole is not None and whole.number:
            return (
                f"Of {money(whole.number)}, {money(value.number or 0.0)} is not allocated "
                f"{'to a level of prevention' if stage == STAGES[1] else 'to an outcome'}: no rule holds for it.",
            )
    return ()


def _heading(table: Released, stage: str) -> str:
    dimension = table.dimension(stage)
    return capital(dimension.label if dimension else stage)
