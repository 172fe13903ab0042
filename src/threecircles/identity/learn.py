"""m and u from the data itself: without it a model made for one county would judge another's names.

Two bodies of evidence need no labels. Records of one duplicate-free source are known not to be one
child: they give u. Pairs that agree on a block are mixtures of matches and others: expectation
maximisation with u held gives m. Children with a visible co-twin are left out, since the mixture
cannot tell a co-twin from a match. Shipped values count as `prior_pairs` pairs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.identity.blocks import allowed_pairs
from threecircles.identity.model import Comparison, Level, Model
from threecircles.identity.store import compared

_ROUNDS = 50


def learnt(model: Model, connection: duckdb.DuckDBPyConnection, records: pl.DataFrame) -> Model:
    """The model with u, m and prior learnt from the records, as far as they allow."""
    comparisons = _with_u(model, connection, records)
    model = model.with_comparisons(comparisons, _prior(connection, records, model))
    return model.with_comparisons(_with_m(model, connection), model.prior)


def _with_u(
    model: Model, connection: duckdb.DuckDBPyConnection, records: pl.DataFrame
) -> list[Comparison]:
    pairs = _random_pairs(records, model.learning["pairs_for_u"])
    if len(pairs) < model.learning["fewest_pairs"]:
        return list(model.comparisons)
    connection.register("random_pairs", pairs.to_arrow())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE seen AS {compared(model, connection, 'random_pairs')}"
    )
    connection.unregister("random_pairs")
    strangers = _strangers(model) if records["dup"].any() else "true"
    done = []
    for comparison in model.comparisons:
        if comparison.identifier:
            done.append(comparison)
            continue
        counts = dict(
            connection.execute(
                f"SELECT gamma_{comparison.name}, count(*) FROM seen WHERE {strangers} GROUP BY ALL"
            ).fetchall()
        )
        done.append(_u_levels(comparison, counts, records, model.learning))
    connection.execute("DROP TABLE seen")
    return done


def _strangers(model: Model) -> str:
    """Where a source may hold a person twice: pairs alike in two fields are left out, since by chance
    they hardly occur and a repeat would pass for chance."""
    telling = [c for c in model.comparisons if c.name not in ("sex", "ethnic")]
    alike = " + ".join(f"(gamma_{c.name} = {len(c.scored) - 1})::INT" for c in telling)
    return f"({alike}) < 2" if telling else "true"


def _u_levels(
    comparison: Comparison,
    counts: dict[int, int],
    records: pl.DataFrame,
    learning: dict[str, int],
) -> Comparison:
    prior_pairs = learning["prior_pairs"]
    seen = sum(n for gamma, n in counts.items() if gamma >= 0)
    shares = {
        gamma: (counts.get(gamma, 0) + prior_pairs * level.u) / (seen + prior_pairs)
        for gamma, level in comparison.by_gamma().items()
    }
    for gamma, level in comparison.by_gamma().items():
        if level.fix_u:
            shares[gamma] = _chance_agreement(
                records, comparison.needs[0], level.u, learning["prior_chance_pairs"]
            )
    total = sum(shares.values())
    return _replaced(
        comparison, {g: replace(lv, u=shares[g] / total) for g, lv in comparison.by_gamma().items()}
    )


def _replaced(comparison: Comparison, levels: dict[int, Level]) -> Comparison:
    ordered = [level for level in comparison.levels if level.null]
    ordered += [levels[g] for g in sorted(levels, reverse=True)]
    return replace(comparison, levels=tuple(ordered))


def _random_pairs(records: pl.DataFrame, wanted: int) -> pl.DataFrame:
    """Pairs drawn within sources, where two records are two children."""
    draw, made = rng(2026, "u"), []
    sizes = records.group_by("src", maintain_order=True).agg(pl.col("rid"), pl.len().alias("n"))
    total = (sizes["n"].cast(pl.Float64) ** 2).sum() or 1
    for rids, n in zip(sizes["rid"], sizes["n"], strict=True):
        share = min(int(wanted * n * n / total), n * (n - 1) * 2)
        own = rids.to_numpy()
        left, right = draw.integers(n, size=share), draw.integers(n, size=share)
        keep = left != right
        made.append(pl.DataFrame({"rid_l": own[left[keep]], "rid_r": own[right[keep]]}))
    return pl.concat(made)


_BESIDE = {"dob": ("first", "surname"), "postcode": ("dob", "first"), "uprn": ("dob", "first")}
"""What tells a repeat from a chance agreement on the column."""


def _chance_agreement(records: pl.DataFrame, column: str, start: float, prior_pairs: int) -> float:
    """Chance that two records of one source hold the same value, drawn towards the start value.

    In a source that may hold a person twice, pairs that also agree on another field are not counted.
    """
    held = records.filter(pl.col(column).is_not_null())
    of = _pairs_within(held.group_by("src"))
    same = _pairs_within(held.group_by("src", column))
    if held["dup"].any():
        repeated = held.filter("dup")
        one, other = _BESIDE[column]
        both = repeated.filter(pl.col(one).is_not_null() & pl.col(other).is_not_null())
        same -= _pairs_within(
            repeated.filter(pl.col(one).is_not_null()).group_by("src", column, one)
        )
        same -= _pairs_within(
            repeated.filter(pl.col(other).is_not_null()).group_by("src", column, other)
        )
        same += _pairs_within(both.group_by("src", column, one, other))
    return float((max(same, 0.0) + prior_pairs * start) / (of + prior_pairs))


def _pairs_within(groups: Any) -> float:
    n = groups.agg(pl.len().cast(pl.Float64).alias("n"))["n"]
    return float((n * (n - 1) / 2).sum() or 0.0)


_PROOFS = (["first", "surname", "dob"], ["first", "dob", "postcode"])
_HINTS = (
    ["first", "surname", "postcode"],
    ["surname", "dob", "postcode"],
    ["first", "surname", "birth_year"],
    ["first", "surname"],
    ["first", "dob"],
    ["surname", "dob"],
)
"""Fields whose agreement tells how many children two sources share: as good as proof, and, where a list
holds none of these, the next best, from which the agreements of chance are taken away."""


def _prior(connection: duckdb.DuckDBPyConnection, records: pl.DataFrame, model: Model) -> float:
    """Chance that a pair that may be compared is one child: sure pairs over pairs, sure ones being
    some .85 of all (they need two identifying fields free of error)."""
    shared = _shared(records)
    born = ["birth_year"] if "birth_year" in shared else []
    sure = [[c.needs[0], *born] for c in model.comparisons if c.identifier]
    sure += [b for b in _PROOFS if set(b) <= shared]
    matches = _agreeing(connection, sure) if sure else 0.0
    if not sure:
        hint = next((b for b in _HINTS if set(b) <= shared), None)
        if hint:
            chance = allowed_pairs(records) * _by_chance(hint, model)
            matches = max(0.0, _agreeing(connection, [hint]) - chance)
    return float(min(0.5, max(1.0, matches / 0.85) / max(1.0, allowed_pairs(records))))


def _shared(records: pl.DataFrame) -> set[str]:
    """Columns that two sources hold, or one that may hold a child twice."""
    held = records.group_by("src", "dup").agg(
        pl.all().exclude("src", "dup").null_count() < pl.len()
    )
    columns = [c for c in held.columns if c not in ("src", "dup")]
    several = held.select(
        ((pl.col(c).sum() > 1) | (pl.col(c) & pl.col("dup")).any()).alias(c) for c in columns
    )
    return {c for c, yes in several.row(0, named=True).items() if yes}


def _agreeing(connection: duckdb.DuckDBPyConnection, blocks: list[list[str]]) -> float:
    unions = " UNION ".join(
        f"SELECT l.rid, r.rid FROM records l JOIN records r ON {_equal(b)} AND {_allowed()}"
        for b in blocks
    )
    return float(connection.execute(f"SELECT count(*) FROM ({unions})").fetchone()[0])  # type: ignore[index]


def _by_chance(block: list[str], model: Model) -> float:
    """Share of pairs of two children that agree on all of the block's fields."""
    chance = 1.0
    for column in block:
        name = {"first": "first_name", "dob": "birth", "birth_year": ""}.get(column, column)
        known = next((c for c in model.comparisons if c.name == name), None)
        chance *= known.scored[0].u if known else 1 / 18
    return chance


