"""Extract upon extract, nothing overwritten: without it a correction would hide what was believed before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from threecircles.record.mapping.apply import Extract
from threecircles.record.snapshots import RENAMED, Laid, laid_on, seen_last

LINEAGE = (
    "extract_id",
    "source_file",
    "source_table",
    "source_row",
    "mapping_id",
    "mapping_version",
    "flags",
    "age_in",
    "age_out",
    "age_at",
)
"""Columns that say where a row came from, or that identity reckons: their change corrects nothing."""

TIMES = ("known_from", "known_to", "_base")


SIGHTING: dict[str, pl.DataType | type[pl.DataType]] = {
    "row_id": pl.String,
    "extract_id": pl.String,
    "seen_in": pl.String,
    "seen_on": pl.Date,
}
CHANGE: dict[str, pl.DataType | type[pl.DataType]] = {
    "row_id": pl.String,
    "extract_id": pl.String,
    "corrects": pl.String,
    "changed": pl.List(pl.String),
    "known_from": pl.Date,
}


@dataclass
class Versions:
    """All that was ever believed of one table from one source.

    rows: every version, with known_from and known_to. sightings: row_id, extract_id (of the version),
    seen_in, seen_on. changes: row_id, extract_id, corrects, changed, known_from. renamed: extract_id, row_id,
    stands_as, of rows that go on an interval of an earlier snapshot. as_of: extract -> the day it tells of.
    """

    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    sightings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SIGHTING))
    changes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHANGE))
    renamed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RENAMED))
    as_of: dict[str, date] = field(default_factory=dict)


def merge(
    extracts: Iterable[tuple[Extract, pl.DataFrame]], bridges: Mapping[str, int] | None = None
) -> Versions:
    """All extracts of one source in the order in which they became known, whatever order they come in.

    bridges: process -> longest gap in days between two snapshots that makes no break.

    Each extract is folded into what was believed before it, so that the state after any of them is the
    state of a build that knew no later one. An extract given twice counts once.
    """
    once = {extract.id: (extract, rows) for extract, rows in extracts}
    state = Versions()
    for extract, rows in sorted(once.values(), key=lambda pair: pair[0].order):
        state = fold(state, extract, rows, bridges)
    return state


def fold(
    state: Versions,
    extract: Extract,
    rows: pl.DataFrame,
    bridges: Mapping[str, int] | None = None,
) -> Versions:
    """What is believed once an extract has been read.

    Per row_id: equal payload -> a sighting; another payload -> the old version ends and a new one
    begins; absent -> as the source's `absence` says (unknown: nothing; withdrawn: the version ends;
    ended: a version that ends on the extract's day, end assumed).
    """
    day = {**state.as_of, extract.id: extract.as_of}
    laid = _laid(state, extract, rows, bridges or {})
    new = laid.rows.with_columns(
        known_from=pl.lit(extract.received_on),
        known_to=pl.lit(None, dtype=pl.Date),
    )
    if not state.rows.height:
        return Versions(new, state.sightings, state.changes, state.renamed, day)
    payload = _payload(state.rows, new)
    old = _aligned(state.rows, payload)
    new = _aligned(new, payload).select(old.columns)
    current = _believed(old)
    # Only what both tell is compared: of a place with many deliveries that is little.
    shared = current.join(new.select("row_id"), on="row_id", how="semi")
    pairs = new.select("row_id", _new=_digest(payload)).join(
        shared.select("row_id", _extract="extract_id", _old=_digest(payload)), on="row_id"
    )
    same = pairs.filter(pl.col("_new") == pl.col("_old"))
    other = pairs.filter(pl.col("_new") != pl.col("_old"))
    gone = _gone(current, new, extract)
    unseen = current.filter(pl.col("row_id").is_in(laid.closed["row_id"].implode()))
    closing = pl.concat([other["row_id"], gone["row_id"], unseen["row_id"]])
    kept = old.with_columns(
        known_to=pl.when(pl.col("known_to").is_null() & pl.col("row_id").is_in(closing.implode()))
        .then(pl.lit(extract.received_on))
        .otherwise(pl.col("known_to"))
    )
    arrived = new.filter(~pl.col("row_id").is_in(same["row_id"].implode()))
    ended = [
        e for e in (_ended(gone, extract), _unseen(unseen, laid.closed, extract)) if e is not None
    ]
    return Versions(
        pl.concat([kept, arrived, *ended], how="diagonal"),
        pl.concat([state.sightings, _sightings(same, extract)]),
        pl.concat([state.changes, _changes(shared, new, other, payload, extract)]),
        pl.concat([state.renamed, laid.renamed]),
        day,
    )


def _laid(
    state: Versions, extract: Extract, rows: pl.DataFrame, bridges: Mapping[str, int]
) -> Laid:
    """The extract's rows; those of a snapshot laid on what earlier ones told."""
    if extract.shape != "snapshot":
        return Laid(rows)
    named = rows.with_columns(_base=pl.col("row_id"))
    if not state.rows.height:
        return Laid(named)
    seen = seen_last(state.rows, state.sightings, state.as_of)
    return laid_on(_believed(state.rows), seen, extract, named, bridges)


