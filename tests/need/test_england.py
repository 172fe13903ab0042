"""The comparison of England from published files (spine S5; need N15, N16)."""

from __future__ import annotations

import polars as pl
import pytest

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.rates import rate
from threecircles.core.rounding import round_half_away
from threecircles.core.tables import TOTAL
from threecircles.need.england import compared_with_neighbours, england
from threecircles.need.published_areas import area_of_number, find_england
from threecircles.need.published_deprivation import refuse_across_vintages
from threecircles.need.published_neighbours import ComparatorSet, neighbour_set, neighbours

NORFOLK, CAMDEN, ISLINGTON, MANCHESTER = "E10000020", "E09000007", "E09000019", "E08000003"


@pytest.fixture(scope="module")
def folder(reference_data):
    reference_data("lait/lait_long.parquet")
    return reference_data()


@pytest.fixture(scope="module")
def tables(folder):
    return {t.spec.id: t for t in england(folder)}


@pytest.fixture(scope="module")
def spine(folder):
    return find_england(folder)


def at(table, area, region=None):
    frame = table.frame.filter(pl.col("area") == area)
    return (frame.filter(pl.col("region") == region) if region else frame).to_dicts()[0]


def nation(table):
    return at(table, TOTAL, TOTAL)


pytestmark = pytest.mark.reference


def test_england_has_402_400_children_in_need_which_is_330_3_per_10_000(tables):
    """S5; N15."""
    row = nation(tables["england-children-in-need"])
    assert (row["numerator"], row["denominator"], row["value"]) == (402_400, 12_183_016, 330.3)
    assert row["low"] < row["value"] < row["high"]


@pytest.mark.parametrize(
    ("area", "count", "value"),
    [
        (NORFOLK, 4643, 270.2),
        (CAMDEN, 1808, 512.5),
        (ISLINGTON, 1857, 521.3),
        (MANCHESTER, 5820, 441.5),
    ],
)
def test_rates_of_children_in_need_are_those_published(tables, area, count, value):
    """N15."""
    row = at(tables["england-children-in-need"], area)
    assert (row["numerator"], row["value"]) == (count, value)


def test_england_has_81_770_children_looked_after_which_is_67_per_10_000(tables):
    """S5; N15."""
    row = nation(tables["england-looked-after"])
    assert (row["numerator"], row["value"]) == (81_770, 67)


@pytest.mark.parametrize(
    ("area", "count", "value"),
    [(NORFOLK, 1069, 62), (CAMDEN, 205, 58), (ISLINGTON, 282, 79), (MANCHESTER, 1280, 97)],
)
def test_rates_of_children_looked_after_are_those_published(tables, area, count, value):
    """N15."""
    row = at(tables["england-looked-after"], area)
    assert (row["numerator"], row["value"]) == (count, value)


def test_a_week_of_care_costs_norfolk_2_590_pounds(tables):
    """S5."""
    table = tables["england-unit-cost-looked-after"]
    assert at(table, NORFOLK)["value"] == 2590 and table.spec.unit == "pounds a week"


def test_net_spend_is_15_14_bn_over_150_certified_authorities(tables):
    """S5; trap 1, trap 19."""
    table = tables["england-spend-per-child"]
    assert round(nation(table)["numerator"] / 1e9, 2) == 15.14
    assert abs(nation(table)["numerator"] - 15_136_579_680) < 1000
    assert "Sums are over 150 of 153 authorities." in table.spec.notes


def test_the_three_authorities_without_certified_accounts_are_shown_as_unknown(tables):
    """S5; trap 2, trap 19."""
    frame = tables["england-spend-per-child"].frame
    unknown = frame.filter(pl.col("value").is_null())
    assert set(unknown["area"]) == {"E08000025", "E06000063", "E06000039"}
    assert set(unknown["reason"]) == {"not_available"}


def test_of_which_lines_stand_inside_children_looked_after(tables):
    """N15, trap 3."""
    frame = tables["england-spend-lines"].frame.filter(
        pl.col("area") == NORFOLK, pl.col("measure") == "net"
    )
    net = dict(frame.select("line", "value").iter_rows())
    parts = [net[f"looked-after-{p}"] for p in ("residential", "fostering", "asylum", "other")]
    assert [round(p / 1000) for p in parts] == [60_295, 22_326, 7_485, 54_290]
    assert round(sum(parts)) == round(net["looked-after"]) == 144_396_000


def test_every_table_is_published_and_every_unknown_figure_has_a_reason(tables):
    """Traps 2, 12."""
    for table in tables.values():
        assert table.spec.kind == "published"
        assert (table.frame["value"].is_null() == table.frame["reason"].is_not_null()).all(), (
            table.spec.id
        )


