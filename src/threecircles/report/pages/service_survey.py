"""A provider's own page: what became of everybody who started, beside all providers, none of them named."""

from __future__ import annotations

from threecircles.core.tables import TOTAL
from threecircles.report.blocks import interval_or_dash
from threecircles.report.context import Context
from threecircles.report.model import (
    Block,
    Column,
    Finding,
    Findings,
    Notice,
    Page,
    Table,
    Text,
    Value,
)
from threecircles.report.pages.survey_parts import written_as
from threecircles.report.released import Released, Tables
from threecircles.report.words import text_of
from threecircles.survey.measures import measure, response_sets
from threecircles.survey.service import SAID
from threecircles.survey.service_study import EXPERIENCE, FIRST_ANSWERS
from threecircles.survey.wording import wording

SOURCE = "forms of the service"
COUNTS = {
    "started": "Started", "paired": "Answered before and after", "gone": "Lost", "still": "Still in the service",
    "better": "Better beyond measurement error", "no_reliable_change": "No reliable change", "worse": "Worse",
}  # fmt: skip
REASONS = {
    "finished_early": "finished early", "moved": "moved", "declined": "declined", "not_asked": "not asked",
    "no_contact": "no contact", "died": "died",
}  # fmt: skip


def pages(tables: Tables, provider: str, context: Context) -> tuple[Page, ...]:
    """The result and the experience. provider: TOTAL for all together."""
    own = {name.rpartition("-")[2]: table for name, table in tables.items()}
    return (_result(own["result"], provider, context), _experience(own.get("experience"), provider))


def _result(table: Released, provider: str, context: Context) -> Page:
    blocks: list[Block] = [Notice(SAID), *_share(table, provider)]
    both = dict.fromkeys((provider, TOTAL))
    names = [m for m in table.measures() if m in COUNTS or m.startswith("lost:")]
    order = [*COUNTS, *(f"lost:{r}" for r in REASONS)]
    rows: list[tuple[Value | str, ...]] = []
    for name in sorted(names, key=order.index):
        label = COUNTS.get(name) or f"Lost: {REASONS[name.partition(':')[2]]}"
        rows.append((label, *(table.value(name, provider=p) or "[x]" for p in both)))
    blocks.append(
        Table(
            id=f"{table.id}-counts", caption="What became of everybody who started",
            columns=(Column("what", "People"), *(Column(f"p{i}", _who(p), "count") for i, p in enumerate(both))),
            rows=tuple(rows), table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE,
            notes=table.safe.spec.notes,
        )
    )  # fmt: skip
    return Page(
        id="survey-service", slug="index", nav="Before and after", order=1,
        title="What became of everybody who started?",
        summary=(f"{context.place}, {context.period}. Those who were lost are part of the result.",),
        blocks=tuple(blocks), tables=(table.safe,),
    )  # fmt: skip


def _share(table: Released, provider: str) -> list[Block]:
    """The share who are better, with its lost and its bounds in one row; or why it is not told."""
    rows: list[tuple[Value | str, ...]] = []
    for who in dict.fromkeys((provider, TOTAL)):
        told = [
            table.value("share_better", c, provider=who) for c in ("value", "lost", "least", "most")
        ]
        # A share whose bounds are hidden or absent is not shown at all.
        if any(v is None or not v.known for v in told):
            continue
        own, lost, *ends = told
        share = written_as(own, "percent")
        bounds = (written_as(v, "percent") for v in ends)
        rows.append((_who(who), share, interval_or_dash(share), written_as(lost, "count"), *bounds))
    if not rows:
        return [
            Notice(
                "No share is told: fewer than ten people have answered before and after, or the scale's reliability is not "
                f"known yet from {FIRST_ANSWERS} answers before help."
            )
        ]
    found = [v for v in rows[0][1:] if isinstance(v, Value)]
    share, lost, least, most = found
    sentence = (
        f"{text_of(share)} of those followed up are better beyond measurement error; {text_of(lost)} were lost, so of all who "
        f"started between {text_of(least)} and {text_of(most)}."
    )
    return [
        Findings("Better", (Finding(sentence, tuple(found)),)),
        Table(
            id=f"{table.id}-share", caption="Better beyond measurement error, with those who were lost",
            columns=(
                Column("who", "Who"), Column("value", "Of those followed up", "percent"), Column("interval", "95% interval", "interval"),
                Column("lost", "Lost", "count"), Column("least", "Of all who started, were every lost person not better", "percent"),
                Column("most", "were every lost person better", "percent"),
            ),
            rows=tuple(rows), table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE,
        ),
    ]  # fmt: skip


def _experience(table: Released | None, provider: str) -> Page:
    blocks: list[Block] = []
    for name in EXPERIENCE if table is not None else ():
        assert table is not None
        known, words = measure(name), wording("measures", name, "en")
        for item in known.items:
            values = [r for r in response_sets() if r["set"] == item.options]
            told = [table.value(f"{item.code}:{r['value']}", provider=provider) for r in values]
            if any(v is None for v in told):
                continue
            cells = tuple(
                (r["label"] or r["value"], v)
                for r, v in zip(values, told, strict=True)
                if v is not None
            )
            question = words.items.get(item.code, item.code) if words else item.code
            blocks.append(
                Table(
                    id=f"{table.id}-{item.code}", caption=question,
                    columns=(Column("answer", "Answer"), Column("share", "People", "percent")),
                    rows=cells, table_ids=(table.id,), period=table.safe.spec.period, source=SOURCE,
                )
            )  # fmt: skip
    if not blocks:
        blocks.append(Text("Not asked", ("Nobody was asked how it is to come here.",)))
    return Page(
        id="survey-service-experience", slug="experience", nav="How it is here", title="How is it to come here?", order=2,
        summary=("Each question stands by itself; no total is made.",), blocks=tuple(blocks),
        tables=(table.safe,) if table is not None else (),
    )  # fmt: skip


def _who(provider: str) -> str:
    return "All providers" if provider == TOTAL else "This provider"
