"""What the commands of a needs audit write: safe tables as CSV, cards as a tagged PDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from threecircles.core.tables import Measured
    from threecircles.core.workspace import Workspace
    from threecircles.disclosure.release import Safe
    from threecircles.need.audit.cards import Card

COLUMNS = ("table", "title", "question", "answer", "answer_label", "group", "share", "low", "high", "cases", "symbol")  # fmt: skip


def write_safe_tables(tables: Sequence[Measured], workspace: Workspace, out: Path) -> pl.DataFrame:
    """Protect the tables together and write `all.csv` and one file a table (t1.csv ...). Returns all rows."""
    from threecircles.disclosure.release import protect

    rows = [row for safe in protect(tables, workspace=workspace) for row in _rows(safe)]
    schema: dict[str, type[pl.DataType]] = dict.fromkeys(COLUMNS, pl.String)
    schema |= {"share": pl.Float64, "low": pl.Float64, "high": pl.Float64, "cases": pl.Int64}
    told = pl.DataFrame(rows, schema=schema, orient="row")
    out.mkdir(parents=True, exist_ok=True)
    told.write_csv(out / "all.csv", float_precision=1)
    for (table,), part in told.group_by("table", maintain_order=True):
        part.write_csv(out / f"{table}.csv", float_precision=1)
    return told


def _rows(safe: Safe) -> list[tuple[object, ...]]:
    who, asked = safe.spec.dimensions
    return [
        (
            safe.spec.id.split("-")[0], safe.spec.title, asked.column, r[asked.column],
            asked.labels.get(r[asked.column], r[asked.column]), r[who.column], r["value"], r["low"], r["high"], r["n"], r["symbol"] or "",
        )
        for r in safe.frame.iter_rows(named=True)
    ]  # fmt: skip


def write_cards(cards: Sequence[Card], study: str, path: Path) -> Path:
    """Cards to cut out, eight a page, as a tagged PDF; only a number leads back."""
    from threecircles.survey.sheet import quoted, write_sheet

    cells = ", ".join(f"[{_cell(c, quoted)}]" for c in cards)
    lines = [f"#grid(columns: (1fr, 1fr), inset: 10pt, stroke: 0.5pt, {cells})"]
    return write_sheet(f"Need cards of the audit {study}", lines, path)


def _cell(card: Card, quoted: object) -> str:
    said = quoted if callable(quoted) else str
    parts = [
        f'#text(size: 20pt, weight: "bold", {said(str(card.number))}) #linebreak() #text(size: 10pt, {said(card.situation)})'
    ]
    for label, lines in (("Risks", card.risks), ("Strengths", card.strengths), ("Needs in", card.needs)):  # fmt: skip
        if lines:
            parts.append(f"#text(size: 9pt, {said(f'{label}: ' + '; '.join(lines) + '.')})")
    if card.wants:
        parts.append(f'#text(size: 9pt, style: "italic", {said("“" + card.wants + "”")})')
    return " #linebreak() ".join(parts)
