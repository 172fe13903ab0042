"""Counts of two tables that are equal in every place and that nobody declared (disclosure A1).

python benchmarks/disclosure_links.py WORKSPACE WORKSPACE ...   (two places or more; true figures, so keep what it says inside)

python benchmarks/disclosure_links.py --sums WORKSPACE ...   (three or more of other sizes: cells that are two or three others together)

Compares each cell, and each table's sum along a dimension, with those of other children or other
quantities. Equal in every place, on four children or more, is no chance: the pair is declared in
disclosure_profiles/relations.csv or linked_tables.csv, or it is explained below.
"""

from __future__ import annotations

import sys
from itertools import combinations, islice, product
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import lsqr

from threecircles.core.tables import read_measured
from threecircles.core.workspace import open_workspace
from threecircles.disclosure.cast import cast, children_of, declared_names, quantities, same_names
from threecircles.disclosure.linked_tables import links_among
from threecircles.disclosure.profiles import profile
from threecircles.disclosure.protecting import is_covered
from threecircles.disclosure.rights.held import stored

LEAST = 4
FAR = 100
"""Somewhere a cell must count so many, for sums to be no chance."""

MOST_WAYS = 20
"""Ways of saying a sum with cells that are equal everywhere that are held against the known ones."""

SUM = "(sum)"

EXPLAINED = (
    ("spend|", "", "the base of spend is all children who live here, which is published"),
    ("spend|", "children-living-here|", "all children who live here"),
    ("source-records|", "", "a source with one row for each child; small counts are hidden in both"),
    ("pupils-9-16|", "pupils-9-16|", "bases: how many children answered stands in every line, and is no secret"),
    ("children-with-a-sign|share of children|helped_early_365:with", "children-with-a-sign|share of children|helped_early_90:with",
     "no made-up child with this sign is helped between 90 and 365 days"),
    ("children-with-a-sign|share of children|waiting_365:with", "children-with-a-sign|share of children|waiting_90:with",
     "no made-up child with this sign is helped between 90 and 365 days"),
    ("children-with-a-sign|share of children|helped_early", "children-with-a-sign|share of children|statutory_first:count",
     "who came first is asked of all who were helped; with this sign only early help was first"),
)  # fmt: skip
"""How both cells begin in words, and why they are equal."""


def cells(workspace):
    """The true cells of a run: (children without the period, quantity, group) -> value."""
    tables = [read_measured(s.path) for s in stored(open_workspace(Path(workspace))) if s.measured]
    named, found, parts = {}, {}, {}
    for table in filter(is_covered, tables):
        children = children_of(table.spec).rpartition("|")[0]
        for q in quantities(table):
            named.setdefault(children, {}).setdefault(q.name, {}).update(q.values)
    for children, own in named.items():
        alias = declared_names(same_names(own), own)
        for name, values in own.items():
            for group, value in values.items():
                found[f"{children}|", alias[name], group] = value
                for d, _ in group:
                    rest = frozenset(p for p in group if p[0] != d)
                    if rest not in values:
                        parts.setdefault((f"{children}|", alias[name], rest | {(d, SUM)}), []).append(value)  # fmt: skip
    return found | {key: sum(own) for key, own in parts.items() if len(own) > 1}


def undeclared(places):
    """Pairs of cells that are equal in every place, but for what is declared or explained."""
    common = set(places[0]).intersection(*places[1:])
    told = {key: key for key in common}
    for one, other in links_among(common):
        if len(one) == len(other) == 1:
            old, new = told[one[0]], told[other[0]]
            told = {key: new if kept == old else kept for key, kept in told.items()}
    same = {}
    for key in sorted(common, key=said):
        values = tuple(p[key] for p in places)
        if min(values) >= LEAST:
            same.setdefault(values, []).append(key)
    for values, keys in same.items():
        for a, b in combinations(keys, 2):
            if a[:2] != b[:2] and told[a] != told[b] and not why(a, b):
                yield a, b, values


