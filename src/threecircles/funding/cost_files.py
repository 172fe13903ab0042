"""Costs of pathways from files of episodes and events: what `threecircles cost pathway` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.care_events import care_costing, care_events, placements
from threecircles.funding.cost_table import CostTable, load_cost_table
from threecircles.funding.fit_file import read_table
from threecircles.funding.pathway import lorenz, pathway_cost, spread, totals

EPISODES = ("person_id", "event_id", "place", "ls", "valid_from", "valid_to", "reason_in", "reason_out")  # fmt: skip
EVENTS = ("person_id", "event_id", "kind", "on_date")


@dataclass(frozen=True)
class Costed:
    """rows: as `pathway_cost`. tables: the cost tables used."""

    rows: pl.DataFrame
    tables: tuple[CostTable, ...]
    start: date
    end: date

    def flat(self) -> pl.DataFrame:
        """The rows with their sources as one text, for a file."""
        return self.rows.with_columns(pl.col("source_event_ids").list.join("|"))

    def as_dict(self) -> dict[str, Any]:
        """Totals and spread, never a child's row."""
        return {
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "tables": [t.id for t in self.tables],
            "pence": int(self.rows["pence"].sum()),
            "components": totals(self.rows, ("component",)).to_dicts(),
            "spread_pence": spread(self.rows),
            "lorenz": lorenz(self.rows).to_dicts(),
        }


def cost_files(
    episodes: Path, events: Path | None, tables: Sequence[str], start: date, end: date
) -> Costed:
    """Cost the episodes of a file, and the events of another. Raises an error naming file and column."""
    rules = care_costing()
    care = _dates(read_table(episodes, EPISODES), ("valid_from", "valid_to"), episodes)
    _check_stays(care, episodes)
    nobody = {"person_id": care.schema["person_id"], "event_id": pl.Utf8(), "kind": pl.Utf8(), "on_date": pl.Date()}  # fmt: skip
    others = (
        pl.DataFrame(schema=nobody)
        if events is None
        else _dates(read_table(events, EVENTS), ("on_date",), events)
    )
    used = tuple(load_cost_table(t) for t in tables)
    rows = pathway_cost(placements(care, rules), care_events(care, others, rules), used, start, end)
    if rows.is_empty():
        raise UsageError("Nothing happened in this period.", found=f"{start} to {end}")
    way = rows.sort("person_id", "from", "component", maintain_order=True)
    return Costed(way, used, start, end)


def _check_stays(care: pl.DataFrame, path: Path) -> None:
    """Raise UsageError for a placement that ends before it begins, or two of one child at the end of one day."""
    stays = care.with_row_index("row", offset=1).sort("person_id", "valid_from", "row")
    before = pl.col("person_id") == pl.col("person_id").shift(1)
    end = pl.col("valid_to").fill_null(date.max)
    faults = {
        "A placement ends before it begins": end < pl.col("valid_from"),
        "A child is in two placements at the end of one day": before
        & (end.cum_max().over("person_id").shift(1) > pl.col("valid_from"))
        & (end > pl.col("valid_from")),
    }
    for words, fault in faults.items():
        rows = sorted(stays.filter(fault)["row"].to_list())
        if rows:
            raise UsageError(
                f"{words}, so its days would be costed wrongly.",
                where=f"{path.name}, rows {', '.join(f'{r:,}' for r in rows[:10])}",
                allowed="valid_to on or after valid_from; the next placement from that day on",
                mend="Correct the dates in the file; nothing is costed twice.",
            )


def _dates(table: pl.DataFrame, columns: Sequence[str], path: Path) -> pl.DataFrame:
    made = table.with_columns(
        pl.col(c).cast(pl.Utf8).str.to_date("%Y-%m-%d", strict=False).alias(c)
        if table.schema[c] != pl.Date
        else pl.col(c)
        for c in columns
    )
    for column in columns:
        lost = table[column].is_not_null() & made[column].is_null()
        if lost.any() or (column != "valid_to" and made[column].null_count()):
            row = int((made[column].is_null()).arg_max() or 0) + 1
            raise UsageError(f"{column} is not a date.", where=f"{path.name}, row {row:,}", allowed="yyyy-mm-dd")  # fmt: skip
    texts = {c: pl.Utf8 for c in ("place", "ls", "reason_in", "reason_out", "kind", "event_id") if c in made.columns}  # fmt: skip
    return made.cast(texts)  # type: ignore[arg-type]
