"""Waves of a survey: what has changed since the last one, beyond chance; and whether people trust being asked."""

from __future__ import annotations

from threecircles.report.blocks import interval_or_dash
from threecircles.report.model import Block, Column, Page, Table, Text, Value
from threecircles.report.pages.survey_parts import SOURCE, written_as
from threecircles.report.released import Released, Tables
from threecircles.report.survey_words import Topic
from threecircles.survey.measures import measure
from threecircles.survey.wording import wording

NO_CHANGE = "no clear difference"
RESPONDENTS = {
    "pupil": "Pupils", "parent": "Parents", "young_person": "Young people", "anyone": "People helped",
    "teacher": "Teachers", "practitioner": "Practitioners",
}  # fmt: skip


def pages(tables: Tables, asked: tuple[Topic, ...]) -> tuple[Page, ...]:
    """The pages for which there are tables."""
    told = []
    if (changed := tables.get("survey-change")) is not None:
        told.append(_changes(changed, asked))
    if (trust := tables.get("survey-trust")) is not None:
        told.append(_trust(trust))
    return tuple(told)


def _changes(table: Released, asked: tuple[Topic, ...]) -> Page:
    groups: list[tuple[str, dict[str, str]]] = [("All pupils", {})]
    groups += [(table.label(c, v), {c: v}) for c in ("sex", "nc_year") for v in table.categories(c)]
    blocks: list[Block] = []
    for topic in asked:
        if f"{topic.scale}:change" not in table.measures():
            continue
        rows: list[tuple[Value | str, ...]] = []
        for name, where in groups:
            found = [
                table.value(f"{topic.scale}:{k}", **where) for k in ("earlier", "later", "change")
            ]
            base = table.value(f"{topic.scale}:change", "n", **where)
            change = found[2]
            if change is None or base is None:
                continue
            first, second, moved = (written_as(v, "mean", 2) for v in found)
            rows.append(
                (name, first, second, moved, interval_or_dash(moved), base, _said(change, topic))
            )
        blocks.append(_table(table, topic, rows))
    blocks.append(
        Text(
            "Reading a change",
            (
                table.safe.spec.notes[0] if table.safe.spec.notes else "",
                "Many figures are looked at together, so now and then one will stray beyond its interval by chance. Look for "
                "several that move the same way, and ask what was done between the waves.",
            ),
        )
    )
    return Page(
        id="survey-change", slug="change", nav="Change", title="What has changed since the last wave?", order=7,
        summary=("A change is named only when its 95% interval leaves out nought.",),
        blocks=tuple(blocks), tables=(table.safe,),
    )  # fmt: skip


def _table(table: Released, topic: Topic, rows: list[tuple[Value | str, ...]]) -> Table:
    way = "Higher is better." if topic.better else "Higher is worse."
    return Table(
        id=f"{table.id}-{topic.scale}", caption=f"{topic.title}: score in two waves. {way}",
        columns=(
            Column("group", "Pupils"), Column("earlier", "Earlier", "mean", "", 2), Column("later", "Later", "mean", "", 2),
            Column("change", "Change", "mean", "", 2), Column("interval", "95% interval", "interval"),
            Column("n", "How many", "count"), Column("said", "In words"),
        ),
        rows=tuple(rows), table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE, opens=True,
    )  # fmt: skip


def _said(change: Value, topic: Topic) -> str:
    if not change.known or change.low is None or change.high is None:
        return "hidden" if not change.known else NO_CHANGE
    if change.low <= 0 <= change.high:
        return NO_CHANGE
    return (
        "better than before"
        if ((change.number or 0.0) > 0) == topic.better
        else "harder than before"
    )


def _trust(table: Released) -> Page:
    words = wording("measures", "trust", "en")
    blocks: list[Block] = []
    for item in measure("trust").items:
        rows: list[tuple[Value | str, ...]] = []
        for respondent in table.categories("respondent"):
            for wave in table.categories("wave"):
                value = table.value(item.code, wave=wave, respondent=respondent)
                if value is None:
                    continue
                n = table.value(item.code, "n", wave=wave, respondent=respondent)
                share: Value | str = written_as(value, "percent") if value.known else "not asked"
                who = RESPONDENTS.get(respondent, respondent)
                ends = interval_or_dash(value) if value.known else "-"
                rows.append((f"{who}, wave {wave}", share, ends, n or "[x]"))
        text = words.items.get(item.code, item.code) if words else item.code
        blocks.append(
            Table(
                id=f"{table.id}-{item.code}", caption=f"{text} Share who mostly or very much agree",
                columns=(
                    Column("who", "Who, and when"), Column("value", "Agree", "percent"),
                    Column("interval", "95% interval", "interval"), Column("n", "Answers", "count"),
                ),
                rows=tuple(rows), table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE,
                notes=table.safe.spec.notes, opens=True,
            )
        )  # fmt: skip
    return Page(
        id="survey-trust", slug="trust", nav="Trust", title="Do people know why they were asked, and trust it?", order=8,
        summary=("Each question stands by itself: no total is made.",), blocks=tuple(blocks), tables=(table.safe,),
    )  # fmt: skip
