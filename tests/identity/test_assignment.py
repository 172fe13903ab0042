"""One to one between two sources, and persons over many under constraints."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.identity.assign import assigned
from threecircles.identity.clusters import clustered
from threecircles.identity.rescore import Constants
from threecircles.identity.resolve import persons_at


def _edges(*rows):
    return pl.DataFrame(
        rows,
        schema={"unit_l": pl.Int64, "unit_r": pl.Int64, "w_adjusted": pl.Float64},
        orient="row",
    )


def _chosen(*rows, threshold=0.0):
    return {
        (a, b) for a, b in assigned(_edges(*rows), threshold).select("unit_l", "unit_r").iter_rows()
    }


def test_the_best_total_wins_over_the_best_single_pair():
    """A greedy choice of 9 would leave 1; two pairs of 8 and 7 are better."""
    assert _chosen((1, 11, 9.0), (1, 12, 8.0), (2, 11, 7.0), (2, 12, 1.0)) == {(1, 12), (2, 11)}


def test_an_edge_below_the_threshold_is_no_choice():
    assert _chosen((1, 11, 2.0), (2, 12, -1.0), threshold=0.0) == {(1, 11)}


def test_two_choices_within_a_bit_are_a_tie():
    """identity 4: to review, not to a coin."""
    assert assigned(_edges((1, 11, 5.0), (1, 12, 4.5)), 0.0)["tie"].to_list() == [True]
    assert assigned(_edges((1, 11, 5.0), (1, 12, 3.0)), 0.0)["tie"].to_list() == [False]
    crossed = _edges((1, 11, 5.0), (2, 12, 5.0), (1, 12, 5.0), (2, 11, 4.6))
    assert assigned(crossed, 0.0)["tie"].all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(0.01, 20), min_size=4, max_size=4), min_size=4, max_size=4))
def test_the_assignment_is_the_best_of_all(weights):
    rows = [(i, 10 + j, weights[i][j]) for i in range(4) for j in range(4)]
    total = assigned(_edges(*rows), 0.0)["w_adjusted"].sum()
    best = max(sum(weights[i][p[i]] for i in range(4)) for p in permutations(range(4)))
    assert abs(total - best) < 1e-6


def _records(sources, births=None):
    n = len(sources)
    return pl.DataFrame(
        {
            "rid": list(range(n)), "unit": list(range(n)), "src": sources, "dup": [False] * n,
            "dob": births or ["2012-01-05"] * n,
        }
    )  # fmt: skip


def _links(*rows):
    return pl.DataFrame(
        rows, schema={"rid_l": pl.Int64, "rid_r": pl.Int64, "w_adjusted": pl.Float64}, orient="row"
    )


def test_a_chain_never_joins_two_records_of_one_source():
    part, refused = clustered(_records([0, 1, 2, 0]), _links((0, 1, 9.0), (1, 2, 8.0), (2, 3, 7.0)))
    assert part[0] == part[1] == part[2] != part[3]
    assert refused.tolist() == [False, False, True]


def test_records_kept_apart_are_never_joined_by_any_path():
    """identity A6: a cannot-link holds along chains too."""
    apart = pl.DataFrame({"rid_l": [0], "rid_r": [2]})
    part, _ = clustered(_records([0, 1, 2]), _links((0, 1, 9.0), (1, 2, 8.0)), apart)
    assert part[0] == part[1] != part[2]


def test_births_that_differ_in_all_parts_are_never_joined():
    part, _ = clustered(
        _records([0, 1, 2], ["2012-01-05", None, "2009-11-23"]), _links((0, 1, 9.0), (1, 2, 8.0))
    )
    assert part[0] == part[1] != part[2]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_no_person_ever_holds_two_records_of_one_source(seed):
    draw = np.random.default_rng(seed)
    sources = sorted(draw.integers(0, 4, 14).tolist())
    pairs = {
        (int(a), int(b))
        for a, b in draw.integers(0, 14, (30, 2))
        if a < b and sources[a] != sources[b]
    }
    part, _ = clustered(
        _records(sources), _links(*((a, b, float(draw.random())) for a, b in sorted(pairs)))
    )
    for person in set(part):
        held = [s for s, p in zip(sources, part, strict=True) if p == person]
        assert len(held) == len(set(held))


def _joined(threshold, **fields):
    """Band of one pair of two sources whose fields are given, at a threshold."""
    records = pl.DataFrame(
        {"rid": [0, 1], "src": [0, 1], "source": ["school", "health"], "dup": [False, False],
         "dob": ["2014-05-03"] * 2, "unit": [0, 1]}
    )  # fmt: skip
    pair = {
        "rid_l": 0, "rid_r": 1, "w": 30.0, "cap": 9.0, "gamma_first_name": 2, "gamma_birth": 3,
        "visible": 0, "rule": "co-twin-cap", "barred": False,
    } | fields  # fmt: skip
    pair["w_adjusted"] = min(pair["w"], pair["cap"] if pair["cap"] is not None else pair["w"])
    constants = Constants((8.0, 1.0, 0.0), (0.0,) * 5, (0.0, 0.0), (0.0, 0.0), 0, 0.02, 0, ())
    _, edges, person = persons_at(records, pl.DataFrame([pair]), constants, threshold)
    assert (person[0] == person[1]) == edges["accepted"].item()
    return edges["band"].item() if edges["accepted"].item() else "apart"


def test_careful_asks_more_where_the_rival_is_a_child_born_together():
    """identity A2, 4.6: .95 of strangers, .999 of co-twins with another first name; never fewer links
    for statistics."""
    assert _joined(0.95) == "apart" and _joined(0.3) == "linked_doubtful"
    for enough in (
        {"cap": 10.5},
        {"gamma_first_name": 4},
        {"gamma_birth": 2, "rule": "sibling-cap"},
        {"cap": None, "w": 9.0, "rule": "score"},
        {"rule": "same-identifier"},
    ):
        assert _joined(0.95, **enough) == _joined(0.3, **enough) == "linked"
    assert _joined(0.95, rule="same-identifier", visible=1) == "apart"
    assert _joined(0.95, cap=3.0, gamma_first_name=4) == "apart"
