"""The ages of children held level beside spending (spec/funding.md 1.4: x = population share by age)."""

import json

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from threecircles.cli import spend
from threecircles.core.errors import UsageError
from threecircles.funding.panel_ages import age_shares, band_names

AREAS = [f"E0600009{i}" for i in range(8)]
YEARS = range(2015, 2025)


def people(boom=0.0):
    """Children by area, June and single year of age; babies come and go by area and year."""
    draw = np.random.default_rng(1)
    babies = 1 + 0.3 * draw.normal(size=(len(AREAS), len(YEARS)))
    rows = [
        (a, y, age, round(100 * (babies[i, j] if age < 5 else 1)))
        for i, a in enumerate(AREAS)
        for j, y in enumerate(YEARS)
        for age in range(18)
    ]
    return pl.DataFrame(rows, schema=["area", "year", "age", "children"], orient="row")


def published(folder, people):
    """A folder of published files: spending and an outcome that both go up with the share of under-fives."""
    share = people.group_by("area", "year").agg(
        pl.col("children").sum().alias("all"),
        young=pl.col("children").filter(pl.col("age") < 5).sum() / pl.col("children").sum(),
    )
    draw = np.random.default_rng(2)
    rows = []
    for area, year, number, young in share.sort("area", "year").iter_rows():
        spend = number * np.exp(2 * young + 0.05 * draw.normal())
        for measure, value in (("TotalLACFinance", spend), ("LAC", 40 * np.exp(3 * young))):
            period = f"{year}-{(year + 1) % 100:02d} (OT)" if measure != "LAC" else str(year + 1)
            rows.append((measure, None, period, area, 800 + AREAS.index(area), "North", f"{value}"))
    names = ["measure_short", "data_item", "period", "area", "la_number", "region", "value_num"]
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(folder / "lait.parquet")
    spine = [("North" if i % 2 else "South", a, a, str(800 + i)) for i, a in enumerate(AREAS)]
    names = ["region_name", "la_name", "new_la_code", "old_la_code"]
    pl.DataFrame(spine, schema=names, orient="row").write_csv(folder / "spine.csv")
    share.select(
        time_period="year", geographic_level=pl.lit("Local authority"), new_la_code="area",
        la_name="area", region_code=pl.lit(""), region_name=pl.lit(""), old_la_code=pl.lit(""),
        age_group=pl.lit("Children aged 0 to 17 years"), population_estimate="all",
    ).write_csv(folder / "population.csv")  # fmt: skip


def ask(*words):
    app = typer.Typer()
    spend.register(app)
    return CliRunner().invoke(app, ["spend", "panel", *map(str, words)])


def test_spending_that_goes_with_babies_alone_shows_no_link_once_ages_are_held_level(tmp_path):
    """funding A28, 1.4: spend and outcome both follow the share of under-fives; held level, nothing is left."""
    made = people()
    published(tmp_path, made)
    ages = tmp_path.parent / "ages.csv"
    made.write_csv(ages)
    told = {}
    for name, words in {"plain": (), "held": ("--ages", ages, "--band", "0-4")}.items():
        out = tmp_path.parent / f"{name}.json"
        done = ask("--data", tmp_path, "--outcome", "LAC", "--lags", "0:1", *words, "--json", out)
        assert done.exit_code == 0, done.output
        told[name] = json.loads(out.read_text())
    assert told["plain"]["estimates"][0]["low"] > 0.2
    assert abs(told["held"]["estimates"][0]["b"]) < 0.02
    assert told["held"]["controls"] == ["aged 0 to 4"]


