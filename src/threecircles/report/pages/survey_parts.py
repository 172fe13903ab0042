"""Parts that the school's and the borough's survey pages share."""

from __future__ import annotations

from dataclasses import replace

from threecircles.report.answer_bars import Bar, answer_bars
from threecircles.report.blocks import describe, interval_or_dash
from threecircles.report.model import Column, Figure, Kind, Table, Value
from threecircles.report.released import Released
from threecircles.report.survey_words import Topic, few

SOURCE = "answers of pupils"


def answers_figure(table: Released, topic: Topic, **where: str) -> Figure:
    """Every answer to every question of a topic, drawn and as a table."""
    bars: list[Bar] = []
    rows: list[tuple[Value | str, ...]] = []
    for code, text in topic.questions:
        shares = tuple(table.value(f"{code}:{v}", **where) or _absent() for v in topic.values)
        none = table.value(f"{code}:none", **where) or _absent()
        bars.append(Bar(text, shares, none))
        first = f"{code}:{topic.values[0]}"
        more = tuple(table.value(first, c, **where) or _absent() for c in ("n", "n_weighted"))
        rows.append((text, *shares, none, *more))
    columns = (
        Column("question", "Question"),
        *(
            Column(f"a{v}", name, "percent")
            for v, name in zip(topic.values, topic.names, strict=True)
        ),
        Column("none", "Did not answer", "percent"),
        Column("n", "Pupils", "count"),
        Column("n_weighted", "Stand for", "count"),
    )
    spec = table.safe.spec
    last = topic.names[-1].lower()
    drawn = [
        (f"{text}: {last}", row.answers[-1])
        for (_, text), row in zip(topic.questions, bars, strict=True)
    ]
    figure_id = f"{spec.id}-{topic.measure.id}"
    title = f"{topic.title}: what pupils answered"
    desc = describe(f'Bars of answers, by the share who said "{last}"', drawn)
    return Figure(
        id=figure_id, title=title, desc=desc,
        svg=answer_bars(figure_id, title, desc, topic.names, bars),
        table=Table(
            id=figure_id, caption=title, columns=columns, rows=tuple(rows), table_ids=(spec.id,),
            period=spec.period, source=SOURCE, notes=spec.notes, opens=True,
        ),
        drawn=tuple((f"{code}:{v}", x) for (code, _), bar in zip(topic.questions, bars, strict=True)
                    for v, x in zip(topic.values, bar.answers, strict=True) if x.known),
        caveats=(topic.stem,) if topic.stem else (), wide=True,
    )  # fmt: skip


def scores_table(table: Released, topic: Topic, **where: str) -> Table:
    """The score of a topic by sex and by year, with interval and how many stand behind it."""
    rows: list[tuple[Value | str, ...]] = [_score("All pupils", table, topic.scale, where)]
    for column in ("sex", "nc_year"):
        for value in table.categories(column):
            rows.append(
                _score(table.label(column, value), table, topic.scale, {**where, column: value})
            )
    spec = table.safe.spec
    way = "Higher is better." if topic.better else "Higher is worse."
    low, high = topic.measure.scale(topic.scale).range
    return Table(
        id=f"{spec.id}-{topic.scale}-groups",
        caption=f"{topic.title}: score from {low:g} to {high:g}. {way}",
        columns=(
            Column("group", "Pupils"), Column("value", "Score", "mean", "", 1),
            Column("interval", "95% interval", "interval"), Column("n", "How many", "count"),
            Column("n_weighted", "Stand for", "count"), Column("deff", "Design effect", "mean", "", 2), Column("mark", "Mark"),
        ),
        rows=tuple(r for r in rows if r), table_ids=(spec.id,), period=spec.period, source=SOURCE, notes=spec.notes,
        opens=True,
    )  # fmt: skip


def _score(
    name: str, table: Released, scale: str, where: dict[str, str]
) -> tuple[Value | str, ...]:
    value = table.value(scale, **where)
    if value is None:
        return ()
    base = table.value(scale, "n", **where) or _absent()
    return (
        name,
        value,
        interval_or_dash(value),
        base,
        table.value(scale, "n_weighted", **where) or _absent(),
        written_as(table.value(scale, "deff", **where), "mean", 2),
        few(value.n) if value.known else "hidden: too few pupils",
    )


def written_as(value: Value | None, kind: Kind, decimals: int = 0) -> Value:
    """The same released figure, written as a figure of another kind; [x] where there is none."""
    return replace(value, kind=kind, decimals=decimals) if value is not None else _absent()


def _absent() -> Value:
    return Value(number=None, symbol="[x]")
