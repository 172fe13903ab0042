"""Runs a study's code with the doors shut: started in a process of its own, never imported by the house.

Refuses connections, other programs, and files outside its own folder. A guard within one language is
no wall: a person reads the code first, and where the system can, the process has no network at all.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

SHUT = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.", "ftplib.", "smtplib.", "urllib.")  # fmt: skip
"""Beginnings of the interpreter's own names for connections and other programs."""


def guard(home: Path) -> None:
    """Shut the doors for the rest of this process. home: the folder in which it may write."""
    own = str(home.resolve())
    readable = tuple(
        {own, *(str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix, *sys.path) if p)}
    )

    def hook(event: str, given: tuple[object, ...]) -> None:
        if event.startswith(SHUT):
            raise PermissionError(f"A study may not use {event}.")
        if event == "open" and isinstance(given[0], (str, bytes, os.PathLike)):
            path = os.path.realpath(os.fsdecode(given[0]))
            mode = str(given[1] or "r")
            writes = any(c in mode for c in "wax+") or bool(
                isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
            )
            inside = path == own or path.startswith(own + os.sep)
            if not inside and (writes or not path.startswith(readable)):
                raise PermissionError("A study reads and writes in its own folder only.")

    sys.addaudithook(hook)


if __name__ == "__main__":
    code = sys.argv[1]
    guard(Path.cwd())
    runpy.run_path(code, run_name="__main__")
