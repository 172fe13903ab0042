"""What those who happened to answer said: shown so, or it would be read as what children in general say."""

from __future__ import annotations

from collections.abc import Mapping

from threecircles.report.context import Context
from threecircles.report.model import Block, Column, Notice, Page, Table, Text, Value
from threecircles.report.pages.survey_parts import SOURCE
from threecircles.report.released import Released, Tables
from threecircles.report.survey_words import Topic, topics_of
from threecircles.report.words import day

LABEL = "Convenience answers: of those who answered. They stand for nobody else."
MARK = "convenience "


def pages(
    tables: Tables, context: Context, told: Mapping[str, tuple[str, ...]]
) -> tuple[Page, ...]:
    """One page of answers and one of method: no interval, score, group or school."""
    table = tables["survey-convenience"]
    codes = {m.removeprefix(MARK).partition(":")[0] for m in table.measures()}
    blocks: list[Block] = [Notice(line) for line in told.get("notices", ()) or (LABEL,)]
    blocks += [_topic(table, t) for t in topics_of(table.safe.spec.definitions, codes)]
    return (
        Page(
            id="survey-convenience", slug="index", nav="Answers", title="What those who answered said", order=1,
            summary=(f"{context.place}, {context.period}. Made on {day(context.made_on)}.", LABEL),
            blocks=tuple(blocks), tables=(table.safe,),
        ),
        Page(
            id="survey-method", slug="methods", nav="Method", title="How was this report made?", order=2, summary=(LABEL,),
            blocks=(
                Text("Method", _method(told)),
                Text("Every table, and how it was made", (), ((table.safe.spec.title, f"lineage/{table.id}"),)),
            ),
        ),
    )  # fmt: skip


def _topic(table: Released, topic: Topic) -> Table:
    rows: list[tuple[Value | str, ...]] = []
    for code, text in topic.questions:
        told = [table.value(f"{MARK}{code}:{v}") or "[x]" for v in (*topic.values, "none")]
        rows.append((text, *told, table.value(f"{MARK}{code}:{topic.values[0]}", "n") or "[x]"))
    return Table(
        id=f"{table.id}-{topic.measure.id}", caption=f"{topic.title}: of those who answered",
        columns=(
            Column("question", "Question"),
            *(Column(f"a{v}", name, "percent") for v, name in zip(topic.values, topic.names, strict=True)),
            Column("none", "Left out", "percent"), Column("n", "Who answered", "count"),
        ),
        rows=tuple(rows), table_ids=(table.id,), period=table.safe.spec.period, source=f"{SOURCE} (convenience)",
        notes=(LABEL,),
    )  # fmt: skip


def _method(told: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The lines of method that hold for answers without a design."""
    kept = (
        "Questionnaires:",
        "A figure is hidden",
        "Ethics:",
        "The questions are our own",
        "Words that were used",
    )
    own = tuple(line for line in told.get("method", ()) if line.startswith(kept))
    return (
        "People came to the form by themselves: by a link, at an event, through others. Who did not come is not known, so "
        "there is no weight, interval, score, group or school beside another, and nothing is pooled with a sample.",
        *own,
    )
