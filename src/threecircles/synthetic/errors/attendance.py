"""Mistakes of those who keep a register at the door: without them no rule of attendance was ever tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.errors.log import ROW, Log, Tables, edit
from threecircles.synthetic.errors.people import Columns, make_chances, spoil
from threecircles.synthetic.export.attendance import member_keys
from threecircles.synthetic.world import World

SOURCE = "attendance-at-provision"
NAMES = Columns("person_key", "first_name", "surname", "date_of_birth", "sex", "postcode", date="%d/%m/%Y")  # fmt: skip
Mistake = Callable[[np.random.Generator, Log, str, Tables], Tables]
_KEYS = {"session": "session_id", "attendance": "session_id", "registration": "person_key"}
_EACH = 2
"""Mistakes of one kind in the files of one provider."""


def attendance_errors(world: World, log: Log, delivery: str, tables: Tables) -> Tables:
    """One provider's tables with each kind of mistake that its level allows, all in the register of errors."""
    if "session" not in tables:
        return tables
    made = _names(world, log, delivery, tables)
    g = rng(world.seed, "errors", delivery)
    heads = "registration" not in made
    for kind in _OF_HEADS if heads else _OF_PERSONS:
        made = kind(g, log, delivery, made)
    return made


def _names(world: World, log: Log, delivery: str, tables: Tables) -> Tables:
    if "first_name" not in tables.get("registration", pl.DataFrame()).columns:
        return tables
    child = member_keys(world, world.attendance, delivery.split("_")[1].upper())[1]
    place = (SOURCE, delivery, "registration")
    frame = spoil(
        world, log, place, tables["registration"], NAMES, child, make_chances(world, "help")
    )
    return {**tables, "registration": frame}


def _changed(
    log: Log,
    delivery: str,
    tables: Tables,
    cells: str,
    rows: np.ndarray,
    values: list[str],
    kind: str,
    rules: str,
) -> Tables:
    """The tables with other values in some rows of `cells` (table.column), noted."""
    table, column = cells.split(".")
    frame = tables[table]
    written = pl.Series(values, dtype=pl.String)
    keys, true = frame[_KEYS[table]].gather(rows.tolist()), frame[column].gather(rows.tolist())
    nobody = np.full(len(rows), "")
    log.note(SOURCE, delivery, table, rows, keys, column, kind, true, written, nobody, rules)
    return {**tables, table: edit(frame, column, rows, written)}


def _two_at_once(g: np.random.Generator, log: Log, delivery: str, tables: Tables) -> Tables:
    """A session entered twice, half an hour apart."""
    session = tables["session"]
    rows = np.sort(g.choice(session.height, min(_EACH, session.height), replace=False))
    later = [_half_hour_on(t) for t in session["start"].gather(rows.tolist())]
    copies = session[rows.tolist()].with_columns(
        pl.format("{}x", "session_id").alias("session_id"), pl.Series("start", later)
    )
    at = session.height + np.arange(len(rows))
    blank = pl.Series([None] * len(rows), dtype=pl.String)
    log.note(
        SOURCE,
        delivery,
        "session",
        at,
        copies["session_id"],
        ROW,
        "session entered twice",
        blank,
        blank,
        np.full(len(rows), ""),
        "AT1",
    )
    return {**tables, "session": pl.concat([session, copies])}


def _half_hour_on(start: str) -> str:
    return (datetime.strptime(start, "%H:%M") + timedelta(minutes=30)).strftime("%H:%M")


def _totals(tables: Tables) -> pl.DataFrame:
    """Sessions with their heads, in the order of the session table."""
    people = (
        tables["attendance"]
        .group_by("session_id")
        .agg(pl.col("n").cast(pl.Int64).sum().alias("people"))
    )
    return tables["session"].join(people, on="session_id", how="left", maintain_order="left")


