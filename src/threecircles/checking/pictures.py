"""What a return tells beside what others publish: without it the sender would get nothing back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from threecircles.checking.files import Asked, Checked
from threecircles.definitions import read_csv
from threecircles.quality import Report
from threecircles.quality.derive import authority_code
from threecircles.quality.layout import PREVIOUS
from threecircles.quality.outputs_told import Picture, picture
from threecircles.quality.plausibility import all_measures, tell
from threecircles.quality.unusual import Published, compare, unusual_months
from threecircles.quality.window import Window, window_to
from threecircles.sources.published import FoundTable, find_published, read_published
from threecircles.sources.published_dfe import read_dfe
from threecircles.sources.published_lait import read_lait

_NOTHING: dict[str, type[pl.DataType]] = {
    "measure_short": pl.String, "la_number": pl.Int64, "kind": pl.String, "year": pl.Int64, "value": pl.Float64,
}  # fmt: skip


def pictures(checked: Checked, asked: Asked, children: float | None = None) -> dict[str, Picture]:
    """Return -> what it already tells, beside the published figures in the reference folder.

    children: number of children aged 0 to 17 of the authority; when not given, the newest published
    estimate in the folder. Without a folder the return's own figures stand alone.
    """
    files = find_published(asked.reference) if asked.reference else {}
    found = {}
    for report in checked.reports:
        if report.return_name not in ("cin", "903"):
            continue
        code = authority_code(asked.authority, report.tables) or ""
        number, region, population = _whereabouts(files, code, report.year)
        published = Published(_values(files), number, _neighbours(files, number), region)
        told = tell(report, children or population)
        lines = compare(told, published, report.year)
        found[report.return_name] = picture(
            report.return_name, report.year, lines, unusual_months(told),
            _last_year(report, children or population),
        )  # fmt: skip
    return found


def _values(files: Mapping[str, FoundTable]) -> pl.DataFrame:
    if "lait" not in files:
        return pl.DataFrame(schema=_NOTHING)
    series = {m.series for m in all_measures() if m.series}
    return read_lait(files["lait"], *sorted(series)).values


def _neighbours(files: Mapping[str, FoundTable], number: int | None) -> tuple[int, ...]:
    if "statistical-neighbours" not in files or number is None:
        return ()
    frame = read_published(files["statistical-neighbours"])
    own = frame.filter(pl.col("la_number") == str(number))["neighbour"]
    return tuple(int(n) for n in own.to_list())


def _whereabouts(
    files: Mapping[str, FoundTable], code: str, year: int
) -> tuple[int | None, int | None, float | None]:
    """DfE number of the authority, number of its region in the published tool, children aged 0 to 17.

    The estimate is that of the June before the 31 March, or the newest one held.
    """
    numbers = {row["gss"]: row["dfe_number"] for row in read_csv("rules/authorities")}
    number = int(numbers[code]) if numbers.get(code, "").isdigit() else None
    if "population" not in files:
        return number, None, None
    frame, _ = read_dfe(files["population"], "population_estimate")
    own = frame.filter((pl.col("area") == code) & (pl.col("year") < year)).sort("year")
    estimate = own["value"].drop_nulls()
    regions = {row["ons_code"]: row["lait_number"] for row in read_csv("comparators/regions")}
    raw = read_published(files["population"])
    region = (
        raw.filter(pl.col("new_la_code") == code)["region_code"].drop_nulls()
        if "region_code" in raw.columns
        else pl.Series([], dtype=pl.String)
    )
    at = regions.get(region[-1]) if region.len() else None
    return number, int(at) if at else None, float(estimate[-1]) if estimate.len() else None


def _last_year(report: Report, population: float | None) -> dict[str, float]:
    """Measure -> its figure from last year's tables, where they were given."""
    tables = {
        name.removesuffix(PREVIOUS): frame
        for name, frame in report.tables.items()
        if name.endswith(PREVIOUS)
    }
    if not tables or report.window is None:
        return {}
    before = replace(
        report, year=report.year - 1, tables=tables, window=_year_before(report.window)
    )
    figures = tell(before, population).figures.drop_nulls("value")
    return dict(figures.select("id", "value").iter_rows())


def _year_before(covers: Window) -> Window:
    return window_to(covers.end.replace(year=covers.end.year - 1))
