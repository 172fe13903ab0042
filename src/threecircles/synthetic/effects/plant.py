"""All planted effects of a place together: without it the world would not know which of them are on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from threecircles.synthetic.effects.centres import centre_effect, cuts, rise
from threecircles.synthetic.effects.chosen import (
    holiday_effect,
    lot_effect,
    therapy_effect,
    youth_work_effect,
)
from threecircles.synthetic.effects.hazard import Hazard
from threecircles.synthetic.effects.scene import Effect, Scene
from threecircles.synthetic.effects.values import check_effects
from threecircles.synthetic.effects.wedge import wedge_effect
from threecircles.synthetic.need import DIMENSIONS, Need, high_need
from threecircles.synthetic.profile import Profile

MAKERS: dict[str, Callable[[Scene], Effect]] = {
    "centre_open": lambda scene: centre_effect(scene, "centre_open"),
    "centre_close": lambda scene: centre_effect(scene, "centre_close"),
    "holiday": holiday_effect,
    "wedge": wedge_effect,
    "lot": lot_effect,
    "youth_work": youth_work_effect,
    "therapy": therapy_effect,
}


@dataclass(frozen=True)
class Planted:
    """effects: those of the profile, in its order. background: what changes rates besides. rise: by area."""

    effects: tuple[Effect, ...]
    background: tuple[Hazard, ...]
    rise: np.ndarray

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Everything that changes the rate of referral."""
        return self.background + tuple(e.hazard for e in self.effects if e.hazard is not None)


def is_planted(profile: Profile) -> bool:
    """True where the profile holds services with an effect."""
    return "effects" in profile.values


def plant(scene: Scene) -> Planted:
    """The services of the profile's section `effects`: who has them, from when, and what they change."""
    check_effects(scene.values)
    chosen = [make for name, make in MAKERS.items() if name in scene.values.data]
    slope = rise(scene)
    return Planted(tuple(make(scene) for make in chosen), _background(scene, slope), slope)


def _background(scene: Scene, slope: np.ndarray) -> tuple[Hazard, ...]:
    """A year of cuts for everyone, and areas whose rate rises or falls against the others."""
    begin, stop = cuts(scene)
    area, end, first = scene.area(), scene.people.end, scene.first

    def bad_year(child: np.ndarray, day: np.ndarray) -> np.ndarray:
        return ((day >= begin) & (day < stop)).astype(float)

    def rising(child: np.ndarray, day: np.ndarray) -> np.ndarray:
        years = (np.clip(day, first, end) - (first + end) / 2) / 365.25
        return np.where(day >= first, slope[area[child]] * years, 0.0)

    return (
        Hazard("cuts", scene.values["cuts"]["log_rate"], bad_year),
        Hazard("rise", scene.values["rise_per_year"], rising),
    )


def need_under(scene: Scene, planted: Planted) -> Need:
    """Need as the services leave it: cuts and states as they were, high need judged anew."""
    p, need = scene.profile["need"], scene.need
    total = np.zeros_like(need.eta)
    for effect in planted.effects:
        if effect.shift is not None:
            total[:, :, DIMENSIONS.index(effect.shift[0])] += effect.shift[1]
    eta = need.eta + total
    rule = (p["high_need_impairments"], p["high_need_risks"])
    high = np.stack([high_need(eta[y], need.states[y], need.cut, *rule) for y in range(len(eta))])
    other = {
        name: high_need(eta[-1], need.states[-1], need.cut, *pair)
        for name, pair in p["other_definitions"].items()
    }
    # The index keeps the scale it had, so that a shift moves rates by as much as need itself would.
    now = scene.people.present(scene.people.end)
    raw = need.eta.mean(axis=2) + np.float32(0.35) * need.states.sum(axis=2)
    index = (need.index + total.mean(axis=2) / raw[:, now].std()).astype("float32")
    return replace(need, eta=eta, high=high, other=other, index=index)
