"""Published tables are recognised by their columns, and each trap has its check (data README)."""

from __future__ import annotations

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.sources.published import (
    FoundTable,
    find_published,
    published_table,
    read_published,
    same_vintage,
)
from threecircles.sources.published_dfe import read_dfe
from threecircles.sources.published_lait import national_is_plausible, read_lait
from threecircles.sources.published_outturn import read_outturn
from threecircles.sources.published_population import NO_GROUP, check_population
from threecircles.sources.published_schools import read_schools

from .samples import workbook

NET = "Net Current Expenditure (C7 = C3 - C6)"


def found(folder, table_id, frame, name="a.csv"):
    path = folder / name
    frame.write_csv(path)
    return find_published(folder, table_id)[table_id]


def dfe(**more):
    rows = {
        "time_period": ["2025", "2025", "2025"], "geographic_level": ["National", "Local authority", "Neighbours median"],
        "region_code": [None, "E12000006", None], "region_name": [None, "East of England", None],
        "old_la_code": [None, "926", None], "new_la_code": [None, "E10000020", None], "la_name": [None, "Norfolk", None],
    }  # fmt: skip
    return pl.DataFrame(rows | more)


def test_a_table_is_found_under_any_name_with_its_columns_in_any_order(tmp_path):
    frame = dfe(At31_episodes=["100", "c", "7"])
    shuffled = frame.select(sorted(frame.columns, reverse=True))
    shuffled.columns = [f" {c.upper()} " for c in shuffled.columns]
    shuffled.write_csv(tmp_path / "x9.csv")
    assert find_published(tmp_path)["children-in-need"].path.name == "x9.csv"


def test_extra_columns_are_reported(tmp_path):
    assert found(
        tmp_path, "children-in-need", dfe(At31_episodes=["1", "2", "3"], extra=["", "", ""])
    ).extra == ("extra",)


def test_the_official_headings_of_the_indices_are_accepted(tmp_path):
    frame = pl.DataFrame({
        "LSOA code (2021)": ["E01000001"], "LSOA name (2021)": ["City of London 001A"],
        "Index of Multiple Deprivation (IMD) Score": ["8.7"],
        "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)": ["30000"],
        "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)": ["8"],
        "Income Deprivation Affecting Children Index (IDACI) Score (rate)": ["0.1"],
    })  # fmt: skip
    assert read_published(found(tmp_path, "deprivation-2025", frame)).columns[:3] == [
        "lsoa21_code", "lsoa21_name", "imd_score",
    ]  # fmt: skip


def test_two_different_files_of_one_table_are_refused(tmp_path):
    dfe(At31_episodes=["1", "2", "3"]).write_csv(tmp_path / "a.csv")
    dfe(At31_episodes=["1", "2", "4"]).write_csv(tmp_path / "b.csv")
    with pytest.raises(UsageError, match=r"a\.csv and b\.csv"):
        find_published(tmp_path, "children-in-need")


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [("c", "confidential"), ("x", "not_available"), ("z", "not_applicable"), ("low", "low"), (":", "not_available"),
     ("k", "low"), ("-", "not_available"), ("[x]", "not_available"), ("[note 4]", "note 4"), ("", "missing")],
)  # fmt: skip
def test_no_symbol_turns_into_nought_or_loses_its_reason(tmp_path, symbol, reason):
    """Trap 2."""
    frame, _ = read_dfe(
        found(tmp_path, "children-in-need", dfe(At31_episodes=["100", symbol, "7"])),
        "At31_episodes",
    )
    row = frame.filter(level="authority").to_dicts()[0]
    assert row["value"] is None and row["reason"] == reason


def test_a_figure_with_blanks_and_trailing_noughts_is_a_number(tmp_path):
    """Trap 21."""
    frame, _ = read_dfe(found(tmp_path, "children-in-need", dfe(At31_episodes=[" 42.0", "63.400000", "1,234"])), "At31_episodes")  # fmt: skip
    assert frame["value"].to_list() == [42.0, 63.4]


def test_a_row_of_another_level_is_set_aside(tmp_path):
    """Trap 7."""
    frame, aside = read_dfe(
        found(tmp_path, "children-in-need", dfe(At31_episodes=["1", "2", "3"])), "At31_episodes"
    )
    assert frame.height == 2 and aside["geographic_level"].to_list() == ["Neighbours median"]


def lait(**columns):
    base = {"measure_short": ["LAC"] * 3, "data_item": [None, None, None], "period": ["2025", "2024-25 (OT)", "0"],
            "area": ["Norfolk", "Norfolk CC", "Norfolk"], "la_number": [926, 926, 926], "region": ["East"] * 3,
            "value": ["62", "-", "1"]}  # fmt: skip
    return pl.DataFrame(base | columns)


def test_a_dash_in_the_interactive_tool_is_not_available(tmp_path):
    """Trap 3."""
    read = read_lait(found(tmp_path, "lait", lait()), "LAC")
    assert read.values.sort("year", "kind").select("value", "reason").rows() == [
        (62.0, None),
        (None, "not_available"),
    ]


