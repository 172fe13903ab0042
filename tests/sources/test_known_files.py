"""The sample returns give the counts that were counted by other means (quality A1, A2, A7)."""

import pytest

from threecircles.sources import Options, read

from .samples import conserved

pytestmark = pytest.mark.reference


def counts(reading):
    return {name: table.height for name, table in reading.tables.items()}


def test_the_fake_census_of_2022_has_332_children(reference_data):
    """A1 (quality)."""
    reading = read(reference_data("returns/cin/fake_CIN_data.xml"))
    found = counts(reading)
    assert (
        found["ChildIdentifiers"] == 332
        and found["CINdetails"] == 402
        and found["Disabilities"] == 117
    )
    assert found["Assessments"] == 0
    assert reading.tables["Header"]["ReferenceDate"].to_list() == ["2022-07-21"]
    assert {"GenderCurrent"} <= set(reading.tables["ChildIdentifiers"].columns)


def test_the_census_of_2026_has_its_pre_proceedings_with_ten_fields(reference_data):
    """A1 (quality)."""
    reading = read(reference_data("returns/cin/CIN_Census_2026.xml"))
    found = counts(reading)
    wanted = {"ChildIdentifiers": 2, "CINdetails": 2, "Disabilities": 3, "Assessments": 2, "AssessmentFactorsList": 3,
              "CINplanDates": 1, "Reviews": 1, "PreProceedings": 1}  # fmt: skip
    assert {k: found[k] for k in wanted} == wanted
    row = reading.tables["PreProceedings"].to_dicts()[0]
    fields = ["PPStartDate", "LBPSentDate", "FGDMMeetingOffer", "FGDMMeetingFac", "InitialPPMeetingDate",
              "ReviewMeetingsCount", "StepDecisionDate", "PPOutcome", "CourtAppDate", "LetterInitCPDate"]  # fmt: skip
    assert all(row[f] for f in fields)
    assert reading.notes.filter(code="stray-text")["count"].to_list() == [1]


def test_an_empty_group_of_factors_gives_no_row_and_no_list(reference_data):
    """Trap 17."""
    reading = read(reference_data("returns/cin/CIN_Census_2026.xml"))
    assert reading.tables["Assessments"]["AssessmentFactors"].to_list() == [
        ["1C", "RB", "6B"],
        None,
    ]


def test_the_fake_903_gives_its_counts_and_names_the_two_files_that_conflict(reference_data):
    """A2 (quality)."""
    files = sorted(reference_data("returns/ssda903/fake").glob("*.csv"))
    reading = read(files)
    wanted = {"Header": 2675, "Episodes": 5050, "Reviews": 12582, "OC2": 2675, "PrevPerm": 2675, "UASC": 132,
              "OC3": 53, "Missing": 43, "AD1": 29, "SWEpisodes": 1, "DoLo": 1}  # fmt: skip
    assert counts(reading) == wanted
    (problem,) = reading.refused
    assert "placed_for_adoption.csv and placed_for_adoption_errors.csv" in problem.where
    named = read(files, options=Options(leave_out=frozenset({"placed_for_adoption_errors.csv"})))
    assert named.tables["PlacedAdoption"].height == 29 and not named.refused
    assert conserved(named)


def test_the_903_xml_gives_its_counts(reference_data):
    """A2 (quality)."""
    found = counts(read(reference_data("returns/ssda903/fake/fake_903.xml")))
    wanted = {"Header": 253, "Episodes": 459, "Reviews": 1206, "OC2": 253, "Missing": 6, "AD1": 3,
              "PlacedAdoption": 3, "OC3": 6, "UASC": 12}  # fmt: skip
    assert {k: found[k] for k in wanted} == wanted


@pytest.mark.parametrize(
    ("year", "episodes"), [(2017, 1460), (2018, 974), (2019, 648), (2020, 402), (2021, 253)]
)
def test_five_years_of_one_authority_are_read_year_by_year(reference_data, year, episodes):
    """A2 (quality)."""
    files = sorted(reference_data("returns/ssda903/multi_year").glob(f"{year}-*.csv"))
    assert read(files).tables["Episodes"].height == episodes


def test_a_census_cut_in_child_200_gives_199(reference_data, tmp_path):
    """A7 (quality)."""
    data = reference_data("returns/cin/fake_CIN_data.xml").read_bytes()
    start = -1
    for _ in range(200):
        start = data.index(b"<Child>", start + 1)
    path = tmp_path / "cut.xml"
    path.write_bytes(data[: start + 300])
    reading = read(path)
    assert reading.tables["ChildIdentifiers"].height == 199
    assert reading.rejects["raw"].to_list() == [data[start : start + 300].decode()]
    (problem,) = reading.refused
    assert "line" in problem.where and "nearest child RND" in problem.where


def test_an_ampersand_in_child_50_gives_331(reference_data, tmp_path):
    """A7 (quality)."""
    data = reference_data("returns/cin/fake_CIN_data.xml").read_bytes()
    start = -1
    for _ in range(50):
        start = data.index(b"<Child>", start + 1)
    bad = data[:start] + data[start:].replace(b"<Ethnicity>", b"<Ethnicity>&", 1)
    path = tmp_path / "bad.xml"
    path.write_bytes(bad)
    reading = read(path)
    assert reading.tables["ChildIdentifiers"].height == 331 and reading.rejects.height == 1
