"""Nations of 153 authorities and 13 years with a planted link of spend and outcome (spec/funding.md A28)."""

import numpy as np
import polars as pl

from threecircles.core.seeds import rng


def nation(number, elasticity=-0.10, feedback=0.0, areas=153, years=13, missing=0):
    """Log spend wanders about its own level; the outcome two years on moves with it by the elasticity.

    feedback: how spend follows last year's outcome. missing: authority-years without a figure.
    """
    draw = rng(number, "nation")
    before = 6
    own = draw.normal(6, 0.3, areas)
    level, trend = draw.normal(3, 0.3, areas), np.linspace(0, 0.2, years + before)
    s = np.zeros((areas, years + before))
    y = np.zeros_like(s)
    for t in range(years + before):
        last = s[:, t - 1] - own if t else np.zeros(areas)
        shock = y[:, t - 1] - level if t else np.zeros(areas)
        s[:, t] = own + 0.5 * last + feedback * shock + draw.normal(0, 0.08, areas)
        link = elasticity * (s[:, t - 2] - own) if t > 1 else 0
        wander = 0.5 * (y[:, t - 1] - level - trend[t - 1]) if feedback and t else 0
        y[:, t] = level + trend[t] + link + wander + draw.normal(0, 0.05, areas)
    table = pl.DataFrame(
        {
            "area": np.repeat([f"E{i:03}" for i in range(areas)], years),
            "region": np.repeat([f"R{i % 9}" for i in range(areas)], years),
            "year": np.tile(np.arange(2013, 2013 + years), areas),
            "spend": np.exp(s[:, before:]).ravel(),
            "outcome": np.exp(y[:, before:]).ravel(),
        }
    )
    if missing:
        gone = draw.choice(areas * years, missing, replace=False)
        holes = pl.int_range(pl.len()).is_in(gone.tolist())
        table = table.with_columns(outcome=pl.when(~holes).then("outcome"))
    return table
