"""Need cards: one child on one card, told so that nobody at the table could know who it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.safety import Grant
from threecircles.need.audit.coding import codes_of
from threecircles.need.audit.form import BLANKS, Form
from threecircles.need.audit.gate import decided
from threecircles.need.audit.store import AuditStore

FILE = "cards.json"
LEAST = 3
"""Cards that must share age band, sex and household before a card shows all three."""


@dataclass(frozen=True)
class Card:
    """What a table sees of one child. number: nothing else leads back, and only in the audit's own store."""

    number: int
    situation: str
    risks: tuple[str, ...]
    strengths: tuple[str, ...]
    needs: tuple[str, ...]
    wants: str


def make_cards(
    coded: pl.DataFrame, form: Form, marks: Callable[[str], list[str]], grant: Grant | None
) -> tuple[list[Card], list[str]]:
    """Cards of the coded cases and what the check left off, in words.

    coded: coding.settled_codes. marks: words of a text that could tell who spoke (disclosure.quotes.marks).
    A wish with such a word is not shown, nor sex and household where fewer than 3 cards share them with the
    age band. Raises NotPermitted without an ethics decision.
    """
    decided(grant, "No card may be made")
    alike = Counter(_who(row) for row in coded.iter_rows(named=True))
    made, left = [], []
    for row in coded.iter_rows(named=True):
        number = int(row["number"])
        shown = alike[_who(row)] >= LEAST
        wants = row.get("wants") or ""
        wants = "" if wants in BLANKS else wants
        found = marks(wants) if wants else []
        if not shown:
            left.append(f"Card {number}: sex and household, since fewer than {LEAST} cards share them with the age.")  # fmt: skip
        if found:
            left.append(f"Card {number}: the wish, since it holds {len(found)} words that could tell who spoke.")  # fmt: skip
        risks, strengths, needs = (_yes(row, form, p) for p in ("risk", "protective", "need"))
        made.append(
            Card(
                number,
                _situation(row, form, shown),
                risks,
                strengths,
                needs,
                "" if found else wants,
            )
        )
    return made, left


def keep_cards(store: AuditStore, cards: list[Card], checked_by: str, grant: Grant | None) -> None:
    """Let the cards be printed and laid on boards, once somebody who read no case has looked through them.

    Raises NotPermitted for a reader of the cases, UsageError when boards have cards already.
    """
    ethics = decided(grant, "No card may be printed")
    if checked_by in {coder for _, coder in codes_of(store)}:
        raise NotPermitted(
            "Somebody who read the cases cannot check the cards.", found=checked_by, mend="Ask another person to look through them."
        )  # fmt: skip
    if store.rows("SELECT 1 FROM event LIMIT 1"):
        raise UsageError("Tables are sorting these cards already.", mend="Make another audit for other cards.")  # fmt: skip
    told = {"ethics": ethics, "checked_by": checked_by, "cards": [asdict(c) for c in cards]}
    (store.folder / FILE).write_text(
        json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8"
    )


def kept_cards(store: AuditStore, grant: Grant | None) -> list[Card]:
    """The checked cards. Raises UsageError before there are any."""
    decided(grant, "No card may be shown")
    path = store.folder / FILE
    if not path.exists():
        raise UsageError("There are no checked cards yet.", mend="threecircles needs-audit cards makes them.")  # fmt: skip
    told: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cards"]
    return [
        Card(
            c["number"], c["situation"], tuple(c["risks"]), tuple(c["strengths"]), tuple(c["needs"]), c["wants"],
        )
        for c in told
    ]  # fmt: skip


def _who(row: dict[str, object]) -> tuple[object, ...]:
    return row.get("age_band"), row.get("sex"), row.get("household")


def _situation(row: dict[str, object], form: Form, whole: bool) -> str:
    told = [f"Aged {row['age_band']}"] if row.get("age_band") else []
    for code in ("sex", "household") if whole else ():
        value = str(row.get(code) or "")
        if code in form.fields and value in form.fields[code].choices:
            label = form.fields[code].choices[value].lower()
            told.append(f"lives with: {label}" if code == "household" else label)
    return (", ".join(told) or "Nothing known") + "."


def _yes(row: dict[str, object], form: Form, part: str) -> tuple[str, ...]:
    return tuple(f.text.split(":")[0] for f in form.of_part(part) if row.get(f.code) == "yes")
