"""Records alike in everything: compared once where they are one entry, left alone where nobody can tell."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.identity.assign import LARGEST, assigned
from threecircles.identity.crowds import set_apart


def _list(n: int, born: str = "2014-05-06") -> str:
    head = "id | first | surname | born | sex | postcode\n"
    return head + "\n".join(f"x{i} | Test | Entry | {born} | M | LS1 4AP" for i in range(n))


_OTHERS = """
    y1 | Aisha | Bello | 2013-02-03 | F | LS2 7AB
    y2 | Jan | Nowak | 2012-11-30 | M | LS3 1CD
    y3 | Mary | Hill | 2015-07-19 | F | LS6 2EF"""


def test_an_entry_written_two_thousand_times_is_one_and_makes_no_millions_of_pairs(linked):
    found = linked(a=_list(2_000) + _OTHERS, repeats=("a",))
    assert found == {frozenset(f"x{i}" for i in range(2_000))}
    assert len(linked.result.link_edge) < 3_000


def test_many_who_are_alike_in_a_list_without_repeats_are_left_unlinked_and_counted(linked):
    """Nothing tells whose record is whose: no coin is thrown, and the reader is told."""
    found = linked(a=_list(40) + _OTHERS, b=_list(40).replace("x", "z") + _OTHERS.replace("y", "w"))
    assert found == {frozenset({f"y{i}", f"w{i}"}) for i in (1, 2, 3)}
    assert any("40 records cannot be told apart" in p for p in linked.result.problems)


def test_a_few_of_one_name_are_compared_as_ever(linked):
    linked(a=_list(3) + _OTHERS, b=_list(3).replace("x", "z"))
    crowds = set_apart(linked.result.ladder.records)
    assert len(crowds.compared) == len(linked.result.ladder.records)
    assert crowds.follows.is_empty() and not crowds.left_out


def test_a_component_too_large_to_solve_is_cut_and_gives_only_ties():
    """Edges that are all alike have no weakest one; the cut must still end."""
    n = LARGEST // 2 + 1
    left, right = np.repeat(np.arange(n), 3), np.tile(np.arange(3), n) + n
    right = np.concatenate([right[:-3], [n + 3, n + 4, n]])
    edges = pl.DataFrame({"unit_l": left, "unit_r": right, "w_adjusted": np.full(len(left), 5.0)})
    wide = pl.DataFrame({"unit_l": np.arange(n), "unit_r": np.arange(n) + 2 * n, "w_adjusted": np.full(n, 5.0)})  # fmt: skip
    given = assigned(pl.concat([edges, wide]), 0.0)
    assert given["tie"].all() and len(given) >= n
    assert given["unit_l"].is_unique().all() and given["unit_r"].is_unique().all()
