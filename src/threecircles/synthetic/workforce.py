"""Social workers and who has which case: without it nobody could say how many cases a worker holds."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER
from threecircles.synthetic.draw import exactly
from threecircles.synthetic.world import World


def worker_table(world: World) -> pl.DataFrame:
    """One row per social worker's post: worker_id, team, fte, holds_cases, cases, vacant.

    Holders of cases are as many as the published cases per worker ask for; the rest lead, supervise and do
    other work. Children in need on 31 March are spread over the holders by their hours.
    Source: children's social work workforce via LAIT 2025 (fact 66); teams are design values.
    """
    p, g = world.profile["workforce"], rng(world.seed, "workforce")
    children = int(world.people.present(world.end).sum())
    e = world.episodes
    open_now = (e.path >= 0) & (e.referral <= world.end) & (e.close > world.end) & (e.close < NEVER)
    in_need = len(np.unique(e.child[open_now]))
    total = p["fte_per_10000"] * children / 10_000
    n = max(1, round(total / p["fte_mean"]))
    fte = np.where(exactly(g, p["part_time_share"], n), 0.6, 1.0)
    fte = fte * total / fte.sum()
    holds = np.cumsum(fte) - fte < in_need / p["cases_each"]
    weight = np.where(holds, fte, 0.0)
    cases = g.multinomial(in_need, weight / weight.sum()) if weight.sum() else np.zeros(n, int)
    vacant = round(p["vacancy_rate"] / (1 - p["vacancy_rate"]) * total / p["fte_mean"])
    teams = max(1, round(n / p["team_size"]))
    posts = n + vacant
    return pl.DataFrame({
        "worker_id": [f"SW{k + 1:04d}" for k in range(posts)],
        "team": np.char.add("T", (np.arange(posts) % teams + 1).astype(str)),
        "fte": np.r_[np.round(fte, 3), np.full(vacant, p["fte_mean"])],
        "holds_cases": np.r_[holds, np.zeros(vacant, dtype=bool)],
        "cases": np.r_[cases, np.zeros(vacant, dtype=int)],
        "vacant": np.arange(posts) >= n,
    })  # fmt: skip
