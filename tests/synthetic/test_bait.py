"""A place holds chances to work children out, and says where they are."""

from datetime import date

import polars as pl
import pytest

from threecircles.synthetic.bait import OUTCOMES, bait_table
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.truth import person_table, service_table
from threecircles.synthetic.world import build_world


@pytest.fixture(scope="module")
def bait(borough):
    return bait_table(borough)


def test_every_kind_of_chance_is_there(bait):
    """A10: small cells in nearly every ward of the borough; five chances between ward and area, and between two releases."""
    small = bait.filter(pl.col("kind") == "small_cell")
    assert small["ward"].n_unique() >= 10
    for kind in ("ward_less_area", "two_years"):
        assert bait.filter(pl.col("kind") == kind).height >= 5, kind
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


def residents(borough):
    """Residents with a family, their ward, group, services and whether they came within the year, from the truth tables alone."""
    flags = service_table(borough).select("person_id", **{o: f"in_{o}" for o in OUTCOMES})
    group = pl.DataFrame({"person_id": borough.ids.person_id, "group": borough.ethnic})
    person = person_table(borough).join(flags, on="person_id").join(group, on="person_id")
    return person.filter(pl.col("resident") & (pl.col("ward") != "") & (pl.col("family_id") != ""))


def test_small_cells_are_those_of_a_count_of_the_truth(borough, bait):
    """A10: every cell of 1 to 4 of a group, a ward and an outcome is listed, and none besides."""
    person = residents(borough)
    for outcome in OUTCOMES:
        cells = person.filter(outcome).group_by("ward", "group").len()
        small = {(w, g): n for w, g, n in cells.iter_rows() if n <= 4}
        listed = bait.filter((pl.col("kind") == "small_cell") & (pl.col("outcome") == outcome))
        assert {(r["ward"], r["group"]): r["children"] for r in listed.to_dicts()} == small


def test_two_releases_differ_by_the_number_listed(borough, bait):
    """A10: the year's count of a ward less that of the children who were here a year ago."""
    person = residents(borough)
    year_ago = date(borough.year - 1, 3, 31)
    for row in bait.filter(pl.col("kind") == "two_years").iter_rows(named=True):
        ward = person.filter((pl.col("ward") == row["ward"]) & pl.col(row["outcome"]))
        before = ward.filter(pl.col("arrived").is_null() | (pl.col("arrived") <= year_ago))
        assert ward.height - before.height == row["children"]


def test_the_list_is_written_beside_the_place(hamlet):
    """A10: truth/bait.parquet holds the list, kind by kind."""
    written = pl.read_parquet(hamlet / "truth" / "bait.parquet")
    assert written.columns == [
        "kind", "outcome", "ward", "lsoa21", "group", "children", "given_away_by",
    ]  # fmt: skip
    assert written.height > 0


@pytest.mark.slow
def test_twenty_wards_of_the_county_hold_a_small_cell():
    """A10."""
    bait = bait_table(build_world(load_profile("county"), 1, 2026))
    assert bait.filter(pl.col("kind") == "small_cell")["ward"].n_unique() >= 20
    for kind in ("ward_less_area", "two_years"):
        assert bait.filter(pl.col("kind") == kind).height >= 5
