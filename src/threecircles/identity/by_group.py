"""How good a linkage is for whom: without it a good mean would hide the children who are missed most.

From the scores alone recall speaks only of pairs that were compared; a reviewed sample corrects the
scores, and `blocking_recall` says how many pairs never met.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import polars as pl

from threecircles.identity import empty_fields
from threecircles.identity.estimates import Quality, Stratum, from_review
from threecircles.identity.ladder import Ladder
from threecircles.identity.review import Answered, stratified

GAP = 0.01
"""Recall that lies this far below all others' is headlined."""
FEWEST = 100
"""True links below which a group has no recall worth a headline."""
_AGES = ((0, 0, "under 1"), (1, 4, "1 to 4"), (5, 9, "5 to 9"), (10, 15, "10 to 15"), (16, 25, "16 to 25"))  # fmt: skip
_TWO = ("shared-identifier", "unborn")
"""Rules by which a pair is two children."""
_BIRTH = {True: "born with another child", False: "born alone"}


@dataclass(frozen=True)
class OfGroup:
    """One group's figures. kind: what it is a group of; gap: recall of all less that of the group."""

    kind: str
    group: str
    quality: Quality
    gap: float
    gap_se: float
    of: int = 1

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the gap, widened for the number of groups of its kind (`of`): the largest of
        ten gaps is large by chance alone."""
        z = NormalDist().inv_cdf(1 - 0.025 / self.of)
        return self.gap - z * self.gap_se, self.gap + z * self.gap_se

    @property
    def headline(self) -> bool:
        """Whether the group is missed by more than a point, beyond chance."""
        big = self.quality.true_links >= FEWEST and self.gap > GAP
        return big and self.interval[0] > 0


def record_groups(ladder: Ladder) -> pl.DataFrame:
    """Which groups each record is of: source, record_id, birth_year, sex, ethnic_group, birth (born alone or with another child), and a
    column for each that the source names under `groups`; fields, empty (see `empty_fields`). No name, birth date, address or number."""
    own = [c for c in ladder.records.columns if c.startswith("group_")]
    records = ladder.records.sort("rid")
    return records.select(
        "source", "record_id", "birth_year", "sex", pl.col("ethnic").alias("ethnic_group"),
        pl.col("has_co_twin").replace_strict(_BIRTH, return_dtype=pl.String).alias("birth"),
        *[pl.col(c).alias(c.removeprefix("group_")) for c in own],
    ).hstack(empty_fields.counted(records))  # fmt: skip


def by_group(
    edges: pl.DataFrame, groups: pl.DataFrame, answers: list[Answered], year: int
) -> tuple[Quality, list[OfGroup]]:
    """Precision and recall of all and of each group, the one most surely missed first.

    edges: link_edge. groups: `record_groups`. answers: of a sample drawn by strata; empty = from the
    scores alone. year: the year of the linkage, for ages.
    """
    pairs = _grouped(_shared_out(_taken(stratified(edges))), groups, year)
    pairs = _reviewed(pairs, answers)
    whole = _quality(pairs, pairs)
    found: list[OfGroup] = []
    for kind in [c for c in pairs.columns if c.startswith("of_")]:
        parts = pairs.filter(pl.col(kind).is_not_null()).partition_by(kind)
        parts = [own for own in parts if own["is_link"].any()]
        for own in parts:
            quality = _quality(own, pairs)
            gap, se = (
                whole.recall - quality.recall,
                sqrt(whole.recall_se**2 + quality.recall_se**2),
            )
            found.append(
                OfGroup(
                    kind.removeprefix("of_").replace("_", " "), str(own[kind][0]), quality, gap, se,
                    len(parts),
                )
            )  # fmt: skip
    return whole, sorted(found, key=lambda g: (-g.interval[0], g.kind, g.group))


def _taken(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs with `taken`: not linked, but no link missed either. One of the two is linked to the other's
    source already, so that the pair is the rival of a link that was made; or a rule says that it is
    two children (a number that may be a twin's, or is shared), whatever its score."""
    is_link = pl.col("band").is_in(["linked", "linked_doubtful"])
    made = pairs.filter(is_link)
    ends = pl.concat([
        made.select(source="source_l", record="record_l", to="source_r"),
        made.select(source="source_r", record="record_r", to="source_l"),
    ]).unique().with_columns(pl.lit(True).alias("held"))  # fmt: skip
    both = pairs
    for one, other in (("l", "r"), ("r", "l")):
        both = both.join(
            ends.rename({"held": f"held_{one}"}), how="left", maintain_order="left",
            left_on=[f"source_{one}", f"record_{one}", f"source_{other}"], right_on=["source", "record", "to"],
        )  # fmt: skip
    held = pl.col("held_l").fill_null(False) | pl.col("held_r").fill_null(False)
    if "why" in pairs.columns:
        held = held | (pl.col("why") == "alert").fill_null(False) | pl.col("rule").is_in(_TWO)
    return both.with_columns((~is_link & held).alias("taken")).drop("held_l", "held_r")


