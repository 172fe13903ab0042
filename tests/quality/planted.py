"""A small made-up authority without errors, and ways to plant one disagreement at a time, each with its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from threecircles.definitions.place import load_place
from threecircles.quality.steps import place_reports

PLANTED = 6
"""At most so many places are planted for each check."""

Tables = dict[str, pl.DataFrame]
Places = set[tuple[str, int]]


def clean_tables(folder: Path) -> Tables:
    """The error-free returns of a made-up place as the checks across returns see them."""
    place = load_place(folder)
    tables = {
        f"sources.{path.parent.name}.{path.stem}": pl.read_parquet(path)
        .drop("_row", strict=False)
        .with_row_index("_row")
        for path in sorted((folder / "truth" / "returns").glob("*/*.parquet"))
    }
    for name, columns in (("pupilonroll", ("dob", "entrydate")),):
        key = next(k for k in tables if k.endswith(f".{name}"))
        # The reader does this to the form in which a school census writes its dates.
        tables[key] = tables[key].with_columns(
            pl.col(c).str.to_date("%Y-%b-%d 00:00:00").dt.strftime("%Y-%m-%d") for c in columns
        )
    reports = {r.return_name: r for r in place_reports(tables, place)}
    return dict(reports["cross"].tables)


def put(tables: Tables, table: str, column: str, values: dict[int, str | None]) -> Tables:
    """The tables with some cells of one column written anew."""
    frame = tables[table]
    cells = frame[column].to_list()
    for row, value in values.items():
        cells[row] = value
    typed = [c for c in frame.columns if c.startswith(f"{column}__")]
    return tables | {
        table: frame.drop(typed).with_columns(pl.Series(column, cells, dtype=pl.String))
    }


def valid_pairs(tables: Tables, one: str, other: str) -> list[tuple[int, int]]:
    """Rows of two tables that carry one pupil number, the first few."""
    names = {"cin": ("cin.ChildIdentifiers", "UPN"), "903": ("s903.Header", "UPN"),
             "school": ("school.pupilonroll", "upn")}  # fmt: skip
    sides = []
    for source, row in ((one, "a"), (other, "b")):
        table, column = names[source]
        sides.append(
            tables[table]
            .with_row_index(row)
            .select(row, pl.col(column).alias("upn"))
            .filter(pl.col("upn").str.contains(r"^[A-Z]\d{12}$"))
            .unique("upn", keep="none")
        )
    both = sides[0].join(sides[1], on="upn").sort("a").head(PLANTED)
    return [(a, b) for a, b in both.select("a", "b").iter_rows()]


def other_sex(text: str | None) -> str:
    """The other one of M and F."""
    return "F" if text == "M" else "M"


def later(text: str, days: int = 400, form: str = "%Y-%m-%d") -> str:
    """A date some days later, in its own form."""
    day = date.fromisoformat(text) if form == "%Y-%m-%d" else _british(text)
    return date.fromordinal(day.toordinal() + days).strftime(form)


def _british(text: str) -> date:
    day, month, year = map(int, text.split("/"))
    return date(year, month, day)
