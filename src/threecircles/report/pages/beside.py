"""What pupils say beside what records hold: without it a reader would take either for the whole of need."""

from __future__ import annotations

from dataclasses import replace

from threecircles.report.beside_bars import Pair, beside_bars
from threecircles.report.blocks import INTERVAL, breakdown_table, interval_or_dash
from threecircles.report.model import (
    Block,
    Column,
    Figure,
    Finding,
    Findings,
    Table,
    Text,
    Value,
)
from threecircles.report.released import Released, Tables
from threecircles.report.words import bracket, capital, hundredths, joined, text_of

TABLE, DIMENSIONS = "need-beside-record", "need-dimensions"
TITLE = "What pupils say, beside what records hold"
WHERE = "Where answers and records agree, and where they do not"
DRAWN = ("both_ways", "record_unknown")
APART = ("answers_only", "record_only", "recorded_of_answers", "answers_of_recorded")


def beside_blocks(tables: Tables) -> list[Block]:
    """Findings, the drawing with its table, the table of where the two differ, and what no record tells of."""
    table = tables.get(TABLE)
    if table is None:
        return []
    linked = "recorded" in table.measures()
    asked = tables.get(DIMENSIONS) if linked else table
    if asked is None:
        return []
    drawn = _figure(asked, table, "recorded" if linked else "recorded_on_roll")
    blocks: list[Block] = [*_findings(table)] if linked else []
    blocks.append(drawn)
    if linked:
        listed = breakdown_table(
            table, "construct", APART, WHERE, base=False, total=False, table_id="need-beside-apart"
        )
        blocks.append(replace(listed, notes=()))
    return [*blocks, Text("How to read the two beside each other", tuple(_words(tables, table)))]


def _figure(asked: Released, table: Released, record: str) -> Figure:
    pairs, drawn = [], []
    for code in table.categories("construct"):
        said, held = asked.value("share", construct=code), table.value(record, construct=code)
        if said is None or held is None:
            continue
        words = table.label("construct", code)
        both, unknown = (table.value(m, construct=code) for m in DRAWN)
        pairs.append(Pair(words, said, held, both, _silent(unknown)))
        named = (
            ("say so", said),
            ("on record", held),
            ("both", both),
            ("record cannot tell", unknown),
        )
        drawn += [(f"{words}: {w}", v) for w, v in named if v]
    desc = _described(pairs)
    measures = [m for m in (record, *DRAWN) if m in table.measures()]
    listed = _with_share(asked, breakdown_table(table, "construct", measures, TITLE, total=False), table)  # fmt: skip
    return Figure(
        id=TABLE, title=TITLE, desc=desc, svg=beside_bars(TABLE, TITLE, desc, pairs),
        table=replace(listed, notes=()), drawn=tuple((k, v) for k, v in drawn if v.known),
        caveats=("Answers and records are kin and not the same thing. Neither is the truth that the other misses.",),
    )  # fmt: skip


def _with_share(asked: Released, listed: Table, table: Released) -> Table:
    """The table with the share who say so and its interval before what records hold."""
    codes = table.categories("construct")
    values = [asked.value("share", construct=c) for c in codes]
    columns = (Column("share", "They say so", "percent"), Column("share_interval", f"{INTERVAL}, said", "interval"))  # fmt: skip
    rows = tuple(
        (row[0], v if v is not None else "[x]", interval_or_dash(v), *row[1:])
        for row, v in zip(listed.rows, values, strict=True)
    )
    return replace(
        listed,
        columns=(listed.columns[0], *columns, *listed.columns[1:]),
        rows=rows,
        table_ids=tuple(dict.fromkeys((*listed.table_ids, asked.id))),
    )


def _silent(unknown: Value | None) -> str:
    """What stands behind the bar of a record that cannot tell of everyone."""
    if unknown is None or not unknown.known or not unknown.number:
        return ""
    return f"; of {text_of(unknown)} no record can tell"


def _described(pairs: list[Pair]) -> str:
    known = [p for p in pairs if p.said.known and p.held.known]
    told = f"Pairs of bars, one pair for each of {len(pairs)} parts of need, overlapping by the pupils in both."
    if not known:
        return f"{told} Nothing can be shown."
    most = max(known, key=lambda p: abs((p.said.number or 0.0) - (p.held.number or 0.0)))
    return f"{told} Furthest apart: {most.words}: {text_of(most.said)} say so, {text_of(most.held)} are on record."


def _findings(table: Released) -> list[Block]:
    """Of those who say so, how many are on record, and the other way about: for each part that can be told."""
    told = []
    for code in table.categories("construct"):
        there, back = (
            table.value(m, construct=code) for m in ("recorded_of_answers", "answers_of_recorded")
        )
        if there is None or back is None or not (there.known and back.known):
            continue
        said, record = _halves(table, code)
        unknown = table.value("record_unknown", construct=code)
        if unknown is not None and unknown.number:
            said += ", among pupils of whom a record can tell"
        told.append((_sentence(said, record, there, back), (there, back), there.number or 0.0))
    told.sort(key=lambda t: t[2])
    found = tuple(Finding(words, values) for words, values, _ in told[:3])
    return [Findings("Where answers and records part ways", found)] if found else []


def _sentence(said: str, record: str, there: Value, back: Value) -> str:
    return (
        f"{said}: of 100 pupils who say so, {hundredths(there)} have this on record{bracket(there)}: {record}. "
        f"Of 100 on record, {hundredths(back)} say so{bracket(back)}."
    )


def _halves(table: Released, code: str) -> tuple[str, str]:
    """What pupils say, and what a record tells."""
    said, _, record = table.label("construct", code).partition(" / ")
    return capital(said), record[:1].lower() + record[1:]


def _words(tables: Tables, table: Released) -> list[str]:
    told = list(table.safe.spec.notes[:3])
    asked = tables.get(DIMENSIONS)
    if asked is None:
        return told
    held = set(table.categories("construct"))
    none = [asked.label("construct", c).lower() for c in asked.categories("construct") if c not in held]  # fmt: skip
    if none:
        told.append(f"No record tells of these, so only pupils can: {joined(none)}.")
    return told
