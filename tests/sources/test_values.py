"""Values in one form with typed companions (quality 1.4)."""

import datetime as dt

import polars as pl
import pytest

from threecircles.sources import read, source
from threecircles.sources.canonical import canonical
from threecircles.sources.dates import parse_date, parse_serial
from threecircles.sources.declared import Column
from threecircles.sources.noting import Where
from threecircles.sources.split import split

from .samples import child, cin_xml, write

DAY = dt.date(2025, 4, 1)


def change(values, kind, source_id="ssda903", **more):
    where = Where("f1", "a.csv", "T", source(source_id))
    return canonical(
        pl.Series("X", values, dtype=pl.Utf8), Column(name="X", type=kind, **more), where
    )


@pytest.mark.parametrize(
    "text",
    ["01/04/2025", "1/4/2025", "01-04-2025", "01.04.2025", "2025-04-01", "2025-04-01T00:00:00", "2025-04-01 10:11:12Z",
     "01-Apr-2025", "2025-Apr-01 00:00:00", " 01/04/2025 "],
)  # fmt: skip
def test_every_form_of_a_date_is_the_same_day(text):
    """A5 (quality)."""
    assert parse_date(text)[0] == DAY


@pytest.mark.parametrize(
    ("text", "why"),
    [("01/02/24", "two-digit-year"), ("31/02/2024", "impossible"), ("ZZ/ZZ/2015", "partial"), ("soon", "not-a-date"),
     ("04/13/2025", "impossible"), ("", "not-a-date")],
)  # fmt: skip
def test_what_is_not_a_date_says_why(text, why):
    """A5 (quality)."""
    assert parse_date(text) == (None, why)


def test_spreadsheet_day_numbers_are_known_days():
    assert parse_serial("45000") == dt.date(2023, 3, 15)
    assert parse_serial("44286") == dt.date(2021, 3, 31)
    assert parse_serial("43538", year_1904=True) == dt.date(2023, 3, 15)
    assert parse_serial("12") is None


def test_all_forms_in_one_column_are_typed_and_each_form_is_counted():
    """A5 (quality)."""
    result = change(["01/04/2025", "2025-04-01", "2025-04-01", "01-Apr-2025", "01/04/25"], "date")
    assert result.columns["X"].to_list() == ["01/04/2025"] * 4 + ["01/04/25"]
    assert result.columns["X__date"].to_list() == [DAY] * 4 + [None]
    assert {(n.code, n.count) for n in result.notes} == {
        ("date-form", 2),
        ("date-form", 1),
        ("two-digit-year", 1),
    }


def test_a_date_on_the_29th_of_february_exists_in_leap_years_alone():
    assert parse_date("29/02/2024")[0] == dt.date(2024, 2, 29)
    assert parse_date("29/02/2025")[0] is None


def test_903_text_is_read_in_capitals_and_census_text_is_not():
    assert change([" c2 "], "code").columns["X"].to_list() == ["C2"]
    assert change([" c2 "], "code", "cin-census").columns["X"].to_list() == [" c2 "]


def test_small_letters_are_one_note_and_not_thousands_of_findings():
    assert [n.count for n in change(["c2"] * 5000, "code").notes] == [5000]


def test_a_blank_is_null_and_a_leading_nought_stays():
    result = change(["", "  ", "007"], "text", "early-help")
    assert result.columns["X"].to_list() == [None, None, "007"]


def test_words_are_blank_only_where_the_column_lists_them():
    assert change(["N/A"], "text").columns["X"].to_list() == ["N/A"]
    assert change(["N/A", "null"], "text", blank_words=("n/a", "NULL")).columns["X"].to_list() == [
        None,
        None,
    ]


@pytest.mark.parametrize(("text", "flag"), [("true", "1"), ("FALSE", "0"), ("1", "1"), ("No", "0")])
def test_yes_and_no_in_any_words_become_one_and_nought(text, flag):
    assert change([text], "bool", "cin-census").columns["X"].to_list() == [flag]


def test_the_census_flag_false_is_nought(tmp_path):
    text = cin_xml(child(1).replace("<ReferralNFA>0", "<ReferralNFA>False"))
    assert read(write(tmp_path, "a.xml", text)).tables["CINdetails"]["ReferralNFA"].to_list() == [
        "0"
    ]


def test_postcodes_are_capitals_with_one_space():
    assert change(["ea11aa", "EA1  1AA", "nonsense"], "postcode", "early-help").columns["X"].to_list() == [
        "EA1 1AA", "EA1 1AA", "nonsense",
    ]  # fmt: skip


def test_whole_numbers_lose_their_nought_behind_the_point():
    result = change(["12.0", "7", "x", "1.5"], "int", "early-help")
    assert result.columns["X"].to_list() == ["12", "7", "x", "1.5"]
    assert result.columns["X__int"].to_list() == [12, 7, None, None]


def test_money_is_whole_pence():
    result = change(["1,234.56", "£10", "-0.29"], "money", "s251-outturn")
    assert result.columns["X__pence"].to_list() == [123456, 1000, -29]


def test_a_number_out_of_range_is_noted_and_kept():
    result = change(["41", "40", "-1"], "int", min=0, max=40)
    assert result.columns["X__int"].to_list() == [41, 40, -1]
    assert [n.code for n in result.notes] == ["out-of-range", "out-of-range"]


def test_an_identifier_that_a_spreadsheet_destroyed_is_noted_and_kept():
    result = change(["1.20E+12"], "upn")
    assert result.columns["X"].to_list() == ["1.20E+12"]
    assert [n.code for n in result.notes] == ["digits-destroyed"]


def test_words_of_a_list_become_its_code_in_an_extract_but_not_in_a_return():
    assert change(["Female", "m"], "code", "youth-justice", codes="sex").columns["X"].to_list() == [
        "F",
        "M",
    ]
    assert change(["FEMALE"], "code", "ssda903", codes="sex").columns["X"].to_list() == ["FEMALE"]


def test_notes_quote_no_value():
    result = change(["01/02/24", "Zebedee"], "date", personal="quasi")
    assert not any("Zebedee" in n.sentence or "01/02/24" in n.sentence for n in result.notes)


@pytest.mark.parametrize(
    ("body", "rows", "blank"),
    [
        ("1,a\n2,b\n", 2, 0),
        ("1,a\n2,b", 2, 0),
        ("1,a\n\n2,b\n", 2, 1),
        ("1,a\n , \n2,b\n", 2, 1),
        ("1\n2,b,c\n", 0, 0),
        ("1,a\n2\n", 1, 0),
    ],
)
def test_lines_are_laid_on_columns_alike_whether_read_at_once_or_one_by_one(body, rows, blank):
    """Even lines are read at once, uneven ones one by one; blank lines and rows are counted alike."""
    at_once = split("x,y\n" + body, ",", 1, 2, 50)
    one_by_one = split('x,y\n"0",z\n' + body, ",", 1, 2, 50)
    assert (at_once.frame.height, at_once.blank) == (rows, blank)
    assert at_once.frame.rows() == one_by_one.frame.rows()[1:]
    assert (at_once.at + 1).to_list() == one_by_one.at.to_list()[1:]
    assert (one_by_one.blank, len(one_by_one.broken)) == (blank, len(at_once.broken))
