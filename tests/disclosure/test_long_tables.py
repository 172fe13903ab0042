"""Long tables are protected in pieces: what no whole programme proved must stand up to a second attacker."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from tests.disclosure.random_tables import Line, bounds, read_shown

from threecircles.core.errors import NotPermitted
from threecircles.disclosure import hiding
from threecircles.disclosure.adding_up import by_adding
from threecircles.disclosure.attack_files import attack_files
from threecircles.disclosure.attacker import ranges
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.numbers import told
from threecircles.disclosure.pieces import Pieces
from threecircles.disclosure.protect_file import protect_file
from threecircles.disclosure.sums import Sums
from threecircles.disclosure.together import MANY


def table(folder: Path, shape: tuple[int, ...], mean: float = 6.0):  # type: ignore[no-untyped-def]
    "A long table without totals, and its counts."
    counts = np.random.default_rng(5).poisson(mean, size=shape)
    names = ("ward", "age", "need")[: len(shape)]
    rows = [[*(f"{n[0]}{i}" for n, i in zip(names, at, strict=True)), int(counts[at])] for at in np.ndindex(*shape)]  # fmt: skip
    with (folder / "long.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*names, "count"], *rows])
    return folder / "long.csv", counts


def test_hundreds_of_small_counts_moved_together_do_not_come_back(tmp_path):
    """disclosure A2: every total is known to the second attacker, as the product takes it to be."""
    path, counts = table(tmp_path, (30, 6, 6), mean=4.0)
    small = (counts >= 1) & (counts <= 5)
    assert small.sum() > MANY
    protect_file(path, "la-default", tmp_path / "out.csv")
    shown = read_shown(tmp_path / "out.csv")
    assert all(s is None for s, own in zip(shown, small.ravel(), strict=True) if own)
    number = np.arange(counts.size).reshape(counts.shape)
    lines = [Line((), int(v), (i,)) for i, v in enumerate(counts.ravel())]
    for axes in itertools.chain.from_iterable(
        itertools.combinations(range(3), k) for k in (1, 2, 3)
    ):
        totals = np.moveaxis(number, axes, range(len(axes))).reshape(
            -1, *np.delete(counts.shape, axes)
        )
        for cells in totals.reshape(totals.shape[0], -1).T:
            inside = tuple(int(c) for c in cells)
            value = int(counts.ravel()[list(inside)].sum())
            lines.append(Line((), value, inside))
            shown.append(float(value) if not 1 <= value <= 5 else None)
    asked = [i for i, own in enumerate(small.ravel()) if own][::60]
    for i in asked:
        only = [s if s is not None or j == i else -1.0 for j, s in enumerate(shown)]
        kept = [
            (x, None if s is None else s) for x, s in zip(lines, only, strict=True) if s != -1.0
        ]
        found = bounds([x for x, _ in kept], [s for _, s in kept], counts.size)
        low, high = found[(i,)]
        assert high - low >= 3 - 1e-6, (i, low, high)


def test_a_list_of_thousands_is_protected_as_one_sum(tmp_path):
    """disclosure A4: 6,000 wards in one column hide their small counts and nothing else."""
    path, counts = table(tmp_path, (6000,))
    report = protect_file(path, "la-default", tmp_path / "out.csv")
    assert report.secondary == 0
    assert report.primary == int(((counts >= 1) & (counts <= 5)).sum())


def test_what_would_not_end_is_refused_before_it_is_begun(tmp_path, monkeypatch):
    """disclosure A4: too many small counts in three dimensions without totals; two dimensions go on as ever."""
    monkeypatch.setattr(hiding, "MOST_SMALL", 50)
    monkeypatch.setattr(hiding, "suppress", None)
    path, _ = table(tmp_path, (30, 6, 6), mean=4.0)
    with pytest.raises(NotPermitted, match="small counts in 3 dimensions") as refused:
        protect_file(path, "la-default", tmp_path / "out.csv")
    assert "coarser ages" in str(refused.value)
    assert not (tmp_path / "out.csv").exists()
    monkeypatch.undo()
    monkeypatch.setattr(hiding, "MOST_SMALL", 50)
    path, counts = table(tmp_path, (40, 6), mean=4.0)
    assert ((counts >= 1) & (counts <= 5)).sum() > 50
    assert protect_file(path, "la-default", tmp_path / "out.csv").primary > 50


def test_figures_of_a_long_list_are_not_taken_for_sums_of_what_follows_them():
    """A list of small counts meets the running sum of its neighbours all the time, by chance."""
    counts = np.random.default_rng(2).poisson(6, size=400)
    families, left = by_adding("ward", [f"w{i}" for i in range(400)], listed(counts), complete=True)
    assert families == []
    assert len(left) == 400


def test_regions_with_their_districts_below_them_are_found_in_a_long_list():
    """Where nearly every figure belongs to one above it, the list is made up of them."""
    rng = np.random.default_rng(2)
    counts: list[int] = []
    for _ in range(12):
        own = rng.poisson(9, size=5) + 1
        counts += [int(own.sum()), *map(int, own)]
    families, left = by_adding("area", [f"w{i}" for i in range(72)], listed(counts), complete=True)
    assert {(f.parent, len(f.parts)) for f in families} == {(f"w{i}", 5) for i in range(0, 72, 6)}
    assert len(left) == 12


def listed(counts):  # type: ignore[no-untyped-def]
    "Entries of one line."
    known = [told(str(int(n))) for n in counts]
    own = "ward" if len(counts) == 400 else "area"
    return [Entry("t", i, "count", ((own, f"w{i}"),), "count", k) for i, k in enumerate(known)]


def test_a_movement_that_breaks_a_sum_is_not_believed():
    """What suppression hands to the attacker is checked there: a wrong movement proves nothing."""
    sums = Sums(
        sp.csr_matrix(np.ones((1, 3))), np.array([9.0]), np.zeros(3), np.array([np.inf] * 3)
    )
    value = np.array([2.0, 3.0, 4.0])
    shown = sums.showing(value, np.array([True, True, False]))
    wrong = [(np.array([0]), np.array([5.0])), (np.array([0, 2]), np.array([2.0, -2.0]))]
    found = ranges(
        shown, np.array([True, False, False]), truth=value, enough=np.full(3, 9.0), moves=wrong
    )
    assert (found.sure_low[0], found.sure_high[0]) == (0.0, 5.0)
    assert found.high[0] == 5.0


def test_pieces_hold_every_cell_that_is_asked_for():
    """Wards are the clusters of a table of wards by ages, and each asked cell lies in a piece."""
    wards, ages = 60, 5
    cell = np.arange(wards * ages).reshape(wards, ages)
    rows = [*cell, *cell.T]
    at = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    matrix = sp.csc_matrix((np.ones(at.size), (at, np.concatenate(rows))))
    cut = Pieces(matrix, np.array([len(r) for r in rows]), size=40)
    assert all(len({cut.label[c] for c in ward}) == 1 for ward in cell)
    open_ = np.zeros(wards * ages, bool)
    open_[::7] = True
    drawn = np.concatenate(list(cut.draw(np.random.default_rng(1), open_)))
    assert set(np.flatnonzero(open_)) <= set(drawn)
    assert np.unique(drawn).size == drawn.size


def written(folder: Path, lines: list[str]) -> list[str]:
    "The lines of the safe copy of a table."
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    protect_file(folder / "t.csv", "la-default", folder / "safe.csv")
    return (folder / "safe.csv").read_text(encoding="utf-8").splitlines()


def test_a_rounded_copy_of_the_counts_goes_with_them(tmp_path):
    """Hidden 1 to 5 beside "rounded 0" would be 1 or 2; the column is no second count either."""
    counts = {"Abbey": 2, "Brook": 14, "Castle": 4, "Dene": 27, "Edge": 8}
    lines = ["Ward,Children,To the nearest 5", *(f"{w},{n},{5 * round(n / 5)}" for w, n in counts.items())]  # fmt: skip
    safe = written(tmp_path, [*lines, f"Total,{sum(counts.values())},55"])
    assert safe[1] == "Abbey,c,c"
    assert safe[3] == "Castle,c,c"
    assert safe[4] == "Dene,27,25"
    assert safe[-1] == "Total,55,55"


def test_a_table_that_goes_on_below_a_blank_line_is_read_to_its_end(tmp_path):
    """Half a table protected would be half a table released, and nobody told."""
    lines = ["Ward,Children", "Abbey,2", "", "Brook,14", ",", "Castle,4", "Dene,27", "Total,47", "", "Source: our own,2 files"]  # fmt: skip
    safe = written(tmp_path, lines)
    assert safe == ["Ward,Children", "Abbey,c", "Brook,14", "Castle,c", "Dene,27", "Total,47"]


def test_the_attacker_reads_the_rounded_column_beside_hidden_counts(tmp_path):
    """A hidden count whose rounding is 0 is at most 2, whatever the rule says that hid it."""
    lines = ["Ward,Children,To the nearest 5", "Abbey,c,0", "Brook,14,15", "Castle,c,5", "Dene,27,25", "Edge,8,10"]  # fmt: skip
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = {f.group["ward"]: f for f in attack_files([tmp_path / "t.csv"]).hidden}
    assert (found["Abbey"].low, found["Abbey"].high) == (0, 2)
    assert (found["Castle"].low, found["Castle"].high) == (3, 7)
