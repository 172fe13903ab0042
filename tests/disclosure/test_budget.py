"""The privacy-loss budget: paid first, never twice, never back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure import budget

HERE = ("open data", "public", "2026")


@pytest.mark.parametrize(
    ("epsilon", "times", "within", "error"),
    [(0.1, 1.11, 30, 9.98), (0.5, 1.65, 6, 1.92), (1, 2.72, 3, 0.85), (2, 7.39, 1.5, 0.28)],
)
def test_what_epsilon_means(epsilon, times, within, error):
    """disclosure 6: factor, noise and mean absolute error of the whole-number mechanism."""
    assert round(budget.factor(epsilon), 2) == times
    assert round(budget.noise_within(epsilon), 1) == pytest.approx(within, abs=0.05)
    assert round(budget.mean_absolute_error(epsilon), 2) == error


def test_the_noise_drawn_is_as_large_as_said():
    drawn = np.array([budget.discrete_laplace(Fraction(2)) for _ in range(4000)])
    assert np.abs(drawn).mean() == pytest.approx(budget.mean_absolute_error(0.5), rel=0.1)
    assert abs(drawn.mean()) < 0.25


def test_ten_tenths_are_granted_and_no_more(tmp_path):
    """disclosure A7: many requests at once against epsilon 1 in steps of .1."""
    budget.grant(tmp_path, *HERE, 1)

    def ask(i: int) -> bool:
        try:
            budget.noisy_count(tmp_path, *HERE, 100, "0.1", f"request {i}")
        except NotPermitted:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        granted = sum(pool.map(ask, range(300)))
    assert granted == 10
    assert budget.show(tmp_path, *HERE).spent == budget.MILLION


@pytest.mark.slow
def test_ten_of_ten_thousand_are_granted(tmp_path):
    """disclosure A7: 10,000 concurrent requests."""
    budget.grant(tmp_path, *HERE, 1)

    def ask(i: int) -> bool:
        try:
            budget.noisy_count(tmp_path, *HERE, 100, "0.1", f"request {i}")
        except NotPermitted:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(ask, range(10_000))) == 10


def test_a_kill_never_leaves_noise_told_and_unspent(tmp_path):
    """disclosure A7: what was printed is never more than what was spent."""
    budget.grant(tmp_path, *HERE, 1000)
    code = (
        "import sys; from pathlib import Path; from threecircles.disclosure import budget\n"
        "for i in range(100000):\n"
        " n = budget.noisy_count(Path(sys.argv[1]), 'open data', 'public', '2026', 7, '0.1', str(i))\n"
        " print(n.value, flush=True)\n"
    )
    for pause in (0.02, 0.05, 0.12, 0.2):
        before = budget.show(tmp_path, *HERE).spent
        running = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert running.stdout is not None
        told = [running.stdout.readline()]
        time.sleep(pause)
        os.kill(running.pid, signal.SIGKILL)
        told += running.stdout.read().splitlines()
        running.wait()
        # What this run told, this run has spent: what earlier ones spent does not stand in for it.
        assert told[0] and budget.show(tmp_path, *HERE).spent - before >= len(told) * 100_000


def test_a_budget_is_set_once_and_unknown_ones_are_refused(tmp_path):
    budget.grant(tmp_path, *HERE, "0.5")
    with pytest.raises(UsageError, match="never raised"):
        budget.grant(tmp_path, *HERE, 2)
    with pytest.raises(UsageError, match="no such budget"):
        budget.noisy_count(tmp_path, "other", "public", "2026", 1, "0.1", "x")
    with pytest.raises(UsageError, match="six decimals"):
        budget.millionths("0.00000001")


def test_counts_below_nought_are_left_so_that_sums_stay_true(tmp_path):
    budget.grant(tmp_path, *HERE, 1000)
    told = [budget.noisy_count(tmp_path, *HERE, 0, "0.1", "nought").value for _ in range(40)]
    assert min(told) < 0
