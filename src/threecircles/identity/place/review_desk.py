"""The reviewers' desk of a place: which pair comes next, what may be seen of it, and what was answered."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.identity import review
from threecircles.identity.place import store
from threecircles.identity.pseudonyms import short_code

SHOWN = {
    "first": "First name", "surname": "Surname", "birth_date": "Date of birth", "sex": "Sex", "postcode": "Postcode",
}  # fmt: skip
"""The fields of a record that a reviewer sees, and no others."""
HOLDS = timedelta(days=5 * 365)
"""How long an answer stands before the pair is asked again."""
AT_ONCE = 500
"""Pairs of the queue looked at in one sitting."""


@dataclass(frozen=True)
class Waterfall:
    """One bar of the weight: what, and how many bits it speaks for one child (negative: against)."""

    label: str
    bits: float


@dataclass(frozen=True)
class Pair:
    """A pair as shown: code (opaque), sources, fields (label, left, right), bars, cap, family, why."""

    code: str
    records: tuple[str, str]
    sources: tuple[str, str]
    fields: tuple[tuple[str, str, str], ...]
    bars: tuple[Waterfall, ...]
    cap: float | None
    total: float
    family: tuple[tuple[str, ...], tuple[str, ...]]
    why: str


@dataclass(frozen=True)
class Standing:
    """How far the queue is: pairs waiting for this reviewer, answered by anybody, agreement of two."""

    waiting: int
    answered: int
    agreement: str | None


def waiting(
    edges: pl.DataFrame, records: pl.DataFrame, kept: store.Store, reviewer: str
) -> pl.DataFrame:
    """The reviewer's queue, most telling pair first.

    edges: identity.link_edge; records: identity.link_record. A pair leaves the queue when it was
    answered; pairs drawn for a second look stay for one other reviewer, who does not see the first
    answer. Pairs of restricted children are no part of it: they go to the officer named for them.
    """
    numbered = records.with_row_index("rid").with_columns(pl.col("rid").cast(pl.Int64))
    at = numbered.select("rid", "source", "source_key", "restricted")
    placed = edges.filter(pl.col("band") == "review")
    for side in "lr":
        placed = placed.join(
            at.rename({"rid": f"rid_{side}", "restricted": f"restricted_{side}"}),
            left_on=[f"source_{side}", f"record_{side}"], right_on=["source", "source_key"], maintain_order="left",
        )  # fmt: skip
    open_pairs = placed.filter(~pl.col("restricted_l") & ~pl.col("restricted_r"))
    groups = numbered.select("rid", pl.col("ethnic_group").fill_null("").alias("group"))
    queued = review.queue(open_pairs.sort("rid_l", "rid_r"), AT_ONCE, groups=groups)
    given = _answers(kept)
    left = [
        _asks(given.get(_names(row), {}), row["second"], reviewer)
        for row in queued.iter_rows(named=True)
    ]
    return queued.filter(pl.Series(left, dtype=pl.Boolean))


def shown(row: Mapping[str, object], records: pl.DataFrame, secret: bytes) -> Pair:
    """A pair of the queue as the page may show it. secret: makes the pair's code opaque."""
    sides = [_record(records, str(row[f"source_{s}"]), str(row[f"record_{s}"])) for s in "lr"]
    fields = tuple(
        (label, *(str(side.get(field) or "not given") for side in sides))
        for field, label in SHOWN.items()
    )
    bits = {
        k.removeprefix("bits_"): cast(float, v)
        for k, v in row.items()
        if k.startswith("bits_") and v
    }
    start = cast(float, row["w"]) - sum(bits.values())
    bars = [Waterfall("Before any field is compared", start)]
    bars += [
        Waterfall(name.replace("_", " ").replace("id ", "number ").capitalize(), b)
        for name, b in bits.items()
    ]
    cap = cast("float | None", row["cap"])
    one, two = _names(row)
    return Pair(
        code=short_code(hmac.digest(secret, f"{one}\x1f{two}".encode(), "sha256")),
        records=(one, two), sources=(str(row["source_l"]), str(row["source_r"])), fields=cast("tuple[tuple[str, str, str], ...]", fields),
        bars=tuple(bars), cap=cap if cap is not None and cap < cast(float, row["w"]) else None,
        total=cast(float, row["w_adjusted"]), family=(_family(records, sides[0]), _family(records, sides[1])), why=str(row["why"]),
    )  # fmt: skip


def settled(kept: store.Store, pair: Pair, answer: str, reason: str, reviewer: str) -> store.Store:
    """The store with an answer. Raises UsageError for an answer that is none, NotPermitted if sealed."""
    if answer not in review.ANSWERS:
        raise UsageError("This is no answer.", allowed=", ".join(review.ANSWERS))
    now = datetime.now(UTC)
    decision = store.Decision(
        record_l=pair.records[0], record_r=pair.records[1], answer=cast(store.Answer, answer), reason=reason.strip(),
        by=reviewer, at=now.isoformat(timespec="seconds"), expires=(now + HOLDS).date().isoformat(),
    )  # fmt: skip
    return store.decided(kept, [decision])


def standing(queue: pl.DataFrame, kept: store.Store) -> Standing:
    """How far review is."""
    answers = [
        review.Answered(d.record_l, d.record_r, d.answer, d.reason, d.by, d.at)
        for d in kept.decisions
        if not d.reason.startswith("undo of event")
    ]
    return Standing(len(queue), len(answers), review.agreement(answers))


def _names(row: Mapping[str, object]) -> tuple[str, str]:
    one, two = sorted(f"{row[f'source_{s}']}|{row[f'record_{s}']}" for s in "lr")
    return one, two


def _answers(kept: store.Store) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for d in kept.decisions:
        one, two = sorted((d.record_l, d.record_r))
        found.setdefault((one, two), {})[d.by] = d.answer
    return found


def _asks(given: Mapping[str, str], second: bool, reviewer: str) -> bool:
    return reviewer not in given and len(given) < (2 if second else 1)


def _record(records: pl.DataFrame, source: str, key: str) -> dict[str, object]:
    found = records.filter((pl.col("source") == source) & (pl.col("source_key") == key))
    return found.row(0, named=True)


def _family(records: pl.DataFrame, record: Mapping[str, object]) -> tuple[str, ...]:
    """Others of the same source at the same address under the same surname: first name and birth."""
    if not record.get("postcode") or not record.get("surname"):
        return ()
    same = records.filter(
        (pl.col("source") == record["source"]) & (pl.col("postcode") == record["postcode"])
        & (pl.col("surname") == record["surname"]) & (pl.col("source_key") != record["source_key"]) & ~pl.col("restricted")
    )  # fmt: skip
    return tuple(
        f"{first or 'name not given'}, born {birth or 'on a day not given'}"
        for first, birth in same.select("first", "birth_date")
        .sort("birth_date", "first")
        .iter_rows()
    )
