"""Checks across returns find what was planted, say what they compared, and find nothing in sound returns (quality A20, A35)."""

import polars as pl
import pytest
from tests.quality.planted import later, other_sex, put, valid_pairs

from threecircles.quality import check_tables

CIN, S903, ROLL = "cin.ChildIdentifiers", "s903.Header", "school.pupilonroll"
EPISODES, DETAILS = "s903.Episodes", "cin.CINdetails"
AUTHORITY = {"local_authority": "E10900001"}

NOT_AN_ERROR = {"X18"}
"""A plan for special needs without a recorded disability is common in sound records too: 13.6% of
England's children in need have one recorded (2024), about a quarter of school age have a plan."""


def found(tables, code, **reference):
    report = check_tables("cross", 2026, tables, AUTHORITY, reference or None, codes=[code])
    assert report.status[code] == "ran", report.status[code]
    return {(f.table, f.row) for f in report.findings}, report.outcomes[code]


def test_sound_returns_have_no_finding(clean):
    """quality A20: no finding on the clean copy."""
    report = check_tables("cross", 2026, clean, AUTHORITY)
    assert {f.rule for f in report.findings} <= NOT_AN_ERROR
    assert report.count("failed") == 0 and report.count("ran") > 25


def test_a_plan_without_a_disability_is_asked_about_exactly(clean):
    """quality A20 (X18): the places are the children with a plan and no disability, worked out apart."""
    recorded = set(clean["cin.Disabilities"].filter(pl.col("Disability") != "NONE")["LAchildID"])
    plans = set(clean[ROLL].filter(pl.col("senprovision") == "E")["upn"].drop_nulls())
    own = clean[CIN].with_row_index("n").filter(~pl.col("LAchildID").is_in(list(recorded)))
    wanted = {(CIN, n) for n in own.filter(pl.col("UPN").is_in(list(plans)))["n"]}
    places, _ = found(clean, "X18")
    assert wanted and {p for p in places if p[0] == CIN} == wanted


PAIRS = {
    "X01": ("cin", "903", CIN, "Sex", other_sex),
    "X02": ("cin", "school", CIN, "Sex", other_sex),
    "X03": ("903", "school", S903, "SEX", other_sex),
    "X04": ("cin", "903", CIN, "PersonBirthDate", later),
    "X05": ("cin", "school", CIN, "PersonBirthDate", later),
    "X06": ("903", "school", S903, "DOB", lambda day: later(day, form="%d/%m/%Y")),
}
TABLES = {"cin": CIN, "903": S903, "school": ROLL}


@pytest.mark.parametrize("code", PAIRS)
def test_a_planted_difference_between_two_returns_is_found_at_both_ends(clean, code):
    """quality A20: every planted case, and the pairs compared."""
    one, other, table, column, changed = PAIRS[code]
    pairs = valid_pairs(clean, one, other)
    own = {(a if TABLES[one] == table else b) for a, b in pairs}
    planted = put(clean, table, column, {n: changed(clean[table][column][n]) for n in own})
    places, outcome = found(planted, code)
    for a, b in pairs:
        assert {(TABLES[one], a), (TABLES[other], b)} <= places
    assert len(places) == 2 * len(pairs)
    _, before = found(clean, code)
    assert outcome.compared + outcome.not_comparable >= len(pairs)
    assert before.compared == outcome.compared


def test_pairs_compared_are_those_that_can_be(clean):
    """quality A20: denominators exact: a blank sex moves one pair to the not comparable."""
    _, before = found(clean, "X01")
    ((a, _), *_) = valid_pairs(clean, "cin", "903")
    _, after = found(put(clean, CIN, "Sex", {a: "U"}), "X01")
    assert (after.compared, after.not_comparable) == (before.compared - 1, before.not_comparable + 1)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "table", "column", "value"),
    [
        ("X07", CIN, "UPN", "C001000100001"),
        ("X08", CIN, "UPN", None),
        ("X37", CIN, "UPN", "A123456789123"),
        ("X15", CIN, "PersonDeathDate", "2025-06-01"),
    ],
)
def test_a_planted_cell_is_found(clean, code, table, column, value):
    """quality A20: pupil numbers and death dates."""
    ((a, _), *_) = valid_pairs(clean, "cin", "903")
    places, _ = found(put(clean, table, column, {a: value}), code)
    assert (table, a) in places


