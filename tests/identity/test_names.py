"""Readings of names: kept as received, compared as a set."""

from __future__ import annotations

import pytest

from threecircles.definitions import read_csv
from threecircles.identity.names import (
    birth_order,
    first_readings,
    fold,
    is_not_a_name,
    surname_readings,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Zoë", "zoe"), ("O’Brien", "obrien"), ("Straße", "strasse"), ("Łukasz", "lukasz"), ("Işık", "isik"),
     ("Владимир", "vladimir"), ("Νίκος", "nikos")],
)  # fmt: skip
def test_marks_apostrophes_and_alphabets_are_folded(text, plain):
    assert fold(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Baby",
        "Twin 1",
        "T2",
        "infant of Smith",
        "unknown",
        "test",
        "N/K",
        "",
        None,
        "Baby girl",
        "2nd twin",
    ],
)
def test_what_is_not_a_name_is_missing(text):
    assert is_not_a_name(text)
    assert first_readings(text) == ()


@pytest.mark.parametrize("text", ["Tom", "Babette", "Twinkle", "Al"])
def test_names_that_look_like_it_are_names(text):
    assert not is_not_a_name(text)


def test_birth_order_is_kept_where_it_is_stated():
    assert [birth_order(t) for t in ("Twin 1", "t2", "Baby 2", "Anna", None)] == [
        1,
        2,
        2,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tom", "Thomas"),
        ("Becky", "Rebecca"),
        ("Md", "Mohammed"),
        ("Muhammad", "Mohamed"),
        ("Kasia", "Katarzyna"),
    ],
)
def test_nicknames_and_spelling_families_share_a_reading(one, other):
    assert set(first_readings(one)) & set(first_readings(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Smith-Jones", "Jones"),
        ("Smith Jones", "Smith-Jones"),
        ("de Souza", "Souza"),
        ("Al-Hassan", "Alhassan"),
        ("MacDonald", "McDonald"),
        ("O'Neil", "ONeil"),
    ],
)
def test_double_names_and_particles_share_a_reading(one, other):
    assert set(surname_readings(one)) & set(surname_readings(other))


def test_the_list_of_nicknames_is_long_and_says_where_each_pair_comes_from():
    rows = read_csv("identity/nicknames")
    assert len(rows) >= 400
    assert all(r["language"] and r["source"] and r["name"] != r["form"] for r in rows)
