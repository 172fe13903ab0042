"""Which cells of full tables are hidden: the rule, what it leaves over, and what would give it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from threecircles.core.errors import NotPermitted
from threecircles.core.rounding import round_to
from threecircles.disclosure.attacker import ranges
from threecircles.disclosure.complete import Complete
from threecircles.disclosure.lattice import words
from threecircles.disclosure.linear import TINY, Floats
from threecircles.disclosure.profiles import Profile
from threecircles.disclosure.sums import Bools, Sums
from threecircles.disclosure.suppress import Wish, suppress

TOTALS_COST = 10.0
"""How much dearer hiding a total is than hiding one of its parts."""

RETRIES = 3
"""How often cells that rounding leaves narrow are protected by hiding more, before all are."""


MOST_SMALL = 5_000
"""Small counts of a table without totals, in three dimensions or more, up to which a pattern is sought: with every
total known each hangs together with all others, and twice as many do not end within minutes."""

ENTWINED = 3
"""Dimensions from which that is so; lists of one or two are protected however long they are."""


@dataclass(frozen=True)
class Hiding:
    """hidden, primary: of each cell. why: reasons of primary cells that the rule's band does not give."""

    hidden: Bools
    primary: Bools
    why: dict[int, str]


def hide(
    made: Complete,
    rule: Profile,
    *,
    also: dict[int, str] | None = None,
    width: dict[int, float] | None = None,
) -> Hiding:
    """The cells to hide so that no small count can be worked out to within the profile's width.

    also: cells that are primary for a reason of their own. width: wider needs of single cells.
    What earlier tables show cannot be hidden any more. Raises NotPermitted when there is no safe pattern.
    """
    why = dict(also or {})
    value, sums = made.value, made.lattice.sums()
    public = made.public
    primary = rule.hides(value) & ~public & ~made.nobody & ~made.guessed
    primary[[c for c in why if not public[c]]] = True
    _refuse_endless(made, primary)
    if rule.complement:
        sums, value, primary = _complements(made, rule, sums, value, primary)
    need = np.full(value.size, rule.min_width)
    for c, w in (width or {}).items():
        need[c] = max(need[c], w)
    n = made.value.size
    if not rule.secondary:
        return Hiding(primary[:n], primary[:n], why)
    more = value.size - n
    unprinted = np.r_[~np.array(made.lattice.printed, bool), np.ones(more, bool)]
    fixed = np.r_[public | made.nobody | made.implied, np.zeros(more, bool)] & ~primary
    totals = np.r_[made.totals, np.zeros(more, bool)]
    cost = (1.0 + np.log1p(np.maximum(value, 0.0))) * np.where(totals, TOTALS_COST, 1.0)
    wish = Wish(primary, need, cost)
    hidden = _pattern(sums, value, wish, unprinted & ~fixed, fixed, rule)
    if hidden is None and made.implied.any():
        # Totals that are not in the file can be kept back too, where nothing else helps.
        fixed = np.r_[public | made.nobody, np.zeros(more, bool)] & ~primary
        hidden = _pattern(
            sums,
            value,
            wish,
            unprinted & ~fixed & ~np.r_[made.implied, np.zeros(more, bool)],
            fixed,
            rule,
        )
    if hidden is None:
        weak = _weak(_bounded(sums, value, fixed), value, ~fixed, wish)
        keys = made.lattice.keys
        raise NotPermitted(
            "This table cannot be made safe.",
            found="; ".join(words(keys[c][1]) for c in np.flatnonzero(weak) if c < n)
            or "what is left over of its totals",
            mend="Show fewer areas or coarser ages, leave out a total, or round instead of hiding (--round 5).",
        )
    return Hiding(hidden[:n], primary[:n], why)


def _refuse_endless(made: Complete, primary: Bools) -> None:
    """Say so at once where the search would not end while somebody waits."""
    dimensions = max((len(group) for _, group in made.lattice.keys), default=0)
    small = int(primary.sum())
    if made.implied.any() and dimensions >= ENTWINED and small > MOST_SMALL:
        raise NotPermitted(
            "This table holds too many small counts to be protected at once.",
            found=f"{small:,} small counts in {dimensions} dimensions, and no totals, so all totals are taken to be known",
            allowed=f"{MOST_SMALL:,} small counts, or two dimensions of any length",
            mend="Take coarser ages or fewer categories, leave out a dimension, or divide by larger areas.",
        )


def _bounded(sums: Sums, value: Floats, fixed: Bools) -> Sums:
    """What readers know before anything is shown: nothing is below nought, and some is known anyway."""
    return replace(
        sums,
        lower=np.where(fixed, value, 0.0),
        upper=np.where(fixed, value, np.inf),
    )


