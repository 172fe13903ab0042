"""Need and referrals as the services leave them: without it a planted effect would stay on paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.synthetic.care.referrals import Episodes, Solved, candidates, follow, yearly_rate
from threecircles.synthetic.effects.hazard import Drawn, acted
from threecircles.synthetic.effects.plant import Planted, need_under, plant
from threecircles.synthetic.effects.scene import Scene
from threecircles.synthetic.need import Need

Rates = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Small area of each child, log rate of each small area, log rate of each child."""


@dataclass(frozen=True)
class Trail:
    """Two draws of the rates without any service, from which the referrals under them came.

    rate: by year back and child, what was expected without any service.
    """

    drawn: Drawn
    more: Drawn
    rate: np.ndarray


def planted_in(scene: Scene) -> tuple[Planted, Need]:
    """The services of a place, and need under them."""
    planted = plant(scene)
    return planted, need_under(scene, planted)


def trail_of(scene: Scene, need: Need, rates: Rates, intercept: float) -> Trail:
    """Candidates for referral before any service acts."""
    area, practice, visible = rates
    given = (scene.profile, scene.seed, scene.people, need, *rates, intercept)
    fixed = practice[area] + visible
    rate = np.stack([
        yearly_rate(scene.profile, scene.people, need, fixed, intercept, back)
        for back in range(scene.values["history_years"])
    ])  # fmt: skip
    return Trail(candidates(*given), candidates(*given, stream="referral more"), rate)


def episodes_under(
    scene: Scene, planted: Planted, need: Need, rates: Rates, solved: Solved
) -> tuple[Episodes, Trail]:
    """Episodes with the services acting on the rate of referral, calibrated as the place without them."""
    trail = trail_of(scene, need, rates, solved.intercept)
    child, day = acted(scene.seed, planted.hazards, trail.drawn, trail.more)
    made = follow(scene.profile, scene.seed, scene.people, need, child, day, solved.tilt)
    return made, trail
