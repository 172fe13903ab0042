"""A place holds chances to work children out, and says where they are."""

import polars as pl
import pytest

from threecircles.synthetic.bait import bait_table
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.world import build_world


@pytest.fixture(scope="module")
def bait(borough):
    return bait_table(borough)


def test_every_kind_of_chance_is_there(bait):
    """A10: small cells in nearly every ward of the borough, and at least five chances by differencing."""
    small = bait.filter(pl.col("kind") == "small_cell")
    assert small["ward"].n_unique() >= 10
    assert bait.filter(pl.col("kind") != "small_cell").height >= 5
    assert bait["children"].is_between(1, 4).all()


def test_subtracting_gives_the_planted_number(borough, bait):
    """A10: a ward less its other areas is the number listed."""
    from threecircles.synthetic.bait import _people

    people = _people(borough)
    for row in bait.filter(pl.col("kind") == "ward_less_area").iter_rows(named=True):
        ward = people.filter(pl.col("ward") == row["ward"])[row["outcome"]].sum()
        others = people.filter(
            (pl.col("ward") == row["ward"]) & (pl.col("lsoa21") != row["lsoa21"])
        )[row["outcome"]].sum()
        assert ward - others == row["children"]


@pytest.mark.slow
def test_twenty_wards_of_the_county_hold_a_small_cell():
    """A10."""
    bait = bait_table(build_world(load_profile("county"), 1, 2026))
    assert bait.filter(pl.col("kind") == "small_cell")["ward"].n_unique() >= 20
    assert bait.filter(pl.col("kind") != "small_cell").height >= 5
