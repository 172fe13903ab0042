"""The engine against lme4 and glmmTMB on problems drawn at random, where R is installed (spec/funding.md 4.1, A11)."""

import shutil
import subprocess

import numpy as np
import polars as pl
import pytest

from threecircles.core.multilevel import fit
from threecircles.core.seeds import rng

PACKAGES = {"lme4": (5e-3, 2e-3, 0.02), "glmmTMB": (1e-4, 2e-4, 0.01)}
"""Tolerances: log-likelihood, coefficients and sds, standard errors (a part of them)."""
CASES = [("binomial", False, False), ("binomial", True, True), ("poisson", True, True)]


def drawn(number, family, two, cells):
    """A table of children or cells with an area covariate of large scale, a factor and an offset."""
    draw = rng(number, "against-r")
    la = np.sort(draw.integers(0, 25, 180))
    area = draw.integers(0, 180, 3_600)
    x, deep, cat = (
        draw.normal(size=3_600).round(3),
        draw.normal(2000, 300, 180).round(1),
        draw.integers(0, 3, 3_600),
    )
    effect = 0.6 * draw.normal(size=180) + (0.5 * draw.normal(size=25))[la] * two
    n = draw.integers(1, 30, 3_600) if cells else np.ones(3_600, dtype=int)
    eta = -1.5 + 0.4 * x + 0.3 * (cat == 2) + 0.001 * (deep[area] - 2000) + effect[area]
    y = (
        draw.binomial(n, 1 / (1 + np.exp(-eta)))
        if family == "binomial"
        else draw.poisson(n * np.exp(eta - 1))
    )
    return pl.DataFrame(
        {"area": [f"a{a}" for a in area], "la": [f"l{a}" for a in la[area]], "x": x, "deep": deep[area],
         "cat": cat, "y": y, "n": n}
    )  # fmt: skip


def asked(package, family, two, cells):
    """R that prints log-likelihood, sds, coefficients and errors on one line."""
    left = "cbind(y, n - y)" if family == "binomial" and cells else "y"
    right = "factor(cat) + x + sdeep + (1 | area)" + (" + (1 | la)" if two else "")
    if family == "poisson" and cells:
        right += " + offset(log(n))"
    lines = ["d <- read.csv(commandArgs(TRUE)[1]); d$sdeep <- (d$deep - 2000) / 300"]
    if package == "lme4":
        lines += [
            "suppressMessages(library(lme4))",
            f"m <- suppressWarnings(glmer({left} ~ {right}, data = d, family = {family}))",
            "co <- summary(m)$coefficients; v <- as.data.frame(VarCorr(m)); v <- setNames(v$sdcor, v$grp)",
        ]
    else:
        lines += [
            "suppressMessages(library(glmmTMB))",
            f"m <- suppressWarnings(glmmTMB({left} ~ {right}, data = d, family = {family}))",
            "co <- summary(m)$coefficients$cond; v <- sapply(VarCorr(m)$cond, function(s) sqrt(s[1, 1]))",
        ]
    groups = 'c("area", "la")' if two else '"area"'
    lines.append(
        f'cat(sprintf("%.8f", c(as.numeric(logLik(m)), v[{groups}], co[, 1], co[, 2])), "\\n")'
    )
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize(("family", "two", "cells"), CASES)
def test_r_finds_the_same_maximum(tmp_path, package, family, two, cells):
    """funding 4.1: within the optimisers' own tolerances; lme4 stops a little short, never above."""
    script = shutil.which("Rscript")
    if script is None:
        pytest.skip("R is not installed")
    if subprocess.run(
        [script, "-e", f"library({package})"], capture_output=True, check=False
    ).returncode:
        pytest.skip(f"R has no {package}")
    table = drawn(7, family, two, cells)
    table.write_csv(tmp_path / "d.csv")
    (tmp_path / "ask.R").write_text(asked(package, family, two, cells))
    said = subprocess.run(
        [script, str(tmp_path / "ask.R"), str(tmp_path / "d.csv")],
        capture_output=True,
        text=True,
        check=True,
    )
    value, *rest = map(float, said.stdout.split())
    groups = ["area", "la"] if two else ["area"]
    ours = fit(
        table.with_columns(deep=(pl.col("deep") - 2000) / 300), outcome="y", trials="n" if cells else None,
        categorical=["cat"], numeric=["x", "deep"], groups=groups, family=family,
    )  # fmt: skip
    likelihood, near, errors = PACKAGES[package]
    sds, values = rest[: len(groups)], rest[len(groups) :]
    assert ours.log_likelihood == pytest.approx(value, abs=likelihood)
    assert ours.log_likelihood > value - 1e-5
    assert list(ours.sds.values()) == pytest.approx(sds, abs=near)
    k = len(ours.coefficients)
    assert list(ours.coefficients.values()) == pytest.approx(values[:k], abs=near)
    assert list(ours.standard_errors.values()) == pytest.approx(values[k:], rel=errors)
