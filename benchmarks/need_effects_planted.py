"""How often do the product's intervals hold the services planted in a made-up borough? (need N23)

One borough a seed, its truth laid out as rows (tests/need/planted_rows.py), read by `need.effects.estimate`.

    python -m benchmarks.need_effects_planted --seeds 20
"""

from __future__ import annotations

import argparse

import polars as pl
from tests.need import planted_rows as planted
from tests.synthetic.effect_fits import pooled, scene_of, tables_of

from threecircles.need.effects import estimate

TRUTH = {
    "fx-centre-open": 0.75, "fx-centre-close": 1.25, "fx-wedge": -0.20, "fx-rct": 0.85, "fx-null": 1.0, "fx-users": -0.10,
}  # fmt: skip


def main() -> None:
    """Print a line a seed and service, then how often each interval holds what was planted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=9000)
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    told = []
    for seed in range(asked.first, asked.first + asked.seeds):
        tables = pooled([tables_of(scene_of(seed))])
        made = {
            "fx-rct": planted.lot(tables), "fx-wedge": planted.wedge(tables), "fx-users": planted.youth_work(tables),
            "fx-null": planted.holiday(tables)[:2],
            **{c: planted.centres(tables, c) for c in ("fx-centre-open", "fx-centre-close")},
        }  # fmt: skip
        for name, (plan, rows) in made.items():
            t = estimate(plan, rows)
            told.append((name, seed, t.value, t.low, t.high, "o clear difference" in t.sentence, t.word))  # fmt: skip
            print(f"{seed} {name} {t.sentence or '; '.join(t.refused)}", flush=True)
    names = ["service", "seed", "value", "low", "high", "quiet", "word"]
    table = pl.DataFrame(told, schema=names, orient="row")
    for (name,), mine in table.group_by("service", maintain_order=True):
        held = mine.filter((pl.col("low") <= TRUTH[name]) & (pl.col("high") >= TRUTH[name])).height
        print(f"{name}: {held} of {mine.height} hold {TRUTH[name]}, no clear difference in {mine['quiet'].sum()}; "
              f"{', '.join(sorted(mine['word'].unique()))}")  # fmt: skip


if __name__ == "__main__":
    main()
