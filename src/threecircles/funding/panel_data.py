"""Published spend and outcomes of authorities by year: without it every panel would begin with a week of joining."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.symbols import parse_published
from threecircles.funding.panel_ages import age_shares
from threecircles.sources.published import find_published, read_published
from threecircles.sources.published_lait import FIRST_REGION, read_lait

FAR = 0.2
"""A population this far from the published one is of other ages, or holds each child twice."""


def panel_data(
    folder: Path,
    spend: str,
    outcome: str,
    *,
    share: bool = False,
    controls: Sequence[str] = (),
    ages: Path | None = None,
    bands: Sequence[str] = (),
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Spend a child and an outcome of every authority and year, and who is not in it and why.

    spend, outcome: measures of the interactive tool (spend in pounds gross). share: the outcome is a
    percentage, taken as a proportion. controls: further measures, as they are published. A symbol is null,
    never nought. ages: a file of population by age; the shares of its bands are joined (`age_shares`).
    An authority that was founded or ended in these years has a break in its series: it is left out and named.
    Columns: area, name, region, year, spend, outcome, and one a control and a band.
    """
    _check_controls(spend, outcome, controls)
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
    if share and (result["outcome"] > 100).any():
        raise UsageError(
            f"{outcome} is no percentage.", found=str(result["outcome"].max()), allowed="0 to 100",
            mend="Leave --share out: the outcome is then taken as a rate.",
        )  # fmt: skip
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
    if ages is not None:
        table = table.join(_ages(folder, ages, bands, table), on=["area", "year"], how="left")
    table = table.drop("children", "number")
    return _whole_series(table, years, _ended(values, spine))


def _check_controls(spend: str, outcome: str, controls: Sequence[str]) -> None:
    """Raise UsageError for a measure held level that is already in the sum, or is named twice."""
    for measure in controls:
        if measure in (spend, outcome):
            what = "the spend" if measure == spend else "the outcome"
            raise UsageError(f"{measure} is {what}, so it cannot be held level.")
    twice = sorted({c for c in controls if controls.count(c) > 1})
    if twice:
        raise UsageError(f"{', '.join(twice)} is to be held level twice.", mend="Name it once.")


def _ages(folder: Path, ages: Path, bands: Sequence[str], table: pl.DataFrame) -> pl.DataFrame:
    """Shares of ages of the table's authorities. Raises UsageError when the file is of other people or places."""
    made = age_shares(ages, bands, _districts(folder))
    both = made.join(table.select("area", "year", known="children").drop_nulls(), on=["area", "year"])  # fmt: skip
    if both.is_empty():
        raise UsageError(
            "The population by age holds none of the authorities and years.", where=ages.name,
            found=", ".join(made["area"].unique().sort().head(5)), allowed="codes such as E10000020",
        )  # fmt: skip
    ratio = float(both["children"].sum()) / float(both["known"].sum())
    if abs(ratio - 1) > FAR:
        raise UsageError(
            "The population by age is not that of children aged 0 to 17.", where=ages.name,
            found=f"{ratio:.2f} times the published number of children", allowed=f"within {FAR:.0%} of it",
        )  # fmt: skip
    return made.drop("children")


def _districts(folder: Path) -> dict[str, str]:
    """Code of a district -> that of its upper-tier authority; nothing when the folder holds no such table."""
    try:
        found = find_published(folder, "districts")["districts"]
    except ThreeCirclesError:
        return {}
    return dict(read_published(found).select("ltla_code", "utla_code").iter_rows())


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
