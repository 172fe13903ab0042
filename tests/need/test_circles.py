"""The three circles from the record to measured tables."""

import narwhals as nw
import polars as pl
import pytest
from tests.need.made_up import NEED, many, record

from threecircles.core.engines import engine
from threecircles.core.tables import TOTAL
from threecircles.need.areas import Areas
from threecircles.need.circles import REGIONS, circles, design_of, sentence
from threecircles.need.circles_step import circles_tables
from threecircles.need.targeted import targeted_services

AREAS = Areas(
    ward={f"E0190000{i}": f"W{i % 2}" for i in range(1, 6)},
    deprivation={f"E0190000{i}": str(i) for i in range(1, 6)},
    ward_names={"W0": "North", "W1": "South"},
)
SERVICES = targeted_services("council_and_justice")


def tables(pupils, name="polars", roll=False):
    run = engine(name)
    frames = [run.frame(f) for f in record(pupils, roll)]
    made = circles_tables(*frames, need=NEED, services=SERVICES, areas=AREAS, academic_year=2026)
    return {m.spec.id: m for m in made}


def figures(table):
    return {r["measure"]: r for r in table.frame.to_dicts()}


HAND = [
    {"id": i, "school": i % 4, "year": 5 if i % 4 < 2 else 8, "female": i % 2, "need": i < 10, "service": i < 4 or i == 39}
    for i in range(40)
]  # fmt: skip


def test_shares_of_a_place_counted_by_hand():
    place = figures(tables(HAND)["circles-place"])
    assert place["need"]["value"] == pytest.approx(10 / 40)
    assert place["service"]["value"] == pytest.approx(5 / 40)
    assert place["both"]["value"] == pytest.approx(4 / 40)
    assert place["coverage"]["value"] == pytest.approx(4 / 10)
    assert place["targeting"]["value"] == pytest.approx(4 / 5)
    assert [place[m]["n_with"] for m in ("need", "service", "both", "neither")] == [10, 5, 4, 29]
    assert place["need"]["numerator"] == 10


def test_the_four_regions_add_to_all_children():
    for table in (t for t in tables(many()).values() if t.spec.id.startswith("circles-")):
        dimension = [d.column for d in table.spec.dimensions]
        regions = table.frame.filter(pl.col("measure").is_in(REGIONS))
        summed = regions.group_by(dimension or pl.lit(1)).agg(pl.col("value").sum())
        assert summed["value"].to_list() == pytest.approx([1.0] * summed.height)


def test_groups_add_to_the_total():
    made = tables(many())
    assert {m for m in made if m.startswith("circles-")} == {
        f"circles-{g}" for g in ("place", "ward", "phase", "age", "sex", "deprivation")
    }
    ward = made["circles-ward"].frame.filter(pl.col("measure") == "both")
    total = ward.filter(pl.col("ward") == TOTAL)
    parts = ward.filter(pl.col("ward") != TOTAL)
    assert parts["n_with"].sum() == total["n_with"].item()
    assert parts["numerator"].sum() == pytest.approx(total["numerator"].item(), abs=parts.height)


def test_engines_agree():
    "N19: the same figures on DuckDB and Polars to 1e-9."
    one, two = tables(many(400), "duckdb"), tables(many(400), "polars")
    for name, table in one.items():
        same = two[name].frame
        for column in ("value", "low", "high"):
            assert table.frame[column].to_list() == pytest.approx(same[column].to_list(), abs=1e-9)


def test_pupils_who_may_not_be_linked_count_for_need_only_through_their_like():
    pupils = [p | {"consent": 0 if p["id"] % 5 == 0 else 1} for p in many(1000)]
    place = figures(tables(pupils)["circles-place"])
    assert place["need"]["n"] == 800
    assert place["need"]["denominator"] == 1000


def test_the_sentence_says_need_contact_and_those_without_need():
    frame, *_ = record(HAND)
    flat = frame.pivot("item_or_scale", index="response_id", values="value").with_columns(
        need=pl.when(pl.col("feelings") > 4).then(pl.lit("high")).otherwise(pl.lit("not_high")),
        service=pl.Series([1 if p["service"] else 0 for p in HAND]),
        w=pl.lit(1.0),
    )
    from threecircles.core.design import Design

    text = sentence(circles(nw.from_native(flat), Design(weight="w")))
    assert text.startswith("25 in 100 children have high need")
    assert "Of 10 in contact, 2 do not have high need by this definition." in text


