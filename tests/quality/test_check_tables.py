"""What check_tables takes and gives: any frame, any subset, nothing changed, nothing hidden."""

import copy
from datetime import date

import polars as pl
import pyarrow as pa
import pytest

from threecircles.core.errors import UsageError
from threecircles.quality import check_tables
from threecircles.quality import checking as check_module
from threecircles.quality.rulebook import rules_in_force

PLANS = [
    {"LAchildID": "a", "CPPstartDate": "2025-06-02", "CPPendDate": "2025-06-01"},
    {"LAchildID": "b", "CPPstartDate": "2025-06-01", "CPPendDate": "2025-06-01"},
]


def places(report, code):
    return sorted((table, row) for rule, table, row in report.places() if rule == code)


@pytest.mark.parametrize(
    "frame",
    [
        PLANS,
        pl.DataFrame(PLANS),
        pl.DataFrame(PLANS).lazy(),
        pa.Table.from_pylist(PLANS),
        {key: [row[key] for row in PLANS] for key in PLANS[0]},
        pl.DataFrame(PLANS).with_columns(pl.col("CPPstartDate", "CPPendDate").str.to_date()),
        [{**row, "CPPstartDate": date.fromisoformat(row["CPPstartDate"])} for row in PLANS],
    ],
    ids=["records", "polars", "lazy", "arrow", "columns", "dates", "mixed"],
)
def test_any_frame_gives_the_same_findings(frame):
    report = check_tables("cin", 2026, {"ChildProtectionPlans": frame}, codes=["8925"])
    assert report.status["8925"] == "ran"
    assert [(f.table, f.row, f.columns) for f in report.findings] == [
        ("ChildProtectionPlans", 0, ["CPPstartDate", "CPPendDate"])
    ]


def test_a_finding_reads_by_name_and_as_a_record():
    (found,) = check_tables(
        "cin", "2025-26", {"ChildProtectionPlans": PLANS}, codes=["8925"]
    ).findings
    assert found.rule == found["rule"] == dict(found)["rule"] == "8925"
    assert found["message"] == "The plan ended on 01/06/2025, before it started on 02/06/2025."


def test_headings_may_be_lower_case_shuffled_and_extra():
    shuffled = [
        {"extra": 1, "cppenddate": r["CPPendDate"], "CPPSTARTDATE": r["CPPstartDate"]}
        for r in PLANS
    ]
    report = check_tables("cin", 2026, {"childprotectionplans": shuffled}, codes=["8925"])
    assert places(report, "8925") == [("ChildProtectionPlans", 0)]


def test_the_inputs_are_not_changed(cin):
    before = copy.deepcopy(cin)
    check_tables("cin", 2026, cin)
    assert cin == before


def test_a_missing_column_or_table_skips_the_rule_and_names_it():
    """quality 2.3"""
    report = check_tables("cin", 2026, {"ChildProtectionPlans": [{"CPPendDate": "2025-06-01"}]})
    assert report.status["8925"] == "skipped: needs column CPPstartDate in ChildProtectionPlans"
    assert report.status["8500"] == "skipped: needs table ChildIdentifiers"
    assert report.status["8925"].state == "skipped"
    assert report.count("ran") + report.count("skipped") + report.count("failed") == 109


def test_each_needed_column_removed_skips_exactly_the_rules_that_need_it(cin):
    """quality A14: by removing columns in turn; ran + skipped + failed is always the year's count."""
    whole = check_tables("cin", 2026, cin)
    ran = {code for code, status in whole.status.items() if status == "ran"}
    rules = {rule.code: rule for rule in rules_in_force("cin", 2026)}
    for table, column in (
        ("ChildProtectionPlans", "CPPendDate"),
        ("CINdetails", "ReferralNFA"),
        ("Section47", "LAchildID"),
    ):
        less = {**cin, table: [{k: v for k, v in row.items() if k != column} for row in cin[table]]}
        report = check_tables("cin", 2026, less)
        lost = {code for code in ran if report.status[code] != "ran"}
        assert lost == {code for code in ran if column in rules[code].needs.get(table, ())}
        assert all(f"column {column} in {table}" in report.status[code] for code in lost)
        assert len(report.status) == 109


def test_a_window_that_is_nowhere_skips_the_rules_that_need_it():
    report = check_tables(
        "cin", 2026, {"CINplanDates": [{"CINPlanStartDate": "2025-06-01"}]}, codes=["4010"]
    )
    assert "needs the collection window" in report.status["4010"]
    told = check_tables(
        "cin",
        2026,
        {"CINplanDates": [{"CINPlanStartDate": "2026-04-01"}]},
        {"reference_date": "31/03/2026"},
        codes=["4010"],
    )
    assert places(told, "4010") == [("CINplanDates", 0)]


