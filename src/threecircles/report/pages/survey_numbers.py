"""Every number of a survey's table with what stands behind it: the page that a number in a report opens."""

from __future__ import annotations

from dataclasses import replace

from threecircles.core.tables import TOTAL
from threecircles.report.blocks import interval_or_dash
from threecircles.report.model import Column, Page, Table, Value
from threecircles.report.pages.methods import lineage_page
from threecircles.report.pages.survey_parts import SOURCE, written_as
from threecircles.report.released import Released
from threecircles.report.survey_words import topics

MOST_ROWS = 700
"""Numbers that one page lists; a longer table's are in its file, to which the page links."""
KINDS = {
    "beside": "drawn towards all", "adjusted": "with pupils as elsewhere", "all": "all schools",
    "similar_low": "similar schools, lowest", "similar_high": "similar schools, highest", "mean": "mean",
    "earlier": "earlier wave", "later": "later wave", "change": "change", "none": "did not answer",
    "low95": "inner limit, lower", "high95": "inner limit, upper",
    "low99.8": "outer limit, lower", "high99.8": "outer limit, upper",
}  # fmt: skip


def numbers_page(table: Released) -> Page:
    """The lineage page of a table with every number: group, figure, interval, base, weighted base, design effect."""
    page = lineage_page(table)
    known = [r for r in table.rows if r.get("value") is not None and not r.get("symbol")]
    if not known or len(known) > MOST_ROWS:
        return page
    words = _words(table)
    rows: list[tuple[Value | str, ...]] = []
    anchors = []
    for row in known:
        value = table.value_of(row)
        anchors.append(value.lineage)
        group = ", ".join(
            table.label(d.column, str(row[d.column]))
            for d in table.safe.spec.dimensions
            if d.column != "school" and row[d.column] != TOTAL
        )
        more = [
            table.value_of(row, c) if row.get(c) is not None else Value(number=None, symbol="[x]")
            for c in ("n", "n_weighted", "deff")
        ]
        effect = written_as(more[2], "mean", 2)
        name = words.get(str(row["measure"])) or _parted(str(row["measure"]), words)
        rows.append(
            (name, group or "All", value, interval_or_dash(value), more[0], more[1], effect)
        )
    spec = table.safe.spec
    listed = Table(
        id=f"{spec.id}-numbers", caption="Every number of this table, and what stands behind it",
        columns=(
            Column("what", "Figure"), Column("group", "Pupils"), Column("value", "Value", "mean", "", 2),
            Column("interval", "95% interval", "interval"), Column("n", "Answers", "count"),
            Column("n_weighted", "Stand for", "count"), Column("deff", "Design effect", "mean", "", 2),
        ),
        rows=tuple(rows), table_ids=(spec.id,), period=spec.period, source=SOURCE, anchors=tuple(anchors),
        notes=("Questionnaire and version: " + "; ".join(d for d in spec.definitions if "@" in d),),
    )  # fmt: skip
    return replace(page, blocks=(*page.blocks, listed))


def _words(table: Released) -> dict[str, str]:
    told = {"took_part": "Pupils who took part"}
    for topic in topics(table):
        for code, text in topic.questions:
            for value, name in zip(topic.values, topic.names, strict=True):
                told[f"{code}:{value}"] = f"{text} {name}"
            told[f"{code}:none"] = f"{text} Did not answer"
    return told | _scales(table)


def _scales(table: Released) -> dict[str, str]:
    from threecircles.survey.measures import measure

    names = [d for d in table.safe.spec.definitions if "@" not in d]
    return {s.id: f"{m.label}: score" for m in map(measure, names) for s in m.scales}


def _parted(name: str, words: dict[str, str]) -> str:
    scale, _, kind = name.partition(":")
    label = words.get(scale, scale).removesuffix(": score")
    return f"{label}, {KINDS.get(kind, kind)}" if kind else label
