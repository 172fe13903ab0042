"""The exact gradient and curvature against central differences, on small problems drawn at random."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.multilevel import problem
from threecircles.core.multilevel.curvature import curvature
from threecircles.core.multilevel.fit import without_level
from threecircles.core.multilevel.laplace import evaluate, no_effects
from threecircles.core.seeds import rng

FORMS = [
    (family, groups) for family in ("binomial", "poisson") for groups in (["area", "la"], ["area"])
]


def drawn(number, family, groups):
    """A problem of 40 areas with a factor, a number, an area covariate and an offset; and parameters near its truth."""
    draw = rng(number, "gradient", family, len(groups))
    la = np.sort(draw.integers(0, 7, 40))
    area = np.sort(draw.integers(0, 40, 600))
    deep, offset = draw.normal(size=40).round(3), draw.normal(0, 0.3, 600).round(2)
    kind, x = draw.integers(0, 3, 600), draw.integers(0, 4, 600)
    n = draw.integers(1, 25, 600)
    effect = 0.6 * draw.normal(size=40) + (0.5 * draw.normal(size=7))[la]
    eta = -1.5 + 0.3 * (kind == 1) + 0.2 * x + 0.4 * deep[area] + effect[area] + offset
    binomial = family == "binomial"
    y = draw.binomial(n, 1 / (1 + np.exp(-eta))) if binomial else draw.poisson(n * np.exp(eta))
    table = pl.DataFrame(
        {"y": y, "n": n, "kind": kind, "x": x, "deep": deep[area], "offset": offset,
         "area": area, "la": la[area]}
    )  # fmt: skip
    made = problem(
        table, outcome="y", **({"trials": "n"} if binomial else {"exposure": "n"}), categorical=["kind"],
        numeric=["x", "deep"], groups=groups, family=family, offset="offset",
    )  # fmt: skip
    theta = np.array([-1.5, 0.3, 0, 0.2, 0.4, *[-0.5, -0.7][: len(groups)]])
    return made, theta + 0.1 * draw.normal(size=len(theta))


def differences(made, theta, width):
    """Value and gradient on both sides of theta in each direction, the modes found anew."""
    for step in width * np.eye(len(theta)):
        yield (
            evaluate(made, theta + step, no_effects(made)),
            evaluate(made, theta - step, no_effects(made)),
        )


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize(("family", "groups"), FORMS)
def test_the_gradient_is_exact(family, groups, number):
    """funding A9: central differences agree to 1e-6, with offsets."""
    made, theta = drawn(number, family, groups)
    exact = evaluate(made, theta, no_effects(made)).gradient
    found = [(up.value - down.value) / 2e-4 for up, down in differences(made, theta, 1e-4)]
    assert found == pytest.approx(exact, rel=1e-6, abs=1e-6 * np.abs(exact).max())


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize(("family", "groups"), FORMS)
def test_the_curvature_is_that_of_the_gradient(family, groups, number):
    made, theta = drawn(number, family, groups)
    agrees(made, theta)


def test_the_curvature_holds_where_the_small_level_was_dropped():
    made, theta = drawn(9, "binomial", ["area", "la"])
    agrees(without_level(made, 0), theta[:-1])


def agrees(made, theta):
    point = evaluate(made, theta, no_effects(made))
    exact, moves = curvature(made, theta, point.modes, point.state)
    sides = list(differences(made, theta, 1e-4))
    found = np.array([(up.gradient - down.gradient) / 2e-4 for up, down in sides])
    assert exact == pytest.approx(found, rel=1e-6, abs=1e-6 * np.abs(exact).max())
    moved = np.array([(up.modes.u - down.modes.u) / 2e-4 for up, down in sides]).T
    assert moves.u == pytest.approx(moved, abs=1e-4)