@pytest.mark.parametrize(
    "metadata",
    [
        {"collection_year": 2026},
        {"collection_start": "01/04/2025", "collection_end": "31/03/2026"},
        None,
    ],
)
def test_the_looked_after_return_takes_its_window_from_metadata_or_the_year(metadata):
    report = check_tables(
        "903", 2026, {"Header": [{"CHILD": "1", "DOB": "01/04/2026"}]}, metadata, codes=["301"]
    )
    assert places(report, "301") == [("Header", 0)]


def test_known_answers_of_the_page(cin):
    """quality 2.4: 1510, 8500, 8870Q and 8540 as stated there."""
    report = check_tables("cin", 2026, cin)
    assert places(report, "1510") == [("ChildIdentifiers", 0)]
    assert places(report, "8500") == [("ChildIdentifiers", 1)]
    assert places(report, "8870Q") == [("Section47", 0)]
    assert places(report, "8540") == [
        ("CINdetails", 0),
        ("ChildIdentifiers", 0),
        ("Disabilities", 0),
    ]
    assert places(report, "8925") == [("ChildProtectionPlans", 0)]


@pytest.mark.parametrize(
    "factors",
    [["1A", "2B", "1A"], ("1A", "2B", "1A"), "1A,2B,1A", "['1A', '2B', '1A']", "1A 2B 1A"],
)
def test_factors_may_be_a_list_or_text(factors):
    rows = [
        {"LAchildID": "a", "CINdetailsID": 1, "AssessmentID": 1.0, "AssessmentFactors": factors}
    ]
    assert places(check_tables("cin", 2026, {"Assessments": rows}, codes=["8898"]), "8898") == [
        ("Assessments", 0)
    ]


def test_rows_of_factors_imply_the_list():
    tables = {
        "Assessments": [{"LAchildID": "a", "CINdetailsID": 1, "AssessmentID": "1"}],
        "AssessmentFactorsList": [
            {"LAchildID": "a", "CINdetailsID": "1", "AssessmentID": 1, "AssessmentFactor": f}
            for f in ("1A", "2B", "1A")
        ],
    }
    assert places(check_tables("cin", 2026, tables, codes=["8898"]), "8898") == [("Assessments", 0)]


def test_distance_is_derived_from_the_directory():
    """quality A18: NR1 1AA to NR1 1AR is half a mile."""
    directory = [
        {
            "pcd": "NR1 1AA",
            "pcd_abbr": "NR11AA",
            "laua": "E07000148",
            "oseast1m": 624073,
            "osnrth1m": 308352,
        },
        {
            "pcd": "NR1 1AR",
            "pcd_abbr": "NR11AR",
            "laua": "E07000148",
            "oseast1m": 623387,
            "osnrth1m": 308603,
        },
    ]
    upper = [{"LTLA21CD": "E07000148", "UTLA21CD": "E10000020", "UTLA21NM": "Norfolk"}]
    episodes = [{"CHILD": "1", "LS": "C2", "HOME_POST": "NR1 1AA", "PL_POST": "NR1 1AR"}]
    report = check_tables(
        "903", 2026, {"Episodes": episodes}, {"local_authority": "926"}, {"postcodes": directory, "authorities": upper},
        codes=["169", "179", "454"],
    )  # fmt: skip
    made = report.tables["Episodes"].row(0, named=True)
    assert (made["PL_DISTANCE"], made["PL_LA"], made["PL_LOCATION"]) == ("0.5", "E10000020", "IN")
    assert set(report.status.values()) == {"ran"}


def test_a_derived_column_that_is_given_is_used_as_given():
    episodes = [{"LS": "C2", "PL_LA": None, "PL_POST": "NR1 1AA"}]
    assert places(check_tables("903", 2026, {"Episodes": episodes}, codes=["169"]), "169") == [
        ("Episodes", 0)
    ]


def test_a_rule_that_raises_is_failed_and_hides_no_other(cin, monkeypatch):
    """quality A13: shown failed, every other rule's findings unchanged."""
    from dataclasses import replace

    whole = check_tables("cin", 2026, cin)
    rules = rules_in_force("cin", 2026)
    for code, sql in (
        ("8925", {"broken_when": "error('made to fail')"}),
        ("8540", {"query": "select 1 as wrong"}),
    ):
        broken = tuple(replace(r, **sql) if r.code == code else r for r in rules)
        monkeypatch.setattr(check_module, "rules_in_force", lambda *_, broken=broken: broken)
        report = check_tables("cin", 2026, cin)
        assert report.status[code].state == "failed" and report.count("failed") == 1
        assert report.places() == {p for p in whole.places() if p[0] != code}
        assert "1 failed" in report.headline()


