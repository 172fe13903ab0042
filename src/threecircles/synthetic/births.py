"""Births, deaths of infants and early conceptions: without it the health of the youngest would have no truth."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import as_dates
from threecircles.synthetic.draw import highest
from threecircles.synthetic.need import DIMENSIONS
from threecircles.synthetic.world import World


def birth_table(world: World) -> pl.DataFrame:
    """Every birth of the year here: person_id, born, weeks of gestation, grams, low_at_term, died_on (under one).

    Low weight at term (under 2,500 g after 37 weeks or more) comes more often where physical need is greater.
    Source: levels from LAIT 2022 to 2024 (fact 68); gestation and weight are design values.
    """
    p, people = world.profile["births"], world.people
    g = rng(world.seed, "births")
    born = (people.birth > world.end - 365) & (people.birth <= world.end)
    who = np.flatnonzero(born & (people.arrive <= people.birth))
    multiple = people.twin[who] >= 0
    early = g.random(len(who)) < np.where(multiple, p["early_multiple_share"], p["early_share"])
    weeks = np.where(early, g.integers(28, 37, len(who)), g.integers(37, 42, len(who)))
    risk = (
        world.need.eta[-1][who, DIMENSIONS.index("ph")] + g.normal(size=len(who)) + 1.0 * multiple
    )
    low = highest(risk, ~early, p["low_at_term_share"])
    grams = np.where(early, 900 + (weeks - 28) * 210, 3400) + g.normal(0, 330, len(who))
    grams = np.where(low, 2499 - np.abs(g.normal(0, 160, len(who))), grams)
    grams = np.where(~early & ~low, np.maximum(grams, 2500), grams).clip(500, 5500)
    died = np.where(people.death[who] - people.birth[who] < 365, people.death[who], 10_000_000)
    return pl.DataFrame({
        "person_id": world.ids.person_id[who], "born": as_dates(people.birth[who]), "weeks": weeks,
        "grams": grams.astype("int64"), "low_at_term": low, "died_on": as_dates(died),
    })  # fmt: skip


def infant_death_table(world: World) -> pl.DataFrame:
    """Deaths in the year of children under one: person_id, died_on."""
    p = world.people
    year = (p.death > world.end - 365) & (p.death <= world.end) & (p.death - p.birth < 365)
    who = np.flatnonzero(year)
    return pl.DataFrame({"person_id": world.ids.person_id[who], "died_on": as_dates(p.death[who])})


def conception_table(world: World) -> pl.DataFrame:
    """Girls of 15 to 17 who conceived in the year, more often those with greater need: person_id, on."""
    p, people = world.profile["births"], world.people
    g = rng(world.seed, "births", "conceptions")
    girls = people.present(world.end, 15, 18) & (people.sex == 0)
    chosen = highest(
        0.8 * world.need.index[-1] + g.normal(size=people.n),
        girls,
        p["conceptions_per_1000"] / 1000,
    )
    who = np.flatnonzero(chosen)
    return pl.DataFrame({
        "person_id": world.ids.person_id[who], "on": as_dates(world.end - g.integers(0, 365, len(who))),
    })  # fmt: skip
