"""What a fit recovers at a million children, and what it says when areas are too small (funding A14)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.multilevel import fit
from threecircles.core.seeds import rng

SLOPES = {"x1": 0.30, "x2": 0.15, "sex": 0.10, "fsm": 0.95}
TERMS = {"outcome": "y", "trials": "n", "categorical": ["age"], "numeric": list(SLOPES), "groups": ["area", "la"]}  # fmt: skip


def country(children, seed=2):
    """Cells of that many children in 7,000 areas of 150 authorities; area sd .35, authority sd .30."""
    draw = rng(seed, "recovery")
    areas = 7_000
    la = np.sort(draw.integers(0, 150, areas))
    x1, x2 = draw.normal(size=(2, areas))
    effect = 0.35 * draw.normal(size=areas) + (0.30 * draw.normal(size=150))[la]
    poor = 1 / (1 + np.exp(1.5 - 0.5 * x1))
    cells = np.repeat(np.arange(areas), 16)
    kind = np.tile(np.arange(16), areas)
    age, sex, fsm = kind % 4, kind // 4 % 2, kind // 8
    expected = children / areas / 8 * np.where(fsm == 1, poor[cells], 1 - poor[cells])
    n = draw.poisson(expected)
    eta = -4.2 + 0.3 * x1[cells] + 0.15 * x2[cells] + np.array([0, 0.25, 0.45, 0.35])[age] + 0.1 * sex + 0.95 * fsm + effect[cells]  # fmt: skip
    y = draw.binomial(n, 1 / (1 + np.exp(-eta)))
    table = {"area": cells, "la": la[cells], "age": age, "sex": sex, "fsm": fsm, "x1": x1[cells], "x2": x2[cells], "n": n, "y": y}  # fmt: skip
    return pl.DataFrame(table).filter(pl.col("n") > 0)


def test_a_million_children_give_the_truth_back():
    """funding A14: at 1m in 7,000 areas the sds come out within 10%, slopes within 3 standard errors."""
    found = fit(country(1_000_000), **TERMS)
    assert found.sds["area"] == pytest.approx(0.35, rel=0.10)
    assert found.sds["la"] == pytest.approx(0.30, rel=0.10)
    for name, true in SLOPES.items():
        assert abs(found.coefficients[name] - true) < 3 * found.standard_errors[name]


def test_small_areas_carry_a_warning_about_their_sd():
    """funding A14: under 50 children or 5 events an area on average the fit says that the sd is uncertain."""
    found = fit(country(100_000), **TERMS)
    assert any("under 50 and 5" in w and "uncertain" in w for w in found.warnings)
