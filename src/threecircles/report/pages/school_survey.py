"""One school's own report of a survey: its pupils' answers, beside the others without their names."""

from __future__ import annotations

from threecircles.disclosure.release import Safe
from threecircles.report.blocks import interval_or_dash
from threecircles.report.context import Context
from threecircles.report.model import Block, Column, Entries, Notice, Page, Table, Text, Value
from threecircles.report.pages.survey_parts import (
    SOURCE,
    answers_figure,
    scores_table,
    written_as,
)
from threecircles.report.released import Released, Tables
from threecircles.report.survey_words import Topic, topics
from threecircles.report.words import apart, day

NO_DIFFERENCE = "no clear difference"
AREAS = (
    "emotional well-being",
    "physical health",
    "behaviour",
    "education",
    "positive relationships",
)


def pages(
    tables: Tables, mark: str, context: Context, told: dict[str, tuple[str, ...]]
) -> tuple[Page, ...]:
    """The pages of a school. mark: the school in the tables. told: lines of method, help and notices."""
    own = {
        name: tables.get(f"school-{mark}-{name}")
        for name in ("took-part", "scores", "answers", "beside")
    }
    asked = topics(own["answers"]) if own["answers"] else ()
    made = [_about(context, told), _took_part(own["took-part"], mark)]
    strong = [t for t in asked if t.better]
    hard = [t for t in asked if not t.better]
    for slug, title, some in (
        ("strengths", "What is good in our pupils' lives?", strong),
        ("harder", "What is harder for our pupils?", hard),
    ):
        made.append(_topics(slug, title, some, own["answers"], own["scores"], mark))
    made += [
        _beside(own["beside"], asked, mark),
        _pupils(own["answers"], asked, mark),
        _help(told),
        _method(tables, told, context),
    ]
    return tuple(made)


def _about(context: Context, told: dict[str, tuple[str, ...]]) -> Page:
    return Page(
        id="survey-about", slug="index", nav="About", title="How are our pupils? Using this report", order=1,
        summary=(f"{context.place}, {context.period}. Made on {day(context.made_on)}.",),
        blocks=(
            Text(
                "What this report is for",
                (
                    "It shows what your pupils said about their lives. Read it with colleagues and with pupils, and choose "
                    "one or two things to act on.",
                    "It is not a test of the school. Pupils' feelings hardly differ between schools, so a difference from "
                    "others is most often chance.",
                    "It says nothing about any one child. Figures that rest on fewer than ten pupils are hidden.",
                ),
            ),
            Text(
                "How to read it",
                (
                    "Look at the bars of answers first. A mean score stands beside them, never alone.",
                    "A 95% interval says where the figure would likely lie if another year's pupils had answered.",
                    "Figures with fewer than 30 pupils are marked: few pupils.",
                ),
            ),
            *([Notice(told["notices"][0])] if told.get("notices") else []),
        ),
    )  # fmt: skip


def _took_part(table: Released | None, mark: str) -> Page:
    blocks: list[Block] = []
    if table is not None:
        rows: list[tuple[Value | str, ...]] = []
        places: list[tuple[str, dict[str, str]]] = [("All pupils", {})]
        places += [
            (table.label(c, v), {c: v}) for c in ("sex", "nc_year") for v in table.categories(c)
        ]
        for name, where in places:
            value = table.value("took_part", school=mark, **where)
            if value is not None:
                rows.append((name, value))
        blocks.append(
            Table(
                id=f"{table.id}-who", caption="Pupils who took part",
                columns=(Column("who", "Pupils"), Column("n", "Took part", "count")), rows=tuple(rows),
                table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE, opens=True,
            )
        )  # fmt: skip
    blocks.append(
        Text(
            "Who is missing",
            (
                "Pupils who were away, who said no, or whose parents opted them out are not in these figures. They may feel "
                "differently from those who answered.",
            ),
        )
    )
    return Page(
        id="survey-who", slug="who", nav="Who took part", title="Who took part, and who is missing?", order=2,
        summary=(), blocks=tuple(blocks), tables=_safe(table),
    )  # fmt: skip


def _topics(
    slug: str,
    title: str,
    asked: list[Topic],
    answers: Released | None,
    scores: Released | None,
    mark: str,
) -> Page:
    blocks: list[Block] = []
    for topic in asked:
        if answers is not None:
            blocks.append(answers_figure(answers, topic, school=mark))
        if scores is not None and topic.scale in scores.measures():
            blocks.append(scores_table(scores, topic, school=mark))
    return Page(
        id=f"survey-{slug}", slug=slug, nav=slug.capitalize(),
        title=title, order=3 if slug == "strengths" else 4,
        summary=("Bars show every answer that pupils gave.",), blocks=tuple(blocks), tables=_safe(answers, scores),
    )  # fmt: skip


