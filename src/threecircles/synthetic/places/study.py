"""One survey in several places: without it no two of them would have asked anything alike, nor anything of their own."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.need import PROTECTIVE
from threecircles.synthetic.world import World


def bolt_on(world: World) -> tuple[str, list[str]]:
    """The module that a place adds to the core, and its items."""
    told = world.profile["adjoining"]["bolt_ons"]
    mine = told[world.profile.number % len(told)]
    return mine["module"], list(mine["items"])


def with_bolt_on(world: World, pupils: pl.DataFrame) -> pl.DataFrame:
    """The survey's file with the place's own items after the core: answers 1 to 5, of those who completed.

    The more friends and trusted adults a child has, the higher; as often blank as the core's last item.
    """
    p, survey = world.profile["adjoining"], world.survey
    _, items = bolt_on(world)
    by_code = dict(zip(world.ids.survey[survey.child], survey.child, strict=True))
    child = np.array([by_code[code] for code in pupils["code"]], dtype=int)
    held = world.need.held[child][:, [PROTECTIVE.index("friends"), PROTECTIVE.index("trusted_adult")]]  # fmt: skip
    trait = held.sum(axis=1) - held.sum(axis=1).mean()
    g = rng(world.seed, "survey", "bolt-on")
    loading, done = p["bolt_on_loading"], (pupils["status"] == "completed").to_numpy()
    columns = {}
    for item in items:
        latent = loading * trait + np.sqrt(1 - loading**2) * g.normal(size=len(child))
        answer = 1 + np.searchsorted(np.array(p["bolt_on_cuts"]), latent)
        blank = g.random(len(child)) < world.profile["survey"]["blank_last"]
        text = pl.Series(item, answer.astype(str))
        columns[item] = text.set(pl.Series(blank | ~done), None)
    return pupils.with_columns(**columns)


def item_table(world: World) -> pl.DataFrame:
    """The codebook of the study: study, item, part (core or bolt-on), module; the core is the same everywhere."""
    module, items = bolt_on(world)
    core = [(item, "core", item.rstrip("0123456789")) for item in world.survey.items]
    own = [(item, "bolt-on", module) for item in items]
    table = pl.DataFrame([*core, *own], schema=["item", "part", "module"], orient="row")
    study = world.profile["adjoining"]["study"]
    return table.select(pl.lit(study).alias("study"), "item", "part", "module")
