"""Tables nobody thought of: what the product protects is attacked by a second attacker and by trying all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.disclosure.random_tables import (
    bounds,
    enumerate_bounds,
    random_tables,
    read_shown,
    write_tables,
)

from threecircles.disclosure.attack_files import attack_files
from threecircles.disclosure.protect_file import protect_file

WIDTH = 3


def protect_random(seed: int, folder: Path, dims: int | None = None):  # type: ignore[no-untyped-def]
    "The tables, their lines, and what is shown of them after protection."
    made = random_tables(seed, dims)
    paths = write_tables(made, folder)
    out = folder / "safe"
    several = len(paths) > 1
    protect_file(paths, "la-default", out if several else out / "t0.csv")
    lines = [x for table in made.tables for x in table]
    shown = [s for i in range(len(paths)) for s in read_shown(out / f"t{i}.csv")]
    return made, lines, shown, out


def judge(seed: int, folder: Path, dims: int | None = None) -> None:
    "Nothing small is shown, nothing is changed, nothing is exact, no small count narrower than the width."
    made, lines, shown, _ = protect_random(seed, folder, dims)
    fate: dict[tuple[int, ...], set[bool]] = {}
    for x, s in zip(lines, shown, strict=True):
        assert s == x.value or (s is None), (seed, x)
        assert s is None or not 1 <= x.value <= 5, (seed, x)
        fate.setdefault(x.cells, set()).add(s is None)
    assert all(len(f) == 1 for f in fate.values()), (seed, "one cell has two fates")
    values = {x.cells: x.value for x in lines}
    for cells, (low, high) in bounds(lines, shown, made.counts.size).items():
        assert high - low > 0.5, (seed, cells, low, high)
        assert not 1 <= values[cells] <= 5 or high - low >= WIDTH - 1e-6, (seed, cells, low, high)


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_nothing_comes_back_from_random_tables(first, tmp_path):
    """disclosure A2: 60 of the random tables; all thousand in the slow test."""
    for seed in range(first, first + 10):
        folder = tmp_path / str(seed)
        folder.mkdir()
        judge(seed, folder, dims=3 if seed % 10 == 9 else 1 + seed % 2)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(60, 1000, 94))
def test_nothing_comes_back_from_a_thousand_random_tables(first, tmp_path):
    """disclosure A2: 0 exact recoveries, by a second attacker's linear programmes."""
    for seed in range(first, first + 94):
        folder = tmp_path / str(seed)
        folder.mkdir()
        judge(seed, folder)


@pytest.mark.parametrize("seed", range(8))
def test_trying_all_tables_finds_nothing_that_the_attacker_misses(seed, tmp_path):
    """disclosure A2: small tables of 2 x 2 and 2 x 3 cells, some cells hidden by chance."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 5, size=(2, int(rng.integers(2, 4))))
    lines, rows = [], []
    from tests.disclosure.random_tables import Line

    for a in (0, 1, None):
        for b in [*range(cells.shape[1]), None]:
            inside = np.zeros(cells.shape, bool)
            inside[slice(None) if a is None else a, slice(None) if b is None else b] = True
            labels = ("All" if a is None else f"w{a}", "All" if b is None else f"k{b}")
            lines.append(
                Line(
                    labels, int(cells[inside].sum()), tuple(np.flatnonzero(inside.ravel()).tolist())
                )
            )
    shown = [None if rng.random() < 0.45 else float(x.value) for x in lines]
    shown[-1] = float(lines[-1].value)
    rows = [
        ",".join([*x.labels, "c" if s is None else f"{s:g}"])
        for x, s in zip(lines, shown, strict=True)
    ]
    (tmp_path / "t.csv").write_text("ward,kind,count\n" + "\n".join(rows) + "\n")
    report = attack_files([tmp_path / "t.csv"])
    told = {(f.group.get("ward", "All"), f.group.get("kind", "All")): f for f in report.hidden}
    truth = enumerate_bounds(
        lines, shown, cells.size, int(lines[-1].value) if cells.size < 6 else 8
    )
    for x, s in zip(lines, shown, strict=True):
        if s is None:
            low, high = truth[x.cells]
            found = told[x.labels]
            if low == high and (cells.size < 6 or lines[-1].value <= 8):
                assert found.exact and found.low == low, (seed, x)
            assert found.low <= low and (found.high is None or found.high >= high), (seed, x)
