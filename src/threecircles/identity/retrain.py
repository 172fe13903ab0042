"""What reviewers teach: without it a model would make the same mistake after every review.

Their answers add to what the data themselves taught (m, and the first-name term of the children's
layer). Nothing is retrained unless it is asked for, and then it is told level by level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np
import polars as pl

from threecircles.identity import crowds, rescore
from threecircles.identity.ladder import Ladder, resolved, weighed
from threecircles.identity.model import Comparison, Level
from threecircles.identity.review import Answered, decided, stratified

_WORTH = 500
"""Pairs that what was learnt before counts as, beside the reviewed ones."""
FEWEST = 30
"""Answers below which nothing is learnt from them."""


@dataclass(frozen=True)
class Retrained:
    """ladder: the linkage with what was learnt. changes: comparison, level, before, after (shares among
    matches, and bits of the first-name term). links: accepted pairs before and after. said: in words."""

    ladder: Ladder
    changes: pl.DataFrame
    links: tuple[int, int]
    said: str


def retrained(ladder: Ladder, answers: Sequence[Answered], threshold: float) -> Retrained:
    """The linkage after learning from reviewed pairs.

    Answers of a sample by strata are weighted up to their strata, so that doubtful pairs, which are
    reviewed more often, do not pass for usual ones. With fewer than 30 answers nothing changes.
    """
    pairs = decided(ladder.records, answers)
    reviewed = _weighted(ladder, pairs)
    before = int(ladder.edges["accepted"].sum())
    if len(reviewed) < FEWEST:
        said = f"{len(reviewed):,} answers are too few to learn from ({FEWEST} at least): nothing was changed."
        return Retrained(ladder, _nothing(), (before, before), said)
    same = reviewed.filter("same")
    comparisons = [_taught(c, same) for c in ladder.model.comparisons]
    known = _first_names(ladder, reviewed)
    edges = _moved(ladder, comparisons)
    model = ladder.model.with_comparisons(comparisons, ladder.model.prior)
    layered = weighed(edges, ladder.records, known, pairs["different"], pairs["same"])
    layered = crowds.with_followers(layered, crowds.set_apart(ladder.records))
    fresh = resolved(replace(ladder, edges=layered, model=model, known=known), threshold, pairs["different"])  # fmt: skip
    after = int(fresh.edges["accepted"].sum())
    changes = _changes(ladder, fresh)
    said = f"{len(reviewed):,} reviewed pairs taught {len(changes):,} levels; links before {before:,}, after {after:,}."
    return Retrained(fresh, changes, (before, after), said)


def _weighted(ladder: Ladder, pairs: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Reviewed candidate pairs with `same` and `weight`, weights adding up to their number."""
    marked = pl.concat([pairs[k].with_columns(pl.lit(k == "same").alias("same")) for k in ("same", "different")])  # fmt: skip
    scored = stratified(ladder.edges.filter(~crowds.GIVEN))
    sizes = scored.group_by("stratum").len(name="of")
    found = scored.join(marked, on=["rid_l", "rid_r"]).join(sizes, on="stratum")
    weight = pl.col("of") / pl.len().over("stratum")
    return found.with_columns((weight * pl.len() / weight.sum()).alias("weight"))


def _taught(comparison: Comparison, same: pl.DataFrame) -> Comparison:
    """The comparison with m drawn towards the levels of pairs that are one child."""
    name = f"gamma_{comparison.name}"
    held = same.filter(pl.col(name) >= 0)
    n = float(held["weight"].sum() or 0.0)
    seen = dict(held.group_by(name).agg(pl.col("weight").sum()).iter_rows())

    def after(gamma: int, level: Level) -> Level:
        return replace(level, m=(_WORTH * level.m + seen.get(gamma, 0.0)) / (_WORTH + n))

    taught = {g: after(g, level) for g, level in comparison.by_gamma().items()}
    missing = [level for level in comparison.levels if level.null]
    return replace(
        comparison, levels=(*missing, *[taught[g] for g in sorted(taught, reverse=True)])
    )


def _first_names(ladder: Ladder, reviewed: pl.DataFrame) -> rescore.Constants:
    """The first-name term with the reviewed pairs that could be co-twins counted in."""
    first = next((c for c in ladder.model.comparisons if c.name == "first_name"), None)
    if first is None:
        return ladder.known
    near = reviewed.filter(rescore.domain(reviewed) & (pl.col("gamma_first_name") >= 0))
    counts = {
        kind: dict(own.group_by("gamma_first_name").agg(pl.col("weight").sum()).iter_rows())
        for kind, own in (
            ("same", near.filter("same")),
            ("different", near.filter(~pl.col("same"))),
        )
    }
    made = []
    for gamma, bits in enumerate(ladder.known.first_name):
        among = max(first.by_gamma()[gamma].m, 1e-6)
        shares = {"same": among, "different": among / 2.0**bits}
        moved = {
            k: (_WORTH * s + counts[k].get(gamma, 0.0)) / (_WORTH + sum(counts[k].values()))
            for k, s in shares.items()
        }
        made.append(log2(moved["same"] / moved["different"]))
    return replace(ladder.known, first_name=tuple(made))


def _moved(ladder: Ladder, comparisons: list[Comparison]) -> pl.DataFrame:
    """The scored pairs with each field's bits, and their sum, under the new m."""
    raw = [c for c in ladder.edges.columns if c == "w" or c.startswith(("rid_", "gamma_", "mw_"))]
    edges = ladder.edges.filter(~crowds.GIVEN).select(raw)
    moves = []
    for old, new in zip(ladder.model.comparisons, comparisons, strict=True):
        step = {
            g: log2(max(new.by_gamma()[g].m, 1e-9) / max(lv.m, 1e-9))
            for g, lv in old.by_gamma().items()
        }
        bits = pl.col(f"gamma_{old.name}").replace_strict(
            step, default=0.0, return_dtype=pl.Float64
        )
        moves.append(bits.alias(f"move_{old.name}"))
    edges = edges.with_columns(moves)
    return edges.with_columns(
        (pl.col("w") + pl.sum_horizontal(f"move_{c.name}" for c in comparisons)).alias("w"),
        *[(pl.col(f"mw_{c.name}") + pl.col(f"move_{c.name}")).cast(pl.Float32).alias(f"mw_{c.name}") for c in comparisons],
    ).select(raw)  # fmt: skip


def _changes(before: Ladder, after: Ladder) -> pl.DataFrame:
    rows = [
        (old.name, level.label, level.m, new.by_gamma()[g].m)
        for old, new in zip(before.model.comparisons, after.model.comparisons, strict=True)
        for g, level in sorted(old.by_gamma().items(), reverse=True)
    ]
    rows += [
        ("first name against a co-twin (bits)", f"level {g}", one, two)
        for g, (one, two) in enumerate(
            zip(before.known.first_name, after.known.first_name, strict=True)
        )
    ]
    told = pl.DataFrame(rows, schema=_nothing().schema, orient="row").with_columns(
        pl.col("before", "after").round(6)
    )
    return told.filter(pl.Series(~np.isclose(told["before"], told["after"], atol=1e-6)))


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "comparison": pl.String,
            "level": pl.String,
            "before": pl.Float64,
            "after": pl.Float64,
        }
    )
