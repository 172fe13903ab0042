"""This borough beside others that asked the same: a figure alone does not say whether it is unusual."""

from __future__ import annotations

from threecircles.core.tables import TOTAL
from threecircles.report.blocks import interval_or_dash
from threecircles.report.model import Block, Column, Page, Table, Text, Value
from threecircles.report.pages.survey_parts import SOURCE, written_as
from threecircles.report.released import Released
from threecircles.report.survey_words import Topic


def pages(
    table: Released | None, asked: tuple[Topic, ...], left_out: tuple[str, ...]
) -> tuple[Page, ...]:
    """One page where there are packs of others; none otherwise. left_out: sentences on what is not compared."""
    if table is None and not left_out:
        return ()
    blocks: list[Block] = []
    if table is not None:
        scores = [t for t in asked if t.scale and t.scale in table.measures()]
        blocks += [_score(table, topic) for topic in scores]
        blocks.append(
            Text(
                "Reading this page",
                (
                    "Boroughs stand in no order of merit: this one first, the others by name. Only questions that were "
                    "asked in the same words, and scores made of such alone, are set side by side.",
                    "Where two intervals overlap there is no clear difference. Children, schools and the weeks of asking "
                    "differ too, so a difference says where to look, not whose work is better.",
                    *table.safe.spec.notes,
                ),
            )
        )
    if left_out:
        blocks.append(Text("Not compared", left_out))
    return (
        Page(
            id="survey-boroughs", slug="boroughs", nav="Other boroughs", order=9,
            title="How do pupils here compare with other boroughs?",
            summary=("Scores of boroughs that asked the same, each with its 95% interval.",),
            blocks=tuple(blocks), tables=(table.safe,) if table is not None else (),
        ),
    )  # fmt: skip


def _score(table: Released, topic: Topic) -> Table:
    rows: list[tuple[Value | str, ...]] = []
    groups = [(c, v) for c in ("sex", "nc_year") for v in table.categories(c)]
    for column, value in [("sex", TOTAL), *groups]:
        group = "All pupils" if value == TOTAL else table.label(column, value)
        for name in table.categories("authority"):
            where = {"authority": name, column: value}
            found = table.value(topic.scale, **where)
            base = table.value(topic.scale, "n", **where)
            if found is None or base is None:
                continue
            score = written_as(found, "mean", 2)
            rows.append((group, name, score, interval_or_dash(score), base))
    way = "Higher is better." if topic.better else "Higher is worse."
    return Table(
        id=f"{table.id}-{topic.scale}", caption=f"{topic.title}: score. {way}",
        columns=(
            Column("group", "Pupils"), Column("borough", "Borough"), Column("value", "Score", "mean", "", 2),
            Column("interval", "95% interval", "interval"), Column("n", "How many", "count"),
        ),
        rows=tuple(rows), table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE, opens=True,
    )  # fmt: skip
