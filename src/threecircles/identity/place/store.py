"""What must outlive a run: persons and their events, reviewers' answers, and what is sealed.

One encrypted file on the identity side. Sealed pairs (adoption, witness protection, refuge) are
never shown, never bridged and not to be undone by a review.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

import polars as pl

from threecircles.core import keys
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.workspace import Workspace, write_bytes
from threecircles.identity import events
from threecircles.identity.events import Persons

_NAME = "identity-store"
Answer = Literal["same", "different", "cannot_tell", "needs_source"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A person's answer about two records (named source|key). It stands above scores until it expires."""

    record_l: str
    record_r: str
    answer: Answer
    reason: str
    by: str
    at: str
    expires: str | None = None


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Two sets of records that may never be one person, whatever they say."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    since: str
    by: str


@dataclass(frozen=True)
class Store:
    """persons with their events, decisions in order of time, seals, restricted records."""

    persons: Persons = field(default_factory=Persons)
    decisions: tuple[Decision, ...] = ()
    seals: tuple[Seal, ...] = ()
    restricted: frozenset[str] = frozenset()


def load(workspace: Workspace | None) -> Store:
    """The store of a workspace; an empty one where nothing was linked yet."""
    if workspace is None or not _path(workspace).exists():
        return Store()
    raw = json.loads(keys.unseal(_path(workspace).read_bytes(), workspace.key(), _NAME))
    return Store(
        events.from_json(json.dumps(raw["persons"]).encode()),
        tuple(Decision(**d) for d in raw["decisions"]),
        tuple(
            Seal(**{**s, "before": tuple(s["before"]), "after": tuple(s["after"])})
            for s in raw["seals"]
        ),
        frozenset(raw["restricted"]),
    )


def save(workspace: Workspace | None, store: Store) -> None:
    """Write the store, sealed; without a workspace there is nothing to keep."""
    if workspace is None:
        return
    raw = {
        "persons": json.loads(events.to_json(store.persons)),
        "decisions": [asdict(d) for d in store.decisions],
        "seals": [asdict(s) for s in store.seals],
        "restricted": sorted(store.restricted),
    }
    sealed = keys.seal(json.dumps(raw, sort_keys=True).encode(), workspace.key(), _NAME)
    write_bytes(_path(workspace), sealed)


def sealed(
    store: Store, before: Iterable[str], after: Iterable[str], *, by: str, since: date
) -> Store:
    """The store with an adoption (or other new identity): old records, new records, from a day.

    Both persons become restricted; no link, review, merge or undo joins them again.
    """
    old, new = tuple(sorted(before)), tuple(sorted(after))
    if set(old) & set(new):
        raise UsageError("A record cannot belong to both identities.")
    seal = Seal(before=old, after=new, since=since.isoformat(), by=by)
    return replace(store, seals=(*store.seals, seal), restricted=store.restricted | {*old, *new})


def decided(store: Store, decisions: Iterable[Decision]) -> Store:
    """The store with reviewers' answers. Raises NotPermitted for a pair that is not theirs to decide."""
    hidden, taken = _sealed_pairs(store), tuple(decisions)
    for decision in taken:
        if (
            frozenset((decision.record_l, decision.record_r)) in hidden
            and decision.answer == "same"
        ):
            raise NotPermitted("One answer concerns records that are not open for review.")
    return replace(store, decisions=(*store.decisions, *taken))


def undone(store: Store, event_id: int, *, by: str) -> Store:
    """The store with an event taken back; the next linkage does not make it again."""
    before = store.persons
    after = events.undone(before, event_id, by=by)
    last = after.events[-1]
    hidden = _sealed_pairs(store)
    answers = []
    touched = sorted(last.changes)
    for record in touched:
        for other in sorted(after.holder):
            joined, was = (
                after.holder.get(record) == after.holder[other],
                before.holder.get(record) == before.holder.get(other),
            )
            if record != other and joined != was and frozenset((record, other)) not in hidden:
                answers.append(
                    Decision(
                        record_l=min(record, other), record_r=max(record, other), answer="same" if joined else "different",
                        reason=f"undo of event {event_id}", by=by, at=datetime.now(UTC).isoformat(timespec="seconds"),
                    )
                )  # fmt: skip
    _check_sealed(after, hidden)
    return replace(store, persons=after, decisions=(*store.decisions, *dict.fromkeys(answers)))


def pairs(store: Store, rid_of: dict[str, int], today: date) -> dict[str, pl.DataFrame]:
    """`apart`, `together` and `sealed` pairs as rid_l, rid_r for the ladder; later answers win."""
    answers: dict[tuple[int, int], str] = {}
    for d in store.decisions:
        if (
            d.record_l in rid_of
            and d.record_r in rid_of
            and not (d.expires and d.expires < today.isoformat())
        ):
            one, two = sorted((rid_of[d.record_l], rid_of[d.record_r]))
            answers[one, two] = d.answer
    hidden = {
        (min(rid_of[a], rid_of[b]), max(rid_of[a], rid_of[b]))
        for a, b in (tuple(p) for p in _sealed_pairs(store))
        if a in rid_of and b in rid_of
    }
    apart = {p for p, answer in answers.items() if answer == "different"} | hidden
    together = {p for p, answer in answers.items() if answer == "same"} - hidden
    return {"apart": _frame(apart), "together": _frame(together), "sealed": _frame(hidden)}


def _sealed_pairs(store: Store) -> set[frozenset[str]]:
    return {frozenset((a, b)) for s in store.seals for a in s.before for b in s.after}


def _check_sealed(persons: Persons, hidden: set[frozenset[str]]) -> None:
    for pair in hidden:
        one, two = sorted(pair)
        if one in persons.holder and persons.holder[one] == persons.holder.get(two):
            raise NotPermitted("This event cannot be undone.")


def _frame(found: set[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(sorted(found), schema={"rid_l": pl.Int64, "rid_r": pl.Int64}, orient="row")


def _path(workspace: Workspace) -> Any:
    return workspace.path / "identity" / "store" / "persons.sealed"
