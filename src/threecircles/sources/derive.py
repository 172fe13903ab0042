"""Columns that follow from others and from keys left out in flat files: rules need them, senders do not send them."""

from __future__ import annotations

import polars as pl

from threecircles.sources.laid import Found
from threecircles.sources.reading import Note, Reject

_MODULE, _CHILD = "CINdetailsID", "LAchildID"
_INSIDE = ("Assessments", "AssessmentFactorsList", "CINplanDates", "Section47", "ChildProtectionPlans", "Reviews", "PreProceedings")  # fmt: skip


def derive(tables: dict[str, pl.DataFrame], found: Found) -> None:
    """Add, in place, what the declarations call derived and the files at hand allow.

    CINdetailsID of flat census files that leave it out: 1 for a child with one episode; rows of a child
    with more are rejected, since nobody can tell to which they belong.
    Header.UASC of the 903, when a UASC table of the same year is there: 1 for a child in it, else 0.
    session and attendance of a flat attendance sheet: venue, date and activity make the session.
    """
    _headcount_sheet(tables, found)
    _module_numbers(tables, found)
    for suffix in ("", "_last"):
        header, uasc = tables.get(f"Header{suffix}"), tables.get(f"UASC{suffix}")
        if (
            header is None
            or uasc is None
            or "CHILD" not in header.columns
            or "UASC" in header.columns
        ):
            continue
        flag = pl.col("CHILD").is_in(uasc.get_column("CHILD").drop_nulls().implode())
        tables[f"Header{suffix}"] = header.with_columns(
            pl.when(flag.fill_null(False)).then(pl.lit("1")).otherwise(pl.lit("0")).alias("UASC")
        )


def _headcount_sheet(tables: dict[str, pl.DataFrame], found: Found) -> None:
    """Sessions and attendance of the sheet. Without venue, date or activity nobody can tell the sessions
    apart: the sheet then stays as it came, with a note."""
    sheet, told = tables.get("headcount_sheet"), ("venue", "date", "activity")
    if sheet is None or "session" in tables or "attendance" in tables:
        return
    lost = [c for c in told if c not in sheet.columns]
    if lost:
        sentence = f"No session can be told from the sheet, which has no column {' or '.join(lost)}: its rows are kept and not counted. Send it again with the headings of the template."
        for file_id, n in sheet.group_by("_file", maintain_order=True).len().iter_rows():
            found.notes.append(
                Note(file_id, "headcount_sheet", lost[0], "sessions-not-told", n, [], sentence)
            )
        return
    made = sheet.with_columns(
        pl.concat_str(*told, separator="|", ignore_nulls=True).alias("session_id")
    )

    def there(*names: str) -> list[str]:
        return [c for c in names if c in made.columns]

    tables["session"] = made.select(
        "session_id", pl.col("venue").alias("venue_id"), *there("date", "date__date"), "activity", "_file", "_at"
    ).unique("session_id", keep="first", maintain_order=True).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("_row")
    )  # fmt: skip
    counts = there("age_band", "n", "n__int", "basis")
    tables["attendance"] = made.select("session_id", *counts, "_row", "_file", "_at")


def _module_numbers(tables: dict[str, pl.DataFrame], found: Found) -> None:
    episodes = tables.get("CINdetails")
    if episodes is None or _CHILD not in episodes.columns:
        return
    if all(_MODULE in tables[name].columns for name in ("CINdetails", *_INSIDE) if name in tables):
        return
    counts = episodes.group_by(_CHILD).len()
    several = counts.filter(pl.col("len") > 1).get_column(_CHILD).drop_nulls()
    if _MODULE not in episodes.columns:
        many = episodes.get_column(_CHILD).is_in(several.implode()).fill_null(False)
        tables["CINdetails"] = _numbered(episodes, many, "CINdetails", found)
    for name in _INSIDE:
        table = tables.get(name)
        if table is not None and _MODULE not in table.columns and _CHILD in table.columns:
            many = table.get_column(_CHILD).is_in(several.implode()).fill_null(False)
            tables[name] = _numbered(table, many, name, found)


def _numbered(table: pl.DataFrame, many: pl.Series, name: str, found: Found) -> pl.DataFrame:
    files = {f.file_id: f for f in found.files}
    for row in table.filter(many).iter_rows(named=True):
        raw = ",".join(
            "" if v is None else str(v)
            for k, v in row.items()
            if not k.startswith("_") and "__" not in k
        )
        found.rejects.append(
            Reject(row["_file"], row["_at"], name, raw, "episode-unknown",
                   f"The column {_MODULE} is not there and the child has several episodes.", _MODULE,
                   mend=f"Export {_MODULE}, the number of the episode within the child.")
        )  # fmt: skip
        files[row["_file"]].rows_kept -= 1
        files[row["_file"]].rows_rejected += 1
    kept = table.filter(~many)
    return kept.with_columns(
        pl.lit("1").alias(_MODULE), pl.lit(1, pl.Int64).alias(f"{_MODULE}__int"), pl.int_range(pl.len(), dtype=pl.Int64).alias("_row")
    )  # fmt: skip
