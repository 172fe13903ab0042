"""The quality of a linkage in words: without it only those who read JSON would know whom it misses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.identity import empty_fields, quality_page
from threecircles.identity.by_group import by_group
from threecircles.identity.estimates import Quality, Stratum, from_review
from threecircles.identity.review import read_answers, stratified


def report_text(
    folder: Path, reviewed: list[Path], population: Path | None = None, out: Path | None = None
) -> str:
    """What a linkage says of itself, and what reviewers' answers say of it.

    folder: what link wrote. reviewed: CSV files of a sample drawn by strata (`review export --sample`).
    population: CSV with age and population, to say whom the lists do not see at all. out: a folder for
    the page (quality.html) and its tables (CSV).
    """
    told = json.loads(_needed(folder, "quality.json").read_text(encoding="utf-8"))
    edges = pl.read_parquet(_needed(folder, "link_edge.parquet"))
    groups = pl.read_parquet(_needed(folder, "record_group.parquet"))
    answers = [a for file in reviewed for a in read_answers(file)]
    lines = [
        f"{told['records']:,} records are {told['persons']:,} persons at the threshold {told['threshold']}.",
        f"Expected wrong links: {told['expected_wrong_links']:,} of {told['pairs']['accepted']:,} (from the scores alone).",
    ]  # fmt: skip
    said: list[str] = []
    table = pl.DataFrame()
    emptier = empty_fields.emptier(groups) if "empty" in groups.columns else []
    if told["pairs"]["accepted"]:
        whole, found = by_group(edges, groups, answers, told["year"])
        said = quality_page.headlines(whole, found, bool(answers), emptier)
        table = quality_page.as_table(whole, found)
    if told.get("blocking_recall_estimated") is not None:
        said.append(
            f"Of the links that should exist, about {told['blocking_recall_estimated']:.1%} were compared at all."
        )
    covered = _covered(folder, groups, population, told["year"])
    if covered is not None:
        said.append(quality_page.unseen(covered))
    lines += [
        "", *said, "", *_sources(told["sources"]), "", *_youngest(told["linked_by_age"]),
        f"Waiting for a reviewer: {told['pairs']['for_review']:,} pairs, of them {told['pairs']['ties']:,} ties and"
        f" {told['pairs']['twin_swap_alerts']:,} numbers that may belong to a twin.",
    ]  # fmt: skip
    lines += told.get("problems", [])
    if reviewed:
        lines += ["", *estimated(edges, reviewed)]
    else:
        lines += [
            "",
            "Nobody has reviewed a sample yet: `threecircles identity review export --sample` draws one.",
        ]
    if out is not None:
        ages = pl.DataFrame(told["linked_by_age"], infer_schema_length=None)
        files = quality_page.write(
            out,
            said,
            table,
            _source_table(told["sources"]),
            ages,
            covered,
            empty_fields.as_table(emptier),
        )
        lines.append(f"Written to {out}: {', '.join(f.name for f in files)}.")
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


def _needed(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        raise UsageError(
            f"There is no {name} here.",
            where=str(folder),
            mend="Name the folder that link wrote.",
        )
    return path


def _covered(
    folder: Path, groups: pl.DataFrame, population: Path | None, year: int
) -> pl.DataFrame | None:
    if population is None:
        return None
    persons = pl.read_parquet(_needed(folder, "person_record.parquet"))
    told = persons.join(groups, on=["source", "record_id"])
    return quality_page.coverage(told, population, year)


def _source_table(sources: list[dict[str, Any]]) -> pl.DataFrame:
    """source, records, a column for each band and for the share of records that hold each field."""
    rows = [
        {"source": s["source"], "records": s["records"], **{b: s["bands"].get(b, 0) for b in ("linked", "linked_doubtful", "review", "unlinked")},
         **{f"{f}_present": v for f, v in s["present"].items()}}
        for s in sources
    ]  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)
