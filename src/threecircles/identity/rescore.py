"""The children's layer: without it a twin's birthday, surname and address would count as three proofs.

For a pair that agrees on the birthday and on household or surname, the rival of "one child" is not
"two strangers" but "two children born together". The weight may then be no higher than

    prior(category) + f(first name) + sex + identifiers

in bits, each term a log ratio of its share among matches to its share among co-twins. Both shares
are counted, not assumed: co-twins are pairs of one source, birthday and household, matches are
pairs that agree on an identifier. Categories say whether a co-twin is visible beside one, both or
neither record; with none visible a co-twin pair needs two absences, which is rare.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import log2

import duckdb
import polars as pl

from threecircles.definitions import Definition, load
from threecircles.identity.elsewhere import seen_elsewhere
from threecircles.identity.model import Model
from threecircles.identity.store import compared

SURE = 10.0
"""Weight in bits from which a pair with a like first name counts as a match while learning."""


@dataclass(frozen=True, kw_only=True)
class Shipped(Definition):
    """Constants used where a run shows fewer than `fewest` co-twin pairs.

    first_name: bits from different to same. prior: bits by category none, one, both. co_twin_rate:
    co-twins per record that the prior supposes, worth `prior_records` records of evidence.
    """

    fewest: int
    co_twin_rate: float
    prior_records: int
    prior: tuple[float, ...]
    first_name: tuple[float, ...]
    sex: tuple[float, ...]
    identifier: tuple[float, ...]


@dataclass(frozen=True)
class Constants:
    """Terms in bits. prior: by number of records with a visible co-twin (0, 1, 2); others by level,
    from different to closest. learnt: names of the terms that this run's data gave."""

    prior: tuple[float, ...]
    first_name: tuple[float, ...]
    sex: tuple[float, ...]
    identifier: tuple[float, ...]
    co_twin_pairs: int
    co_twin_rate: float
    matches: int
    learnt: tuple[str, ...]

    @property
    def few_co_twins(self) -> bool:
        """Whether this run's data speak for themselves: co-twins were learnt, or hardly any exist."""
        return bool(self.learnt) or self.co_twin_rate < _HARDLY_ANY

    def told(self) -> dict[str, object]:
        """For the quality report."""
        return {k: [round(x, 2) for x in v] if k in _TERMS else v for k, v in asdict(self).items()}


_HARDLY_ANY = 0.006
"""Co-twins per record below which a population is no population of all children (births: about .03)."""
_TERMS = ("prior", "first_name", "sex", "identifier")


def constants(
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    records: pl.DataFrame,
    edges: pl.DataFrame,
    twins: pl.DataFrame,
) -> Constants:
    """Terms learnt from this run, shipped ones where it has too few co-twin pairs or matches."""
    start = load("identity/children_layer_2026", Shipped)
    sure = twins.filter(pl.col("sure") & (pl.col("rid_a") < pl.col("rid_b")))
    like = _levels(model, connection, sure)
    labelled = _labelled(model, edges, records)
    rate = _co_twin_rate(records, twins, start)
    if "gamma_first_name" not in edges.columns or len(sure) < start.fewest:
        # Fewer co-twins than births would give mean that the rival is rarer by as much.
        rarer = min(6.0, max(-1.0, log2(start.co_twin_rate / rate)))
        prior = tuple(bits + rarer for bits in start.prior)
        return Constants(
            prior, start.first_name, start.sex, start.identifier, len(sure), rate, len(labelled), ()
        )
    learnt = ["prior"]
    prior = _priors(edges, records, twins, start)
    terms = {"first_name": start.first_name, "sex": start.sex, "identifier": start.identifier}
    enough = len(labelled) >= start.fewest
    first_m = labelled["gamma_first_name"] if enough else None
    terms["first_name"] = _ratio(first_m, like["gamma_first_name"], 5, model, "first_name")
    learnt.append("first_name")
    if enough and "gamma_sex" in edges.columns:
        terms["sex"] = _ratio(labelled["gamma_sex"], like["gamma_sex"], 2, model, "sex")
        learnt.append("sex")
    return Constants(
        prior,
        terms["first_name"],
        terms["sex"],
        terms["identifier"],
        len(sure),
        rate,
        len(labelled),
        tuple(learnt),
    )


