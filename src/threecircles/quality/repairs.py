"""Repairs of episodes proposed with trace: without it a panel of years would be mended in silence or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import polars as pl

from threecircles.quality.report import Report

UNKNOWN_END = "UNKNOWN END"
"""Marks an end whose reason nobody knows. Never written into a file for submission."""

CONTINUES = ("P", "B", "T", "U", "L")
"""Reasons for a new episode that go on from the one before."""

REPAIRS = {
    "repair_id": pl.String,
    "repair": pl.String,
    "table": pl.String,
    "year": pl.Int64,
    "row": pl.Int64,
    "child": pl.String,
    "column": pl.String,
    "before": pl.String,
    "after": pl.String,
    "evidence": pl.String,
    "confidence": pl.String,
}
"""Columns of proposed repairs; column is (row) where the whole row would be dropped."""

IN_WORDS = {
    "R1": "no end, and the next one continues: end it when that begins",
    "R1A": "no end, and the next one begins a new period: end it the day before, at the latest on 31 March",
    "R2": "no end, and in no later year's file: end it on 31 March",
    "R3": "stands twice in one file: leave one out",
    "R3A": "a later year's file holds it again: leave the earlier one out",
    "R4": "overlaps the next one, sent later: end it when that begins",
    "R5": "a gap before the next, though it is said to continue: end it when that begins",
    "X08": "a pupil number that another return holds",
    "X10": "an ethnic group that another return holds",
}
"""What each repair finds and would do."""

WHOLE_ROW = "(row)"
_KEYS = ("CHILD", "DECOM", "DEC", "RNE", "REC")


def propose_episode_repairs(submissions: Mapping[int, pl.DataFrame]) -> pl.DataFrame:
    """Repairs for the episodes of one authority over several years; nothing is changed.

    submissions: collection year -> Episodes as sent (text, dd/mm/yyyy). R3 exact duplicate and R3A
    replaced in a later submission: drop. R1 no end, the next episode continues: ends when that begins,
    REC X1. R1A no end, the next begins a new period: ends on the earlier of 31 March and the day before.
    R2 no end and in no later submission: ends on 31 March. R4 overlaps the next, later-submitted: ends
    when that begins. R5 gap before the next although REC is X1: ends when that begins.
    Columns: REPAIRS. Source: rules in use in regional pipelines for London, 2026.
    """
    if not submissions:
        return pl.DataFrame(schema=REPAIRS)
    stacked = pl.concat([_laid(year, frame) for year, frame in submissions.items()])
    duplicates, rest = _duplicates(stacked)
    replaced, kept = _replaced(rest)
    ordered = _with_next(kept)
    last = max(submissions)
    parts = [
        _dropped(duplicates, "R3", "an equal row stands in the same submission", "high"),
        _dropped(replaced, "R3A", "a later submission holds the same episode", "high"),
        *_ends(ordered, last),
    ]
    found = pl.concat([pl.DataFrame(schema=_NO_ID), *parts]).sort("year", "row", "repair", "column")
    return found.with_columns(repair_id=_ids(found)).select(list(REPAIRS))


def propose_fills(report: Report) -> pl.DataFrame:
    """Values that another return holds for a blank: pupil numbers (X08) and ethnic groups (X10).

    report: of the checks across returns. Columns: REPAIRS.
    """
    parts = [pl.DataFrame(schema=_NO_ID)]
    for code, outcome in report.outcomes.items():
        if code not in ("X08", "X10") or outcome.broken is None or "held" not in outcome.broken.columns:  # fmt: skip
            continue
        for reported in outcome.rule.reports:
            row = "row_" + reported.table.replace(".", "_")
            hit = outcome.broken.filter(pl.col(row).is_not_null())
            frame = report.tables.get(reported.table)
            if frame is None or hit.is_empty():
                continue
            column = reported.columns[0]
            child = report.child_column(reported.table)
            rows = hit[row].cast(pl.Int64)
            parts.append(
                pl.DataFrame(
                    {
                        "repair": [code] * hit.height,
                        "table": [reported.table] * hit.height,
                        "year": [report.year] * hit.height,
                        "row": rows,
                        "child": frame[child].gather(rows).cast(pl.String)
                        if child in frame.columns
                        else [None] * hit.height,
                        "column": [column] * hit.height,
                        "before": frame[column].gather(rows).cast(pl.String),
                        "after": hit["held"].cast(pl.String),
                        "evidence": "held in another return, matched by "
                        + hit["basis"].cast(pl.String),
                        "confidence": _confidence(hit),
                    },
                    schema=_NO_ID,
                )
            )
    found = pl.concat(parts).unique(maintain_order=True)
    return found.with_columns(repair_id=_ids(found)).select(list(REPAIRS))


def apply_repairs(
    submissions: Mapping[int, pl.DataFrame], accepted: pl.DataFrame
) -> dict[int, pl.DataFrame]:
    """Repaired copies, with a column REPAIRED that names the repairs of each row; the input stays."""
    done = {}
    for year, frame in submissions.items():
        own = accepted.filter((pl.col("table") == "Episodes") & (pl.col("year") == year))
        numbered = frame.with_row_index("_n").with_columns(pl.col("_n").cast(pl.Int64))
        names = own.group_by("row").agg(pl.col("repair").unique().sort().str.join(", ").alias("REPAIRED"))  # fmt: skip
        for (column,), part in own.partition_by("column", as_dict=True).items():
            if column == WHOLE_ROW:
                numbered = numbered.join(part.select(_n="row"), on="_n", how="anti")
                continue
            values = part.select(pl.col("row").alias("_n"), pl.col("after").alias("_after"))
            numbered = numbered.join(values, on="_n", how="left", maintain_order="left")
            numbered = numbered.with_columns(
                pl.coalesce("_after", str(column)).alias(str(column))
            ).drop("_after")
        done[year] = (
            numbered.join(names, left_on="_n", right_on="row", how="left", maintain_order="left")
            .drop("_n")
            .with_columns(pl.col("REPAIRED").fill_null(""))
        )
    return done


def cleared_and_caused(before: Report, after: Report) -> pl.DataFrame:
    """Places each rule found before and after a repair. Columns: rule, before, after, change; unequal ones only."""
    counts = [
        report.findings_by_place.group_by("rule").agg(pl.len().cast(pl.Int64).alias(name))
        for report, name in ((before, "before"), (after, "after"))
    ]
    both = counts[0].join(counts[1], on="rule", how="full", coalesce=True).fill_null(0)
    return (
        both.with_columns(change=pl.col("after") - pl.col("before"))
        .filter(pl.col("change") != 0)
        .sort("change", "rule")
    )


_NO_ID = {name: kind for name, kind in REPAIRS.items() if name != "repair_id"}


def _laid(year: int, frame: pl.DataFrame) -> pl.DataFrame:
    text = [
        (pl.col(c) if c in frame.columns else pl.lit(None)).cast(pl.String).alias(c) for c in _KEYS
    ]
    whole = pl.concat_str(
        [pl.col(c).cast(pl.String).fill_null("") for c in frame.columns if not c.startswith("_")],
        separator="\x1f",
    )
    day = {
        name: pl.col(c).str.to_date("%d/%m/%Y", strict=False)
        for name, c in (("start", "DECOM"), ("end", "DEC"))
    }
    return (
        frame.with_columns(_whole=whole)
        .select(*text, "_whole")
        .with_columns(year=pl.lit(year, dtype=pl.Int64), row=pl.int_range(pl.len()), **day)
        .filter(pl.col("CHILD").is_not_null() & pl.col("start").is_not_null())
    )


def _duplicates(stacked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    first = pl.int_range(pl.len()).over("year", "_whole") == 0
    return stacked.filter(~first), stacked.filter(first)


def _replaced(rest: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Episodes with the same child and start in a later submission, and the others."""
    newest = pl.col("year") == pl.col("year").max().over("CHILD", "DECOM")
    return rest.filter(~newest), rest.filter(newest)