def test_both_targets_are_named_and_differ():
    finite, future = design_of("these_pupils"), design_of("superpopulation")
    assert finite.fpc == "fpc" and future.fpc is None


def test_every_table_says_its_rule_and_its_caution():
    for table in tables(HAND).values():
        said = " ".join(table.spec.notes)
        assert "2 or more of 4 impairments" in said
        if table.spec.id.startswith("circles-"):
            assert "not the same as help that fits" in said
        assert table.spec.count == "n_with"


def test_need_is_shown_by_its_parts_with_a_distribution_beside_every_mean():
    made = tables(many(600))
    dimensions, spread = made["need-dimensions"].frame, made["need-distribution"].frame
    mean = dimensions.filter(pl.col("measure") == "mean")
    assert set(mean["construct"]) <= set(spread["construct"])
    added = spread.group_by("construct").agg(pl.col("value").sum())
    assert added["value"].to_list() == pytest.approx([1.0] * added.height)


def test_the_gradient_has_slope_and_relative_index_together():
    pupils = [p | {"need": p["id"] % 10 < 6 - int(p["lsoa"][-1])} for p in many(1200)]
    gradient = figures_by(tables(pupils)["need-gradient"], "deprivation")
    assert gradient["1", "need"]["value"] > gradient["5", "need"]["value"]
    slope, relative = gradient[TOTAL, "slope_index"], gradient[TOTAL, "relative_index"]
    assert 0.3 < slope["low"] < slope["value"] < slope["high"]
    assert relative["value"] == pytest.approx(
        slope["value"] / gradient[TOTAL, "need"]["value"], rel=0.02
    )


def figures_by(table, dimension):
    return {(r[dimension], r["measure"]): r for r in table.frame.to_dicts()}


def test_other_rules_are_shown_beside_the_agreed_one():
    made = tables(many(600))
    rules = made["need-sensitivity"].frame.filter(pl.col("measure") == "need")
    agreed = rules.filter((pl.col("impairments") == "2") & (pl.col("risks") == "4"))["value"].item()
    assert agreed == pytest.approx(figures(made["circles-place"])["need"]["value"])
    assert rules.height == 4 * 6
    looser = rules.filter((pl.col("impairments") == "1") & (pl.col("risks") == "1"))["value"].item()
    assert looser >= agreed


def on_a_roll(n=1500):
    """Pupils on roll of whom those in need answer less; free meals go with need."""
    pupils = many(n)
    for p in pupils:
        p["fsm"] = (p["id"] * 7919) % 100 < (60 if p["need"] else 20)
        p["answered"] = (p["id"] * 104729) % 100 < (60 if p["need"] else 90)
    return pupils


def test_everyone_on_roll_is_stood_for_and_contact_is_counted_not_estimated():
    pupils = on_a_roll()
    place = figures(tables(pupils, roll=True)["circles-place"])
    assert place["service"]["value"] == pytest.approx(
        sum(p["service"] for p in pupils) / len(pupils)
    )
    assert place["service"]["low"] == place["service"]["high"]
    assert place["need"]["denominator"] == len(pupils)


def test_weighting_brings_need_back_that_did_not_answer():
    pupils = on_a_roll()
    truth = sum(p["need"] for p in pupils) / len(pupils)
    place = figures(tables(pupils, roll=True)["circles-place"])
    asked = [p for p in pupils if p["answered"]]
    naive = sum(p["need"] for p in asked) / len(asked)
    assert naive < truth - 0.04
    assert place["need"]["low"] <= truth <= place["need"]["high"]
    assert abs(place["need"]["value"] - truth) < abs(naive - truth)


@pytest.mark.parametrize("roll", [False, True])
def test_one_figure_has_one_interval_in_every_breakdown(roll):
    made = tables(on_a_roll(), roll=roll)
    place = figures(made["circles-place"])
    for group in ("ward", "phase", "age", "sex", "deprivation"):
        total = made[f"circles-{group}"].frame.filter(pl.col(group) == TOTAL)
        for row in total.to_dicts():
            same = place[row["measure"]]
            for column in ("value", "low", "high", "numerator", "n", "n_with"):
                assert row[column] == pytest.approx(same[column]), (group, row["measure"], column)