def _co_twin_rate(records: pl.DataFrame, twins: pl.DataFrame, start: Shipped) -> float:
    """Co-twins per record with a birth date, drawn towards the rate of births."""
    born = records.filter(pl.col("dob").is_not_null())
    seen = twins.filter(pl.col("sure")) if not born["dup"].all() else twins
    counted = born.filter(~pl.col("dup")) if not born["dup"].all() else born
    return (len(seen) + start.prior_records * start.co_twin_rate) / (
        len(counted) + start.prior_records
    )


def rescored(edges: pl.DataFrame, records: pl.DataFrame, known: Constants) -> pl.DataFrame:
    """Edges with `w_adjusted` (bits), `cap` (bits, null outside the twins' domain) and `visible`
    (how many of the two records have a visible co-twin; one, when only a third source shows it)."""
    edges = with_visible(edges, records)
    beyond = pl.Series("beyond", seen_elsewhere(edges, records))
    edges = edges.with_columns(
        pl.when(beyond).then(pl.col("visible").clip(1)).otherwise("visible").alias("visible")
    )
    cap = pl.lit(0.0) + _pick("visible", known.prior, 0)
    if "gamma_first_name" in edges.columns:
        cap = cap + _pick("gamma_first_name", known.first_name, 0)
    if "gamma_sex" in edges.columns:
        cap = cap + _pick("gamma_sex", known.sex, 0)
    for column in _identifier_levels(edges):
        same, other = known.identifier[-1], known.identifier[0]
        cap = cap + pl.when(pl.col(column) == 2).then(same).when(pl.col(column) >= 0).then(
            other
        ).otherwise(0.0)
    inside, siblings = domain(edges), _sibling_domain(edges)
    if records["grown_up"].all():  # people born together seldom live together for life
        inside, siblings = inside & (pl.col("visible") > 0), pl.lit(False)
    beside = pl.sum_horizontal([pl.col(c) for c in _told_apart(edges)] or [pl.lit(0.0)])
    return edges.with_columns(
        pl.when(inside).then(cap).when(siblings).then(beside.cast(pl.Float64)).alias("cap")
    ).with_columns(pl.min_horizontal("w", "cap").alias("w_adjusted"))


def _sibling_domain(edges: pl.DataFrame) -> pl.Expr:
    """Pairs whose rival is a brother or sister: one surname or household, but not one birthday."""
    other_day = pl.col("gamma_birth") < 3 if "gamma_birth" in edges.columns else pl.lit(True)
    return other_day & _near(edges)


def _told_apart(edges: pl.DataFrame) -> list[str]:
    """The fields that tell a child from its sibling; surname and address do not. A child has about
    as many siblings in another source as it has records there, so that these bits stand alone."""
    shared = ("mw_surname", "mw_postcode", "mw_uprn", "mw_ethnic")
    return [c for c in edges.columns if c.startswith("mw_") and c not in shared]


def domain(edges: pl.DataFrame) -> pl.Expr:
    """Pairs whose rival is a co-twin: same birthday, and same household or same surname; or same
    birthday and neither name to tell the two apart."""
    if "gamma_birth" not in edges.columns:
        return pl.lit(False)
    near = _near(edges)
    if "gamma_first_name" in edges.columns:
        near = near | (pl.col("gamma_first_name") == -1)
    return (pl.col("gamma_birth") == 3) & near


def _near(edges: pl.DataFrame) -> pl.Expr:
    near = pl.lit(False)
    for column, level in (("gamma_postcode", 3), ("gamma_uprn", 1), ("gamma_surname", 3)):
        if column in edges.columns:
            near = near | (pl.col(column) == level)
    return near


