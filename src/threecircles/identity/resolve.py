"""From scored pairs to persons: without it a threshold would be the only judge between rivals."""

from __future__ import annotations

from math import log2

import numpy as np
import polars as pl

from threecircles.identity import assign, clusters, crowds, rescore

LINKED = 0.95
"""Probability from which a link is called linked; below it is doubtful."""
LINKED_BESIDE_A_CO_TWIN = 0.999
"""Probability asked instead where the first names are not the same and the rival is a child born together:
children born together are often named alike, how often is learnt from few, and the link would show one
child the other's life."""
REVIEW = 0.05
"""Probability from which a pair that was not linked is worth a reviewer's time."""
_PARTNERED = 0.7
"""Share of records taken to have a partner in another source, for comparison with repeats."""
BITS = "w_adjusted"
_DERIVED = (
    "within", "edge", "unit_l", "unit_r", "src_l", "src_r", "chosen", "tie", "strain", "accepted", "p", "band", "why",
)  # fmt: skip


def persons_at(
    records: pl.DataFrame,
    edges: pl.DataFrame,
    known: rescore.Constants,
    threshold: float,
    apart: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    """Records with `unit`, edges with decisions and bands, and a cluster number for each rid.

    Repeats within sources first, then one to one between every two sources, then clusters under
    constraints. The scores stand; another threshold needs no second scoring.
    """
    edges = edges.select(c for c in edges.columns if c not in _DERIVED)
    records, edges = _units(records, edges, threshold, known)
    edges = _one_to_one(records, edges, threshold)
    edges, person = _persons(records, edges, apart, threshold)
    return records, _banded(edges), person


def bits(p: float) -> float:
    """Probability as bits of evidence."""
    return log2(p / (1 - p))


def _units(
    records: pl.DataFrame, edges: pl.DataFrame, threshold: float, known: rescore.Constants
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records of one source that are one person become one unit before sources meet."""
    src = records.sort("rid")["src"].to_numpy()
    edges = edges.with_columns(
        pl.Series("src_l", src[edges["rid_l"].to_numpy()]),
        pl.Series("src_r", src[edges["rid_r"].to_numpy()]),
    )
    within = pl.col("src_l") == pl.col("src_r")
    inside = edges.filter(within)
    if inside.is_empty():
        return records.with_columns(pl.col("rid").alias("unit")), edges.with_columns(
            pl.lit(None).alias("within")
        )
    share = _repeat_share(records, inside)
    # Inside a source a repeat is rarer than a partner is between sources, and its rival is a co-twin.
    alone = records["src"].n_unique() == 1  # then the prior is that of repeats already
    weight = pl.col("w") + (0.0 if alone else log2(share / _PARTNERED))
    visible = pl.col("visible").replace_strict(
        dict(enumerate(known.prior)), return_dtype=pl.Float64
    )
    cap = pl.col("cap") - visible + log2(share / max(known.co_twin_rate, 1e-4))
    edges = edges.with_columns(
        pl.when(within & ~crowds.GIVEN)
        .then(pl.min_horizontal(weight, cap))
        .otherwise(BITS)
        .alias(BITS)
    )
    accepted = edges.filter(within & ~pl.col("barred") & (pl.col(BITS) >= bits(threshold)))
    loose = records.with_columns(pl.lit(True).alias("dup"), pl.lit(0).alias("unit"))
    _, refused = clusters.clustered(loose, accepted)
    joined = accepted.filter(pl.Series(~refused))
    part = clusters.gathered(edges.filter(within), joined, len(records), bits(threshold))
    first = (
        pl.DataFrame({"rid": records["rid"], "part": part})
        .group_by("part")
        .agg(pl.col("rid").min().alias("unit"))
    )
    units = pl.DataFrame({"part": part}).join(first, on="part", how="left", maintain_order="left")[
        "unit"
    ]
    at = pl.Series("part", part)
    kept = joined.filter(at.gather(joined["rid_l"]) == at.gather(joined["rid_r"]))
    kept = kept.select("rid_l", "rid_r").with_columns(pl.lit(True).alias("within"))
    records = records.drop("unit", strict=False)
    return records.with_columns(units), edges.join(
        kept, on=["rid_l", "rid_r"], how="left", maintain_order="left"
    )


def _repeat_share(records: pl.DataFrame, inside: pl.DataFrame) -> float:
    """Share of a source's records that repeat a person, from pairs that leave no doubt."""
    sure = inside.filter((pl.col("w") >= rescore.SURE) & ~crowds.GIVEN)
    if "gamma_first_name" in inside.columns:
        sure = sure.filter(pl.col("gamma_first_name") >= 4)
    n = int(records.select(pl.col("dup").sum()).item())
    return min(0.5, max(0.001, 2 * len(sure) / 0.7 / max(1, n)))


def _one_to_one(records: pl.DataFrame, edges: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Marks edges `chosen` (and `tie`) by the best assignment between every two sources."""
    unit = records.sort("rid")["unit"].to_numpy()
    edges = edges.with_row_index("edge").with_columns(
        pl.Series("unit_l", unit[edges["rid_l"].to_numpy()]),
        pl.Series("unit_r", unit[edges["rid_r"].to_numpy()]),
    )
    rivals = edges.filter((pl.col("src_l") != pl.col("src_r")) & ~pl.col("barred")).select(
        "edge", BITS, "unit_l", "unit_r", "src_l", "src_r"
    )
    best = rivals.sort(BITS, descending=True, maintain_order=True)
    if not np.array_equal(
        unit, np.arange(len(unit))
    ):  # where each record is a unit, each pair is there once
        best = best.unique(["unit_l", "unit_r"], keep="first", maintain_order=True)
    turned = pl.col("src_l") > pl.col("src_r")
    best = best.select(
        "edge", BITS,
        pl.when(turned).then("unit_r").otherwise("unit_l").alias("unit_l"),
        pl.when(turned).then("unit_l").otherwise("unit_r").alias("unit_r"),
        pl.min_horizontal("src_l", "src_r").alias("a"), pl.max_horizontal("src_l", "src_r").alias("b"),
    )  # fmt: skip
    solved = [
        assign.assigned(best.filter((pl.col("a") == a) & (pl.col("b") == b)), bits(threshold))
        for a, b in best.select("a", "b").unique().sort("a", "b").iter_rows()
    ]
    if not solved:
        return edges.with_columns(chosen=pl.lit(False), tie=pl.lit(False))
    marks = pl.concat(solved).select("edge", "tie").with_columns(pl.lit(True).alias("chosen"))
    return edges.join(marks, on="edge", how="left", maintain_order="left").with_columns(
        pl.col("chosen").fill_null(False), pl.col("tie").fill_null(False)
    )


def _sure_of_the_twin(edges: pl.DataFrame) -> pl.Expr:
    """Whether what speaks against a child born together reaches what is asked. Judged after the
    assignment, so that a pair which falls short leaves its place to no rival. A number that both carry
    stands, unless a co-twin is in sight whose number it may be."""
    if not {"gamma_first_name", "gamma_birth"} <= set(edges.columns):
        return pl.lit(True)
    unlike = pl.col("gamma_first_name").is_between(0, 3) & (pl.col("gamma_birth") == 3)
    numbered = (pl.col("rule") == "same-identifier") & (pl.col("visible") == 0)
    enough = pl.col("cap") >= bits(LINKED_BESIDE_A_CO_TWIN)
    return (~unlike | numbered | enough).fill_null(True)


def _persons(
    records: pl.DataFrame, edges: pl.DataFrame, apart: pl.DataFrame | None, threshold: float
) -> tuple[pl.DataFrame, np.ndarray]:
    """Clusters of accepted edges; marks edges `accepted` and `strain` (refused by a constraint)."""
    accepted = (pl.col("chosen") & ~pl.col("tie")) | pl.col("within").fill_null(False)
    if threshold >= LINKED:
        accepted = accepted & _sure_of_the_twin(edges)
    taken = edges.filter(accepted)
    barred = edges.filter(pl.col("barred")).select("rid_l", "rid_r")
    if apart is not None:
        barred = pl.concat([barred, apart.select("rid_l", "rid_r")]).unique()
    person, refused = clusters.clustered(records, taken, barred)
    marks = taken.select("edge").with_columns(pl.Series("strain", refused))
    edges = edges.join(marks, on="edge", how="left", maintain_order="left").with_columns(
        pl.col("strain").is_not_null().alias("accepted"), pl.col("strain").fill_null(False)
    )
    return edges.with_columns((pl.col("accepted") & ~pl.col("strain")).alias("accepted")), person


_WHY = (
    pl.when("tie")
    .then(pl.lit("tie"))
    .when("strain")
    .then(pl.lit("strain"))
    .when("barred")
    .then(pl.lit("alert"))
    .otherwise(pl.lit("near the threshold"))
)
"""Why a pair waits for a reviewer."""


def _banded(edges: pl.DataFrame) -> pl.DataFrame:
    """p from the adjusted bits, and the band an edge ends in."""
    p = 1 / (1 + (-pl.col(BITS).clip(-60, 60) * np.log(2)).exp())
    return (
        edges.with_columns(p.alias("p"))
        .with_columns(
            pl.when(pl.col("accepted") & (pl.col("p") >= LINKED) & _sure_of_the_twin(edges))
            .then(pl.lit("linked"))
            .when("accepted")
            .then(pl.lit("linked_doubtful"))
            .when(
                pl.col("tie")
                | pl.col("strain")
                | (pl.col("barred") & (~pl.col("rule").is_in(["shared-identifier", "unborn"])))
            )
            .then(pl.lit("review"))
            .when((pl.col("p") >= REVIEW) & (pl.col("src_l") != pl.col("src_r")))
            .then(pl.lit("review"))
            .otherwise(pl.lit("unlinked"))
            .alias("band")
        )
        .with_columns(pl.when(pl.col("band") == "review").then(_WHY).alias("why"))
    )
