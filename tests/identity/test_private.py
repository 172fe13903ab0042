"""Linkage between bodies that may not show each other their lists."""

from __future__ import annotations

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.identity import overlap
from threecircles.identity.bloom import encoded, matched

KEY = bytes(range(32))
FIELDS = {"first_name": "f", "surname": "s", "date_of_birth": "d", "postcode": "p"}


def _list(*rows):
    return pl.DataFrame(rows, schema=["id", *FIELDS.values()], orient="row")


ONE = _list(("a1", "Thomas", "Abbott", "2014-05-03", "EA1 1AA"), ("a2", "Zoë", "O'Hara", "2015-01-09", "EA2 1AA"))  # fmt: skip
OTHER = _list(
    ("b1", "Tomas", "Abbot", "03/05/2014", "EA1 1AA"), ("b2", "Zoe", "OHara", "09/01/2015", "EA9 9ZZ"),
    ("b3", "Malik", "Underwood", "03/05/2014", "EA7 3QQ"),
)  # fmt: skip


def _filters(table, pair="school-charity", key=KEY):
    return encoded(table, FIELDS, "id", key, pair)


def test_mistyped_names_meet_in_the_filters_and_strangers_of_one_birthday_do_not():
    found = matched(_filters(ONE), _filters(OTHER))
    assert found.select("record_l", "record_r").rows() == [("a1", "b1"), ("a2", "b2")]


def test_each_record_is_given_once_to_the_rival_that_fits_best():
    rivals = _list(("b1", "Thomas", "Abbott", "2014-05-03", "EA1 1AA"), ("b2", "Thomass", "Abbott", "2014-05-03", "EA1 1AA"))  # fmt: skip
    found = matched(_filters(ONE), _filters(rivals))
    assert found.select("record_l", "record_r").rows() == [("a1", "b1")]


def test_filters_of_another_key_or_another_pair_of_bodies_meet_nobody():
    for other in (_filters(OTHER, pair="school-clinic"), _filters(OTHER, key=bytes(32))):
        assert matched(_filters(ONE), other).is_empty()


def test_a_filter_file_holds_no_name_birthday_or_postcode(tmp_path):
    """identity A10"""
    _filters(ONE).write_parquet(tmp_path / "f.parquet")
    data = (tmp_path / "f.parquet").read_bytes().lower()
    assert not [v for v in (b"thomas", b"abbott", b"2014-05-03", b"ea1 1aa", b"ea11aa") if v in data]  # fmt: skip


def test_filters_without_a_birthday_are_refused_in_words():
    with pytest.raises(UsageError, match="need the birthday"):
        encoded(ONE, {"first_name": "f"}, "id", KEY, "x")


def test_two_bodies_learn_how_many_children_they_share_and_no_small_number(tmp_path):
    pytest.importorskip("private_set_intersection", reason="openmined-psi is not installed")
    mine = [f"94347659{i:02d}" for i in range(30)]
    asked, secret, told = (tmp_path / n for n in ("q", "s", "r"))
    overlap.ask(mine, secret, asked)
    overlap.answer([*mine[:12], "1111111111"], asked, told)
    assert overlap.count(secret, told) == 12
    overlap.answer(mine[:4], asked, told)
    assert overlap.count(secret, told) is None
    assert not any(m.encode() in asked.read_bytes() + told.read_bytes() for m in mine)


def test_without_the_package_the_command_says_what_to_install(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "private_set_intersection.python", None)
    monkeypatch.setitem(sys.modules, "private_set_intersection", None)
    with pytest.raises(UsageError, match="openmined-psi"):
        overlap.ask(["1"], tmp_path / "s", tmp_path / "q")
