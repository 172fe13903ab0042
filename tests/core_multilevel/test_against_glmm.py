"""The engine against the public engine glmm, where it is installed (spec/funding.md A11)."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polars as pl
import pytest

from threecircles.core.multilevel import fit

loaded = spec_from_file_location("pm", Path(__file__).with_name("pm.py"))
pm = module_from_spec(loaded)
loaded.loader.exec_module(pm)


def test_glmm_finds_the_same_maximum_of_pm():
    """funding A11: log-likelihood not lower by more than 1e-3, coefficients within 1e-3, errors within 1%."""
    glmm = pytest.importorskip("glmm")
    cells = pm.cells(pm.children()[0])
    ours = fit(
        cells,
        outcome="y",
        trials="n",
        categorical=["age"],
        numeric=["sex", "fsm", "x1", "x2"],
        groups=["area", "la"],
    )
    text = cells.with_columns(
        pl.col("area", "la", "age").cast(pl.Utf8), share=pl.col("y") / pl.col("n")
    )
    other = glmm.fit(
        text,
        "share ~ age + sex + fsm + x1 + x2 + (1 | area) + (1 | la)",
        "binomial",
        weights=cells["n"].cast(pl.Float64).to_numpy(),
    )
    assert ours.log_likelihood > float(other.loglik) - 1e-3
    assert list(ours.coefficients.values()) == pytest.approx(list(other.beta), abs=1e-3)
    assert list(ours.standard_errors.values()) == pytest.approx(list(other.se), rel=0.01)
