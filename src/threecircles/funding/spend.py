"""What a council spent, line by line, in whole pence: a section total read as a line would double it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.definitions import read_csv
from threecircles.sources.read import read
from threecircles.sources.reading import Reading

PARTS = ("own_provision", "private", "other_public", "voluntary")
FIRST_YEAR, LAST_YEAR = 1990, 2100
_TOTAL = re.compile(r"\btotals?\b", re.IGNORECASE)
_FINDING = {"line": pl.Utf8, "check": pl.Utf8, "sentence": pl.Utf8, "difference_pence": pl.Int64}
LINE_COLUMNS = (
    "spend_id", "agency", "la_code", "budget_line", "line_label", "year", "period_kind", "stage", "gross_pence",
    "income_pence", "net_pence", "grant_inside_aef_pence", "grant_outside_aef_pence", "term", "status",
)  # fmt: skip
"""The columns of `record.spend_line` that an outturn table fills."""


@dataclass(frozen=True)
class Spend:
    """Lines of one authority and year, and what was not taken as one.

    lines: LINE_COLUMNS. refused: line, line_label, gross_pence, why (section totals). findings: line,
    check, sentence, difference_pence; a line that breaks a check stays as it was sent.
    """

    lines: pl.DataFrame
    refused: pl.DataFrame
    findings: pl.DataFrame
    reading: Reading | None = None


def read_spend(
    paths: Iterable[Path] | Path, *, la_code: str, year: int, stage: str = "outturn"
) -> Spend:
    """Read files of section 251 table A1. year: in which the financial year ends. stage: outturn or planned.

    Raises the reader's first problem when no table came of it.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise UsageError("This is no financial year.", found=str(year), allowed=f"the year it ends, {FIRST_YEAR} to {LAST_YEAR}")  # fmt: skip
    reading = read(paths, return_name="s251-outturn", year=year)
    if "s251_outturn" not in reading.tables:
        raise reading.refused[0].as_error()
    made = spend_lines(reading.tables["s251_outturn"], la_code=la_code, year=year, stage=stage)
    return Spend(made.lines, made.refused, made.findings, reading)


def spend_lines(table: pl.DataFrame, *, la_code: str, year: int, stage: str = "outturn") -> Spend:
    """Lines of spend from the source table `s251_outturn` with its `__pence` companions.

    k = a + b + c + d, m = k - l and q = m - n - o are checked to the penny; income written below
    nought throughout is turned round, with a finding that says so.
    """
    rows = _pence(table)
    totals = _is_total(rows)
    lines, refused = rows.filter(~totals), rows.filter(totals)
    findings = []
    if _income_is_negative(lines):
        lines = lines.with_columns(-pl.col("income"))
        refused = refused.with_columns(-pl.col("income"))
        findings.append(
            (
                "",
                "income-sign",
                "Income is written below nought throughout; it was turned round.",
                0,
            )
        )
    findings += _broken_sums(lines) + _broken_totals(lines, refused)
    return Spend(
        _as_record(lines, la_code, year, stage),
        refused.select(
            "line", "line_label", pl.col("total_expenditure").alias("gross_pence"),
            pl.lit("a total, which repeats the lines above it").alias("why"),
        ),
        pl.DataFrame(findings, schema=_FINDING, orient="row"),
    )  # fmt: skip


def sections() -> tuple[dict[str, str], ...]:
    """The sections of table A1: section, label, ro3_line, lait_measure and dates."""
    return read_csv("spend/s251_sections")


def section_of(line: str) -> str:
    """The section a line number belongs to: 3.1.4 is in 3.1; "" for a line of no section held."""
    found = re.match(r"(\d+\.\d+)", line.strip())
    known = {s["section"] for s in sections()}
    return found[1] if found and found[1] in known else ""


def _pence(table: pl.DataFrame) -> pl.DataFrame:
    figures = (
        *PARTS,
        "total_expenditure",
        "income",
        "net_current",
        "grants_inside_aef",
        "grants_outside_aef",
        "la_net",
    )
    lacking = [c for c in ("line", "total_expenditure") if c not in table.columns]
    if lacking:
        raise UsageError(
            "The table of section 251 lacks a column it cannot be read without.",
            found=", ".join(c for c in table.columns if "__" not in c),
            allowed="line, line_label, " + ", ".join(figures),
            mend="`threecircles source template s251-outturn` writes a file with every heading.",
        )
    label = "line_label" if "line_label" in table.columns else "line"
    return table.select(
        pl.col("line").str.strip_chars(),
        pl.col(label).alias("line_label"),
        *(
            pl.col(f"{f}__pence").alias(f)
            if f"{f}__pence" in table.columns
            else pl.lit(None, pl.Int64).alias(f)
            for f in figures
        ),
    )


