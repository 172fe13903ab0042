"""The borough's own survey pages: who took part, what they said by area of life, schools as a funnel."""

from __future__ import annotations

from threecircles.disclosure.release import Safe
from threecircles.report.context import Context
from threecircles.report.funnel_plot import Point, funnel_plot
from threecircles.report.model import Block, Column, Figure, Notice, Page, Table, Text, Value
from threecircles.report.pages import survey_neighbours, survey_waves
from threecircles.report.pages.survey_parts import SOURCE, answers_figure, scores_table
from threecircles.report.released import Released, Tables
from threecircles.report.survey_words import Topic, topics
from threecircles.report.words import day

AREAS = (
    ("behaviour", "Behaviour"),
    ("education", "Education"),
    ("emotional well-being", "Emotional well-being"),
    ("physical health", "Physical health"),
    ("positive relationships", "Positive relationships"),
)


def pages(tables: Tables, context: Context, told: dict[str, tuple[str, ...]]) -> tuple[Page, ...]:
    """The borough's pages. told: lines of method and notices."""
    answers, scores = tables.get("survey-answers"), tables.get("survey-scores")
    asked = topics(answers) if answers else ()
    return (
        _who(tables.get("survey-took-part"), context, told),
        *(
            _area(
                area,
                title,
                [t for t in asked if t.measure.outcome_area == area],
                answers,
                scores,
                place,
            )
            for place, (area, title) in enumerate(AREAS)
        ),
        *survey_waves.pages(tables, asked),
        *survey_neighbours.pages(tables.get("survey-boroughs"), asked, told.get("beside", ())),
        _schools(tables.get("survey-schools"), asked),
        _method(tables, told),
    )


def _who(table: Released | None, context: Context, told: dict[str, tuple[str, ...]]) -> Page:
    blocks: list[Block] = [Notice(line) for line in told.get("notices", ())]
    if table is not None:
        years, sexes = table.categories("nc_year"), table.categories("sex")
        rows: list[tuple[Value | str, ...]] = []
        for year in [*years, "All"]:
            cells = [
                table.value("took_part", nc_year=year, sex=s) or "[x]" for s in [*sexes, "All"]
            ]
            rows.append((table.label("nc_year", year), *cells))
        blocks.append(
            Table(
                id=f"{table.id}-who", caption="Pupils who took part, by year and sex",
                columns=(Column("year", "School year"), *(Column(s, table.label("sex", s), "count") for s in [*sexes, "All"])),
                rows=tuple(rows), table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE, opens=True,
            )
        )  # fmt: skip
    if told.get("response"):
        blocks.append(Text("Who is missing", told["response"]))
    return Page(
        id="survey-borough", slug="index", nav="Who took part", order=1,
        title="Who took part in the survey, and who is missing?",
        summary=(f"{context.place}, {context.period}. Made on {day(context.made_on)}.",),
        blocks=tuple(blocks), tables=_safe(table),
    )  # fmt: skip


def _area(
    area: str,
    title: str,
    asked: list[Topic],
    answers: Released | None,
    scores: Released | None,
    place: int,
) -> Page:
    blocks: list[Block] = []
    for topic in asked:
        if answers is not None:
            blocks.append(answers_figure(answers, topic))
        if scores is not None and topic.scale in scores.measures():
            blocks.append(scores_table(scores, topic))
    if not blocks:
        blocks.append(Notice("Not asked in this study."))
    slug = area.replace(" ", "-")
    return Page(
        id=f"survey-{slug}", slug=slug, nav=title, title=f"{title}: what did pupils say?", order=2 + place,
        summary=("Bars show every answer; scores stand beside them with their 95% interval.",),
        blocks=tuple(blocks), tables=_safe(answers, scores),
    )  # fmt: skip


def _schools(table: Released | None, asked: tuple[Topic, ...]) -> Page:
    blocks: list[Block] = []
    for topic in asked:
        if table is None or f"{topic.scale}:mean" not in table.measures():
            continue
        blocks.append(_funnel(table, topic))
    blocks.append(
        Text(
            "Reading a funnel",
            (
                "Each point is a school, without its name. The lines show how far a school of that size would stray from the "
                "mean of all by chance alone: 95 in 100 within the inner lines, 998 in 1,000 within the outer.",
                "A point outside the outer lines is worth a visit, not a verdict. There are no ranks.",
            ),
        )
    )
    return Page(
        id="survey-schools", slug="schools", nav="Schools", title="Do schools differ by more than chance?", order=10,
        summary=("Pupils' feelings hardly differ between schools.",), blocks=tuple(blocks), tables=_safe(table),
    )  # fmt: skip


def _funnel(table: Released, topic: Topic) -> Figure:
    points: list[Point] = []
    drawn: list[tuple[str, Value]] = []
    rows: list[tuple[Value, ...]] = []
    wanted = ("mean", "low95", "high95", "low99.8", "high99.8")
    for mark in table.categories("school"):
        found = [table.value(f"{topic.scale}:{k}", school=mark) for k in wanted]
        base = table.value(f"{topic.scale}:mean", "n", school=mark)
        told = [v for v in (found[0], base, *found[1:]) if v is not None]
        if len(told) < len(wanted) + 1:
            continue
        rows.append(tuple(told))
        if all(v.known for v in told):
            mean, n, *limits = (v.number or 0.0 for v in told)
            drawn.append((mark, told[0]))
            points.append((n, mean, limits))
    # By size, so that the order of the rows says nothing of how a school did.
    rows.sort(key=lambda r: r[1].number or 0.0)
    outer = sum(1 for _, y, (_, _, low, high) in points if y < low or y > high)
    figure_id = f"{table.id}-{topic.scale}"
    title = f"{topic.title}: {outer} of {len(points)} schools lie outside the outer lines"
    desc = f"{len(points)} schools by number of pupils and mean score; limits narrow as schools grow. {outer} lie outside the outer lines."
    listed: tuple[tuple[Value | str, ...], ...] = tuple(
        (f"School with {int(r[1].number or 0)} pupils" if r[1].known else "School [c]", *r)
        for r in rows
    )
    names = (
        Column("school", "School"), Column("mean", "Mean", "mean", "", 2), Column("n", "Pupils", "count"),
        Column("l95", "Inner limit, lower", "mean", "", 2), Column("h95", "Inner limit, upper", "mean", "", 2),
        Column("l99", "Outer limit, lower", "mean", "", 2), Column("h99", "Outer limit, upper", "mean", "", 2),
    )  # fmt: skip
    return Figure(
        id=figure_id, title=title, desc=desc, svg=funnel_plot(figure_id, title, desc, points),
        table=Table(
            id=figure_id, caption=title, columns=names, rows=listed, table_ids=(table.id,),
            period=table.safe.spec.period, source=SOURCE, notes=table.safe.spec.notes,
        ),
        drawn=tuple(drawn), wide=True,
    )  # fmt: skip


def _method(tables: Tables, told: dict[str, tuple[str, ...]]) -> Page:
    links = tuple((t.safe.spec.title, f"lineage/{t.id}") for t in tables.values())
    return Page(
        id="survey-method", slug="methods", nav="Method", title="How was this report made?", order=11, summary=(),
        blocks=(Text("Method", told.get("method", ())), Text("Every table, and how it was made", (), links)),
    )  # fmt: skip


def _safe(*tables: Released | None) -> tuple[Safe, ...]:
    return tuple(t.safe for t in tables if t is not None)
