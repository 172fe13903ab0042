"""Each check across returns: every planted case found, nothing else, nothing on the sound copy (quality A20, A35)."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.quality.planted import clean_tables, open_care, put
from tests.quality.planted_returns import RETURN_CASES, need_in_care
from tests.quality.planted_sources import SOURCE_CASES

from threecircles.core.identifiers import valid_nhs
from threecircles.quality import check_tables
from threecircles.quality.rulebook import rules_in_force
from threecircles.quality.shared_sql import with_parents
from threecircles.synthetic import make

AUTHORITY = {"local_authority": "E10900001"}
FICTITIOUS = 2026
CASES = RETURN_CASES | SOURCE_CASES

RULES = {rule.code: rule for rule in rules_in_force("cross", FICTITIOUS)}


def places(tables, code, reference=None, authority=AUTHORITY):
    parts = (RULES[code], *with_parents(RULES[code].views, "cross"))
    tables = {name: frame for name, frame in tables.items() if any(name in p.needs for p in parts)}
    report = check_tables("cross", FICTITIOUS, tables, authority, reference or None, codes=[code])
    assert report.status[code] == "ran", report.status[code]
    return report.places(), report.outcomes[code]


def findings(tables):
    """Everything all checks found, none of which failed."""
    report = check_tables("cross", FICTITIOUS, tables, AUTHORITY)
    assert report.count("failed") == 0 and report.count("ran") > 25
    return report.findings


def test_every_check_across_returns_is_planted():
    """quality A20, A35: X01 to X46, none left out."""
    assert set(CASES) == set(RULES) == {f"X{n:02}" for n in range(1, 47)}


@pytest.mark.parametrize("code", sorted(CASES))
def test_every_planted_case_is_found_and_nothing_else(clean, code):
    """quality A20, A35: planted places exactly; the sound copy has none; what was compared is counted exactly."""
    case = CASES[code](clean)
    sound, _ = places(case.sound, code, case.reference)
    found, outcome = places(case.sound | case.planted, code, case.reference)
    assert sound == set()
    assert found == {(code, table, row) for table, row in case.places} and len(found) >= case.least
    assert (outcome.compared, outcome.not_comparable) == case.compared


def test_sound_returns_have_no_finding(clean):
    """quality A20: no finding at all on the clean copy, of whatever check."""
    assert findings(clean) == []


@pytest.mark.slow
def test_a_borough_without_errors_has_no_finding(tmp_path):
    """quality A20: the same for a place fifty times as large."""
    borough = make("borough", tmp_path / "b", errors="none", profile=Path("plans_recorded"))
    assert findings(clean_tables(borough)) == []


@pytest.mark.slow
def test_where_the_published_shares_hold_only_plans_without_a_disability_are_asked_about(tmp_path):
    """quality A20, synthetic section 8: more children have a plan than a recorded disability (facts 28 and 49)."""
    asked = findings(clean_tables(make("borough", tmp_path / "borough", errors="none")))
    assert {f.rule for f in asked} == {"X18"} and RULES["X18"].severity == "query"
    assert all("there is an education, health and care plan" in f.message for f in asked)
    assert "no change is needed" in RULES["X18"].hint


def test_a_test_number_is_a_finding_only_where_children_are_real(clean):
    """quality A20 (X38): 999 000 0018 passes the arithmetic; outside a made-up authority it is asked about."""
    health = {"health.child_health": pl.DataFrame({"nhs_number": ["9990000018", "4010232137"]})}
    assert places(clean | health, "X38")[0] == set()
    real = places(health, "X38", authority={"local_authority": "E10000020"})[0]
    assert real == {("X38", "health.child_health", 0)}


def test_health_numbers_are_judged_as_everywhere_in_the_house(clean):
    """quality section 3 (X38): the SQL and the one validator in core agree on numbers of every last digit."""
    numbers = [f"{n * 7_654_321 % 899_999_999 + 100_000_000}{n % 10}" for n in range(600)]
    health = {"health.child_health": pl.DataFrame({"nhs_number": numbers})}
    found = {row for _, _, row in places(health, "X38")[0]}
    assert found == {n for n, number in enumerate(numbers) if not valid_nhs(number)}
    assert 0 < len(found) < len(numbers)


def test_the_ways_care_and_need_may_end_together_are_not_asked_about(clean):
    """quality A20 (X14): adopted, died, special guardianship told alike in both returns."""
    still = open_care(clean)
    details, episode = next((n, row) for n, row in need_in_care(clean).items() if row in still)
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


def test_links_that_are_not_certain_make_queries(clean):
    """quality 3: links under confidence .95 make queries, never errors."""
    case = CASES["X01"](clean)
    ((_, row), *_) = [(t, r) for t, r in sorted(case.places) if t == "cin.ChildIdentifiers"]
    child = clean["cin.ChildIdentifiers"]["LAchildID"][row]
    for confidence, severity in ((0.9, "query"), (0.95, "error")):
        links = [{"source_a": "cin", "key_a": child, "source_b": "903", "key_b": child,
                  "basis": "name and date of birth", "confidence": confidence}]  # fmt: skip
        report = check_tables("cross", 2026, case.sound | case.planted, AUTHORITY, {"links": links}, codes=["X01"])  # fmt: skip
        assert {f.severity for f in report.findings} == {severity}
        assert all("name and date of birth" in f.message for f in report.findings)
