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

from threecircles.identity import (
    blocks,
    clusters,
    crowds,
    families,
    learn,
    prior,
    rescore,
    score,
    store,
)
from threecircles.identity.model import Model, model_for
from threecircles.identity.records import schemes
from threecircles.identity.resolve import BITS, bits, persons_at

ENGINES = ("duckdb", "spark")
"""Where Splink scores; everything else runs in this process."""
_REPEATS = 0.0005
"""Share of a source's records found twice outright above which it is not taken as duplicate-free."""


@dataclass
class Ladder:
    """What a linkage gives.

    person: cluster number by rid. records: link_record with dup, unit, has_co_twin. edges: candidate
    pairs with w, cap, w_adjusted, p, stage, rule, band. model, known: what was learnt. seconds: by rung.
    left_out: source -> records that nothing tells apart (see `crowds`).
    """

    person: np.ndarray
    records: pl.DataFrame
    edges: pl.DataFrame
    model: Model
    known: rescore.Constants
    seconds: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


def climbed(
    records: pl.DataFrame,
    threshold: float,
    *,
    repeats: dict[str, bool | None] | None = None,
    apart: pl.DataFrame | None = None,
    together: pl.DataFrame | None = None,
    threads: int | None = None,
    engine: str = "duckdb",
) -> Ladder:
    """Persons for records.

    records: link_record (see `records`). threshold: least probability of a link. repeats: source ->
    whether it may hold a person twice (None = judge from the data). apart, together: pairs (rid_l,
    rid_r) that may never, or must, be one person (reviewers, adoption).
    """
    clock = _Clock()
    records, twins = prepared(records, repeats or {})
    crowd = crowds.set_apart(records)
    compared = crowd.compared
    clock.lap("records")
    model = blocks.widened(model_for(compared, schemes(compared)), compared)
    with store.opened(compared, threads) as connection:
        model = learn.learnt(model, connection, compared)
        clock.lap("learn")
        if engine == "spark":
            from threecircles.identity import spark

            edges = spark.scored(model, connection)
        else:
            edges = score.scored(model, connection)
        edges, settled = prior.settled(edges, model.prior, blocks.allowed_pairs(compared))
        model = replace(model, prior=settled)
        clock.lap("splink")
        known = rescore.constants(model, connection, records, edges, twins)
    edges = crowds.with_followers(weighed(edges, records, known, apart, together), crowd)
    clock.lap("children's layer")
    ladder = Ladder(np.zeros(0), records, edges, model, known, clock.laps, crowd.left_out)
    ladder = resolved(ladder, threshold, apart)
    clock.lap("assignment and clusters")
    return ladder


def prepared(
    records: pl.DataFrame, repeats: dict[str, bool | None]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records with `dup` and `has_co_twin`, and the co-twin pairs of single sources."""
    records = _with_repeats(records, repeats)
    twins = families.co_twins(records)
    seen = pl.col("rid").is_in(twins["rid_a"].implode()).alias("has_co_twin")
    return records.with_columns(seen), twins


def weighed(
    edges: pl.DataFrame,
    records: pl.DataFrame,
    known: rescore.Constants,
    apart: pl.DataFrame | None = None,
    together: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Scored pairs with the children's layer, the rules of identifiers and people's decisions."""
    edges = rescore.rescored(edges, records, known)
    edges = _ruled(edges, known, bool(records["grown_up"].all()))
    edges = _unborn(edges, records)
    return _decided(edges, apart, together)


def resolved(ladder: Ladder, threshold: float, apart: pl.DataFrame | None = None) -> Ladder:
    """Persons at another threshold from the same scores."""
    records, edges, person = persons_at(
        ladder.records, ladder.edges, ladder.known, threshold, apart
    )
    return replace(ladder, person=person, records=records, edges=edges)


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name], self.last = round(now - self.last, 2), now


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
    flags, alone = {}, records["src"].n_unique() == 1
    for name, src, n in records.group_by("source", "src").len().iter_rows():
        # A lone source is there to be searched for repeats.
        stated = said.get(name, True if alone else None)
        flags[src] = stated if stated is not None else found.get(src, 0) > max(2, _REPEATS * n)
    return records.with_columns(
        pl.col("src").replace_strict(flags, return_dtype=pl.Boolean).alias("dup")
    )


