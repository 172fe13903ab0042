"""Suppression and attack on tables with hierarchies of two dimensions (disclosure A3, A4).

    python benchmarks/disclosure_suppression.py --size 700      # 725 cells
    python benchmarks/disclosure_suppression.py --size 10000
    python benchmarks/disclosure_suppression.py --size 50000
    python benchmarks/disclosure_suppression.py --smallest 40   # beside the smallest possible

Prints processor seconds, peak memory, and what an attacker recovers before (the rule alone) and after.
"""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
import time
from pathlib import Path

import highspy
import numpy as np
import scipy.sparse as sp

from threecircles.disclosure.attacker import ranges
from threecircles.disclosure.columns import layout_of
from threecircles.disclosure.complete import complete
from threecircles.disclosure.files import read_sheets
from threecircles.disclosure.hiding import _bounded, hide
from threecircles.disclosure.layout import entries
from threecircles.disclosure.linear import Linear
from threecircles.disclosure.profiles import profile
from threecircles.disclosure.sums import parts

SHAPES = {700: (4, 6, 2, 2, 4), 10000: (10, 24, 2, 3, 5), 50000: (20, 45, 2, 4, 5)}
"""Localities, wards in each, age groups of two bands each, categories; the first is near the spec's table."""


def table(
    localities: int, wards: int, bands: int, ages: int, categories: int, seed: int = 3
) -> list[list[object]]:
    """Locality > ward by age group > age by category, all totals; Poisson of gamma(1.2, 5)."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(1.2, 5, size=(localities * wards, bands * ages, categories)))
    areas = [("All", "All", list(range(localities * wards)))]
    areas += [(f"L{m}", "All", list(range(m * wards, (m + 1) * wards))) for m in range(localities)]
    areas += [(f"L{w // wards}", f"W{w}", [w]) for w in range(localities * wards)]
    years = [("All", "All", list(range(bands * ages)))]
    years += [(f"B{b}", "All", list(range(b * ages, (b + 1) * ages))) for b in range(bands)]
    years += [(f"B{a // ages}", f"a{a}", [a]) for a in range(bands * ages)]
    kinds = [("All", list(range(categories))), *((f"k{c}", [c]) for c in range(categories))]
    return [
        [locality, ward, band, age, kind, int(counts[np.ix_(w, a, c)].sum())]
        for locality, ward, w in areas
        for band, age, a in years
        for kind, c in kinds
    ]


def measure(size: int, naive: int) -> None:
    """Print before and after of one table."""
    rule = profile("la-default")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(
                [["locality", "ward", "band", "age", "kind", "count"], *table(*SHAPES[size])]
            )
        start = time.process_time(), time.time()
        sheet = read_sheets([path])[0]
        made = complete(entries(sheet, layout_of(sheet)))
    read = time.process_time() - start[0]
    value, sums = made.value, made.lattice.sums()
    open_ = _bounded(sums, value, np.zeros(value.size, bool))
    primary = rule.hides(value)
    print(f"{value.size:,} cells, {int(primary.sum()):,} small; read {read:.1f} s", flush=True)
    begun = time.process_time()
    hiding = hide(made, rule)
    gone, took = hiding.hidden, time.process_time() - begun
    print(
        f"  {int(gone.sum()):,} hidden ({100 * gone.mean():.1f}%), value {value[gone].sum():,.0f}; "
        f"hide and verify {took:.1f} s of processor time ({time.time() - start[1]:.0f} s wall so far)",
        flush=True,
    )
    shown = open_.showing(value, gone)
    begun = time.process_time()
    ranges(shown, primary, truth=value, enough=np.full(value.size, rule.min_width))
    verified = time.process_time() - begun
    slow = two_each(shown, primary, naive)
    print(
        f"  verify alone {verified:.1f} s; two programmes a small cell {slow:.1f} s "
        f"(from {naive} of them): {slow / max(verified, 1e-9):.1f} times as long",
        flush=True,
    )
    # In tables of tens of thousands of cells only those that look narrow are bounded to the end.
    enough = None if value.size <= 20_000 else np.full(value.size, rule.min_width)
    before = ranges(open_.showing(value, primary), primary, truth=value, enough=enough)
    print(
        f"  rule alone: {int((before.exact & primary).sum()):,} exact, {int((before.width < 3)[primary].sum()):,} narrower than 3",
        flush=True,
    )
    begun = time.process_time()
    after = ranges(shown, gone, truth=value, enough=enough)
    attacked = time.process_time() - begun
    print(
        f"  protected: {int((after.exact & primary).sum()):,} exact, {int((after.width < 3)[primary].sum()):,} narrower than 3; full attack {attacked:.1f} s"
    )
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def two_each(shown, primary, sample: int) -> float:  # type: ignore[no-untyped-def]
    """Processor seconds of two programmes for each small cell, from an even sample."""
    asked = np.flatnonzero(primary)
    chosen = asked[:: max(1, asked.size // sample)]
    wanted = np.zeros(primary.size, bool)
    wanted[chosen] = True
    once = 0.0
    begun = time.process_time()
    for part in parts(shown, wanted):
        program = Linear(
            part.matrix, part.right, part.lower, np.minimum(part.upper, 1e7), many=True
        )
        first = time.process_time()
        program.smallest([0], [0.0])  # the start from nothing is paid once, however many are asked
        once += time.process_time() - first
        for cell in np.flatnonzero(wanted[part.cells]):
            program.smallest([cell], [1.0])
            program.smallest([cell], [-1.0])
    return once + (time.process_time() - begun - once) * asked.size / chosen.size


def smallest(tables: int) -> None:
    """Print hidden cells beside the fewest possible on small random tables."""
    rule = profile("la-default")
    ours = least = solved = 0
    for seed in range(tables):
        rng = np.random.default_rng(seed)
        shape = (int(rng.integers(3, 6)), int(rng.integers(3, 5)))
        counts = rng.poisson(rng.gamma(1.2, 8, size=shape))
        from threecircles.disclosure.layout import Entry
        from threecircles.disclosure.numbers import told

        found = []
        for i in [*range(shape[0]), None]:
            for j in [*range(shape[1]), None]:
                at = tuple(
                    [
                        *([("area", f"w{i}")] if i is not None else []),
                        *([("kind", f"k{j}")] if j is not None else []),
                    ]
                )
                n = int(
                    counts[slice(None) if i is None else i, slice(None) if j is None else j].sum()
                )
                known = told(str(n))
                assert known is not None
                found.append(Entry("t", len(found), "count", at, "count", known))
        made = complete(found)
        best = fewest(made.lattice.sums(), made.value, rule.hides(made.value), rule.min_width)
        if best is None:
            continue
        solved += 1
        ours += int(hide(made, rule).hidden.sum())
        least += best
    print(
        f"{solved} tables solved to the end: {ours} cells hidden, {least} at least ({100 * (ours / least - 1):.1f}% more)"
    )


def fewest(sums, value, primary, width, patience: float = 20.0) -> int | None:  # type: ignore[no-untyped-def]
    """The fewest hidden cells that give each small cell its width: one whole-number programme.

    For each small cell two movements of the table, one up and one down, through hidden cells only.
    """
    n, small = value.size, np.flatnonzero(primary)
    m = 2 * small.size
    most = float(value.max() + width)
    rows, right_low, right_high = [], [], []
    blank = sp.csr_matrix((sums.matrix.shape[0], n))
    for k in range(m):
        rows.append(sp.hstack([blank, *[sums.matrix if j == k else blank for j in range(m)]]))
        right_low += [0.0] * sums.matrix.shape[0]
        right_high += [0.0] * sums.matrix.shape[0]
        for sign in (1.0, -1.0):
            block = [sp.csr_matrix((n, n))] * m
            block[k] = sign * sp.identity(n, format="csr")
            rows.append(sp.hstack([-most * sp.identity(n, format="csr"), *block]))
            right_low += [-np.inf] * n
            right_high += [0.0] * n
    for i, c in enumerate(small):
        line = sp.lil_matrix((1, n * (1 + m)))
        line[0, n * (1 + 2 * i) + c] = 1.0
        line[0, n * (2 + 2 * i) + c] = -1.0
        rows.append(line.tocsr())
        right_low.append(width)
        right_high.append(np.inf)
    matrix = sp.vstack(rows).tocsc()
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_ = np.r_[np.ones(n), np.zeros(n * m)]
    model.col_lower_ = np.r_[primary.astype(float), np.tile(-value, m)]
    model.col_upper_ = np.r_[np.ones(n), np.full(n * m, most)]
    model.row_lower_, model.row_upper_ = np.array(right_low), np.array(right_high)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = (
        matrix.indptr,
        matrix.indices,
        matrix.data,
    )
    model.integrality_ = [highspy.HighsVarType.kInteger] * n + [
        highspy.HighsVarType.kContinuous
    ] * (n * m)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", patience)
    solver.passModel(model)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return round(solver.getInfo().objective_function_value)


def main() -> None:
    """Read the command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--size", type=int, choices=sorted(SHAPES))
    asked.add_argument("--smallest", type=int, metavar="TABLES")
    asked.add_argument(
        "--naive", type=int, default=60, help="small cells timed with two programmes each"
    )
    given = asked.parse_args()
    if given.size:
        measure(given.size, given.naive)
    if given.smallest:
        smallest(given.smallest)


if __name__ == "__main__":
    main()