def _beside(table: Released | None, asked: tuple[Topic, ...], mark: str) -> Page:
    rows: list[tuple[Value | str, ...]] = []
    for topic in asked:
        if table is None or not topic.scale:
            continue
        named = ("beside", "adjusted", "all", "similar_low", "similar_high")
        told = [table.value(f"{topic.scale}:{k}", school=mark) for k in named]
        own, whole = told[0], told[2]
        if own is not None and whole is not None:
            first, *others = (written_as(v, "mean", 2) for v in told)
            said = _said(own, whole, topic.better)
            rows.append((topic.title, first, interval_or_dash(first), *others, said))
    blocks: list[Block] = []
    if table is not None and rows:
        blocks.append(
            Table(
                id=f"{table.id}-said", caption="This school beside all schools that took part",
                columns=(
                    Column("topic", "Topic"), Column("own", "This school, drawn towards all", "mean", "", 2),
                    Column("interval", "95% interval", "interval"), Column("adjusted", "With pupils as elsewhere", "mean", "", 2),
                    Column("all", "All schools", "mean", "", 2), Column("from", "Similar schools: lowest", "mean", "", 2),
                    Column("to", "highest", "mean", "", 2), Column("said", "In words"),
                ),
                rows=tuple(rows), table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE, opens=True,
            )
        )  # fmt: skip
    blocks.append(
        Text(
            "Why the figures are drawn towards the whole",
            (
                "A school's own mean holds much chance, a small school's more. The figure here leans on the school's own "
                "pupils as far as they are many, and on all schools for the rest.",
                '"With pupils as elsewhere" takes account of year, sex and free school meals where pupils were asked, and of '
                "special needs and first language where the school census was put beside the answers.",
                "Similar schools are the twenty of the same phase nearest in size, free school meals and ethnic group; a range is "
                "shown where ten of them or more have answers enough, and none is named.",
                'Unless the interval leaves out the figure of all schools, we say "no clear difference". There are no ranks, '
                "and no other school is named.",
            ),
        )
    )
    return Page(
        id="survey-beside", slug="beside", nav="Beside others", title="Are our pupils' answers unlike those elsewhere?", order=5,
        summary=("Most schools differ from each other by no more than chance.",), blocks=tuple(blocks), tables=_safe(table),
    )  # fmt: skip


def _said(own: Value, whole: Value, better: bool) -> str:
    point = Value(number=whole.number, low=whole.number, high=whole.number)
    if not own.known or not whole.known or not apart(own, point):
        return NO_DIFFERENCE
    higher = (own.number or 0.0) > (whole.number or 0.0)
    return "better than in all schools" if higher == better else "harder than in all schools"


def _pupils(table: Released | None, asked: tuple[Topic, ...], mark: str) -> Page:
    lines = []
    for topic in asked:
        for code, text in topic.questions[:1]:
            shares = (
                [table.value(f"{code}:{v}", school=mark) for v in topic.values[-2:]]
                if table
                else []
            )
            if len(shares) == 2 and all(v is not None and v.known for v in shares):
                hundred = round(100 * sum(v.number or 0.0 for v in shares if v is not None))
                often = " or ".join(n.lower() for n in topic.names[-2:])
                lines.append((text, f"About {hundred} in 100 of us said {often}."))
    return Page(
        id="survey-pupils", slug="pupils", nav="For pupils", title="What we said: a page for pupils", order=6,
        summary=("Thank you for telling us how you are. Here is what all of you said together.",),
        blocks=(
            *([Entries("What we said", tuple(lines))] if lines else []),
            Text("What happens now", ("Adults in school read this and choose what to change. Ask them what they will do.",)),
        ),
        tables=_safe(table),
    )  # fmt: skip


def _help(told: dict[str, tuple[str, ...]]) -> Page:
    return Page(
        id="survey-help", slug="help", nav="Help", title="Where can a child get help?", order=7,
        summary=(), blocks=(Text("Help", told.get("help", ())),),
    )  # fmt: skip


def _method(tables: Tables, told: dict[str, tuple[str, ...]], context: Context) -> Page:
    links = tuple((t.safe.spec.title, f"lineage/{t.id}") for t in tables.values())
    return Page(
        id="survey-method", slug="methods", nav="Method", title="How was this report made?", order=8,
        summary=(), blocks=(Text("Method", told.get("method", ())), Text("Every table, and how it was made", (), links)),
    )  # fmt: skip


def _safe(*tables: Released | None) -> tuple[Safe, ...]:
    return tuple(t.safe for t in tables if t is not None)
