"""Tables that several tests need: the baselines of the specification, and long tables as files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest


def long_rows(cells: list[list[int]], hide: set[tuple[int, int]] = frozenset()) -> list[tuple]:  # type: ignore[assignment]
    "A cross table with all its totals as long rows; hidden cells become c."
    rows: list[tuple] = []
    for i, line in enumerate(cells):
        rows += [
            (f"w{i + 1}", f"c{j + 1}", "c" if (i, j) in hide else v) for j, v in enumerate(line)
        ]
        rows.append((f"w{i + 1}", "All", sum(line)))
    rows += [("All", f"c{j + 1}", sum(line[j] for line in cells)) for j in range(len(cells[0]))]
    return [*rows, ("All", "All", sum(map(sum, cells)))]


def write(path: Path, header: list[str], rows: list[tuple]) -> Path:
    "A CSV file."
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def hierarchy(
    localities: int, wards: int, ages: int, categories: int, totals: bool = True
) -> list[tuple]:
    """The baseline of disclosure 5: LA > localities > wards x ages x categories, all margins.

    Counts are Poisson of gamma(1.2, 5), seed 3.
    """
    rng = np.random.default_rng(3)
    counts = rng.poisson(rng.gamma(1.2, 5, size=(localities * wards, ages, categories)))
    rows: list[tuple] = []
    areas = [("All", "All", range(localities * wards))] if totals else []
    areas += (
        [(f"L{m}", "All", range(m * wards, (m + 1) * wards)) for m in range(localities)]
        if totals
        else []
    )
    areas += [(f"L{w // wards}", f"W{w}", range(w, w + 1)) for w in range(localities * wards)]
    for locality, ward, inside in areas:
        part = counts[list(inside)].sum(axis=0)
        for a in range(-1 if totals else 0, ages):
            for c in range(-1 if totals else 0, categories):
                lines = part if a < 0 else part[a : a + 1]
                n = int((lines if c < 0 else lines[:, c : c + 1]).sum())
                rows.append(
                    (locality, ward, "All" if a < 0 else f"a{a}", "All" if c < 0 else f"k{c}", n)
                )
    return rows


HEADER = ["locality", "ward", "age group", "category", "count"]


class Tables:
    "Makes table files in a folder of the test."

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def csv(self, name: str, header: list[str], rows: list[tuple]) -> Path:
        return write(self.folder / f"{name}.csv", header, rows)

    def cross(self, name: str, cells: list[list[int]], hide: set[tuple[int, int]]) -> Path:
        return self.csv(name, ["ward", "category", "count"], long_rows(cells, hide))

    def hierarchy(self, name: str, *shape: int, totals: bool = True) -> Path:
        return self.csv(name, HEADER, hierarchy(*shape, totals=totals))

    def text(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def tables(tmp_path) -> Tables:
    return Tables(tmp_path)
