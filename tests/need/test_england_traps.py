"""The traps of published files, each sprung on a comparison of three authorities (need N15, section 9).

The files are made here, small, with one trap each; every test fails when the check it names is taken out.
"""

from __future__ import annotations

import polars as pl
import pytest
from tests.sources.samples import workbook

from threecircles.core.errors import UsageError
from threecircles.need.published_areas import England
from threecircles.need.published_deprivation import deprivation
from threecircles.need.published_indicators import england_indicators, series
from threecircles.sources.published import find_published

NORFOLK, BIRMINGHAM, HEREFORDSHIRE = "E10000020", "E08000025", "E06000019"
EAST, WEST = "E12000006", "E12000005"
SPINE = pl.DataFrame(
    [(NORFOLK, 926, "Norfolk", EAST), (BIRMINGHAM, 330, "Birmingham", WEST),
     (HEREFORDSHIRE, 884, "Herefordshire, County of", WEST)],
    schema=["area", "la_number", "name", "region"], orient="row",
)  # fmt: skip
NET = "Net Current Expenditure (C7 = C3 - C6)"
LOOKED_AFTER = f"Children's social care - Children Looked After - {NET}"


def indicator(name):
    return next(i for i in england_indicators() if i.id == name)


def spine(folder, **tables):
    """An England of three authorities whose published files are these frames."""
    for name, frame in tables.items():
        frame.write_csv(folder / f"{name}.csv")
    wanted = [n.replace("_", "-") for n in tables]
    if (folder / "ro3.xlsx").exists():
        wanted.append("outturn-ro3")
    files = find_published(folder, *wanted)
    return England(SPINE, dict(SPINE.select("area", "name").iter_rows()), files)


def population(children=1000):
    rows = [("2024", "Local authority", r["region"], "", str(r["la_number"]), r["area"], r["name"], str(children))
            for r in SPINE.to_dicts()]  # fmt: skip
    columns = ["time_period", "geographic_level", "region_code", "region_name", "old_la_code", "new_la_code", "la_name",
               "population_estimate"]  # fmt: skip
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        age_group=pl.lit("0 to 17")
    )


def outturn(folder, names=("Norfolk CC", "Birmingham", "Herefordshire UA")):
    """RO3 as it is published: thousands of pounds, an England row, a class's sum, codes hidden above, a district."""
    rows = [
        ["Revenue outturn"], ["", "CODE", "", "", "", "", "", "ro3_1"],
        ["E-code", "ONS Code", "Local authority", "Notes", "Class", "Detailed Class", "Certification", LOOKED_AFTER],
        ["", "E92000001", "England", "", "", "", "", 600],
        ["", "", "Shire counties", "", "SC", "", "", 100],
        ["", "", "Metropolitan districts", "", "MD", "", "", 200],
        ["", "", "Unitary authorities", "", "UA", "", "", 300],
        ["E2601", NORFOLK, names[0], "", "SC", "SC", "Y", 100],
        ["E4601", BIRMINGHAM, names[1], "M", "MD", "MD", "Y", 200],
        ["E1801", HEREFORDSHIRE, names[2], "", "UA", "UA", "Y", 300],
        ["E2636", "E07000148", "Norwich", "", "SD", "SD", "Y", 7],
    ]  # fmt: skip
    workbook(folder / "ro3.xlsx", {"RO3": rows})
    return rows


def test_a_sheet_with_its_subtotals_is_not_added_up_as_it_stands(tmp_path):
    """need N15, trap 1: England, classes and districts are in the sheet; only the authorities are the sum."""
    rows = outturn(tmp_path)
    raw = sum(row[-1] for row in rows[3:])
    told = series(indicator("spend-per-child"), spine(tmp_path, population=population()))
    nation = told.figures.filter(level="england").to_dicts()[0]
    assert nation["numerator"] == 600_000
    assert raw * 1000 > 3 * nation["numerator"], (
        "the raw sheet does not sum to three times the truth"
    )
    assert set(told.figures.filter(level="authority")["area"]) == set(SPINE["area"])


def test_an_authority_is_found_by_its_code_whatever_it_is_called(tmp_path):
    """need N15, trap 8: suffixes, and names that two publishers write in two ways."""
    outturn(tmp_path, names=("Norfolk CC", "Birmingham MD", "Herefordshire"))
    held = spine(
        tmp_path, population=population(), lait=lait([("926", "Norfolk CC"), ("884", "Hereford")])
    )
    spent = series(indicator("spend-per-child"), held).figures.filter(level="authority")
    assert dict(spent.select("area", "value").iter_rows()) == {
        NORFOLK: 100, BIRMINGHAM: 200, HEREFORDSHIRE: 300,
    }  # fmt: skip
    told = series(indicator("neet"), held).figures
    assert set(told["area"]) == {NORFOLK, HEREFORDSHIRE}


