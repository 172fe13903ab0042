"""Fay-Herriot, inequality and competing ends by known answers (need N8, N9, N12, N26)."""

import time

import numpy as np
import pytest

from threecircles.core.competing import curve
from threecircles.core.errors import UsageError
from threecircles.core.fay_herriot import benchmarked, fay_herriot, smoothed_variances
from threecircles.core.inequality import indices, relative_rate, with_interval

X = np.array([0.10, 0.18, 0.25, 0.15, 0.30, 0.08, 0.22, 0.28, 0.12, 0.20])
PSI = np.array([0.04, 0.03, 0.06, 0.05, 0.08, 0.03, 0.04, 0.07, 0.02, 0.05]) ** 2
DESIGN = np.stack([np.ones(10), X], axis=1)
SPREAD = np.array([0.10, 0.33, 0.27, 0.30, 0.38, 0.20, 0.21, 0.45, 0.12, 0.35])
FLAT = np.array([0.18, 0.25, 0.31, 0.22, 0.40, 0.15, 0.28, 0.35, 0.20, 0.27])


def test_small_areas_with_variation_between_them():
    "N8, first set."
    found = fay_herriot(SPREAD, PSI, DESIGN)
    assert found.variance == pytest.approx(0.0044662587, abs=1e-9)
    assert found.coefficients == pytest.approx([0.0533825, 1.1462632], abs=1e-7)
    assert found.estimate == pytest.approx(
        [
            0.117938,
            0.318211,
            0.301218,
            0.273200,
            0.390167,
            0.190790,
            0.235204,
            0.410416,
            0.125831,
            0.325825,
        ],
        abs=1e-6,
    )
    assert np.sqrt(found.mse) == pytest.approx(
        [
            0.038307,
            0.029226,
            0.051898,
            0.044760,
            0.064510,
            0.029825,
            0.037862,
            0.058581,
            0.019932,
            0.044773,
        ],
        abs=1e-6,
    )
    assert found.message == ""


def test_small_areas_without_variation_say_so():
    "N8, second set: on the boundary."
    found = fay_herriot(FLAT, PSI, DESIGN)
    assert found.variance == 0
    assert "No variation between areas can be seen" in found.message
    assert found.coefficients == pytest.approx([0.0800718, 0.9567055], abs=1e-7)
    assert np.sqrt(found.mse) == pytest.approx(
        [
            0.022016,
            0.024932,
            0.025935,
            0.017193,
            0.033893,
            0.027885,
            0.024431,
            0.030546,
            0.034249,
            0.020117,
        ],
        abs=1e-6,
    )


def test_benchmarked_estimates_add_to_the_direct_total():
    "N9: to 1e-9, by both ways."
    found = fay_herriot(SPREAD, PSI, DESIGN)
    weight = np.arange(1, 11) * 100.0
    total = float(weight @ SPREAD)
    for how in ("ratio", "difference"):
        assert float(weight @ benchmarked(found, weight, total, how)) == pytest.approx(
            total, abs=1e-9
        )


def test_many_areas_take_little_time():
    "N9: 33,000 areas in under 2 seconds of processor time."
    g = np.random.default_rng(1)
    x = np.stack([np.ones(33_000), g.normal(size=33_000), g.normal(size=33_000)], axis=1)
    psi = g.uniform(0.001, 0.01, 33_000)
    truth = x @ [0.3, 0.05, -0.02] + g.normal(0, 0.05, 33_000)
    start = time.process_time()
    found = fay_herriot(truth + g.normal(0, np.sqrt(psi)), psi, x)
    assert time.process_time() - start < 2
    assert found.variance == pytest.approx(0.0025, rel=0.1)
    assert np.mean((found.estimate - truth) ** 2) < np.mean(psi)


def test_an_area_with_no_sample_takes_the_line_with_a_wider_error():
    direct = SPREAD.copy()
    direct[3] = np.nan
    found = fay_herriot(direct, PSI, DESIGN)
    assert found.estimate[3] == found.synthetic[3]
    assert found.mse[3] > found.variance
    with pytest.raises(UsageError, match="not above nought"):
        fay_herriot(SPREAD, PSI * np.array([0, *[1] * 9]), DESIGN)


def test_variances_of_small_samples_are_smoothed_by_one_design_effect():
    p, n = np.array([0.2, 0.3, 0.0]), np.array([100, 50, 6])
    own = np.array([2 * 0.16 / 100, 2 * 0.21 / 50, 0.0])
    smooth = smoothed_variances(p, own, n)
    assert smooth[:2] == pytest.approx(own[:2])
    assert smooth[2] == pytest.approx(2 * 0.001 * 0.999 / 6)


def test_indices_of_inequality_by_hand():
    "N12."
    found = indices(np.array([100, 120, 80, 110, 90]), np.array([0.10, 0.14, 0.18, 0.22, 0.30]))
    assert found.ridit == pytest.approx([0.10, 0.32, 0.52, 0.71, 0.91])
    assert found.slope == pytest.approx(0.2359900, abs=1e-7)
    assert found.mean == pytest.approx(0.1848)
    assert found.over_mean == pytest.approx(1.2770020, abs=1e-6)
    assert found.ratio == pytest.approx(4.5325185, abs=1e-6)


def test_slope_has_an_interval_and_ratios_need_events():
    population = np.array([1000, 1200, 800, 1100, 900])
    events = population * np.array([0.10, 0.14, 0.18, 0.22, 0.30])
    found = with_interval(population, events, np.random.default_rng(1), draws=400)
    assert found.slope_interval.low < found.slope < found.slope_interval.high
    ratio, ends = relative_rate((30, 1000), (10, 1000))
    assert ratio == pytest.approx(3) and ends.low < 3 < ends.high
    with pytest.raises(UsageError):
        relative_rate((0, 10), (1, 10))


def test_first_help_by_route_and_median():
    "N26: days with early help (E), statutory help (S) and censored (C)."
    told = ["10E", "30S", "30E", "45C", "60E", "90C", "120S", "200C", "200C", "365C"]
    days = np.array([int(t[:-1]) for t in told])
    found = curve(days, [t[-1].replace("C", "") for t in told])
    assert [found.at(d, "E") for d in (10, 30, 60)] == pytest.approx(
        [0.1, 0.2, 0.3166667], abs=1e-7
    )
    assert [found.at(d, "S") for d in (30, 120)] == pytest.approx([0.1, 0.2458333], abs=1e-7)
    assert found.at(400) == pytest.approx(0.4375)
    assert found.median == 120
    assert found.at(5) == 1 and found.at(5, "E") == 0


def test_a_median_not_reached_is_said():
    assert curve(np.array([1, 2, 3, 4]), ["E", "", "", ""]).median is None
