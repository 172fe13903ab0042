"""What outlives a run: ids, answers, and seals that nothing bridges."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted
from threecircles.identity.ladder import climbed
from threecircles.identity.place import store
from threecircles.identity.place.store import Decision, Store
from threecircles.identity.records import link_records
from threecircles.identity.request import LinkRequest, LinkSource

DAY = date(2026, 3, 31)


def _children(*rows: tuple[str, ...]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Records source|id of sources a, b and c: (source, id, first, surname, born, uprn, upn)."""
    names = ("record_id", "first_name", "surname", "date_of_birth", "uprn", "upn")
    tables = {
        s: pl.DataFrame(
            [r[1:] for r in rows if r[0] == s], schema=dict.fromkeys(names, pl.String), orient="row"
        )
        for s in sorted({r[0] for r in rows})
    }
    plain = {n: n for n in names[1:5]}
    sources = tuple(
        LinkSource(name=s, file="", record_id="record_id", identifiers={"upn": "upn"}, **plain)
        for s in tables
    )
    records = link_records(LinkRequest(sources=sources, fictitious=True, as_of=DAY), tables)
    return records, {
        f"{s}|{k}": rid for rid, s, k in records.select("rid", "source", "record_id").iter_rows()
    }


OLD = ("Lily", "Barker", "2014-06-09", "100001", "B001201123003")
ROWS = (("a", "1", *OLD), ("b", "1", *OLD), ("b", "2", *OLD), ("c", "1", *OLD))


def _person(kept: Store) -> list[int]:
    records, rid_of = _children(*ROWS)
    known = store.pairs(kept, rid_of, DAY)
    ladder = climbed(
        records,
        0.3,
        repeats={"a": False, "b": True, "c": False},
        apart=known["apart"],
        together=known["together"],
    )
    return [int(ladder.person[rid_of[name]]) for name in ("a|1", "b|1", "b|2", "c|1")]


def _adopted() -> Store:
    return store.sealed(
        Store(), ["a|1", "b|1"], ["b|2", "c|1"], by="officer", since=date(2024, 5, 1)
    )


def test_without_a_seal_records_that_agree_in_everything_are_one_child():
    assert len(set(_person(Store()))) == 1


def test_an_adoption_is_bridged_by_no_name_number_or_address():
    """identity A6: same names, birth, UPN and UPRN on both sides of the order."""
    a1, b1, b2, c1 = _person(_adopted())
    assert a1 not in (b2, c1)
    assert b1 not in (b2, c1)


def test_an_answer_in_review_does_not_bridge_an_adoption():
    """identity A6: review import."""
    answer = Decision(
        record_l="a|1", record_r="c|1", answer="same", reason="", by="anna", at="2026-01-01"
    )
    with pytest.raises(NotPermitted):
        store.decided(_adopted(), [answer])
    sneaked = Store(decisions=(answer,), seals=_adopted().seals)
    a1, _, b2, c1 = _person(sneaked)
    assert a1 not in (b2, c1)


def test_an_undo_does_not_bridge_an_adoption():
    """identity A6: the split that the order made is not to be taken back."""
    from threecircles.identity import events

    before = events.relinked(
        events.Persons(), [frozenset(("a|1", "b|1", "b|2", "c|1"))], cause="link", by="t"
    )
    after = events.relinked(
        before, [frozenset(("a|1", "b|1")), frozenset(("b|2", "c|1"))], cause="order", by="t"
    )
    kept = Store(persons=after, seals=_adopted().seals)
    with pytest.raises(NotPermitted):
        store.undone(kept, after.events[-1].id, by="anna")


def test_a_refusal_says_nothing_of_the_child():
    answer = Decision(
        record_l="a|1", record_r="c|1", answer="same", reason="", by="anna", at="2026-01-01"
    )
    with pytest.raises(NotPermitted) as caught:
        store.decided(_adopted(), [answer])
    assert "a|1" not in str(caught.value)
    assert "adopt" not in str(caught.value).casefold()


def test_both_sides_of_a_seal_are_restricted():
    assert _adopted().restricted == {"a|1", "b|1", "b|2", "c|1"}


def test_a_reviewers_answer_outlives_linking_until_it_expires():
    answer = Decision(
        record_l="a|1",
        record_r="c|1",
        answer="different",
        reason="two cousins",
        by="anna",
        at="2025-01-01",
        expires="2026-12-31",
    )
    a1, _, _, c1 = _person(store.decided(Store(), [answer]))
    assert a1 != c1
    old = Decision(**{**answer.__dict__, "expires": "2025-12-31"})
    a1, _, _, c1 = _person(store.decided(Store(), [old]))
    assert a1 == c1


def test_an_undone_merge_is_not_made_again_by_the_next_linkage():
    from threecircles.identity import events

    one = events.relinked(
        events.Persons(), [frozenset(("a|1",)), frozenset(("c|1",))], cause="link", by="t"
    )
    two = events.relinked(one, [frozenset(("a|1", "c|1"))], cause="link", by="t")
    kept = store.undone(Store(persons=two), two.events[-1].id, by="anna")
    assert kept.persons.holder == one.holder
    a1, _, _, c1 = _person(kept)
    assert a1 != c1


def test_the_store_is_sealed_on_disk_and_comes_back_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_IDENTITY_KEY", "11" * 32)
    workspaces.create(tmp_path / "w", fictitious=True)
    opened = workspaces.open_workspace(tmp_path / "w", "identity")
    kept = _adopted()
    store.save(opened, kept)
    assert store.load(opened) == kept
    raw = b"".join(p.read_bytes() for p in (tmp_path / "w").rglob("*") if p.is_file())
    assert b"officer" not in raw
    with pytest.raises(NotPermitted):
        store.load(workspaces.open_workspace(tmp_path / "w", "payload"))
