"""disclosure A2: random tables released one after another, and small ones protected and tried by brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.disclosure.random_tables import (
    Line,
    bounds,
    enumerate_bounds,
    random_tables,
    read_shown,
    write_tables,
)

from threecircles.core.errors import NotPermitted
from threecircles.disclosure.protect_file import protect_file

WIDTH = 3
LINKED = [seed for seed in range(260) if len(random_tables(seed, 2).tables) > 1]
"""Places of which two tables or more are released, of two dimensions each place."""


def one_after_another(seed: int, folder: Path, dims: int):
    "Each table protected beside the safe copies of those before; those that are refused stay in."
    made = random_tables(seed, dims)
    out: list[Path] = []
    lines, shown = [], []
    for number, path in enumerate(write_tables(made, folder)):
        safe = folder / f"safe{number}.csv"
        try:
            protect_file(path, "la-default", safe, earlier=out)
        except NotPermitted:
            continue
        out.append(safe)
        lines += made.tables[number]
        shown += read_shown(safe)
    return made, lines, shown, len(out)


def judge(seed: int, folder: Path, dims: int) -> int:
    "Nothing that any release hides follows from all of them; small counts keep their width."
    made, lines, shown, released = one_after_another(seed, folder, dims)
    told = {x.cells for x, s in zip(lines, shown, strict=True) if s is not None}
    values = {x.cells: x.value for x in lines}
    for cells, (low, high) in bounds(lines, shown, made.counts.size).items():
        if 1 <= values[cells] <= 5:
            assert cells not in told, (seed, cells)
            assert high - low >= WIDTH - 1e-6, (seed, cells, low, high)
    return released


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_releases_one_after_another_give_nothing_away(first, tmp_path):
    """disclosure A2: two or three releases of one place, the later protected beside the earlier."""
    released = 0
    for seed in LINKED[first : first + 10]:
        (tmp_path / str(seed)).mkdir()
        released += judge(seed, tmp_path / str(seed), 2)
    assert released > 12


def small(seed: int) -> tuple[np.ndarray, list[Line]]:
    "Two by two cells, or a list of four, with all totals."
    rng = np.random.default_rng(seed)
    shape = (2, 2) if seed % 2 else (1, 4)
    counts = rng.poisson(3.0, size=shape)
    lines = []
    for a in (0, 1, None) if shape[0] == 2 else (None,):
        for b in (*range(shape[1]), None):
            inside = np.zeros(shape, bool)
            inside[slice(None) if a is None else a, slice(None) if b is None else b] = True
            labels = ("All" if a is None else f"w{a}", "All" if b is None else f"k{b}")
            lines.append(Line(labels, int(counts[inside].sum()), tuple(np.flatnonzero(inside.ravel()).tolist())))  # fmt: skip
    return counts, lines


@pytest.mark.parametrize("seed", range(16))
def test_no_table_of_whole_numbers_tells_what_was_protected(seed, tmp_path):
    """disclosure A2: by brute force, over every table that fits what is shown."""
    counts, lines = small(seed)
    rows = [",".join([*x.labels, str(x.value)]) for x in lines]
    (tmp_path / "t.csv").write_text("ward,kind,count\n" + "\n".join(rows) + "\n")
    try:
        protect_file(tmp_path / "t.csv", "la-default", tmp_path / "safe.csv")
    except NotPermitted:
        return
    shown = read_shown(tmp_path / "safe.csv")
    most = int(counts.sum()) + WIDTH
    if sum(s is None for s in shown):
        found = enumerate_bounds(lines, shown, counts.size, most)
        values = {x.cells: x.value for x in lines}
        for cells, (low, high) in found.items():
            assert high > low, (seed, cells)
            assert not 1 <= values[cells] <= 5 or high - low >= WIDTH, (seed, cells, low, high)