def lait(areas, period="2025", value="4.2", item=None, measure="16-17 NEET"):
    rows = [(measure, item, period, name, number, "", value) for number, name in areas]
    columns = ["measure_short", "data_item", "period", "area", "la_number", "region", "value"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def neet(folder, *frames):
    return series(indicator("neet"), spine(folder, lait=pl.concat(frames))).figures


def test_a_dash_in_the_tool_is_unknown_and_never_nought(tmp_path):
    """need N15, trap 6."""
    row = neet(tmp_path, lait([("926", "Norfolk")], value="-")).to_dicts()[0]
    assert (row["value"], row["reason"]) == (None, "not_available")


def test_a_measure_is_told_by_its_short_name_though_its_item_is_empty_on_most_rows(tmp_path):
    """need N15, trap 6: a join on data_item would lose the authorities whose item is empty."""
    told = neet(tmp_path, lait([("926", "Norfolk")]), lait([("330", "Birmingham")], item="NEET"))
    assert set(told["area"]) == {NORFOLK, BIRMINGHAM}
    other = neet_of_two_measures(tmp_path)
    assert other.height == 1 and other["value"].item() == 4.2


def neet_of_two_measures(folder):
    return neet(
        folder, lait([("926", "Norfolk")]), lait([("926", "Norfolk")], value="99", measure="NEET")
    )


@pytest.mark.parametrize(
    ("period", "year"),
    [("2025", 2025), ("2024-25", 2025), ("2023/24", 2024), ("2024-25 (OT)", 2025), ("2025 (prov)", 2025),
     ("2014-16", 2016), ("2016/17-18/19", 2019), ("2024 (Rev)", 2024)],
)  # fmt: skip
def test_every_shape_of_period_is_the_year_it_ends_in(tmp_path, period, year):
    """need N15, trap 6."""
    told = neet(tmp_path, lait([("926", "Norfolk")], period=period))
    assert told["year"].to_list() == [year]


def test_a_period_of_nought_is_no_year_and_takes_no_other_with_it(tmp_path):
    """need N15, trap 6."""
    told = neet(
        tmp_path, lait([("926", "Norfolk")], period="0", value="1"), lait([("926", "Norfolk")])
    )
    assert told.select("year", "value").rows() == [(2025, 4.2)]


def test_figures_of_ended_authorities_belong_to_nobody_and_regions_are_no_authorities(tmp_path):
    """need N15, trap 6: 835 to 837, 909 and 928 have ended; 970 and above are England and its regions."""
    ended = [("835", "Dorset"), ("836", "Poole"), ("837", "Bournemouth"), ("909", "Cumbria"), ("928", "Northamptonshire")]  # fmt: skip
    above = [("970", "England"), ("985", "East of England")]
    told = neet(tmp_path, lait([("926", "Norfolk"), *ended, *above]))
    levels = dict(told.group_by("level").len().iter_rows())
    assert levels["authority"] == 1
    assert told.filter(level="england")["area"].to_list() == ["E92000001"]
    assert told.height == 1 + len(above)


def test_two_years_of_unlike_shape_do_not_stand_in_one_line_as_one(tmp_path):
    """need N15, trap 6: a mean of three years that ends in 2016 is not the year 2016."""
    periods = (("2014-16", "9.0"), ("2017", "4.2"), ("2018", "4.2"))
    told = series(
        indicator("neet"),
        spine(
            tmp_path,
            lait=pl.concat([lait([("926", "Norfolk")], period=p, value=v) for p, v in periods]),
        ),
    )
    assert told.figures.sort("year").select("year", "value").rows() == [(2017, 4.2), (2018, 4.2)]
    assert told.notes == ("Periods of another kind are not in this line: 2014-16.",)


def indices(codes):
    return pl.DataFrame(
        {"lsoa21_code": codes, "lsoa21_name": codes, "IMD_score": ["20"] * len(codes), "IMD_rank": ["5"] * len(codes),
         "IMD_decile": ["1", "9"][: len(codes)], "income_deprivation_affecting_children_index_idaci_numerator": ["35"] * len(codes),
         "Health_score": ["1"] * len(codes), "household_overcrowding_indicator_rooms": ["1"] * len(codes),
         "census21_0_15": ["100"] * len(codes)},
    )  # fmt: skip


def lookups(codes):
    return {
        "small_areas": pl.DataFrame({"lsoa21_code": codes, "lsoa21_name": codes, "ward24_code": codes, "ltla24_code": ["E07000148"] * len(codes)}),
        "districts": pl.DataFrame({"LTLA23CD": ["E07000148"], "LTLA23NM": ["Norwich"], "UTLA23CD": [NORFOLK], "UTLA23NM": ["Norfolk"]}),
    }  # fmt: skip


def test_a_small_area_of_another_vintage_is_refused_and_named(tmp_path):
    """need N15, trap 9: 2021 areas that no list of 2011 holds are not dropped in silence."""
    now, then = ["E01000001", "E01035700"], ["E01000001", "E01000002"]
    found, _ = deprivation(
        spine(tmp_path, deprivation_2025=indices(now), **lookups(now)), "poorest_fifth", 1
    )
    assert [row[5] for row in found if row[0] == NORFOLK] == [50.0]
    with pytest.raises(UsageError, match="E01035700"):
        deprivation(
            spine(tmp_path, deprivation_2025=indices(now), **lookups(then)), "poorest_fifth", 1
        )


@pytest.mark.reference
def test_a_school_list_of_2021_areas_is_not_joined_to_indices_of_2011(reference_data):
    """need N15, trap 9: 867 of its areas are in no list of 2011; the vintages are declared, and unlike ones refused."""
    from threecircles.sources.published import published_table, read_published, same_vintage

    schools = read_published(find_published(reference_data("schools"), "schools")["schools"])
    old = pl.read_parquet(reference_data("imd/iod2019_lsoa11.parquet"))
    held = schools["lsoa21"].drop_nulls().unique()
    english = held.filter(held.str.starts_with("E01"))
    codes = old.select(c for c in old.columns if c.lower().startswith("lsoa")).to_series()
    assert (~english.is_in(codes.implode())).sum() == 867
    with pytest.raises(UsageError):
        same_vintage(published_table("schools").vintage, "lsoa11")
