"""Made-up children in several sources with known truth: without it no linkage could be judged.

`generate(children, seed)` gives the sources and the truth; `write(...)` lays them down as files that
`identity.link` reads. Deterministic: one seed, one output, whatever the machine.
"""

from threecircles.synthetic.linkage.generate import Benchmark, generate, write

__all__ = ["Benchmark", "generate", "write"]
