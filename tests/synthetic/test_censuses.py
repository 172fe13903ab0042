"""The three January censuses of a made-up place: how many children stand in one, and that they agree with offers."""

import polars as pl
import pytest

from threecircles.sources import read
from threecircles.synthetic.days import age_at
from threecircles.synthetic.export.nurseries import (
    alternative_provision_table,
    early_years_census_table,
    two_year_place_table,
)


def test_three_censuses_hold_four_fifths_of_children_once_each(borough):
    """A16: 78-82% of children of 0 to 17, 88-96% of 5 to 15, dual registrations counted once."""
    made, people = borough.nurseries, borough.people
    age = age_at(people.birth, made.day)
    here = people.present(made.day) & (age >= 0) & (age < 18)
    in_one = set(made.nursery_child) | set(made.away_child)
    in_one |= {i for i, school in enumerate(borough.enrolment.school) if school >= 0}
    held = pl.Series(range(people.n)).is_in(sorted(in_one)).to_numpy()
    assert 0.78 <= held[here].mean() <= 0.82
    of_school_age = here & (age >= 5) & (age < 16)
    assert 0.88 <= held[of_school_age].mean() <= 0.96
    assert len(in_one) < len(made.nursery_child) + len(made.away_child) + (borough.enrolment.school >= 0).sum()  # fmt: skip


def test_every_funded_place_has_its_offer_and_every_offer_taken_up_its_place(borough):
    """A16; quality X44 and X45 are silent where no mistake was made."""
    census, offers = early_years_census_table(borough), two_year_place_table(borough)
    who = ["surname", "dob", "postcode"]
    funded = census.filter(pl.col("basis_of_two_year_place").is_not_null()).select("forename", *who)
    taken = offers.filter(pl.col("taken_up_on").is_not_null()).select("forename", *who)
    assert funded.height > 100
    assert set(funded.iter_rows()) == set(taken.iter_rows())
    rolls = set(borough.ids.upn[borough.enrolment.school >= 0].tolist())
    away = alternative_provision_table(borough)
    elsewhere = away.filter(~pl.col("upn").is_in(sorted(rolls)))
    assert 0 < elsewhere.height < away.height and set(elsewhere["sen_provision"]) == {"E"}


def test_fewer_take_a_place_up_where_it_is_poor(borough):
    """Section 5, two-year-olds: 40% eligible, 90% of them offered, 70% of those taken up, falling with deprivation."""
    made, people = borough.nurseries, borough.people
    at_two = people.present(made.day) & (age_at(people.birth, made.day) == 2) & (people.family >= 0)
    assert len(made.two_child) / at_two.sum() == pytest.approx(0.4, abs=0.01)
    offers = two_year_place_table(borough)
    offered = offers.filter(pl.col("offered_on").is_not_null())
    assert offered.height / offers.height == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize(
    ("source", "kind", "table"),
    [
        ("early-years-census", "early_years_census", "early_years_census"),
        ("two-year-place", "two_year_place", "two_year_place"),
        ("alternative-provision-census", "alternative_provision", "alternative_provision"),
    ],
)
def test_each_file_reads_back_with_no_column_left_over(clean, tmp_path, source, kind, table):
    """quality A31: the generated file is read with 0 unmatched columns."""
    frame = clean[f"{kind}_2026"][table]
    frame.write_csv(tmp_path / "file.csv")
    reading = read([tmp_path / "file.csv"], return_name=source)
    assert reading.rejects.height == 0 and reading.extra.height == 0
    assert reading.tables[table].height == frame.height
