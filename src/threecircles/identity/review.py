"""Doubtful pairs for people to settle: without it a tie would be decided by a coin.

The queue is chosen by expected information, with a floor for each group, so that review does not
itself favour some children. Files go out and come back as CSV for reviewers without the web pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.seeds import rng

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


STRATA = ((0.0, 0.05), (0.05, 0.3), (0.3, 0.8), (0.8, 0.95), (0.95, 1.01))
"""Bounds of p between which a sample is drawn, linked and unlinked pairs apart."""


def queue(
    edges: pl.DataFrame, size: int, *, groups: pl.DataFrame | None = None, seed: int = 1
) -> pl.DataFrame:
    """Pairs to review, most informative first: the edges' columns with `second` bool.

    edges: link_edge with rid_l, rid_r. Information is greatest where p is near one half; ties and
    pairs refused by a constraint count as such. groups: rid, group; each group gets at least its
    share of the waiting pairs. second: drawn for a second reviewer.
    """
    waiting = edges.filter(pl.col("band") == "review")
    p = waiting["p"].to_numpy()
    doubt = -(p * np.log2(np.clip(p, 1e-9, 1)) + (1 - p) * np.log2(np.clip(1 - p, 1e-9, 1)))
    doubt = np.where(waiting["why"].is_in(["tie", "strain"]).to_numpy(), 1.0, doubt)
    ranked = waiting.with_columns(pl.Series("doubt", doubt)).sort(
        "doubt", "rid_l", "rid_r", descending=[True, False, False]
    )
    if groups is not None and len(ranked):
        ranked = ranked.join(groups, left_on="rid_l", right_on="rid", how="left")
        place = pl.int_range(pl.len()).over("group") / pl.len().over("group")
        ranked = ranked.with_columns(place.alias("turn")).sort("turn", "rid_l", "rid_r")
    chosen = ranked.head(size)
    second = rng(seed, "second look").random(len(chosen)) < SECOND_LOOK
    return chosen.with_columns(pl.Series("second", second, dtype=pl.Boolean))


def sampled(edges: pl.DataFrame, size: int, seed: int = 1) -> pl.DataFrame:
    """A sample by strata of p for estimates of precision and recall: as `queue`, with `stratum`."""
    parts = []
    draw = rng(seed, "review sample")
    strata = [own for _, own in stratified(edges).group_by("stratum", maintain_order=True)]
    for own in sorted(strata, key=lambda t: t["stratum"][0]):
        take = min(len(own), max(2, size // len(strata)))
        parts.append(own[np.sort(draw.permutation(len(own))[:take])])
    told = pl.concat(parts) if parts else stratified(edges)
    return told.with_columns(pl.lit("sample").alias("why"), pl.lit(False).alias("second"))


def stratified(edges: pl.DataFrame) -> pl.DataFrame:
    """Edges with `stratum`, for example `linked .95-1` (by band and p)."""
    label = pl.lit("")
    for low, high in STRATA:
        label = (
            pl.when(pl.col("p").is_between(low, high, closed="left"))
            .then(pl.lit(f"{low:.2f}-{min(high, 1):.2f}"))
            .otherwise(label)
        )
    linked = pl.col("band").is_in(["linked", "linked_doubtful"])
    side = pl.when(linked).then(pl.lit("linked ")).otherwise(pl.lit("unlinked "))
    return edges.with_columns((side + label).alias("stratum"))


def export(records: pl.DataFrame, chosen: pl.DataFrame, path: Path) -> int:
    """Write the pairs with both records field by field and an empty answer; returns how many.

    The file holds names: it belongs to the identity side and to the reviewer only.
    """
    fields = [c for c in _SHOWN if c in records.columns]
    side = records.select(
        "rid", (pl.col("source") + "|" + pl.col("record_id")).alias("record"), *fields
    )
    table = (
        chosen.select("rid_l", "rid_r", "why", "second")
        .join(side, left_on="rid_l", right_on="rid", maintain_order="left")
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


def agreement(answers: Sequence[Answered]) -> str | None:
    """Cohen's kappa over pairs that two people answered, in words; None when there is no such pair."""
    by_pair: dict[tuple[str, ...], dict[str, str]] = {}
    for a in answers:
        by_pair.setdefault(tuple(sorted((a.record_l, a.record_r))), {})[a.by] = a.answer
    twice = [tuple(v[k] for k in sorted(v))[:2] for v in by_pair.values() if len(v) > 1]
    if not twice:
        return None
    value = kappa([a for a, _ in twice], [b for _, b in twice])
    return f"Two reviewers answered {len(twice):,} pairs: Cohen's kappa {value:.2f}."


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


def decided(records: pl.DataFrame, answers: Sequence[Answered]) -> dict[str, pl.DataFrame]:
    """Pairs (rid_l, rid_r) by answer, `same` and `different`; later answers win.

    Raises UsageError for a record that the linkage does not hold.
    """
    from threecircles.core.errors import UsageError

    rid_of = {
        f"{s}|{r}": i for i, s, r in records.select("rid", "source", "record_id").iter_rows()
    } if answers else {}  # fmt: skip
    last: dict[tuple[int, int], str] = {}
    for number, given in enumerate(answers, 1):
        for name in (given.record_l, given.record_r):
            if name not in rid_of:
                raise UsageError(f"Answer {number:,} names a record that is not in the sources.", mend="Give the sources that were reviewed.")  # fmt: skip
        one, two = sorted((rid_of[given.record_l], rid_of[given.record_r]))
        last[one, two] = given.answer
    schema = {"rid_l": pl.Int64, "rid_r": pl.Int64}
    return {
        kind: pl.DataFrame([p for p, a in last.items() if a == kind], schema=schema, orient="row")
        for kind in ("same", "different")
    }


def kappa(one: list[str], other: list[str]) -> float:
    """Cohen's kappa of two reviewers' answers to the same pairs; 1 when they agree on everything.

    Source: Cohen, Educational and Psychological Measurement 20 (1960) 37-46.
    """
    n = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    chance = sum((one.count(k) / n) * (other.count(k) / n) for k in set(one) | set(other))
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)
