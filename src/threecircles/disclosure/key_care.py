"""Changing the key, and making sure that its copy works: a key that was never tried is already lost."""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from threecircles.core import keys
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.workspace import Workspace, open_workspace, write_bytes
from threecircles.disclosure import audit, state
from threecircles.disclosure.people import person
from threecircles.disclosure.secrets import read_private

STORE = "identity-store"


@dataclass(frozen=True)
class Drill:
    """What a kept copy of the key opened."""

    files: int
    opened: int

    @property
    def good(self) -> bool:
        """True when the copy opened everything."""
        return self.files == self.opened > 0


def rotate(folder: Path, actor: str | None = None) -> int:
    """Seal the identity side under a new key; returns how many files and values were sealed anew.

    The new key lies beside the old one until the last file is done, so that a command that was
    stopped goes on where it was. Raises UsageError when the key comes from the environment (whoever
    sets it rotates it there), NotPermitted when a file opens with neither key; then nothing is lost.
    """
    if os.environ.get(keys.VARIABLE):
        raise UsageError(
            "The key comes from the environment and is not kept in a file here.",
            mend=f"Unset {keys.VARIABLE} and bring the key file, or rotate where it is kept.",
        )
    workspace = open_workspace(folder, "identity")
    held = keys.folder() / f"{workspace.id}.key"
    waiting = held.with_suffix(".key.new")
    if not waiting.exists():
        _write_private(waiting, secrets.token_hex(32))
    old, new = workspace.key(), bytes.fromhex(read_private(waiting))
    work = [(path, _sealed_name(path, data, old, new)) for path, data in _files(workspace)]
    for path, name in work:
        write_bytes(path, keys.seal(_open(path.read_bytes(), name, old, new), new, name))
    values = _corrections(workspace, old, new)
    write_bytes(held, waiting.read_bytes())
    held.chmod(0o600)
    waiting.unlink()
    _told(folder, actor, "rotate_key", len(work) + values)
    return len(work) + values


def drill(folder: Path, copy: Path, actor: str | None = None) -> Drill:
    """Try a kept copy of the key on everything that is sealed, as if the key had been lost.

    copy: a file of mode 600 with 64 hexadecimal digits. Nothing is changed; the log says that it was tried.
    """
    workspace = open_workspace(folder)
    try:
        key = bytes.fromhex(read_private(copy))
    except ValueError:
        raise UsageError(
            "That file holds no key.", where=copy.name, allowed="64 hexadecimal digits"
        ) from None
    files = list(_files(workspace))
    opened = sum(_opens(path, data, key) for path, data in files)
    _told(folder, actor, "key_drill", opened)
    return Drill(len(files), opened)


def _files(workspace: Workspace) -> list[tuple[Path, bytes]]:
    """What is sealed under the workspace's key; a received file is not: its own small key is."""
    side = workspace.path / "identity"
    found = [
        *(p for p in (side / "raw").glob("*") if not p.with_name(f"{p.name}.key").exists()),
        *(side / "steps").rglob("*.parquet"),
        *(side / "store").rglob("*"),
    ]
    return [
        (p, p.read_bytes()) for p in sorted(found) if p.is_file() and not p.name.startswith(".")
    ]


def _names(path: Path) -> tuple[str, ...]:
    """Names under which a file may have been sealed (core/workspace.py, identity/place/store.py)."""
    return (path.stem if path.suffix == ".parquet" else path.name, path.stem, STORE)


def _sealed_name(path: Path, data: bytes, *tried: bytes) -> str:
    for name in _names(path):
        for key in tried:
            try:
                keys.unseal(data, key, name)
            except NotPermitted:
                continue
            return name
    raise NotPermitted(
        "A sealed file opens with neither key; nothing was changed.", where=path.name
    )


def _opens(path: Path, data: bytes, key: bytes) -> bool:
    try:
        return bool(_sealed_name(path, data, key))
    except NotPermitted:
        return False


def _open(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    try:
        return keys.unseal(data, old, name)
    except NotPermitted:
        return keys.unseal(data, new, name)


def _corrections(workspace: Workspace, old: bytes, new: bytes) -> int:
    found = state.rows(workspace.path, "SELECT * FROM correction")
    with state.state(workspace.path) as kept:
        for row in found:
            name = f"correction/{row['delivery']}/{row['source_table']}/{row['row_number']}/{row['column_name']}"
            value = _open(base64.b64decode(row["sealed_value"]), name, old, new)
            sealed = base64.b64encode(keys.seal(value, new, name)).decode()
            kept.execute("UPDATE correction SET sealed_value = ? WHERE id = ?", (sealed, row["id"]))
    return len(found)


def _told(folder: Path, actor: str | None, action: str, count: int) -> None:
    audit.append(
        folder, actor=person(folder, actor).id, action=action, resource="house:key", purpose="audit", basis="art6_1_c",
        decision="allow", policy=("key-care",), detail={"sealed": count},
    )  # fmt: skip


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
