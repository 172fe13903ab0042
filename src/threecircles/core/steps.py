"""A step of a run: a plain function with named inputs and outputs, and what its result depends on."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
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
        source = _source(name)
        if name in found or source is None:
            continue
        found[name] = hashlib.sha256(source.encode()).hexdigest()[:16]
        queue.extend(_imports(source))
    return found


@cache
def _source(name: str) -> str | None:
    if not name.startswith("threecircles"):
        return None
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin).read_text(encoding="utf-8")


def _imports(source: str) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.append(node.module)
            names += [f"{node.module}.{a.name}" for a in node.names]
    return [n for n in names if n.startswith("threecircles.")]
