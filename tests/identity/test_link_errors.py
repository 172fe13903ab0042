"""The table behind the pack's page: links expected to be wrong and to be missing, by group."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from threecircles.identity.place.link_errors import link_errors
from threecircles.identity.place.tables import NO_CODE, link_tables

_PLACE = SimpleNamespace(year=2026, deliveries=())


def _made(missed: int, links: int = 200, empty: int = 0):
    """Links of two ethnic groups; of APKN `missed` pairs were not joined and `empty` lack a postcode."""
    told, records, edges = [], [], []
    for group, left_out in (("APKN", missed), ("WBRI", 0)):
        for i in range(links + left_out):
            name = f"{group}{i}"
            for source in ("school", "health"):
                told.append((source, name, "linked", "F", group, "1"))
                postcode = None if group == "APKN" and i < empty else "LS1 4AP"
                records.append((source, name, "amina", "khan", 2015, "F", postcode, False))
            joined = i < links
            edges.append(("school", name, "health", name, 0.999 if joined else 0.9, "linked" if joined else "unlinked", None, "score"))  # fmt: skip
    return (
        pl.DataFrame(told, orient="row", schema=["source", "source_key", "band", "sex", "ethnic_group", "fifth"]),
        pl.DataFrame(records, orient="row", schema=["source", "source_key", "first", "surname", "birth_year", "sex", "postcode", "has_co_twin"], infer_schema_length=None),
        pl.DataFrame(edges, orient="row", schema={"source_l": pl.String, "record_l": pl.String, "source_r": pl.String, "record_r": pl.String, "p": pl.Float64, "band": pl.String, "why": pl.String, "rule": pl.String}),
    )  # fmt: skip


def _value(table, group: str, measure: str) -> float | None:
    found = table.frame.filter((pl.col("group") == group) & (pl.col("measure") == measure))
    return found["value"].item() if len(found) else None


def test_each_group_has_its_links_the_wrong_and_the_missing_of_a_thousand():
    """identity A14: 20 pairs of .9 left out beside 200 links of .999."""
    table = link_errors(*_made(missed=20), _PLACE)
    assert _value(table, "All", "links") == 400
    assert _value(table, "ethnic_group:APKN", "links_wrong") == pytest.approx(1.0, abs=1e-6)
    assert _value(table, "ethnic_group:APKN", "links_missing") == pytest.approx(1000 * 18 / (18 + 199.8))  # fmt: skip
    assert _value(table, "ethnic_group:WBRI", "links_missing") == 0
    assert _value(table, "fifth:1", "links") == 400
    assert _value(table, "All", "links_wrong_expected") == pytest.approx(0.4)
    assert _value(table, "All", "links_missing_expected") == pytest.approx(18.0)
    assert _value(table, "All", "in_both_of_1000") == pytest.approx(1000 * (399.6 + 18) / 400)


def test_a_group_with_empty_fields_is_marked_and_others_are_not():
    """identity A5"""
    table = link_errors(*_made(missed=0, empty=60), _PLACE)
    assert _value(table, "ethnic_group:APKN", "fields_empty") == pytest.approx(120 / 2000)
    assert (
        _value(table, "ethnic_group:APKN", "fields_empty_times") or 0
    ) > 10  # nobody else lacks any
    told, records, edges = _made(missed=0, empty=60)
    some = pl.col("source_key").is_in([f"WBRI{i}" for i in range(15)])
    records = records.with_columns(postcode=pl.when(~some).then("postcode"))
    table = link_errors(told, records, edges, _PLACE)
    assert _value(table, "ethnic_group:APKN", "fields_empty_times") == pytest.approx(
        120 / 31, rel=0.01
    )
    assert _value(table, "ethnic_group:WBRI", "fields_empty_times") is None


def test_those_who_did_not_agree_to_linking_are_no_failure_and_no_link_at_all_is_said():
    told, records, edges = _made(missed=0)
    none = link_errors(told.with_columns(band=pl.lit("not_agreed")), records, edges, _PLACE)
    row = none.frame.filter(pl.col("measure") == "links_wrong").row(0, named=True)
    assert row["value"] is None and row["reason"] == "not_applicable"


def _pack_tables(**more):
    """The four tables of a place whose lists hold 480 records; more: columns of the records instead."""
    told, records, edges = _made(missed=0, links=120)
    names = {"school": "school-census", "health": "two-year-review"}
    renamed = pl.col("source").replace(names)
    edges = edges.with_columns(pl.col(f"source_{s}").replace(names) for s in "lr")
    pointers = told.select(
        renamed, "source_key", "band", person_id=pl.concat_str("source", "source_key")
    )
    public = pointers.select(
        "person_id", sex=pl.lit("F"), lsoa21=pl.lit("E1"),
        ethnic_group=pl.when(pl.col("source_key").str.ends_with("7")).then(pl.lit("John Smith")).otherwise(pl.lit("WBRI")),
    )  # fmt: skip
    records = records.with_columns(renamed, birth_date=pl.lit("2015-01-02"), **more)
    place = SimpleNamespace(year=2026, deliveries=(), reference={})
    return {t.spec.id: t for t in link_tables(records, pointers, public, edges, place)}


def test_words_that_stand_where_a_code_belongs_reach_no_table():
    """A cell of a list can hold a name: whoever has no code of the list is in one group without words."""
    tables = _pack_tables()
    assert len(tables) == 4
    for table in tables.values():
        assert "Smith" not in table.frame.write_csv() + str(table.spec)
    group = tables["linkage-group"].frame
    assert group.filter(pl.col("group") == f"ethnic_group:{NO_CODE}")["n"].item() == 48


def test_a_record_without_an_age_stands_in_a_line_of_its_own():
    """disclosure A1: left out, it would be told by the difference of two tables' totals."""
    nobody = pl.when(pl.col("source_key") == "WBRI3").then(None).otherwise("birth_year")
    tables = _pack_tables(birth_year=nobody)
    ages = tables["linkage-age"].frame
    by_age = dict(ages.select("age", "n").iter_rows())
    assert by_age == {"All": 480, "11": 478, "not-known": 2}
    assert tables["linkage-age"].spec.dimensions[0].labels["not-known"] == "Not known"
    everybody = tables["linkage-group"].frame.filter(pl.col("group") == "All")
    assert everybody["n"].item() == by_age["All"]
