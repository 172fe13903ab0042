"""The head of the log kept where this machine cannot reach it: else its end could be cut off unseen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.disclosure import audit, state
from threecircles.disclosure.audit import Head


def anchor(workspace: Path, *, file: Path | None = None, officer: str = "") -> Head:
    """Hand the head of the log to something off this machine; returns it.

    file: a file on another host's share, one line appended. officer: a notice in the queue that the
    council's mail takes to the officer. Without either the caller prints it. Raises UsageError when
    the file is inside the workspace, where it would fall with the log.
    """
    head = audit.head(workspace)
    if file is not None:
        if file.resolve().is_relative_to(Path(workspace).resolve()):
            raise UsageError(
                "An anchor inside the workspace holds nothing.",
                mend="Name a file on another machine.",
            )
        with file.open("a", encoding="utf-8") as kept:
            kept.write(f"{head}\n")
    if officer:
        with state.state(workspace) as kept:
            state.notify(kept, officer, "Head of the audit log", str(head))
    return head


def anchors(file: Path) -> list[Head]:
    """The heads in an anchor file. Raises UsageError for a line that is none."""
    return [_head(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def against(workspace: Path, kept: Iterable[Head]) -> audit.Verification:
    """Verify the chain against every anchor; the first that does not fit is told."""
    found = audit.verify(workspace)
    for head in kept:
        if found.good:
            found = audit.verify(workspace, head)
    return found


def _head(line: str) -> Head:
    seq, _, digest = line.strip().partition(" ")
    if not seq.isdigit() or len(digest) != 64:
        raise UsageError(
            "That is no head of a log.",
            found=line[:40],
            allowed="a number and 64 hexadecimal digits",
        )
    return Head(int(seq), digest)
