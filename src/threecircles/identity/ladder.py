"""The ladder from records to persons: without its order a lucky score could outrank a proof.

Rungs: records of one source that may repeat a person -> scores -> the children's layer -> alerts and
identifier rules -> one to one between sources -> clusters under constraints -> bands.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from math import log2

import numpy as np
import polars as pl

from threecircles.identity import assign, clusters, families, learn, rescore, score, store
from threecircles.identity.model import Model, model_for
from threecircles.identity.records import schemes

LINKED = 0.95
"""Probability from which a link is called linked; below it is doubtful."""
REVIEW = 0.05
"""Probability from which a pair that was not linked is worth a reviewer's time."""
_REPEATS = 0.0005
"""Share of a source's records found twice outright above which it is not taken as duplicate-free."""
_PARTNERED = 0.7
"""Share of records taken to have a partner in another source, for comparison with repeats."""
_CO_TWINS = 0.024
"""Share of children born with another, for comparison with repeats."""
_BITS = "w_adjusted"
_DERIVED = (
    "within", "edge", "unit_l", "unit_r", "src_l", "src_r", "chosen", "tie", "strain", "accepted", "p", "band",
)  # fmt: skip


@dataclass
class Ladder:
    """What a linkage gives.

    person: cluster number by rid. records: link_record with dup, unit, has_co_twin. edges: candidate
    pairs with w, cap, w_adjusted, p, stage, rule, band. model, known: what was learnt. seconds: by rung.
    alerts: pairs with one identifier and two names (twin-swap). large: components that were cut.
    """

    person: np.ndarray
    records: pl.DataFrame
    edges: pl.DataFrame
    model: Model
    known: rescore.Constants
    seconds: dict[str, float] = field(default_factory=dict)


def climbed(
    records: pl.DataFrame,
    threshold: float,
    *,
    repeats: dict[str, bool | None] | None = None,
    apart: pl.DataFrame | None = None,
    together: pl.DataFrame | None = None,
    threads: int | None = None,
) -> Ladder:
    """Persons for records.

    records: link_record (see `records`). threshold: least probability of a link. repeats: source ->
    whether it may hold a person twice (None = judge from the data). apart, together: pairs (rid_l,
    rid_r) that may never, or must, be one person (reviewers, adoption).
    """
    clock = _Clock()
    records = _with_repeats(records, repeats or {})
    twins = families.co_twins(records)
    records = records.with_columns(
        pl.col("rid").is_in(twins["rid_a"].implode()).alias("has_co_twin")
    )
    clock.lap("records")
    model = model_for(records, schemes(records))
    with store.opened(records, threads) as connection:
        model = learn.learnt(model, connection, records)
        clock.lap("learn")
        edges = score.scored(model, connection)
        clock.lap("splink")
        known = rescore.constants(model, connection, records, edges, twins)
    edges = rescore.rescored(edges, records, known)
    edges = _ruled(edges, known, bool(known.learnt))
    edges = _decided(edges, apart, together)
    clock.lap("children's layer")
    ladder = Ladder(np.zeros(0), records, edges, model, known, clock.laps)
    ladder = resolved(ladder, threshold, apart)
    clock.lap("assignment and clusters")
    return ladder


def resolved(ladder: Ladder, threshold: float, apart: pl.DataFrame | None = None) -> Ladder:
    """Persons from scored edges at a threshold: repeats within sources, one to one, clusters, bands.

    The scores stand; another threshold needs no second scoring.
    """
    edges = ladder.edges.select(c for c in ladder.edges.columns if c not in _DERIVED)
    records, edges = _units(ladder.records, edges, threshold, ladder.known)
    edges = _one_to_one(records, edges, threshold)
    edges, person = _persons(records, edges, apart)
    return replace(ladder, person=person, records=records, edges=_banded(edges))


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name], self.last = round(now - self.last, 2), now


def bits(p: float) -> float:
    """Probability as bits of evidence."""
    return log2(p / (1 - p))