def test_each_indicator_has_all_153_authorities_once(tables):
    for name, table in tables.items():
        if "region" not in table.frame.columns or name in ("england-years", "england-spend-lines"):
            continue
        areas = table.frame.filter(pl.col("area") != TOTAL)["area"]
        assert len(areas) == areas.n_unique() == 153, name


def test_a_rate_that_is_a_sum_for_england_is_not_shown(tables):
    """Trap 6."""
    table = tables["england-first-time-entrants"]
    assert nation(table)["value"] is None and at(table, NORFOLK)["value"] == 137
    assert any("no rate" in n for n in table.spec.notes)


def test_deprived_children_in_norfolk_are_50_215_of_149_032(tables):
    """Trap 9."""
    table = tables["england-children-deprived"]
    row = at(table, NORFOLK)
    assert (row["numerator"], row["denominator"], row["value"]) == (50_215, 149_032, 33.7)
    assert nation(table)["value"] == 36.9
    assert "derived" in table.spec.title


def test_shares_of_two_editions_are_never_compared():
    """Trap 9."""
    with pytest.raises(UsageError):
        refuse_across_vintages("2019", "2025")


def test_figures_of_authorities_that_ended_belong_to_no_authority_of_today(tables, spine):
    """Traps 4, N15 7."""
    assert area_of_number(spine)["la_number"].is_in([835, 836, 837, 909, 928]).sum() == 0
    years = tables["england-years"].frame
    cumberland = years.filter(pl.col("area") == "E06000063", pl.col("value").is_not_null())
    assert min(cumberland["year"]) >= "2024"


def test_the_number_of_authorities_by_year_is_as_published(folder):
    """Trap 4."""
    from threecircles.sources.published_dfe import read_dfe

    found = find_england(folder).files["children-in-need"]
    frame, aside = read_dfe(found, "At31_episodes")
    counts = dict(frame.filter(level="authority").group_by("year").len().iter_rows())
    assert [counts[y] for y in (2013, 2019, 2020, 2021, 2022, 2023, 2024, 2025)] == [
        152, 152, 151, 151, 152, 152, 153, 153,
    ]  # fmt: skip
    assert aside.is_empty()


def test_norfolk_has_its_ten_neighbours_in_order(spine):
    """N16."""
    chosen = neighbour_set(spine, NORFOLK)
    assert [spine.names[m] for m in chosen.members] == [
        "Suffolk", "Cornwall", "Devon", "Derbyshire", "Northumberland", "Kent", "Somerset", "Lincolnshire",
        "Nottinghamshire", "Medway",
    ]  # fmt: skip


def test_neighbours_are_1_530_rows_with_their_blanks_taken_off(spine):
    """N16."""
    near = neighbours(spine)
    assert near.height == 1530
    assert dict(near["closeness"].value_counts().iter_rows()) == {
        "extremely-close": 12, "very-close": 820, "close": 513, "somewhat-close": 136, "not-close": 49,
    }  # fmt: skip


def test_leaving_out_not_close_changes_how_many_are_shown(folder, spine):
    """N16."""
    assert len(neighbour_set(spine, CAMDEN).members) == 10
    assert len(neighbour_set(spine, CAMDEN, frozenset({"not-close"})).members) == 9
    assert len(neighbour_set(spine, ISLINGTON, frozenset({"not-close"})).members) == 8


def test_a_set_chosen_after_the_figures_were_seen_says_so():
    """N16."""
    assert (
        "after the figures"
        in ComparatorSet("mine", NORFOLK, (CAMDEN,), "own choice", after_results=True).note()
    )


def test_neighbourhood_is_not_symmetric(spine):
    pairs = set(neighbours(spine).select("area", "neighbour").iter_rows())
    assert any((b, a) not in pairs for a, b in pairs)


def test_one_authority_is_shown_with_ten_neighbours_its_region_and_england(folder):
    """S5."""
    for table in compared_with_neighbours(folder, NORFOLK):
        roles = table.frame["role"].value_counts().sort("role").rows()
        assert dict(roles) == {"england": 1, "neighbour": 10, "region": 1, "self": 1}, table.spec.id
        assert table.spec.id.startswith("neighbours-")


def test_rates_come_out_of_the_counts_by_the_house_helpers():
    """Known answer of the data README."""
    assert round_half_away(rate(402_400, 12_183_016), 1) == 330.3
    assert round_half_away(rate(1_069, 171_830)) == 62


def test_an_unknown_authority_is_refused(spine):
    with pytest.raises(UsageError):
        neighbour_set(spine, "E99999999")


def test_a_folder_without_the_files_names_what_is_missing(tmp_path):
    """N15."""
    with pytest.raises(ThreeCirclesError, match="Children in need"):
        england(tmp_path)
