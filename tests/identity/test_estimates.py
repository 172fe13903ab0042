"""Quality from a review sample, and estimates over link draws."""

from __future__ import annotations

import numpy as np
import pytest

from threecircles.core.errors import UsageError
from threecircles.identity.estimates import Stratum, corrected_overlap, from_review, rubin

WORKED = [
    Stratum(pairs=9000, reviewed=200, same=200, linked=True),
    Stratum(pairs=900, reviewed=150, same=141, linked=True),
    Stratum(pairs=2000, reviewed=200, same=18, linked=False),
]


def test_the_worked_sample_gives_its_precision_and_recall():
    """identity A9"""
    found = from_review(WORKED)
    assert round(found.precision, 4) == 0.9945
    assert round(found.recall, 4) == 0.9820
    assert round(found.precision_se, 4) == 0.0016
    assert round(found.recall_se, 4) == 0.0038
    assert round(found.true_links) == 10_026


def test_intervals_from_simulated_samples_cover_the_truth():
    """identity A9: over 500 samples 93-97%."""
    draw = np.random.default_rng(3)
    strata = [(9000, 8600, 400, True), (900, 780, 300, True), (2000, 220, 400, False)]
    tp, fn = 8600 + 780, 220
    covered = np.zeros(2)
    for _ in range(500):
        sample = [
            Stratum(pairs=n, reviewed=m, same=int(draw.hypergeometric(k, n - k, m)), linked=linked)
            for n, k, m, linked in strata
        ]
        for i, ((low, high), truth) in enumerate(
            zip(from_review(sample).intervals(), (tp / 9900, tp / (tp + fn)), strict=True)
        ):
            covered[i] += low <= truth <= high
    assert (covered / 500 >= 0.93).all()
    assert (covered / 500 <= 0.97).all()


def test_a_stratum_without_review_is_refused():
    with pytest.raises(UsageError):
        Stratum(pairs=10, reviewed=0, same=0, linked=True)


def test_an_overlap_is_corrected_by_precision_over_recall():
    assert corrected_overlap(1000, from_review(WORKED)) == pytest.approx(
        1000 * 0.99455 / 0.98204, rel=1e-3
    )


def test_draws_are_combined_by_rubins_rules():
    mean, variance = rubin([10.0, 12.0, 14.0], [1.0, 1.0, 1.0])
    assert (mean, variance) == (12.0, pytest.approx(1 + 4 / 3 * 4))
