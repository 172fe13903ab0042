"""The two ends of each clock, found in the rows: what timeliness is reckoned between."""

from __future__ import annotations

import narwhals as nw

from threecircles.record.derive.ended import end_lost
from threecircles.record.vocabulary import Clock, Process


def clocked(
    episodes: nw.LazyFrame, events: nw.LazyFrame, process: Process, clock: Clock
) -> nw.LazyFrame | None:
    """Rows on which a clock runs, with the clock: what `timeliness` asks for.

    episodes: row_id, person_id, process, parent_row_id, valid_from, valid_to, end_basis. events: row_id,
    person_id, process, event, episode_row_id, on_date.
    Columns: row_id, person_id, from_on, to_on (null while unfinished), end_lost, clock, process,
    time_limit, unit.
    referral_or_start: the first assessment of a referral counts from the referral, later ones from
    their own start. None where the clock's ends are not recorded in such rows.
    """
    found = _ends(episodes, events, process, clock)
    if found is None:
        return None
    return found.select(
        *ENDS,
        clock=nw.lit(clock.id),
        process=nw.lit(process.id),
        time_limit=nw.lit(clock.limit).cast(nw.Int64),
        unit=nw.lit(clock.unit),
    )


ENDS = ("row_id", "person_id", "from_on", "to_on", "end_lost")


def _ends(
    episodes: nw.LazyFrame, events: nw.LazyFrame, process: Process, clock: Clock
) -> nw.LazyFrame | None:
    mine = episodes.filter(nw.col("process") == process.id)
    if clock.starts == "start":
        return mine.with_columns(
            from_on=nw.col("valid_from"), to_on=nw.col("valid_to"), end_lost=end_lost()
        )
    if clock.starts == "parent_start" and process.kind == "event":
        return _event_in_parent(episodes, events, process)
    if clock.starts in ("parent_start", "referral_or_start"):
        return _within_parent(
            episodes, mine, process, first_only=clock.starts == "referral_or_start"
        )
    if clock.ends == "first_seen":
        return _between_events(events, process, clock)
    return None


def _within_parent(
    episodes: nw.LazyFrame, mine: nw.LazyFrame, process: Process, *, first_only: bool
) -> nw.LazyFrame:
    parents = episodes.filter(nw.col("process") == process.parent).select(
        parent_row_id="row_id", _parent_from="valid_from"
    )
    start = nw.col("_parent_from")
    if first_only:
        place = nw.col("row_id").cum_count()
        mine = mine.with_columns(
            _place=place.over("parent_row_id", order_by=["valid_from", "row_id"])
        )
        first = (nw.col("_place") == 1) & ~start.is_null()
        start = nw.when(first).then(start).otherwise(nw.col("valid_from"))
    joined = mine.join(parents, on="parent_row_id", how="left")
    return joined.with_columns(from_on=start, to_on=nw.col("valid_to"), end_lost=end_lost())


def _event_in_parent(
    episodes: nw.LazyFrame, events: nw.LazyFrame, process: Process
) -> nw.LazyFrame:
    """Parent episodes that led to the event, and open ones that still may."""
    held = (
        events.filter((nw.col("process") == process.id) & ~nw.col("episode_row_id").is_null())
        .group_by("episode_row_id")
        .agg(nw.col("on_date").min().alias("to_on"))
    )
    parents = episodes.filter(nw.col("process") == process.parent)
    joined = parents.join(held, left_on="row_id", right_on="episode_row_id", how="left")
    still_open = nw.col("valid_to").is_null() & ~end_lost()
    awaited = joined.filter(~nw.col("to_on").is_null() | still_open)
    return awaited.with_columns(from_on=nw.col("valid_from"), end_lost=nw.lit(False))


def _between_events(events: nw.LazyFrame, process: Process, clock: Clock) -> nw.LazyFrame:
    mine = events.filter(nw.col("process") == process.id)
    begun = mine.filter(nw.col("event") == clock.starts).select(
        "row_id", "person_id", from_on="on_date"
    )
    ended = mine.filter(nw.col("event") == clock.ends).select("person_id", _seen="on_date")
    later = begun.join(ended, on="person_id", how="left").with_columns(
        to_on=nw.when(nw.col("_seen") >= nw.col("from_on")).then(nw.col("_seen"))
    )
    first = later.group_by("row_id", "person_id", "from_on").agg(nw.col("to_on").min())
    return first.with_columns(end_lost=nw.lit(False))
