"""Who else works with this child: one card for one child, so that no list of children is ever needed.

Lessons of ContactPoint and Family Context: who and when last is enough. A card never says why. The
unknown, the restricted and the adopted-away child give one and the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from threecircles.definitions import Definition, load

Basis = Literal["stated", "inferred"]


@dataclass(frozen=True, kw_only=True)
class Band:
    """How long ago: label and the most days."""

    label: str
    days: int


@dataclass(frozen=True, kw_only=True)
class Rules(Definition):
    """Limits of signposting. sensitive: hidden unless the person's consent is recorded; the
    always_hidden ones likewise, for children and adults. adult_services need an agreement of their own."""

    searches_a_day: int
    searches_a_minute: int
    most_candidates: int
    most_household: int
    review_within_working_days: int
    answer_seconds: float
    bands: tuple[Band, ...]
    sensitive: tuple[str, ...]
    always_hidden_without_consent: tuple[str, ...]
    adult_services: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Involvement:
    """One service's work with one person. last: the last day of contact, None while it goes on.

    covered_from, covered_to: what the source of this knowledge covers. consent: recorded for showing it.
    """

    person: str
    service: str
    contact: str
    last: date | None
    covered_from: date
    covered_to: date
    consent: bool = False


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Somebody of the child's family. role: a sibling, a carer, a parent. ended: over, or under an order.

    household: children at the address, for inferred relations; current: both addresses still hold.
    """

    person: str
    other: str
    role: str
    basis: Basis
    since: date
    ended: bool = False
    household: int = 1
    current: bool = True


@dataclass(frozen=True)
class Line:
    """What a card says of one service: who, whom to call, how long ago, what the source covers."""

    service: str
    contact: str
    last_involved: str
    covers: str


@dataclass(frozen=True)
class RelativeLine:
    """The same for a relative: a role, never a name; stated or inferred, with its day."""

    role: str
    basis: Basis
    since: date
    line: Line
    person: str
    """For the audit line under the relative; never shown."""


@dataclass(frozen=True)
class Card:
    """Lines about the child, and, where an agreement allows it, about the family."""

    lines: tuple[Line, ...]
    family: tuple[RelativeLine, ...] = ()


def rules() -> Rules:
    """The limits in force."""
    return load("identity/signposting", Rules)


def card(
    person: str | None,
    involvements: Iterable[Involvement],
    day: date,
    *,
    hidden: frozenset[str] = frozenset(),
    relations: Iterable[Relation] = (),
    family_allowed: bool = False,
    adult_services: frozenset[str] = frozenset(),
) -> Card:
    """The card of one child; an empty one for nobody known and for a child that may not be found.

    hidden: restricted, adopted-away and sealed persons. family_allowed: the family-context purpose was
    given and an active agreement names it. adult_services: those that such an agreement covers.
    """
    known = rules()
    by_person: dict[str, list[Involvement]] = {}
    for i in involvements:
        by_person.setdefault(i.person, []).append(i)
    found = person if person is not None and person not in hidden else None
    lines = _lines(by_person.get(found or "", []), day, known)
    if not family_allowed or found is None:
        return Card(lines)
    relatives = []
    for r in relations:
        if r.person == found and _may_show(r, hidden, known):
            own = [
                i
                for i in by_person.get(r.other, [])
                if i.service in adult_services or i.service not in known.adult_services
            ]
            relatives += [
                RelativeLine(r.role, r.basis, r.since, line, r.other)
                for line in _lines(own, day, known)
            ]
    return Card(lines, tuple(sorted(relatives, key=lambda r: (r.role, r.since, r.line.service))))


def may_search(looks: Sequence[datetime], now: datetime, released: bool = False) -> str:
    """Why a person may not search now, or an empty text. looks: times of earlier searches (UTC)."""
    known = rules()
    if sum(now - t < timedelta(minutes=1) for t in looks) >= known.searches_a_minute:
        return f"You have searched {known.searches_a_minute} times in a minute. Wait a minute."
    if sum(t.date() == now.date() for t in looks) >= known.searches_a_day and not released:
        return f"You have searched {known.searches_a_day} times today. Your supervisor can release you."
    return ""


def searchable(asked: Mapping[str, str]) -> str:
    """Why a search is refused, or an empty text.

    asked: number, or first name, surname, date_of_birth and one of postcode and school. Wildcards and
    single letters are no search.
    """
    given = {k: v.strip() for k, v in asked.items() if v and v.strip()}
    if any(c in v for v in given.values() for c in "*%?_"):
        return "Names and numbers have to be whole: signs that stand for others are not taken."
    if "number" in given:
        return ""
    missing = [k for k in ("first_name", "surname", "date_of_birth") if k not in given]
    if missing or not ({"postcode", "school"} & given.keys()):
        return "Give a number, or first name, surname and date of birth with a postcode or school."
    return ""


def held_back(elapsed: float) -> float:
    """Seconds to wait before an answer is given, so that all answers leave on one beat.

    elapsed: seconds that the look has taken. Looks differ by less than a beat, whoever is asked for.
    """
    beat = rules().answer_seconds
    return beat - elapsed % beat


def review_by(day: date) -> date:
    """The working day by which an emergency look has to be reviewed."""
    left, found = rules().review_within_working_days, day
    while left:
        found += timedelta(days=1)
        left -= found.weekday() < 5
    return found


def _may_show(r: Relation, hidden: frozenset[str], known: Rules) -> bool:
    if r.ended or r.other in hidden:
        return False
    return r.basis == "stated" or (r.current and r.household <= known.most_household)


def _lines(own: Sequence[Involvement], day: date, known: Rules) -> tuple[Line, ...]:
    hush = {*known.sensitive, *known.always_hidden_without_consent}
    shown = [i for i in own if i.consent or i.service not in hush]
    lines = [
        Line(i.service, i.contact, _band(i.last, day, known), f"{i.covered_from} to {i.covered_to}")
        for i in shown
    ]
    return tuple(sorted(set(lines), key=lambda x: (x.service, x.contact, x.last_involved)))


def _band(last: date | None, day: date, known: Rules) -> str:
    ago = 0 if last is None else max(1, (day - last).days)
    return next(b.label for b in known.bands if ago <= b.days)
