"""Persons over time: stable ids, and every event can be taken back."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from threecircles.core.errors import UsageError
from threecircles.identity.events import (
    Persons,
    from_json,
    merged,
    relinked,
    split,
    to_json,
    undone,
)


def _ids():
    number = count(1)
    return lambda n, known: [f"P{next(number)}" for _ in range(n)]


def _clusters(*groups: str) -> list[frozenset[str]]:
    return [frozenset(g) for g in groups]


def test_a_cluster_keeps_the_person_with_whom_it_shares_most():
    """identity 5: old P1 = {a, b, c}; {a, b} and {c, d} -> P1 = {a, b}; a new id = {c, d}; one split."""
    ids = _ids()
    old = relinked(Persons(), _clusters("abc"), cause="first", by="test", ids=ids)
    new = relinked(old, _clusters("ab", "cd"), cause="second", by="test", ids=ids)
    assert new.records() == {"P1": frozenset("ab"), "P2": frozenset("cd")}
    assert [e.kind for e in new.events] == ["created", "split"]


def test_a_merge_keeps_the_id_with_more_records_and_an_undo_brings_the_other_back():
    ids = _ids()
    old = relinked(Persons(), _clusters("abc", "d"), cause="first", by="test", ids=ids)
    joined = merged(old, "P2", "P1", cause="reviewer", by="anna")
    assert joined.records() == {"P1": frozenset("abcd")}
    assert joined.events[-1].kind == "merged"
    back = undone(joined, joined.events[-1].id, by="anna")
    assert back.as_bytes() == old.as_bytes()


def test_a_second_linkage_that_finds_the_same_changes_nothing():
    """identity A8"""
    old = relinked(Persons(), _clusters("ab", "c"), cause="first", by="test", ids=_ids())
    assert relinked(old, _clusters("ab", "c"), cause="second", by="test") == old


def test_an_event_under_a_later_one_is_undone_only_after_it():
    ids = _ids()
    state = relinked(Persons(), _clusters("abc"), cause="first", by="test", ids=ids)
    state = split(state, frozenset("c"), cause="reviewer", by="anna", ids=ids)
    with pytest.raises(UsageError, match="Undo event 2 first"):
        undone(state, 1, by="anna")
    with pytest.raises(UsageError, match="undone already"):
        undone(undone(state, 2, by="anna"), 2, by="anna")


def test_any_sequence_leaves_every_record_in_one_person_uses_no_id_twice_and_can_be_undone():
    """identity A7: 1,000 random sequences of link, split, merge and undo."""
    for seed in range(1_000):
        draw, ids, state = np.random.default_rng(seed), _ids(), Persons()
        seen: set[str] = set()
        for _ in range(8):
            before = state
            kind = int(draw.integers(4))
            if kind == 0 or not state.holder:
                labels = draw.integers(0, 4, 7)
                groups = [
                    "".join(r for r, k in zip("abcdefg", labels, strict=True) if k == v)
                    for v in range(4)
                ]
                state = relinked(
                    state, _clusters(*(g for g in groups if g)), cause="link", by="t", ids=ids
                )
            elif kind == 1:
                _person, held = sorted(state.records().items())[0]
                if len(held) > 1:
                    state = split(
                        state, frozenset(sorted(held)[:1]), cause="split", by="t", ids=ids
                    )
            elif kind == 2 and len(state.records()) > 1:
                one, other = sorted(state.records())[:2]
                state = merged(state, one, other, cause="merge", by="t")
            fresh = state.used - before.used
            assert not fresh & seen
            seen |= fresh
            for event in reversed(state.events[len(before.events) :]):
                if draw.random() < 0.5:
                    break
                state = undone(state, event.id, by="t")
            else:
                assert state.as_bytes() == before.as_bytes()
        assert sum(len(r) for r in state.records().values()) == len(state.holder)
        assert from_json(to_json(state)).as_bytes() == state.as_bytes()
        assert from_json(to_json(state)).used == state.used
