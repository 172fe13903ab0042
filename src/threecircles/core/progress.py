"""Progress for a person who waits: to standard error, plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Bar(Protocol):
    """What `progress` yields."""

    def advance(self, n: int = 1) -> None: ...


class _Plain:
    def __init__(self, label: str, total: int | None) -> None:
        self.label, self.total, self.done, self.last = label, total, 0, 0.0

    def advance(self, n: int = 1) -> None:
        self.done += n
        now = time.monotonic()
        if now - self.last > 5:
            self.last = now
            of = f" of {self.total:,}" if self.total else ""
            print(f"  {self.label}: {self.done:,}{of}", file=sys.stderr, flush=True)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Bar]:
    """A bar on a terminal, a line every five seconds elsewhere. total: None when it is not known."""
    if not sys.stderr.isatty():
        yield _Plain(label, total)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(label, total=total)

        class _Rich:
            def advance(self, n: int = 1) -> None:
                shown.advance(task, n)

        yield _Rich()
