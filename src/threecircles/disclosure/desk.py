"""The release desk: without it a finished pack would publish itself.

A release is a folder frozen by hash. It is asked for by one person, checked by an output checker,
approved by another, and only then copied into `release/`. Every step is a permission, an audit line
and a row that stays.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from threecircles.core.dates import in_words
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.workspace import Workspace, swap_folder, write_bytes
from threecircles.disclosure import ledger
from threecircles.disclosure.people import person, same_human
from threecircles.disclosure.permission import check_may
from threecircles.disclosure.policy import Person
from threecircles.disclosure.release_report import released_tables, report
from threecircles.disclosure.signature import sign

TRANSITIONS = {
    ("requested", "check"): "checked",
    ("requested", "return"): "returned",
    ("requested", "refuse"): "refused",
    ("checked", "approve"): "approved",
    ("checked", "return"): "returned",
    ("checked", "refuse"): "refused",
    ("approved", "publish"): "released",
    ("released", "withdraw"): "withdrawn",
}
"""What may be done with a release in a state, and the state it then has."""

STATES = ("requested", "checked", "approved", "released", "withdrawn", "returned", "refused")

_ACTIONS = {
    "check": "check_release", "return": "check_release", "refuse": "check_release",
    "approve": "approve_release", "publish": "approve_release", "withdraw": "withdraw_release",
}  # fmt: skip

BLOCKED = (".parquet", ".pkl", ".db", ".sqlite", ".duckdb", ".ipynb")
"""Kinds of file that never leave: they hold rows, or may."""

SITE = "site"
DEMONSTRATION = {"request": "demo-analyst", "check": "demo-checker", "approve": "demo-approver"}
"""Named parts that a made-up place plays through, so that its desk works like a real one."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS release (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, audience TEXT NOT NULL, purpose TEXT NOT NULL,
    folder TEXT NOT NULL, hash TEXT NOT NULL, requester TEXT NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS release_step (
    id TEXT NOT NULL, seq INTEGER NOT NULL, action TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL,
    reason TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (id, seq));
"""


@dataclass(frozen=True)
class Release:
    """One release. id: first 12 digits of the folder's hash. steps: (action, by, at, reason, state)."""

    id: str
    title: str
    audience: str
    purpose: str
    folder: Path
    hash: str
    requester: str
    state: str
    steps: tuple[tuple[str, str, str, str, str], ...]


def request(
    workspace: Workspace, folder: Path, *, title: str, audience: str,
    actor: Person | str | None = None, purpose: str = "needs_assessment",
) -> Release:  # fmt: skip
    """Ask for a folder to be released. The same folder asked for twice is one release.

    audience: public, partners, school or internal. Raises NotPermitted for kinds of file that may
    hold rows, and for those who may not ask.
    """
    blocked = sorted(p.name for p in folder.rglob("*") if p.suffix.lower() in BLOCKED)
    if blocked:
        raise NotPermitted(
            "These files may hold rows and never leave.", found=", ".join(blocked[:10])
        )
    digest = folder_hash(folder)
    if isinstance(actor, Person):
        asker = actor
    elif _plays(workspace, actor):
        asker = _person(workspace, actor or DEMONSTRATION["request"], "request")
    else:
        asker = person(workspace.path, actor)
    known = _find(workspace, digest[:12])
    if known is not None:
        return known
    check_may(
        "request_release", actor=asker, purpose_id=purpose, folder=workspace.path, resource_id=f"release:{digest[:12]}",
        resource={"requester": asker.id, "state": "none"}, detail={"hash": digest, "audience": audience},
    )  # fmt: skip
    with _desk(workspace) as desk:
        desk.execute(
            "INSERT INTO release VALUES (?,?,?,?,?,?,?,?)",
            (digest[:12], title, audience, purpose, str(folder), digest, asker.id, "requested"),
        )
        _write_step(desk, digest[:12], "request", asker.id, "", "requested")
    return show(workspace, digest[:12])