def test_periods_of_unlike_kind_stand_apart_and_nought_is_refused(tmp_path):
    """Traps 3, 20."""
    read = read_lait(found(tmp_path, "lait", lait()))
    assert set(read.values.select("period", "kind", "status").rows()) == {
        ("2025", "calendar", ""), ("2024-25 (OT)", "financial", "outturn"),
    }  # fmt: skip
    assert read.unread.select("period", "rows").rows() == [("0", 1)]


def test_a_national_figure_outside_all_authorities_is_no_rate():
    """Trap 6."""
    rates = pl.DataFrame({"la_number": [926, 301, 970], "value": [137.0, 120.0, 1258.0]})
    assert not national_is_plausible(rates)
    assert national_is_plausible(rates.with_columns(pl.Series("value", [137.0, 120.0, 130.0])))


def test_areas_of_two_vintages_never_join():
    """Trap 8."""
    same_vintage("lsoa21", "lsoa21")
    with pytest.raises(UsageError):
        same_vintage("lsoa21", "lsoa11")


def outturn_sheet(path):
    line = f"Children's social care - Children Looked After - {NET}"
    inside = f"Children's social care - Children Looked After of which fostering services - {NET}"
    rows = [
        ["Revenue outturn"], ["", "CODE", "", "", "", "", "", "ro3_1", "ro3_2"],
        ["E-code", "ONS Code", "Local authority", "Notes", "Class", "Detailed Class", "Certification", line, inside],
        ["", "E92000001", "England", "", "", "", "", 300, 30],
        ["", "", "Shire counties", "", "SC", "", "", 100, 10],
        ["E2601", "E10000020", "Norfolk CC", "", "SC", "SC", "Y", 100.5, 10],
        ["E4601", "E08000025", "Birmingham", "M", "MD", "MD", "[x]", "[x]", "[x]"],
        ["E5030", "E09000002", "Barking & Dagenham", "", "LB", "London", "Y", 99, "[note 4]"],
        ["E2636", "E07000148", "Norwich", "", "SD", "SD", "Y", 1, 1],
    ]  # fmt: skip
    return workbook(path, {"RO3": rows})


def test_subtotals_england_the_code_row_and_districts_are_left_out(tmp_path):
    """Trap 1."""
    path = outturn_sheet(tmp_path / "ro3.xlsx")
    table = read_outturn(find_published(tmp_path, "outturn-ro3")["outturn-ro3"])
    assert path.exists()
    looked_after = table.filter(line="looked-after", column="net").sort("area")
    assert looked_after.select("area", "pence").rows() == [
        ("E08000025", None), ("E09000002", 9_900_000), ("E10000020", 10_050_000),
    ]  # fmt: skip


def test_an_uncertified_account_is_unknown_and_a_note_keeps_its_number(tmp_path):
    """Traps 2, 19."""
    outturn_sheet(tmp_path / "ro3.xlsx")
    table = read_outturn(find_published(tmp_path, "outturn-ro3")["outturn-ro3"])
    birmingham = table.filter(area="E08000025", line="looked-after").to_dicts()[0]
    assert (birmingham["certified"], birmingham["reason"]) == (False, "not_available")
    barking = table.filter(area="E09000002", line="looked-after-fostering").to_dicts()[0]
    assert (barking["pence"], barking["reason"]) == (None, "note 4")


@pytest.mark.reference
def test_the_outturn_of_england_adds_up_to_the_penny_held(reference_data):
    """Funding 1.2: sums that must come out."""
    files = find_published(reference_data("spend"), "outturn-ro3", "outturn-rsx")
    ro3, rsx = read_outturn(files["outturn-ro3"]), read_outturn(files["outturn-rsx"])
    top = ["early-years", "looked-after", "other", "family-support", "youth-justice", "safeguarding", "young-people",
           "asylum"]  # fmt: skip
    sums = dict(
        ro3.filter(pl.col("line").is_in(top))
        .group_by("column")
        .agg(pl.col("pence").sum())
        .iter_rows()
    )
    assert [round(sums[c] / 100_000, 2) for c in ("net", "gross", "income")] == [
        15_136_579.68, 16_398_636.57, 1_262_056.89,
    ]  # fmt: skip
    assert sums["net"] == rsx.filter(column="net")["pence"].sum()
    net = dict(ro3.filter(column="net").group_by("line").agg(pl.col("pence").sum()).iter_rows())
    parts = [net[f"looked-after-{p}"] for p in ("residential", "fostering", "other", "asylum")]
    assert [round(p / 100_000, 2) for p in (net["looked-after"], *parts)] == [
        8_292_512.25, 3_474_818.68, 2_069_980.91, 2_407_641.55, 300_888.11,
    ]  # fmt: skip
    assert round((net["looked-after"] - sum(parts)) / 100_000, 2) == 39_183.00
    assert rsx.filter(column="net")["pence"].is_not_null().sum() == 150


