"""The linkage page in words: who is missed most, how many links are wrong, what it does to the circles."""

from __future__ import annotations

from tests.report.conftest import as_safe, measured, spec

from threecircles.core.tables import Dimension
from threecircles.report.pages import linkage
from threecircles.report.pages.link_words import in_words
from threecircles.report.released import Released, Tables, released


def _rows(group: dict[str, str], links: int, wrong: float, missing: float, half: float, empty: float):  # fmt: skip
    return [
        {"measure": "links", "value": float(links), "numerator": float(links), "n": links, **group},
        {"measure": "links_wrong", "value": wrong, "low": max(0.0, wrong - half), "high": wrong + half, "n": links, **group},
        {"measure": "links_missing", "value": missing, "low": max(0.0, missing - half), "high": missing + half, "n": links, **group},
        {"measure": "fields_empty", "value": empty, "n": links, **group},
    ]  # fmt: skip


def _table(pakistani: float, half: float = 4.0, times: float | None = None) -> Released:
    codes = ("ethnic_group:APKN", "ethnic_group:WBRI")
    dimension = Dimension(column="group", label="Group", order=("All", *codes))
    rows = _rows({}, 20_000, 3.0, 8.0, 1.0, 0.03)
    rows += _rows({"group": codes[0]}, 2_000, 3.0, pakistani, half, 0.06)
    rows += _rows({"group": codes[1]}, 18_000, 3.0, 6.0, half, 0.025)
    for name, value in (("links_wrong_expected", 60.0), ("links_missing_expected", 160.8), ("in_both_of_1000", 1005.04)):  # fmt: skip
        rows.append({"measure": name, "value": value, "n": 20_000})
    if times:
        rows.append({"measure": "fields_empty_times", "value": times, "low": 1.6, "high": 2.4, "group": codes[0]})  # fmt: skip
    made = measured(spec("linkage-errors", "Links by group", dimension, kind="quality", unit="of 1,000 links"), rows)  # fmt: skip
    return released([as_safe(made)])["linkage-errors"]


def test_a_reader_is_told_who_is_missed_most_how_many_links_are_wrong_and_what_it_does():
    """identity A14: the three things, in figures and plain words, from a Safe table."""
    told = " ".join(in_words(_table(pakistani=30.0)).paragraphs)
    assert "Of 20,000 links made between two records, about 60 join two different children" in told
    assert "About 161 links that should exist were not made" in told
    assert (
        "Missed most, beyond what chance gives: " in told
        and "30.0 of 1,000" in told
        and "against 8.0 of all" in told
    )
    assert "where 1,000 children are counted in two circles at once, about 1,005 are" in told
    assert "unmet need looks larger than it is" in told


def test_a_higher_bar_that_is_not_named_is_accounted_for():
    """identity A14: who looks at the chart and finds a longer bar than the one named is told why."""
    table = _table(pakistani=30.0)
    rows = _rows({"group": "ethnic_group:WIRI"}, 120, 3.0, 33.0, 28.0, 0.03)
    dimension = Dimension(column="group", label="Group", order=("All", "ethnic_group:APKN", "ethnic_group:WBRI", "ethnic_group:WIRI"))  # fmt: skip
    frame = table.safe.frame.select("group", "measure", "value", "low", "high", "numerator", "n")
    made = measured(
        spec("linkage-errors", "Links by group", dimension, kind="quality", unit="of 1,000 links"),
        [{k: v for k, v in r.items() if v is not None} for r in frame.to_dicts()] + rows,
    )
    told = " ".join(in_words(released([as_safe(made)])["linkage-errors"]).paragraphs)
    assert "gives: Ethnic group: Pakistani, 30.0" in told
    assert (
        "may be chance: Ethnic group: White Irish, 33.0 of 1,000; 95% interval 5.0 to 61.0" in told
    )
    assert "Higher still" not in " ".join(in_words(table).paragraphs)


def test_what_is_no_code_of_a_list_is_never_printed():
    """A cell of a list can hold a name: no group of a page is called by what stood there."""
    from threecircles.report.code_words import group_words

    assert "Smith" not in (group_words("ethnic_group:John Smith") or "Smith")


def test_a_gap_that_chance_gives_names_nobody():
    """identity A5: judged with its uncertainty and for the number of groups, not by its size."""
    told = " ".join(in_words(_table(pakistani=12.0, half=4.0)).paragraphs)
    assert "Missed most" not in told
    assert "No group's links are missed more often than those of all beyond what chance gives" in told  # fmt: skip


def test_empty_fields_are_told_as_the_cause():
    told = " ".join(in_words(_table(pakistani=9.0, times=2.0)).paragraphs)
    assert "6.0% of the fields that are compared are empty, 2.0 times as often" in told


def test_the_page_begins_with_the_words_and_shows_the_table(context):
    table = _table(pakistani=30.0)
    page = linkage.page(Tables({"linkage-errors": table}), context)
    assert page.blocks[0].title == "What to know first"
    assert page.tables == (table.safe,)
    assert "were not joined" in str(linkage.page(Tables(), context).blocks)