def test_ethnic_groups_that_differ_or_are_missing_are_found(clean):
    """quality A20: X09, X10."""
    ((a, b), *_) = valid_pairs(clean, "cin", "903")
    key = clean[CIN]["LAchildID"][a]
    row = clean["cin.ChildCharacteristics"]["LAchildID"].to_list().index(key)
    own = clean[S903]["ETHNIC"][b]
    other = "BAFR" if not own.startswith("B") else "WBRI"
    places, _ = found(put(clean, "cin.ChildCharacteristics", "Ethnicity", {row: other}), "X09")
    assert places
    places, _ = found(put(clean, "cin.ChildCharacteristics", "Ethnicity", {row: "NOBT"}), "X10")
    assert places


def test_open_care_and_closed_need_are_found(clean):
    """quality A20: X12 (in care, no open case), X13 (closed while care runs on), X24 (gone since last year)."""
    open_ones = clean[EPISODES].filter(pl.col("DEC").is_null() & ~pl.col("LS").is_in(["V3", "V4"]))
    child = open_ones["CHILD"][0]
    rows = [n for n, c in enumerate(clean[DETAILS]["LAchildID"]) if c == child]
    assert rows
    closed = put(clean, DETAILS, "CINclosureDate", dict.fromkeys(rows, "2025-06-01"))
    assert found(closed, "X12")[0] and found(closed, "X13")[0]
    gone = clean | {DETAILS: clean[DETAILS].filter(pl.col("LAchildID") != child)}
    assert found(gone, "X24")[0]


def test_changes_between_years_are_found(clean):
    """quality A20: X25 (a start date moved), X26 (late data), X27 (a birth date or sex changed)."""
    both = set(clean["cin.CINdetails_last"]["LAchildID"]) & set(clean[DETAILS]["LAchildID"])
    people = clean[CIN]["LAchildID"].to_list()
    row = next(n for n, c in enumerate(people) if c in both)
    changed = put(clean, CIN, "PersonBirthDate", {row: "2001-01-01"})
    assert (CIN, row) in found(changed, "X27")[0]
    last = clean["cin.CINdetails_last"]
    opened = last.filter(pl.col("CINclosureDate").is_null())["LAchildID"].to_list()
    row = next(n for n, c in enumerate(clean[DETAILS]["LAchildID"]) if c in opened)
    moved = put(clean, DETAILS, "CINreferralDate", {row: "2024-12-24"})
    assert found(moved, "X25")[0] | found(moved, "X26")[0]


def test_two_children_with_one_number_and_one_child_twice_on_roll_are_found(clean):
    """quality A20: X11, X21."""
    ((a, b), *_) = valid_pairs(clean, "cin", "903")
    other = next(n for n, u in enumerate(clean[CIN]["UPN"]) if u and n != a)
    planted = put(clean, CIN, "UPN", {other: clean[S903]["UPN"][b]})
    assert {(CIN, other), (S903, b)} <= found(planted, "X11")[0]
    twice = put(clean, ROLL, "upn", {1: clean[ROLL]["upn"][0]})
    twice = put(twice, ROLL, "enrolstatus", {0: "C", 1: "C"})
    assert {(ROLL, 0), (ROLL, 1)} <= found(twice, "X21")[0]