@pytest.mark.reference
def test_top_lines_equal_the_summary_in_every_certified_authority(reference_data):
    """N15, trap 2."""
    files = find_published(reference_data("spend"), "outturn-ro3", "outturn-rsx")
    top = ["early-years", "looked-after", "other", "family-support", "youth-justice", "safeguarding", "young-people",
           "asylum"]  # fmt: skip
    lines = read_outturn(files["outturn-ro3"]).filter(
        pl.col("line").is_in(top), pl.col("column") == "net"
    )
    total = read_outturn(files["outturn-rsx"]).filter(column="net", certified=True)
    both = lines.group_by("area").agg(pl.col("pence").sum()).join(total, on="area")
    assert both.height == 150 and (both["pence"] - both["pence_right"]).abs().max() <= 100


@pytest.mark.reference
def test_every_measure_of_the_interactive_tool_is_read(reference_data):
    """Trap 3."""
    read = read_lait(find_published(reference_data("lait"), "lait")["lait"])
    assert read.values["measure_short"].n_unique() == 434
    assert read.unread.select("period", "rows").rows() == [("0", 170)]
    assert read.values.filter(pl.col("la_number") < 966)["la_number"].n_unique() == 158
    dashes = read.values["value"].null_count()
    assert (
        dashes > 90_000
        and read.values.filter(pl.col("value").is_null())["reason"].null_count() == 0
    )
    norfolk = read.values.filter(pl.col("la_number") == 926, pl.col("measure_short") == "CIN").sort(
        "year"
    )
    assert norfolk["value"].to_list()[-3:] == [287.5, 279.5, 270.2]
    care = read.values.filter(
        pl.col("measure_short") == "LAC", pl.col("period") == "2025", pl.col("la_number") < 970
    )
    assert care["value"].count() == 151


def test_a_declaration_is_found_by_its_id():
    assert isinstance(published_table("lait").columns, dict) and FoundTable


def test_a_population_of_all_ages_is_not_taken_for_children():
    """Trap 13."""
    children = pl.DataFrame({"area": ["a", "b"], "population": [100.0, 200.0]})
    check_population(children.with_columns(pl.col("population") * 1.1), children, "0 to 17")
    with pytest.raises(UsageError, match="0 to 17"):
        check_population(children.with_columns(pl.col("population") * 5), children, "0 to 17")


@pytest.mark.reference
def test_the_census_table_that_claims_children_holds_all_ages(reference_data):
    """Traps 13, 14."""
    table = pl.read_parquet(reference_data("population/census2021_la_ethnicity20_0_17.parquet"))
    table = table.filter(pl.col("Ethnic group (20 categories)") != NO_GROUP)
    counted = table.group_by(pl.col("2023 Upper tier local authorities Code").alias("area")).agg(
        pl.col("Observation").cast(pl.Float64).sum().alias("population")
    )
    files = find_published(reference_data("population"), "population")
    estimate, _ = read_dfe(files["population"], "population_estimate")
    estimate = estimate.filter(year=2024).select("area", pl.col("value").alias("population"))
    with pytest.raises(UsageError, match="does not hold ages 0 to 17"):
        check_population(counted, estimate, "0 to 17")


@pytest.mark.reference
def test_schools_keep_unknown_authorities_and_unknown_rolls(reference_data):
    """Trap 11; known answers of the data README."""
    found = find_published(reference_data("schools"), "schools")["schools"]
    spine = read_published(find_published(reference_data("lookups"), "authorities")["authorities"])
    today = [int(n) for n in spine["old_la_code"]]
    schools, unknown = read_schools(found, today)
    assert schools.height == 27_153 and schools["la_number"].n_unique() == 183
    assert unknown["establishments"].sum() == schools.height - schools["known_authority"].sum() > 0
    norfolk = schools.filter(la_number=926)
    assert (norfolk.height, norfolk["pupils"].null_count(), norfolk["pupils"].sum()) == (
        465,
        25,
        122_624,
    )
    phases = dict(norfolk["phase"].value_counts().iter_rows())
    assert (phases["Primary"], phases["Secondary"]) == (346, 51)


def test_no_reader_joins_on_a_name():
    """Trap 5: names fail for 4 of 153 authorities; joins are on numbers or codes."""
    import ast
    from pathlib import Path

    import threecircles

    home = Path(threecircles.__file__).parent
    paths = [*(home / "sources").glob("*.py"), *(home / "need").glob("published*.py"), home / "need" / "england.py",
             *(home / "funding").glob("spend*.py")]  # fmt: skip
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "join":
                continue
            keys = {k.value for w in node.keywords if w.arg in ("on", "left_on", "right_on")
                    for k in ast.walk(w.value) if isinstance(k, ast.Constant)}  # fmt: skip
            assert not keys & {"name", "la_name", "area_name", "Local authority"}, (
                f"{path.name}, line {node.lineno}"
            )
