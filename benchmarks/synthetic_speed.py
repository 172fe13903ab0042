"""Seconds and peak memory of each preset, and the share of writing the census: acceptance A3 of synthetic.

Run by hand: python benchmarks/synthetic_speed.py hamlet borough county
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from threecircles.sources.write_cin_xml import write_cin_xml
from threecircles.synthetic import make
from threecircles.synthetic.export.cin import cin_tables
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.world import build_world


def main(presets: list[str]) -> None:
    for preset in presets:
        with tempfile.TemporaryDirectory() as folder:
            began, worked = time.perf_counter(), time.process_time()
            make(preset, Path(folder) / preset)
            wall, work = time.perf_counter() - began, time.process_time() - worked
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(f"{preset}: {wall:.1f} s ({work:.1f} s of processor), peak {peak:.2f} GB")
            if preset == "county":
                tables = cin_tables(build_world(load_profile(preset), 1, 2026), 2026)
                worked = time.process_time()
                write_cin_xml(tables, Path(folder) / "one.xml")
                one = time.process_time() - worked
                print(f"  one census XML: {one:.1f} s of processor, {2 * one / work:.0%} for both")


if __name__ == "__main__":
    main(sys.argv[1:] or ["hamlet", "borough", "county"])
