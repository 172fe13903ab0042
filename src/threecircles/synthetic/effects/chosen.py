"""Services that people choose, are drawn for or are sent to: without them selection would never mislead anybody."""

from __future__ import annotations

import numpy as np

from threecircles.synthetic.care.referrals import year_back, yearly_rate
from threecircles.synthetic.days import NEVER, birthday, day_of
from threecircles.synthetic.draw import highest
from threecircles.synthetic.effects.hazard import Hazard
from threecircles.synthetic.effects.scene import Effect, Scene, exposed, shifted, since, solved
from threecircles.synthetic.need import DIMENSIONS

LOGISTIC = np.sqrt(3) / np.pi
"""Standard deviations of a latent per unit of log-odds."""


def holiday_effect(scene: Scene) -> Effect:
    """A holiday scheme: those of lower need come, so that users beside others look good."""
    p = scene.values["holiday"]
    start = day_of(scene.year - p["years_before"], 7, 25)
    low, high = p["ages"]
    able = np.flatnonzero(scene.people.present(start, low, high + 1))
    z = scene.need.index[_year(scene, start), able]
    g = scene.draw("holiday")
    used = np.zeros(scene.people.n, dtype=bool)
    used[able[g.random(len(able)) < solved(p["per_need_sd"] * z, p["share"])]] = True
    return Effect(
        "fx-null", "holiday scheme", "matched", f"children aged {low} to {high}", "first referral and suspensions",
        "hazard ratio", p["ratio"], start, "users are chosen with lower need", exposed(able, start, used=used[able]),
        hazard=Hazard("fx-null", float(np.log(p["ratio"])), since(used, start)),
    )  # fmt: skip


