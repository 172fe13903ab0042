"""Pairs and triples of conditions against what the generator knows, with errors off (need N27)."""

from datetime import date
from itertools import combinations

import narwhals as nw
import polars as pl
import pytest
from tests.record.conftest import Made

from threecircles.need.combine import combination_tables
from threecircles.need.conditions import combinations_definition, conditions_held
from threecircles.synthetic import make

FIRST, LAST = date(2025, 4, 1), date(2026, 3, 31)
STANDARD = combinations_definition()
SPELLS = {"cin": "cin", "cpp": "cpp", "cla": "cla", "early_help": "early_help"}
RECORDED = {"sen": "special_needs", "absent": "persistently_absent"}
"""Conditions that a return tells in full. A term's school census holds no whole year of suspensions, and what goes
on at home is recorded of assessed children alone: those are told apart in test_combine.py."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A hamlet without errors, every record at its true person."""
    folder = tmp_path_factory.mktemp("combined") / "place"
    make("hamlet", folder, seed=1, errors="none")
    return Made(folder)


@pytest.fixture(scope="module")
def held(place):
    """What the product finds of each child who lives here and is known to a source."""
    frames = {
        n: nw.from_native(place.table(n).lazy()) for n in ("episode", "event", "factor", "measure")
    }
    known = place.pointers["person_id"].unique()
    living = place.truth("condition")["person_id"]
    births = place.truth("person").select("person_id", birth_month=pl.col("birth").dt.month_start())
    mine = births.filter(
        pl.col("person_id").is_in(known.implode()) & pl.col("person_id").is_in(living.implode())
    )
    frames |= {
        "person": nw.from_native(mine.lazy()),
        "person_record": nw.from_native(place.pointers.lazy()),
    }
    return conditions_held(frames, STANDARD, LAST)


@pytest.fixture(scope="module")
def truth(place, held):
    """condition -> the children who truly hold it, of those the product knows."""
    spells, told = place.truth("spell"), place.truth("condition")
    known = set(held["person_id"])
    open_ = (pl.col("start") <= LAST) & (pl.col("stop").is_null() | (pl.col("stop") >= FIRST))
    found = {
        c: set(spells.filter(open_ & (pl.col("process") == p))["person_id"]) & known
        for c, p in SPELLS.items()
    }
    return found | {
        c: set(told.filter(pl.col(column))["person_id"]) & known for c, column in RECORDED.items()
    }


def test_all_pairs_and_triples_equal_what_truly_was(held, truth):
    """need N27: every pair and triple of conditions that returns tell in full, each child counted once."""
    sets, _, pairs = (t.frame for t in combination_tables(held, STANDARD, "x"))
    assert sum(len(children) for children in truth.values()) > 100
    met = 0
    for first, second in combinations([c.id for c in STANDARD.conditions if c.id in truth], 2):
        row = pairs.filter(first=first, second=second, measure="children")
        true = len(truth[first] & truth[second])
        assert row["value"].item() == true, (first, second)
        met += true
    assert met > 30
    counted = [(set(s.split()), n) for s, n in sets.select("set", "value").iter_rows()]
    triples = 0
    for three in combinations(truth, 3):
        true = len(set.intersection(*(truth[c] for c in three)))
        assert sum(n for s, n in counted if set(three) <= s) == true, three
        triples += true
    assert triples > 3


def test_no_child_without_a_source_is_told_no(held, place):
    """need N27: outside the roll nothing is known of school, so it is unknown and never no."""
    roll = set(place.pointers.filter(pl.col("source_id") == "school-census")["person_id"])
    beyond = held.filter(~pl.col("person_id").is_in(sorted(roll)))
    assert beyond.height
    assert set(beyond["absent"]) == {"unknown"}
    assert "no" not in set(beyond["sen"])
