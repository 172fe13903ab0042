"""Who is registered, who came once, who comes regularly; where only heads were counted, no person at all.

Headcounts are attendances, never people: of them only the sum and the largest session are kept, between
which the number of different people must lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw

from threecircles.record.derive.stock import any_point

GROWN_UP = ("parent", "carer")
"""Roles of those who come with a child: persons of their own, never counted as children reached."""


def registrations_of(episodes: nw.LazyFrame, processes: Sequence[str]) -> nw.LazyFrame:
    """Who is registered where. Columns: person_id, service_id (the process), valid_from, valid_to."""
    mine = episodes.filter(
        nw.col("process").is_in(list(processes)) & ~nw.col("person_id").is_null()
    )
    return mine.select("person_id", nw.col("process").alias("service_id"), "valid_from", "valid_to")


def visits_of(events: nw.LazyFrame, processes: Sequence[str]) -> nw.LazyFrame:
    """Visits of children and young people. Columns: person_id, service_id (the process), on_date, term.

    events: as the table `event` with the attribute `role` as a column. term: autumn, spring or summer of
    its academic year, for example 2026-autumn.
    """
    month, year = nw.col("on_date").dt.month(), nw.col("on_date").dt.year()
    ends = nw.when(month >= 9).then(year + 1).otherwise(year).cast(nw.String)
    season = nw.when(month <= 3).then(nw.lit("spring")).otherwise(nw.lit("summer"))
    term = nw.when(month >= 9).then(nw.lit("autumn")).otherwise(season)
    came = nw.col("process").is_in(list(processes)) & (nw.col("event") == "attended")
    grown_up = nw.col("role").is_in(list(GROWN_UP)).fill_null(False)
    return events.filter(came & ~grown_up & ~nw.col("person_id").is_null()).select(
        "person_id",
        nw.col("process").alias("service_id"),
        "on_date",
        nw.concat_str([ends, term], separator="-").alias("term"),
    )


def heads_of(activity: nw.LazyFrame) -> nw.LazyFrame:
    """Heads counted at sessions, as `headcount_base` takes them, out of the table `activity`.

    A sheet of heads gives its sessions no number: venue, day and activity make one. Columns: venue_id,
    session_id, on_date, n, basis, service_id (the process), age_band.
    """
    told = activity.filter((nw.col("unit") == "attendance") & (nw.col("basis") == "returned"))
    day = nw.col("period_start").cast(nw.String)
    own = nw.concat_str([nw.col("org_id"), day, nw.col("detail")], separator="|", ignore_nulls=True)
    return told.select(
        nw.col("org_id").alias("venue_id"),
        nw.coalesce(nw.col("session_id"), own).alias("session_id"),
        nw.col("period_start").alias("on_date"),
        nw.col("quantity").cast(nw.Int64).alias("n"),
        nw.col("counted").alias("basis"),
        nw.col("process").alias("service_id"),
        "age_band",
    )


def reach_base(
    registrations: nw.LazyFrame,
    attendances: nw.LazyFrame,
    first: date,
    last: date,
    *,
    sessions: int,
    terms: int,
) -> nw.LazyFrame:
    """One row per person and service with a registration or a visit in the period.

    registrations: person_id, service_id, valid_from, valid_to?. attendances: person_id, service_id, on_date,
    term. regular: at least `sessions` days with a visit, in at least `terms` terms (need's reach definition).
    A person at several venues of a service is one person. Columns: person_id, service_id, registered,
    attended_once, attended_regularly (true or false), visits.
    """
    kept = (
        any_point(registrations, first, last)
        .select("person_id", "service_id")
        .unique()
        .with_columns(_registered=nw.lit(1))
    )
    inside = (nw.col("on_date") >= nw.lit(first)) & (nw.col("on_date") <= nw.lit(last))
    days = attendances.filter(inside).select("person_id", "service_id", "on_date", "term").unique()
    visits = days.group_by("person_id", "service_id").agg(
        nw.col("on_date").n_unique().cast(nw.Int64).alias("visits"),
        nw.col("term").n_unique().cast(nw.Int64).alias("_terms"),
    )
    keys = ["person_id", "service_id"]
    everyone = nw.concat([kept.select(*keys), visits.select(*keys)]).unique()
    joined = everyone.join(kept, on=keys, how="left").join(visits, on=keys, how="left")
    seen, spread = nw.col("visits").fill_null(0), nw.col("_terms").fill_null(0)
    return joined.select(
        *keys,
        (nw.col("_registered").fill_null(0) == 1).alias("registered"),
        (seen >= 1).alias("attended_once"),
        ((seen >= sessions) & (spread >= terms)).alias("attended_regularly"),
        seen.cast(nw.Int64).alias("visits"),
    )


def headcount_base(
    heads: nw.LazyFrame, first: date, last: date, by: Sequence[str] = ("service_id",)
) -> nw.LazyFrame:
    """Attendances and the largest session of counted heads, by group; no person, event or episode.

    heads: venue_id, session_id, on_date, n, basis (counted or estimated) and the columns of `by`. Sessions
    that were only estimated count as attendances, never as the largest session. Over venues the largest is
    taken, not the sum: users of several venues may be the same people.
    Columns: by..., attendances, largest_session (null where nothing was counted), sessions.
    """
    inside = (nw.col("on_date") >= nw.lit(first)) & (nw.col("on_date") <= nw.lit(last))
    counted = nw.when(nw.col("basis") != "estimated").then(nw.col("n"))
    sessions = (
        heads.filter(inside & ~nw.col("n").is_null())
        .with_columns(_sure=counted)
        .group_by(*by, "venue_id", "session_id")
        .agg(
            nw.col("n").sum(),
            nw.col("_sure").sum().alias("_sure"),
            nw.col("_sure").count().alias("_held"),
        )
    )
    return (
        sessions.with_columns(_largest=nw.when(nw.col("_held") > 0).then(nw.col("_sure")))
        .group_by(*by)
        .agg(
            nw.col("n").sum().cast(nw.Int64).alias("attendances"),
            nw.col("_largest").max().cast(nw.Int64).alias("largest_session"),
            nw.len().cast(nw.Int64).alias("sessions"),
        )
    )
