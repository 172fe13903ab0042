"""Revenue outturn of England's authorities: subtotals, of-which lines and blanks each counted for what they are."""

from __future__ import annotations

import re

import polars as pl

from threecircles.core.symbols import parse_published
from threecircles.definitions import read_csv
from threecircles.sources.declared import heading
from threecircles.sources.published import FoundTable, read_published

COLUMNS = {
    "c1": "employees", "c2": "running", "c3": "gross", "c4": "fees", "c5": "other_income", "c6": "income", "c7": "net",
}  # fmt: skip
"""Column of the form -> our name; c3 = c1 + c2, c6 = c4 + c5, c7 = c3 - c6."""
_COLUMN = re.compile(r"\s*-\s*[^-]*\((C[1-7])\b.*$", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:TOTAL )?(?:Children's social care|Substance misuse|Miscellaneous public health services)"
                     r"\s*[:-]\s*(?:Children's social care\s*-\s*)?", re.IGNORECASE)  # fmt: skip


def read_outturn(found: FoundTable) -> pl.DataFrame:
    """One row for each authority, line and column of the form.

    Columns: area (ONS code), name, certified (bool), line (our id, or "total" in RSX), column, pence
    (whole pence, null when unknown), reason. Kept: codes E06 to E10 that are not shire districts; class
    subtotals, the England row and the row of codes go, or the sheet would sum to three times the truth.
    """
    frame = read_published(found)
    authority = pl.col("ons_code").str.contains("^E(06|07|08|09|10)") & (pl.col("class_") != "SD")
    frame = frame.filter(authority.fill_null(False) & ~pl.col("ons_code").str.starts_with("E07"))
    lines = _lines(frame.get_column("line").unique().to_list())
    status = pl.col("status") if "status" in frame.columns else pl.lit(None, pl.Utf8)
    shown = pl.coalesce(pl.col("value"), status, pl.lit(""))
    frame = frame.with_columns(shown.alias("shown"))
    texts = frame.get_column("shown").unique().to_list()
    parsed = [(t, *_pence(t)) for t in texts]
    cells = pl.DataFrame(
        parsed, schema={"shown": pl.Utf8, "pence": pl.Int64, "reason": pl.Utf8}, orient="row"
    )
    return (
        frame.join(lines, left_on="line", right_on="published", how="inner")
        .join(cells, on="shown", how="left")
        .select(
            pl.col("ons_code").alias("area"),
            pl.col("la_name").alias("name"),
            (pl.col("certification") != "[x]").alias("certified"),
            pl.col("line_id").alias("line"),
            "column",
            "pence",
            "reason",
        )
    )


def outturn_lines() -> tuple[dict[str, str], ...]:
    """The lines of RO3: line, label, published_as, parent, kind (top, of_which, memorandum, public_health)."""
    return read_csv("published/ro3_lines")


def _pence(text: str) -> tuple[int | None, str | None]:
    """Thousands of pounds, printed to ten pounds, as whole pence."""
    value, reason = parse_published(text)
    return (None, reason) if value is None else (round(value * 100_000), None)


def _lines(published: list[str]) -> pl.DataFrame:
    known = {heading(row["published_as"]): row["line"] for row in outturn_lines()}
    known[heading("Children Social Care")] = "total"
    rows = []
    for text in published:
        found = _COLUMN.search(text)
        if not found:
            continue
        name = heading(_PREFIX.sub("", _COLUMN.sub("", text)))
        if name in known:
            rows.append((text, known[name], COLUMNS[found[1].lower()]))
    return pl.DataFrame(
        rows, schema={"published": pl.Utf8, "line_id": pl.Utf8, "column": pl.Utf8}, orient="row"
    )
