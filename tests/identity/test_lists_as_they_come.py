"""Lists as councils export them: separators, alphabets, workbooks, dates in any dress."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from threecircles.core.errors import ThreeCirclesError
from threecircles.identity import link
from threecircles.identity.births import days

_YAML = """
sources:
  - {name: school, file: FILE, record_id: Pupil Ref, first_name: Given Name, surname: Family Name,
     date_of_birth: DOB, sex: Gender, postcode: Post Code}
  - {name: health, file: b.csv, record_id: id, first_name: FORENAME, surname: SURNAME,
     date_of_birth: birth, sex: sex, postcode: pcode}
"""
_PUPILS = [
    ("1", "Łukasz", "Żak-Nowak", "03/05/2014", "Male", "LS1 4AP"),
    ("2", "José", "García López", "14/11/2012", "M", "LS2 7AB"),
    ("3", "Siobhán", "O’Neill", "28/02/2016", "Female", "LS6 2EF"),
    ("4", "Мария", "Иванова", "09/07/2015", "F", "LS8 1NG"),
]
_PATIENTS = [
    ("H1", "LUKASZ", "ZAK", "2014-05-03 00:00:00", "1", "ls14ap"),
    ("H2", "JOSE", "GARCIA-LOPEZ", "2012-11-14 00:00:00", "1", "ls27ab"),
    ("H3", "SIOBHAN", "ONEILL", "2016-02-28 00:00:00", "2", "ls62ef"),
    ("H4", "MARIYA", "IVANOVA", "2015-07-09 00:00:00", "2", "ls81ng"),
]
_HEAD = ["Pupil Ref", "Given Name", " Family Name ", "DOB", "Gender", "Post Code"]


def _linked(tmp_path, file: str):
    (tmp_path / "S.yaml").write_text(_YAML.replace("FILE", file), encoding="utf-8")
    rows = [["id", "FORENAME", "SURNAME", "birth", "sex", "pcode"], *_PATIENTS]
    (tmp_path / "b.csv").write_text("\n".join(",".join(r) for r in rows), encoding="cp1252")
    persons = link(tmp_path / "S.yaml", tmp_path / "out").person_record
    groups = persons.group_by("person_id").agg(pl.col("record_id").sort())["record_id"].to_list()
    return sorted(g for g in groups if len(g) > 1)


_PAIRS = [["1", "H1"], ["2", "H2"], ["3", "H3"], ["4", "H4"]]


def test_semicolons_marks_other_alphabets_and_two_ways_to_write_a_day_are_no_hindrance(tmp_path):
    text = "\n".join(";".join(r) for r in [_HEAD, *_PUPILS])
    (tmp_path / "a.csv").write_text(text, encoding="utf-8-sig")
    assert _linked(tmp_path, "a.csv") == _PAIRS


def test_a_workbook_is_read_as_it_is(tmp_path):
    table = pl.DataFrame(_PUPILS, schema=_HEAD, orient="row")
    table = table.with_columns(pl.col("DOB").str.to_date("%d/%m/%Y"))
    table.write_excel(tmp_path / "a.xlsx")
    assert _linked(tmp_path, "a.xlsx") == _PAIRS


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_what_is_no_list_at_all_is_refused_in_words(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(ThreeCirclesError, match="cannot be read as a workbook"):
        _linked(tmp_path, name)


@pytest.mark.parametrize(
    "form",
    ["%d-%b-%y", "%d %b %y", "%d-%b-%Y 00:00:00", "%b %d, %Y", "%d %B %Y", "%d/%m/%y", "%Y%m%d"],
)
def test_a_year_of_two_digits_beside_a_month_in_words_is_of_this_century(form):
    "Databases write 04-MAR-12: that child was not born in the year 12."
    born = [date(2012, 3, 4), date(2015, 11, 30), date(2009, 1, 31)]
    for write in (str, str.upper):
        assert days(pl.Series([write(d.strftime(form)) for d in born])).to_list() == born


def test_a_request_that_names_nothing_to_compare_is_told_so(tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n2\n")
    (tmp_path / "S.yaml").write_text("sources: [{name: a, file: a.csv, record_id: id}]")
    (problem,) = link(tmp_path / "S.yaml", tmp_path / "out").problems
    assert problem.startswith("a: Nothing is compared")
