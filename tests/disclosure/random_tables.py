"""Random full tables and a second attacker, written apart from the product's, that judges its work."""

from __future__ import annotations

import csv
import itertools
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

GONE = {"c", "*", "^"}
NAMES = ("area", "sex", "age group", "category")
HEADINGS = ("count", "n", "children", "Number of children", "value")


@dataclass(frozen=True)
class Line:
    "One printed count. cells: the finest cells it is the sum of."

    labels: tuple[str, ...]
    value: int
    cells: tuple[int, ...]


@dataclass(frozen=True)
class Random:
    "Tables of one set of children. counts: the finest cells."

    header: tuple[str, ...]
    tables: tuple[tuple[Line, ...], ...]
    counts: np.ndarray


def random_tables(seed: int, dims: int | None = None) -> Random:
    "One to three tables (all, or some dimensions summed over) of 1-4 dimensions, some with hierarchies."
    pick = random.Random(seed)
    rng = np.random.default_rng(seed)
    dims = dims or pick.choice([1, 2, 2, 3, 3, 4])
    totals = pick.choice(["all", "all", "all", "none", "grand", "one level", "margins"])
    levels, header, sizes = [], [], []
    for d in range(dims):
        nested = (
            pick.choice([None, "columns", "column" if totals == "all" else None])
            if d == 0
            else None
        )
        names, own = _levels(pick, d, nested)
        header += names
        sizes.append(1 + max(i for _, cells, _ in own for i in cells))
        levels.append(own)
    counts = rng.poisson(
        rng.gamma(pick.choice([0.6, 1.2, 2.0]), pick.choice([3, 5, 12]), size=sizes)
    )
    lines = [
        line
        for chosen in itertools.product(*levels)
        if _kept(totals, [level for *_, level in chosen])
        for line in [_line(chosen, counts)]
    ]
    tables = [lines]
    if totals == "all" and dims > 1 and pick.random() < 0.4:
        # Linked tables: each leaves out a dimension of its own, and shares the totals with the others.
        tables = [[x for x in lines if x.labels[-1 - k] == "All"] for k in range(min(2, dims - 1))]
        tables.append([x for x in lines if x.labels[0] == "All"])
    return Random(tuple([*header, pick.choice(HEADINGS)]), tuple(map(tuple, tables)), counts)


def _levels(pick: random.Random, d: int, nested: str | None) -> tuple[list[str], list[tuple]]:
    "Column names, and (labels, places, level) of each value of a dimension; level 0 is the finest."
    if not nested:
        n = pick.randint(2, 4 if d < 2 else 3)
        own = [((f"{'wxyz'[d]}{i}",), (i,), 0) for i in range(n)]
        return [NAMES[d]], [*own, (("All",), tuple(range(n)), 2)]
    per = [m for m in range(pick.randint(2, 3)) for _ in range(pick.randint(1, 3))]
    groups = {m: tuple(i for i, x in enumerate(per) if x == m) for m in per}
    n = tuple(range(len(per)))
    if nested == "columns":
        own = [((f"L{m}", f"w{i}"), (i,), 0) for i, m in enumerate(per)]
        own += [((f"L{m}", "All"), inside, 1) for m, inside in groups.items()]
        return ["locality", "ward"], [*own, (("All", "All"), n, 2)]
    own = [((f"w{i}",), (i,), 0) for i in n] + [
        ((f"L{m}",), inside, 1) for m, inside in groups.items()
    ]
    return ["area"], [*own, (("All",), n, 2)]


def _kept(totals: str, levels: list[int]) -> bool:
    finest, top = not any(levels), all(x == 2 for x in levels)
    if totals == "none":
        return finest
    if totals == "grand":
        return finest or top
    if totals == "one level":
        return not any(levels[1:])
    if totals == "margins":
        return finest or top or sum(1 for x in levels if x == 0) == 1
    return True


def _line(chosen: tuple, counts: np.ndarray) -> Line:
    inside = np.zeros(counts.shape, bool)
    inside[np.ix_(*[list(places) for _, places, _ in chosen])] = True
    labels = tuple(label for labels, *_ in chosen for label in labels)
    return Line(labels, int(counts[inside].sum()), tuple(np.flatnonzero(inside.ravel()).tolist()))


def write_tables(made: Random, folder: Path) -> list[Path]:
    "The tables as CSV files."
    paths = []
    for i, lines in enumerate(made.tables):
        path = folder / f"t{i}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([made.header, *[(*x.labels, x.value) for x in lines]])
        paths.append(path)
    return paths


def read_shown(path: Path) -> list[float | None]:
    "The counts of a protected table in order; None where hidden."
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [None if r[-1] in GONE else float(r[-1]) for r in rows]


def bounds(
    lines: list[Line], shown: list[float | None], cells: int, half: float = 0.0
) -> dict[tuple[int, ...], tuple[float, float]]:
    "Least and greatest value of each hidden group, two programmes each over the finest cells."
    matrix = sp.lil_matrix((len(lines), cells))
    for i, x in enumerate(lines):
        matrix[i, list(x.cells)] = 1
    matrix = matrix.tocsr()
    known = [i for i, s in enumerate(shown) if s is not None]
    right = np.array([shown[i] for i in known], float)
    told = matrix[known]
    if half:
        limits = {"A_ub": sp.vstack([told, -told]), "b_ub": np.r_[right + half, half - right]}
    else:
        limits = {"A_eq": told, "b_eq": right}
    if not known:
        limits = {}
    found = {}
    for i, s in enumerate(shown):
        if s is None and lines[i].cells not in found:
            aim = matrix[i].toarray()[0]
            ends = [
                linprog(sign * aim, bounds=(0, None), method="highs", **limits) for sign in (1, -1)
            ]
            low, high = (e.fun if e.status == 0 else -np.inf for e in ends)
            found[lines[i].cells] = (low, -high)
    return found


def enumerate_bounds(
    lines: list[Line], shown: list[float | None], cells: int, most: int
) -> dict[tuple[int, ...], tuple[int, int]]:
    "The same by trying every table of whole numbers up to `most` a cell: for small tables only."
    grids = np.array(list(itertools.product(range(most + 1), repeat=cells)))
    fits = np.ones(len(grids), bool)
    for x, s in zip(lines, shown, strict=True):
        if s is not None:
            fits &= grids[:, list(x.cells)].sum(axis=1) == s
    left = grids[fits]
    return {
        x.cells: (int(sums.min()), int(sums.max()))
        for x, s in zip(lines, shown, strict=True)
        if s is None
        for sums in [left[:, list(x.cells)].sum(axis=1)]
    }
