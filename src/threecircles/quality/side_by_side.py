"""Two pieces of work at a time: without it one core would wait while the other works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

SIDE_BY_SIDE = 2
"""How many statements run at a time. A table of usual size is one piece of work for the engine, so that
one statement keeps one core busy."""


@contextmanager
def beginning() -> Iterator[Callable[[Callable[[], T]], Future[T]]]:
    """Begins each piece of work in turn, two at a time; one may wait for those begun before it, never for later ones."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield pool.submit


def side_by_side(*works: Callable[[], Any]) -> list[Any]:
    """What each piece of work gives, in their order; two are done at a time."""
    with beginning() as begin:
        return [begun.result() for begun in [begin(work) for work in works]]
