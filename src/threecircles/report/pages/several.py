"""Who holds several conditions at once: without it each service would see its own part of the same children."""

from __future__ import annotations

from dataclasses import replace

from threecircles.report.altair_charts import bars
from threecircles.report.blocks import (
    INTERVAL,
    breakdown_table,
    chart_figure,
    chart_rows,
    interval_or_dash,
    pivot_table,
)
from threecircles.report.context import Context
from threecircles.report.model import (
    Block,
    Column,
    Figure,
    Finding,
    Findings,
    Nothing,
    Page,
    Table,
    Text,
    Value,
)
from threecircles.report.released import Released, Tables
from threecircles.report.upset import Meeting, upset
from threecircles.report.words import about_children, capital, text_of

NUMBER, SETS, PAIRS = "combinations-number", "combinations", "combinations-pairs"
NONE_HELD, NOTHING = "0", "none"
MOST_DRAWN = 14
MOST_LISTED = 40
"""Rows of sets that a page lists; the open data hold all."""
SLUG = "several-at-once"


def page(tables: Tables, context: Context) -> Page:
    """How many hold none, one, two, three or more; which sets are largest; which two meet more than by chance."""
    used = [t for i in (NUMBER, SETS, PAIRS) if (t := tables.get(i)) is not None]
    blocks: list[Block] = []
    number, sets, pairs = (tables.get(i) for i in (NUMBER, SETS, PAIRS))
    if number is not None:
        blocks += [*_findings(number), number_figure(number, "several-number")]
    if sets is not None:
        blocks.append(_sets(sets))
    if pairs is not None:
        blocks.append(_pairs(pairs))
    if used:
        blocks.append(Text("What these figures do not know", used[0].safe.spec.notes))
    else:
        blocks.append(
            Nothing(
                "Who holds several conditions is not known",
                "No source tells of more than one condition, or too few children hold any.",
                "With several sources linked, this page would show how many children hold several conditions at once.",
            )
        )
    return Page(
        id=SLUG,
        slug=SLUG,
        title="How many children hold several conditions at once?",
        summary=(
            "Services see one part of a child's life each. Linked, their records show how many children are known "
            "for several things in the year: how many, never which.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("need", "services", "linkage"),
        order=2,
    )


def number_figure(table: Released, figure_id: str) -> Figure:
    """Children by how many conditions they hold; those with none recorded stand in the table alone."""
    told = [c for c in table.categories("number") if c != NONE_HELD]
    drawn = [
        (table.label("number", c), v) for c in told if (v := table.value("children", number=c))
    ]
    rows = [r | {"low": None, "high": None} for r in chart_rows(drawn)]
    title = "Children by how many conditions are recorded of them"
    listed = breakdown_table(
        table, "number", ["children"], title, base=False, total=False, table_id=f"{figure_id}-table"
    )
    columns = tuple(
        replace(c, label=c.label.replace(INTERVAL, "At least and at most")) for c in listed.columns
    )
    return chart_figure(
        figure_id, title, bars(rows, "Children"), replace(listed, columns=columns, notes=()), drawn,
        caveats=(
            "What a source does not hold of a child is unknown, never no: at most counts all that could be so.",
        ),
    )  # fmt: skip


def _findings(table: Released) -> list[Block]:
    many = table.value("children", number="3+")
    if many is None or not many.known:
        return []
    said = f"{capital(about_children(many.number))} are known for three or more conditions at once in the year."
    return [Findings("What the records show together", (Finding(said, (many,)),))]


def _sets(table: Released) -> Figure:
    """The largest sets, drawn; the table lists more of them."""
    drawn = [
        (code, v)
        for code in table.categories("set")
        if code != NOTHING and (v := table.value("children", set=code)) and v.known
    ]
    drawn.sort(key=lambda d: -(d[1].number or 0.0))
    top = drawn[:MOST_DRAWN]
    singles = {code: table.label("set", code) for code, _ in drawn if " " not in code}
    names = {c: _name(table, c, singles) for code, _ in top for c in code.split()}
    order = sorted(names, key=lambda c: -sum((v.number or 0) for code, v in top if c in code.split()))  # fmt: skip
    meetings = [
        Meeting(frozenset(code.split()), v.number or 0.0, f"{v.number or 0:,.0f}")
        for code, v in top
    ]
    title = "The sets of conditions that most children hold"
    desc = f"Columns of the {len(top)} largest sets, each over dots that mark its conditions."
    if top:
        (most, high), (least, low) = top[0], top[-1]
        desc += (
            f" Highest: {table.label('set', most)}, {text_of(high)}."
            f" Lowest of these: {table.label('set', least)}, {text_of(low)}."
        )
    listed = breakdown_table(
        table, "set", ["children"], title, base=False, total=False, table_id="several-sets-table"
    )
    codes = table.categories("set")
    rank = {code: k for k, (code, _) in enumerate(drawn)}
    rows = sorted(zip(codes, listed.rows, strict=True), key=lambda r: rank.get(r[0], len(rank)))
    kept = tuple(row for code, row in rows if code in rank)[:MOST_LISTED]
    hidden = len([c for c in codes if c != NOTHING]) - len(drawn)
    return Figure(
        id="several-sets", title=title, desc=desc,
        svg=upset("several-sets", title, desc, [(c, names[c]) for c in order], meetings),
        table=replace(listed, rows=kept, notes=()),
        drawn=tuple((table.label("set", code), v) for code, v in top),
        caveats=(
            f"Each child is counted in one set: all that is recorded of them. {hidden} sets hold too few children to show.",
        ),
    )  # fmt: skip


def _name(table: Released, condition: str, singles: dict[str, str]) -> str:
    """A condition's words: those of its own set, else its part of a set that can be shown."""
    if condition in singles:
        return singles[condition]
    for code in table.categories("set"):
        parts, words = code.split(), table.label("set", code).split(" and ")
        if condition in parts and len(parts) == len(words):
            return words[parts.index(condition)]
    return condition.replace("_", " ")


def _pairs(table: Released) -> Table:
    """Two by two: children who hold both with what links leave open, what chance would bring, and the one over the
    other with its interval.
    """
    made = pivot_table(
        table, "Two conditions together, and what chance would bring", "several-pairs"
    )
    made = _with_ends(made, "children", "At least and at most, over links")
    made = _with_ends(made, "ratio", f"{INTERVAL}, times")
    # The page says the first two notes once for all its tables.
    own = table.safe.spec.notes[2:]
    note = "Above 1 the two meet more often than by chance. Chance is reckoned among children of whom both are known."
    return replace(made, notes=(note, *own))


def _with_ends(made: Table, name: str, words: str) -> Table:
    """The table with the ends of a measure beside it; as it is where no figure of the measure has any."""
    at = next((k for k, c in enumerate(made.columns) if c.id == name), None)
    values = [] if at is None else [row[at] for row in made.rows]
    if at is None or not any(isinstance(v, Value) and v.low is not None for v in values):
        return made
    rows = [
        (*row[: at + 1], interval_or_dash(v) if isinstance(v, Value) else "[z]", *row[at + 1 :])
        for row, v in zip(made.rows, values, strict=True)
    ]
    beside = Column(f"{name}_interval", words, "interval")
    columns = (*made.columns[: at + 1], beside, *made.columns[at + 1 :])
    return replace(made, columns=columns, rows=tuple(rows))
