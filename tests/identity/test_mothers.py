"""Mothers in care and their children: what the return states, and nobody where it leaves a doubt."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import polars as pl

from threecircles.identity.place.mothers import mothers

BORN, CHILD = date(2009, 3, 1), date(2025, 6, 2)


def _told(children, mother_flag="1", born=BORN):
    header = pl.DataFrame({"CHILD": ["M1"], "MOTHER": [mother_flag], "MC_DOB__date": [CHILD]})
    place = SimpleNamespace(of=lambda source: [SimpleNamespace(id="care")] if source == "ssda903" else [])  # fmt: skip
    pointers = pl.DataFrame({"delivery": ["care"], "source": ["ssda903"], "source_key": ["M1"], "person_id": ["mum"]})  # fmt: skip
    births = pl.DataFrame({"person_id": ["mum", *children], "birth": [born, *[d for d, _ in children.values()]]})  # fmt: skip
    surnames = pl.DataFrame({"person_id": ["mum", *children], "surname": ["cole", *[s for _, s in children.values()]]})  # fmt: skip
    return mothers({"sources.care.Header": header}, place, pointers, births, surnames)


def test_the_child_of_a_stated_birthday_and_surname_is_the_mothers():
    """identity 5: mother-child from SSDA903 MOTHER and MC_DOB; stated, and marked so."""
    found = _told({"kid": (CHILD, "cole"), "other": (CHILD, "smith")})
    assert found.select("person_id", "other_person_id", "kind", "basis", "valid_from").rows() == [
        ("kid", "mum", "parent", "stated", CHILD)
    ]


def test_two_children_of_that_birthday_and_surname_are_nobodys():
    assert _told({"kid": (CHILD, "cole"), "twin": (CHILD, "cole")}).is_empty()


def test_who_is_no_mother_has_no_child():
    assert _told({"kid": (CHILD, "cole")}, mother_flag="0").is_empty()


def test_a_sister_is_not_taken_for_a_child():
    """A mother is at least eleven years older."""
    assert _told({"near": (CHILD, "cole")}, born=date(2016, 5, 5)).is_empty()
