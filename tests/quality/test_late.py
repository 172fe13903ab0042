"""How late data come and records are made, with median and 90th percentile (spec/quality.md 4.1)."""

from datetime import date, timedelta

import polars as pl
import pytest

from threecircles.quality import check_tables
from threecircles.quality.late import LATE, file_lags, late_records, late_text, recorded_in_time
from threecircles.quality.scores import scores
from threecircles.quality.window import window_to

FIRST = date(2025, 4, 1)


def cin(child, day):
    return {"LAchildID": child, "CINreferralDate": day.isoformat()}


def care(child, day):
    return {"CHILD": child, "DECOM": day.strftime("%d/%m/%Y")}


@pytest.fixture(scope="module")
def across():
    """20 episodes of need known last year and 11 that came 10, 20 ... 110 days late; of care 12 known, 1 late by 3."""
    known = [cin(f"k{n}", date(2025, 1, 10)) for n in range(20)]
    late = [cin(f"l{n}", FIRST - timedelta(days=10 * n)) for n in range(1, 12)]
    new = [cin("n", FIRST)]
    held = [care(f"c{n}", date(2024, 7, 1)) for n in range(12)]
    return check_tables(
        "cross", 2026,
        {
            "cin.CINdetails": [*known, *late, *new], "cin.CINdetails_last": known,
            "s903.Episodes": [*held, care("x", FIRST - timedelta(days=3)), care("y", FIRST)], "s903.Episodes_last": held,
        },
    )  # fmt: skip


def test_late_data_has_median_and_90th_percentile_by_return(across):
    """quality A21, 4.1: late data = X26 share, with median and 90th percentile of days late, per return."""
    told = {row["source"]: row for row in late_records(across).iter_rows(named=True)}
    need, in_care = told["cin-census"], told["ssda903"]
    assert (need["k"], need["n"], need["late"]) == (20, 31, 11)
    assert (need["median_days"], need["p90_days"]) == (60.0, 100.0)
    assert (in_care["k"], in_care["n"], in_care["median_days"]) == (12, 13, 3.0)
    assert late_text(need, "20 of 31").endswith("20 of 31; 11 came late by at least median 60, 90th percentile 100 days")  # fmt: skip
    (whole,) = scores(across).filter(pl.col("dimension") == "timeliness").select("k", "n").rows()
    assert whole == (32, 44), "the returns add up to the share of X26"


def test_without_last_year_nothing_is_said():
    alone = check_tables("cross", 2026, {"cin.CINdetails": [cin("a", FIRST - timedelta(days=5))]})
    assert late_records(alone).is_empty() and late_records(alone).columns == list(LATE)


def test_file_lag_is_of_all_deliveries_of_a_source():
    """quality 4.1: file lag = received - period end, with median and 90th percentile."""
    days = [("cin-census", date(2024, 3, 31), date(2024, 5, 30)), ("cin-census", date(2025, 3, 31), date(2025, 5, 20)),
            ("cin-census", date(2026, 3, 31), date(2026, 7, 9)), ("camhs", date(2026, 3, 31), date(2026, 4, 10))]  # fmt: skip
    told = {row["source"]: row for row in file_lags(days).iter_rows(named=True)}
    assert (told["cin-census"]["median_days"], told["cin-census"]["p90_days"]) == (60.0, 92.0)
    assert late_text(told["camhs"]).endswith("median 10, 90th percentile 10 days (1 delivery)")


def attendance(visits, registered):
    sessions = {day: f"s{n}" for n, day in enumerate(dict.fromkeys(day for _, day in visits))}
    return {
        "session": pl.DataFrame({"session_id": list(sessions.values()), "venue_id": "V1", "date": [d.strftime("%d/%m/%Y") for d in sessions]}),
        "attendance": pl.DataFrame({"session_id": [sessions[day] for _, day in visits], "person_key": [who for who, _ in visits]}),
        "registration": pl.DataFrame({"person_key": [who for who, _ in registered], "venue_id": "V1", "registered_on": [d.strftime("%d/%m/%Y") for _, d in registered]}),
    }  # fmt: skip


def test_a_visit_is_recorded_in_time_by_the_registration_beside_it():
    """quality 4.1: events recorded within t days of events, t in data; what is not over yet is not judged."""
    first = date(2025, 6, 2)
    visits = [(f"p{n}", first) for n in range(12)] + [("p0", first + timedelta(days=40)), ("new", date(2026, 3, 20))]  # fmt: skip
    made = [("p0", first - timedelta(days=9)), *[(f"p{n}", first + timedelta(days=n)) for n in range(1, 10)], ("p10", first + timedelta(days=29))]  # fmt: skip
    (line,) = recorded_in_time("attendance-at-provision", attendance(visits, made), 2026, window_to(date(2026, 3, 31))).iter_rows(named=True)  # fmt: skip
    assert (line["k"], line["n"], line["late"]) == (10, 12, 11), "one came on day 29, one has no registration"  # fmt: skip
    assert (line["median_days"], line["p90_days"]) == (5.0, 9.0)
    elsewhere = attendance(visits, made)
    elsewhere["registration"] = elsewhere["registration"].with_columns(venue_id=pl.lit("V2"))
    (again,) = recorded_in_time("attendance-at-provision", elsewhere, 2026, window_to(date(2026, 3, 31))).iter_rows(named=True)  # fmt: skip
    assert again == line, "whoever registered at one venue may visit another"
    assert recorded_in_time("early-help", {}, 2026, window_to(date(2026, 3, 31))).is_empty()