def why(a, b):
    """The reason that is given above for a pair; empty when none is."""
    both = ((said(a), said(b)), (said(b), said(a)))
    return next((r for x, y, r in EXPLAINED if any(p.startswith(x) and q.startswith(y) for p, q in both)), "")  # fmt: skip


def said(key):
    """A cell in words."""
    children, quantity, group = key
    return f"{children}{quantity} {' '.join(f'{d}={v}' for d, v in sorted(group))}"


def sums_of_others(workspaces):
    """Cells of one table that are two cells of others in every place, or three totals of others.

    What follows from the sums that protection reckons with is left out.
    """
    made = [known_sums(w) for w in workspaces]
    common = [key for key in made[0][0] if all(key in m[0] for m in made[1:])]
    value = np.array([[m[1][m[0][key]] for m in made] for key in common])
    large = (value.min(axis=1) >= LEAST) & (value.max(axis=1) >= FAR)
    # The base of spend is all children who live here: every sum of residents would be found again.
    some = [
        i
        for i in np.flatnonzero(large)
        if len(common[i][2]) <= 1 and not common[i][0].startswith("spend|")
    ]
    tops = [i for i in some if not common[i][2]]
    for several, size in ((some, 2), (tops, 3)):
        for whole, *parts in matching(value, several, size):
            keys = [common[i] for i in (whole, *parts)]
            # A cell that is equal to another in every place is told of by the search for pairs.
            alike = [
                [k for k, v in zip(common, value, strict=True) if (v == value[i]).all()]
                for i in parts
            ]
            ways = [(keys[0], *way) for way in islice(product(*alike), MOST_WAYS)]
            if len({key[:2] for key in keys}) > 1 and not any(
                follows(m, way) for way in ways for m in made
            ):
                yield keys, value[whole]


def known_sums(workspace):
    """The cells of a run by number, their values, and the sums among them that protection knows."""
    tables = [read_measured(s.path) for s in stored(open_workspace(Path(workspace))) if s.measured]
    made = cast([t for t in tables if is_covered(t)], lambda _: profile("la-default"))
    sums, value, *_ = made.problem()
    number = {(f"{c.rpartition('|')[0]}|", q, g): at for (c, q, g), at in made.register.number.items()}  # fmt: skip
    # What is nought is shown as nought, and tells no sum from a shorter one.
    return number, value, (sp.diags((value > 0).astype(float)) @ sums.matrix.T).tocsr()


def matching(value, several, size):
    """(whole, parts...) whose values add up in every place, looked up by one random sum of a row's values."""
    weight = np.random.default_rng(1).integers(1, 2**40, value.shape[1])
    mixed = value.astype(np.int64) @ weight
    own = np.array(several)
    order = own[np.argsort(mixed[own])]
    for few in combinations(several, size - 1):
        wanted = mixed[own] + mixed[list(few)].sum()
        place = np.searchsorted(mixed[order], wanted)
        for at in np.flatnonzero(mixed[order[np.minimum(place, order.size - 1)]] == wanted):
            last, whole = int(own[at]), int(order[place[at]])
            if last > max(few) and (value[[*few, last]].sum(axis=0) == value[whole]).all():
                yield whole, *few, last


def follows(made, keys):
    """True when a sum is made up of known ones."""
    number, _, known = made
    asked = np.zeros(known.shape[0])
    asked[number[keys[0]]] = -1.0
    for key in keys[1:]:
        asked[number[key]] += 1.0
    return np.abs(known @ lsqr(known, asked, atol=1e-10, btol=1e-10)[0] - asked).max() < 1e-4


if __name__ == "__main__":
    if sys.argv[1] == "--sums":
        lines = [f"{said(w)} = {' + '.join(map(said, p))}  {v}" for (w, *p), v in sums_of_others(sys.argv[2:])]  # fmt: skip
        print("\n".join([*lines, f"{len(lines)} undeclared sums of two or three cells"]))
        sys.exit(bool(lines))
    made = [cells(w) for w in sys.argv[1:]]
    found = list(undeclared(made))
    for a, b, values in found:
        print(f"{said(a)} = {said(b)}  {values}")
    print(f"{len(found)} undeclared equalities in {len(made)} places")
    sys.exit(bool(found))
