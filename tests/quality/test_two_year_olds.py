"""Two-year-olds counted from the files equal the truth behind them (quality A36)."""

import polars as pl
import pytest

from threecircles.quality.two_year_olds import ABSENT, COUNTS, two_year_olds
from threecircles.sources import read
from threecircles.synthetic.days import NEVER
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.world import build_world

FILES = {
    "two_year_place": "two_year_places_2026_made-up-data.csv",
    "two_year_review": "two_year_review_2026_made-up-data.csv",
    "speech_therapy": "speech_therapy_2026_made-up-data.csv",
}


@pytest.fixture(scope="module")
def tables(sound_place):
    return {
        name: read(sound_place / "received" / file).tables[name] for name, file in FILES.items()
    }


def test_counts_from_the_files_are_those_of_the_world_that_was_made(tables, sound_place):
    """quality A36: eligible, offered, taken up, reviewed, below, referred, seen, waiting; errors off."""
    world = build_world(load_profile("hamlet"), 1, 2026)
    made, early = world.nurseries, world.early_years
    sent = early.referral_day <= world.end
    seen = sent & (early.first_seen <= world.end)
    truth = {
        "eligible": len(made.two_child), "offered": int((made.two_offered < NEVER).sum()),
        "taken_up": int((made.two_taken < NEVER).sum()), "reviewed": len(early.review_child),
        "below": int(early.below.sum()), "referred": int(sent.sum()), "seen": int(seen.sum()),
        "waiting": int((sent & ~seen).sum()),
    }  # fmt: skip
    assert two_year_olds(tables).counts == truth
    assert truth["below"] > 0 and truth["taken_up"] > 0
    told = pl.read_parquet(sound_place / "truth" / "two_year.parquet")
    assert (
        truth["reviewed"] == told["reviewed_on"].count() and truth["below"] == told["below"].sum()
    )


@pytest.mark.parametrize("absent", FILES)
def test_a_source_left_out_is_absent_and_never_nought(tables, absent):
    """quality A36."""
    found = two_year_olds({name: t for name, t in tables.items() if name != absent})
    for (name, count), said in zip(found.counts.items(), found.sentences(), strict=True):
        assert (count is None) == (COUNTS[name][0] == absent) == (ABSENT in said)
    assert all(count is None for count in two_year_olds({}).counts.values())


def test_a_child_referred_twice_refused_or_closed_is_not_waiting_twice():
    """quality A36: children are counted, not rows."""
    rows = [
        {"nhs_number": "1", "first_seen": None, "accepted": "1", "discharge_date": None},
        {"nhs_number": "1", "first_seen": None, "accepted": "1", "discharge_date": None},
        {"nhs_number": "2", "first_seen": None, "accepted": "0", "discharge_date": None},
        {"nhs_number": "3", "first_seen": None, "accepted": None, "discharge_date": "2025-06-01"},
        {"nhs_number": "4", "first_seen": "2025-06-01", "accepted": "1", "discharge_date": None},
    ]
    person = {"forename": "A", "surname": "B", "dob": "2023-05-01"}
    found = two_year_olds({"speech_therapy": pl.DataFrame([row | person for row in rows])})
    assert [found.counts[n] for n in ("referred", "seen", "waiting")] == [4, 1, 1]
    assert found.counts["reviewed"] is None