def _equal(block: list[str] | tuple[str, ...]) -> str:
    return " AND ".join(f"l.{c} = r.{c}" for c in block)


def _allowed() -> str:
    return "l.rid < r.rid AND (l.src <> r.src OR l.dup)"


def _with_m(model: Model, connection: duckdb.DuckDBPyConnection) -> list[Comparison]:
    """m of each comparison: mean over the blocks that leave it free, weighted by matches seen."""
    gathered: dict[str, list[tuple[float, dict[int, float]]]] = {}
    for block in model.training:
        free = [c for c in model.comparisons if not _touches(c, block)]
        if not free:
            continue
        patterns = _patterns(model, connection, block, free)
        if patterns["n"].sum() < model.learning["fewest_pairs"]:
            continue
        matches, shares = _maximised(free, patterns, model.learning["prior_pairs"])
        for name, levels in shares.items():
            gathered.setdefault(name, []).append((matches, levels))
    done = []
    for comparison in model.comparisons:
        found = gathered.get(comparison.name, [])
        if not found:
            done.append(comparison)
            continue
        weights = np.array([min(matches, 20_000) for matches, _ in found])
        changed = {
            g: replace(
                level,
                m=float(
                    sum(w * s[g] for w, (_, s) in zip(weights, found, strict=True)) / weights.sum()
                ),
            )
            for g, level in comparison.by_gamma().items()
        }
        done.append(_replaced(comparison, changed))
    return done


