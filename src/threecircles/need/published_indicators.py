"""Each indicator of the comparison of England, from published figures alone, with its reason where it is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import polars as pl

from threecircles.core.intervals import byar
from threecircles.core.rates import rate
from threecircles.core.rounding import round_half_away
from threecircles.definitions import Definition, load_folder
from threecircles.need.published_areas import England, area_of_number
from threecircles.need.published_deprivation import deprivation
from threecircles.sources.published_dfe import read_dfe
from threecircles.sources.published_lait import Lait, national_is_plausible, read_lait
from threecircles.sources.published_outturn import outturn_lines, read_outturn

COLUMNS = {
    "area": pl.Utf8, "level": pl.Utf8, "region": pl.Utf8, "year": pl.Int64, "period": pl.Utf8, "value": pl.Float64,
    "low": pl.Float64, "high": pl.Float64, "numerator": pl.Float64, "denominator": pl.Float64, "n": pl.Int64,
    "reason": pl.Utf8,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class EnglandIndicator(Definition):
    """One published indicator. circle: which of the three it tells of. from: where its figures are.

    measure: code, column or column of the form. table: published table of counts. where: values of
    columns that choose its rows. line: line of the outturn form (all top lines when empty). rate: the
    national figure must lie among those of authorities. decimals: as the publisher prints it.
    """

    circle: Literal["need", "use", "spend", "workforce"]
    order: int
    from_: Literal["counts", "lait", "outturn", "deprivation"]
    measure: str
    decimals: int = 1
    table: str = ""
    where: dict[str, str] = field(default_factory=dict)
    line: str = ""
    rate: bool = False


@dataclass(frozen=True)
class Series:
    """An indicator's figures for all areas and years, and what must be said beside them."""

    indicator: EnglandIndicator
    figures: pl.DataFrame
    notes: tuple[str, ...] = ()


def england_indicators() -> tuple[EnglandIndicator, ...]:
    """The shipped indicators in the order of the page."""
    return tuple(sorted(load_folder("england", EnglandIndicator), key=lambda i: i.order))


def series(indicator: EnglandIndicator, england: England) -> Series:
    """All areas and years of an indicator. figures: area, level, region, year, period, value, low, high,
    numerator, denominator, n, reason; a value or a reason, never both."""
    return _MAKERS[indicator.from_](indicator, england)


def _counts(indicator: EnglandIndicator, england: England) -> Series:
    """Counts of 31 March over the estimate of the June before; Byar's interval, as counts are events."""
    frame, aside = read_dfe(england.files[indicator.table], indicator.measure)
    for column, wanted in indicator.where.items():
        frame = frame.filter(pl.col(column) == wanted)
    population, _ = read_dfe(england.files["population"], "population_estimate")
    base = population.select(
        "area", (pl.col("year") + 1).alias("year"), pl.col("value").alias("population")
    )
    # Two rows of one area and year (a code reused after a boundary change) would multiply the join.
    base = base.unique(["area", "year"], keep="none")
    rows = []
    known = dict(england.authorities.select("area", "region").iter_rows())
    for row in frame.join(base, on=["area", "year"], how="left").iter_rows(named=True):
        events, people = row["value"], row["population"]
        if row["level"] == "authority" and row["area"] not in known:
            continue
        raw = rate(events, people)
        reason = row["reason"] or (None if raw is not None else "not_available")
        ends = byar(int(events), people, 10_000) if raw is not None else (None, None)
        rows.append(
            (row["area"], row["level"], known.get(row["area"], row["area"]), row["year"], f"31 March {row['year']}",
             None if raw is None else round_half_away(raw, indicator.decimals), *ends, events, people,
             None if events is None else int(events), reason)
        )  # fmt: skip
    notes = (f"{aside.height} rows of other levels were set aside.",) if aside.height else ()
    return Series(indicator, pl.DataFrame(rows, schema=COLUMNS, orient="row"), notes)


@lru_cache(maxsize=1)
def _all_lait(england: England) -> Lait:
    codes = [i.measure for i in england_indicators() if i.from_ == "lait"]
    return read_lait(england.files["lait"], *codes)


