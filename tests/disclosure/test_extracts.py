"""Extracts for researchers: what may be in them, k and l, seals and receipts."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure import extracts
from threecircles.disclosure.anonymity import anonymity, make_anonymous

PEOPLE = pl.DataFrame(
    {
        "person": [f"p{i}" for i in range(60)],
        "age": [str(5 + i % 6) for i in range(60)],
        "area": ["E1" if i < 55 else "E2" for i in range(60)],
        "started": [f"2024-0{1 + i % 3}-{1 + i % 28:02d}" for i in range(60)],
        "plan": ["yes" if i % 4 else "no" for i in range(60)],
    }
)
BANDS = {str(a): "5-7" if a < 8 else "8-10" for a in range(5, 11)}
SPEC = """
id: study
label: A study
source: test
project: p1
ethics_id: e1
agreement: a1
keep_until: 2099-01-01
k: 10
columns:
  - {name: person, treat: key}
  - {name: age, quasi: true, coarser: [{"5": 5-7, "6": 5-7, "7": 5-7, "8": 8-10, "9": 8-10, "10": 8-10}]}
  - {name: area, quasi: true, values: [E1, E2]}
  - {name: started, treat: month}
  - {name: plan, sensitive: true, values: [yes, no]}
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    return extracts.load_spec(path)


def test_k_and_l_are_what_counting_by_hand_gives():
    table = pl.DataFrame({"a": ["x", "x", "x", "y", "y"], "s": ["1", "1", "2", "1", "1"]})
    found = anonymity(table, ["a"], ["s"], k=3, l=2)
    assert (found.k, found.l, found.risky) == (2, 1, 0.4)


def test_values_are_made_coarser_before_rows_are_dropped():
    made = make_anonymous(
        PEOPLE, ["age", "area"], ["plan"], coarser={"age": [BANDS]}, k=10, most_dropped=0.1
    )
    assert made.after.k >= 10 and made.after.l >= 2 and made.dropped == 5
    assert made.steps == {"age": 1, "area": 0} and set(made.frame["age"]) == {"5-7", "8-10"}
    assert "60 rows" in made.text() and "Dropped: 5 rows" in made.text()


def test_what_cannot_be_made_anonymous_is_refused():
    alike = PEOPLE.with_columns(plan=pl.lit("yes"))
    with pytest.raises(NotPermitted, match="cannot be made anonymous"):
        make_anonymous(alike, ["age"], ["plan"])


def test_an_extract_holds_what_was_declared_and_no_more(spec):
    made = extracts.build(PEOPLE.with_columns(surname=pl.lit("x")), spec, b"key")
    assert made.frame.columns == ["person", "age", "area", "started", "plan"]
    assert made.frame["started"].str.len_chars().unique().to_list() == [7]
    assert not set(made.frame["person"]) & set(PEOPLE["person"])
    assert made.after.k >= 10


def test_two_projects_cannot_join_their_extracts(spec):
    one = extracts.build(PEOPLE, spec, b"key of one")
    two = extracts.build(PEOPLE, spec, b"key of two")
    assert not set(one.frame["person"]) & set(two.frame["person"])


@pytest.mark.parametrize("column", ["surname", "UPN", "postcode", "uasc"])
def test_names_numbers_and_immigration_are_never_given_out(tmp_path, column):
    """disclosure A16 for extracts."""
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC + f"  - {{name: {column}}}\n")
    with pytest.raises(UsageError, match="not given out"):
        extracts.load_spec(path)


def test_dummy_data_has_the_columns_and_no_child(spec):
    made = extracts.dummy(spec, 50)
    assert made.columns == [c.name for c in spec.columns] and made.height == 50
    assert not set(made["person"]) & set(PEOPLE["person"])


def test_a_sealed_extract_opens_for_its_recipient_alone_and_is_given_back(spec, tmp_path):
    pyrage = pytest.importorskip("pyrage")
    own, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    made = extracts.build(PEOPLE, spec, b"key")
    out = tmp_path / "extract.age"
    number = extracts.seal(made.frame, spec, str(own.to_public()), tmp_path, out)
    head, _, body = pyrage.decrypt(out.read_bytes(), [own]).partition(b"\n")
    assert b'"destroy_by": "2099-01-01"' in head and body.startswith(b"person,age")
    with pytest.raises(Exception, match=r"(?i)key|decrypt"):
        pyrage.decrypt(out.read_bytes(), [other])
    assert extracts.overdue(tmp_path, date(2099, 2, 1)) == [(number, "p1", "2099-01-01")]
    assert extracts.receipt(tmp_path, number, "destroyed", "A. Researcher").endswith(
        "destroyed by A. Researcher."
    )
    assert extracts.overdue(tmp_path, date(2099, 2, 1)) == []
    with pytest.raises(UsageError, match="already"):
        extracts.receipt(tmp_path, number, "returned", "A. Researcher")


def test_a_wrong_key_is_refused(spec, tmp_path):
    with pytest.raises(UsageError, match="age public key"):
        extracts.seal(PEOPLE, spec, "ssh-rsa x", tmp_path, tmp_path / "x.age")
