"""Whether what lies on the disk is sealed, as found and never assumed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
BLOCKS = Path("/sys/dev/block")


@dataclass(frozen=True)
class AtRest:
    """One part of a workspace, and how it is kept: `sealed`, `sealed volume`, `open` or `cannot tell`."""

    part: str
    kept: str
    note: str


def at_rest(workspace: Path) -> tuple[AtRest, ...]:
    """How each part of a workspace lies on the disk."""
    volume = volume_sealed(workspace)
    said = {True: "sealed volume", False: "open", None: "cannot tell"}[volume]
    rest = (
        "the volume is encrypted"
        if volume
        else "keep the workspace on an encrypted volume (LUKS, BitLocker)"
    )
    return (
        AtRest(
            "names and received files (identity/)",
            "sealed",
            "AES-256-GCM, key outside the workspace; each received file under its own",
        ),
        AtRest(
            "what DuckDB spills while a run works",
            "sealed",
            "AES, a key of its own for each connection, never kept",
        ),
        AtRest("tables without names (steps/)", said, rest),
        AtRest(
            "requests and decisions (state.sqlite)",
            said,
            f"{rest}; values of corrections are sealed in it",
        ),
        AtRest("audit log (audit.sqlite)", said, f"{rest}; it holds no name"),
        AtRest(
            "sign-in (accounts.sqlite, sessions.sqlite)",
            said,
            f"{rest}; passwords are hashed, second factors sealed",
        ),
    )


def volume_sealed(path: Path) -> bool | None:
    """True when the volume under a path is an encrypted mapping, False when not, None when it cannot be told."""
    if not MOUNTS.exists():
        return None
    try:
        number = os.stat(path).st_dev
        block = BLOCKS / f"{os.major(number)}:{os.minor(number)}"
        uuid = block / "dm" / "uuid"
        if uuid.exists():
            return uuid.read_text().startswith("CRYPT-")
        return False if block.exists() else None
    except OSError:
        return None


def no_core_dumps() -> None:
    """Let this process leave no image of its memory behind when it crashes."""
    try:
        import resource
    except ImportError:  # Windows has no such files
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def safe_line(text: str) -> str:
    """A text as it may stand in one line of a log: no line ends and no control characters."""
    return "".join(c if c.isprintable() else "?" for c in text)[:500]
