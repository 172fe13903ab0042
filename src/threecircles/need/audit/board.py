"""The sorting board: people group the same cards on several tablets, and nothing anybody did is lost.

Every move is an event that stays. The last event of a card wins; who moved it against somebody else's move
that they had not seen is told so, and so is the other. Undo is an event too.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from threecircles.core.errors import UsageError
from threecircles.core.safety import Grant
from threecircles.need.audit.gate import decided
from threecircles.need.audit.store import AuditStore, named, now

PILE, PARKED = "pile", "parked"
WORDS = {PILE: "Not sorted yet", PARKED: "Fits none"}
LONGEST_NAME = 60


@dataclass
class Board:
    """One table's sort. groups: id -> name, in order. places: card -> group id, pile or parked.

    last: the newest event; saved: when the table saved its sort, "" before.
    """

    name: str
    groups: dict[str, str] = field(default_factory=dict)
    places: dict[int, str] = field(default_factory=dict)
    last: int = 0
    saved: str = ""

    def label(self, place: str) -> str:
        """A place in words."""
        return WORDS.get(place) or self.groups.get(place, "a group that was taken away")

    def inside(self, place: str) -> list[int]:
        """The cards that lie there, by number."""
        return sorted(c for c, p in self.places.items() if p == place)


@dataclass(frozen=True)
class Told:
    """What became of an act. event: its number, 0 when nothing was done. words: for who did it, "" = as asked."""

    event: int
    words: str = ""


def start(store: AuditStore, board: str, grant: Grant | None) -> None:
    """A table that sorts all cards from scratch; started twice it goes on where it was.

    Raises NotPermitted without an ethics decision.
    """
    decided(grant, "No board may open")
    with store.writing() as kept:
        kept.execute("INSERT OR IGNORE INTO board VALUES (?,NULL,?)", (named(board, "table"), now()))  # fmt: skip


def boards(store: AuditStore) -> dict[str, str]:
    """Tables of an audit and when each saved its sort ("" = not yet)."""
    return {r["name"]: r["saved"] or "" for r in store.rows("SELECT * FROM board ORDER BY name")}


def board_of(store: AuditStore, board: str, cards: list[int], grant: Grant | None) -> Board:
    """A table's sort as its events make it. Raises NotPermitted without an ethics decision, UsageError without the table."""
    decided(grant, "No board may open")
    known = boards(store)
    if board not in known:
        raise UsageError(
            "There is no such table.", found=board[:60], allowed=", ".join(known) or "none yet",
            mend="Start it: threecircles needs-audit board.",
        )  # fmt: skip
    return _folded(board, known[board], cards, store.rows("SELECT * FROM event WHERE board = ? ORDER BY id", board))  # fmt: skip


def move(store: AuditStore, board: str, tablet: str, card: int, to: str, seen: int, grant: Grant | None, cards: list[int]) -> Told:  # fmt: skip
    """Lay a card in a group, on the pile or aside. seen: the newest event this tablet had been shown.

    The move stands whoever moved the card meanwhile; the answer says when somebody had.
    """
    decided(grant, "No card may be moved")
    with store.writing() as kept:
        here = _now(kept, board, cards)
        _open(here)
        if card not in here.places:
            raise UsageError("There is no such card.", found=str(card), allowed="the numbers on the cards")  # fmt: skip
        if to not in (PILE, PARKED, *here.groups):
            raise UsageError("There is no such group.", found=to[:60], allowed=", ".join(here.groups.values()) or "no group yet")  # fmt: skip
        over = kept.execute(
            "SELECT id, tablet, place FROM event WHERE board = ? AND card = ? AND id > ? AND tablet <> ? ORDER BY id DESC LIMIT 1",
            (board, card, seen, tablet),
        ).fetchone()
        event = _write(
            kept,
            board,
            tablet,
            "place",
            card=card,
            place=to,
            before=here.places[card],
            over=over and over["id"],
        )
    if over is None:
        return Told(event)
    return Told(event, f"{over['tablet']} had laid card {card} in “{here.label(over['place'])}” meanwhile. Your move came last and stands.")  # fmt: skip


def add_group(store: AuditStore, board: str, tablet: str, name: str, grant: Grant | None, cards: list[int]) -> Told:  # fmt: skip
    """A new group under a name of the table's own words."""
    decided(grant, "No group may be made")
    told = _group_name(name)
    with store.writing() as kept:
        here = _now(kept, board, cards)
        _open(here)
        if told.lower() in {n.lower() for n in here.groups.values()}:
            raise UsageError("A group bears this name already.", found=told)
        return Told(_write(kept, board, tablet, "group", place=told))


