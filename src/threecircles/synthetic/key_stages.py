"""Results at eleven and sixteen: without it what early measures foretell would end at five."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.draw import highest
from threecircles.synthetic.need import DIMENSIONS
from threecircles.synthetic.world import World

SUBJECTS = ("reading", "writing", "maths")


def key_stage_table(world: World) -> pl.DataFrame:
    """One row per child examined last summer: key stage 2 in year 6 and key stage 4 in year 11.

    Columns: person_id, key_stage, reading, writing, maths (expected standard, key stage 2), expected (all
    three), attainment_8 (0 to 90, key stage 4). Both load on the latent needs of now.
    Source: levels from LAIT 2025 (fact 54); the slopes are design values.
    """
    return pl.concat([_at_eleven(world), _at_sixteen(world)], how="diagonal")


def _level(world: World, who: np.ndarray) -> np.ndarray:
    """How well a child does at school, mean 0 and standard deviation 1 among those examined."""
    g = rng(world.seed, "key_stages", "level", len(who))
    eta = -world.need.eta[-1][who]
    raw = 0.7 * eta[:, DIMENSIONS.index("ce")] + 0.35 * eta[:, DIMENSIONS.index("se")]
    raw = raw + 0.25 * eta[:, DIMENSIONS.index("be")] - 0.35 * world.education.fsm[who]
    raw = raw - 0.6 * (world.education.sen[who] != "N") + 0.6 * g.normal(size=len(who))
    return (raw - raw.mean()) / max(raw.std(), 1e-9) if len(who) else raw


def _at_eleven(world: World) -> pl.DataFrame:
    p = world.profile["key_stages"]
    who = np.flatnonzero((world.enrolment.nc_year == 7) & (world.enrolment.school >= 0))
    level, everyone = _level(world, who), np.ones(len(who), dtype=bool)
    expected = highest(level, everyone, p["expected_share"])
    g = rng(world.seed, "key_stages", "subjects")
    passed = expected[:, None] | (g.random((len(who), 3)) < p["subject_without_all"])
    # Who falls short of all three falls short of one at least.
    passed[~expected & passed.all(axis=1), 1] = False
    return pl.DataFrame({
        "person_id": world.ids.person_id[who], "key_stage": np.full(len(who), 2),
        **{name: passed[:, k] for k, name in enumerate(SUBJECTS)}, "expected": expected,
    })  # fmt: skip


def _at_sixteen(world: World) -> pl.DataFrame:
    p = world.profile["key_stages"]
    here = world.people.present(world.end) & (world.enrolment.nc_year == 12)
    who = np.flatnonzero(here)
    score = p["attainment_8"] + p["attainment_8_sd"] * _level(world, who)
    clipped = score.clip(0, 90)
    # The bounds pull the mean; the shift puts it back.
    clipped = (clipped + p["attainment_8"] - clipped.mean()).clip(0, 90) if len(who) else clipped
    return pl.DataFrame({
        "person_id": world.ids.person_id[who], "key_stage": np.full(len(who), 4),
        "attainment_8": np.round(clipped, 1),
    })  # fmt: skip
