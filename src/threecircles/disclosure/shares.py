"""What percentages and rates tell of the counts behind them: 33.3% of 12 is 4, hidden or not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from threecircles.disclosure.lattice import Key, Lattice
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.numbers import Told

SCALES = (100.0, 1.0, 1_000.0, 10_000.0, 100_000.0)
"""Per hundred first: most shares are percentages; a rate says per how many by its size."""


def share_bounds(entries: Sequence[Entry], lattice: Lattice) -> list[str]:
    """Narrow hidden counts by the shares printed beside them; returns what was found, in words.

    The denominator is a column of its own, or a total of the same table when every shown share fits it.
    """
    found = []
    for column in sorted({h for e in entries for h, _ in e.shares}):
        rows = [(e, s) for e in entries for h, s in e.shares if h == column]
        shown = [(e, s) for e, s in rows if e.told.value is not None and s.value is not None]
        hidden = [(e, s) for e, s in rows if e.told.hidden and s.value is not None]
        if not hidden:
            continue
        if (half := _half_of_rounding(rows, shown)) is not None:
            for e, s in hidden:
                lattice.cell(
                    (e.quantity, e.at), max(0.0, np.ceil(s.low - half)), np.floor(s.high + half)
                )
            found.append(f"{column} narrows {len(hidden)} hidden counts, being the same rounded")
            continue
        for label, base_of in _bases(entries, lattice):
            scale = _scale(shown, base_of)
            if scale is None:
                continue
            told = 0
            for e, s in hidden:
                base = base_of(e)
                if base is None or base <= 0:
                    continue
                low, high = count_range(s, base, scale)
                lattice.cell((e.quantity, e.at), low, high)
                told += 1
            if told:
                found.append(f"{column} gives away {told} hidden counts, being shares of {label}")
            break
    return found


def _half_of_rounding(
    rows: Sequence[tuple[Entry, Told]], shown: Sequence[tuple[Entry, Told]]
) -> float | None:
    """How far the figures of a column can be from the counts they round; None when they are no rounded counts."""
    figures = [s.value for _, s in rows if s.value is not None]
    if len(shown) < 3 or not all(float(v).is_integer() for v in figures):
        return None
    base = math.gcd(*(int(v) for v in figures))
    apart = [abs(s.low - e.told.low) for e, s in shown]
    if base < 3 or max(apart) >= base or not any(apart):
        return None
    return base / 2 if max(apart) <= base / 2 else base - 1.0


def count_range(share: Told, base: float, scale: float) -> tuple[float, float]:
    """The counts that a printed share of a base leaves possible, as whole numbers."""
    half = 0.5 * 10.0**-share.decimals
    low, high = base * (share.low - half) / scale, base * (share.high + half) / scale
    return float(max(0.0, np.ceil(low - 1e-9))), float(np.floor(high + 1e-9))


def _bases(entries: Sequence[Entry], lattice: Lattice):  # type: ignore[no-untyped-def]
    yield "the denominator in the same line", lambda e: None if e.base is None else e.base.value
    dimensions = sorted({d for e in entries for d, _ in e.at})
    for size in range(1, len(dimensions) + 1):
        for summed in combinations(dimensions, size):
            yield f"the total over {', '.join(summed)}", _total_over(summed, lattice)


def _total_over(summed: Sequence[str], lattice: Lattice):  # type: ignore[no-untyped-def]
    def base(e: Entry) -> float | None:
        key: Key = (e.quantity, tuple(p for p in e.at if p[0] not in summed))
        at = lattice.number.get(key)
        if at is None or key[1] == e.at or lattice.high[at] - lattice.low[at] > 0:
            return None
        return lattice.low[at]

    return base


def _scale(shown: Sequence[tuple[Entry, Told]], base_of) -> float | None:  # type: ignore[no-untyped-def]
    """The scale at which every shown share fits its count and base; percent when nothing is shown."""
    tried = [(e.told.low, s, b) for e, s in shown if (b := base_of(e)) is not None and b > 0]
    if not tried:
        return 100.0 if any(base_of(e) for e, _ in shown) or not shown else None
    return fitting_scale(tried)


def fitting_scale(tried: Sequence[tuple[float, Told, float]]) -> float | None:
    """The scale at which every share fits its count and base: (count, share, base) triples."""
    for scale in SCALES:
        fits = [
            abs(s.low - scale * count / base) <= 0.5 * 10.0**-s.decimals + 1e-9
            for count, s, base in tried
        ]
        if all(fits) and (len(fits) >= 2 or scale == SCALES[0]):
            return scale
    return None
