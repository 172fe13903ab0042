"""Keys that are not the identity key: without it a second factor would lie open beside the log.

A secret comes from the environment or from a file that only its owner can read; never from a
workspace, a definition, the manifest, a log or a command line.
"""

from __future__ import annotations

import os
import secrets as chance
import stat
from pathlib import Path

from threecircles.core import keys
from threecircles.core.errors import NotPermitted, UsageError

OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""Bits of a file's mode that let somebody else at it."""


def secret(name: str, workspace_id: str) -> bytes:
    """32 bytes for one use, made on first need.

    name: the use, such as `sign-in`. Looks in THREECIRCLES_<NAME>_KEY (64 hexadecimal digits), then in
    the key folder. Raises NotPermitted when the file can be read by others.
    """
    told = os.environ.get(variable(name), "")
    if told:
        return _bytes(told, variable(name))
    path = keys.folder() / f"{workspace_id}.{name}.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(chance.token_hex(32))
    return _bytes(read_private(path), path.name)


def variable(name: str) -> str:
    """The environment variable that may hold a secret."""
    return f"THREECIRCLES_{name.upper().replace('-', '_')}_KEY"


def given(name: str) -> str:
    """A secret that somebody else issued, from the environment or a private file named there.

    THREECIRCLES_<NAME> holds it, or THREECIRCLES_<NAME>_FILE names a file of mode 600. Raises
    UsageError when neither is set.
    """
    variable_name = f"THREECIRCLES_{name.upper().replace('-', '_')}"
    if os.environ.get(variable_name):
        return os.environ[variable_name]
    file = os.environ.get(f"{variable_name}_FILE", "")
    if file:
        return read_private(Path(file))
    raise UsageError(
        f"The secret {name} is not here.",
        mend=f"Set {variable_name}, or {variable_name}_FILE to a file of mode 600.",
    )


def read_private(path: Path) -> str:
    """The text of a file that only its owner can read. Raises NotPermitted when others can."""
    if os.name == "posix" and path.stat().st_mode & OPEN_TO_OTHERS:
        raise NotPermitted(
            "A secret lies in a file that others can read.",
            where=path.name, mend="chmod 600, and rotate it: it may have been read.",
        )  # fmt: skip
    return path.read_text(encoding="utf-8").strip()


def _bytes(text: str, where: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise UsageError("A key has the wrong form.", where=where, allowed="64 hexadecimal digits")
    return found