def _shared_out(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs that may be links missed, with p shared out among rivals: where two records are as good
    for a third and none was joined, one link is missing and not two."""
    missed = ~pl.col("taken") & ~pl.col("band").is_in(["linked", "linked_doubtful"])
    p = pl.when(missed).then("p").otherwise(0.0)
    rivals = pl.max_horizontal(
        p.sum().over("source_l", "record_l", "source_r"),
        p.sum().over("source_r", "record_r", "source_l"),
        pl.lit(1.0),
    )
    return pairs.with_columns(pl.when(missed).then(pl.col("p") / rivals).otherwise("p").alias("p"))


def _grouped(pairs: pl.DataFrame, groups: pl.DataFrame, year: int) -> pl.DataFrame:
    """Pairs with a column of_<kind> for each kind of group, from either record."""
    age = year - pl.col("birth_year").cast(pl.Int64)
    band = pl.lit(None, dtype=pl.String)
    for low, high, label in _AGES:
        band = pl.when(age.is_between(low, high)).then(pl.lit(label)).otherwise(band)
    told = groups.with_columns(band.alias("age")).drop("birth_year")
    kinds = [c for c in told.columns if c not in ("source", "record_id", "fields", "empty")]
    left = told.rename({c: f"{c}_of_l" for c in kinds})
    right = told.rename({c: f"{c}_of_r" for c in kinds})
    joined = pairs.select(
        "source_l", "record_l", "source_r", "record_r", "p", "band", "stratum", "taken"
    ).join(
        left,
        left_on=["source_l", "record_l"],
        right_on=["source", "record_id"],
        how="left",
        maintain_order="left",
    )
    joined = joined.join(
        right,
        left_on=["source_r", "record_r"],
        right_on=["source", "record_id"],
        how="left",
        maintain_order="left",
    )
    apart = _BIRTH[True]
    made = [
        pl.when((pl.col("birth_of_l") == apart) | (pl.col("birth_of_r") == apart))
        .then(pl.lit(apart))
        .otherwise(pl.lit(_BIRTH[False]))
        .alias("of_birth")
        if k == "birth"
        else pl.coalesce(f"{k}_of_l", f"{k}_of_r").cast(pl.String).alias(f"of_{k}")
        for k in kinds
    ]
    two = pl.min_horizontal("source_l", "source_r"), pl.max_horizontal("source_l", "source_r")
    return joined.select(
        "source_l", "record_l", "source_r", "record_r", "p", "stratum", "taken",
        pl.col("band").is_in(["linked", "linked_doubtful"]).alias("is_link"),
        pl.format("{} and {}", *two).alias("of_sources"), *made,
    )  # fmt: skip


def _reviewed(pairs: pl.DataFrame, answers: list[Answered]) -> pl.DataFrame:
    """Pairs with `same` (true, false, or null where nobody answered)."""
    given = pl.DataFrame(
        [(*sorted((a.record_l, a.record_r)), a.answer == "same") for a in answers if a.answer in ("same", "different")],
        schema={"one": pl.String, "two": pl.String, "same": pl.Boolean}, orient="row",
    ).unique(["one", "two"], keep="last")  # fmt: skip
    left, right = (pl.col(f"source_{s}") + "|" + pl.col(f"record_{s}") for s in "lr")
    named = pairs.with_columns(one=pl.min_horizontal(left, right), two=pl.max_horizontal(left, right))  # fmt: skip
    return named.join(given, on=["one", "two"], how="left", maintain_order="left").drop("one", "two")  # fmt: skip


def _quality(own: pl.DataFrame, everybody: pl.DataFrame) -> Quality:
    """From the reviewed pairs of a group, or from its scores where nobody has reviewed."""
    if not everybody["same"].is_not_null().any():
        return _from_scores(own)
    whole = {r[0]: r[1:] for r in _counted(everybody).iter_rows()}
    strata = []
    for name, n, seen, same in _counted(own).iter_rows():
        looked, alike = (seen, same) if seen >= 2 else _borrowed(n, *whole[name][1:])
        if looked:
            strata.append(
                Stratum(pairs=n, reviewed=looked, same=alike, linked=name.startswith("linked"))
            )
    return from_review(strata) if any(s.linked for s in strata) else _from_scores(own)


def _borrowed(pairs: int, seen: int, same: int) -> tuple[int, int]:
    """Where too few of a group were looked at, the stratum's own share stands for it."""
    looked = min(pairs, seen)
    return looked, round(looked * same / seen) if seen else 0


def _counted(pairs: pl.DataFrame) -> pl.DataFrame:
    return (
        pairs.group_by("stratum")
        .agg(
            pl.len().alias("pairs"), pl.col("same").count().alias("seen"), pl.col("same").sum().alias("k"),
        )
        .sort("stratum")
    )  # fmt: skip


def _from_scores(own: pl.DataFrame) -> Quality:
    links = own.filter("is_link")["p"]
    left = own.filter(~pl.col("is_link") & ~pl.col("taken"))["p"]
    tp, fn = float(links.sum()), float(left.sum())
    var_tp, var_fn = float((links * (1 - links)).sum()), float((left * (1 - left)).sum())
    true = tp + fn
    recall_var = (fn**2 * var_tp + tp**2 * var_fn) / true**4 if true else 0.0
    return Quality(
        tp / len(links), sqrt(var_tp) / len(links), tp / true if true else 0.0, sqrt(recall_var),
        len(links), true,
    )  # fmt: skip
