"""Children's words on their way out: nothing is quoted that two people have not read.

A machine marks what could tell who spoke; people decide. Both versions are kept, only one is shown.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure import state
from threecircles.disclosure.people import same_human

Consent = Literal["yes", "paraphrase", "no"]
LEAST = 50
"""Children in the smallest group that a quote may be said to come from (disclosure 7)."""

TOGETHER = frozenset({"age", "sex", "area"})
"""Never all three beside one quote."""

PANEL = "safeguarding panel"
_SCHEMA = """CREATE TABLE IF NOT EXISTS quote (
  id TEXT PRIMARY KEY, original TEXT NOT NULL, shown TEXT, note TEXT, consent TEXT NOT NULL,
  attribution TEXT NOT NULL, state TEXT NOT NULL, taken_by TEXT NOT NULL, read_by TEXT, second_by TEXT)"""
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}(?:[./-]\d{2,4})?\b|\b(?:19|20)\d\d\b|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
    r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_CAPITAL = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][a-z'’]+(?:\s[A-Z][a-z'’]+)*")
_RARE = re.compile(
    r"\b(?:died|funeral|twin|triplet|prison|court|fire|crash|accident|refuge|cancer|wheelchair|newspaper|murder\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quote:
    """One quote. state: taken, settled (one has read it), read (two have), panel (harm was told)."""

    id: str
    original: str
    shown: str
    note: str
    consent: Consent
    attribution: dict[str, str]
    state: str
    read_by: str
    second_by: str


def marks(text: str, known: Iterable[str] = ()) -> list[str]:
    """Words that could tell who spoke: names, places and schools, dates, rare events. A suggestion only.

    known: names of wards, schools and centres of the place.
    """
    found = [m[0] for pattern in (_DATE, _RARE, _CAPITAL) for m in pattern.finditer(text)]
    found += [k for k in known if re.search(rf"\b{re.escape(k)}\b", text, re.IGNORECASE)]
    return list(dict.fromkeys(w for w in found if w not in ("I", "I'm", "I’m")))


def take(
    workspace: Path, text: str, consent: Consent, *, attribution: dict[str, str], children: int, by: str
) -> Quote:  # fmt: skip
    """Take a quote up for reading. children: in the group that the attribution names.

    Raises NotPermitted without consent, for a group that is too small, and for age, sex and area together.
    """
    if consent not in get_args(Consent):
        raise UsageError(
            "That is no answer about quoting.", found=consent, allowed="yes, paraphrase, no"
        )
    if consent == "no":
        raise NotPermitted(
            "The child did not agree to be quoted.", mend="Code it; do not quote it."
        )
    if children < LEAST:
        raise NotPermitted(
            "The group is too small to be named beside a quote.", found=f"{children} children",
            allowed=f"at least {LEAST}", mend="Say a larger group, or none.",
        )  # fmt: skip
    if set(attribution) >= TOGETHER:
        raise NotPermitted("Age, sex and area never stand beside one quote.", mend="Leave one out.")
    number = hashlib.sha256(text.encode()).hexdigest()[:12]
    with state.state(workspace) as kept:
        kept.execute(_SCHEMA)
        kept.execute(
            "INSERT OR IGNORE INTO quote VALUES (?,?,NULL,'',?,?,'taken',?,NULL,NULL)",
            (number, text, consent, json.dumps(attribution, sort_keys=True), by),
        )
    return show(workspace, number)


def settle(
    workspace: Path, number: str, shown: str, *, note: str, by: str, known: Sequence[str] = (), kept: Sequence[str] = ()
) -> Quote:  # fmt: skip
    """The text as it is to be shown, by the first reader. kept: marked words that may stay.

    note: what was changed; it goes with the quote. Raises NotPermitted while a mark is neither taken
    out nor kept, for words of a child who agreed to a paraphrase only, and after harm was told.
    """
    quote = _open(workspace, number, ("taken", "settled"))
    left = [m for m in marks(shown, known) if m not in kept]
    if left:
        raise NotPermitted(
            "Marked words are not settled.", found=", ".join(left), mend="Take them out, or say that each may stay."
        )  # fmt: skip
    if quote.consent == "paraphrase" and _plain(shown) == _plain(quote.original):
        raise NotPermitted("The child agreed to a paraphrase only.", mend="Say it in other words.")
    if _plain(shown) != _plain(quote.original) and not note.strip():
        raise UsageError(
            "A changed quote says what was changed.", mend="For example: place left out."
        )
    _write(
        workspace, number, "shown = ?, note = ?, state = 'settled', read_by = ?", shown, note, by
    )
    return show(workspace, number)


def second(workspace: Path, number: str, *, by: str) -> Quote:
    """The second reader agrees. Raises NotPermitted for the first one under any name."""
    quote = _open(workspace, number, ("settled",))
    if same_human(workspace, quote.read_by, by):
        raise NotPermitted("The second reader must be somebody else.")
    _write(workspace, number, "state = 'read', second_by = ?", by)
    return show(workspace, number)


def harm(workspace: Path, number: str, *, by: str) -> Quote:
    """Somebody is told to be harmed: the quote stops here and goes to the safeguarding panel."""
    _open(workspace, number, ("taken", "settled", "read"))
    _write(workspace, number, "state = 'panel'")
    with state.state(workspace) as kept:
        state.notify(
            kept, PANEL, "Harm was told in a child's words", f"Quote {number}, stopped by {by}."
        )
    return show(workspace, number)


def show(workspace: Path, number: str) -> Quote:
    """One quote. Raises UsageError when there is none of that number."""
    for quote in quotes(workspace):
        if quote.id == number:
            return quote
    raise UsageError("There is no such quote.", found=number)


def quotes(workspace: Path) -> list[Quote]:
    """All quotes, in order of their numbers."""
    if not (Path(workspace) / state.FILE).exists():
        return []
    with state.state(workspace) as kept:
        kept.execute(_SCHEMA)
        rows = kept.execute("SELECT * FROM quote ORDER BY id").fetchall()
    return [
        Quote(
            r["id"], r["original"], r["shown"] or "", r["note"] or "", r["consent"], json.loads(r["attribution"]),
            r["state"], r["read_by"] or "", r["second_by"] or "",
        )
        for r in rows
    ]  # fmt: skip


def unread(workspace: Path, texts: Iterable[str]) -> list[str]:
    """Of texts that ask to be released, those that are no quote read by two people (first words of each)."""
    read = {_plain(q.shown) for q in quotes(workspace) if q.state == "read"}
    return [f"{t[:24]}…" for t in texts if t.strip() and _plain(t) not in read]


def _open(workspace: Path, number: str, states: Sequence[str]) -> Quote:
    quote = show(workspace, number)
    if quote.state not in states:
        raise NotPermitted(
            "This quote stopped at the safeguarding panel." if quote.state == "panel"
            else f"A quote that is {quote.state} cannot be taken through this.",
            found=number, allowed=", ".join(states),
        )  # fmt: skip
    return quote


def _write(workspace: Path, number: str, what: str, *values: str) -> None:
    with state.state(workspace) as kept:
        kept.execute(f"UPDATE quote SET {what} WHERE id = ?", (*values, number))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
