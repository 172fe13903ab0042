"""A step of a run: a plain function with named inputs and outputs, and what its result depends on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

Side = Literal["identity", "crossing", "payload"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One function of a run, with what it reads and writes.

    reads: table names or patterns with `*`, one positional argument each. writes: table names, or one
    pattern. definitions: folders or files below definitions/ that decide the result. files: received
    files, stored raw before the step runs. side: where inputs and outputs lie; "crossing" reads the
    identity side and writes payload. purpose: why child-level rows are read (floor 5 and up).
    params: plain values, part of the step's key.
    """

    name: str
    function: Callable[..., Any]
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    side: Side = "payload"
    purpose: str = ""
    attributes: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)

    def writes_table(self, table: str) -> bool:
        """True when the table is one of this step's outputs."""
        return any(fnmatchcase(table, pattern) for pattern in self.writes)

    def feeds(self, other: Step) -> bool:
        """True when the other step reads something this one writes."""
        return any(_overlap(w, r) for w in self.writes for r in other.reads)

    @property
    def written_side(self) -> str:
        """The side its outputs lie on."""
        return "identity" if self.side == "identity" else "payload"


def _overlap(one: str, two: str) -> bool:
    # Patterns only end in `*`, so two overlap when one's fixed part begins the other's.
    a, b = one.partition("*")[0], two.partition("*")[0]
    if "*" not in one and "*" not in two:
        return one == two
    if "*" not in one:
        return fnmatchcase(one, two)
    if "*" not in two:
        return fnmatchcase(two, one)
    return a.startswith(b) or b.startswith(a)


def in_order(steps: list[Step]) -> list[Step]:
    """Steps sorted so that each comes after what it reads; equal otherwise to the given order.

    Raises ValueError for a cycle, or when two steps bear one name.
    """
    names = [s.name for s in steps]
    if len(set(names)) != len(names):
        raise ValueError(
            f"Two steps bear one name: {sorted({n for n in names if names.count(n) > 1})}"
        )
    left, done = list(steps), []
    while left:
        ready = next(
            (s for s in left if not any(o is not s and o.feeds(s) for o in left)),
            None,
        )
        if ready is None:
            raise ValueError(f"These steps wait for each other: {', '.join(s.name for s in left)}")
        left.remove(ready)
        done.append(ready)
    return done


@cache
def code_hashes(module: str) -> Mapping[str, str]:
    """SHA-256 of the source of a module and of every module of ours that it imports, near or far."""
    found: dict[str, str] = {}
    queue = [module]
    while queue:
        name = queue.pop()
        if name in found or (source := _source(name)) is None:
            continue
        found[name] = source.hash
        queue.extend(source.imports)
    return found


@dataclass(frozen=True)
class _Source:
    """A module's text, by its hash, and the names it imports of ours (modules, or things in them)."""

    hash: str
    imports: tuple[str, ...]


_HOME = Path(__file__).parents[1]
_COMMENT = re.compile("#[^\n]*")
_IMPORT = re.compile(
    r"^[ \t]*from[ ]+(?P<source>[\w.]+)[ ]+import[ ]*(?P<names>\([^)]*\)|[^\n]*)"
    r"|^[ \t]*import[ ]+(?P<modules>[^\n]*)",
    re.MULTILINE,
)


@cache
def _source(name: str) -> _Source | None:
    # Found by its path and read by pattern: asking Python for it would import every package on the way,
    # and parsing 600 files takes longer than all else an unchanged run does.
    first, *rest = name.split(".")
    place = _HOME.joinpath(*rest)
    for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
        if first == _HOME.name and file.is_file():
            text = file.read_text(encoding="utf-8")
            return _Source(hashlib.sha256(text.encode()).hexdigest()[:16], imported(text))
    return None


def imported(source: str) -> tuple[str, ...]:
    """Dotted names below this package that a module's text imports; for `from a import b`, a and a.b."""
    names: list[str] = []
    for match in _IMPORT.finditer(_COMMENT.sub("", source)):
        parts = [
            p.split(" as ")[0].strip()
            for p in (match["modules"] or match["names"]).strip("()").split(",")
        ]
        if match["modules"]:
            names += parts
        else:
            names += [match["source"], *(f"{match['source']}.{p}" for p in parts if p)]
    return tuple(n for n in names if n.startswith(f"{_HOME.name}."))
