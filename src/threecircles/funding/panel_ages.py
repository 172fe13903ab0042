"""How old an authority's children are, year by year: without it a baby boom would be read as what spending does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.symbols import parse_published
from threecircles.definitions import Definition, load
from threecircles.sources.declared import heading
from threecircles.sources.published_files import SUFFIXES, read_text_frame

OLDEST = 17
_WIDE_YEAR = re.compile(r"^(?:population|pop|mid|year)?_?(\d{4})$")
_WIDE_AGE = re.compile(r"^(?:aged?_?)?(\d{1,3})$")
_SPAN = re.compile(r"(\d+)(?:\s*(?:-|–|to)\s*(\d+))?(\+?)")


@dataclass(frozen=True, kw_only=True)
class AgeTable(Definition):
    """How a population by age may be headed. headings: our name -> headings to accept. all_sexes: words of a
    row that holds both. bands: the shares that are held level unless others are named."""

    headings: dict[str, tuple[str, ...]]
    all_sexes: tuple[str, ...]
    bands: tuple[str, ...]


def age_shares(
    path: Path, bands: Sequence[str] = (), districts: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Of all children aged 0 to 17, the share in each band, by area and financial year.

    path: population by area, year and age (CSV, xlsx, ods, Parquet), a row each, or with the years or the
    ages as columns; boys and girls are added. bands: such as 0-4; one of them must be left out, since shares
    add up to 1. districts: code -> code of its upper-tier authority, for a file of districts. Columns: area, year (the financial year that ends after the estimate of June), children, and
    "aged 0 to 4" for each band. Raises an error naming the file and what it lacks.
    """
    declared = load("spend/population_by_age", AgeTable)
    spans = _spans(bands or declared.bands)
    counts = _upper_tier(_long(path, declared), districts or {})
    whole = counts.group_by("area", "year").agg(
        children=pl.col("children").sum(),
        ages=_years_told(),
        unknown=pl.col("children").has_nulls(),
    )
    short = whole.filter(pl.col("ages") != OLDEST + 1)
    if short.height:
        area, year, told = short.sort("area", "year").select("area", "year", "ages").row(0)
        raise UsageError(
            f"{area} in {year} holds {told} of the {OLDEST + 1} years of age from 0 to {OLDEST}, once each.",
            where=path.name,
            mend="Give every age of a child once for each area and year, in single years or in bands.",
        )
    made = whole.filter(pl.col("children") > 0, ~pl.col("unknown"))
    for name, (low, high) in spans.items():
        _check_cut(counts, low, high, path)
        part = counts.filter(pl.col("low") >= low, pl.col("high") <= high)
        part = part.group_by("area", "year").agg(pl.col("children").sum().alias("_part"))
        made = made.join(part, on=["area", "year"]).with_columns(
            (pl.col("_part") / pl.col("children")).alias(name)
        )
        made = made.drop("_part")
    # The estimate of June stands for the financial year that ends in the March after it.
    return made.select("area", pl.col("year") + 1, "children", *spans).sort("area", "year")