def _believed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("known_to").is_null())


def finish(
    state: Versions, extracts: Sequence[Extract], day: date | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Current rows and superseded ones, with last_seen and the flags lost_sight and late.

    day: tell only what was known by then, exactly as a build on that day would have told it.
    """
    known = [e for e in extracts if day is None or e.received_on <= day]
    rows, sightings = state.rows, state.sightings
    if not rows.height:
        return rows, rows
    if day is not None:
        later = pl.col("known_to") > day
        rows = rows.filter(pl.col("known_from") <= day).with_columns(
            known_to=pl.when(later).then(None).otherwise(pl.col("known_to"))
        )
        sightings = sightings.filter(pl.col("seen_on") <= day)
    seen = sightings.group_by("row_id", "extract_id").agg(_seen=pl.col("seen_on").max())
    rows = rows.join(
        seen, on=["row_id", "extract_id"], how="left", maintain_order="left"
    ).with_columns(last_seen=pl.max_horizontal("known_from", "_seen"))
    rows = _late(_lost_sight(rows, known), known).drop("_seen")
    return (
        rows.filter(pl.col("known_to").is_null()),
        rows.filter(pl.col("known_to").is_not_null()),
    )


def history_from(extracts: Sequence[Extract]) -> date | None:
    """First day from which the source can show something; None when it shows everything ever."""
    if not extracts or any(e.shape == "longitudinal" for e in extracts):
        return None
    return min(e.period_start for e in extracts)


def _payload(old: pl.DataFrame, new: pl.DataFrame) -> list[str]:
    names = dict.fromkeys((*old.columns, *new.columns))
    left_out = {*LINEAGE, *TIMES, "row_id", "source_id"}
    return [n for n in names if n not in left_out]


def _aligned(frame: pl.DataFrame, payload: list[str]) -> pl.DataFrame:
    """The frame with every payload column, so that a column that a file lacks compares as null."""
    absent = [n for n in payload if n not in frame.columns]
    return frame.with_columns(pl.lit(None).alias(n) for n in absent)


def _digest(payload: list[str]) -> pl.Expr:
    # Flags of reading (end_before_start and others) are part of what a row says of itself.
    return pl.struct(payload).hash(seed=0)


def _gone(current: pl.DataFrame, new: pl.DataFrame, extract: Extract) -> pl.DataFrame:
    """Rows that the extract should have shown if they still stood, where absence means something."""
    if extract.absence == "unknown":
        return current.clear()
    absent = ~pl.col("row_id").is_in(new["row_id"].implode())
    if extract.absence == "ended" and "valid_to" in current.columns:
        return current.filter(absent & pl.col("valid_to").is_null())
    return current.filter(absent)


def _ended(gone: pl.DataFrame, extract: Extract) -> pl.DataFrame | None:
    if extract.absence != "ended" or not gone.height or "valid_to" not in gone.columns:
        return None
    return gone.with_columns(
        valid_to=pl.max_horizontal(pl.col("valid_from"), pl.lit(extract.as_of)),
        end_basis=pl.lit("assumed"),
        extract_id=pl.lit(extract.id),
        known_from=pl.lit(extract.received_on),
        known_to=pl.lit(None, dtype=pl.Date),
    )


def _unseen(rows: pl.DataFrame, closed: pl.DataFrame, extract: Extract) -> pl.DataFrame | None:
    """Intervals of earlier snapshots that this one is too late to go on, with their assumed ends."""
    if not rows.height:
        return None
    still = pl.col("valid_to").is_null() if "valid_to" in rows.columns else pl.lit(True)
    ends = rows.join(closed.unique("row_id"), on="row_id", how="left", maintain_order="left")
    nothing = [n for n in ("valid_to", "end_basis") if n not in rows.columns]
    ends = ends.with_columns(pl.lit(None).alias(n) for n in nothing)
    return ends.with_columns(
        valid_to=pl.when(still).then(pl.col("_until")).otherwise(pl.col("valid_to")),
        end_basis=pl.when(still).then(pl.lit("assumed")).otherwise(pl.col("end_basis")),
        flags=pl.concat_list("flags", pl.lit(["gap_unseen"])).list.unique(maintain_order=True),
        extract_id=pl.lit(extract.id),
        known_from=pl.lit(extract.received_on),
        known_to=pl.lit(None, dtype=pl.Date),
    ).drop("_until")


def _sightings(same: pl.DataFrame, extract: Extract) -> pl.DataFrame:
    return same.select(
        "row_id",
        extract_id="_extract",
        seen_in=pl.lit(extract.id),
        seen_on=pl.lit(extract.received_on),
    )


def _changes(
    current: pl.DataFrame,
    new: pl.DataFrame,
    other: pl.DataFrame,
    payload: list[str],
    extract: Extract,
) -> pl.DataFrame:
    both = other.select("row_id", corrects="_extract").join(
        current.select("row_id", *(pl.col(p).alias(f"_old_{p}") for p in payload)), on="row_id"
    )
    both = both.join(new.select("row_id", *payload), on="row_id")
    changed = [
        pl.when(pl.col(p).ne_missing(pl.col(f"_old_{p}"))).then(pl.lit(p)).alias(f"_is_{p}")
        for p in payload
    ]
    return both.select(
        "row_id",
        extract_id=pl.lit(extract.id),
        corrects="corrects",
        changed=pl.concat_list(changed).list.drop_nulls() if changed else pl.lit([]),
        known_from=pl.lit(extract.received_on),
    )


def _lost_sight(rows: pl.DataFrame, extracts: Sequence[Extract]) -> pl.DataFrame:
    """Flags open rows that a later extract should have shown and did not."""
    if not {"valid_from", "valid_to"} <= set(rows.columns) or not extracts:
        return rows
    newest = max(extracts, key=lambda e: e.order)
    if newest.absence != "unknown":
        return rows
    # A row whose end is lost is over: no later extract should show it.
    held = "end_basis" in rows.columns
    over = pl.col("end_basis").eq_missing("unknown") if held else pl.lit(False)
    unseen = (
        pl.col("known_to").is_null()
        & pl.col("valid_to").is_null()
        & ~over
        & (pl.col("last_seen") < newest.received_on)
        & (pl.col("valid_from") <= newest.period_end)
    )
    return _with_flag(rows, unseen, "lost_sight")


def _late(rows: pl.DataFrame, extracts: Sequence[Extract]) -> pl.DataFrame:
    """Flags rows first known in a later return than the one that should have held them."""
    start = "valid_from" if "valid_from" in rows.columns else "on_date"
    since = history_from(extracts)
    if start not in rows.columns or since is None:
        return rows
    lag = max(e.expected_lag_days for e in extracts)
    year = pl.col(start).dt.year() + (pl.col(start).dt.month() > 3).cast(pl.Int32)
    # A date belongs to the return of the year that ends on the 31 March after it.
    due = pl.date(year, 3, 31).dt.offset_by(f"{lag}d")
    first = pl.col("known_from").min().over("row_id")
    return _with_flag(rows, (pl.col(start) >= since) & (first > due) & _window(extracts), "late")


def _window(extracts: Sequence[Extract]) -> pl.Expr:
    return pl.lit(all(e.shape == "window" for e in extracts))


def _with_flag(rows: pl.DataFrame, when: pl.Expr, name: str) -> pl.DataFrame:
    return rows.with_columns(
        flags=pl.when(when.fill_null(False))
        .then(pl.concat_list(pl.col("flags"), pl.lit([name])))
        .otherwise(pl.col("flags"))
    )