def act(
    workspace: Workspace,
    release_id: str,
    action: str,
    *,
    actor: Person | str | None = None,
    reason: str = "",
    session_age: int = 0,
) -> Release:
    """Check, approve, return, refuse, publish or withdraw a release.

    Returning, refusing and withdrawing need a reason. Nobody checks or approves their own, and what
    leaves the organisation needs two others. Doing what was done already does nothing. actor: whoever
    signed in (a Person), or the name of somebody whom the caller has signed in. session_age: seconds
    since then. Raises NotPermitted or UsageError.
    """
    if action not in _ACTIONS:
        raise UsageError("There is no such step.", found=action, allowed=", ".join(_ACTIONS))
    release = show(workspace, release_id)
    if release.steps and release.steps[-1][0] == action:
        return release
    state = TRANSITIONS.get((release.state, action))
    if state is None:
        may = sorted(a for s, a in TRANSITIONS if s == release.state)
        raise UsageError(
            f"A release that is {release.state} cannot be taken through {action}.",
            allowed=", ".join(may) or "nothing more",
        )
    if action in ("return", "refuse", "withdraw") and not reason.strip():
        raise UsageError(f"To {action} a release needs a reason.", mend="Say it with --reason.")
    if isinstance(actor, Person):
        who = actor
    elif _plays(workspace, actor):
        who = _person(workspace, actor or DEMONSTRATION["approve"], action)
    else:
        who = person(workspace.path, actor, mfa=True)
    _check_hands(workspace, release, action, who)
    check_may(
        _ACTIONS[action], actor=who, purpose_id="audit", folder=workspace.path, resource_id=f"release:{release.id}",
        resource={"requester": release.requester, "state": _judged_state(release, action)},
        session_age=session_age, two_people=True, detail={"action": action, "hash": release.hash},
    )  # fmt: skip
    if action == "check":
        _refuse_leaks(workspace, release)
    if action == "publish":
        _publish(workspace, release)
    if action == "withdraw":
        _take_down(workspace, release, reason)
    with _desk(workspace) as desk:
        desk.execute("UPDATE release SET state = ? WHERE id = ?", (state, release.id))
        _write_step(desk, release.id, action, who.id, reason, state)
    return show(workspace, release.id)


def releases(workspace: Workspace) -> tuple[Release, ...]:
    """All releases of a workspace, newest last."""
    with _desk(workspace) as desk:
        ids = [row[0] for row in desk.execute("SELECT id FROM release ORDER BY rowid")]
    return tuple(show(workspace, i) for i in ids)


def show(workspace: Workspace, release_id: str) -> Release:
    """One release with its steps. Raises UsageError when there is none."""
    found = _find(workspace, release_id)
    if found is None:
        raise UsageError(
            "There is no such release.",
            found=release_id,
            mend="`threecircles release list` names them.",
        )
    return found


def demonstrate(workspace: Workspace, folder: Path, *, title: str) -> Release:
    """Take a made-up place's pack through the desk with named parts; every step is in the audit log.

    Where the made-up place has people of its own (`access.yaml`), the pack is only asked for: they
    decide. Raises NotPermitted for a real place: there people decide always.
    """
    if not workspace.fictitious:
        raise NotPermitted(
            "Only a made-up place's release is played through.",
            mend="Ask, check and approve it at the desk.",
        )
    release = request(workspace, folder, title=title, audience="public")
    if _has_people(workspace):
        return release
    for action, part in (("check", "check"), ("approve", "approve"), ("publish", "approve")):
        if (release.state, action) in TRANSITIONS:
            release = act(workspace, release.id, action, actor=DEMONSTRATION[part])
    if shown(workspace) != release.id:
        _publish(workspace, release)
    return release


def shown(workspace: Workspace) -> str:
    """The id of the release that readers see now; "" when there is none."""
    manifest = workspace.release / "manifest.json"
    return str(json.loads(manifest.read_text())["release"]) if manifest.exists() else ""


def diagram() -> str:
    """The states and steps as a Mermaid state diagram, drawn from the transition table."""
    lines = ["stateDiagram-v2", "    [*] --> requested: request"]
    lines += [
        f"    {state} --> {after}: {action}" for (state, action), after in TRANSITIONS.items()
    ]
    ends = [s for s in STATES if not any(state == s for state, _ in TRANSITIONS)]
    return "\n".join([*lines, *(f"    {s} --> [*]" for s in ends)])


def folder_hash(folder: Path) -> str:
    """SHA-256 over names and bytes of all files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _plays(workspace: Workspace, actor: str | None) -> bool:
    # Where a made-up place has no people of its own, the demonstration's parts act.
    named = actor in (None, *DEMONSTRATION.values())
    return workspace.fictitious and not _has_people(workspace) and named


def _has_people(workspace: Workspace) -> bool:
    return (workspace.path / "access.yaml").exists()


def _person(workspace: Workspace, name: str, action: str) -> Person:
    roles = {
        "request": ("analyst",),
        "check": ("output_checker",),
        "return": ("output_checker",),
        "refuse": ("output_checker",),
    }
    until = datetime(2100, 1, 1, tzinfo=UTC)
    return Person(
        id=name,
        roles=roles.get(action, ("approver", "data_protection_officer")),
        mfa=True,
        training_until=until,
    )


def _judged_state(release: Release, action: str) -> str:
    # Publishing carries out an approval: policies judge it as the approval of a checked release.
    return "checked" if action == "publish" else release.state


def _check_hands(workspace: Workspace, release: Release, action: str, who: Person) -> None:
    if action not in ("withdraw", "publish") and same_human(
        workspace.path, who.id, release.requester
    ):
        raise NotPermitted(
            "Nobody checks or approves what they asked for.", mend="Ask another person."
        )
    checkers = {by for done, by, *_ in release.steps if done == "check"}
    leaves = release.audience != "internal"
    if (
        action == "approve"
        and leaves
        and any(same_human(workspace.path, who.id, c) for c in checkers)
    ):
        raise NotPermitted(
            "What leaves the organisation is checked and approved by two people.",
            mend="Ask another approver.",
        )


def tombstone(title: str, reason: str, day: str) -> str:
    """The page that stands where a withdrawn release was."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Withdrawn</title></head>'
        f"<body><main><h1>{escape(title)}</h1><p>This was withdrawn on {day}.</p>"
        f"<p>{escape(reason)}</p></main></body></html>\n"
    )


