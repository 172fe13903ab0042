"""Published spend and outcomes of authorities by year: without it every panel would begin with a week of joining."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.symbols import parse_published
from threecircles.sources.published import find_published, read_published
from threecircles.sources.published_lait import FIRST_REGION, read_lait


def panel_data(
    folder: Path, spend: str, outcome: str, *, share: bool = False, controls: Sequence[str] = ()
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Spend a child and an outcome of every authority and year, and who is not in it and why.

    spend, outcome: measures of the interactive tool (spend in pounds gross). share: the outcome is a
    percentage, taken as a proportion. controls: further measures, as they are published. A symbol is null,
    never nought. An authority that was founded or ended in these years has a break in its series: it is left
    out and named. Columns: area, name, region, year, spend, outcome, and one a control.
    """
    files = find_published(folder, "lait", "authorities", "population")
    spine = read_published(files["authorities"]).select(
        area="new_la_code",
        name="la_name",
        region="region_name",
        number=pl.col("old_la_code").cast(pl.Int64),
    )
    wanted = (spend, outcome, *controls)
    values = read_lait(files["lait"], *wanted).values.filter(pl.col("la_number") < FIRST_REGION)
    for measure in wanted:
        if values.filter(pl.col("measure_short") == measure).is_empty():
            raise UsageError(
                f"There is no measure {measure} of authorities in the interactive tool."
            )
    money = values.filter(
        pl.col("measure_short") == spend, pl.col("status").is_in(["outturn", "final", ""])
    )
    money = money.group_by("la_number", "year").agg(pl.col("value").last().alias("spend"))
    result = _by_year(values, outcome, "outcome")
    children = _children(read_published(files["population"]))
    years = money["year"].unique().sort().to_list()
    table = (
        spine.join(pl.DataFrame({"year": sorted({*years, *result["year"].to_list()})}), how="cross")
        .join(money, left_on=["number", "year"], right_on=["la_number", "year"], how="left")
        .join(result, left_on=["number", "year"], right_on=["la_number", "year"], how="left")
        .join(children, on=["area", "year"], how="left")
        .with_columns(
            spend=pl.when(pl.col("spend") > 0).then(pl.col("spend") / pl.col("children")),
            outcome=pl.when(pl.col("outcome") > 0).then(pl.col("outcome") / (100 if share else 1)),
        )
    )
    for measure in controls:
        held = _by_year(values, measure, measure)
        table = table.join(
            held, left_on=["number", "year"], right_on=["la_number", "year"], how="left"
        )
    table = table.drop("children", "number")
    return _whole_series(table, years, _ended(values, spine))


def _by_year(values: pl.DataFrame, measure: str, name: str) -> pl.DataFrame:
    """One figure of a measure for each authority and year. Columns: la_number, year, and the name."""
    own = values.filter(pl.col("measure_short") == measure)
    return own.group_by("la_number", "year").agg(pl.col("value").last().alias(name))


def _ended(values: pl.DataFrame, spine: pl.DataFrame) -> dict[str, str]:
    former = values.filter(~pl.col("la_number").is_in(spine["number"].to_list()))
    names = former.select("la_number", "name").unique("la_number").sort("la_number")
    return {f"{name} ({number})": "ended in these years" for number, name in names.iter_rows()}


def _whole_series(
    table: pl.DataFrame, years: list[int], left_out: dict[str, str]
) -> tuple[pl.DataFrame, dict[str, str]]:
    first = table.filter(pl.col("year") == years[0])
    late = first.filter(pl.col("spend").is_null())["area"].to_list()
    names = dict(table.select("area", "name").iter_rows())
    for area in late:
        left_out[f"{names[area]} ({area})"] = f"founded after {years[0]}, or not published then"
    return table.filter(~pl.col("area").is_in(late)), left_out


def _children(frame: pl.DataFrame) -> pl.DataFrame:
    """Children by area and the financial year that ends after the estimate."""
    return frame.filter(pl.col("geographic_level") == "Local authority").select(
        area="new_la_code",
        year=pl.col("time_period").cast(pl.Int64) + 1,
        children=pl.col("population_estimate").map_elements(
            lambda t: parse_published(t)[0], return_dtype=pl.Float64
        ),
    )
