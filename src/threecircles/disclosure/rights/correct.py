"""A correction lies over what was received: without it a wrong line would be right for ever, or vanish."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core import keys
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.workspace import Workspace
from threecircles.disclosure import state
from threecircles.disclosure.rights.held import keys_of, source_rows
from threecircles.sources.declared import source


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One cell that reads otherwise than it came. row: as the answer to the person numbers it, from 0."""

    person: str
    delivery: str
    table: str
    row: int
    column: str
    value: str
    reason: str


def correct(workspace: Workspace, wanted: Correction, by: str) -> tuple[str, ...]:
    """Keep a correction, sealed; returns the other holders of the fact, who are to be told.

    The caller has asked `asking.may`. The received file stays; the next run reads the overlay and
    makes everything downstream anew. Raises UsageError for a cell that is not the person's.
    """
    if not wanted.reason.strip():
        raise UsageError("A correction needs its reason.")
    own = {(r.delivery, r.table): r.rows for r in source_rows(workspace, wanted.person)}
    rows = own.get((wanted.delivery, wanted.table))
    if rows is None or wanted.row not in set(rows["_row"]):
        raise UsageError(
            "That row is not among those about this person.",
            allowed="; ".join(
                f"{d} {t}: {', '.join(map(str, sorted(f['_row'])))}" for (d, t), f in own.items()
            ),
        )
    columns = [c for c in rows.columns if not c.startswith("_") and "__" not in c]
    if wanted.column not in columns:
        raise UsageError(
            "That table has no such column.",
            found=wanted.column,
            mend=did_you_mean(wanted.column, columns),
        )
    _typed(rows, wanted.column, wanted.value)
    sealed = keys.seal(wanted.value.encode(), workspace.key(), _name(wanted))
    with state.state(workspace.path) as kept:
        kept.execute(
            "INSERT INTO correction (person, delivery, source_table, row_number, column_name, sealed_value, reason, by, at) VALUES (?,?,?,?,?,?,?,?,?)",
            (wanted.person, wanted.delivery, wanted.table, wanted.row, wanted.column,
             base64.b64encode(sealed).decode(), wanted.reason, by, state.now()),
        )  # fmt: skip
    others = {
        s
        for d, held in keys_of(workspace, wanted.person).items()
        if d != wanted.delivery
        for s, _ in held
    }
    return tuple(sorted(source(s).label for s in others))


def version(workspace: Path, delivery: str) -> str:
    """What stands in the key of the step that reads a delivery; "" without corrections."""
    found = state.rows(
        workspace, "SELECT id FROM correction WHERE delivery = ? ORDER BY id", delivery
    )
    return ",".join(str(r["id"]) for r in found)


def overlaid(
    workspace: Workspace, delivery: str, tables: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """The tables of a delivery with its corrections over them, the latest last."""
    result = dict(tables)
    found = state.rows(
        workspace.path, "SELECT * FROM correction WHERE delivery = ? ORDER BY id", delivery
    )
    for row in found:
        name = f"sources.{delivery}.{row['source_table']}"
        if name in result:
            value = keys.unseal(
                base64.b64decode(row["sealed_value"]), workspace.key(), _name(_of(row))
            ).decode()
            result[name] = _changed(result[name], row["row_number"], row["column_name"], value)
    return result


def _changed(frame: pl.DataFrame, number: int, column: str, value: str) -> pl.DataFrame:
    here = pl.col("_row") == number
    changes = {column: value or None} | _typed(frame, column, value)
    return frame.with_columns(
        pl.when(here).then(pl.lit(new, dtype=frame.schema[c])).otherwise(pl.col(c)).alias(c)
        for c, new in changes.items()
    )


def _typed(frame: pl.DataFrame, column: str, value: str) -> dict[str, Any]:
    """The typed companions of a column for a new value. Raises UsageError when it is not of the type."""
    found: dict[str, Any] = {}
    try:
        if f"{column}__date" in frame.columns:
            found[f"{column}__date"] = _day(value) if value else None
        if f"{column}__int" in frame.columns:
            found[f"{column}__int"] = int(value) if value else None
    except ValueError:
        raise UsageError(
            f"That cannot stand in {column}.",
            allowed="a date such as 28/02/2025 or 2025-02-28, or a whole number",
        ) from None
    return found


def _day(value: str) -> date:
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(value, form).date()
        except ValueError:
            continue
    raise ValueError(value)


def _name(c: Correction) -> str:
    return f"correction/{c.delivery}/{c.table}/{c.row}/{c.column}"


def _of(row: dict[str, Any]) -> Correction:
    return Correction(
        person=row["person"], delivery=row["delivery"], table=row["source_table"], row=row["row_number"],
        column=row["column_name"], value="", reason=row["reason"],
    )  # fmt: skip
