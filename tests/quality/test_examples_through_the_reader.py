"""A rule's examples hold when they are written as a return and read again (quality A11, section 6)."""

import random
import re
from functools import cache

import pytest
from tests.quality.sendable import given_rows, laid_out

from threecircles.quality import check_tables
from threecircles.quality.cases import usual_year
from threecircles.quality.rulebook import all_versions
from threecircles.sources import Options, read, write_903, write_cin_xml

FORMS = (("903", "csv"), ("903", "xml"), ("cin", "xml"))


@cache
def examples(name, form):
    """Rule, example, year and how a file holds it, of all that a file of this form can hold."""
    return [
        (rule, case, usual_year(rule) if case.year is None else case.year, sent)
        for rule in all_versions(name)
        for case in rule.cases
        if (sent := laid_out(rule, case, form)) is not None
    ]


def places_through_files(rule, case, year, sent, folder, form):
    """The places found in what was written and read again, as places of the example."""
    tables = {n: rows for n, rows in sent.tables.items() if not n.endswith("_last")}
    before = {n.removesuffix("_last"): r for n, r in sent.tables.items() if n.endswith("_last")}
    for year_of, held in (("now", tables), ("before", before)):
        (folder / year_of).mkdir()
        target = folder / year_of if form == "csv" else folder / year_of / "return.xml"
        if held and rule.return_ == "cin":
            write_cin_xml(held, target)
        elif held:
            write_903(held, target, form)
    reading = read(
        [folder / "now"],
        return_name="ssda903" if rule.return_ == "903" else "cin-census",
        year=year,
        previous=[folder / "before"] if before else None,
        options=Options(force_years=True),
    )
    assert not reading.rejects.height and not reading.refused, reading.refused
    asked = {n: reading.tables[n] for n in given_rows(case)}
    metadata = {"reference_date": f"{year}-03-31", **case.metadata}
    report = check_tables(
        rule.return_, year, asked, metadata, None, case.mode or "stated", [rule.code]
    )
    assert report.status[rule.code] == "ran", (rule.code, report.status[rule.code])
    return {(t, sent.order[t][r]) for _, t, r in report.places() if t}


def wanted(case):
    return {(p[0], p[1]) for p in case.places if p[0] != "return"}


def wrong_ones(chosen, tmp_path, form):
    wrong = []
    for number, (rule, case, year, sent) in enumerate(chosen):
        folder = tmp_path / f"{form}{number}"
        folder.mkdir()
        found = places_through_files(rule, case, year, sent, folder, form)
        if found != wanted(case):
            wrong.append(f"{rule.return_} {rule.code} ({rule.version}) {case.it}: {found} for {wanted(case)}")  # fmt: skip
    return wrong


@pytest.mark.parametrize(("name", "form", "every"), [("903", "csv", 60), ("903", "xml", 60), ("cin", "xml", 15)])  # fmt: skip
def test_some_examples_hold_through_writer_and_reader(name, form, every, tmp_path):
    """quality A11: a steady sample; all of them in the slow test."""
    assert not wrong_ones(examples(name, form)[::every], tmp_path, form)


@pytest.mark.parametrize(("name", "form", "share"), [("903", "csv", 0.9), ("903", "xml", 0.8), ("cin", "xml", 0.95)])  # fmt: skip
def test_nearly_every_rule_has_an_example_that_a_file_can_hold(name, form, share):
    """quality A11: what cannot be sent is what no file holds: directories, absent columns, rows of no child."""
    rules = {(rule.code, rule.version) for rule in all_versions(name)}
    sent = {(rule.code, rule.version) for rule, *_ in examples(name, form)}
    assert len(sent) >= share * len(rules), sorted(rules - sent)


def test_reviews_factors_and_last_year_are_among_what_is_sent():
    """quality A11, section 6 (b): nested tables go through the census file, last year's through its folder."""
    census = [sent for *_, sent in examples("cin", "xml")]
    assert {"Reviews", "Disabilities", "Assessments"} <= {t for sent in census for t in sent.order}
    assert any(row.get("AssessmentFactors") for s in census for row in s.tables.get("Assessments", ()))  # fmt: skip
    looked_after = {t for *_, sent in examples("903", "xml") for t in sent.order}
    assert {"SWEpisodes", "DoLo", "UASC", "AD1", "OC3", "Episodes_last"} <= looked_after


def test_factors_as_rows_and_as_a_list_make_one_file(tmp_path):
    """quality A11, 1.5: an example that lists factors holds for AssessmentFactorsList too, the file being the same."""
    compared = 0
    for *_, sent in examples("cin", "xml"):
        assessments = sent.tables.get("Assessments", [])
        if not any(row.get("AssessmentFactors") for row in assessments):
            continue
        keys = ("LAchildID", "CINdetailsID", "AssessmentID")
        listed = [{k: row[k] for k in keys} | {"AssessmentFactor": factor}
                  for row in assessments for factor in row.get("AssessmentFactors") or ()]  # fmt: skip
        bare = [{k: v for k, v in row.items() if k != "AssessmentFactors"} for row in assessments]
        as_rows = sent.tables | {"Assessments": bare, "AssessmentFactorsList": listed}
        one = write_cin_xml(sent.tables, tmp_path / "list.xml").read_bytes()
        assert one == write_cin_xml(as_rows, tmp_path / "rows.xml").read_bytes()
        compared += 1
    assert compared > 5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_every_example_that_can_be_sent_holds_through_the_reader(name, form, tmp_path):
    """quality A11"""
    wrong = wrong_ones(examples(name, form), tmp_path, form)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("name", "form"), [("cin", "xml"), ("903", "csv")])
def test_shuffled_columns_small_letters_and_turned_rows_change_nothing(name, form):
    """quality 6 (c): rows permuted, places permute alike."""
    rng = random.Random(7)
    single = re.compile(r"order|tie|first row|file")
    for rule, case, year, _ in examples(name, form)[::24]:
        if single.search(case.it):
            continue
        turned, back = {}, {}
        for table, rows in given_rows(case).items():
            order = list(range(len(rows)))
            rng.shuffle(order)
            back[table] = {new: old for new, old in enumerate(order)}
            heads = list(rows[0])
            rng.shuffle(heads)
            turned[table.lower()] = [{h.lower(): rows[n][h] for h in heads} for n in order]
        metadata = {"reference_date": f"{year}-03-31", **case.metadata}
        report = check_tables(rule.return_, year, turned, metadata, None, case.mode or "stated", [rule.code])  # fmt: skip
        found = {(t, back[t][r]) for _, t, r in report.places() if t}
        assert found == wanted(case), (rule.code, case.it)
