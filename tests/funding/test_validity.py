"""Leaving each authority out moves its own share little (spec/funding.md 4.1, A15)."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from threecircles.funding.validity import leave_one_out

loaded = spec_from_file_location("pm", Path(__file__).parents[1] / "core_multilevel" / "pm.py")
pm = module_from_spec(loaded)
loaded.loader.exec_module(pm)


@pytest.mark.slow
def test_leaving_each_authority_out_of_pm():
    """funding 4.1: own share moves by at most .22%, median .054%; jackknife CV median .47%, largest 1.48%."""
    found = leave_one_out(
        pm.cells(pm.children()[0]),
        outcome="y",
        trials="n",
        categorical=["age"],
        numeric=["sex", "fsm", "x1", "x2"],
        groups=["area", "la"],
    )
    variation = found.standard_errors / found.shares.share
    assert found.own_data.max() == pytest.approx(0.0022, abs=2e-4)
    assert np.median(found.own_data) == pytest.approx(0.00054, abs=5e-5)
    assert (np.median(variation), variation.max()) == (
        pytest.approx(0.0047, abs=2e-4),
        pytest.approx(0.0148, abs=3e-4),
    )
