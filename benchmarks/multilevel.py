"""Speed, memory and recovery of the multilevel engine (spec/funding.md A12, A14).

    python benchmarks/multilevel.py [100000 1000000 8000000] [--glmm]

--glmm runs the public engine on the same cells, where it is installed.
"""

import resource
import sys
import time

import numpy as np
import polars as pl

from threecircles.core.multilevel import fit, problem
from threecircles.core.multilevel.glm import glm
from threecircles.core.seeds import rng

TRUE = {"area": 0.35, "la": 0.30}
SLOPES = {"x1": 0.30, "x2": 0.15, "sex": 0.10, "fsm": 0.95}
TERMS = {"categorical": ["age"], "numeric": ["sex", "fsm", "x1", "x2"], "groups": ["area", "la"]}


def cells(children: int, seed: int = 1) -> pl.DataFrame:
    """Cells of a made-up country of that many children: 7,000 areas, 33,000 above five million."""
    draw = rng(seed, "multilevel", children)
    areas = 33_000 if children > 5_000_000 else 7_000
    la = np.sort(draw.integers(0, 150, areas))
    x1, x2 = draw.normal(size=(2, areas)).round(6)
    effect = TRUE["area"] * draw.normal(size=areas) + (TRUE["la"] * draw.normal(size=150))[la]
    area = np.sort(draw.integers(0, areas, children))
    age, sex = draw.integers(0, 4, children), draw.integers(0, 2, children)
    fsm = (draw.random(children) < 1 / (1 + np.exp(1.5 - 0.5 * x1[area]))).astype(int)
    eta = (
        -4.2
        + 0.3 * x1[area]
        + 0.15 * x2[area]
        + np.array([0, 0.25, 0.45, 0.35])[age]
        + 0.1 * sex
        + 0.95 * fsm
        + effect[area]
    )
    y = (draw.random(children) < 1 / (1 + np.exp(-eta))).astype(int)
    table = pl.DataFrame({"area": area, "age": age, "sex": sex, "fsm": fsm, "y": y})
    made = table.group_by("area", "age", "sex", "fsm").agg(pl.col("y").sum(), n=pl.len())
    return made.with_columns(
        la=pl.Series(la)[made["area"]],
        x1=pl.Series(x1)[made["area"]],
        x2=pl.Series(x2)[made["area"]],
    ).sort("area", "age", "sex", "fsm")


def main() -> None:
    """Print one line a size."""
    sizes = [int(a) for a in sys.argv[1:] if a.isdigit()] or [100_000, 1_000_000, 8_000_000]
    for size in sizes:
        table = cells(size)
        started = time.perf_counter()
        made = problem(table, outcome="y", trials="n", **TERMS)
        ready = time.perf_counter() - started
        started = time.perf_counter()
        glm(made)
        plain = time.perf_counter() - started
        fitted = fit(table, outcome="y", trials="n", **TERMS)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{size:,} children, {fitted.cells:,} cells: arrays {ready:.2f} s, GLM {plain:.2f} s, "
              f"fit {fitted.seconds:.2f} s ({fitted.seconds / plain:.1f} x GLM, {fitted.iterations} evaluations), "
              f"sds {fitted.sds['area']:.3f} {fitted.sds['la']:.3f} (true .35 .30), peak {memory:,.0f} MB", flush=True)  # fmt: skip
        off = {
            k: (fitted.coefficients[k] - v) / fitted.standard_errors[k] for k, v in SLOPES.items()
        }
        print("   slopes off by", {k: f"{v:+.1f} se" for k, v in off.items()}, flush=True)
        if "--glmm" in sys.argv:
            compare(table)


def compare(table: pl.DataFrame) -> None:
    """The public engine `glmm` on the same cells."""
    try:
        import glmm
    except ImportError:
        print("   glmm is not installed")
        return
    text = table.with_columns(
        pl.col("area", "la", "age").cast(pl.Utf8), share=pl.col("y") / pl.col("n")
    )
    started = time.perf_counter()
    other = glmm.glmer(
        "share ~ age + sex + fsm + x1 + x2 + (1 | area) + (1 | la)",
        text,
        family="binomial",
        weights=text["n"],
    )
    print(f"   glmm: {time.perf_counter() - started:.2f} s; {other}")


if __name__ == "__main__":
    main()