def test_links_that_are_not_certain_make_queries(clean):
    """quality 3: links under confidence .95 make queries, never errors."""
    ((a, b), *_) = valid_pairs(clean, "cin", "903")
    links = [
        {"source_a": "cin", "key_a": clean[CIN]["LAchildID"][a], "source_b": "903",
         "key_b": clean[S903]["CHILD"][b], "basis": "name and date of birth", "confidence": 0.9}
    ]  # fmt: skip
    planted = put(clean, CIN, "Sex", {a: other_sex(clean[CIN]["Sex"][a])})
    report = check_tables("cross", 2026, planted, AUTHORITY, {"links": links}, codes=["X01"])
    assert {f.severity for f in report.findings} == {"query"}


def test_costs_and_inspection_lists_made_from_the_returns_agree_until_one_is_changed(clean):
    """quality A20: X29, X30."""
    care = clean[EPISODES].filter(pl.col("CHILD").is_not_null())
    costs = care.select(
        child_id="CHILD", placement_start_date="DECOM", placement_end_date="DEC",
        placement_postcode="PL_POST", ofsted_urn="URN",
    )  # fmt: skip
    plans = clean["cin.ChildProtectionPlans"].select(
        child_unique_id="LAchildID",
        child_protection_plan_start_date=pl.col("CPPstartDate").str.to_date().dt.strftime("%d/%m/%Y"),
    )  # fmt: skip
    more = clean | {"costs.placement_costs": costs, "annex.protection_plans": plans}
    assert found(more, "X29")[0] == set() and found(more, "X30")[0] == set()
    moved = put(more, "costs.placement_costs", "child_id", {0: "nobody"})
    assert ("costs.placement_costs", 0) in found(moved, "X29")[0]
    column = "child_protection_plan_start_date"
    moved = put(more, "annex.protection_plans", column, {0: "01/01/2001"})
    assert found(moved, "X30")[0] == {("annex.protection_plans", 0)}


def test_workers_sessions_areas_and_totals_agree_until_one_is_changed(clean):
    """quality A20, A35: X31, X42, X43, X46."""
    workers = [{"SWENo": n} for n in clean["s903.SWEpisodes"]["SW_ID"].drop_nulls().unique()]
    register = clean["register.centre_register"]
    open_ones = pl.col("closed_on").is_null() & (pl.col("opened_on") < "2025-01-01")
    venues = register.filter(open_ones).head(2)
    referrals = clean[DETAILS].filter(
        pl.col("CINreferralDate").is_between(pl.lit("2025-04-01"), pl.lit("2026-03-31"))
    )
    sessions = [{"session_id": v, "venue_id": v, "date": "10/02/2026"} for v in venues["venue_id"]]
    area = {"activity": "x", "unit": "referrals", "suppressed": "0", "address_basis": "home_on_entry",
            "period_start": "2025-04-01", "period_end": "2026-03-31"}  # fmt: skip
    more = clean | {
        "work.CSWWWorker": [{**w, "RoleEndDate": None} for w in workers],
        "attendance.venue": venues.select("venue_id"),
        "attendance.session": sessions,
        "areas.area_activity": [{**area, "quantity": str(referrals.height)}],
    }
    for code in ("X31", "X43", "X46"):
        assert found(more, code)[0] == set(), code
    gone = more | {"work.CSWWWorker": [{"SWENo": "SW0", "RoleEndDate": None}]}
    assert len(found(gone, "X31")[0]) > 0
    early = more | {"attendance.session": [{**sessions[0], "date": "10/02/1950"}, *sessions]}
    assert ("attendance.session", 0) in found(early, "X43")[0]
    short = more | {"areas.area_activity": [{**area, "quantity": str(referrals.height + 1)}]}
    assert found(short, "X46")[0] == {("areas.area_activity", 0)}
    totals = [{"measure": "referrals", "total": referrals.height}]
    assert found(clean, "X42", published_totals=totals)[0] == set()
    assert found(clean, "X42", published_totals=[{"measure": "referrals", "total": 999}])[0]
