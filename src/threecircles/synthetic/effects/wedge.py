"""A school programme that starts in steps whose order is drawn: without it no trend could be told from an effect."""

from __future__ import annotations

import numpy as np

from threecircles.synthetic.effects.scene import Effect, Scene, exposed
from threecircles.synthetic.need import DIMENSIONS


def wedge_effect(scene: Scene) -> Effect:
    """Schools in random steps over two years; feelings worsen for all meanwhile.

    Waves: one before the first step and one after each. Truth keeps the latent of every pupil at each wave.
    """
    p = scene.values["wedge"]
    g = scene.draw("wedge")
    pupils = np.bincount(
        scene.enrolment.school[scene.enrolment.school >= 0], minlength=len(scene.schools.urn)
    )
    usual = np.flatnonzero((scene.schools.phase <= 1) & (pupils > 0))
    chosen = usual[np.argsort(-pupils[usual], kind="stable")[: p["schools"]]]
    step = np.full(len(scene.schools.urn), p["steps"] + 1)
    step[chosen] = g.permutation(np.arange(len(chosen)) % p["steps"]) + 1
    days = (
        scene.people.end
        - 730
        + np.round(np.arange(p["steps"] + 1) * 730 / p["steps"]).astype("int64")
    )
    # A school begins a fortnight after a wave, and its pupils show it at the next.
    start = np.r_[days[0] + 14, days[:-1] + 14, scene.people.end + 1][step]
    school = np.maximum(scene.enrolment.school, 0)
    child = np.flatnonzero((scene.enrolment.school >= 0) & np.isin(school, chosen))
    begin = np.maximum(start[school], scene.enrolment.entry)
    in_programme = np.zeros(scene.people.n, dtype=bool)
    in_programme[child] = True
    years = scene.need.days[:, None]
    effect = np.where(
        in_programme & (begin[None, :] <= years), np.float32(p["shift"]), np.float32(0)
    )
    shift = effect + _background(scene)
    return Effect(
        "fx-wedge", "school programme", "stepped_wedge", "pupils of the schools of the programme", "feelings (SE)",
        "standard deviations of the latent", p["shift"], int(start[chosen].min()),
        "feelings worsen for everybody, and pupils of a school are alike",
        exposed(child, begin[child], place=scene.schools.urn[school[child]].astype(str)),
        schools=" ".join(f"{u}:{s}" for u, s in zip(scene.schools.urn[chosen], step[chosen], strict=True)),
        shift=("se", shift.astype("float32")),
        kept={"effect_wave": _waves(scene, days, child, begin, effect, shift)},
    )  # fmt: skip


def _background(scene: Scene) -> np.ndarray:
    """Year x child: the trend of everybody and what pupils of a school share; nothing in the last year."""
    trend = scene.values["trend_se_per_year"] * np.arange(1 - len(scene.need.days), 1)
    shared = scene.draw("schools").normal(0, scene.values["school_sd"], len(scene.schools.urn))
    at = scene.enrolment.school
    return trend[:, None] + np.where(at >= 0, shared[np.maximum(at, 0)], 0.0)[None, :]


def _waves(
    scene: Scene,
    days: np.ndarray,
    child: np.ndarray,
    begin: np.ndarray,
    effect: np.ndarray,
    shift: np.ndarray,
) -> dict[str, np.ndarray]:
    """One row a pupil and wave: between two yearly values without the effect by a straight line."""
    eta = scene.need.eta[:, child, DIMENSIONS.index("se")] + (shift - effect)[:, child]
    parts: dict[str, list[np.ndarray]] = {
        k: [] for k in ("child", "urn", "wave", "started", "value")
    }
    for wave, day in enumerate(days):
        after = int(np.searchsorted(scene.need.days, day, side="left"))
        before = max(after - 1, 0)
        gap = scene.need.days[after] - scene.need.days[before]
        part = (day - scene.need.days[before]) / gap if gap else 1.0
        level = (1 - part) * eta[before] + part * eta[after]
        there = scene.enrolment.entry[child] <= day
        started = begin[child] <= day
        told = {
            "child": child, "urn": scene.schools.urn[scene.enrolment.school[child]],
            "wave": np.full(len(child), wave), "started": started, "value": level + scene.values["wedge"]["shift"] * started,
        }  # fmt: skip
        for k, column in told.items():
            parts[k].append(column[there])
    return {k: np.concatenate(v) for k, v in parts.items()}
