"""Countries whose truth is known: own data, coverage of intervals, truth, silence (spec/funding.md A15, A16, A17, A22).

OPENBLAS_NUM_THREADS=1 python benchmarks/funding_countries.py [100]
"""

import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1] / "tests" / "funding" / "countries.py"
loaded = spec_from_file_location("countries", HERE)
countries = module_from_spec(loaded)
sys.modules["countries"] = countries
loaded.loader.exec_module(countries)


PART = 20
"""After so many countries what is known so far is printed, so that a run that is cut off is not lost."""


def main() -> None:
    """Judge the countries and print what the acceptance statements ask."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    started = time.process_time()
    judged = []
    for country in range(1, count + 1):
        judged.append(countries.judged(country))
        if country % PART == 0 or country == count:
            told(judged, time.process_time() - started)


def told(judged, seconds: float) -> None:
    """Print the figures of the countries judged so far."""
    own = [j.own_data.max() for j in judged]
    middle = [np.median(j.own_data) for j in judged]
    covered = [j.covered for j in judged]
    print(f"{len(judged)} countries in {seconds:.0f} processor seconds")
    print(f"A15 own-data effect: largest {max(own):.2%}, largest median {max(middle):.3%}")
    print(f"A16 coverage of 90% intervals: {np.mean(covered):.3f}, from {min(covered):.3f} to {max(covered):.3f}")  # fmt: skip
    predicted = np.mean([j.predicted_error for j in judged])
    actual = np.mean([j.actual_error for j in judged])
    print(f"A17 median error: predicted {predicted:.2%}, actual {actual:.1%}, {actual / predicted:.0f} times")  # fmt: skip
    print(f"A22 silent authority: own share moves by at most {max(j.silent_change for j in judged):.2%}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
