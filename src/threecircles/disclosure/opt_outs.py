"""National opt-outs as a rule of permission: without it a no said to the health service would stop there.

The checking service is sent a list of numbers and gives back those that may be used. Who was sent and
did not come back has opted out; who comes back later is let in again.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.workspace import Workspace
from threecircles.definitions import Definition, load_folder
from threecircles.disclosure import preferences
from threecircles.disclosure.preferences import Preference
from threecircles.disclosure.rights.held import table


@dataclass(frozen=True, kw_only=True)
class OptOut(Definition):
    """A list kept by somebody else of people who said no.

    scheme: the number its lists hold. purposes: uses it stops; not_for: uses it does not reach, for `reason`.
    """

    scheme: str
    purposes: tuple[str, ...]
    not_for: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Loaded:
    """What a list changed, in persons. unknown: numbers sent that nobody here bears."""

    out: int
    again: int
    unchanged: int
    unknown: int

    def text(self) -> str:
        """The change in words; numbers of people only."""
        return (
            f"{self.out} people are left out from now on, {self.again} are let in again, "
            f"{self.unchanged} stay as they were; {self.unknown} numbers belong to nobody here."
        )


def opt_out(named: str) -> OptOut:
    """The definition of an opt-out. Raises UsageError with the known ones."""
    known = {o.id: o for o in load_folder("opt_outs", OptOut)}
    if named not in known:
        raise UsageError(
            f"There is no opt-out called {named}.",
            allowed=", ".join(sorted(known)),
            mend=did_you_mean(named, known),
        )
    return known[named]


def load_list(
    workspace: Workspace, rule: OptOut, sent: Path, returned: Path, *, day: date, by: str
) -> Loaded:
    """Take up an answer of the checking service.

    workspace: opened in the role "identity". sent, returned: files with one number a line (or in the
    first column). The caller has asked `check_may`. Raises UsageError when a number came back that
    was not sent, or nobody has been linked yet; then nothing is changed.
    """
    asked, kept = _numbers(sent), _numbers(returned)
    if stray := kept - asked:
        raise UsageError(
            "The answer holds numbers that were not sent.", where=returned.name, found=f"{len(stray)} of {len(kept)}",
            mend="Take the answer that belongs to this list.",
        )  # fmt: skip
    bearers = _bearers(workspace, rule.scheme)
    unknown = len(asked - bearers.keys())
    out = {p for n in asked - kept for p in bearers.get(n, ())}
    # A person with two numbers is out when either is.
    again = {p for n in kept for p in bearers.get(n, ())} - out
    before = _out_now(workspace, rule)
    for person in sorted(out - before):
        _record(workspace, rule, person, "opt_out", day, by)
    for person in sorted(again & before):
        _record(workspace, rule, person, "consent", day, by)
    changed = (out - before) | (again & before)
    return Loaded(len(out - before), len(again & before), len((out | again) - changed), unknown)


def _record(
    workspace: Workspace, rule: OptOut, person: str, kind: preferences.Kind, day: date, by: str
) -> None:
    for purpose in rule.purposes:
        wanted = Preference(
            person=person, purpose=purpose, kind=kind, whose="parent", from_day=day, evidence=_evidence(rule),
        )  # fmt: skip
        preferences.record(workspace.path, wanted, by)


def _out_now(workspace: Workspace, rule: OptOut) -> set[str]:
    """Persons whose last word from this list is a no."""
    last = {
        p.person: p.kind
        for p in preferences.preferences(workspace.path)
        if p.evidence == _evidence(rule)
    }
    return {person for person, kind in last.items() if kind == "opt_out"}


def _evidence(rule: OptOut) -> str:
    return f"{preferences.LIST}{rule.id}"


def _bearers(workspace: Workspace, scheme: str) -> dict[str, set[str]]:
    """Number -> the persons who bear it."""
    numbers = table(workspace, "identity.identifier")
    pointers = table(workspace, "identity.person_record")
    if numbers is None or pointers is None:
        raise UsageError("Nobody has been linked here yet.", mend="Run `threecircles run` first.")
    held = numbers.filter(pl.col("scheme") == scheme).join(
        pointers.select("source_record_id", "person_id").drop_nulls(), on="source_record_id"
    )
    found: dict[str, set[str]] = {}
    for value, person in held.select("value", "person_id").drop_nulls().iter_rows():
        found.setdefault(_plain(value), set()).add(person)
    return found


def _numbers(path: Path) -> set[str]:
    if not path.exists():
        raise UsageError("There is no such file.", where=str(path))
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [row[0] for row in csv.reader(file) if row and row[0].strip()]
    found = {_plain(c) for c in cells}
    return {n for n in found if any(x.isdigit() for x in n)}


def _plain(number: str) -> str:
    return number.replace(" ", "").replace("-", "").strip().upper()
