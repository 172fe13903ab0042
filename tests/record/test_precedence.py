"""Record 6: where sources disagree a written rule chooses, whatever the order in which they are read."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from threecircles.record.precedence import conflicts, precedence

SAID = [
    ("P", "two-year-review", "WBRI"),
    ("P", "early-years-census", "WBRI"),
    ("P", "two-year-place", "MOTH"),
    ("Q", "early-help", "BCRB"),
    ("Q", "school-census", "WBRI"),
]


def told(said):
    facts = pl.DataFrame(said, schema=["person_id", "source", "ethnic_group"], orient="row")
    return conflicts(facts, precedence())


@given(st.permutations(SAID))
def test_the_order_in_which_sources_are_read_changes_nothing(said):
    assert told(said).equals(told(SAID))


def test_the_source_named_first_is_believed():
    assert dict(told(SAID).select("person_id", "chosen").iter_rows())["Q"] == "WBRI"


def test_not_known_disagrees_with_nobody():
    assert told([("P", "two-year-place", "NOT KNOWN"), ("P", "two-year-review", "WBRI")]).is_empty()
