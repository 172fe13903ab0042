"""Sorts of several tables side by side, and what a group's access rule would let in: people name what they agree on."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.agreement import adjusted_rand
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.safety import Grant
from threecircles.need.audit.board import PARKED, PILE, Board
from threecircles.need.audit.form import BLANKS, Form
from threecircles.need.audit.gate import decided

_TERM = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(>=|<=|!=|=|>|<)\s*([A-Za-z0-9_]+)\s*\Z")


@dataclass(frozen=True)
class Compared:
    """pairs: (table, table, adjusted Rand). together: share of tables that lay two cards in one group, by the
    order of `cards`. movers: cards and how unlike the tables treat them, most first (0 to 1)."""

    cards: tuple[int, ...]
    pairs: tuple[tuple[str, str, float], ...]
    together: np.ndarray
    movers: tuple[tuple[int, float], ...]


def compared(sorts: Sequence[Board], grant: Grant | None) -> Compared:
    """Saved sorts of the same cards. A card on the pile or aside is alone in that sort.

    Raises NotPermitted without an ethics decision, UsageError with fewer than two saved tables.
    """
    decided(grant, "No sorts may be compared")
    saved = [b for b in sorts if b.saved]
    if len(saved) < 2:
        raise UsageError(
            "A comparison needs two tables that have saved their sort.",
            found=", ".join(b.name for b in saved) or "none has",
        )
    cards = sorted(set.intersection(*(set(b.places) for b in saved)))
    labels = {b.name: [_label(b, c) for c in cards] for b in saved}
    pairs = tuple((a, b, adjusted_rand(labels[a], labels[b])) for a, b in combinations(labels, 2))
    together = np.mean([np.equal.outer(np.array(v), np.array(v)) for v in labels.values()], axis=0)
    unlike = (4 * together * (1 - together)).mean(axis=1)
    order = sorted(range(len(cards)), key=lambda i: (-unlike[i], cards[i]))
    return Compared(
        tuple(cards), pairs, together, tuple((cards[i], float(unlike[i])) for i in order)
    )


def with_groups(coded: pl.DataFrame, board: Board) -> pl.DataFrame:
    """The coded cases of a table's cards with a column `group`: the name people gave, or that it fits none."""
    names = {c: board.label(PARKED if p == PILE else p) for c, p in board.places.items()}
    return coded.filter(pl.col("number").is_in(list(names))).with_columns(
        group=pl.col("number").replace_strict(names, return_dtype=pl.String)
    )


def admitted(coded: pl.DataFrame, rule: str, form: Form) -> pl.DataFrame:
    """The cases with a column `rule`: admitted or missed, null where the file does not tell.

    rule: such as "impairment_overall >= 2 and risks >= 3"; terms joined by "and", those by "or". Columns: every
    question, impairment_overall, and risks, strengths and needs (how many are yes). A term on something
    unknown is unknown; "or" and "and" go on with it as far as it matters.

    coded: with derived columns (derived.with_derived). Raises UsageError for a rule that cannot be read.
    """
    counted = coded.with_columns(
        [
            pl.sum_horizontal([(pl.col(f.code) == "yes").cast(pl.Int64) for f in form.of_part(p)]).alias(name)
            for p, name in (("risk", "risks"), ("protective", "strengths"), ("need", "needs"))
        ]
    )  # fmt: skip
    either = [
        pl.all_horizontal([_term(t, counted) for t in re.split(r"\s+and\s+", part)])
        for part in re.split(r"\s+or\s+", rule)
    ]
    whole = pl.any_horizontal(either)
    word = pl.when(whole).then(pl.lit("admitted")).when(~whole).then(pl.lit("missed"))
    return counted.with_columns(word.alias("rule"))


def _term(text: str, coded: pl.DataFrame) -> pl.Expr:
    found = _TERM.match(text)
    if not found:
        raise UsageError(
            "The rule cannot be read.", found=text.strip()[:60], allowed='such as "impairment_overall >= 2 and risks >= 3"',
        )  # fmt: skip
    column, sign, value = found.groups()
    if column not in coded.columns:
        raise UsageError(
            "The rule names something that is no question of the form.", found=column, mend=did_you_mean(column, coded.columns),
        )  # fmt: skip
    told: pl.Expr = pl.when(~pl.col(column).cast(pl.String).is_in(list(BLANKS))).then(pl.col(column).cast(pl.String))  # fmt: skip
    if value.isdigit():
        told, number = told.cast(pl.Int64, strict=False), int(value)
        return _compare(told, sign, number)
    if sign not in ("=", "!="):
        raise UsageError("A word is only equal or not equal.", found=text.strip()[:60])
    return _compare(told, sign, value)


def _compare(told: pl.Expr, sign: str, value: str | int) -> pl.Expr:
    signs: Mapping[str, Callable[[Any, Any], Any]] = {
        ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq, "!=": operator.ne,
    }  # fmt: skip
    made: pl.Expr = signs[sign](told, value)
    return made


def _label(board: Board, card: int) -> str:
    place = board.places[card]
    return f"{place}-{card}" if place in (PILE, PARKED) else place
