"""Persons over time: without a log of events no wrong join could be taken back.

A state is which record is which person, and the events that made it. Nothing is ever rewritten: a
new linkage, a reviewer's merge or split and an undo are events, each reversible by its id.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from threecircles.core.errors import UsageError
from threecircles.identity.persons import fresh_ids

Kind = Literal["created", "merged", "split", "closed", "reopened", "moved"]


@dataclass(frozen=True, kw_only=True)
class PersonEvent:
    """What happened to persons. changes: record -> (person before, person after), None for none.

    kind: created (new records), merged, split, closed (person left without records), reopened (by an
    undo), moved (records changed hands without a merge or split).
    """

    id: int
    at: str
    kind: Kind
    from_ids: tuple[str, ...]
    to_ids: tuple[str, ...]
    cause: str
    by: str
    changes: dict[str, tuple[str | None, str | None]]
    undoes: int | None = None
    reversible_until: str | None = None


@dataclass(frozen=True)
class Persons:
    """holder: record -> person. used: every id ever given. events: in order of time."""

    holder: Mapping[str, str] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    events: tuple[PersonEvent, ...] = ()

    def records(self) -> dict[str, frozenset[str]]:
        """person -> its records."""
        found: dict[str, set[str]] = defaultdict(set)
        for record, person in self.holder.items():
            found[person].add(record)
        return {p: frozenset(r) for p, r in found.items()}

    def as_bytes(self) -> bytes:
        """The state (not its history) as canonical bytes."""
        return json.dumps(dict(sorted(self.holder.items()))).encode()


Ids = Callable[[int, frozenset[str]], list[str]]


def _random_ids(n: int, known: frozenset[str]) -> list[str]:
    return fresh_ids(n, None, known)


def relinked(
    state: Persons,
    clusters: list[frozenset[str]],
    *,
    cause: str,
    by: str,
    ids: Ids = _random_ids,
    at: str = "",
) -> Persons:
    """The state after a linkage found these clusters of records.

    Each cluster keeps the id of the old person with whom it shares most records (tie: the older id);
    the rest get new ids, never used before. Records in no cluster keep their person.
    """
    age = {person: i for i, person in enumerate(dict.fromkeys(_in_order_of_giving(state)))}
    claims = []
    for number, cluster in enumerate(clusters):
        shared = Counter(state.holder[r] for r in cluster if r in state.holder)
        claims += [(-n, age.get(person, len(age)), number, person) for person, n in shared.items()]
    kept: dict[int, str] = {}
    taken: set[str] = set()
    for _, _, number, person in sorted(claims):
        if number not in kept and person not in taken:
            kept[number] = person
            taken.add(person)
    wanting = [n for n in range(len(clusters)) if n not in kept]
    kept.update(zip(wanting, ids(len(wanting), state.used), strict=True))
    after = {r: kept[n] for n, cluster in enumerate(clusters) for r in cluster}
    return _changed(state, after, cause, by, at)


def merged(state: Persons, one: str, other: str, *, cause: str, by: str, at: str = "") -> Persons:
    """The state with two persons made one; the id with more records stays (tie: the older)."""
    held = state.records()
    for person in (one, other):
        if person not in held:
            raise UsageError("There is no such person now.", found=person)
    if one == other:
        raise UsageError("A person cannot be merged with itself.")
    order = {p: i for i, p in enumerate(_in_order_of_giving(state))}
    stays, goes = sorted((one, other), key=lambda p: (-len(held[p]), order.get(p, 0)))
    return _changed(state, dict.fromkeys(held[goes], stays), cause, by, at)


def split(
    state: Persons,
    records: frozenset[str],
    *,
    cause: str,
    by: str,
    ids: Ids = _random_ids,
    at: str = "",
) -> Persons:
    """The state with these records of one person given a new person of their own."""
    holders = {state.holder.get(r) for r in records}
    if len(holders) != 1 or None in holders:
        raise UsageError("The records to be split off must all belong to one person.")
    return _changed(state, dict.fromkeys(records, ids(1, state.used)[0]), cause, by, at)


def undone(state: Persons, event_id: int, *, by: str, at: str = "") -> Persons:
    """The state with an event taken back.

    Raises UsageError when a later event touched the same records: that one has to be undone first.
    """
    event = next((e for e in state.events if e.id == event_id), None)
    if event is None:
        raise UsageError("There is no such event.", found=str(event_id))
    taken_back = {e.undoes for e in state.events if e.undoes is not None}
    if event_id in taken_back:
        raise UsageError("This event has been undone already.", found=str(event_id))
    if event.reversible_until and (at or _now()) > event.reversible_until:
        raise UsageError(
            "This event can no longer be undone.",
            found=f"reversible until {event.reversible_until}",
        )
    for later in state.events:
        lives = later.id not in taken_back and later.undoes is None
        if later.id > event_id and lives and later.changes.keys() & event.changes.keys():
            raise UsageError(
                "A later event touched the same records.", found=f"event {later.id} ({later.kind})",
                mend=f"Undo event {later.id} first.",
            )  # fmt: skip
    back = {record: before for record, (before, _) in event.changes.items()}
    return _changed(state, back, f"undo of event {event_id}", by, at, undoes=event_id)


def _changed(
    state: Persons,
    after: Mapping[str, str | None],
    cause: str,
    by: str,
    at: str,
    undoes: int | None = None,
) -> Persons:
    """One event for each group of persons that exchanged records; unchanged records make none."""
    moves = {r: (state.holder.get(r), p) for r, p in after.items() if state.holder.get(r) != p}
    holder = dict(state.holder)
    for record, (_, person) in moves.items():
        if person is None:
            holder.pop(record, None)
        else:
            holder[record] = person
    new_state = replace(
        state, holder=holder, used=state.used | {p for _, p in moves.values() if p is not None}
    )
    still_held = set(holder.values())
    events = list(state.events)
    groups = [moves] if undoes is not None and moves else list(_grouped(moves))
    for changes in groups:
        before = sorted({b for b, _ in changes.values() if b is not None})
        to = sorted({a for _, a in changes.values() if a is not None})
        kind = "reopened" if undoes is not None else _kind(before, to, still_held)
        events.append(
            PersonEvent(
                id=len(events) + 1, at=at or _now(), kind=kind, from_ids=tuple(before), to_ids=tuple(to),
                cause=cause, by=by, changes=dict(sorted(changes.items())), undoes=undoes,
            )
        )  # fmt: skip
    return replace(new_state, events=tuple(events))


def _grouped(
    moves: dict[str, tuple[str | None, str | None]],
) -> list[dict[str, tuple[str | None, str | None]]]:
    """Changes that hang together through a person, each group in order."""
    parent: dict[str, str] = {}

    def find(x: str) -> str:
        while parent.setdefault(x, x) != x:
            x = parent[x]
        return x

    for before, after in moves.values():
        ends = [e for e in (before, after) if e is not None]
        for end in ends[1:]:
            parent[find(end)] = find(ends[0])
        find(ends[0])
    groups: dict[str, dict[str, tuple[str | None, str | None]]] = defaultdict(dict)
    for record, (before, after) in sorted(moves.items()):
        groups[find(next(e for e in (before, after) if e is not None))][record] = (before, after)
    return [groups[k] for k in sorted(groups)]


def _kind(before: list[str], after: list[str], still_held: set[str]) -> Kind:
    if not before:
        return "created"
    gone = [p for p in before if p not in still_held]
    if gone and all(p in before or p in still_held for p in after):
        return "merged"
    return "split" if set(before) & still_held else "moved"


def _in_order_of_giving(state: Persons) -> list[str]:
    given = [p for e in state.events for p in e.to_ids]
    return list(dict.fromkeys([*given, *sorted(state.holder.values())]))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def to_json(state: Persons) -> bytes:
    """The state with its history, for the sealed store."""
    return json.dumps({"events": [asdict(e) for e in state.events]}, sort_keys=True).encode()


def from_json(raw: bytes) -> Persons:
    """The inverse: the holder is derived again from the event log."""
    state = Persons()
    events, holder, used = [], dict(state.holder), set()
    for line in json.loads(raw)["events"]:
        changes = {r: (b, a) for r, (b, a) in line["changes"].items()}
        events.append(
            PersonEvent(
                **{
                    **line,
                    "changes": changes,
                    "from_ids": tuple(line["from_ids"]),
                    "to_ids": tuple(line["to_ids"]),
                }
            )
        )
        for record, (_, after) in changes.items():
            if after is None:
                holder.pop(record, None)
            else:
                holder[record] = after
                used.add(after)
    return Persons(holder, frozenset(used), tuple(events))