def _is_total(rows: pl.DataFrame) -> pl.Series:
    """A line is a total when it is called one, or when other lines are numbered below it."""
    names = [str(n) for n in rows.get_column("line").to_list()]
    labels = [str(n) for n in rows.get_column("line_label").to_list()]
    above = {n for n in names for m in names if m != n and m.startswith(n.rstrip(".") + ".")}
    return pl.Series(
        [
            bool(_TOTAL.search(n)) or n in above or label.lower().startswith("total ")
            for n, label in zip(names, labels, strict=True)
        ],
        dtype=pl.Boolean,
    )


def _income_is_negative(lines: pl.DataFrame) -> bool:
    some = lines.filter(pl.col("income") != 0)
    turned = some.filter(pl.col("net_current") == pl.col("total_expenditure") + pl.col("income"))
    return (
        some.height > 0
        and turned.height > 0.5 * some.height
        and bool((some.get_column("income") < 0).all())
    )


_CHECKS = (
    ("total", "total_expenditure", PARTS, (), "Total expenditure is not the sum of the four kinds of provision"),
    ("net", "net_current", ("total_expenditure",), ("income",), "Net current is not total expenditure less income"),
    ("authority-net", "la_net", ("net_current",), ("grants_inside_aef", "grants_outside_aef"),
     "The authority's net is not net current less grants"),
)  # fmt: skip


def _broken_sums(lines: pl.DataFrame) -> list[tuple[str, str, str, int]]:
    findings = []
    for check, whole, plus, minus, words in _CHECKS:
        computed = sum((pl.col(p) for p in plus), pl.lit(0)) - sum(
            (pl.col(m) for m in minus), pl.lit(0)
        )
        broken = lines.select("line", (pl.col(whole) - computed).alias("off")).filter(
            pl.col("off") != 0
        )
        findings += [
            (line, check, f"{words}: off by {_pounds(off)}.", off)
            for line, off in broken.iter_rows()
        ]
    return findings


def _broken_totals(lines: pl.DataFrame, refused: pl.DataFrame) -> list[tuple[str, str, str, int]]:
    findings = []
    for line, total in refused.select("line", "total_expenditure").iter_rows():
        number = re.match(r"[\d.]+", line or "")
        if number is None or total is None:
            continue
        below = lines.filter(pl.col("line").str.starts_with(number[0].rstrip(".") + "."))
        off = total - (below.get_column("total_expenditure").sum() or 0)
        if below.height and off:
            findings.append(
                (
                    line,
                    "section-total",
                    f"The total is not the sum of its lines: off by {_pounds(off)}.",
                    off,
                )
            )
    return findings


def _pounds(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}£{abs(pence) / 100:,.2f}"


def _as_record(lines: pl.DataFrame, la_code: str, year: int, stage: str) -> pl.DataFrame:
    known = pl.col("total_expenditure").is_not_null()
    return lines.select(
        pl.concat_str(pl.lit(f"{la_code}-s251-{year}-"), pl.col("line")).alias("spend_id"),
        pl.lit("local authority").alias("agency"),
        pl.lit(la_code).alias("la_code"),
        pl.col("line").alias("budget_line"),
        "line_label",
        pl.lit(year, pl.Int64).alias("year"),
        pl.lit("financial").alias("period_kind"),
        pl.lit(stage).alias("stage"),
        pl.col("total_expenditure").alias("gross_pence"),
        pl.col("income").alias("income_pence"),
        pl.col("net_current").alias("net_pence"),
        pl.col("grants_inside_aef").alias("grant_inside_aef_pence"),
        pl.col("grants_outside_aef").alias("grant_outside_aef_pence"),
        pl.lit("unknown").alias("term"),
        pl.when(known).then(pl.lit("ok")).otherwise(pl.lit("not_asked")).alias("status"),
    )
