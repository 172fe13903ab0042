"""A child's way through help, day by day: without it services would be counted apart and the path lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import narwhals as nw

from threecircles.core.expr import days_between
from threecircles.definitions import Definition, load

NONE = "none"


@dataclass(frozen=True, kw_only=True)
class State:
    """One state of a journey and the processes that put a child in it."""

    id: str
    label: str
    processes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Journey(Definition):
    """States in order of intensity, highest first (definitions/journeys/<id>.yaml)."""

    states: tuple[State, ...]

    def __post_init__(self) -> None:
        held = [p for s in self.states for p in s.processes]
        twice = sorted({p for p in held if held.count(p) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} puts a child in two states.")


def journey_definition(name: str = "default") -> Journey:
    """A shipped journey."""
    return load(f"journeys/{name}", Journey)


def journey_state(rows: nw.LazyFrame, journey: Journey, last: date) -> nw.LazyFrame:
    """Runs of days in one highest state, from a person's first such day to the end of `last`.

    rows: row_id, person_id, process, valid_from, valid_to?, start_unknown (bool). On each day the
    highest open state holds; days between two states are a run of `none`; nothing follows the last.
    Columns: person_id, n (from 1), state, valid_from, valid_to? (null while open), days (to the end of
    `last` when open), all_states (text, space between, highest first), entered_by (row_id of an
    episode that begins the run), censored (left, right, both, none).
    """
    after = last + timedelta(days=1)
    names = [s.id for s in journey.states]
    segments = _segments(_changes(rows, journey, after), names)
    runs = (
        segments.with_columns(
            _was=nw.col("state").shift(1).over("person_id", order_by="valid_from")
        )
        .with_columns(_new=_one((nw.col("state") != nw.col("_was")).fill_null(True)))
        .with_columns(
            n=nw.col("_new").cum_sum().over("person_id", order_by="valid_from").cast(nw.Int64),
            _entered=nw.when(nw.col("_new") == 1).then(nw.col("_entered")),
            _unknown=nw.when(nw.col("_new") == 1).then(nw.col("_unknown")).otherwise(nw.lit(0)),
        )
        .group_by("person_id", "n", "state")
        .agg(
            nw.col("valid_from").min(),
            nw.col("_until").max(),
            nw.col("_entered").max().alias("entered_by"),
            nw.col("_unknown").max(),
            *(nw.col(f"_in_{name}").max() for name in names),
        )
    )
    open_, unknown = nw.col("_until") == nw.lit(after), nw.col("_unknown") == 1
    return runs.select(
        "person_id",
        "n",
        "state",
        "valid_from",
        nw.when(~open_).then(nw.col("_until")).alias("valid_to"),
        days_between(nw.col("valid_from"), nw.col("_until")).alias("days"),
        _said(names).alias("all_states"),
        "entered_by",
        nw.when(open_ & unknown)
        .then(nw.lit("both"))
        .otherwise(
            nw.when(open_)
            .then(nw.lit("right"))
            .otherwise(nw.when(unknown).then(nw.lit("left")).otherwise(nw.lit(NONE)))
        )
        .alias("censored"),
    )


def _changes(rows: nw.LazyFrame, journey: Journey, after: date) -> nw.LazyFrame:
    """Per person and day: how many rows of each state begin less how many end."""
    state: nw.Expr = nw.lit(None, dtype=nw.String)
    for s in journey.states:
        state = nw.when(nw.col("process").is_in(s.processes)).then(nw.lit(s.id)).otherwise(state)
    known = (
        rows.with_columns(_state=state)
        .filter(~nw.col("_state").is_null())
        .with_columns(
            _to=nw.when(nw.col("valid_to").is_null() | (nw.col("valid_to") > nw.lit(after)))
            .then(nw.lit(after))
            .otherwise(nw.col("valid_to")),
            _blind=_one(nw.col("start_unknown").fill_null(False)),
        )
        # A state that holds at the end of no day is no step of the way.
        .filter(nw.col("valid_from") < nw.col("_to"))
    )
    begins = known.select(
        "person_id", "_state", "row_id", "_blind", _day=nw.col("valid_from"), _step=nw.lit(1)
    )
    ends = known.select(
        "person_id", "_state", "row_id", _blind=nw.lit(0), _day=nw.col("_to"), _step=nw.lit(-1)
    )
    moves = nw.concat([begins.select(*_MOVE), ends.select(*_MOVE)])
    names = [s.id for s in journey.states]
    for name in names:
        mine = nw.col("_state") == name
        entered = mine & (nw.col("_step") == 1)
        moves = moves.with_columns(
            **{
                f"_d_{name}": nw.when(mine).then(nw.col("_step")).otherwise(nw.lit(0)),
                f"_e_{name}": nw.when(entered).then(nw.col("row_id")),
                f"_u_{name}": nw.when(mine).then(nw.col("_blind")).otherwise(nw.lit(0)),
            }
        )
    return moves.group_by("person_id", "_day").agg(
        *(nw.col(f"_d_{name}").sum().cast(nw.Int64) for name in names),
        *(nw.col(f"_e_{name}").max() for name in names),
        *(nw.col(f"_u_{name}").max() for name in names),
    )


_MOVE = ("person_id", "_state", "row_id", "_blind", "_day", "_step")


def _segments(changes: nw.LazyFrame, names: list[str]) -> nw.LazyFrame:
    """Stretches between two days of change, with the highest state of each."""
    counted = changes.with_columns(
        _until=nw.col("_day").shift(-1).over("person_id", order_by="_day"),
        **{
            f"_in_{name}": nw.col(f"_d_{name}").cum_sum().over("person_id", order_by="_day")
            for name in names
        },
    ).filter(~nw.col("_until").is_null())
    counted = counted.with_columns(
        **{f"_in_{name}": _one(nw.col(f"_in_{name}") > 0) for name in names}
    )
    state: nw.Expr = nw.lit(NONE)
    entered: nw.Expr = nw.lit(None, dtype=nw.String)
    unknown: nw.Expr = nw.lit(0)
    for name in reversed(names):
        here = nw.col(f"_in_{name}") == 1
        state = nw.when(here).then(nw.lit(name)).otherwise(state)
        entered = nw.when(here).then(nw.col(f"_e_{name}")).otherwise(entered)
        unknown = nw.when(here).then(nw.col(f"_u_{name}")).otherwise(unknown)
    return counted.select(
        "person_id",
        "_until",
        *(f"_in_{name}" for name in names),
        valid_from=nw.col("_day"),
        state=state,
        _entered=entered,
        _unknown=unknown,
    )


def _said(names: list[str]) -> nw.Expr:
    parts = [nw.when(nw.col(f"_in_{n}") == 1).then(nw.lit(n)) for n in names]
    return nw.concat_str(parts, separator=" ", ignore_nulls=True)


def _one(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))