def with_visible(edges: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Edges with the number of their records (0 to 2) that have a visible co-twin."""
    flags = records.sort("rid")["has_co_twin"].to_numpy()
    left, right = edges["rid_l"].to_numpy(), edges["rid_r"].to_numpy()
    return edges.with_columns(
        pl.Series("visible", flags[left].astype("int8") + flags[right].astype("int8"))
    )


def _levels(
    model: Model, connection: duckdb.DuckDBPyConnection, pairs: pl.DataFrame
) -> pl.DataFrame:
    connection.register(
        "sure_co_twins", pairs.rename({"rid_a": "rid_l", "rid_b": "rid_r"}).to_arrow()
    )
    table = connection.execute(compared(model, connection, "sure_co_twins")).to_arrow_table()
    connection.unregister("sure_co_twins")
    return pl.DataFrame(table)


def _identifier_levels(edges: pl.DataFrame) -> list[str]:
    return [c for c in edges.columns if c.startswith("gamma_id_")]


def _labelled(model: Model, edges: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Matches known without looking at names: one identifier, one birthday, no co-twin in sight."""
    same = pl.lit(False)
    for column in _identifier_levels(edges):
        same = same | (pl.col(column) == 2)
    return with_visible(edges, records).filter(same & domain(edges) & (pl.col("visible") == 0))


def _ratio(
    matches: pl.Series | None, like: pl.Series, levels: int, model: Model, name: str
) -> tuple[float, ...]:
    """log2 of shares by level, half a pair added to each count. Without labelled matches the shares
    among matches are the model's m."""
    comparison = next(c for c in model.comparisons if c.name == name)
    among = {g: level.m for g, level in comparison.by_gamma().items()}
    if matches is not None:
        seen = len(matches.filter(matches >= 0))
        among = {g: (int((matches == g).sum()) + 0.5) / (seen + levels / 2) for g in range(levels)}
    others = len(like.filter(like >= 0))
    rivals = {g: (int((like == g).sum()) + 0.5) / (others + levels / 2) for g in range(levels)}
    return tuple(log2(max(among[g], 1e-6) / rivals[g]) for g in range(levels))


def _priors(
    edges: pl.DataFrame, records: pl.DataFrame, twins: pl.DataFrame, start: Shipped
) -> tuple[float, ...]:
    """Bits for one child against co-twins by how many of the two records have a visible co-twin.

    Visible beside one or both: sure matches over the co-twin pairs that they imply (the co-twin of
    one side with the other side). Beside neither: pairs with both co-twins absent are estimated
    from those with one absent, as in capture and recapture.
    """
    pairs = with_visible(edges, records).filter(domain(edges))
    sure = pairs.filter((pl.col("w") >= SURE) & (pl.col("gamma_first_name") >= 3))
    flags = records.select("rid", "has_co_twin")
    seen = sure.join(flags, left_on="rid_l", right_on="rid").join(
        flags, left_on="rid_r", right_on="rid", suffix="_r"
    )
    left, right = pl.col("has_co_twin"), pl.col("has_co_twin_r")
    both, only_left, only_right, none = seen.select(
        both=(left & right).sum(),
        left=(left & ~right).sum(),
        right=(~left & right).sum(),
        none=(~left & ~right).sum(),
    ).row(0)
    implied = _implied(sure, pairs, twins)
    counted = {v: int((implied["visible"] == v).sum()) for v in (1, 2)}
    hidden = (
        (only_left + 0.5)
        * (only_right + 0.5)
        / (both + 0.5)
        * min(1.0, (counted[1] + 0.5) / (only_left + only_right + 0.5))
    )
    measured = (
        log2((none + 0.5) / (hidden + 0.5)),
        log2((only_left + only_right + 0.5) / (counted[1] + 0.5)),
        log2((both + 0.5) / (counted[2] + 0.5)),
    )
    weight = len(implied) / (len(implied) + start.fewest)
    return tuple(weight * m + (1 - weight) * s for m, s in zip(measured, start.prior, strict=True))


def _implied(sure: pl.DataFrame, pairs: pl.DataFrame, twins: pl.DataFrame) -> pl.DataFrame:
    """Candidate pairs that must be co-twins: one side's co-twin with the child matched to it."""
    other = twins.select("rid_a", "rid_b")
    through_left = sure.select("rid_l", "rid_r").join(other, left_on="rid_l", right_on="rid_a")
    through_right = sure.select("rid_l", "rid_r").join(other, left_on="rid_r", right_on="rid_a")
    made = pl.concat(
        [
            through_left.select(pl.col("rid_b").alias("x"), pl.col("rid_r").alias("y")),
            through_right.select(pl.col("rid_l").alias("x"), pl.col("rid_b").alias("y")),
        ]
    ).select(pl.min_horizontal("x", "y").alias("rid_l"), pl.max_horizontal("x", "y").alias("rid_r"))
    known = sure.select("rid_l", "rid_r")
    return pairs.join(
        made.unique().join(known, on=["rid_l", "rid_r"], how="anti"),
        on=["rid_l", "rid_r"],
        how="semi",
    )


def _pick(column: str, values: tuple[float, ...], lowest: int) -> pl.Expr:
    """The value by level; missing (-1) counts as no evidence."""
    chosen = pl.lit(0.0)
    for level, value in enumerate(values, start=lowest):
        chosen = pl.when(pl.col(column) == level).then(value).otherwise(chosen)
    return chosen