def _few_places(g: np.random.Generator, log: Log, delivery: str, tables: Tables) -> Tables:
    full = np.flatnonzero((_totals(tables)["people"].fill_null(0) >= 2).to_numpy())
    rows = np.sort(g.choice(full, min(_EACH, len(full)), replace=False))
    values = ["1"] * len(rows)
    return _changed(log, delivery, tables, "session.places", rows, values, "places too few", "AT3")


def _far_ages(g: np.random.Generator, log: Log, delivery: str, tables: Tables) -> Tables:
    height = tables["attendance"].height
    rows = np.sort(g.choice(height, min(_EACH, height), replace=False))
    values = ["20-25"] * len(rows)
    return _changed(
        log,
        delivery,
        tables,
        "attendance.age_band",
        rows,
        values,
        "age group of another session",
        "AT2",
    )


def _guesses(g: np.random.Generator, log: Log, delivery: str, tables: Tables) -> Tables:
    """One provider in three guesses more than a quarter of its counts."""
    if int(delivery.split("_")[1][1:]) % 3:
        return tables
    counted = np.flatnonzero((tables["attendance"]["basis"] == "counted").to_numpy())
    rows = np.sort(g.choice(counted, len(counted) // 2, replace=False))
    values = ["estimated"] * len(rows)
    return _changed(
        log, delivery, tables, "attendance.basis", rows, values, "guessed, not counted", "AT5"
    )


def _closed(g: np.random.Generator, log: Log, delivery: str, tables: Tables) -> Tables:
    """A session dated to a year long before the venue opened."""
    session = tables["session"]
    plain = np.flatnonzero(~session["session_id"].str.ends_with("x").to_numpy())
    rows = np.sort(g.choice(plain, 1))
    values = [f"{d[:6]}1999" for d in session["date"].gather(rows.tolist())]
    return _changed(log, delivery, tables, "session.date", rows, values, "wrong year", "X43")


def _late_form(g: np.random.Generator, log: Log, delivery: str, tables: Tables) -> Tables:
    """A form dated a week after the person first came."""
    day = pl.col("date").str.to_date("%d/%m/%Y")
    first = (
        tables["attendance"]
        .join(tables["session"].select("session_id", day), on="session_id")
        .group_by("person_key")
        .agg(pl.col("date").min().alias("first"))
    )
    told = tables["registration"].join(first, on="person_key", how="left", maintain_order="left")
    came = np.flatnonzero(told["first"].is_not_null().to_numpy())
    rows = np.sort(g.choice(came, min(_EACH, len(came)), replace=False))
    values = [
        (d + timedelta(days=7)).strftime("%d/%m/%Y") for d in told["first"].gather(rows.tolist())
    ]
    return _changed(
        log,
        delivery,
        tables,
        "registration.registered_on",
        rows,
        values,
        "form after the first visit",
        "AT4",
    )


def _both(g: np.random.Generator, log: Log, delivery: str, tables: Tables) -> Tables:
    """A count written down for a session whose people are listed one by one."""
    frame = tables["attendance"]
    at = int(g.integers(frame.height))
    extra = frame[at : at + 1].with_columns(
        person_key=pl.lit(None, dtype=pl.String), role=pl.lit(None, dtype=pl.String),
        age_band=pl.lit("5-7"), n=pl.lit("9"), basis=pl.lit("counted"),
    )  # fmt: skip
    blank = pl.Series([None], dtype=pl.String)
    log.note(
        SOURCE,
        delivery,
        "attendance",
        np.array([frame.height]),
        extra["session_id"],
        ROW,
        "count beside the list",
        blank,
        blank,
        np.array([""]),
        "AT6",
    )
    return {**tables, "attendance": pl.concat([frame, extra.select(frame.columns)])}


_OF_HEADS: tuple[Mistake, ...] = (_two_at_once, _few_places, _far_ages, _guesses, _closed)
_OF_PERSONS: tuple[Mistake, ...] = (_two_at_once, _late_form, _both)
