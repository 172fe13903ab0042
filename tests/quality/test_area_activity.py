"""Activity by small area as five authorities send it: each verdict, the sums and the bounds (quality A34)."""

from datetime import date

import polars as pl
import pytest

from threecircles.checking import Asked, check_files
from threecircles.quality import check_tables
from threecircles.sources import read

FROM, TO = "2025-04-01", "2026-03-31"
AREAS = {"lsoa21": "E01000", "lsoa11": "E01001", "msoa21": "E02000"}
AUTHORITY = {"local_authority": "E10900001"}


def rows(unit, quantities, vintage="lsoa21", basis="home_on_entry"):
    """One row an area; None is a suppressed cell."""
    return [
        {"la_code": "E10900001", "area_code": f"{AREAS[vintage]}{n:03}", "vintage": vintage, "activity": "child in need",
         "period_start": FROM, "period_end": TO, "unit": unit, "quantity": None if q is None else str(q),
         "children": None, "suppressed": "1" if q is None else "0", "address_basis": basis}
        for n, q in enumerate(quantities, 1)
    ]  # fmt: skip


SENT = {
    "sound": (rows("referrals", [3, 4, 5]), set()),
    "two vintages": (
        rows("referrals", [3, 4, 5]) + rows("referrals", [2], "lsoa11"), {("AA2", 3)},
    ),
    "suppressed": (rows("referrals", [3, None, 5]), set()),
    "blank but not suppressed": (
        [*rows("referrals", [3, 4]), {**rows("referrals", [5])[0], "area_code": "E01000009", "quantity": None}],
        {("AA3", 2)},
    ),
    "by middle area": (rows("referrals", [12], "msoa21"), set()),
    "placement addresses": (rows("referrals", [3, 4], basis="placement"), {("AA1", 0), ("AA1", 1)}),
    "codes of another vintage": (
        [{**row, "vintage": "msoa21"} for row in rows("referrals", [3, 4])], {("AA6", 0), ("AA6", 1)},
    ),
    "the unknown area": ([*rows("referrals", [3, 4]), {**rows("referrals", [2])[0], "area_code": "unknown"}], set()),
    "two units": (rows("referrals", [3, 4, 5]) + rows("cin_weeks", [9])[:1], {("AA7", 3)}),
    "sent twice": (rows("referrals", [3, 4]) + rows("referrals", [9])[:1], {("AA5", 0), ("AA5", 2)}),
}  # fmt: skip


@pytest.mark.parametrize("name", SENT)
def test_each_file_has_exactly_its_planted_verdict(name, tmp_path):
    """quality A34: read from a file as it is sent, then checked."""
    sent, wanted = SENT[name]
    path = tmp_path / "areas.csv"
    pl.DataFrame(sent, schema=dict.fromkeys(sent[0], pl.String)).write_csv(path)
    reading = read(path, return_name="area-activity", year=2026)
    assert reading.rejects.height == 0
    report = check_tables("area_activity", 2026, dict(reading.tables))
    assert {(f.rule, f.row) for f in report.findings} == wanted
    assert report.count("failed") == 0


LOOKUP = """LSOA21CD,LSOA21NM,MSOA21CD,LAD24CD
E01000001,North,E02000001,E10900001
E01000002,Middle,E02000001,E10900001
E01000003,South,E02000002,E10900001
E01000004,Abroad,E02000003,E10900002
"""
OLD = "lsoa11_code,ltla21_code\nE01001001,E10900001\nE01001002,E10900001\n"


def judged(sent, folder):
    """Findings of the rules that look areas up, by the command's own way: files and a folder of references."""
    (folder / "reference").mkdir()
    (folder / "reference" / "areas of the ONS.csv").write_text(LOOKUP)
    (folder / "reference" / "old areas.csv").write_text(OLD)
    path = folder / "areas.csv"
    pl.DataFrame(sent).write_csv(path)
    done = check_files([path], Asked(year=2026, reference=folder / "reference"))
    (report,) = done.reports
    assert report.count("failed") == 0 and not done.reading.problems.height
    looked_up = {"AA8", "AA9", "AA10"}
    assert {str(report.status[code]) for code in looked_up} == {"ran"}
    return {(f.rule, f.row) for f in report.findings if f.rule in looked_up}