def band_names(bands: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns that `age_shares` gives for these bands (the usual ones when none is named)."""
    return tuple(_spans(bands or load("spend/population_by_age", AgeTable).bands))


def _spans(bands: Sequence[str]) -> dict[str, tuple[int, int]]:
    made: dict[str, tuple[int, int]] = {}
    taken: set[int] = set()
    for text in bands:
        match = _SPAN.fullmatch(text.strip())
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        ages = set(range(low, high + 1))
        if not ages or high > OLDEST or match is None or match[3]:
            raise UsageError("An age band cannot be read.", found=text, allowed=f"from-to within 0-{OLDEST}, such as 0-4")  # fmt: skip
        if ages & taken:
            raise UsageError("Two age bands share an age.", found=text)
        taken |= ages
        made[f"aged {low} to {high}" if high > low else f"aged {low}"] = (low, high)
    if len(taken) > OLDEST:
        raise UsageError(
            "The age bands hold every child, so their shares add up to 1.",
            found=", ".join(bands),
            mend="Leave one band out: the others are told against it.",
        )
    return made


def _long(path: Path, declared: AgeTable) -> pl.DataFrame:
    """A row an area, year and age (or band): area, year, low, high, children."""
    frame = _read(path)
    headings = ", ".join(frame.columns[:30])
    named = {
        ours: next((c for c in frame.columns if heading(c) in map(heading, words)), None)
        for ours, words in declared.headings.items()
    }
    frame = frame.rename({theirs: f"_{ours}" for ours, theirs in named.items() if theirs})
    if "_sex" in frame.columns:
        both = pl.col("_sex").str.strip_chars().str.to_lowercase().is_in(list(declared.all_sexes))
        frame = frame.filter(both) if frame.select(both.any()).item() else frame
    frame = _turned(frame, "_year", _WIDE_YEAR)
    frame = _turned(frame, "_age", _WIDE_AGE)
    lacking = [c for c in ("area", "year", "age", "children") if f"_{c}" not in frame.columns]
    if lacking:
        raise UsageError(
            f"The population by age lacks {', '.join(lacking)}.",
            where=path.name,
            found=headings,
            allowed="; ".join(f"{c}: {', '.join(declared.headings[c][:6])}" for c in lacking),
        )
    frame = frame.with_columns(_children=_numbers(frame["_children"], path))
    made = frame.select(
        area=pl.col("_area").str.strip_chars(),
        year=pl.col("_year").str.extract(r"(\d{4})").cast(pl.Int64),
        low=pl.col("_age").str.extract(r"(\d+)").cast(pl.Int64),
        high=pl.coalesce(pl.col("_age").str.extract(r"\d+\D+?(\d+)"), pl.col("_age").str.extract(r"(\d+)")).cast(pl.Int64),
        children="_children",
    ).drop_nulls(["area", "year", "low"])  # fmt: skip
    made = made.filter(
        pl.col("high") <= OLDEST, ~((pl.col("low") == 0) & (pl.col("high") == OLDEST))
    )
    if made.is_empty():
        raise UsageError("No row of the population by age is of children.", where=path.name)
    return _added(made)


def _upper_tier(counts: pl.DataFrame, districts: Mapping[str, str]) -> pl.DataFrame:
    """Districts added up to their authority, unless the file gives the authority itself."""
    own = set(counts["area"].unique().to_list())
    parts = [d for d, upper in districts.items() if upper != d and upper in own]
    kept = counts.filter(~pl.col("area").is_in(parts))
    return _added(kept.with_columns(pl.col("area").replace(dict(districts))))


def _added(counts: pl.DataFrame) -> pl.DataFrame:
    """One row an area, year and age; a sum with a part unknown is unknown."""
    known = pl.col("children").null_count() == 0
    return counts.group_by("area", "year", "low", "high").agg(
        children=pl.when(known).then(pl.col("children").sum())
    )


def _numbers(cells: pl.Series, path: Path) -> pl.Series:
    """Counts; a published symbol is null. Raises UsageError naming the first cell that is neither."""
    made: list[float | None] = []
    for row, cell in enumerate(cells.to_list(), 2):
        number, reason = parse_published(cell)
        if reason == "unreadable" or (number is not None and number < 0):
            raise UsageError("This is no number of children.", where=f"{path.name}, row {row:,}", found=str(cell))  # fmt: skip
        made.append(number)
    return pl.Series(made, dtype=pl.Float64)


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise UsageError("There is no such file of population by age.", where=str(path))
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError("The population by age cannot be read.", where=path.name, allowed=", ".join(SUFFIXES))  # fmt: skip
    try:
        frame = read_text_frame(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ThreeCirclesError("The population by age cannot be read.", where=path.name, found=str(error).splitlines()[0]) from None  # fmt: skip
    frame = frame.select(pl.all().cast(pl.Utf8, strict=False))
    return frame.rename({c: c.strip().removeprefix("\ufeff") for c in frame.columns})


def _turned(frame: pl.DataFrame, name: str, pattern: re.Pattern[str]) -> pl.DataFrame:
    """Years or ages that stand as columns, as rows."""
    wide = [c for c in frame.columns if pattern.fullmatch(c.strip().lower())]
    if name in frame.columns or not wide:
        return frame
    kept = [c for c in frame.columns if c.startswith("_") and c != "_children"]
    return frame.unpivot(wide, index=kept, variable_name=name, value_name="_children")


def _years_told() -> pl.Expr:
    return (pl.col("high") - pl.col("low") + 1).sum()


def _check_cut(counts: pl.DataFrame, low: int, high: int, path: Path) -> None:
    """Raise UsageError when a band of the file lies partly in the band asked for."""
    across = counts.filter(
        pl.col("low") <= high,
        pl.col("high") >= low,
        (pl.col("low") < low) | (pl.col("high") > high),
    )
    if across.height:
        found = across.select(pl.format("{}-{}", "low", "high")).to_series().unique().sort()
        raise UsageError(
            f"The band {low}-{high} cuts through bands of the file.",
            where=path.name,
            found=", ".join(found.to_list()[:6]),
            mend="Ask for bands the file can give.",
        )