def test_the_order_of_rows_and_rules_has_no_effect(cin):
    tables = {**cin, "ChildIdentifiers": list(reversed(cin["ChildIdentifiers"]))}
    turned = {
        (r, t, 1 - row if t == "ChildIdentifiers" else row)
        for r, t, row in check_tables("cin", 2026, tables).places()
    }
    assert turned == check_tables("cin", 2026, cin).places()


def test_an_unrelated_child_changes_no_finding_of_another(cin):
    more = {
        **cin,
        "ChildProtectionPlans": [
            *cin["ChildProtectionPlans"],
            {"LAchildID": "z", "CINdetailsID": "1", "CPPID": "1"},
        ],
    }
    before = {p for p in check_tables("cin", 2026, cin).places() if p[1] is not None}
    assert before <= check_tables("cin", 2026, more).places()


def test_365_leaves_the_episodes_unchanged():
    """quality 2.4: no rule after it sees the end filled."""
    rows = [
        {
            "CHILD": "1",
            "DECOM": "01/06/2025",
            "DEC": None,
            "LS": "V3",
            "REASON_PLACE_CHANGE": "CARPL",
        }
    ]
    report = check_tables("903", 2026, {"Episodes": rows}, codes=["365", "233"])
    assert places(report, "365") == places(report, "233") == [("Episodes", 0)]
    assert report.tables["Episodes"]["DEC"].to_list() == [None]


def test_what_belongs_to_no_rule_is_left_out_and_noted():
    report = check_tables("cin", 2026, {"Plans": []}, codes=["8925"])
    assert "Plans belongs to no rule" in report.notes[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [({"mode": "loose"}, "stated, compatible"), ({"codes": ["8926"]}, "did you mean")],
)
def test_a_wrong_word_is_refused_with_the_allowed_ones(change, words):
    with pytest.raises(UsageError, match=words):
        check_tables("cin", 2026, {}, **change)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ([{"CHILD": "1"}], "handed over by name"),
        ({"Episodes": "CHILD,DECOM"}, "cannot be read from str"),
        ({"Episodes": 5}, "cannot be read from int"),
        ({"Episodes": [("1", "2")]}, "a list of tuple"),
        ({"Episodes": [None, {"CHILD": "1"}]}, "a list of NoneType"),
        ({"Episodes": {"CHILD": "1"}}, "single values"),
        ({"Episodes": {"CHILD": ["1"], "DECOM": ["01/05/2025", None]}}, "CHILD 1, DECOM 2"),
        ({"Episodes": pa.table([["1"], ["2"]], names=["CHILD", "CHILD"])}, "two columns of one name"),
        ({"Episodes": [{"CHILD": "1"}], "episodes": [{"CHILD": "2"}]}, "both Episodes"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(tables, words):
    """quality 2.3: any frame; what is none never ends in a traceback, and no table is taken for another."""
    with pytest.raises(UsageError, match=words):
        check_tables("903", 2026, tables)


def test_a_reference_in_which_nothing_can_be_found_is_refused_in_words():
    """quality 3.1"""
    with pytest.raises(UsageError, match="pcd or pcd_abbr"):
        check_tables("903", 2026, {"Episodes": []}, None, {"postcodes": [{"a": "1"}]})


def test_one_code_may_be_given_as_a_word():
    assert list(check_tables("903", 2026, {"Episodes": []}, codes="356").status) == ["356"]


def test_every_kind_of_missing_and_of_number_is_read_as_text(tmp_path):
    """quality 2.3: any cell types: NaN, not-a-time, NA, NumPy scalars, decimals, dates."""
    import decimal

    import numpy as np
    import pandas as pd  # a caller's frame; no module of the product imports it

    frame = pd.DataFrame(
        {
            "CHILD": pd.array(["1", None, "3"], dtype="string"),
            "DECOM": pd.to_datetime(["2025-05-10", None, "2025-06-01"]),
            "DEC": [np.datetime64("2025-05-09"), pd.NaT, np.nan],
            "URN": pd.array([1234567, None, 3], dtype="Int64"),
            "PLACE": [decimal.Decimal("5.0"), np.float64(6), np.bool_(True)],
        },
        index=["z", "z", 0],
    )
    report = check_tables("903", 2026, {"episodes": frame}, codes=["356"])
    assert report.places() == {("356", "Episodes", 0)}
    assert report.tables["Episodes"].to_dict(as_series=False) == {
        "CHILD": ["1", None, "3"],
        "DECOM": ["10/05/2025", None, "01/06/2025"],
        "DEC": ["09/05/2025", None, None],
        "URN": ["1234567", None, "3"],
        "PLACE": ["5", "6", "1"],
    }
