"""Linkage against truth, ours beside plain Splink: python benchmarks/identity_benchmark.py CHILDREN SEED [PROFILE].

31,500 children make some 56,000 records, 600,000 some 1,066,000. Profile `plain` (default) is the
one that acceptance identity A2 and A3 (time, memory, the layer's share) judge; `harder` adds what the specification lists as additions.
"""

from __future__ import annotations

import json
import sys

from threecircles.identity.benchmark import as_text, benchmark
from threecircles.synthetic.linkage import generate


def main(children: int, seed: int, profile: str = "plain") -> None:
    """Print the table of one run."""
    made = generate(children, seed, profile)
    print(f"{children:,} children, seed {seed}, profile {profile}; pools {json.dumps(made.pools)}")
    print(as_text(benchmark(made.sources, made.truth)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4])
