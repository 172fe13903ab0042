"""Rule sets as things: listed, compared, covered, shown."""

import pytest
import typer
from typer.testing import CliRunner

from threecircles.cli.quality import register
from threecircles.core.errors import UsageError
from threecircles.quality import check_tables
from threecircles.quality.layout import layout
from threecircles.quality.references import REFERENCES
from threecircles.quality.rule_change import won_and_lost
from threecircles.quality.rulebook import all_versions, rules_in_force
from threecircles.quality.ruleset import coverage, diff_rules, find_rule, list_rules, rule_page


@pytest.mark.parametrize(
    ("year", "count"), [(2023, 293), (2024, 312), (2025, 305), (2026, 311), (2027, 322)]
)
def test_the_looked_after_return_has_its_rules_in_each_year(year, count):
    """quality A10: SSDA903 2022-23 to 2026-27 = 293, 312, 305, 311, 322."""
    assert len(rules_in_force("903", year)) == count


@pytest.mark.parametrize(("name", "statements"), [("cin", 114), ("903", 360)])
def test_every_statement_is_built(name, statements):
    """quality A10: rules coverage prints 100 %."""
    told = coverage(name)
    assert (told.statements, told.lacking, told.percent) == (statements, (), 100.0)
    assert told.cases >= 2 * statements


@pytest.mark.parametrize(
    ("years", "counts"), [((2025, 2026), (6, 8, 0)), ((2026, 2027), (11, 0, 0))]
)
def test_years_differ_as_published(years, counts):
    """quality A17"""
    told = diff_rules("903", *years)
    assert (len(told.added), len(told.changed), len(told.withdrawn)) == counts
    assert f"{counts[0]} added" in told.sentence()


def test_a_dimension_that_is_none_is_answered_with_those_there_are():
    assert all(rule.dimension == "timeliness" for rule in list_rules("903", 2026, "timeliness"))
    with pytest.raises(UsageError, match="did you mean timeliness"):
        list_rules("903", 2026, "timelines")


def test_a_change_of_wording_is_told_field_by_field():
    changed = {c.code: c for c in diff_rules("903", 2025, 2026).changed}
    assert "K3" in changed["146"].fields["broken_when"][1]
    assert changed["226"].fields == {}


PLACEMENTS = [
    {"CHILD": "1", "DECOM": "01/05/2025", "PLACE": place, "PLACE_PROVIDER": provider}
    for place, provider in (("T4", "PR1"), ("Z11", "PR1"), ("Z1", "PR1"), ("T0", "PR1"), ("H5", None), ("U4", "PR1"))
]  # fmt: skip


def test_what_a_new_year_wins_and_loses_in_a_return_is_counted_by_rule():
    """quality 2.5: 178 now asks about Z11 and no longer about T4 and Z1; 146 allows Z11 and no longer Z1 and H5."""
    metadata = {"reference_date": "2026-03-31"}
    told = won_and_lost(diff_rules("903", 2025, 2026), {"Episodes": PLACEMENTS}, metadata)
    assert told["178"] == (1, 2) and told["146"] == (2, 1) and told["226"] is None
    assert won_and_lost(diff_rules("903", 2026, 2026), {"Episodes": PLACEMENTS}, metadata) == {}


def test_the_command_counts_what_the_change_does_to_files(tmp_path):
    """quality 2.5: rules diff with one's own files, and with the changed text."""
    heads = list(PLACEMENTS[0])
    lines = [",".join(heads), *(",".join(row[h] or "" for h in heads) for row in PLACEMENTS)]
    more = ["RNE", "LS", "CIN", "DEC", "REC", "REASON_PLACE_CHANGE", "HOME_POST", "PL_POST", "URN"]
    lines = [lines[0] + "," + ",".join(more), *(line + "," * len(more) for line in lines[1:])]
    (tmp_path / "episodes.csv").write_text("\n".join(lines) + "\n")
    app = typer.Typer()
    register(app)
    asked = ["rules", "diff", "903", "2025", "2026", "--files", str(tmp_path / "episodes.csv"), "--text"]  # fmt: skip
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "(1 won, 2 lost)" in done.output and "(2 won, 1 lost)" in done.output
    assert "broken_when is:" in done.output and "'Z11'" in done.output
    assert "not tested on your files" in done.output


def test_without_last_year_the_rules_that_need_it_are_skipped_with_that_reason():
    """quality A15: 37 of 2025-26 (40 less the optional 164, 199 and 1000); with it, none is."""
    form = layout("903")
    tables = {
        name: {c: [] for c in t.columns}
        for name, t in form.tables.items()
        if not t.since or t.since <= 2026
    }
    references = {name: {c: [] for c in t.columns} for name, t in REFERENCES.items()}
    told = {"local_authority": "E10000020"}
    lacking = check_tables("903", 2026, tables, told, references)
    skipped = {code for code, status in lacking.status.items() if "last year's" in status}
    assert len(skipped) == 37
    assert not skipped & {"164", "199", "1000"}
    last = {f"{name}_last": frame for name, frame in tables.items()}
    whole = check_tables("903", 2026, tables | last, told, references)
    assert {str(s) for s in whole.status.values()} == {"ran"}


def test_a_rule_page_holds_message_condition_and_examples():
    page = rule_page(find_rule("8925"))
    for part in (
        "# 8925: Child protection plan ends before it starts",
        "CPPendDate__date < CPPstartDate__date",
        "| 0 | a |",
    ):
        assert part in page


def test_an_unknown_rule_is_refused():
    with pytest.raises(UsageError, match="no rule 9999"):
        find_rule("9999")


def test_a_dimension_chooses_its_rules():
    assert {r.dimension for r in list_rules("cin", 2026, "timeliness")} == {"timeliness"}


@pytest.mark.parametrize("name", ["cin", "903", "cross"])
def test_codes_are_unique_in_each_year(name):
    for year in range(2023, 2028):
        codes = [r.code for r in rules_in_force(name, year)]
        assert len(codes) == len(set(codes))
    assert all(r.hint and r.reference and r.dimension for r in all_versions(name))
