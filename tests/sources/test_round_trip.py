"""What is written is read again as it was (quality 1.5, 1.6, A3)."""

import datetime as dt

import polars as pl

from threecircles.sources import read, source, write_903, write_cin_xml

from .samples import child, cin_xml, plain, write

CENSUS = {
    "ChildIdentifiers": [
        {"LAchildID": "a", "UPN": "A123456789123", "PersonBirthDate": dt.date(2010, 1, 2), "Sex": "M"},
        {"LAchildID": "b & <c>", "ExpectedPersonBirthDate": "2026-06-01", "Sex": "U"},
    ],
    "ChildCharacteristics": [{"LAchildID": "a", "Ethnicity": "WBRI"}, {"LAchildID": "b & <c>", "Ethnicity": "NOBT"}],
    "Disabilities": [{"LAchildID": "a", "Disability": "MOB"}, {"LAchildID": "a", "Disability": "LD"}],
    "CINdetails": [
        {"LAchildID": "a", "CINdetailsID": 1, "CINreferralDate": "2024-05-05", "CINclosureDate": "2024-06-05",
         "ReasonForClosure": "RC7", "ReferralSource": "1A", "ReferralNFA": "0"},
        {"LAchildID": "a", "CINdetailsID": 2, "CINreferralDate": "2025-05-05", "ReferralSource": "6", "ReferralNFA": "0"},
        {"LAchildID": "b & <c>", "CINdetailsID": 1, "CINreferralDate": "2025-09-05", "ReferralSource": "2A",
         "ReferralNFA": "1"},
    ],
    "Assessments": [
        {"LAchildID": "a", "CINdetailsID": 2, "AssessmentID": 1, "AssessmentActualStartDate": "2025-05-06"},
        {"LAchildID": "a", "CINdetailsID": 2, "AssessmentID": 2, "AssessmentActualStartDate": "2025-08-06"},
    ],
    "AssessmentFactorsList": [
        {"LAchildID": "a", "CINdetailsID": 2, "AssessmentID": 2, "AssessmentFactor": f} for f in ("1A", "3B", "20")
    ],
    "CINplanDates": [{"LAchildID": "a", "CINdetailsID": 2, "CINPlanStartDate": "2025-06-06"}],
    "Section47": [{"LAchildID": "a", "CINdetailsID": 2, "S47ActualStartDate": "2025-06-10", "ICPCnotRequired": "0"}],
    "ChildProtectionPlans": [
        {"LAchildID": "a", "CINdetailsID": 2, "CPPID": 1, "CPPstartDate": "2025-06-20", "InitialCategoryOfAbuse": "NEG",
         "LatestCategoryOfAbuse": "NEG", "NumberOfPreviousCPP": 0},
        {"LAchildID": "a", "CINdetailsID": 2, "CPPID": 2, "CPPstartDate": "2026-01-20", "InitialCategoryOfAbuse": "EMO",
         "LatestCategoryOfAbuse": "EMO", "NumberOfPreviousCPP": 1},
    ],
    "Reviews": [
        {"LAchildID": "a", "CINdetailsID": 2, "CPPID": 1, "CPPreviewDate": d}
        for d in ("2025-09-01", "2025-12-01", "2026-02-01")
    ] + [{"LAchildID": "a", "CINdetailsID": 2, "CPPID": 2}],
    "PreProceedings": [{"LAchildID": "a", "CINdetailsID": 2, "PPStartDate": "2025-11-11", "ReviewMeetingsCount": 3}],
}  # fmt: skip
HEAD = {"Collection": "CIN", "Year": 2026, "ReferenceDate": dt.date(2026, 3, 31), "LEA": "999"}


def test_a_census_written_and_read_has_the_same_rows(tmp_path):
    reading = read(write_cin_xml(CENSUS, tmp_path / "cin.xml", HEAD), return_name="cin", year=2026)
    assert not reading.refused and reading.extra.is_empty()
    for name, rows in CENSUS.items():
        table = reading.tables[name]
        for row, want in zip(table.iter_rows(named=True), rows, strict=True):
            assert {k: row[k] for k in want} == {
                k: None if v is None else str(v) for k, v in want.items()
            }
    assert reading.tables["Assessments"]["AssessmentFactors"].to_list() == [
        None,
        ["1A", "3B", "20"],
    ]


def test_reading_what_was_read_and_written_changes_nothing(tmp_path):
    first = read(write_cin_xml(CENSUS, tmp_path / "a.xml", HEAD), year=2026).tables
    again = read(write_cin_xml(first, tmp_path / "b.xml"), year=2026).tables
    assert {k: plain(v) for k, v in first.items()} == {k: plain(v) for k, v in again.items()}


def test_three_review_dates_in_one_group_give_three_rows(tmp_path):
    """A3 (quality)."""
    reviews = (
        "<Reviews>"
        + "".join(f"<CPPreviewDate>2025-0{m}-01</CPPreviewDate>" for m in (7, 8, 9))
        + "</Reviews>"
    )
    plan = f"<ChildProtectionPlans><CPPstartDate>2025-06-06</CPPstartDate>{reviews}</ChildProtectionPlans>"
    reading = read(write(tmp_path, "a.xml", cin_xml(child(1, plan))))
    assert reading.tables["Reviews"]["CPPreviewDate"].to_list() == [
        "2025-07-01",
        "2025-08-01",
        "2025-09-01",
    ]