def _pattern(
    sums: Sums, value: Floats, wish: Wish, hidden: Bools, fixed: Bools, rule: Profile
) -> Bools | None:
    """The hidden cells, or None when nothing protects some primary cell."""
    bounded = _bounded(sums, value, fixed)
    if rule.rounds_all:
        return _rounded(bounded, value, wish, hidden, fixed, rule)
    pattern = suppress(bounded, value, wish, hidden)
    return None if pattern.unsafe.size else pattern.hidden


def _rounded(
    sums: Sums, value: Floats, wish: Wish, hidden: Bools, fixed: Bools, rule: Profile
) -> Bools | None:
    """Where the rest is rounded each shown figure is a range, and little more has to be hidden."""
    base = int(rule.round_base or 1)
    near = np.array([round_to(float(v), base) for v in value], float)
    below, above = base // 2, (base + 1) // 2 - 1
    gone = wish.primary | hidden
    want = np.zeros(value.size, bool)
    for _ in range(RETRIES):
        known = replace(
            sums,
            lower=np.where(gone | fixed, sums.lower, np.maximum(0.0, near - below)),
            upper=np.where(gone | fixed, sums.upper, near + above),
        )
        weak = _weak(known, value, wish.primary, wish)
        if not weak.any():
            return gone
        want |= weak
        pattern = suppress(sums, value, Wish(want, wish.width, wish.cost), gone)
        gone = pattern.hidden
    pattern = suppress(sums, value, wish, gone)
    return None if pattern.unsafe.size else pattern.hidden


def _weak(known: Sums, value: Floats, asked: Bools, wish: Wish) -> Bools:
    found = ranges(known, asked & wish.primary, truth=value, enough=wish.width)
    with np.errstate(invalid="ignore"):
        wide = found.sure_high - found.sure_low >= wish.width - TINY
    return np.asarray(asked & wish.primary & ~wide)


def _complements(
    made: Complete, rule: Profile, sums: Sums, value: Floats, primary: Bools
) -> tuple[Sums, Floats, Bools]:
    """Cells for what is left of a whole without one part, where that would be hidden by the rule.

    Always of a denominator; of every other total where the profile asks for it. What is left over
    of two parts is the other, which is a cell already.
    """
    wholes = [(whole, p) for whole, p in made.pairs if not made.totals[whole]]
    if rule.every_complement:
        wholes += [
            (whole, p) for whole, parts in made.lattice.rows if len(parts) > 2 for p in parts
        ]
    left = np.array([value[whole] - value[p] for whole, p in wholes])
    small = (left > 0) & rule.hides(left)
    rests = [(*pair, float(r)) for pair, r, gone in zip(wholes, left, small, strict=True) if gone]
    if not rests:
        return sums, value, primary
    n, m = value.size, len(rests)
    import scipy.sparse as sp

    at = np.repeat(np.arange(m), 3)
    where = np.array([[whole, part, n + i] for i, (whole, part, _) in enumerate(rests)]).ravel()
    coefficient = np.tile([-1.0, 1.0, 1.0], m)
    lower = sp.csr_matrix((coefficient, (at, where)), shape=(m, n + m))
    upper = sp.hstack([sums.matrix, sp.csr_matrix((sums.matrix.shape[0], m))])
    value = np.r_[value, [rest for _, _, rest in rests]]
    wider = Sums(
        sp.vstack([upper, lower]).tocsr(), np.r_[sums.right, np.zeros(m)], np.r_[sums.lower, np.zeros(m)],
        np.r_[sums.upper, np.full(m, np.inf)],
    )  # fmt: skip
    return wider, value, np.r_[primary, np.ones(m, bool)]


def whole_groups(made: Complete, groups: Sequence[str], rule: Profile) -> dict[int, str]:
    """Answers that nobody or everybody in a group gave: dimension names of sensitive items -> cells.

    Groups of at least group_full_min children are left alone: there it says little of each.
    """
    found: dict[int, str] = {}
    keys, value = made.lattice.keys, made.value
    for whole, parts in made.lattice.rows:
        inside = {d for d, _ in keys[whole][1]}
        own = {d for p in parts for d, _ in keys[p][1]} - inside
        if not own & set(groups) or not 0 < value[whole] < rule.group_full_min:
            continue
        for p in parts:
            if value[p] == 0:
                found[p] = "nobody in the group gave this answer"
            elif value[p] == value[whole]:
                found[p] = "everybody in the group gave this answer"
    return found