def _refuse_leaks(workspace: Workspace, release: Release) -> None:
    found = report(workspace, release.folder, shown(workspace))
    write_bytes(workspace.path / "reports" / f"{release.id}.json", found.to_json().encode())
    # A made-up place that plays by itself is made anew at will; its report is kept all the same.
    plays = workspace.fictitious and not _has_people(workspace)
    against = (
        *found.leaks,
        *(found.named or ()),
        *found.microdata,
        *found.unread,
        *(() if plays else found.ledger),
    )
    if against:
        raise NotPermitted(
            "The check by machine stands against this release.", where=release.id, found="; ".join(against[:5]),
            mend=f"Read `threecircles release report {release.id}`; return the release, or wait for the next date.",
        )  # fmt: skip


def _publish(workspace: Workspace, release: Release) -> None:
    if folder_hash(release.folder) != release.hash:
        raise NotPermitted(
            "The folder is no longer what was checked.",
            where=release.folder.name,
            mend="Ask for the new one.",
        )
    aside = workspace.path / ".release.part"
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(release.folder, aside / SITE)
    files = {p.relative_to(aside).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
             for p in sorted((aside / SITE).rglob("*")) if p.is_file()}  # fmt: skip
    told = {
        "release": release.id,
        "title": release.title,
        "audience": release.audience,
        "hash": release.hash,
        "files": files,
    }
    write_bytes(aside / "manifest.json", json.dumps(told, indent=1, sort_keys=True).encode())
    swap_folder(aside, workspace.release)
    found, sums = ledger.safe_entries(released_tables(workspace, release.folder))
    ledger.write_down(workspace.path, release.id, found, sums)
    sign(workspace, release.id)


def _take_down(workspace: Workspace, release: Release, reason: str) -> None:
    aside = workspace.path / ".release.part"
    shutil.rmtree(aside, ignore_errors=True)
    told = {"release": release.id, "title": release.title, "withdrawn": True, "reason": reason}
    write_bytes(aside / "withdrawn.json", json.dumps(told, indent=1, sort_keys=True).encode())
    day = datetime.now(UTC).date()
    write_bytes(aside / "withdrawn.html", tombstone(release.title, reason, in_words(day)).encode())
    swap_folder(aside, workspace.release)
    ledger.withdrawn(workspace.path, release.id)


@contextmanager
def _desk(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(workspace.path / "state.sqlite", timeout=30)
    try:
        connection.executescript(_SCHEMA)
        with connection:
            yield connection
    finally:
        connection.close()


def _find(workspace: Workspace, release_id: str) -> Release | None:
    with _desk(workspace) as desk:
        row = desk.execute("SELECT * FROM release WHERE id = ?", (release_id,)).fetchone()
        steps = desk.execute(
            "SELECT action, by, at, reason, state FROM release_step WHERE id = ? ORDER BY seq",
            (release_id,),
        ).fetchall()
    if row is None:
        return None
    named = dict(
        zip(
            ("id", "title", "audience", "purpose", "folder", "hash", "requester", "state"),
            row,
            strict=True,
        )
    )
    return Release(
        **{**named, "folder": Path(named["folder"])}, steps=tuple(tuple(s) for s in steps)
    )


def _write_step(
    desk: sqlite3.Connection, release_id: str, action: str, by: str, reason: str, state: str
) -> None:
    (count,) = desk.execute(
        "SELECT count(*) FROM release_step WHERE id = ?", (release_id,)
    ).fetchone()
    at = datetime.now(UTC).isoformat(timespec="seconds")
    desk.execute(
        "INSERT INTO release_step VALUES (?,?,?,?,?,?,?)",
        (release_id, count + 1, action, by, at, reason, state),
    )