def test_shares_are_those_counted_by_hand_in_each_way_a_population_is_published(tmp_path):
    made = people()
    long = tmp_path / "long.csv"
    made.write_csv(long)
    wanted = age_shares(long, ["0-4", "16-17"])
    first = made.filter(pl.col("area") == AREAS[0], pl.col("year") == 2015)["children"].to_list()
    row = wanted.filter(pl.col("area") == AREAS[0], pl.col("year") == 2016).row(0, named=True)
    assert row["aged 0 to 4"] == pytest.approx(sum(first[:5]) / sum(first))
    assert row["aged 16 to 17"] == pytest.approx(sum(first[16:]) / sum(first))

    by_year = made.pivot("year", index=["area", "age"], values="children")
    by_year = by_year.rename({str(y): f"population_{y}" for y in YEARS} | {"area": "ladcode21"})
    sexes = pl.concat([by_year.with_columns(sex=pl.lit(s)) for s in ("F", "M")])
    sexes.write_csv(tmp_path / "years.csv")
    by_age = made.pivot("age", index=["area", "year"], values="children")
    by_age.rename({"area": "Area Code", "year": "time_period"}).write_parquet(
        tmp_path / "ages.parquet"
    )
    worded = made.with_columns(
        age=pl.format("Aged {} years", "age"), year=pl.format("{}-06-30", "year"), sex=pl.lit("Persons")
    )  # fmt: skip
    pl.concat([worded, worded.with_columns(sex=pl.lit("Male"))]).write_csv(tmp_path / "worded.csv")
    for name in ("years.csv", "ages.parquet", "worded.csv"):
        got = age_shares(tmp_path / name, ["0-4", "16-17"])
        assert got.drop("children").equals(wanted.drop("children")), name


def test_districts_are_added_to_their_county_and_a_symbol_leaves_its_year_unknown(tmp_path):
    made = people().with_columns(pl.col("children").cast(pl.Utf8))
    gone = (pl.col("area") == AREAS[1]) & (pl.col("year") == 2016) & (pl.col("age") == 3)
    made = made.with_columns(children=pl.when(gone).then(pl.lit("x")).otherwise("children"))
    made.write_csv(tmp_path / "a.csv")
    got = age_shares(tmp_path / "a.csv", ["0-4"], dict.fromkeys(AREAS[:3], "E10000099"))
    assert got.filter(pl.col("area") == "E10000099")["year"].to_list() == [
        y + 1 for y in YEARS if y != 2016
    ]
    assert got["area"].n_unique() == len(AREAS) - 2


def test_what_cannot_be_held_level_is_refused_in_words(tmp_path):
    """funding 1.4: every fault names the file, what it holds and what is allowed."""
    made = people()
    made.write_csv(tmp_path / "a.csv")
    with pytest.raises(UsageError, match="hold every child"):
        age_shares(tmp_path / "a.csv", ["0-4", "5-17"])
    with pytest.raises(UsageError, match="share an age"):
        band_names(["0-4", "4-6"])
    for wrong in ("young", "4-2", "16-19", "18+"):
        with pytest.raises(UsageError, match="cannot be read"):
            band_names([wrong])
    made.filter(pl.col("age") != 7).write_csv(tmp_path / "b.csv")
    with pytest.raises(UsageError, match="17 of the 18 years of age"):
        age_shares(tmp_path / "b.csv", ["0-4"])
    made.drop("year").write_csv(tmp_path / "c.csv")
    with pytest.raises(UsageError, match="lacks year"):
        age_shares(tmp_path / "c.csv", ["0-4"])
    made.with_columns(children=pl.lit("many")).write_csv(tmp_path / "d.csv")
    with pytest.raises(UsageError, match="no number of children"):
        age_shares(tmp_path / "d.csv", ["0-4"])
    bands = made.with_columns(
        age=pl.when(pl.col("age") < 10).then(pl.lit("0-9")).otherwise(pl.lit("10-17"))
    )
    bands.write_csv(tmp_path / "e.csv")
    with pytest.raises(UsageError, match="cuts through"):
        age_shares(tmp_path / "e.csv", ["0-4"])
    assert age_shares(tmp_path / "e.csv", ["0-9"]).height


def test_a_population_of_other_ages_or_places_is_refused(tmp_path):
    made = people()
    published(tmp_path, made)
    ages = tmp_path.parent / "twice.csv"
    made.with_columns(pl.col("children") * 2).write_csv(ages)
    asked = ("--data", tmp_path, "--outcome", "LAC", "--lags", "0:0", "--ages", ages)
    done = ask(*asked)
    assert done.exit_code != 0 and "2.00 times" in str(done.exception)
    made.with_columns(area=pl.lit("W1")).unique(["area", "year", "age"]).write_csv(ages)
    assert "none of the authorities" in str(ask(*asked).exception)
    assert "is the outcome" in str(ask(*asked[:-2], "--control", "LAC").exception)
    assert "need a population" in str(ask(*asked[:-2], "--band", "0-4").exception)
