"""Each further check across returns: every planted case found, nothing else, nothing on the sound copy (quality A20, A35)."""

from datetime import date, timedelta

import polars as pl
import pytest
from tests.quality.planted import CASES, put

from threecircles.quality import check_tables

AUTHORITY = {"local_authority": "E10900001"}
FICTITIOUS = 2026


def places(tables, code, reference=None, authority=AUTHORITY):
    report = check_tables("cross", FICTITIOUS, tables, authority, reference, codes=[code])
    assert report.status[code] == "ran", report.status[code]
    return report.places(), report.outcomes[code]


@pytest.mark.parametrize("code", CASES)
def test_every_planted_case_is_found_and_nothing_else(clean, code):
    """quality A20, A35: planted places exactly; the sound copy has none; something was compared."""
    case = CASES[code](clean)
    sound, compared = places(case.sound, code, case.reference)
    found, _ = places(case.sound | case.planted, code, case.reference)
    assert sound == set()
    assert found == {(code, table, row) for table, row in case.places} and len(found) >= case.least
    assert compared.compared is not None and compared.compared > 0


def test_a_test_number_is_a_finding_only_where_children_are_real(clean):
    """quality A20 (X38): 999 000 0018 passes the arithmetic; outside a made-up authority it is asked about."""
    health = {"health.child_health": pl.DataFrame({"nhs_number": ["9990000018", "4010232137"]})}
    assert places(clean | health, "X38")[0] == set()
    real = places(clean | health, "X38", authority={"local_authority": "E10000020"})[0]
    assert real == {("X38", "health.child_health", 0)}


def test_the_ways_care_and_need_may_end_together_are_not_asked_about(clean):
    """quality A20 (X14): adopted, died, special guardianship told alike in both returns."""
    child = clean["s903.Episodes"].filter(pl.col("DEC").is_null())["CHILD"][0]
    details = clean["cin.CINdetails"]["LAchildID"].to_list().index(child)
    episode = clean["s903.Episodes"].with_row_index().filter(
        (pl.col("CHILD") == child) & pl.col("DEC").is_null()
    )["index"][0]  # fmt: skip
    day = date(2026, 2, 10)
    for closure, ending, apart, asked in (
        ("RC1", "E11", 0, False), ("RC1", "E12", 31, False), ("RC2", "E2", 0, False), ("RC4", "E46", 0, False),
        ("RC1", "E45", 0, True), ("RC4", "E12", 0, True), ("RC7", "E11", 31, True), ("RC7", "E4A", 0, False),
        ("RC1", None, 0, True), ("RC7", None, 0, False),
    ):  # fmt: skip
        closed = put(clean, "cin.CINdetails", "CINclosureDate", {details: day.isoformat()})
        closed = put(closed, "cin.CINdetails", "ReasonForClosure", {details: closure})
        if ending:
            ended = f"{day + timedelta(days=apart):%d/%m/%Y}"
            closed = put(closed, "s903.Episodes", "DEC", {episode: ended})
            closed = put(closed, "s903.Episodes", "REC", {episode: ending})
        found, _ = places(closed, "X14")
        wanted = {("X14", "cin.CINdetails", details), ("X14", "s903.Episodes", episode)}
        assert found == (wanted if asked else set()), (closure, ending, apart)
