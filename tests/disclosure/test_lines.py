"""disclosure A4: cells are given back many at a time, and what a line tells is not asked of a programme."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from threecircles.disclosure import clean_up
from threecircles.disclosure.lines import Lines
from threecircles.disclosure.sums import Sums
from threecircles.disclosure.suppress import Wish, suppress


def two_by_three() -> sp.csc_matrix:
    "Cells 0 1 2 / 3 4 5, open, with their rows and columns."
    lines = [[0, 1, 2], [3, 4, 5], [0, 3], [1, 4], [2, 5]]
    matrix = np.zeros((5, 6))
    for i, cells in enumerate(lines):
        matrix[i, cells] = 1.0
    return sp.csc_matrix(matrix)


def test_a_cell_whose_line_it_shares_with_a_secret_alone_is_not_shown():
    """The cell below the secret one is all that hides it in its column."""
    lines = Lines(two_by_three(), np.array([0]))
    assert not lines.show(3)
    assert not lines.told.any()
    assert lines.left.tolist() == [3, 3, 2, 2, 2]


def test_what_follows_line_by_line_is_told_too():
    """With 1 shown 4 follows; with 2 shown too, 5 and then the secret in the first row."""
    lines = Lines(two_by_three(), np.array([0]))
    assert lines.show(1)
    assert np.flatnonzero(lines.told).tolist() == [1, 4]
    assert not lines.show(2)
    assert np.flatnonzero(lines.told).tolist() == [1, 4]


def test_a_showing_is_taken_back_whole():
    lines = Lines(two_by_three(), np.array([0]))
    lines.show(1)
    lines.take_back()
    assert not lines.told.any()
    assert lines.left.tolist() == [3, 3, 2, 2, 2]


def table(seed: int) -> tuple[Sums, np.ndarray]:
    "Twelve wards by six ages with all totals."
    counts = np.random.default_rng(seed).poisson(9, size=(12, 6))
    whole = np.zeros((13, 7))
    whole[:-1, :-1] = counts
    whole[-1], whole[:, -1] = whole.sum(axis=0), whole.sum(axis=1)
    number = np.arange(whole.size).reshape(whole.shape)
    rows = []
    for line in (*number, *number.T):
        row = np.zeros(whole.size)
        row[line[:-1]], row[line[-1]] = 1.0, -1.0
        rows.append(row)
    ends = np.zeros(whole.size), np.full(whole.size, np.inf)
    return Sums(sp.csr_matrix(np.array(rows)), np.zeros(len(rows)), *ends), whole.ravel()


@pytest.mark.parametrize("seed", range(4))
def test_many_at_a_time_give_back_what_one_by_one_does(seed, monkeypatch):
    """What all can be shown together could be shown one after the other."""
    sums, value = table(seed)
    primary = (value >= 1) & (value <= 5)
    wish = Wish(primary, np.full(value.size, 3.0), 1.0 + np.log1p(value))
    # All but the totals are hidden at first, so that there is much to give back.
    hidden = np.ones(value.size, bool)
    hidden.reshape(13, 7)[-1, :] = hidden.reshape(13, 7)[:, -1] = False
    left = []
    for at_once in (1, 32):
        monkeypatch.setattr(clean_up, "AT_ONCE", at_once)
        own = hidden.copy()
        assert clean_up.give_back(sums, value, own, wish, np.flatnonzero(own & ~primary)) > 20
        left.append(own)
        checked = suppress(sums, value, wish, own & ~primary)
        assert not checked.unsafe.size and (checked.hidden == own).all()
    assert left[0].sum() == left[1].sum()