def _with_next(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.sort("CHILD", "start", "year", "row").with_columns(
        pl.col("start").shift(-1).over("CHILD").alias("next_start"),
        pl.col("RNE").shift(-1).over("CHILD").alias("next_rne"),
        pl.col("year").shift(-1).over("CHILD").alias("next_year"),
        pl.date("year", 3, 31).alias("year_end"),
    )


def _ends(ordered: pl.DataFrame, last: int) -> list[pl.DataFrame]:
    open_one = pl.col("DEC").is_null()
    follows = pl.col("next_start").is_not_null()
    goes_on = pl.col("next_rne").is_in(list(CONTINUES))
    begins = pl.col("next_start")
    before_next = pl.min_horizontal("year_end", begins - pl.duration(days=1))
    cases = (
        ("R1", open_one & follows & goes_on, begins, "X1", "the next episode continues this one", "high"),
        ("R1A", open_one & follows & (pl.col("next_rne") == "S"), before_next, UNKNOWN_END,
         "the next episode begins a new period of care", "medium"),
        ("R2", open_one & ~follows & (pl.col("year") < last), pl.col("year_end"), UNKNOWN_END,
         "the child is in no later submission", "low"),
        ("R4", pl.col("end").is_not_null() & (pl.col("end") > begins) & (pl.col("next_year") > pl.col("year")),
         begins, "", "a later submission says that the next episode began earlier", "high"),
        ("R5", (pl.col("REC") == "X1") & (pl.col("end") < begins), begins, "",
         "the reason says the next episode followed at once", "medium"),
    )  # fmt: skip
    parts = []
    for repair, hit, until, reason, evidence, confidence in cases:
        found = ordered.filter(hit)
        parts.append(
            _set(found, repair, "DEC", until.dt.strftime("%d/%m/%Y"), evidence, confidence)
        )
        if reason:
            parts.append(_set(found, repair, "REC", pl.lit(reason), evidence, confidence))
    return parts


def _set(
    found: pl.DataFrame, repair: str, column: str, after: pl.Expr, evidence: str, confidence: str
) -> pl.DataFrame:
    return found.select(
        pl.lit(repair).alias("repair"),
        pl.lit("Episodes").alias("table"),
        "year",
        "row",
        pl.col("CHILD").alias("child"),
        pl.lit(column).alias("column"),
        pl.col(column).alias("before"),
        after.alias("after"),
        pl.lit(evidence).alias("evidence"),
        pl.lit(confidence).alias("confidence"),
    ).cast(_NO_ID)  # type: ignore[arg-type]


def _dropped(found: pl.DataFrame, repair: str, evidence: str, confidence: str) -> pl.DataFrame:
    return _set(
        found.with_columns(pl.lit("kept").alias(WHOLE_ROW)), repair, WHOLE_ROW,
        pl.lit("dropped"), evidence, confidence,
    )  # fmt: skip


def _confidence(hit: pl.DataFrame) -> list[str]:
    if "confidence" not in hit.columns:
        return ["high"] * hit.height
    return ["high" if (c is None or c >= 0.95) else "medium" for c in hit["confidence"].to_list()]


def _ids(found: pl.DataFrame) -> pl.Series:
    names = found.select(
        pl.concat_str(
            [pl.col(c).cast(pl.String).fill_null("") for c in ("repair", "table", "year", "row", "column")],
            separator="|",
        )
    ).to_series()  # fmt: skip
    ids = [hashlib.blake2b(n.encode(), digest_size=6).hexdigest() for n in names.to_list()]
    return pl.Series("repair_id", ids, dtype=pl.String)
