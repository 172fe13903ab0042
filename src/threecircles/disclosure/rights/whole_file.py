"""Destroys a whole delivery when its time is over: without it what may be kept no longer would be kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from threecircles.core.dates import add_months
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Delivery, Place
from threecircles.disclosure import state
from threecircles.disclosure.rights.erase import remove_steps
from threecircles.disclosure.rights.holds import check_no_hold_at_all
from threecircles.disclosure.rights.retention import backups_kept_for


@dataclass(frozen=True)
class Destroyed:
    """What is gone: the files by name, and the day after which no backup opens either."""

    files: tuple[str, ...]
    backups_until: date


def destroy(workspace: Workspace, place: Place, delivery_id: str) -> Destroyed:
    """Destroy every file of a delivery by destroying the key that each has of its own.

    The caller has asked permission, with two people. The files may not come back (their hashes are
    kept); every step's output is removed, for the next run to make anew without them. What was
    released stays. Raises UsageError for an unknown delivery, NotPermitted while a hold stands on
    anybody; then nothing has been changed.
    """
    check_no_hold_at_all(workspace.path)
    delivery = _delivery(place, delivery_id)
    gone = []
    for path in (p for p in delivery.files if p.exists()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        workspace.destroy_raw(digest)
        _remember(workspace.path, digest)
        path.unlink()
        gone.append(path.name)
    if not gone:
        raise UsageError("None of its files is there any more.", found=delivery_id)
    remove_steps(workspace)
    return Destroyed(tuple(gone), add_months(datetime.now(UTC).date(), backups_kept_for()))


def _delivery(place: Place, delivery_id: str) -> Delivery:
    known = {d.id: d for d in place.deliveries}
    if delivery_id not in known:
        raise UsageError(
            "The place names no such delivery.", found=delivery_id,
            allowed=", ".join(known), mend=did_you_mean(delivery_id, known),
        )  # fmt: skip
    return known[delivery_id]


def _remember(workspace: Path, digest: str) -> None:
    with state.state(workspace) as kept:
        kept.execute(
            "INSERT OR REPLACE INTO tombstone VALUES (?,?,?,?)", (digest, "", 0, state.now())
        )
