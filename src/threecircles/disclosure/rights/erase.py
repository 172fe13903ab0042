"""Takes a person out: from received files, the identity store and every table made from them."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from threecircles.core.dates import add_months
from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Delivery, Place
from threecircles.disclosure import state
from threecircles.disclosure.rights.held import SourceRows, keys_of, source_rows
from threecircles.disclosure.rights.holds import check_no_hold
from threecircles.disclosure.rights.raw_files import rewrite
from threecircles.disclosure.rights.retention import backups_kept_for
from threecircles.identity.place import store
from threecircles.sources.declared import source


@dataclass(frozen=True)
class Erased:
    """What was taken out: files written anew with rows taken from each, and when backups have aged out."""

    files: tuple[tuple[str, int], ...]
    backups_until: date
    request: str


def erase(workspace: Workspace, place: Place, person: str, request: str) -> Erased:
    """Take a person out of everything that is kept. The caller has asked `asking.may` with two people.

    Received files are written anew and their old hashes tombstoned; the identity store, preferences
    and corrections lose the person; every step's output is removed, for the next run to make anew
    without them. What was released stays as it is: it names nobody. The audit log stays: it holds
    the number only. Raises NotPermitted under a hold, ThreeCirclesError for a file that a machine
    cannot rewrite; then nothing has been changed.
    """
    check_no_hold(workspace.path, person)
    found = list(source_rows(workspace, person))
    if not found:
        raise UsageError("Nothing received is about this person.")
    work = _plan(workspace, place, person, found)
    done = []
    for path, (source_id, lines, keys) in sorted(work.items()):
        rewrite(workspace, path, source(source_id), lines=lines, keys=keys)
        done.append((path.name, max(len(lines), len(keys))))
    _forget(workspace, person)
    until = add_months(datetime.now(UTC).date(), backups_kept_for())
    token = hmac.new(workspace.key(), person.encode(), hashlib.sha256).hexdigest()
    with state.state(workspace.path) as kept:
        kept.execute("DELETE FROM preference WHERE person = ?", (person,))
        kept.execute("DELETE FROM correction WHERE person = ?", (person,))
        kept.execute(
            "INSERT OR REPLACE INTO erased VALUES (?,?,?,?)",
            (token, request, until.isoformat(), state.now()),
        )
    remove_steps(workspace)
    return Erased(tuple(done), until, request)


def remove_steps(workspace: Workspace) -> None:
    """Remove every output of every step, on both sides, and what drafts and extracts were made of them."""
    for folder in (workspace.steps("identity"), workspace.steps("payload")):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    _remove_made(workspace)


def remove_old_steps(workspace: Workspace) -> int:
    """Remove outputs that the last run of their step no longer uses; returns how many folders went.

    After an objection, so that no earlier version made with the person is kept, nor a draft or
    extract of it: a release that was asked for and not yet published is asked for anew.
    """
    from threecircles.core import manifest

    newest = {e.step: e.key[:16] for e in manifest.latest(workspace.manifest).values()}
    gone = 0
    for side in ("identity", "payload"):
        for folder in workspace.steps(side).glob("*/*"):
            if folder.is_dir() and folder.name != newest.get(folder.parent.name):
                shutil.rmtree(folder, ignore_errors=True)
                gone += 1
    _remove_made(workspace)
    return gone


def _remove_made(workspace: Workspace) -> None:
    for name in ("drafts", "extracts", "exports"):
        shutil.rmtree(workspace.path / name, ignore_errors=True)


def _plan(
    workspace: Workspace, place: Place, person: str, found: list[SourceRows]
) -> dict[Path, tuple[str, set[int], set[str]]]:
    """File -> source, lines to leave out, ids to leave out. Raises before anything is written."""
    deliveries = {d.id: d for d in place.deliveries}
    keyed = keys_of(workspace, person)
    work: dict[Path, tuple[str, set[int], set[str]]] = {}
    for rows in found:
        delivery = deliveries.get(rows.delivery)
        if delivery is None:
            raise UsageError(
                "The place no longer names a delivery that holds the person.", found=rows.delivery,
                mend="Put it back into place.yaml, or erase the whole file.",
            )  # fmt: skip
        for file_id, at in rows.rows.select("_file", "_at").iter_rows():
            path = _file(workspace, delivery, file_id)
            _, lines, keys = work.setdefault(path, (rows.source, set(), set()))
            lines.add(int(at))
            keys |= {k for _, k in keyed.get(rows.delivery, set())}
    return work


def _file(workspace: Workspace, delivery: Delivery, file_id: str) -> Path:
    from threecircles.disclosure.rights.held import table

    files = table(workspace, f"sources.{delivery.id}._files")
    if files is None:
        raise ThreeCirclesError("The list of received files is not there.", where=delivery.id)
    for given, path, member, sha in files.select("file_id", "path", "member", "sha256").iter_rows():
        if given != file_id:
            continue
        if member:
            raise ThreeCirclesError(
                "An archive is not written anew by the machine.", where=path,
                mend="Unpack it, name its files in place.yaml, run, and ask again.",
            )  # fmt: skip
        for candidate in delivery.files:
            if hashlib.sha256(candidate.read_bytes()).hexdigest() == sha:
                return candidate
    raise ThreeCirclesError("A received file is no longer where it was.", where=delivery.id)


def _forget(workspace: Workspace, person: str) -> None:
    """Take the person's record names out of the identity store, its history and its decisions."""
    kept = store.load(workspace)
    names = {n for n, holder in kept.persons.holder.items() if holder == person}
    events = tuple(
        replace(e, changes={n: c for n, c in e.changes.items() if n not in names})
        for e in kept.persons.events
    )
    persons = replace(
        kept.persons,
        holder={n: p for n, p in kept.persons.holder.items() if n not in names},
        events=events,
    )
    seals = tuple(
        replace(
            s,
            before=tuple(n for n in s.before if n not in names),
            after=tuple(n for n in s.after if n not in names),
        )
        for s in kept.seals
    )
    store.save(
        workspace,
        replace(
            kept, persons=persons, seals=seals, restricted=kept.restricted - names,
            decisions=tuple(d for d in kept.decisions if d.record_l not in names and d.record_r not in names),
        ),
    )  # fmt: skip