def rename(store: AuditStore, board: str, tablet: str, group: str, name: str, grant: Grant | None, cards: list[int]) -> Told:  # fmt: skip
    """Another name for a group; its cards stay in it."""
    decided(grant, "No group may be named")
    told = _group_name(name)
    with store.writing() as kept:
        here = _now(kept, board, cards)
        _open(here)
        if group not in here.groups:
            raise UsageError("There is no such group.", found=group[:60])
        return Told(_write(kept, board, tablet, "rename", place=told, before=group))


def undo(store: AuditStore, board: str, tablet: str, grant: Grant | None, cards: list[int]) -> Told:
    """Take back this tablet's last move that still stands; a card that somebody moved since stays where it is."""
    decided(grant, "No move may be taken back")
    with store.writing() as kept:
        here = _now(kept, board, cards)
        _open(here)
        last = kept.execute(
            "SELECT * FROM event WHERE board = ? AND tablet = ? AND kind = 'place' AND id NOT IN "
            "(SELECT undoes FROM event WHERE board = ? AND undoes IS NOT NULL) ORDER BY id DESC LIMIT 1",
            (board, tablet, board),
        ).fetchone()
        if last is None:
            return Told(0, "There is nothing of this tablet's to take back.")
        later = kept.execute(
            "SELECT tablet FROM event WHERE board = ? AND card = ? AND id > ? AND tablet <> ? ORDER BY id DESC LIMIT 1",
            (board, last["card"], last["id"], tablet),
        ).fetchone()
        back = here.places[last["card"]] if later else last["before"]
        event = _write(
            kept, board, tablet, "undo", card=last["card"], place=back, before=here.places[last["card"]], undoes=last["id"]
        )  # fmt: skip
    if later:
        return Told(event, f"{later['tablet']} has moved card {last['card']} since; it stays where it is.")  # fmt: skip
    return Told(event, f"Card {last['card']} is back in “{here.label(back)}”.")


def save(store: AuditStore, board: str, tablet: str, grant: Grant | None, cards: list[int]) -> Told:
    """Close a table's sort: it may be compared from now on, and no card of it is moved any more."""
    decided(grant, "No sort may be saved")
    with store.writing() as kept:
        here = _now(kept, board, cards)
        _open(here)
        if not here.groups:
            raise UsageError("The table has made no group yet.", mend="Make and name groups first.")
        event = _write(kept, board, tablet, "save")
        kept.execute("UPDATE board SET saved = ? WHERE name = ?", (now(), board))
    return Told(event, "The sort is saved.")


def since(store: AuditStore, board: str, after: int) -> list[dict[str, Any]]:
    """Events after a number: id, tablet, kind, card, place, over_tablet (whose unseen move it laid over, or null)."""
    return store.rows(
        "SELECT e.id, e.tablet, e.kind, e.card, e.place, o.tablet AS over_tablet FROM event e "
        "LEFT JOIN event o ON o.id = e.over WHERE e.board = ? AND e.id > ? ORDER BY e.id LIMIT 500",
        board,
        after,
    )


def _now(kept: sqlite3.Connection, board: str, cards: list[int]) -> Board:
    row = kept.execute("SELECT saved FROM board WHERE name = ?", (board,)).fetchone()
    if row is None:
        raise UsageError("There is no such table.", found=board[:60])
    events = [
        dict(r) for r in kept.execute("SELECT * FROM event WHERE board = ? ORDER BY id", (board,))
    ]
    return _folded(board, row["saved"] or "", cards, events)


def _folded(board: str, saved: str, cards: list[int], events: list[dict[str, Any]]) -> Board:
    made = Board(board, places=dict.fromkeys(cards, PILE), saved=saved)
    for event in events:
        made.last = event["id"]
        if event["kind"] == "group":
            made.groups[f"g{event['id']}"] = event["place"]
        elif event["kind"] == "rename":
            made.groups[event["before"]] = event["place"]
        elif event["kind"] in ("place", "undo") and event["card"] in made.places:
            made.places[event["card"]] = event["place"]
    return made


def _write(kept: sqlite3.Connection, board: str, tablet: str, kind: str, **told: Any) -> int:
    columns = ("card", "place", "before", "over", "undoes")
    row = kept.execute(
        "INSERT INTO event (board, tablet, kind, card, place, before, over, undoes, at) VALUES (?,?,?,?,?,?,?,?,?)",
        (board, named(tablet, "tablet"), kind, *(told.get(c) for c in columns), now()),
    )
    return int(row.lastrowid or 0)


def _group_name(name: str) -> str:
    told = " ".join(name.split())[:LONGEST_NAME]
    if not told or told.lower() in {w.lower() for w in (*WORDS.values(), PILE, PARKED)}:
        raise UsageError(
            "A group needs a name of its own.", found=told, mend="Say in a few words what its cards share."
        )  # fmt: skip
    return told


def _open(here: Board) -> None:
    if here.saved:
        raise UsageError(
            "This table has saved its sort; no card of it is moved any more.",
            mend="Start another table to sort once more.",
        )
