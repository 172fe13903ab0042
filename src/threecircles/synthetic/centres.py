"""Children's centres, hubs and youth clubs: without it nobody could ask what is open near a child."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, as_dates, day_of
from threecircles.synthetic.effects.centres import with_planted
from threecircles.synthetic.names import place_names
from threecircles.synthetic.world import World


def register_table(world: World) -> pl.DataFrame:
    """Venues with opening and closing dates; some hubs took over from centres on the day they closed."""
    p, land = world.profile["centres"], world.land
    g = rng(world.seed, "centres")
    size = max(1.0, len(land.d) / 64)
    counts = {
        k: max(1, round(p[k] * size)) for k in ("childrens_centre", "family_hub", "youth_club")
    }
    kind = np.repeat(list(counts), list(counts.values()))
    n = len(kind)
    lsoa = np.searchsorted(
        np.cumsum(land.weight * np.exp(0.4 * land.d)) / (land.weight * np.exp(0.4 * land.d)).sum(),
        g.random(n),
    ).clip(0, len(land.d) - 1)
    free = land.kept_free()
    opened = np.array(
        [
            day_of(world.year - y, m, 4)
            for y, m in zip(g.integers(6, 20, n), g.integers(1, 13, n), strict=True)
        ]
    )
    closed = np.full(n, NEVER)
    centres, hubs = np.flatnonzero(kind == "childrens_centre"), np.flatnonzero(kind == "family_hub")
    shut = centres[: max(1, round(p["centres_closed"] * size))]
    closed[shut] = [day_of(world.year - int(y), 7, 31) for y in g.integers(1, 5, len(shut))]
    fresh = centres[len(shut) : len(shut) + max(1, round(p["centres_opened"] * size))]
    opened[fresh] = [day_of(world.year - int(y), 9, 5) for y in g.integers(1, 4, len(fresh))]
    taken = hubs[: min(len(hubs), len(shut))]
    opened[taken] = closed[shut[: len(taken)]] + 1
    lsoa[taken] = lsoa[shut[: len(taken)]]
    voluntary = (kind == "youth_club") & (g.random(n) < p["youth_voluntary_share"])
    names = [w.split(" ")[0] for w in place_names(g, n)]
    tail = {
        "childrens_centre": "Children's Centre",
        "family_hub": "Family Hub",
        "youth_club": "Youth Club",
    }
    label = np.array([f"{w} {tail[k]}" for w, k in zip(names, kind, strict=True)])
    provider = np.where(voluntary, np.char.add(np.array(names), " Youth Trust"), "The council")
    table = pl.DataFrame({
        "venue_id": [f"V{i + 1:04d}" for i in range(n)], "name": label, "kind": kind, "provider": provider,
        "provider_kind": np.where(voluntary, "voluntary", "council"), "postcode": land.pc[free[lsoa]],
        "lsoa21": land.lsoa[lsoa], "opened_on": as_dates(opened), "closed_on": as_dates(closed),
    })  # fmt: skip
    return table if world.planted is None else with_planted(table, world.planted)
