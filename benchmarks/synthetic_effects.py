"""Are the planted effects of services found by a fit straight to the truth? (synthetic A14)

Five boroughs a seed, pooled; every service of the profile `effects`. Prints how often two errors hold the truth,
how often a 95% interval holds no effect where none is planted, and what a hurried reader would have found.

    python benchmarks/synthetic_effects.py --first 1 --seeds 100 [--effects none] [--boroughs 5]
"""

from __future__ import annotations

import argparse
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1] / "tests" / "synthetic" / "effect_fits.py"
loaded = spec_from_file_location("effect_fits", HERE)
fits = module_from_spec(loaded)
loaded.loader.exec_module(fits)


def main() -> None:
    """Print a line a service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--boroughs", type=int, default=5)
    parser.add_argument("--effects", default="planted")
    asked = parser.parse_args()
    told: dict[str, list[tuple[float, float, float, float]]] = {}
    for seed in range(asked.first, asked.first + asked.seeds):
        scenes = (fits.scene_of(1000 * seed + k, asked.effects) for k in range(asked.boroughs))
        for one in fits.all_fits(fits.pooled([fits.tables_of(scene) for scene in scenes])):
            naive = float("nan") if one.naive is None else one.naive
            told.setdefault(one.effect, []).append((one.value, one.se, one.truth, naive))
            z = (one.value - one.truth) / one.se
            print(
                f"{seed} {one.effect} {one.value:+.4f} {one.se:.4f} {one.truth:+.4f} {z:+.2f} {naive:+.3f}",
                flush=True,
            )
    for effect, rows in told.items():
        value, se, truth, naive = np.array(rows).T
        held = np.abs(value - truth) <= 2 * se
        null = np.abs(value) <= 1.96 * se
        print(f"{effect}: {held.sum()} of {len(held)} within two errors, mean {value.mean():+.3f} (planted {truth.mean():+.3f}), "
              f"no effect held by {null.mean():.1%}, hurried reader {np.nanmean(naive):+.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
