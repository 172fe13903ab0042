"""The quality of a linkage in words: without it only those who read JSON would know whom it misses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.identity.estimates import Quality, Stratum, from_review
from threecircles.identity.review import read_answers, stratified


def report_text(folder: Path, reviewed: list[Path]) -> str:
    """What a linkage says of itself, and what reviewers' answers say of it.

    folder: what link wrote. reviewed: CSV files of a sample drawn by strata (`review export --sample`).
    """
    path = folder / "quality.json"
    if not path.exists():
        raise UsageError(
            "There is no quality.json here.",
            where=str(folder),
            mend="Name the folder that link wrote.",
        )
    told = json.loads(path.read_text(encoding="utf-8"))
    lines = [
        f"{told['records']:,} records are {told['persons']:,} persons at the threshold {told['threshold']}.",
        f"Expected wrong links: {told['expected_wrong_links']:,} of {told['pairs']['accepted']:,} (from the scores alone).",
        "", *_sources(told["sources"]), "", *_youngest(told["linked_by_age"]),
        f"Waiting for a reviewer: {told['pairs']['for_review']:,} pairs, of them {told['pairs']['ties']:,} ties and"
        f" {told['pairs']['twin_swap_alerts']:,} numbers that may belong to a twin.",
    ]  # fmt: skip
    lines += told.get("problems", [])
    if reviewed:
        lines += ["", *estimated(pl.read_parquet(folder / "link_edge.parquet"), reviewed)]
    else:
        lines += [
            "",
            "Nobody has reviewed a sample yet: `threecircles identity review export --sample` draws one.",
        ]
    return "\n".join(lines)


def estimated(edges: pl.DataFrame, reviewed: list[Path]) -> list[str]:
    """Precision and recall with 95% intervals from reviewed samples, as sentences."""
    quality = estimate(edges, reviewed)
    (p_low, p_high), (r_low, r_high) = quality.intervals()
    return [
        f"From the reviewed sample: precision {quality.precision:.4f} (95% interval {p_low:.4f} to {p_high:.4f}),",
        f"recall {quality.recall:.4f} ({r_low:.4f} to {r_high:.4f}); links that should exist: {quality.true_links:,.0f}.",
        f"A count of children in two sources is corrected by a factor of {quality.precision / quality.recall:.4f}.",
    ]


def estimate(edges: pl.DataFrame, reviewed: list[Path]) -> Quality:
    """The estimate itself. Pairs nobody could tell are left out of their stratum's sample."""
    answers = [
        a for file in reviewed for a in read_answers(file) if a.answer in ("same", "different")
    ]
    given = pl.DataFrame(
        [(*sorted((a.record_l, a.record_r)), a.answer == "same") for a in answers],
        schema={"one": pl.String, "two": pl.String, "same": pl.Boolean}, orient="row",
    ).unique(["one", "two"], keep="last")  # fmt: skip
    left, right = (pl.col(f"source_{s}") + "|" + pl.col(f"record_{s}") for s in "lr")
    named = stratified(edges).select(
        "stratum", one=pl.min_horizontal(left, right), two=pl.max_horizontal(left, right)
    )
    joined = named.join(given, on=["one", "two"], how="left")
    counted = joined.group_by("stratum").agg(
        pl.len().alias("pairs"),
        pl.col("same").count().alias("reviewed"),
        pl.col("same").sum().alias("same"),
    )
    strata = [
        Stratum(pairs=n, reviewed=m, same=k, linked=s.startswith("linked"))
        for s, n, m, k in counted.sort("stratum").iter_rows()
        if m
    ]
    if not strata:
        raise UsageError(
            "No reviewed pair is among the pairs of this linkage.",
            mend="Name the folder of the linkage that was reviewed.",
        )
    return from_review(strata)


def _sources(sources: list[dict[str, Any]]) -> list[str]:
    lines = [f"{'source':20} {'records':>10} {'linked':>8} {'doubtful':>9} {'unlinked':>9}"]
    for s in sources:
        n, bands = max(1, s["records"]), s["bands"]
        shares = [bands.get(b, 0) / n for b in ("linked", "linked_doubtful", "unlinked")]
        lines.append(
            f"{s['source']:20} {s['records']:10,} {shares[0]:8.1%} {shares[1]:9.1%} {shares[2]:9.1%}"
        )
    return lines


def _youngest(by_year: list[dict[str, Any]]) -> list[str]:
    """The birth years whose records are linked least: a link by one agency's number is blind to some."""
    known = [y for y in by_year if y["birth_year"] is not None and y["records"] >= 50]
    if not known:
        return []
    worst = min(known, key=lambda y: y["linked"])
    best = max(known, key=lambda y: y["linked"])
    return [
        f"Linked least: {worst['source']}, born {worst['birth_year']} ({worst['linked']:.1%});"
        f" most: {best['source']}, born {best['birth_year']} ({best['linked']:.1%})."
    ]
