"""Whether children's lives are better: without it need and help would be the end of the story."""

from __future__ import annotations

from threecircles.core.tables import TOTAL
from threecircles.report.blocks import INTERVAL, breakdown_table, interval_or_dash
from threecircles.report.context import Context
from threecircles.report.model import Block, Column, Finding, Findings, Nothing, Page, Table, Value
from threecircles.report.released import Released, Tables
from threecircles.report.words import text_of
from threecircles.survey.care_leavers import MEASURES, MODULE, sentence

HOMES = "care-leavers-homes"
EVALUATIONS = "evaluations"


def page(tables: Tables, context: Context) -> Page:
    """Care leavers' homes with custody named; and which outcomes nobody has measured yet."""
    blocks: list[Block] = []
    table = tables.get(HOMES)
    if table is not None:
        blocks += _homes(table)
    blocks.append(
        Nothing(
            "Outcomes over time",
            "One year of each measure has been received; a change needs a second.",
            "With the survey of another year, this page would show each outcome as a line with its limits.",
        )
    )
    evaluated = tables.get(EVALUATIONS)
    if evaluated is not None:
        blocks.append(_evaluations(evaluated))
    else:
        blocks.append(
            Nothing(
                "What services changed",
                "No evaluation with a comparison has been recorded.",
                "With one, this page would show its design, the word it allows, and the change with its interval.",
            )
        )
    return Page(
        id="outcomes",
        slug="outcomes",
        nav="Outcomes",
        title=f"Are the lives of children in {context.place} better?",
        summary=(
            "What is known of how children and young people fare afterwards. A count of help given is not an outcome.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in (table, evaluated) if t is not None),
        related=("services", "need", "methods"),
        order=5,
    )


def _homes(table: Released) -> list[Block]:
    whole = {m: table.value(m, home=TOTAL) for m in ("suitable", "leavers", "in_custody")}
    blocks: list[Block] = []
    if all(v is not None and v.known for v in whole.values()):
        values = tuple(v for v in whole.values() if v is not None)
        said = sentence(*(text_of(v) for v in values))
        blocks.append(Findings("Young people who left care", (Finding(said, values),)))
    measures = [m for m in MEASURES if m in table.measures()]
    asked = [m for m in table.measures() if m.removesuffix("_agree") in MODULE]
    unasked = all(v is None or not v.known for v in (table.value(m, home=TOTAL) for m in asked))
    caption = "Where young people live who left care"
    blocks.append(breakdown_table(table, "home", measures, caption, intervals=False, base=False))
    if unasked:
        blocks.append(
            Nothing(
                "What young people say of where they live",
                "The leaving-care questions were not asked.",
                "With them, each kind of home would show whether it is safe and settled, in their own view. A roof is not safety.",
            )
        )
    return blocks


def _evaluations(table: Released) -> Table:
    """Each evaluation with the word its design allows beside the figure, and how many were lost."""
    spec = table.safe.spec
    columns = (
        Column("evaluation", "Evaluation"),
        Column("word", "What the figure may be called"),
        Column("difference", "Difference", "mean", spec.unit, 2),
        Column("interval", INTERVAL, "interval"),
        Column("lost_share", "Lost before the end", "percent"),
        Column("n", "Observations", "count"),
    )
    rows: list[tuple[Value | str, ...]] = []
    for place in sorted({(str(r["evaluation"]), str(r["word"])) for r in table.rows}):
        where = dict(zip(("evaluation", "word"), place, strict=True))
        found = table.value("difference", **where)
        lost, n = table.value("lost_share", **where), table.value("difference", "n", **where)
        if found is not None:
            words = (table.label("evaluation", place[0]), place[1][:1].upper() + place[1][1:])
            rows.append((*words, found, interval_or_dash(found), lost or "[x]", n or "[x]"))
    return Table(
        id=table.id,
        caption="What services changed",
        columns=columns,
        rows=tuple(rows),
        table_ids=(table.id,),
        period=spec.period,
        source="Evaluations by a plan written beforehand.",
        notes=spec.notes,
    )
