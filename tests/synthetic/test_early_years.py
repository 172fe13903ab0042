"""Small children: what is seen at two stands behind what is seen at five, and both leave as real files."""

import numpy as np
import polars as pl
import pytest

from threecircles.sources import read

FILES = {
    "eyfs_profile_2026_made-up-data.csv": "eyfs-profile",
    "two_year_review_2026_made-up-data.csv": "two-year-review",
    "speech_therapy_2026_made-up-data.csv": "speech-language-therapy",
}


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_recognised_and_read_without_a_row_refused(hamlet, name):
    """A4: in the formats that definitions/sources declares."""
    reading = read([hamlet / "received" / name])
    files = reading.files.filter(pl.col("path").str.ends_with(name))
    assert [kind.split(" ")[0] for kind in files["kind"]] == [FILES[name]]
    assert files["rows_rejected"].sum() == 0


def test_shares_below_referred_and_seen_are_those_of_the_profile(borough):
    """A18: within what so few reviews allow, 1.5 points or three standard errors."""
    e, p = borough.early_years, borough.profile["early_years"]
    pairs = [
        (e.below.mean(), p["communication_below"], len(e.below)),
        (e.referred[e.below].mean(), p["referred_below"], e.below.sum()),
        (e.referred[~e.below].mean(), p["referred_above"], (~e.below).sum()),
        ((e.first_seen[e.referred] >= 10**6).mean(), p["never_seen"], e.referred.sum()),
        (len(e.review_child) / len(e.due), p["review_share"], len(e.due)),
    ]
    for got, share, n in pairs:
        assert abs(got - share) < max(0.015, 3 * (share * (1 - share) / n) ** 0.5)


def test_the_truth_tells_of_every_child_due_a_review(hamlet):
    """A18: complete for every child of the year."""
    due = pl.read_parquet(hamlet / "truth" / "two_year.parquet")
    read_back = pl.read_csv(hamlet / "received" / "two_year_review_2026_made-up-data.csv")
    assert due["person_id"].is_unique().all()
    assert due["reviewed_on"].drop_nulls().len() == read_back.height


def test_a_review_at_two_foretells_the_level_at_five_moderately(borough):
    """A18: area under the curve between .65 and .80."""
    e = borough.early_years
    score, good = e.score_then[e.profile_child], e.good
    rank = np.argsort(np.argsort(score)) + 1
    area = (rank[good].sum() - good.sum() * (good.sum() + 1) / 2) / (good.sum() * (~good).sum())
    assert 0.65 <= area <= 0.80


def test_a_good_level_is_all_twelve_goals_and_nothing_less(borough):
    """Fact 42: the definition of the published figure holds for each child."""
    e = borough.early_years
    assert ((e.goals[:, :12] == 2).all(axis=1) == e.good).all()


def test_a_good_level_falls_with_deprivation(borough):
    """A8: the gradient of the level at five by deprivation is in the exports, from the worst to the best third."""
    e, people, land = borough.early_years, borough.people, borough.land
    child = e.profile_child[people.family[e.profile_child] >= 0]
    home = borough.homes.pc[borough.homes.at(people.family[child], borough.end)]
    inside = land.pc_lsoa[home] >= 0
    decile = land.decile[land.pc_lsoa[home[inside]]]
    good = e.good[np.isin(e.profile_child, child)][inside]
    assert good[decile <= 3].mean() < good[decile >= 8].mean() - 0.05
