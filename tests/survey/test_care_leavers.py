"""Care leavers: safe, not only housed (survey page, section 3d)."""

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.definitions import read_csv
from threecircles.record.mapping.codes import crosswalk
from threecircles.survey.care_leavers import KINDS, MEASURES, MODULE, homes, sentence


@pytest.fixture
def leavers():
    """100 leavers: 5 in custody, 2 of them called suitable by a local file; 8 not in touch; 4 not known."""
    kinds = ["custody"] * 5 + ["own_tenancy"] * 40 + ["supported"] * 30 + ["temporary"] * 13 + ["not_known"] * 4 + ["with_family"] * 8  # fmt: skip
    suitable = ["suitable"] * 2 + ["unsuitable"] * 3 + ["suitable"] * 70 + ["unsuitable"] * 13 + ["not_known"] * 12  # fmt: skip
    return pl.DataFrame(
        {"home": kinds, "suitable": suitable, "in_touch": [True] * 92 + [False] * 8}
    )


def value(table, home, measure):
    """One figure of a measured table."""
    return table.frame.filter(home=home, measure=measure)["value"].item()


def test_custody_is_never_inside_suitable(leavers):
    """A29, record A20: 70 of 88, not 72; the two called suitable are named."""
    table = homes(leavers, "2026")
    assert value(table, "All", "suitable") == 70
    assert value(table, "All", "in_custody") == value(table, "custody", "leavers") == 5
    assert value(table, "All", "custody_recorded_suitable") == 2
    assert value(table, "custody", "suitable") == 0
    assert "Custody is never counted as suitable" in table.spec.notes[0]
    assert sentence("70", "100", "5").endswith(
        "5 are in custody, which is not counted as suitable."
    )


def test_kinds_sum_to_all_with_those_not_in_touch_and_not_known(leavers):
    """A29."""
    table = homes(leavers, "2026")
    assert sum(value(table, k, "leavers") for k in KINDS) == value(table, "All", "leavers") == 100
    assert (value(table, "not_in_touch", "leavers"), value(table, "not_known", "leavers")) == (8, 4)
    for kind in (*KINDS, "All"):
        parts = [value(table, kind, m) for m in MEASURES[1:]]
        assert sum(parts) == value(table, kind, "leavers")


def test_custody_is_said_even_when_nobody_is_there(leavers):
    """record A20."""
    table = homes(leavers.filter(pl.col("home") != "custody"), "2026")
    assert value(table, "custody", "leavers") == 0
    assert "0 are in custody" in sentence("70", "95", "0")


def test_a_module_that_was_not_given_is_not_asked(leavers):
    """A29."""
    rows = homes(leavers, "2026").frame.filter(pl.col("measure").str.ends_with("_agree"))
    assert rows.height == len(MODULE) * (len(KINDS) + 1)
    assert set(rows["reason"]) == {"not_asked"}
    asked = homes(leavers.with_columns(lca1=pl.lit(4)), "2026")
    assert value(asked, "own_tenancy", "lca1_agree") == 40


def test_a_home_of_no_kind_is_refused(leavers):
    with pytest.raises(UsageError, match="no kind that is known"):
        homes(leavers.with_columns(home=pl.lit("castle")), "2026")


def test_every_code_of_the_return_falls_in_exactly_one_kind():
    """record A20: B1 to Z2; a code outside the list is unmapped."""
    codes = [row["code"] for row in read_csv("codes/leaver-accommodation")]
    assert (
        sorted(crosswalk("leaver-home"))
        == sorted(crosswalk("leaver-home-suitable"))
        == sorted(codes)
    )
    assert set(crosswalk("leaver-home").values()) <= set(KINDS) - {"not_in_touch"}
    assert "Q9" not in crosswalk("leaver-home")