def _touches(comparison: Comparison, block: tuple[str, ...]) -> bool:
    mine = (
        {"dob", "birth_year", "birth_month", "birth_day"}
        if comparison.name == "birth"
        else set(comparison.needs)
    )
    return bool(mine & set(block))


def _patterns(
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    block: tuple[str, ...],
    free: list[Comparison],
) -> pl.DataFrame:
    """Comparison levels of the block's pairs with their counts, children with co-twins left out."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE block_pairs AS
        SELECT l.rid AS rid_l, r.rid AS rid_r FROM records l JOIN records r ON {_equal(block)} AND {_allowed()}
        WHERE NOT l.has_co_twin AND NOT r.has_co_twin
        ORDER BY hash(l.rid * 1000003 + r.rid), rid_l, rid_r LIMIT {model.learning["pairs_for_m"]}""")
    names = ", ".join(f"gamma_{c.name}" for c in free)
    counted = f"SELECT {names}, count(*) AS n FROM ({compared(model, connection, 'block_pairs')}) GROUP BY ALL ORDER BY ALL"
    return pl.DataFrame(connection.execute(counted).to_arrow_table())


def _maximised(
    free: list[Comparison], patterns: pl.DataFrame, prior_pairs: int
) -> tuple[float, dict[str, dict[int, float]]]:
    """Expectation maximisation over patterns; returns matches expected and m by comparison and level."""
    n = patterns["n"].to_numpy().astype(float)
    gammas = {c.name: patterns[f"gamma_{c.name}"].to_numpy() for c in free}
    m = {c.name: {g: max(lv.m, 1e-6) for g, lv in c.by_gamma().items()} for c in free}
    u = {c.name: {g: max(lv.u, 1e-9) for g, lv in c.by_gamma().items()} for c in free}
    start, share = m, 0.5
    posterior = np.zeros(len(n))
    for _ in range(_ROUNDS):
        log_ratio = np.full(len(n), np.log(share / (1 - share)))
        for c in free:
            for g in m[c.name]:
                log_ratio += (gammas[c.name] == g) * np.log(m[c.name][g] / u[c.name][g])
        before, posterior = posterior, 1 / (1 + np.exp(-np.clip(log_ratio, -60, 60)))
        weight = posterior * n
        share = float(np.clip(weight.sum() / n.sum(), 1e-6, 1 - 1e-6))
        fresh = {}
        for c in free:
            counts = {
                g: weight[gammas[c.name] == g].sum() + prior_pairs * start[c.name][g]
                for g in m[c.name]
            }
            total = sum(counts.values())
            fresh[c.name] = {g: max(v / total, 1e-6) for g, v in counts.items()}
        m = fresh
        if np.abs(posterior - before).max() < 1e-4:
            break
    return float((posterior * n).sum()), m
