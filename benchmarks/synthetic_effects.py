"""Are the planted effects of services found by a fit straight to the truth? (synthetic A14)

Five boroughs a seed, pooled; every service of the profile `effects`. Prints how often two errors hold the truth,
how often a 95% interval holds no effect where none is planted, and what a hurried reader would have found.
Each seed's fits are kept in a file of their own, so that a stopped run goes on where it was.

    python benchmarks/synthetic_effects.py --first 1 --seeds 100 [--effects none] [--boroughs 5] [--kept FOLDER]
"""

from __future__ import annotations

import argparse
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl

HERE = Path(__file__).parents[1] / "tests" / "synthetic" / "effect_fits.py"
loaded = spec_from_file_location("effect_fits", HERE)
fits = module_from_spec(loaded)
loaded.loader.exec_module(fits)
SIGNIFICANT = 1.96


def one_seed(seed: int, boroughs: int, effects: str) -> pl.DataFrame:
    """The fits of one seed: effect, value, se, truth, naive."""
    scenes = (fits.scene_of(1000 * seed + k, effects) for k in range(boroughs))
    told = fits.all_fits(fits.pooled([fits.tables_of(scene) for scene in scenes]))
    return pl.DataFrame(
        [(seed, t.effect, float(t.value), float(t.se), float(t.truth), t.naive) for t in told],
        schema={"seed": pl.Int64, "effect": pl.String, "value": pl.Float64, "se": pl.Float64, "truth": pl.Float64, "naive": pl.Float64},
        orient="row",
    )  # fmt: skip


def summary(rows: pl.DataFrame) -> list[str]:
    """A line a service: how often two errors hold the truth, and an interval no effect."""
    lines = []
    for (effect,), mine in rows.group_by("effect", maintain_order=True):
        value, se, truth = (mine[c].to_numpy() for c in ("value", "se", "truth"))
        held, null = np.abs(value - truth) <= 2 * se, np.abs(value) <= SIGNIFICANT * se
        error = value.std(ddof=1) / len(value) ** 0.5 if len(value) > 1 else float("nan")
        line = (
            f"{effect}: {held.sum()} of {len(held)} within two errors, mean {value.mean():+.3f} "
            f"(error {error:.3f}; planted {truth.mean():+.3f}), spread {value.std():.3f} beside errors of {se.mean():.3f}, "
            f"no effect held by {null.sum()} of {len(null)}"
        )
        naive = mine["naive"].drop_nulls().to_numpy()
        if len(naive):
            off = np.abs(naive - truth)
            line += (
                f", hurried reader {naive.mean():+.3f} (off by {off.min():.3f} to {off.max():.3f})"
            )
        lines.append(line)
    return lines


def main() -> None:
    """Fit the seeds that are not kept yet, then print a line a service over all that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--boroughs", type=int, default=5)
    parser.add_argument("--effects", default="planted")
    parser.add_argument("--kept", type=Path, help="folder for one file a seed")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no seed after")
    asked = parser.parse_args()
    began, found = time.monotonic(), []
    for seed in range(asked.first, asked.first + asked.seeds):
        file = asked.kept and asked.kept / f"{asked.effects}_{asked.boroughs}_{seed}.parquet"
        if file and file.exists():
            found.append(pl.read_parquet(file))
            continue
        if time.monotonic() - began > asked.seconds:
            continue
        told = one_seed(seed, asked.boroughs, asked.effects)
        found.append(told)
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            told.write_parquet(file.with_suffix(".part"))
            file.with_suffix(".part").rename(file)
        for r in told.iter_rows(named=True):
            z = (r["value"] - r["truth"]) / r["se"]
            print(f"{seed} {r['effect']} {r['value']:+.4f} {r['se']:.4f} {r['truth']:+.4f} {z:+.2f}", flush=True)  # fmt: skip
    if found:
        print("\n".join(summary(pl.concat(found))))


if __name__ == "__main__":
    main()
