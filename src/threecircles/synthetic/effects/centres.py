"""Children's centres that open and close: without them access to a service would never change.

A centre counts in full within 1.5 km, less and less to 4 km, some months after its day.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from threecircles.synthetic.days import NEVER, as_dates, day_of
from threecircles.synthetic.effects.hazard import Dose, Hazard
from threecircles.synthetic.effects.scene import Columns, Effect, Scene, exposed

if TYPE_CHECKING:
    from threecircles.synthetic.effects.plant import Planted

STRETCH = 182
"""Days; families move, so nobody's nearness is told for longer at once."""


def rise(scene: Scene) -> np.ndarray:
    """How fast each small area's rate of referral rises beside the others, in sd."""
    return scene.draw("rise").normal(size=len(scene.land.d))


def centre_effect(scene: Scene, kind: str) -> Effect:
    """Centres that open (kind centre_open) where need is rising, or close in the year of cuts."""
    p = scene.values[kind]
    g = scene.draw(kind)
    number = min(p["number"].get(scene.profile.id, 1), len(scene.land.d))
    if kind == "centre_open":
        order = np.argsort(-(rise(scene) + g.normal(0, 0.5, len(scene.land.d))), kind="stable")
        span = 365 * scene.values["history_years"] - 540
        on = scene.first + 90 + g.permutation(number) * (span // number) + g.integers(0, 60, number)
    else:
        order = g.permutation(len(scene.land.d))
        begin, stop = cuts(scene)
        on = begin + np.sort(g.choice(stop - begin, number, replace=False))
    area = order[:number]
    x, y = scene.land.x[area], scene.land.y[area]
    reach = _reach(scene, p, x, y)
    breaks = np.sort(on + p["after_days"])
    by_period = np.zeros((number + 1, reach.shape[1]))
    for k, day in enumerate(breaks):
        # The nearest of the centres that count by then decides.
        by_period[k + 1] = reach[on + p["after_days"] <= day].max(axis=0)
    low, high = p["ages"]
    birth = scene.people.birth

    def near(child: np.ndarray, day: np.ndarray) -> np.ndarray:
        pc = scene.home(child, day)
        found = by_period[np.searchsorted(breaks, day, side="right"), np.maximum(pc, 0)]
        return np.where(pc >= 0, found, 0.0)

    def dose(child: np.ndarray, day: np.ndarray) -> np.ndarray:
        age = (day - birth[child]) / 365.25
        return np.where((age < high) & (age >= low), near(child, day), 0.0)

    word = "open" if kind == "centre_open" else "close"
    return Effect(
        f"fx-centre-{word}", "children's centre", "did_access",
        f"children aged {low} to {high - 1} living within {p['full_metres'] / 1000:g} km of a centre that {word}s",
        "first referral", "hazard ratio", p["ratio"], int(on.min()),
        "centres open where need is rising" if word == "open" else "closures cluster in the year of cuts",
        _exposed(scene, low, high, breaks, near), " ".join(scene.land.lsoa[area]),
        hazard=Hazard(f"fx-centre-{word}", float(np.log(p["ratio"])), dose),
        kept={"effect_place": _places(scene, word, area, on)},
    )  # fmt: skip


def _reach(scene: Scene, p: dict[str, float], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Centre x postcode: 1 within the full distance, falling to 0."""
    far = np.hypot(x[:, None] - scene.land.pc_x, y[:, None] - scene.land.pc_y)
    return ((p["none_metres"] - far) / (p["none_metres"] - p["full_metres"])).clip(0, 1)


def cuts(scene: Scene) -> tuple[int, int]:
    """First and last day of the year in which everyone's rate is higher and centres close."""
    p = scene.values["cuts"]
    begin = scene.people.end - round(p["months_before_end"] * 30.4)
    return begin, begin + round(p["months"] * 30.4)


def _exposed(scene: Scene, low: int, high: int, breaks: np.ndarray, near: Dose) -> Columns:
    """Who lived how near, in stretches of at most half a year in which no centre begins to count.

    A stretch holds whoever is of the ages for any part of it, by where the family lived in its middle.
    """
    last = scene.people.end + 1
    edges = np.unique(np.r_[breaks, np.arange(breaks[0], last, STRETCH), last])
    parts = []
    for start, stop in pairwise(edges):
        who = np.flatnonzero(
            (scene.people.birth + low * 365.25 < stop) & (scene.people.birth + high * 365.25 > start)
            & (scene.people.arrive < stop) & (scene.people.exit > start)
        )  # fmt: skip
        middle = np.full(len(who), (start + stop) // 2)
        strength = near(who, middle)
        parts.append(exposed(who[strength > 0], start, stop, strength[strength > 0]))
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def _places(scene: Scene, word: str, area: np.ndarray, on: np.ndarray) -> Columns:
    n = len(area)
    long_ago = np.full(n, day_of(scene.year - 14, 9, 4))
    return {
        "effect": np.full(n, f"fx-centre-{word}"), "place": np.array([f"V9{word[0].upper()}{k + 1:02d}" for k in range(n)]),
        "lsoa21": scene.land.lsoa[area], "postcode": scene.land.pc[scene.land.kept_free()[area]],
        "opened_on": on if word == "open" else long_ago, "closed_on": np.full(n, NEVER) if word == "open" else on,
    }  # fmt: skip


def with_planted(register: pl.DataFrame, planted: Planted) -> pl.DataFrame:
    """The register of venues with the centres of the planted effects, and no other centre that comes or goes.

    A centre that opened or closed besides would act on nobody, and so hide the planted effect.
    """
    steady = register.with_columns(
        opened_on=pl.when(pl.col("kind") != "childrens_centre").then("opened_on")
        .otherwise(pl.min_horizontal("opened_on", pl.lit(date(2010, 9, 1)))),
        closed_on=pl.when(pl.col("kind") != "childrens_centre").then("closed_on"),
    )  # fmt: skip
    places = [e.kept["effect_place"] for e in planted.effects if "effect_place" in e.kept]
    return pl.concat([steady, *(_venues(p, register) for p in places)])


def _venues(places: Columns, like: pl.DataFrame) -> pl.DataFrame:
    n = len(places["place"])
    return pl.DataFrame({
        "venue_id": places["place"], "name": [f"{place} Children's Centre" for place in places["place"]],
        "kind": ["childrens_centre"] * n, "provider": ["The council"] * n, "provider_kind": ["council"] * n,
        "postcode": places["postcode"], "lsoa21": places["lsoa21"],
        "opened_on": as_dates(places["opened_on"]), "closed_on": as_dates(places["closed_on"]),
    }, schema=like.schema)  # fmt: skip
