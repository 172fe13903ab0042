"""What authorities sent, read and judged file by file: without it a formula would be fitted to a table somebody made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.quality import check
from threecircles.sources import read

NEEDED = {
    "area-activity": "area_activity",
    "early-years-census": "early_years_census",
    "alternative-provision-census": "alternative_provision",
    "school-census": "pupilonroll",
}
"""Source -> its table. All four are needed: the first is what is fitted, the others say which children are covered."""
HIDDEN = 5
"""A hidden cell stands for no more than this (quality.md 1.10)."""
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Received:
    """activity: la_code, area_code, vintage, activity, unit, quantity, children, suppressed; files that
    passed only. answers: la_code, taken (bool), why, rows. covered: la_code, age, children seen in a census.
    """

    activity: pl.DataFrame
    answers: pl.DataFrame
    covered: pl.DataFrame


def read_received(
    folder: Path,
    *,
    year: int,
    totals: pl.DataFrame,
    waived: Mapping[str, str] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> Received:
    """Read `received/`, one folder an authority, named by its code.

    totals: la_code, unit, quantity: the authority's own return of the year. A file whose areas do not add
    up to it is out, unless waived (authority -> reason). left_out: authority -> reason. Children of the
    censuses are counted by age on 31 August before the census and no row of a child goes on.
    Raises UsageError naming every file that is missing, and for activity told by placement address.
    """
    waived, left_out = waived or {}, left_out or {}
    places = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    if not places:
        raise UsageError(
            "No authority's folder is there.", where=str(folder),
            mend="Put the files of each authority into a folder named by its code, for example received/E06000001.",
        )  # fmt: skip
    missing: list[str] = []
    parts: list[pl.DataFrame] = []
    counts: list[pl.DataFrame] = []
    answers: list[tuple[str, bool, str, int]] = []
    for place in places:
        la = place.name
        if la in left_out:
            answers.append((la, False, f"left out: {left_out[la]}", 0))
            continue
        tables = {kind: _table(place, kind, year) for kind in NEEDED}
        missing += [f"{la}/{kind}" for kind, table in tables.items() if table is None]
        sent = tables["area-activity"]
        if sent is None:
            continue
        why = _faults(place, sent, la, year, totals)
        note = f"waived: {waived[la]}" if why and la in waived else why
        taken = not why or la in waived
        answers.append((la, taken, note, sent.height))
        if taken:
            parts.append(_activity(sent))
        counts += [
            _ages(t, la, year) for k, t in tables.items() if k != "area-activity" and t is not None
        ]
    if missing:
        raise UsageError(
            f"{len(missing)} files are missing.", where=str(folder), found=", ".join(missing[:12]),
            mend="Put them there, or name the authority under left_out with a reason; "
            "`threecircles source template area-activity` writes a form.",
        )  # fmt: skip
    table = pl.DataFrame(answers, schema=["la_code", "taken", "why", "rows"], orient="row")
    if not parts:
        said = "; ".join(f"{la}: {why}" for la, _, why, _ in answers)
        raise UsageError("No authority's file can be taken.", where=str(folder), found=said)
    seen = pl.concat(counts).unique(["la_code", "child"])
    covered = seen.group_by("la_code", "age").agg(children=pl.len()).sort("la_code", "age")
    return Received(pl.concat(parts), table, covered)


def _table(place: Path, kind: str, year: int) -> pl.DataFrame | None:
    made = read(place, return_name=kind, year=year).tables.get(NEEDED[kind])
    return None if made is None or not made.height else made


def _faults(place: Path, sent: pl.DataFrame, la: str, year: int, totals: pl.DataFrame) -> str:
    """Why a file cannot be taken, "" when it can. Raises UsageError for placement addresses."""
    if (sent["address_basis"].str.to_lowercase() == "placement").any():
        raise UsageError(
            "Activity is told by the address of the placement; need arises where the child came from.",
            where=f"{place.name}, area-activity",
            mend="Ask for the home address on entry, or name the authority under left_out with a reason.",
        )  # fmt: skip
    report = check(
        read(place, return_name="area-activity", year=year), return_name="area_activity", year=year
    )
    errors = sorted({f["rule"] for f in report.findings if f["severity"] == "error"})
    strange = sent.filter(pl.col("la_code") != la).height
    said = [f"rule {', '.join(errors)} is broken"] if errors else []
    said += [f"{strange} rows are of another authority"] if strange else []
    return "; ".join([*said, *_sums(sent, totals.filter(pl.col("la_code") == la))])


def _sums(sent: pl.DataFrame, own: pl.DataFrame) -> list[str]:
    """Areas, the unknown one too, must add up to the authority's own return, hidden cells allowed for."""
    expected = dict(own.select("unit", "quantity").iter_rows())
    said = []
    for (unit,), rows in sent.group_by("unit", maintain_order=True):
        if unit not in expected:
            said.append(f"no total of {unit} to check against")
            continue
        shown = float(rows["quantity__number"].sum())
        hidden = rows["quantity__number"].null_count()
        if not shown - 1e-6 <= expected[unit] <= shown + HIDDEN * hidden + 1e-6:
            said.append(
                f"{unit}: {shown:,.0f} in the areas, {expected[unit]:,.0f} in its own return"
            )
    return said


def _activity(sent: pl.DataFrame) -> pl.DataFrame:
    return sent.select(
        "la_code",
        "area_code",
        "vintage",
        "activity",
        "unit",
        quantity="quantity__number",
        children=pl.col("children__int").cast(pl.Float64),
        suppressed=pl.col("quantity__number").is_null(),
    )


def _ages(table: pl.DataFrame, la: str, year: int) -> pl.DataFrame:
    """One row a child, known by pupil number where there is one: la_code, child, age. Names are not read on."""
    key = "upn" if "upn" in table.columns else "child_id"
    day = date(year - 1, 8, 31)
    born = pl.col("dob__date")
    before = (born.dt.month() > day.month) | (
        (born.dt.month() == day.month) & (born.dt.day() > day.day)
    )
    age = day.year - born.dt.year() - before.cast(pl.Int32)
    return table.filter(born.is_not_null()).select(
        la_code=pl.lit(la), child=pl.lit(f"{key}:") + pl.col(key), age=age.cast(pl.Int64)
    )
