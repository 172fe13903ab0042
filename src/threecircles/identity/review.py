"""Doubtful pairs for people to settle: without it a tie would be decided by a coin.

The queue is chosen by expected information, with a floor for each group, so that review does not
itself favour some children. Files go out and come back as CSV for reviewers without the web pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.seeds import rng
from threecircles.identity.ladder import Ladder

ANSWERS = ("same", "different", "cannot_tell", "needs_source")
SECOND_LOOK = 0.1
"""Share of pairs that a second reviewer sees, for Cohen's kappa."""
_SHOWN = ("first", "surname", "dob", "sex", "postcode")


@dataclass(frozen=True)
class Answered:
    """A reviewer's answer: records as source|key."""

    record_l: str
    record_r: str
    answer: str
    reason: str
    by: str
    at: str


def queue(
    ladder: Ladder, size: int, *, groups: pl.DataFrame | None = None, seed: int = 1
) -> pl.DataFrame:
    """Pairs to review, most informative first: rid_l, rid_r, p, why, second.

    Information is greatest where p is near one half; ties and pairs refused by a constraint count as
    such. groups: rid, group; each group gets at least its share of the waiting pairs.
    """
    waiting = ladder.edges.filter(pl.col("band") == "review")
    p = waiting["p"].to_numpy()
    doubt = -(p * np.log2(np.clip(p, 1e-9, 1)) + (1 - p) * np.log2(np.clip(1 - p, 1e-9, 1)))
    doubt = np.where((waiting["tie"] | waiting["strain"]).to_numpy(), 1.0, doubt)
    ranked = waiting.with_columns(
        pl.Series("doubt", doubt),
        pl.when("tie").then(pl.lit("tie")).when("strain").then(pl.lit("strain")).when("barred").then(pl.lit("alert"))
        .otherwise(pl.lit("near the threshold")).alias("why"),
    ).sort("doubt", "rid_l", "rid_r", descending=[True, False, False])  # fmt: skip
    if groups is not None and len(ranked):
        ranked = ranked.join(groups, left_on="rid_l", right_on="rid", how="left")
        place = pl.int_range(pl.len()).over("group") / pl.len().over("group")
        ranked = ranked.with_columns(place.alias("turn")).sort("turn", "rid_l", "rid_r")
    chosen = ranked.head(size)
    second = rng(seed, "second look").random(len(chosen)) < SECOND_LOOK
    return chosen.select("rid_l", "rid_r", "p", "why").with_columns(pl.Series("second", second))


def export(ladder: Ladder, chosen: pl.DataFrame, path: Path) -> int:
    """Write the pairs with both records field by field and an empty answer; returns how many.

    The file holds names: it belongs to the identity side and to the reviewer only.
    """
    fields = [c for c in _SHOWN if c in ladder.records.columns]
    side = ladder.records.select(
        "rid", (pl.col("source") + "|" + pl.col("record_id")).alias("record"), *fields
    )
    table = (
        chosen.join(side, left_on="rid_l", right_on="rid", maintain_order="left")
        .rename({c: f"{c}_l" for c in ("record", *fields)})
        .join(side, left_on="rid_r", right_on="rid", maintain_order="left")
        .rename({c: f"{c}_r" for c in ("record", *fields)})
        .select(
            "record_l", "record_r", "why", "second", *[f"{c}_{s}" for c in fields for s in "lr"],
            pl.lit("").alias("answer"), pl.lit("").alias("reason"), pl.lit("").alias("reviewer"),
        )
    )  # fmt: skip
    table.write_csv(path)
    return len(table)


def read_answers(path: Path, at: str = "") -> list[Answered]:
    """Answers from a reviewed file; rows without an answer are left out.

    Raises ThreeCirclesError naming row and column for an answer that is none of the four or has no
    reviewer.
    """
    table = pl.read_csv(path, infer_schema=False)
    stamp = at or datetime.now(UTC).isoformat(timespec="seconds")
    found = []
    for number, row in enumerate(table.iter_rows(named=True), 1):
        answer = (row.get("answer") or "").strip().casefold().replace(" ", "_")
        if not answer:
            continue
        if answer not in ANSWERS:
            raise ThreeCirclesError(
                "This is no answer.",
                where=f"{path.name}, row {number:,}, column answer",
                found=answer,
                allowed=", ".join(ANSWERS),
            )
        if not (row.get("reviewer") or "").strip():
            raise ThreeCirclesError(
                "An answer needs its reviewer.",
                where=f"{path.name}, row {number:,}, column reviewer",
            )
        found.append(
            Answered(
                row["record_l"],
                row["record_r"],
                answer,
                row.get("reason") or "",
                row["reviewer"].strip(),
                stamp,
            )
        )
    return found


def kappa(one: list[str], other: list[str]) -> float:
    """Cohen's kappa of two reviewers' answers to the same pairs; 1 when they agree on everything.

    Source: Cohen, Educational and Psychological Measurement 20 (1960) 37-46.
    """
    n = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    chance = sum((one.count(k) / n) * (other.count(k) / n) for k in set(one) | set(other))
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)