def _with_repeats(records: pl.DataFrame, said: dict[str, bool | None]) -> pl.DataFrame:
    """`dup` by source: as said, else whether records agree outright on names, birth and address."""
    keys = ["src", "first", "surname", "dob"]
    whole = records.filter(pl.all_horizontal(pl.col(k).is_not_null() for k in keys))
    place = whole.with_columns(pl.coalesce("uprn", "postcode", pl.lit("")).alias("place"))
    twice = place.group_by([*keys, "place"]).len().filter(pl.col("len") > 1)
    for column in schemes(records):
        held = records.filter(pl.col(column).is_not_null() & pl.col("dob").is_not_null())
        same = held.group_by("src", column, "dob", "sex", "first").len().filter(pl.col("len") > 1)
        twice = pl.concat([twice.select("src", "len"), same.select("src", "len")])
    found = dict(twice.group_by("src").agg((pl.col("len") - 1).sum()).iter_rows())
    flags = {}
    for name, src, n in records.group_by("source", "src").len().iter_rows():
        stated = said.get(name)
        flags[src] = stated if stated is not None else found.get(src, 0) > max(2, _REPEATS * n)
    return records.with_columns(
        pl.col("src").replace_strict(flags, return_dtype=pl.Boolean).alias("dup")
    )


def _ruled(edges: pl.DataFrame, known: rescore.Constants, learnt: bool) -> pl.DataFrame:
    """Rung of identifiers: sure agreements, twin-swap alerts and shared numbers, each with its rule."""
    columns = [c for c in edges.columns if c.startswith("gamma_id_")]
    same = pl.any_horizontal([pl.col(c) == 2 for c in columns]) if columns else pl.lit(False)
    first = pl.col("gamma_first_name") if "gamma_first_name" in edges.columns else pl.lit(-1)
    birth = pl.col("gamma_birth") if "gamma_birth" in edges.columns else pl.lit(-1)
    sex_differs = pl.col("gamma_sex") == 0 if "gamma_sex" in edges.columns else pl.lit(False)
    agreed = same & (birth != 0) & (first != 0)
    alert = same & (birth == 3) & (first == 0)
    # Without names a number that two sexes share on one birthday is a number changed over at birth.
    alert = alert | (same & (birth == 3) & (first == -1) & sex_differs)
    # Where nothing could be learnt about co-twins, or one is in sight, two names mean two children.
    barred = alert & ((pl.col("visible") > 0) | sex_differs | pl.lit(not learnt))
    shared = same & (birth == 0) & (first == 0)
    floor = pl.when(agreed & (pl.col("visible") == 0)).then(bits(0.96)).otherwise(None)
    return edges.with_columns(
        pl.when(agreed).then(pl.lit("identifier")).otherwise(pl.lit("score")).alias("stage"),
        pl.when(shared)
        .then(pl.lit("shared-identifier"))
        .when(alert)
        .then(pl.lit("twin-swap-alert"))
        .when(agreed)
        .then(pl.lit("same-identifier"))
        .when(pl.col("cap") < pl.col("w"))
        .then(pl.lit("co-twin-cap"))
        .otherwise(pl.lit("score"))
        .alias("rule"),
        (barred | shared).alias("barred"),
        pl.max_horizontal(_BITS, floor).alias(_BITS),
    )


