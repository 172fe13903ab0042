"""The linkage model as data: without it every threshold would hide in the code that uses it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import polars as pl

from threecircles.definitions.loader import HOME


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison. m, u: its share among matches and among others; tf: the column
    whose frequencies sharpen u; fix_u: u comes from frequencies, since samples seldom show it."""

    label: str
    sql: str
    m: float = 0.0
    u: float = 0.0
    tf: str | None = None
    null: bool = False
    fix_u: bool = False


@dataclass(frozen=True)
class Comparison:
    """One field compared. needs: columns; levels: missing first, then from same to different."""

    name: str
    needs: tuple[str, ...]
    levels: tuple[Level, ...]
    identifier: bool = False

    @property
    def scored(self) -> tuple[Level, ...]:
        """Levels without the missing one."""
        return tuple(level for level in self.levels if not level.null)

    def case(self) -> str:
        """SQL giving -1 for missing and from 0 (different) up to the closest level, as Splink counts."""
        top = len(self.scored) - 1
        whens, number = [], top
        for level in self.levels:
            if level.null:
                whens.append(f"WHEN {level.sql} THEN -1")
            elif level.sql != "ELSE":
                whens.append(f"WHEN {level.sql} THEN {number}")
                number -= 1
        return f"CASE {' '.join(whens)} ELSE 0 END::TINYINT AS gamma_{self.name}"

    def by_gamma(self) -> dict[int, Level]:
        """Level by its number."""
        return {len(self.scored) - 1 - i: level for i, level in enumerate(self.scored)}


@dataclass(frozen=True)
class Model:
    """What the scorer needs. nameless: blocks for records that carry neither name nor postcode.
    wider: blocks for lists short enough to compare more (see `blocks`). prior: chance that a compared
    pair of records is one child."""

    comparisons: tuple[Comparison, ...]
    blocking: tuple[tuple[str, ...], ...]
    training: tuple[tuple[str, ...], ...]
    learning: dict[str, int]
    nameless: tuple[tuple[str, ...], ...] = ()
    wider: tuple[tuple[str, ...], ...] = ()
    prior: float = 1e-6

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that any comparison or block touches, without repetition."""
        found = [
            c for b in (*self.blocking, *self.training, *self.nameless, *self.wider) for c in b
        ]
        for comparison in self.comparisons:
            for level in comparison.levels:
                found += [
                    w.strip("(),")[:-2] for w in level.sql.replace("(", " ").split() if _is_side(w)
                ]
        return tuple(dict.fromkeys(found))

    def with_comparisons(self, comparisons: list[Comparison], prior: float) -> Model:
        """The same model with other levels' shares and another prior."""
        return replace(self, comparisons=tuple(comparisons), prior=prior)


def _is_side(word: str) -> bool:
    return word.strip("(),").endswith(("_l", "_r"))


@cache
def shipped(name: str = "model_2026") -> dict[str, Any]:
    """The definition as it stands in the file."""
    return json.loads((HOME / "identity" / f"{name}.json").read_text(encoding="utf-8"))


def model_for(records: pl.DataFrame, identifiers: list[str], name: str = "model_2026") -> Model:
    """The shipped model narrowed to what these records hold.

    A comparison stays when at least two records have its columns; every scheme in `identifiers`
    (column names id_...) gets its own comparison and block.
    """
    raw = shipped(name)
    comparisons = [
        Comparison(c["name"], tuple(c["needs"]), tuple(Level(**level) for level in c["levels"]))
        for c in raw["comparisons"]
        if all(_held(records, column) for column in c["needs"])
    ]
    comparisons += [_identifier(column, records, raw["identifier"]) for column in identifiers]
    blocks = [(column,) for column in identifiers]
    blocks += [tuple(b) for b in raw["blocking"] if all(_held(records, c) for c in b)]
    training = [tuple(b) for b in raw["training"] if all(_held(records, c) for c in b)]
    training += [(column,) for column in identifiers]
    nameless = [tuple(b) for b in raw["nameless_blocking"] if all(_held(records, c) for c in b)]
    if not records["nameless"].any():
        nameless = []
    wider = [tuple(b) for b in raw["wider_blocking"] if all(_held(records, c) for c in b)]
    return Model(
        tuple(comparisons), tuple(blocks), tuple(training), raw["learning"], tuple(nameless),
        tuple(wider),
    )  # fmt: skip


def _held(records: pl.DataFrame, column: str) -> bool:
    return column in records.columns and len(records) - records[column].null_count() >= 2


def _identifier(column: str, records: pl.DataFrame, raw: dict[str, float]) -> Comparison:
    """An identifier's chance agreement is one in the number of people, which no sample shows."""
    one = 1 / max(raw["fewest_people"], records[column].n_unique())
    several = min(0.5, raw["one_edit_u_times"] * one)
    left, right = f"{column}_l", f"{column}_r"
    return Comparison(
        column,
        (column,),
        (
            Level("missing", f"{left} IS NULL OR {right} IS NULL", null=True),
            Level("same", f"{left} = {right}", raw["same_m"], one),
            Level("one edit", f"levenshtein({left}, {right}) <= 1", raw["one_edit_m"], several),
            Level("different", "ELSE", raw["different_m"], 1 - one - several),
        ),
        identifier=True,
    )