def _lait(indicator: EnglandIndicator, england: England) -> Series:
    read = _all_lait(england)
    values, notes = _of_one_kind(read.values.filter(pl.col("measure_short") == indicator.measure))
    if indicator.rate:
        impossible = [
            period
            for (period,), part in values.group_by("period")
            if not national_is_plausible(part)
        ]
        if impossible:
            national = (pl.col("la_number") == 970) & pl.col("period").is_in(impossible)
            values = values.with_columns(
                pl.when(national).then(None).otherwise(pl.col("value")).alias("value"),
                pl.when(national)
                .then(pl.lit("not_available"))
                .otherwise(pl.col("reason"))
                .alias("reason"),
            )
            notes.append(
                "The figure published for England lies outside that of every authority, so it is no rate; it is not shown."
            )
    empty = {c: pl.lit(None, t).alias(c) for c, t in COLUMNS.items()}
    figures = values.join(area_of_number(england), on="la_number").select(
        "area", "level", "region", "year", "period", "value", empty["low"], empty["high"], empty["numerator"],
        empty["denominator"], empty["n"], "reason",
    )  # fmt: skip
    return Series(indicator, figures.cast(pl.Schema(COLUMNS)), tuple(notes))


def _of_one_kind(values: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The periods of the calendar that the newest ones follow, and a note on the others.

    A mean of three years that ends in 2016 is no figure of 2016, and a school year is none of 31 March.
    """
    kinds = values.group_by("kind").agg(pl.col("year").max(), periods=pl.col("period").n_unique())
    if kinds.height < 2:
        return values, []
    newest = kinds.sort("year", "periods", "kind")["kind"][-1]
    gone = values.filter(pl.col("kind") != newest)["period"].unique().sort().to_list()
    said = f"Periods of another kind are not in this line: {', '.join(gone)}."
    return values.filter(pl.col("kind") == newest), [said]


def _outturn(indicator: EnglandIndicator, england: England) -> Series:
    """Pounds a child of the June before the year ends; sums of regions and England over certified authorities."""
    year, period = 2025, england.files["outturn-ro3"].table.period
    top = [r["line"] for r in outturn_lines() if r["kind"] == "top"]
    lines = [indicator.line] if indicator.line else top
    frame = read_outturn(england.files["outturn-ro3"]).filter(
        pl.col("line").is_in(lines), pl.col("column") == indicator.measure
    )
    spent = frame.group_by("area").agg(
        pl.when(pl.col("pence").is_null().any())
        .then(None)
        .otherwise(pl.col("pence").sum())
        .alias("pence"),
        pl.col("reason").drop_nulls().first(),
    )
    people = england.population(year - 1)
    own = england.authorities.join(spent, on="area", how="left").join(people, on="area", how="left")
    parts = [
        own.select(
            "area", pl.lit("authority").alias("level"), "region", "pence", "population", "reason"
        )
    ]
    certified = own.filter(pl.col("pence").is_not_null())
    for level, region in (("region", pl.col("region")), ("england", pl.lit("E92000001"))):
        parts.append(
            certified.group_by(region.alias("area"))
            .agg(pl.col("pence").sum(), pl.col("population").sum())
            .select("area", pl.lit(level).alias("level"), pl.col("area").alias("region"), "pence", "population",
                    pl.lit(None, pl.Utf8).alias("reason"))
        )  # fmt: skip
    rows = [
        (r["area"], r["level"], r["region"], year, period, _pounds_each(r, indicator.decimals), None, None,
         None if r["pence"] is None else r["pence"] / 100, r["population"], None,
         None if r["pence"] is not None else r["reason"] or "not_available")
        for r in pl.concat(parts, how="vertical_relaxed").iter_rows(named=True)
    ]  # fmt: skip
    blank = own.filter(pl.col("pence").is_null()).get_column("name").to_list()
    notes = [f"Sums are over {certified.height} of {own.height} authorities."]
    if blank:
        notes.append(f"Not certified, so unknown: {', '.join(blank)}.")
    return Series(indicator, pl.DataFrame(rows, schema=COLUMNS, orient="row"), tuple(notes))


def _pounds_each(row: dict[str, float | None], decimals: int) -> float | None:
    each = rate(row["pence"], row["population"], per=0.01)
    return None if each is None else round_half_away(each, decimals)


def _deprivation(indicator: EnglandIndicator, england: England) -> Series:
    figures, notes = deprivation(england, indicator.measure, indicator.decimals)
    return Series(indicator, pl.DataFrame(figures, schema=COLUMNS, orient="row"), notes)


_MAKERS: dict[str, Callable[[EnglandIndicator, England], Series]] = {
    "counts": _counts, "lait": _lait, "outturn": _outturn, "deprivation": _deprivation,
}  # fmt: skip