def _ruled(edges: pl.DataFrame, known: rescore.Constants, grown_up: bool) -> pl.DataFrame:
    """Rung of identifiers: sure agreements, twin-swap alerts and shared numbers, each with its rule."""
    columns = [c for c in edges.columns if c.startswith("gamma_id_")]
    same = pl.any_horizontal([pl.col(c) == 2 for c in columns]) if columns else pl.lit(False)
    first = pl.col("gamma_first_name") if "gamma_first_name" in edges.columns else pl.lit(-1)
    birth = pl.col("gamma_birth") if "gamma_birth" in edges.columns else pl.lit(-1)
    sex_differs = pl.col("gamma_sex") == 0 if "gamma_sex" in edges.columns else pl.lit(False)
    agreed = same & (birth != 0) & (first != 0)
    alert = same & (birth >= 2) & (first == 0)
    # Without names a number that two sexes share on one birthday is a number changed over at birth.
    alert = alert | (same & (birth == 3) & (first == -1) & sex_differs)
    # Where co-twins could not be learnt, or one is in sight, two names mean two children.
    barred = alert & ((pl.col("visible") > 0) | sex_differs | pl.lit(not known.few_co_twins))
    shared = same & (birth == 0) & (first == 0)
    if (
        grown_up
    ):  # two names on one birthday are one person badly typed, not two children born together
        barred, shared = barred & pl.lit(False), shared & pl.lit(False)
    # A number alone under two names, or a birthday and a home alone, may be a co-twin's: always doubtful.
    surname = pl.col("gamma_surname") if "gamma_surname" in edges.columns else pl.lit(-1)
    nameless = ~same & (birth == 3) & (first <= 1) & (surname <= 0)
    doubtful = pl.when((alert | nameless) & pl.lit(not grown_up)).then(bits(_DOUBTFUL))
    floor = pl.when(agreed & (pl.col("visible") == 0)).then(bits(0.96)).otherwise(None)
    return edges.with_columns(
        pl.when(agreed).then(pl.lit("identifier")).otherwise(pl.lit("score")).alias("stage"),
        pl.when(shared)
        .then(pl.lit("shared-identifier"))
        .when(alert)
        .then(pl.lit("twin-swap-alert"))
        .when(agreed)
        .then(pl.lit("same-identifier"))
        .when((pl.col("cap") < pl.col("w")) & (birth == 3))
        .then(pl.lit("co-twin-cap"))
        .when(pl.col("cap") < pl.col("w"))
        .then(pl.lit("sibling-cap"))
        .otherwise(pl.lit("score"))
        .alias("rule"),
        (barred | shared).alias("barred"),
        pl.min_horizontal(pl.max_horizontal(BITS, floor), doubtful.otherwise(None)).alias(BITS),
    )


_DOUBTFUL = 0.94
"""Most that a pair can reach in which no name speaks for one child."""
_EARLY, _LATE, _CHILDHOOD = 30, 275, 6_575
"""Days before and after an expected birth within which a birth may be that child's (nine months), and
days that the births of children aged 0 to 17 spread over."""


def _unborn(edges: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """An unborn child is nobody who was born long before, or much later, than it was expected.

    A birth that fits speaks for it, by how rarely a birth of childhood falls into the time.
    """
    if "expected" not in records.columns or records["expected"].null_count() == len(records):
        return edges
    ordered = records.sort("rid")
    expected, born = ordered["expected"], ordered["dob"].str.to_date("%Y-%m-%d", strict=False)
    left, right = edges["rid_l"], edges["rid_r"]
    sides = {
        "a": expected.gather(left),
        "b": born.gather(right),
        "c": expected.gather(right),
        "d": born.gather(left),
    }
    wrong = fits = pl.lit(False)
    for due, birth in (("a", "b"), ("c", "d")):
        timely = (pl.col(birth) - pl.col(due)).dt.total_days().is_between(-_EARLY, _LATE)
        wrong, fits = wrong | ~timely.fill_null(True), fits | timely.fill_null(False)
    told = pl.DataFrame(sides).select(wrong=wrong, fits=fits)
    speaks = pl.when(told["fits"]).then(log2(_CHILDHOOD / (_EARLY + _LATE))).otherwise(0.0)
    return edges.with_columns(
        (pl.col("barred") | told["wrong"]).alias("barred"),
        pl.when(told["wrong"]).then(pl.lit("unborn")).otherwise("rule").alias("rule"),
        pl.col("w") + speaks, pl.col(BITS) + speaks,
    )  # fmt: skip


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
            pl.lit(clusters.DECIDED).alias("w"), pl.lit(clusters.DECIDED).alias(BITS), pl.lit("review").alias("stage"),
            pl.lit("must-link").alias("rule"), pl.lit(False).alias("barred"), pl.lit(0, dtype=pl.Int8).alias("visible"),
        )  # fmt: skip
        edges = pl.concat([edges, added], how="diagonal")
    return edges