def lot_effect(scene: Scene) -> Effect:
    """Families drawn by lot among twice as many that were invited; some of the drawn do not take it up.

    The ratio is that of all who were offered: users' own is solved so that the offered have it in their
    first referrals. Those at most risk are often referred before the draw, so that more of the rest take it up.
    """
    p = scene.values["lot"]
    g = scene.draw("lot")
    start = day_of(scene.year - p["years_before"], 9, 1)
    low, high = p["ages"]
    here = scene.people.present(start, low, high + 1) & (scene.people.family >= 0)
    z = scene.need.index[_year(scene, start)]
    families = np.unique(scene.people.family[here])
    level = np.full(len(scene.people.fam_lsoa), -np.inf)
    np.maximum.at(level, scene.people.family[here], z[here])
    drawn_number = min(p["families"], len(families) // 4)
    invited = families[highest(level[families] + g.normal(0, 1, len(families)), np.ones(len(families), dtype=bool), 2 * drawn_number / len(families))]  # fmt: skip
    drawn = np.zeros(len(level), dtype=bool)
    drawn[g.permutation(invited)[:drawn_number]] = True
    takes = np.zeros(len(level), dtype=bool)
    mine = np.flatnonzero(drawn)
    takes[
        mine[g.random(len(mine)) < solved(p["uptake_per_need_sd"] * level[mine], p["uptake"])]
    ] = True
    child = np.flatnonzero(here & np.isin(scene.people.family, invited))
    family = scene.people.family[child]
    events = _first_events(scene, start)[child]
    share = events[takes[family]].sum() / events[drawn[family]].sum()
    own = 1 - (1 - p["ratio"]) / share
    used = np.zeros(scene.people.n, dtype=bool)
    used[child] = takes[family]
    return Effect(
        "fx-rct", "parenting support", "randomised",
        f"children aged {low} to {high} of invited families, half of whom were drawn by lot", "first referral",
        "hazard ratio", p["ratio"], start, "seven in ten take it up, fewer where need is high",
        exposed(child, start, offered=drawn[family], used=takes[family]),
        hazard=Hazard("fx-rct", float(np.log(own)), since(used, start)),
    )  # fmt: skip


def youth_work_effect(scene: Scene) -> Effect:
    """Youth work taken up at a crisis: behaviour is at its worst then, and returns by itself.

    hidden: an unmeasured cause of use and of the outcome. `before` is behaviour as seen at the crisis.
    """
    p = scene.values["youth_work"]
    g = scene.draw("youth_work")
    y = len(scene.need.days) - 2
    start = int(scene.need.days[y])
    low, high = p["ages"]
    able = np.flatnonzero(
        scene.people.present(start, low, high) & (scene.people.exit > scene.people.end)
    )
    be = DIMENSIONS.index("be")
    usual = scene.need.eta[y][able, be]
    crisis = p["crisis_sd"] * g.normal(size=len(able))
    hidden = g.normal(size=len(able))
    chance = solved(p["per_crisis_sd"] * (usual + crisis) + p["hidden_on_use"] * hidden, p["share"])
    used = g.random(len(able)) < chance
    lasting = LOGISTIC * p["hidden_on_outcome"] * hidden + p["shift"] * used
    by_child = np.zeros((len(scene.need.days), scene.people.n), dtype="float32")
    by_child[y + 1 :, able] = lasting
    ids = np.full(len(able), "fx-users")
    after = scene.need.eta[-1][able, be] + lasting
    return Effect(
        "fx-users", "targeted youth work", "before_after", f"children aged {low} to {high - 1} at a crisis", "behaviour (BE)",
        "standard deviations of the latent", p["shift"], start, "return to the mean, and a cause nobody measured",
        exposed(able, start, used=used), shift=("be", by_child),
        kept={
            "effect_change": {"effect": ids, "child": able, "used": used, "usual": usual, "before": usual + crisis, "after": after},
            "hidden": {"effect": ids, "child": able, "cause": hidden},
        },
    )  # fmt: skip


def therapy_effect(scene: Scene) -> Effect:
    """Speech and language therapy after the review at two: nothing for a year, then a lasting change."""
    p = scene.values["therapy"]
    g = scene.draw("therapy")
    people, need = scene.people, scene.need
    at = birthday(people.birth, 2) + g.integers(20, 165, people.n)
    wait = np.exp(np.log(p["wait_days_median"]) + p["wait_days_sigma"] * g.normal(size=people.n))
    seen = at + wait.astype("int64")
    review = scene.profile["early_years"]["review_reliability"]
    noise = np.sqrt(1 - review) * g.normal(size=people.n)
    lot, never = g.random(people.n), g.random(people.n)
    in_time = (people.arrive <= at) & (people.exit > people.end) & (at > need.days[0] + 1)
    able = np.flatnonzero(in_time & (seen + p["after_days"] <= people.end) & (at >= scene.first))
    ce = DIMENSIONS.index("ce")
    before = np.searchsorted(need.days, at[able], side="right") - 1
    usual = need.eta[before, able, ce]
    score = np.sqrt(review) * usual + noise[able]
    below = highest(score, np.ones(len(able), dtype=bool), p["below"])
    sent = lot[able] < np.where(below, p["referred_below"], p["referred_above"])
    used = sent & (never[able] >= p["never_seen"])
    first = np.searchsorted(need.days, seen[able] + p["after_days"], side="left")
    from_year = np.full(people.n, len(need.days))
    from_year[able[used]] = first[used]
    after = need.eta[first, able, ce] + p["shift"] * used
    return Effect(
        "fx-slow", "speech and language therapy", "matched", "children reviewed at two", "language and learning (CE)",
        "standard deviations of the latent", p["shift"], scene.first, "nothing shows before a year has passed",
        exposed(able, seen[able], NEVER, used=used), shift=shifted(scene, "ce", p["shift"], from_year),
        kept={"effect_change": {
            "effect": np.full(len(able), "fx-slow"), "child": able, "used": used, "usual": usual,
            "before": score, "after": after,
        }},
    )  # fmt: skip


def _first_events(scene: Scene, start: int) -> np.ndarray:
    """Chance of each child that its first referral comes after a day, were there no service."""
    before, after = np.zeros(scene.people.n), np.zeros(scene.people.n)
    for back in range(scene.profile["clock"]["history_years"]):
        rate = yearly_rate(scene.profile, scene.people, scene.need, before * 0, 0.0, back)
        first, last = year_back(scene.people.end, back)
        share = np.clip((last + 1 - start) / (last + 1 - first), 0, 1)
        after, before = after + share * rate, before + (1 - share) * rate
    return np.exp(-before) * -np.expm1(-after)


def _year(scene: Scene, day: int) -> int:
    return int(scene.need.year_of(np.array([day]))[0])
