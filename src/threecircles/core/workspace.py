"""A place's folder of work: without it received files could change and half-written results be read.

workspace.json   id, label, whether the place is made up
identity/        the identity side: raw files and child-level tables, encrypted, one key
steps/           the payload side: one folder a step and key
manifest.jsonl   one line per step run
release/         only what the release desk let out
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import polars as pl

from threecircles.core import keys
from threecircles.core.errors import NotPermitted, UsageError

Role = Literal["payload", "identity"]


@dataclass(frozen=True)
class Workspace:
    """An opened workspace. role "identity" holds the key of the identity side; "payload" has no path to it."""

    path: Path
    id: str
    fictitious: bool
    role: Role = "payload"
    _key: bytes | None = None

    @property
    def manifest(self) -> Path:
        """The file with one line per step run."""
        return self.path / "manifest.jsonl"

    @property
    def release(self) -> Path:
        """The only folder that viewers' pages read."""
        return self.path / "release"

    def steps(self, side: str) -> Path:
        """The folder of step outputs of a side."""
        return self.path / "identity" / "steps" if side == "identity" else self.path / "steps"

    def key(self) -> bytes:
        """The key of the identity side. Raises NotPermitted when this process may not have it."""
        if self._key is None:
            raise NotPermitted(
                "The identity side is locked for this process.",
                mend="Names and identifiers are read only by the identity phase of a run.",
            )
        return self._key

    def keep_raw(self, data: bytes) -> str:
        """Store received bytes under their SHA-256, each file under a key of its own; returns the hash.

        Never changed again. The file's key lies beside it, sealed under the key of the identity side.
        """
        digest = hashlib.sha256(data).hexdigest()
        target, own = self._raw(digest)
        if not target.exists():
            key = secrets.token_bytes(32)
            write_bytes(own, keys.seal(key, self.key(), own.name))
            write_bytes(target, keys.seal(data, key, digest))
        return digest

    def read_raw(self, digest: str) -> bytes:
        """The received bytes of a hash. Raises NotPermitted once the file's own key was destroyed."""
        target, own = self._raw(digest)
        # Workspaces of before files had keys of their own sealed them under the workspace's.
        key = keys.unseal(own.read_bytes(), self.key(), own.name) if own.exists() else self.key()
        return keys.unseal(target.read_bytes(), key, digest)

    def destroy_raw(self, digest: str) -> None:
        """Destroy a received file's own key, then the file: a copy of the folder without the key stays shut."""
        target, own = self._raw(digest)
        if own.exists():
            own.write_bytes(bytes(own.stat().st_size))
        own.unlink(missing_ok=True)
        target.unlink(missing_ok=True)

    def _raw(self, digest: str) -> tuple[Path, Path]:
        folder = self.path / "identity" / "raw"
        return folder / digest, folder / f"{digest}.key"

    def write_table(self, table: pl.DataFrame, path: Path, side: str) -> str:
        """Write a table as Parquet (encrypted on the identity side); returns the SHA-256 of its content."""
        buffer = BytesIO()
        table.write_parquet(buffer, compression="zstd", compression_level=1, statistics=True)
        data = buffer.getvalue()
        digest = hashlib.sha256(data).hexdigest()
        write_bytes(path, keys.seal(data, self.key(), path.stem) if side == "identity" else data)
        return digest

    def read_table(self, path: Path, side: str) -> pl.DataFrame:
        """Read a table that write_table wrote."""
        if side != "identity":
            return pl.read_parquet(path)
        return pl.read_parquet(BytesIO(keys.unseal(path.read_bytes(), self.key(), path.stem)))


def create(path: Path, *, label: str = "", fictitious: bool = False) -> Workspace:
    """Make an empty workspace with its own identity key, or open the one that is there."""
    if (path / "workspace.json").exists():
        return open_workspace(path)
    if path.exists() and any(path.iterdir()):
        raise UsageError(
            "The folder is not empty and is not a workspace.",
            where=str(path),
            mend="Name a new folder.",
        )
    path.mkdir(parents=True, exist_ok=True)
    workspace_id = secrets.token_hex(8)
    about = {"id": workspace_id, "label": label, "fictitious": fictitious, "format": 1}
    for folder in ("identity/raw", "identity/steps", "steps"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    (path / "identity").chmod(0o700)
    keys.create(workspace_id)
    write_bytes(path / "workspace.json", json.dumps(about, indent=1).encode())
    return open_workspace(path)


def open_workspace(path: Path, role: Role = "payload") -> Workspace:
    """Open a workspace in a role. Raises UsageError when there is none."""
    file = path / "workspace.json"
    if not file.exists():
        raise UsageError(
            "There is no workspace here.",
            where=str(path),
            mend="Run `threecircles run PLACE --workspace W`.",
        )
    about = json.loads(file.read_text())
    key = keys.read(about["id"]) if role == "identity" else None
    return Workspace(path, about["id"], bool(about["fictitious"]), role, key)


def write_bytes(path: Path, data: bytes) -> None:
    """Write aside and rename, so that nothing half-written is ever seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def swap_folder(new: Path, target: Path) -> None:
    """Put a finished folder in place of another, so that a reader sees the old or the new, never a mixture."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)
