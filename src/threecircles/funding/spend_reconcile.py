"""Three publications of one council's spend beside each other: without it each would be quoted as the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.definitions import Definition, load
from threecircles.funding.spend import section_of, sections
from threecircles.sources.published import find_published, read_published
from threecircles.sources.published_lait import read_lait
from threecircles.sources.published_outturn import read_outturn


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconciliation(Definition):
    """tolerance: share of the larger figure above which a difference is flagged. reasons: known ones."""

    tolerance: float
    reasons: dict[str, str]


def reconcile(lines: pl.DataFrame, folder: Path, la_code: str, year: int) -> pl.DataFrame:
    """Gross spend by section from section 251, the interactive tool and RO3, in pounds.

    lines: `record.spend_line` shaped rows of the authority and year. folder: the published files.
    Columns: section, label, s251, lait, ro3, difference (largest less smallest of those known), share,
    ro3_missing (why RO3 has no figure: not certified, not published), flagged, reasons. A figure that was not
    published is null, never nought.
    """
    rules = load("spend/reconciliation", Reconciliation)
    lait, (ro3, certified) = _lait(folder, la_code, year), _ro3(folder, la_code)
    ours = lines.with_columns(
        pl.col("budget_line").map_elements(section_of, return_dtype=pl.Utf8).alias("section")
    )
    own = dict(ours.group_by("section").agg(pl.col("gross_pence").sum()).iter_rows())
    rows = []
    for section in sections():
        pence = own.get(section["section"])
        figures = {
            "s251": None if pence is None else pence / 100,
            "lait": lait.get(section["lait_measure"]),
            "ro3": ro3.get(section["ro3_line"]),
        }
        known = [f for f in figures.values() if f is not None]
        gap = max(known) - min(known) if len(known) > 1 else None
        share = gap / max(known) if gap is not None and max(known) > 0 else None
        flagged = share is not None and share > rules.tolerance
        rows.append(
            {"section": section["section"], "label": section["label"], **figures, "difference": gap, "share": share,
             "ro3_missing": _missing(figures["ro3"], certified), "flagged": flagged, "reasons": " ".join(rules.reasons.values()) if flagged else ""}
        )  # fmt: skip
    figures_schema = dict.fromkeys(("s251", "lait", "ro3", "difference", "share"), pl.Float64)
    return pl.DataFrame(
        rows,
        schema={
            "section": pl.Utf8,
            "label": pl.Utf8,
            **figures_schema,
            "ro3_missing": pl.Utf8,
            "flagged": pl.Boolean,
            "reasons": pl.Utf8,
        },
    )


def _lait(folder: Path, la_code: str, year: int) -> dict[str, float | None]:
    files = find_published(folder, "lait", "authorities")
    spine = read_published(files["authorities"])
    number = spine.filter(pl.col("new_la_code") == la_code).get_column("old_la_code").to_list()
    measures = [s["lait_measure"] for s in sections()]
    values = read_lait(files["lait"], *measures).values.filter(
        pl.col("la_number").is_in([int(n) for n in number]),
        pl.col("year") == year,
        pl.col("status") == "outturn",
    )
    return dict(values.select("measure_short", "value").iter_rows())


def _ro3(folder: Path, la_code: str) -> tuple[dict[str, float | None], bool]:
    """Gross pounds by line, and whether the authority's accounts were certified."""
    frame = read_outturn(find_published(folder, "outturn-ro3")["outturn-ro3"]).filter(
        pl.col("area") == la_code, pl.col("column") == "gross"
    )
    figures = dict(frame.select("line", pl.col("pence") / 100).iter_rows())
    return figures, frame.filter(~pl.col("certified")).is_empty()


def _missing(figure: float | None, certified: bool) -> str | None:
    if figure is not None:
        return None
    return "not published" if certified else "not certified"
