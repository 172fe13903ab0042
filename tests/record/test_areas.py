"""Constituencies, health areas, police forces and school trusts: links say how well they fit."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.record.areas import areas, check_weights, spread
from threecircles.record.places import in_force, organisations

LOOKUP = """LSOA21CD,LSOA21NM,WD24CD,WD24NM,LAD24CD,PFA23CD,PFA23NM
L1,One,W1,North,D1,F1,The Force
L2,Two,W1,North,D1,F1,The Force
L3,Three,W2,South,D1,F1,The Force
"""
SEATS = """LSOA21CD,PCON24CD,PCON24NM,weight
L1,C1,East,1
L2,C1,East,0.25
L2,C2,West,0.75
L3,C2,West,1
"""
HEALTH = """LSOA21CD,SICBL24CD,SICBL24NM,ICB24CD,ICB24NM
L1,S1,Hill,B1,Board
L2,S1,Hill,B1,Board
L3,S2,Dale,B1,Board
"""
SCHOOLS = """URN,name,LSOA21CD,trust_id,trust_name,trust_from,trust_to
1,Mill School,L1,T1,First Trust,2020-09-01,2025-01-01
1,Mill School,L1,T2,Second Trust,2025-01-01,
2,Weir School,L2,,,,
"""


@pytest.fixture
def place(tmp_path):
    reference = {}
    for name, text in (("lsoa", LOOKUP), ("constituencies", SEATS), ("health_areas", HEALTH), ("schools", SCHOOLS)):  # fmt: skip
        reference[name] = tmp_path / f"{name}.csv"
        reference[name].write_text(text, encoding="utf-8")
    return SimpleNamespace(reference=reference, la_code="D1", year=2026)


def test_every_link_carries_vintage_and_relation(place):
    """record A21: constituency, ICB, sub-ICB and police force."""
    made = areas(place)
    kinds = dict(made["record.area"].group_by("kind").len().iter_rows())
    assert kinds["constituency"] == 2 and kinds["sub_icb"] == 2
    assert kinds["icb"] == kinds["police_force"] == 1
    links = made["record.area_link"]
    assert (
        links.select("from_vintage", "to_vintage", "relation").null_count().sum_horizontal()[0] == 0
    )
    relation = {(a, b): r for a, b, r in links.select("from_vintage", "to_vintage", "relation").rows()}  # fmt: skip
    assert relation["lsoa21", "pcon24"] == relation["lsoa21", "sicbl24"] == "best_fit"
    assert relation["sicbl24", "icb24"] == relation["lad24", "pfa23"] == "part_of"


def test_weights_of_a_best_fit_sum_to_one_or_the_build_stops(place):
    """record A21."""
    links = areas(place)["record.area_link"]
    sums = links.group_by("from_code", "to_vintage").agg(pl.col("weight").sum())["weight"]
    assert (sums - 1).abs().max() < 1e-9
    short = links.filter(~((pl.col("from_code") == "L2") & (pl.col("to_code") == "C2")))
    with pytest.raises(ThreeCirclesError, match=r"L2 \(lsoa21\) to pcon24"):
        check_weights(short)


def test_a_count_over_a_best_fit_says_so_and_loses_nobody(place):
    """record A21: a best-fit link used for a rate prints "best fit"."""
    links = areas(place)["record.area_link"]
    counts = pl.DataFrame({"code": ["L1", "L2", "L3", "gone"], "from_vintage": "lsoa21", "rows": [4, 8, 2, 1]})  # fmt: skip
    told = spread(counts, links, "pcon24")
    assert told.rows() == [
        ("C1", 6.0, "best fit"),
        ("C2", 8.0, "best fit"),
        ("unknown", 1.0, "exact"),
    ]
    assert set(spread(counts.head(3), links, "ward24")["fit"]) == {"best fit"}
    with pytest.raises(UsageError, match="pcon24"):
        spread(counts, links, "pcon19")


def test_a_school_that_changes_trust_keeps_its_history(place):
    """record A21: one number, a row for each trust, each with its days."""
    rows = organisations(place)
    mill = rows.filter(pl.col("org_id") == "urn:1").sort("valid_from")
    assert mill["parent_org_id"].to_list() == ["trust:T1", "trust:T2"]
    assert mill["valid_to"].to_list() == [date(2025, 1, 1), None]
    assert set(rows.filter(pl.col("kind") == "school_trust")["label"]) == {"First Trust", "Second Trust"}  # fmt: skip
    then, now = (in_force(rows, d) for d in (date(2024, 6, 1), date(2026, 3, 31)))
    assert then.filter(pl.col("org_id") == "urn:1")["parent_org_id"][0] == "trust:T1"
    assert now.filter(pl.col("org_id") == "urn:1")["parent_org_id"][0] == "trust:T2"
    assert now["org_id"].is_unique().all()