WHOLE = rows("referrals", [3, 4, 5])
LOOKED_UP = {
    "all areas of the authority": (WHOLE, set()),
    "one of them a neighbour's": ([*WHOLE, {**WHOLE[0], "area_code": "E01000004"}], {("AA9", 3)}),
    "one that never was": ([*WHOLE, {**WHOLE[0], "area_code": "E01000099"}], {("AA8", 3)}),
    "a code of the old vintage": ([*WHOLE, {**WHOLE[0], "area_code": "E01001001"}], {("AA8", 3)}),
    "all of the old vintage": (rows("referrals", [3, 4], "lsoa11"), set()),
    "by middle area": (rows("referrals", [3, 4], "msoa21"), set()),
    "the unknown area": ([*WHOLE, {**WHOLE[0], "area_code": "unknown"}], set()),
    "an area missing": (WHOLE[:2], {("AA10", 0)}),
    "an area missing that is nought": ([{**row, "zeros_listed": "true"} for row in WHOLE[:2]], set()),
    "an area missing that is said not to be nought": (
        [{**row, "zeros_listed": "no"} for row in WHOLE[:2]], {("AA10", 0)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKED_UP)
def test_areas_exist_lie_in_the_authority_and_are_nought_only_where_the_file_says_so(
    name, tmp_path
):
    """quality A34: codes are looked up in the lists of the vintages, found by their headings."""
    sent, wanted = LOOKED_UP[name]
    assert judged(sent, tmp_path) == wanted


def test_without_a_list_of_areas_the_rules_say_that_they_need_one():
    report = check_tables("area_activity", 2026, {"area_activity": WHOLE})
    assert {report.status[code].reason for code in ("AA8", "AA9", "AA10")} == {
        "needs a list of areas with their authorities"
    }


def own(clean):
    """Referrals of the year in the census and weeks of care in the looked-after return, counted apart."""
    referrals = sum(FROM <= day <= TO for day in clean["cin.CINdetails"]["CINreferralDate"])
    days = 0
    for begun, ended, status in clean["s903.Episodes"].select("DECOM", "DEC", "LS").iter_rows():
        first = max(_day(begun), date(2025, 4, 1))
        last = min(_day(ended), date(2026, 4, 1)) if ended else date(2026, 4, 1)
        days += max((last - first).days, 0) if status not in ("V3", "V4") else 0
    return referrals, days / 7


def _day(text):
    day, month, year = map(int, text.split("/"))
    return date(year, month, day)


def sums(clean, sent):
    report = check_tables(
        "cross", 2026, clean | {"areas.area_activity": sent}, AUTHORITY, codes=["X46"]
    )
    assert report.status["X46"] == "ran"
    return {f.row for f in report.findings}


def test_the_areas_add_up_to_the_two_returns_to_the_unit(clean):
    """quality A34: one referral or one week too many or too few is told; the sound file has no finding."""
    referrals, weeks = own(clean)
    assert referrals > 5 and weeks > 5
    sound = rows("referrals", [referrals - 2, 2]) + rows("weeks_in_care", [weeks])
    assert sums(clean, sound) == set()
    for wrong in (-1, 1):
        assert sums(clean, rows("referrals", [referrals - 2 + wrong, 2])) == {0}
        assert sums(clean, rows("weeks_in_care", [weeks + wrong])) == {0}


def test_a_suppressed_cell_gives_bounds_and_never_nought(clean):
    """quality A34: a hidden cell may hold 0 to 5; beyond that the areas do not add up."""
    referrals, _ = own(clean)
    for hidden in (0, 1, 5):
        assert sums(clean, rows("referrals", [referrals - hidden, None])) == set()
    assert sums(clean, rows("referrals", [referrals - 6, None])) == {0}
    assert sums(clean, rows("referrals", [referrals + 1, None])) == {0}
    assert sums(clean, rows("referrals", [referrals - 10, None, None])) == set()
