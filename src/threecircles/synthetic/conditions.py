"""Everything a child may live with at once, in truth: without it nobody could mark what sources see together."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import day_of
from threecircles.synthetic.draw import highest
from threecircles.synthetic.need import STATES
from threecircles.synthetic.truth import service_flags
from threecircles.synthetic.world import World


def not_in_education(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of those aged 16 and 17 at the start of the school year: who, not in education or work, not known.

    Those at school are at neither; among the others need decides, with chance. Source: LAIT 2025 (fact 67).
    """
    p, g = world.profile["after_sixteen"], rng(world.seed, "after_sixteen")
    who = world.people.present(day_of(world.year - 1, 8, 31), 16, 18)
    out = who & (world.enrolment.school < 0)
    score = 0.8 * world.need.index[-1] + g.normal(size=world.people.n)
    share = who.sum() / max(out.sum(), 1)
    neet = highest(score, out, p["neet_share"] * share)
    rest = out & ~neet
    unknown = highest(
        g.random(world.people.n), rest, p["not_known_share"] * who.sum() / max(rest.sum(), 1)
    )
    return who, neet, unknown


def condition_table(world: World) -> pl.DataFrame:
    """One row per resident aged 0 to 17 (and those of 16 and 17 in September): each condition, true or false.

    neet and activity_not_known are null for those who were not 16 or 17 in September.
    """
    who, neet, unknown = not_in_education(world)
    rows = np.flatnonzero(world.people.present(world.end) | who)
    state = {name: world.need.states[-1][:, k] for k, name in enumerate(STATES)}
    flags = service_flags(world)
    absent = world.education.missed >= 0.1 * np.maximum(world.education.possible, 1)
    excluded = np.zeros(world.people.n, dtype=bool)
    excluded[world.education.exclusion_child] = True
    held = {
        "poverty": state["poverty"], "poor_housing": state["housing"], "young_carer": state["caring"],
        "domestic_abuse": state["domestic_abuse"], "disability": state["disability"],
        "mental_health": state["child_mental_health"], "in_need": flags["cin"], "protection_plan": flags["cpp"],
        "looked_after": flags["cla"], "youth_justice": flags["youth_justice"],
        "special_needs": flags["sen_support"] | flags["ehc_plan"], "free_meals": world.education.fsm,
        "persistently_absent": absent & (world.enrolment.school >= 0), "excluded": excluded,
    }  # fmt: skip
    aged = pl.Series(who[rows])
    return pl.DataFrame(
        {"person_id": world.ids.person_id[rows], **{k: v[rows] for k, v in held.items()},
         "neet": neet[rows], "activity_not_known": unknown[rows]}
    ).with_columns(pl.when(aged).then(pl.col("neet", "activity_not_known")))  # fmt: skip
