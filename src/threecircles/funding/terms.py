"""Money that ends and money held in common: without it next year would look like this one, and a pool be counted thrice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.rounding import round_half_away


def check_terms(lines: pl.DataFrame) -> None:
    """Raise UsageError for money that ends without a day. lines: spend_id, term, ends_on."""
    wrong = lines.filter((pl.col("term") == "ends") & pl.col("ends_on").is_null())["spend_id"]
    if len(wrong):
        raise UsageError(
            "Money that ends needs the day it ends.",
            found=", ".join(wrong.to_list()[:10]),
            mend="Give ends_on, or set the term to unknown.",
        )


def carried(lines: pl.DataFrame, years: Sequence[int], renew: Sequence[str] = ()) -> pl.DataFrame:
    """What each sum is in years to come if nothing else changes.

    lines: spend_id, line_label, net_pence, year, term, ends_on?. Columns: spend_id, line_label, year,
    pence, term, state ("goes on", "ends in this year", "ended", "unknown"). A sum that ends counts by the
    days before `ends_on`, that day in, and is nought from the year after. renew: ids that are taken to go
    on (a what-if). Unknown terms change no figure: they keep their state, to be drawn hatched.
    Raises UsageError for an id to renew that is not there.
    """
    check_terms(lines)
    strange = sorted(set(renew) - set(lines["spend_id"].to_list()))
    if strange:
        raise UsageError("There is no such sum to renew.", found=", ".join(strange))
    rows = []
    for row in lines.iter_rows(named=True):
        for year in years:
            pence, state = _in_year(row, year, row["spend_id"] in renew)
            rows.append((row["spend_id"], row["line_label"], year, pence, row["term"], state))
    return pl.DataFrame(
        rows,
        schema={
            "spend_id": pl.Utf8,
            "line_label": pl.Utf8,
            "year": pl.Int64,
            "pence": pl.Int64,
            "term": pl.Utf8,
            "state": pl.Utf8,
        },
        orient="row",
    )


def _in_year(row: dict[str, object], year: int, renewed: bool) -> tuple[int, str]:
    pence, term, ends = int(row["net_pence"]), row["term"], row["ends_on"]  # type: ignore[call-overload]
    if term != "ends" or renewed:
        return pence, "unknown" if term == "unknown" else "goes on"
    assert isinstance(ends, date)
    first, last = date(year - 1, 4, 1), date(year, 3, 31)
    if ends >= last:
        return pence, "goes on" if ends > last else "ends in this year"
    if ends < first:
        return 0, "ended"
    days = (ends - first).days + 1
    return int(round_half_away(pence * days / ((last - first).days + 1))), "ends in this year"


def cliffs(lines: pl.DataFrame) -> pl.DataFrame:
    """Each sum that ends, by day: spend_id, line_label, ends_on, net_pence, first_year_without."""
    check_terms(lines)
    after = pl.col("ends_on").dt.year() + (pl.col("ends_on").dt.month() > 3).cast(pl.Int32) + 1
    return (
        lines.filter(pl.col("term") == "ends")
        .select("spend_id", "line_label", "ends_on", "net_pence", first_year_without=after)
        .sort("ends_on", "spend_id")
    )


def pooled(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pools counted once, and what partners booked beyond their own part.

    lines: spend_id, agency, pool_id?, net_pence, and pool_total_pence? (the size of the pool as a partner
    states it). First: pool_id, partners, pence (the sum of contributions). Second: findings (pool_id,
    spend_id, agency, sentence) where one partner's row is the whole pool: the others' rows are named.
    """
    rows = lines.filter(pl.col("pool_id").is_not_null())
    findings = []
    kept: list[str] = []
    for (pool,), part in rows.sort("spend_id").group_by("pool_id", maintain_order=True):
        for row in part.iter_rows(named=True):
            others = part.filter(pl.col("spend_id") != row["spend_id"])
            rest = int(others["net_pence"].sum())
            stated = row.get("pool_total_pence")
            whole = stated is not None and row["net_pence"] == stated and rest > 0
            if whole:
                named = ", ".join(
                    f"{r['spend_id']} ({r['agency']})" for r in others.iter_rows(named=True)
                )
                sentence = f"{row['agency']} booked the whole pool {pool}; other partners' rows are {named}."
                findings.append((pool, row["spend_id"], row["agency"], sentence))
            else:
                kept.append(row["spend_id"])
    counted = rows.filter(pl.col("spend_id").is_in(kept))
    totals = counted.group_by("pool_id").agg(
        partners=pl.col("agency").n_unique(), pence=pl.col("net_pence").sum()
    )
    names = {"pool_id": pl.Utf8, "spend_id": pl.Utf8, "agency": pl.Utf8, "sentence": pl.Utf8}
    return totals.sort("pool_id"), pl.DataFrame(findings, schema=names, orient="row")


def total_pence(lines: pl.DataFrame) -> int:
    """All money, each pool once: rows that book a whole pool count as nothing beside the contributions."""
    if "pool_id" not in lines.columns:
        return int(lines["net_pence"].sum())
    pools, _ = pooled(lines)
    own = lines.filter(pl.col("pool_id").is_null())["net_pence"].sum()
    return int(own) + int(pools["pence"].sum())
