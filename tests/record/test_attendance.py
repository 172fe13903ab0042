"""Attendance: persons where persons are held, and never a person out of a headcount."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.record.derive.reach_base import headcount_base, reach_base

FIRST, LAST = date(2025, 4, 1), date(2026, 3, 31)


def test_registered_once_and_regularly_are_told_apart(engine, table, rows):
    """record A18: six days in two terms is regular; a visit at another venue of the service counts once."""
    registered = table("""
        person_id | service_id | valid_from | valid_to
        a         | hub        | 2024-01-01 |
        b         | hub        | 2024-01-01 | 2025-03-31
        c         | hub        | 2025-09-01 |
    """)
    days = [
        ("c", date(2025, 9, 1) + timedelta(days=30 * i), "autumn" if i < 4 else "spring")
        for i in range(6)
    ]
    days += [("d", date(2025, 10, 1), "autumn"), ("d", date(2025, 10, 1), "autumn")]
    came = pl.DataFrame(days, schema=["person_id", "on_date", "term"], orient="row").with_columns(
        service_id=pl.lit("hub")
    )
    told = reach_base(
        engine.frame(registered), engine.frame(came), FIRST, LAST, sessions=6, terms=2
    )
    assert rows(
        told, "person_id", "registered", "attended_once", "attended_regularly", "visits"
    ) == [
        ("a", True, False, False, 0),
        ("c", True, True, True, 6),
        ("d", False, True, False, 1),
    ]


def heads(g, sessions, venues=2):
    """A random headcount file with the children who truly came to each session."""
    pool = int(g.integers(1, 60))
    rows, came = [], []
    for s in range(sessions):
        there = np.unique(g.integers(0, pool, int(g.integers(0, 30))))
        came.append(there)
        rows.append(
            (f"v{s % venues}", f"s{s}", FIRST + timedelta(days=s), len(there), "counted", "club")
        )
    schema = ["venue_id", "session_id", "on_date", "n", "basis", "service_id"]
    return pl.DataFrame(rows, schema=schema, orient="row"), len(np.unique(np.concatenate(came)))


def test_ten_thousand_headcounts_hold_the_truth_between_their_ends_and_no_person():
    """record A18: largest session <= different children <= attendances in 10,000 random files; no person."""
    g, frames, truths = np.random.default_rng(18), [], []
    for k in range(10_000):
        one, truth = heads(g, int(g.integers(1, 8)))
        frames.append(
            one.with_columns(
                service_id=pl.lit(f"{k:05}"), session_id=pl.col("session_id") + f"-{k}"
            )
        )
        truths.append(truth)
    told = collect(
        headcount_base(make("polars").frame(pl.concat(frames)), FIRST, LAST), ["service_id"]
    )
    assert told.columns == ["service_id", "attendances", "largest_session", "sessions"]
    true = pl.Series(truths)
    assert (told["largest_session"] <= true).all() and (true <= told["attendances"]).all()


def test_a_guessed_session_is_never_the_largest(engine, table, rows):
    """record A18: rows only estimated count as attendances, not as the largest session."""
    counted = table("""
        venue_id | session_id | on_date    | n  | basis     | service_id
        v1       | s1         | 2025-05-01 | 8  | counted   | club
        v1       | s2         | 2025-05-02 | 90 | estimated | club
        v2       | s3         | 2025-05-03 | 6  | counted   | club
    """)
    told = headcount_base(engine.frame(counted), FIRST, LAST)
    assert rows(told, "service_id", "attendances", "largest_session", "sessions") == [
        ("club", 104, 8, 3)
    ]
