"""A whole made-up nation by authority and year: without it no panel of spend and outcomes could be tried on a known answer.

Tables only, in the form of the published ones that `spend panel` reads; nobody's records. The returns of
one authority of it are not made.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.rounding import largest_remainder
from threecircles.core.seeds import rng
from threecircles.synthetic.folder import fresh
from threecircles.synthetic.names import place_names
from threecircles.synthetic.profile import Profile

SETTLING = 8
"""Years before the first one told, after which the start of a series no longer shows."""


@dataclass(frozen=True)
class Nation:
    """code, name, region, number, children: by authority. spend, outcome: line or measure -> authority x year.

    Spend is in pounds a child, outcomes per 10,000 children; year: 31 March in which each ends.
    """

    code: list[str]
    name: list[str]
    region: list[str]
    children: np.ndarray
    year: np.ndarray
    spend: dict[str, np.ndarray]
    outcome: dict[str, np.ndarray]


def make_nation(profile: Profile, seed: int, year: int) -> Nation:
    """Authorities with spend that wanders about its own level, and outcomes that follow it by the elasticities.

    log outcome = level + trend + elasticity x log spend some years before + chance; with feedback, log spend
    follows the outcome of the year before (specification, A20).
    """
    p = profile["nation"]
    n, years = p["authorities"], p["years"]
    g = rng(seed, "nation", "authorities")
    share = np.exp(p["size_sd"] * g.normal(size=n))
    size = np.array(largest_remainder((share / share.sum()).tolist(), p["children"]))
    growth = (1 + p["growth_a_year"]) ** np.arange(1 - years, 1)
    children = np.round(
        size[:, None] * growth * np.exp(0.002 * g.normal(size=(n, years)).cumsum(axis=1))
    )
    spend, outcome = _series(profile, seed, n, years)
    return Nation(
        [f"E109{k + 1:05d}" for k in range(n)], place_names(rng(seed, "nation", "names"), n),
        [f"Region {k % p['regions'] + 1}" for k in range(n)], children, np.arange(year - years + 1, year + 1),
        spend, outcome,
    )  # fmt: skip


def _series(
    profile: Profile, seed: int, n: int, years: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    p, q = profile["spend"], profile["outcomes"]
    total = years + SETTLING
    lines, rates = list(p["lines"]), list(q["rates"])
    g = {name: rng(seed, "nation", name) for name in (*lines, *rates)}
    own = {s: np.log(p["lines"][s]) + p["level_sd"] * g[s].normal(size=n) for s in lines}
    level = {y: np.log(q["rates"][y]) + q["level_sd"] * g[y].normal(size=n) for y in rates}
    # What differs from an authority's own level, price and trend taken out.
    off = {name: np.zeros((n, total)) for name in (*lines, *rates)}
    first = rates[0]
    for t in range(total):
        for s in lines:
            before = off[s][:, t - 1] if t else 0.0
            need = off[first][:, t - 1] if t else 0.0
            off[s][:, t] = (
                p["lag"] * before + p["feedback"] * need + p["year_sd"] * g[s].normal(size=n)
            )
        for y in rates:
            then = t - q["lag"]
            link = (
                sum(b * off[s][:, then] for s, b in q["elasticities"][y].items())
                if then >= 0
                else 0.0
            )
            off[y][:, t] = link + q["year_sd"] * g[y].normal(size=n)
    back = np.arange(1 - years, 1)
    spend = {
        s: np.exp(own[s][:, None] + p["price_rise"] * back + off[s][:, SETTLING:]) for s in lines
    }
    outcome = {
        y: np.exp(level[y][:, None] + q["trend_a_year"] * back + off[y][:, SETTLING:])
        for y in rates
    }
    return spend, outcome


def published_tables(made: Nation) -> dict[str, pl.DataFrame]:
    """The nation as published: authorities, population and lait (spend in pounds of the year, outcomes as rates)."""
    n, years = made.children.shape
    at = {"area": np.repeat(made.name, years), "la_number": np.repeat(np.arange(1, n + 1), years), "region": np.repeat(made.region, years)}  # fmt: skip
    frames = []
    for name, values in made.spend.items():
        pounds = np.round(values * made.children).astype("int64")
        periods = [f"{y - 1}-{y % 100:02d} (OT)" for y in made.year]
        frames.append(_lait(name, periods * n, at, pounds.ravel().astype(str)))
    for name, values in made.outcome.items():
        frames.append(
            _lait(
                name, [str(y) for y in made.year] * n, at, np.round(values, 1).ravel().astype(str)
            )
        )
    population = pl.DataFrame({
        "time_period": np.tile(made.year - 1, n).astype(str), "geographic_level": ["Local authority"] * (n * years),
        "region_code": [""] * (n * years), "region_name": at["region"], "old_la_code": at["la_number"].astype(str),
        "new_la_code": np.repeat(made.code, years), "la_name": at["area"], "age_group": ["0 to 17 years"] * (n * years),
        "population_estimate": made.children.ravel().astype("int64").astype(str),
    })  # fmt: skip
    spine = pl.DataFrame({
        "region_name": made.region, "la_name": made.name, "new_la_code": made.code,
        "old_la_code": [str(k + 1) for k in range(n)],
    })  # fmt: skip
    return {"authorities": spine, "population": population, "lait": pl.concat(frames)}


def _lait(
    name: str, period: list[str], at: dict[str, np.ndarray], value: np.ndarray
) -> pl.DataFrame:
    return pl.DataFrame({
        "measure_short": [name] * len(value), "data_item": [name] * len(value), "period": period,
        **at, "value": value,
    })  # fmt: skip


def practice_table(profile: Profile, seed: int, made: Nation) -> pl.DataFrame:
    """Children and children in need by authority, age and sex, with deprivation and practice planted on the rate.

    Columns: la, age, sex, children, in_need (Poisson of children x rate), deprivation (mean 0, sd 1),
    log_practice, rate (true), expected (true, practice taken out).
    """
    p = profile["practice"]
    g = rng(seed, "nation", "practice")
    n = len(made.code)
    deprivation, practice = g.normal(size=n), p["authority_sd"] * g.normal(size=n)
    cells = [(a, s) for a in p["age_weights"] for s in ("F", "M")]
    weight = np.array(
        [p["age_weights"][a] * (p["boy_weight"] if s == "M" else 1.0) for a, s in cells]
    )
    base = profile["outcomes"]["rates"]["CIN"] / 10_000 / weight.mean()
    share = g.dirichlet(400 * np.full(len(cells), 1 / len(cells)), n)
    children = np.round(share * made.children[:, -1:]).astype("int64")
    expected = base * weight * np.exp(p["deprivation_slope"] * deprivation)[:, None]
    rate = expected * np.exp(practice)[:, None]
    each = len(cells)
    return pl.DataFrame({
        "la": np.repeat(made.code, each), "age": [a for a, _ in cells] * n, "sex": [s for _, s in cells] * n,
        "children": children.ravel(), "in_need": g.poisson(children * rate).ravel(),
        "deprivation": np.repeat(deprivation, each), "log_practice": np.repeat(practice, each),
        "rate": rate.ravel(), "expected": expected.ravel(),
    })  # fmt: skip


def elasticity_table(profile: Profile) -> pl.DataFrame:
    """What was planted: outcome, spend, lag (years), elasticity, feedback."""
    q = profile["outcomes"]
    rows = [
        (outcome, spend, int(q["lag"]), float(b), float(profile["spend"]["feedback"]))
        for outcome, planted in q["elasticities"].items()
        for spend, b in planted.items()
    ]
    return pl.DataFrame(
        rows, schema=["outcome", "spend", "lag", "elasticity", "feedback"], orient="row"
    )


def write_nation(profile: Profile, out: Path, seed: int, year: int) -> Path:
    """Write published/ (what `spend panel --data` reads), cells.parquet, truth/ and manifest.json; returns the folder."""
    made = make_nation(profile, seed, year)
    practice = practice_table(profile, seed, made)
    tables = {f"published/{name}": frame for name, frame in published_tables(made).items()} | {
        "cells": practice.select("la", "age", "sex", "children", "in_need", "deprivation"),
        "truth/practice": practice, "truth/elasticity": elasticity_table(profile),
    }  # fmt: skip
    with fresh(out) as aside:
        for name, frame in tables.items():
            path = aside / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            frame.write_parquet(path, statistics=False)
        files = sorted(p for p in aside.rglob("*") if p.is_file())
        record = {
            "note": "made-up data", "preset": "nation", "seed": seed, "year": year,
            "authorities": len(made.code), "children": int(made.children[:, -1].sum()),
            "files": {p.relative_to(aside).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
        }  # fmt: skip
        (aside / "manifest.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return out
