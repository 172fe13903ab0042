"""Panels of generated nations: coverage, the null line, the lead warning (spec/funding.md A28).

OPENBLAS_NUM_THREADS=1 python benchmarks/funding_panel.py [200]
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from threecircles.funding.panel import NO_LINK, panel, said

HERE = Path(__file__).parents[1] / "tests" / "funding" / "nations.py"
loaded = spec_from_file_location("nations", HERE)
nations = module_from_spec(loaded)
loaded.loader.exec_module(nations)


def main() -> None:
    """Print what the acceptance statement asks."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    covered = quiet = warned = 0
    for number in range(count):
        estimate = panel(nations.nation(number), lags=(2,)).estimates[0]
        covered += estimate.low <= -0.10 <= estimate.high
        null = panel(nations.nation(number, elasticity=0.0), lags=(2,))
        quiet += NO_LINK in said(null, null.estimates[0])
        warned += panel(
            nations.nation(number, feedback=0.8), lags=(-2, -1, 0, 1, 2)
        ).spending_follows
    print(f"A28 {count} nations: interval holds the elasticity in {covered / count:.1%}, no link said in "
          f"{quiet / count:.1%} of those without, warning in {warned / count:.1%} of those with feedback")  # fmt: skip


if __name__ == "__main__":
    main()
