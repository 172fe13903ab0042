"""What a linkage says of itself: without it nobody could know whom it misses and how often it errs."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from threecircles.identity import blocking_recall
from threecircles.identity.ladder import Ladder
from threecircles.identity.records import Notes, schemes


def quality(ladder: Ladder, persons: pl.DataFrame, notes: Notes, threshold: str) -> dict[str, Any]:
    """Counts and shares without any personal value, as plain JSON."""
    edges, records = ladder.edges, ladder.records
    accepted = edges.filter("accepted")
    known = ladder.known
    return {
        "threshold": threshold,
        "year": date.today().year,
        "records": len(records),
        "persons": int(persons["person_id"].n_unique()),
        "sources": [
            _source(name, records, persons)
            for name in records["source"].unique(maintain_order=True)
        ],
        "bands": dict(persons.group_by("band").len().sort("band").iter_rows()),
        "pairs": {
            "candidates": len(edges),
            "accepted": len(accepted),
            "for_review": int((edges["band"] == "review").sum()),
            "ties": int(edges["tie"].sum()),
            "refused_by_a_constraint": int(edges["strain"].sum()),
            "twin_swap_alerts": int((edges["rule"] == "twin-swap-alert").sum()),
            "capped_by_a_co_twin": int((edges["rule"] == "co-twin-cap").sum()),
        },
        "expected_precision": _mean(accepted["p"]),
        "expected_wrong_links": round(float((1 - accepted["p"]).sum()), 1),
        "blocking_recall_estimated": blocking_recall.estimated(edges, records, ladder.model),
        "linked_by_age": _by_age(records, persons),
        "identifiers": notes.identifiers,
        "refused_values": notes.refused,
        "births_read_as_year_only": notes.year_only,
        "children_layer": {"said": _said(ladder), **known.told()},
        "model": {
            "prior": ladder.model.prior,
            "levels": {
                c.name: [
                    {"level": lv.label, "m": round(lv.m, 6), "u": round(lv.u, 9)} for lv in c.scored
                ]
                for c in ladder.model.comparisons
            },
        },
        "seconds": ladder.seconds,
    }


def _source(name: str, records: pl.DataFrame, persons: pl.DataFrame) -> dict[str, Any]:
    own = records.filter(pl.col("source") == name)
    bands = persons.filter(pl.col("source") == name).group_by("band").len()
    return {
        "source": name,
        "records": len(own),
        "duplicate_free": not bool(own["dup"].any()),
        "bands": dict(bands.sort("band").iter_rows()),
        "present": {
            c: round(1 - own[c].null_count() / max(1, len(own)), 4)
            for c in ("first", "surname", "dob", "sex", "postcode", "uprn", *schemes(records))
        },
        "visible_co_twins": int(own["has_co_twin"].sum()),
    }


def _by_age(records: pl.DataFrame, persons: pl.DataFrame) -> list[dict[str, Any]]:
    """Share linked by year of birth: a link by one agency's number is blind to the youngest."""
    table = records.select("rid", "source", "birth_year").join(
        persons.select("rid", "band"), on="rid"
    )
    grouped = table.group_by("source", "birth_year").agg(
        pl.len().alias("records"),
        pl.col("band").is_in(["linked", "linked_doubtful"]).mean().round(4).alias("linked"),
    )
    return grouped.sort("source", "birth_year").to_dicts()


def _said(ladder: Ladder) -> str:
    if ladder.known.learnt:
        return f"learnt from {ladder.known.co_twin_pairs:,} co-twin pairs of single sources"
    return f"shipped values: only {ladder.known.co_twin_pairs:,} co-twin pairs were found"


def _mean(values: pl.Series) -> float | None:
    return round(float(values.mean()), 5) if len(values) else None  # type: ignore[arg-type]
