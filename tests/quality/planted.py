"""A small made-up authority without errors, and what planting a disagreement in it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.identifiers import is_temporary_upn, upn_check_letter, valid_upn
from threecircles.definitions.place import load_place
from threecircles.quality.steps import place_reports

PLANTED = 6
"""At most so many places are planted for each check."""

START, END = date(2025, 4, 1), date(2026, 3, 31)

Tables = dict[str, pl.DataFrame]
Places = set[tuple[str, int]]

CIN_PEOPLE, S903_PEOPLE, ROLL = "cin.ChildIdentifiers", "s903.Header", "school.pupilonroll"
EPISODES, DETAILS, PLANS = "s903.Episodes", "cin.CINdetails", "cin.ChildProtectionPlans"
TABLE = {"cin": CIN_PEOPLE, "903": S903_PEOPLE, "school": ROLL}
COLUMNS = {
    "cin": {"key": "LAchildID", "upn": "UPN", "former": "FormerUPN", "dob": "PersonBirthDate", "sex": "Sex"},
    "903": {"key": "CHILD", "upn": "UPN", "dob": "DOB", "sex": "SEX", "ethnic": "ETHNIC"},
    "school": {"key": "pupilonrolltableid", "upn": "upn", "former": "formerupn", "dob": "dob", "sex": "sex", "ethnic": "ethnicity"},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One check's planting.

    sound: tables on which nothing is found. planted: the tables that replace some of them. places: (table,
    row) that must be found then, and no other. compared: how many things the check can and cannot compare in
    the planted tables, counted here without its SQL. reference: directories and links. least: places.
    """

    sound: Tables
    planted: Tables
    places: Places
    compared: tuple[int, int]
    reference: dict[str, object] = field(default_factory=dict)
    least: int = 1


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
    there = column in frame.columns
    cells = frame[column].to_list() if there else [None] * frame.height
    for row, value in values.items():
        cells[row] = value
    typed = [c for c in frame.columns if c.startswith(f"{column}__")]
    return tables | {
        table: frame.drop(typed).with_columns(pl.Series(column, cells, dtype=pl.String))
    }


def records(**columns: Iterable[str | None]) -> pl.DataFrame:
    """A table of text."""
    return pl.DataFrame(
        {name: list(cells) for name, cells in columns.items()},
        schema=dict.fromkeys(columns, pl.String),
    )


def without(tables: Tables, table: str, test: pl.Expr) -> Tables:
    """The tables, one of them without the rows for which a test holds."""
    return tables | {table: tables[table].filter(~test)}


def rows_where(frame: pl.DataFrame, test: pl.Expr) -> list[int]:
    """Positions of the rows for which a test holds."""
    return frame.with_row_index("_n").filter(test)["_n"].to_list()


def good_upn(number: str | None) -> bool:
    """Whether a pupil number is a permanent one with the right letter."""
    return bool(number) and valid_upn(number) and not is_temporary_upn(number)


def made_up_upn(serial: int) -> str:
    """A pupil number with the right letter that no child of the made-up place has."""
    rest = f"9991{serial:08}"
    return upn_check_letter(rest) + rest


def day_of(text: str | None) -> date | None:
    """A date in either form."""
    if not text:
        return None
    if "/" in text:
        day, month, year = map(int, text.split("/"))
        return date(year, month, day)
    return date.fromisoformat(text)


def later(text: str, days: int = 400) -> str:
    """A date some days later, in its own form."""
    moved = date.fromordinal(day_of(text).toordinal() + days)
    return f"{moved:%d/%m/%Y}" if "/" in text else moved.isoformat()


def other_sex(text: str | None) -> str:
    """The other one of M and F."""
    return "F" if text == "M" else "M"


def people(tables: Tables, source: str) -> list[dict[str, object]]:
    """Each child of a source: row, key, local (capitals; not at school), upn, former, dob, sex, ethnic."""
    names = COLUMNS[source]
    ethnic: dict[str, str] = {}
    if source == "cin":
        told = tables["cin.ChildCharacteristics"].select("LAchildID", "Ethnicity").iter_rows()
        ethnic = {child: code for child, code in told if code}
    found = []
    for n, row in enumerate(tables[TABLE[source]].iter_rows(named=True)):
        one = {ours: row.get(theirs) for ours, theirs in names.items()}
        one |= {"row": n, "dob": day_of(one["dob"]), "former": one.get("former")}
        one["local"] = None if source == "school" else (one["key"] or "").strip().upper() or None
        one["sex"] = one["sex"] if one["sex"] in ("M", "F") else None
        one["ethnic"] = ethnic.get(one["key"]) if source == "cin" else one["ethnic"]
        found.append(one)
    return found


def pairs(tables: Tables, one: str, other: str) -> list[tuple[dict, dict]]:
    """Children of two sources who are one child: one valid pupil number, or local identifier and birth date."""
    return [
        (a, b)
        for a in people(tables, one)
        for b in people(tables, other)
        if (a["upn"] == b["upn"] and good_upn(a["upn"]))
        or (a["local"] and a["local"] == b["local"] and a["dob"] and a["dob"] == b["dob"])
    ]


def all_pairs(tables: Tables) -> list[tuple[str, dict, str, dict]]:
    """The pairs of all three sources, with the names of both."""
    return [
        (one, a, other, b)
        for one, other in (("cin", "903"), ("cin", "school"), ("903", "school"))
        for a, b in pairs(tables, one, other)
    ]


def valid_pairs(tables: Tables, one: str, other: str) -> list[tuple[int, int]]:
    """Rows of two tables that carry one pupil number, the first few."""
    return [
        (a["row"], b["row"]) for a, b in pairs(tables, one, other) if a["upn"] == b["upn"]
    ][:PLANTED]  # fmt: skip


def open_care(tables: Tables) -> list[int]:
    """Rows of the episodes of care that are open and no short break."""
    return rows_where(
        tables[EPISODES], pl.col("DEC").is_null() & ~pl.col("LS").is_in(["V3", "V4"])
    )  # fmt: skip


def taught_in_care(tables: Tables) -> dict[int, int]:
    """Rows of the open episodes of children on a roll, with their rows there."""
    at = {a["key"]: b["row"] for a, b in pairs(tables, "903", "school")}
    child = tables[EPISODES]["CHILD"]
    return {n: at[child[n]] for n in open_care(tables) if child[n] in at}


def modules(tables: Tables, child: str) -> list[int]:
    """Rows of a child's episodes of need."""
    return rows_where(tables[DETAILS], pl.col("LAchildID") == child)