def test_a_plan_directly_under_the_child_belongs_to_the_last_episode(tmp_path):
    plan = "<ChildProtectionPlans><CPPstartDate>2025-06-06</CPPstartDate></ChildProtectionPlans>"
    text = cin_xml(child(1).replace("</Child>", plan + "</Child>"))
    table = read(write(tmp_path, "a.xml", text)).tables["ChildProtectionPlans"]
    assert table.select("LAchildID", "CINdetailsID", "CPPID").rows() == [("C1", "1", "1")]


RETURN = {
    "Header": [{"CHILD": "C1", "SEX": "M", "DOB": dt.date(2010, 3, 2), "ETHNIC": "WBRI", "UPN": "UN1"},
               {"CHILD": "C2", "SEX": "F", "DOB": "2009-01-01", "ETHNIC": "BAFR", "UPN": "UN2"}],
    "Episodes": [{"CHILD": "C1", "DECOM": "2025-05-01", "RNE": "S", "LS": "C2", "CIN": "N1", "PLACE": "U6"}],
    "Reviews": [{"CHILD": "C1", "DOB": "2010-03-02", "REVIEW": "2025-06-01", "REVIEW_CODE": "PN1"}] * 2,
    "UASC": [{"CHILD": "C2", "SEX": "F", "DOB": "2009-01-01", "DUC": "2025-09-01"}],
    "OC2": [{"CHILD": "C1", "DOB": "2010-03-02", "SDQ_SCORE": 12, "CONVICTED": 0}],
    "SWEpisodes": [{"CHILD": "C1", "DOB": "2010-03-02", "SW_ID": "SW1", "SW_DECOM": "2025-05-01", "SW_REASON": "OTHERS"}],
    "DoLo": [{"CHILD": "C1", "DOB": "2010-03-02", "DOLO_START": "2025-05-01"}],
}  # fmt: skip


def test_the_903_as_csv_and_as_xml_are_the_same_tables(tmp_path):
    flat = read(write_903(RETURN, tmp_path / "csv"), return_name="903")
    nested = read(write_903(RETURN, tmp_path / "a.xml", "xml"), return_name="903")
    assert not flat.refused and not nested.refused and nested.extra.is_empty()
    for name in RETURN:
        both = [
            c
            for c in flat.tables[name].columns
            if c in nested.tables[name].columns and not c.startswith("_")
        ]
        assert flat.tables[name].select(both).rows() == nested.tables[name].select(both).rows(), (
            name
        )
    assert flat.tables["Header"]["UASC"].to_list() == ["0", "1"]


def test_csv_and_xml_mix_table_by_table(tmp_path):
    without = {k: v for k, v in RETURN.items() if k != "Reviews"}
    paths = [
        *write_903(without, tmp_path / "a.xml", "xml"),
        *write_903({"Reviews": RETURN["Reviews"]}, tmp_path / "c"),
    ]
    assert read(paths, return_name="903").tables["Reviews"].height == 2


def test_a_903_csv_has_every_column_sent_in_order(tmp_path):
    (path,) = write_903({"Episodes": RETURN["Episodes"]}, tmp_path)
    heading = path.read_text().split("\n")[0].split(",")
    assert heading == [c.name for c in source("ssda903").table("Episodes").sent]


def test_rows_know_their_file_and_line(tmp_path):
    (path,) = write_903({"Reviews": RETURN["Reviews"]}, tmp_path)
    table = read(path).tables["Reviews"]
    assert table.select("_row", "_at", "_file").rows() == [(0, 2, "f1"), (1, 3, "f1")]
    assert isinstance(table, pl.DataFrame)


def flat_census(folder, name, rows, drop=()):
    names = [
        c.name
        for c in source("cin-census").table(name).columns
        if c.name not in drop and not c.many
    ]
    lines = [",".join(names)] + [",".join(str(r.get(n) or "") for n in names) for r in rows]
    return write(folder, f"{name}.csv", "\n".join(lines) + "\n")


def test_the_census_is_read_from_flat_files_too(tmp_path):
    rows = {k: v for k, v in CENSUS.items() if k != "ChildIdentifiers"}
    reading = read([flat_census(tmp_path, k, v) for k, v in rows.items()], return_name="cin")
    assert not reading.refused
    assert {k: v.height for k, v in reading.tables.items()} == {k: len(v) for k, v in rows.items()}


def test_flat_rows_without_an_episode_number_belong_to_the_only_episode_or_are_rejected(tmp_path):
    episodes = [{"LAchildID": c, "CINreferralDate": "2025-05-05"} for c in ("a", "b", "b")]
    enquiries = [{"LAchildID": c, "S47ActualStartDate": "2025-06-06"} for c in ("a", "b")]
    paths = [
        flat_census(tmp_path, "CINdetails", episodes, ("CINdetailsID",)),
        flat_census(tmp_path, "Section47", enquiries, ("CINdetailsID",)),
    ]
    reading = read(paths, return_name="cin")
    assert reading.tables["CINdetails"].select("LAchildID", "CINdetailsID").rows() == [("a", "1")]
    assert reading.rejects["reason_code"].to_list() == ["episode-unknown"] * 3
    assert reading.tables["Section47"].select("LAchildID", "CINdetailsID").rows() == [("a", "1")]
    files = reading.files
    assert (files["rows_in"] == files["rows_kept"] + files["rows_rejected"]).all()