def _decided(
    edges: pl.DataFrame, apart: pl.DataFrame | None, together: pl.DataFrame | None
) -> pl.DataFrame:
    """People's decisions stand above every score."""
    if apart is not None and len(apart):
        mark = (
            apart.select("rid_l", "rid_r").unique().with_columns(pl.lit(True).alias("kept_apart"))
        )
        edges = edges.join(mark, on=["rid_l", "rid_r"], how="left", maintain_order="left")
        edges = edges.with_columns(
            (pl.col("barred") | pl.col("kept_apart").fill_null(False)).alias("barred")
        )
        edges = edges.drop("kept_apart")
    if together is not None and len(together):
        sure = together.select("rid_l", "rid_r").unique()
        edges = edges.join(sure, on=["rid_l", "rid_r"], how="anti", maintain_order="left")
        added = sure.with_columns(
            pl.lit(40.0).alias("w"), pl.lit(40.0).alias(_BITS), pl.lit("review").alias("stage"),
            pl.lit("must-link").alias("rule"), pl.lit(False).alias("barred"), pl.lit(0, dtype=pl.Int8).alias("visible"),
        )  # fmt: skip
        edges = pl.concat([edges, added], how="diagonal")
    return edges


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
    weight = pl.col("w") + log2(share / _PARTNERED)
    visible = pl.col("visible").replace_strict(
        dict(enumerate(known.prior)), return_dtype=pl.Float64
    )
    cap = pl.col("cap") - visible + log2(share / _CO_TWINS)
    edges = edges.with_columns(
        pl.when(within & (pl.col("rule") != "must-link"))
        .then(pl.min_horizontal(weight, cap))
        .otherwise(_BITS)
        .alias(_BITS)
    )
    accepted = edges.filter(within & ~pl.col("barred") & (pl.col(_BITS) >= bits(threshold)))
    loose = records.with_columns(pl.lit(True).alias("dup"), pl.lit(0).alias("unit"))
    part, refused = clusters.clustered(loose, accepted)
    first = (
        pl.DataFrame({"rid": records["rid"], "part": part})
        .group_by("part")
        .agg(pl.col("rid").min().alias("unit"))
    )
    units = pl.DataFrame({"part": part}).join(first, on="part", how="left", maintain_order="left")[
        "unit"
    ]
    kept = (
        accepted.filter(pl.Series(~refused))
        .select("rid_l", "rid_r")
        .with_columns(pl.lit(True).alias("within"))
    )
    records = records.drop("unit", strict=False)
    return records.with_columns(units), edges.join(
        kept, on=["rid_l", "rid_r"], how="left", maintain_order="left"
    )


def _repeat_share(records: pl.DataFrame, inside: pl.DataFrame) -> float:
    """Share of a source's records that repeat a person, from pairs that leave no doubt."""
    sure = inside.filter(
        (pl.col("w") >= rescore.SURE) & (pl.col("gamma_first_name").fill_null(0) >= 4)
    )
    n = int(records.select(pl.col("dup").sum()).item())
    return min(0.5, max(0.001, 2 * len(sure) / 0.7 / max(1, n)))


def _one_to_one(records: pl.DataFrame, edges: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Marks edges `chosen` (and `tie`) by the best assignment between every two sources."""
    unit = records.sort("rid")["unit"].to_numpy()
    edges = edges.with_row_index("edge").with_columns(
        pl.Series("unit_l", unit[edges["rid_l"].to_numpy()]),
        pl.Series("unit_r", unit[edges["rid_r"].to_numpy()]),
    )
    across = edges.filter((pl.col("src_l") != pl.col("src_r")) & ~pl.col("barred"))
    best = across.sort(_BITS, descending=True, maintain_order=True).unique(
        ["unit_l", "unit_r"], keep="first", maintain_order=True
    )
    turned = pl.col("src_l") > pl.col("src_r")
    best = best.select(
        "edge", _BITS,
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


def _persons(
    records: pl.DataFrame, edges: pl.DataFrame, apart: pl.DataFrame | None
) -> tuple[pl.DataFrame, np.ndarray]:
    """Clusters of accepted edges; marks edges `accepted` and `strain` (refused by a constraint)."""
    accepted = (pl.col("chosen") & ~pl.col("tie")) | pl.col("within").fill_null(False)
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


def _banded(edges: pl.DataFrame) -> pl.DataFrame:
    """p from the adjusted bits, and the band an edge ends in."""
    p = 1 / (1 + (-pl.col(_BITS).clip(-60, 60) * np.log(2)).exp())
    return edges.with_columns(p.alias("p")).with_columns(
        pl.when(pl.col("accepted") & (pl.col("p") >= LINKED))
        .then(pl.lit("linked"))
        .when("accepted")
        .then(pl.lit("linked_doubtful"))
        .when(
            pl.col("tie")
            | pl.col("strain")
            | (pl.col("barred") & (pl.col("rule") != "shared-identifier"))
        )
        .then(pl.lit("review"))
        .when((pl.col("p") >= REVIEW) & (pl.col("src_l") != pl.col("src_r")))
        .then(pl.lit("review"))
        .otherwise(pl.lit("unlinked"))
        .alias("band")
    )
