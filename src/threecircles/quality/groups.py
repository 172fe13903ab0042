"""Which team, worker, provider or school a row belongs to: without it scores would stop at the return as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import polars as pl

from threecircles.definitions import read_csv
from threecircles.quality.fields import form_of
from threecircles.quality.worklist import UNKNOWN_TEAM, Held, plain_id, plain_ids

UNKNOWN = {
    "team": UNKNOWN_TEAM,
    "worker": "Unknown worker",
    "provider": "Unknown provider",
    "school": "Unknown school",
}
"""Kind of group -> the row of those that belong to none; they are never spread over the others."""


@dataclass(frozen=True)
class Grouping:
    """What belongs to whom. of_child: child -> group; of_row: table -> the group of each row. One of them is given."""

    kind: str
    of_child: Mapping[str, str] | None = None
    of_row: Mapping[str, pl.Series] | None = None

    @property
    def unknown(self) -> str:
        """What those of no group are called."""
        return UNKNOWN[self.kind]

    @cached_property
    def _known(self) -> dict[str, str]:
        return {plain_id(child): group for child, group in (self.of_child or {}).items()}

    def label(self, table: str, rows: pl.DataFrame, children: pl.Series | None) -> pl.Series | None:
        """The group of each row of a tally; None where the table does not tell it.

        children: the child of each of the rows, needed for groups of children.
        """
        if self.of_row is not None:
            groups = self.of_row.get(table)
            told = None if groups is None else groups.gather(rows["row"])
        elif children is None:
            told = None
        else:
            ids = children.to_frame("child").select(plain_ids("child")).to_series()
            told = ids.replace_strict(self._known, default=None, return_dtype=pl.String)
        return None if told is None else told.fill_null(self.unknown).alias("group")


def by_team(holders: Mapping[str, Held]) -> Grouping:
    """Children by the team that holds them."""
    return Grouping("team", of_child={child: held.team for child, held in holders.items()})


def by_worker(
    holders: Mapping[str, Held] | None, source: str, tables: Mapping[str, pl.DataFrame]
) -> Grouping:
    """Children by worker: as the mapping file says, else by the newest line of the return that names one."""
    found: dict[str, str] = {}
    for place in _places("worker", source):
        frame = tables.get(place["table"])
        table = form_of(source).table(place["table"])
        needed = {table.child, place["column"], place["latest"]}
        if frame is not None and needed <= set(frame.columns):
            found |= _latest(frame, table.child, place["column"], place["latest"])
    given = {child: held.worker for child, held in (holders or {}).items() if held.worker}
    return Grouping("worker", of_child=found | given)


def by_column(kind: str, source: str, tables: Mapping[str, pl.DataFrame]) -> Grouping:
    """Rows by the provider or school that a column of theirs names."""
    found = {}
    for place in _places(kind, source):
        frame = tables.get(place["table"])
        if frame is None or place["column"] not in frame.columns:
            continue
        told = frame[place["column"]].cast(pl.String).str.strip_chars()
        if place["through"]:
            other, _, pair = place["through"].partition(".")
            key, _, value = pair.partition(">")
            if other not in tables or not {key, value} <= set(tables[other].columns):
                continue
            pairs = tables[other].select(key, value).drop_nulls().unique(key, maintain_order=True)
            told = told.replace_strict(dict(pairs.iter_rows()), default=None, return_dtype=pl.String)  # fmt: skip
        found[place["table"]] = told
    return Grouping(kind, of_row=found)


def kinds_of(source: str) -> tuple[str, ...]:
    """The kinds of group that a column of the source tells: provider, school, worker."""
    return tuple(dict.fromkeys(p["kind"] for p in read_csv("rules/groups") if p["source"] == source))  # fmt: skip


@cache
def _places(kind: str, source: str) -> tuple[dict[str, str], ...]:
    return tuple(p for p in read_csv("rules/groups") if p["kind"] == kind and p["source"] == source)


def _latest(frame: pl.DataFrame, child: str, worker: str, start: str) -> dict[str, str]:
    """Child -> the worker of the newest line; dates are dd/mm/yyyy text or dates."""
    day = pl.col(f"{start}__date") if f"{start}__date" in frame.columns else _day(start)
    lines = frame.select(pl.col(child).cast(pl.String), pl.col(worker).cast(pl.String), day.alias("_day"))  # fmt: skip
    newest = lines.drop_nulls([child, worker]).sort("_day", nulls_last=False)
    return dict(newest.unique(child, keep="last").select(child, worker).iter_rows())


def _day(column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String)
    return pl.coalesce(
        text.str.to_date("%d/%m/%Y", strict=False), text.str.to_date("%Y-%m-%d", strict=False)
    )
