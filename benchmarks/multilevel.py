"""Speed, memory, recovery and refits of the multilevel engine beside others (funding A11, A12, A13, A14).

    OPENBLAS_NUM_THREADS=1 python benchmarks/multilevel.py [100000 1000000 8000000]
        [--glmm PYTHON] [--lme4-limit SECONDS] [--refits]

--glmm names a Python that has the public engine `glmm`; --lme4-limit needs R with lme4 and says how long it
may take; both run on the same cells. --refits leaves each of 150 authorities out.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.memory import peak_memory_mb
from threecircles.core.multilevel import fit_problem, leave_out, problem
from threecircles.core.multilevel.design import Design
from threecircles.core.multilevel.glm import glm
from threecircles.core.seeds import rng

TRUE = {"area": 0.35, "la": 0.30}
ROUNDS = 9
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
    """Print what each size costs, beside whatever else is asked for."""
    sizes = [int(a) for a in itertools.takewhile(str.isdigit, sys.argv[1:])] or [
        100_000,
        1_000_000,
        8_000_000,
    ]
    for size in sizes:
        table = cells(size)
        made, ready = clocked(lambda t=table: problem(t, outcome="y", trials="n", **TERMS))
        fitted = fit_problem(made)
        ours, factored, *spelt = in_turn(made, ROUNDS if size <= 1_000_000 else 1)
        print(f"{size:,} children, {fitted.cells:,} cells: arrays {ready:.2f} s, fit {ours:.3f} s, {fitted.iterations} "
              f"evaluations, sds {fitted.sds['area']:.3f} {fitted.sds['la']:.3f} (true .35 .30), peak {peak_memory_mb():,.0f} MB; "
              f"our GLM on the factored design {factored:.3f} s, the fit is {ours / factored:.2f} of it", flush=True)  # fmt: skip
        off = {
            k: (fitted.coefficients[k] - v) / fitted.standard_errors[k] for k, v in SLOPES.items()
        }
        print("   slopes off by", {k: f"{v:+.1f} se" for k, v in off.items()}, flush=True)
        if spelt:
            plain, slow = spelt
            print(f"   with the rows x columns matrix written out: GLM {plain:.3f} s, fit {slow:.3f} s ({slow / plain:.2f} of it); "
                  f"the factored fit is {ours / plain:.2f} of that GLM", flush=True)  # fmt: skip
        if "--glmm" in sys.argv:
            beside(ASK_GLMM, [sys.argv[sys.argv.index("--glmm") + 1]], table, ours, fitted)
        if "--lme4-limit" in sys.argv and shutil.which("Rscript"):
            limit = float(sys.argv[sys.argv.index("--lme4-limit") + 1])
            beside(ASK_LME4, [shutil.which("Rscript")], table, ours, fitted, limit)
        if "--refits" in sys.argv:
            refits, seconds = clocked(lambda m=made, f=fitted: list(leave_out(m, f)))
            print(f"   {len(refits)} refits {seconds:.1f} s, {seconds / ours:.1f} fits", flush=True)


def clocked(work):
    """What it gives, and the processor seconds it took: other programs on the machine do not count."""
    started = time.process_time()
    made = work()
    return made, time.process_time() - started


def in_turn(made, rounds: int) -> list[float]:
    """Processor seconds of the fit and of our GLM, factored and (below a few rounds not) written out.

    Each is run in turn and the middle of the rounds taken, so that what else the machine does falls on all.
    """
    d = made.design
    asked = [lambda: fit_problem(made), lambda: glm(made)]
    if rounds > 1:
        whole = np.hstack([d.profiles[d.profile], d.areas[d.area]])
        dense = DenseDesign(d.names, whole, np.empty((len(d.areas), 0)), np.arange(len(whole)), d.area)  # fmt: skip
        spelt = replace(made, design=dense)
        asked += [lambda: glm(spelt), lambda: fit_problem(spelt)]
    taken = [[clocked(work)[1] for work in asked] for _ in range(rounds)]
    return [float(t) for t in np.median(taken, axis=0)]


class DenseDesign(Design):
    """A design whose profiles are its rows, multiplied as a dense matrix."""

    def dot(self, b):
        return self.profiles @ b

    def transposed(self, r):
        return self.profiles.T @ r

    def gram(self, w):
        return (self.profiles.T * w) @ self.profiles


ASK_GLMM = """
import json, sys, time
import polars as pl, glmm
t = pl.read_parquet(sys.argv[1])
t = t.with_columns(pl.col("area", "la", "age").cast(pl.Utf8), share=pl.col("y") / pl.col("n"))
started = time.process_time()
m = glmm.fit(t, "share ~ age + sex + fsm + x1 + x2 + (1 | area) + (1 | la)", "binomial", weights=t["n"].cast(pl.Float64).to_numpy())
seconds = time.process_time() - started
value = next((getattr(m, n) for n in ("loglik", "log_likelihood", "logLik", "llf") if hasattr(m, n)), None)
print(json.dumps({"seconds": seconds, "log_likelihood": float(value() if callable(value) else value) if value is not None else None}))
"""
ASK_LME4 = """
suppressMessages(library(lme4)); d <- read.csv(sub("parquet", "csv", commandArgs(TRUE)[1]))
s <- proc.time()
m <- suppressWarnings(glmer(cbind(y, n - y) ~ factor(age) + sex + fsm + x1 + x2 + (1 | area) + (1 | la), d, family = binomial))
e <- proc.time() - s
cat(sprintf('{"seconds": %.3f, "log_likelihood": %.6f}', e[1] + e[2], as.numeric(logLik(m))))
"""


def beside(
    script: str, command: list[str], table: pl.DataFrame, ours: float, fitted, limit: float | None = None
) -> None:  # fmt: skip
    """Another engine on the same cells, in a process of its own; ended after `limit` seconds by the clock."""
    name = "glmm" if "glmm" in script else "lme4"
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "cells.parquet"
        table.write_parquet(data)
        table.write_csv(data.with_suffix(".csv"))
        asked = Path(folder) / "ask"
        asked.write_text(script)
        before = sum(os.times()[2:4])
        try:
            said = subprocess.run(
                [*command, str(asked), str(data)], capture_output=True, text=True, check=False, timeout=limit
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            taken = sum(os.times()[2:4]) - before
            print(f"   {name}: not finished after {taken:.0f} s, so at least {taken / ours:,.0f} times ours", flush=True)  # fmt: skip
            return
    try:
        told = json.loads(said.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        print(f"   {name} did not answer: {said.stderr.strip().splitlines()[-1:]}", flush=True)
        return
    value = told["log_likelihood"]
    less = (
        ""
        if value is None
        else f", its log-likelihood {value - fitted.log_likelihood:+.6f} beside ours"
    )
    print(
        f"   {name}: {told['seconds']:.2f} s, {told['seconds'] / ours:.1f} times ours{less}",
        flush=True,
    )


if __name__ == "__main__":
    main()
