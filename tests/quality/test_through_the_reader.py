"""Rules on real files: read by sources, checked here."""

import pytest

from threecircles.quality import check, check_tables
from threecircles.quality.rulebook import rules_in_force
from threecircles.sources import read

XML = """<Message><Header><CollectionDetails><Collection>CIN</Collection><Year>2026</Year>
<ReferenceDate>2026-03-31</ReferenceDate></CollectionDetails><Source><LEA>926</LEA></Source></Header><Children><Child>
<ChildIdentifiers><LAchildID>a1</LAchildID><UPN>A123456789123</UPN><PersonBirthDate>2015-06-01</PersonBirthDate><Sex>F</Sex></ChildIdentifiers>
<ChildCharacteristics><Ethnicity>WBRI</Ethnicity><Disabilities><Disability>XX</Disability></Disabilities></ChildCharacteristics>
<CINdetails><CINreferralDate>2025-05-01</CINreferralDate><ReferralSource>1A</ReferralSource><PrimaryNeedCode>N1</PrimaryNeedCode>
<CINclosureDate>2025-06-10</CINclosureDate><ReasonForClosure>RC7</ReasonForClosure><ReferralNFA>0</ReferralNFA>
<Assessments><AssessmentActualStartDate>2025-05-02</AssessmentActualStartDate>
<FactorsIdentifiedAtAssessment><AssessmentFactors>1A</AssessmentFactors><AssessmentFactors>2B</AssessmentFactors>
<AssessmentFactors>1A</AssessmentFactors><AssessmentFactors>21</AssessmentFactors><AssessmentFactors>18A</AssessmentFactors>
<AssessmentFactors>19A</AssessmentFactors></FactorsIdentifiedAtAssessment></Assessments>
<Section47><S47ActualStartDate>2025-05-03</S47ActualStartDate><InitialCPCtarget>2026-02-07</InitialCPCtarget>
<DateOfInitialCPC>2025-06-11</DateOfInitialCPC><ICPCnotRequired>0</ICPCnotRequired></Section47>
<ChildProtectionPlans><CPPstartDate>2025-06-03</CPPstartDate><CPPendDate>2025-06-12</CPPendDate>
<InitialCategoryOfAbuse>NEG</InitialCategoryOfAbuse><LatestCategoryOfAbuse>NEG</LatestCategoryOfAbuse>
<NumberOfPreviousCPP>0</NumberOfPreviousCPP></ChildProtectionPlans></CINdetails></Child></Children></Message>"""


@pytest.fixture
def reading(tmp_path):
    (tmp_path / "census.xml").write_text(XML)
    return read([tmp_path / "census.xml"], return_name="cin-census", year=2026)


def test_rules_that_never_fired_on_xml_elsewhere_fire_here(reading):
    """quality A12: 8540, 8565, 8614, 8869, 8870Q, 8898, 8945Q, 8950Q."""
    report = check(reading, return_name="cin", year=2026)
    fired = {code for code, _, _ in report.places()}
    assert {"8540", "8565", "8614", "8869", "8870Q", "8898", "8945Q", "8950Q"} <= fired
    assert set(report.status.values()) == {"ran"}
    assert ("8565", "ChildProtectionPlans", 0) in report.places()


@pytest.mark.parametrize(
    ("code", "year"), [("231", 2026), ("233", 2026), ("709", 2027), ("710", 2027)]
)
def test_rules_that_always_failed_elsewhere_run_on_the_column_they_name(code, year):
    """quality A12, 2.4"""
    rule = next(r for r in rules_in_force("903", year) if r.code == code)
    columns = {c for names in rule.needs.values() for c in names}
    assert columns & {"UASC", "DEC", "PLACE"}
    tables = {
        "Header": [{"CHILD": "1", "DOB": "01/01/2020", "UASC": "1"}],
        "Episodes": [
            {
                "CHILD": "1",
                "DECOM": "01/05/2026",
                "DEC": None,
                "PLACE": "K1",
                "REASON_PLACE_CHANGE": "CARPL",
            }
        ],
        "DoLo": [{"CHILD": "1", "DOLO_START": "01/06/2026", "DOLO_END": "09/06/2026"}],
    }
    if year == 2026:
        tables.pop("DoLo")
    report = check_tables("903", year, tables, codes=[code])
    assert report.status[code] == "ran" and report.findings


@pytest.mark.reference
def test_the_check_letters_of_the_sample_header_are_counted(reference_data):
    """quality A19: 2,675 numbers, 107 right, 2,568 wrong."""
    path = reference_data("returns/ssda903/fake/header.csv")
    header = read([path], return_name="ssda903", year=2023).tables["Header"]
    report = check_tables("cross", 2026, {"s903.Header": header}, codes=["X37"])
    assert report.outcomes["X37"].compared == 2675
    assert len(report.places()) == 2568
