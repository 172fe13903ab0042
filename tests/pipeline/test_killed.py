"""A run that dies is as if it had never stopped: what it releases in the end is the same."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "benchmarks" / "killed.py"


@pytest.fixture(scope="module")
def killing():
    spec = importlib.util.spec_from_file_location("benchmarks_killed", HERE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_moments_lie_in_the_order_of_the_run(hamlet, killing):
    """S6: moments are drawn over the whole run, start-up and every step alike."""
    drawn = killing.moments(hamlet.workspace / "manifest.jsonl", 200, seed=1)
    order = [line["step"] for line in hamlet.lines()]
    places = [order.index(m.step) for m in drawn if m.step]
    assert len(drawn) == 200
    assert places == sorted(places)
    assert len(set(places)) > 10


@pytest.mark.slow
def test_a_run_killed_at_twenty_random_moments_releases_the_bytes_of_a_clean_one(
    hamlet, killing, tmp_path
):
    """S6: SIGKILL to the whole process group, twenty times, then one run to the end."""
    assert killing.killed_and_clean(hamlet.place, tmp_path, kills=20, seed=1) == []
