"""Care leavers: safe, not only housed (survey page, section 3d)."""

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.survey.care_leavers import KINDS, MODULE, homes


@pytest.fixture
def leavers():
    """100 leavers: 5 in custody, 2 of them called suitable by a local file; 8 not in touch; 4 not known."""
    kinds = ["custody"] * 5 + ["own_tenancy"] * 40 + ["supported"] * 30 + ["temporary"] * 13 + ["not_known"] * 4 + ["with_family"] * 8  # fmt: skip
    suitable = ["suitable"] * 2 + ["unsuitable"] * 3 + ["suitable"] * 70 + ["unsuitable"] * 13 + ["not_known"] * 12  # fmt: skip
    return pl.DataFrame(
        {"home": kinds, "suitable": suitable, "in_touch": [True] * 92 + [False] * 8}
    )


def value(table, home, measure):
    """One row of a measured table as a dict."""
    return table.frame.filter(home=home, measure=measure).row(0, named=True)


def test_custody_is_never_inside_suitable(leavers):
    """A29: 70 of 88, not 72; the two called suitable are named."""
    table = homes(leavers, "2026")
    share = value(table, "All", "suitable")
    assert (share["numerator"], share["denominator"]) == (70, 88)
    assert value(table, "All", "custody")["value"] == 5
    assert value(table, "All", "custody_recorded_suitable")["value"] == 2
    assert table.frame.filter(home="custody", measure="suitable").is_empty()
    assert (
        "5 are in custody. 2 of them stand as suitable in the file received" in table.spec.notes[0]
    )


def test_kinds_sum_to_all_with_those_not_in_touch_and_not_known(leavers):
    """A29."""
    table = homes(leavers, "2026")
    by = [value(table, k, "leavers")["value"] for k in KINDS]
    assert sum(by) == value(table, "All", "leavers")["value"] == 100
    assert value(table, "not_in_touch", "leavers")["value"] == 8
    assert value(table, "not_known", "leavers")["value"] == 4


def test_custody_is_said_even_when_nobody_is_there(leavers):
    table = homes(leavers.filter(pl.col("home") != "custody"), "2026")
    assert value(table, "All", "custody")["value"] == 0
    assert "0 are in custody." in table.spec.notes[0]


def test_a_module_that_was_not_given_is_not_asked(leavers):
    """A29."""
    rows = homes(leavers, "2026").frame.filter(pl.col("measure").is_in(list(MODULE)))
    assert set(rows["reason"]) == {"not_asked"}
    asked = homes(leavers.with_columns(safe_where_i_live=pl.lit(4)), "2026")
    assert value(asked, "own_tenancy", "safe_where_i_live")["value"] == 1.0


def test_a_home_of_no_kind_is_refused(leavers):
    with pytest.raises(UsageError, match="no kind that is known"):
        homes(leavers.with_columns(home=pl.lit("castle")), "2026")
