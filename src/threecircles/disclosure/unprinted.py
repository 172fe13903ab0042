"""Whether a finding rests on totals that no file prints: those are one only if the tables count the same children.

Without it tables that count a child twice would blind the attacker, or make it cry out at nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from threecircles.disclosure.attack_report import NARROW
from threecircles.disclosure.attacker import Ranges, ranges
from threecircles.disclosure.lattice import Lattice
from threecircles.disclosure.reader_sums import BETWEEN, Row
from threecircles.disclosure.sums import Bools


@dataclass(frozen=True)
class Judged:
    """What is known of each cell. resting: cells that are exact only if unprinted totals are one.

    apart: cells that were looked at without such totals, which contradict what is printed.
    """

    known: Ranges
    resting: Bools
    apart: Bools


def printed_rows(lattice: Lattice) -> list[Row]:
    """The sums among cells that somebody printed."""
    keys = lattice.keys
    sound = [p or keys[at][0].startswith(BETWEEN) for at, p in enumerate(lattice.printed)]
    return [row for row in lattice.rows if sound[row[0]] and all(sound[c] for c in row[1])]


def judged(lattice: Lattice, known: Ranges, hidden: Bools, enough: np.ndarray) -> Judged:
    """Findings by all sums, held against those by printed sums alone.

    known: by all sums. hidden: the printed cells that are asked about. enough: widths at which they are
    left alone.
    """
    nobody = np.zeros(hidden.size, bool)
    rows = printed_rows(lattice)
    if len(rows) == len(lattice.rows):
        return Judged(known, nobody, nobody)
    sums = replace(lattice, rows=rows).sums()
    blind = hidden & known.contradictory
    exact = hidden & known.exact & ~blind
    bare = ranges(sums, exact, enough=np.full(hidden.size, NARROW))
    resting = exact & ~bare.exact & ~bare.contradictory
    if not blind.any():
        return Judged(known, resting, nobody)
    other = ranges(sums, blind, enough=enough)
    apart = blind & ~other.contradictory
    together = Ranges(
        low=np.where(apart, other.low, known.low),
        high=np.where(apart, other.high, known.high),
        sure_low=np.where(apart, other.sure_low, known.sure_low),
        sure_high=np.where(apart, other.sure_high, known.sure_high),
        solves=known.solves + bare.solves + other.solves,
        contradictory=known.contradictory & ~apart,
    )
    return Judged(together, resting, apart)
