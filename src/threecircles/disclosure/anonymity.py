"""How many people share a description: without it an extract without names would still name the rare ones.

k is the least number of rows that share the values of all quasi-identifiers; l the least number of
different sensitive values among rows that share them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from threecircles.core.errors import NotPermitted

ANY = "any"
"""The last step of every generalisation: the value is not told."""


@dataclass(frozen=True)
class Anonymity:
    """k and l of a table. risky: share of rows in groups below k or l, before anything was done."""

    k: int
    l: int  # noqa: E741 - the name of the field
    rows: int
    risky: float


@dataclass(frozen=True)
class Made:
    """A table made safe by generalising and dropping. steps: column -> how often it was made coarser."""

    frame: pl.DataFrame
    before: Anonymity
    after: Anonymity
    steps: dict[str, int]
    dropped: int

    def text(self) -> str:
        """What was done, in words."""
        coarser = ", ".join(f"{c} {n} times" for c, n in self.steps.items() if n) or "nothing"
        share = 100 * self.dropped / self.before.rows if self.before.rows else 0.0
        return (
            f"{self.before.rows:,} rows; {100 * self.before.risky:.1f}% were in groups too small or alike. "
            f"Made coarser: {coarser}. Dropped: {self.dropped:,} rows ({share:.1f}%). "
            f"Now k = {self.after.k}, l = {self.after.l} over {self.after.rows:,} rows."
        )


def anonymity(
    frame: pl.DataFrame,
    quasi: Sequence[str],
    sensitive: Sequence[str] = (),
    k: int = 10,
    l: int = 2,  # noqa: E741
) -> Anonymity:
    """k and l of a table with one row a person. quasi, sensitive: columns."""
    if not frame.height:
        return Anonymity(0, 0, 0, 0.0)
    groups = _groups(frame, quasi, sensitive)
    small = (groups["_rows"] < k) | (groups["_kinds"] < l if sensitive else False)
    risky = int(groups.filter(small)["_rows"].sum())
    kinds = int(groups["_kinds"].min()) if sensitive else 0  # type: ignore[arg-type]
    return Anonymity(int(groups["_rows"].min()), kinds, frame.height, risky / frame.height)  # type: ignore[arg-type]


def make_anonymous(
    frame: pl.DataFrame,
    quasi: Sequence[str],
    sensitive: Sequence[str] = (),
    *,
    coarser: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
    k: int = 10,
    l: int = 2,  # noqa: E741
    most_dropped: float = 0.05,
) -> Made:
    """Generalise quasi-identifiers step by step, then drop the rows that are left in small groups.

    coarser: column -> maps of a value to a coarser one, tried in turn; after the last the column is
    told no more. The step taken next is the one that leaves the fewest risky rows. most_dropped:
    share of rows that may be dropped instead of going one step further. Raises NotPermitted when even
    the coarsest table is not k-anonymous and l-diverse.
    """
    before = anonymity(frame, quasi, sensitive, k, l)
    ladders = {q: [*(coarser or {}).get(q, ()), None] for q in quasi}
    steps = dict.fromkeys(quasi, 0)
    now = frame.with_columns(pl.col(q).cast(pl.String) for q in quasi)
    while anonymity(now, quasi, sensitive, k, l).risky > most_dropped:
        tries = {
            q: _coarser(now, q, ladders[q][steps[q]]) for q in quasi if steps[q] < len(ladders[q])
        }
        if not tries:
            break
        best = min(
            tries,
            key=lambda q: (anonymity(tries[q], quasi, sensitive, k, l).risky, list(quasi).index(q)),
        )
        now = tries[best]
        steps[best] += 1
    kept = _without_small(now, quasi, sensitive, k, l)
    if not kept.height or 1 - kept.height / max(frame.height, 1) > most_dropped:
        raise NotPermitted(
            "This extract cannot be made anonymous.",
            found=f"{before.rows:,} rows, {100 * before.risky:.1f}% of them in groups of fewer than {k} or alike in what is sensitive",
            mend="Ask for fewer columns, coarser ones, or a larger population.",
        )
    return Made(
        kept, before, anonymity(kept, quasi, sensitive, k, l), steps, frame.height - kept.height
    )


def _groups(frame: pl.DataFrame, quasi: Sequence[str], sensitive: Sequence[str]) -> pl.DataFrame:
    kinds = [pl.col(s).n_unique().alias(f"_kinds_{s}") for s in sensitive]
    by = frame.group_by(list(quasi)) if quasi else frame.group_by(pl.lit(1).alias("_all"))
    found = by.agg(pl.len().alias("_rows"), *kinds)
    least = pl.min_horizontal([f"_kinds_{s}" for s in sensitive]) if sensitive else pl.lit(0)
    return found.with_columns(_kinds=least)


def _coarser(frame: pl.DataFrame, column: str, step: Mapping[str, str] | None) -> pl.DataFrame:
    if step is None:
        return frame.with_columns(pl.lit(ANY).alias(column))
    return frame.with_columns(pl.col(column).replace(dict(step)))


def _without_small(
    frame: pl.DataFrame,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    k: int,
    l: int,  # noqa: E741
) -> pl.DataFrame:
    groups = _groups(frame, quasi, sensitive)
    good = groups.filter((pl.col("_rows") >= k) & ((pl.col("_kinds") >= l) | (not sensitive)))
    if not quasi:
        return frame if good.height else frame.clear()
    return frame.join(good.select(list(quasi)), on=list(quasi), how="semi", nulls_equal=True)
