"""YAML to frozen dataclasses with located errors: without it every room would parse in its own way."""

from __future__ import annotations

import csv
import hashlib
import types
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from threecircles.core.errors import DefinitionError, did_you_mean
from threecircles.definitions.yaml12 import Marked, parse

HOME = Path(__file__).parent
"""The folder that holds the shipped definitions, one folder per kind."""

D = TypeVar("D")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What every definition says of itself. Rooms subclass it with their own fields."""

    id: str
    label: str
    source: str
    description: str = ""
    unit: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    caveat: str = ""

    def in_force(self, day: date) -> bool:
        """True when the definition holds on the day (both ends inclusive)."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


def load(name: str, cls: type[D], home: Path = HOME) -> D:
    """One definition, `name` being its path below the definitions folder without `.yaml`.

    Raises DefinitionError with file and line.
    """
    path = home / f"{name}.yaml"
    if not path.exists():
        near = did_you_mean(path.stem, (p.stem for p in path.parent.glob("*.yaml")))
        raise DefinitionError(
            f"There is no definition called {name}.", where=str(path.name), mend=near
        )
    return cast(D, _load_cached(path, cast(Any, cls), path.stat().st_mtime_ns))


def load_folder(name: str, cls: type[D], home: Path = HOME) -> tuple[D, ...]:
    """All definitions of a folder and its subfolders, in order of path."""
    return tuple(
        cast(D, _load_cached(path, cast(Any, cls), path.stat().st_mtime_ns))
        for path in sorted((home / name).rglob("*.yaml"))
    )


def load_text(text: str, cls: type[D], where: str = "text") -> D:
    """One definition from a text, for tests and for files a user names."""
    return build(parse(text, where), cls, where)


def in_force(definitions: Iterable[D], day: date) -> D:
    """The one definition that holds on the day. Raises DefinitionError when none or several do."""
    found = [d for d in definitions if d.in_force(day)]  # type: ignore[attr-defined]
    if len(found) != 1:
        raise DefinitionError(
            f"{len(found)} definitions hold on {day:%d %B %Y}; there must be one.",
            found=", ".join(d.id for d in found),  # type: ignore[attr-defined]
            mend="Give the older one a valid_to before the newer one's valid_from.",
        )
    return found[0]


def read_csv(name: str, home: Path = HOME) -> tuple[dict[str, str], ...]:
    """Rows of a CSV definition, every cell as text."""
    with (home / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def folder_hash(*names: str, home: Path = HOME) -> str:
    """SHA-256 over the files of the named folders or files, for a step's key."""
    digest = hashlib.sha256()
    for name in names:
        target = home / name
        paths = sorted(p for p in target.rglob("*") if p.is_file()) if target.is_dir() else [target]
        for path in paths:
            digest.update(str(path.relative_to(home)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _load_cached(path: Path, cls: type[Any], _mtime: int) -> Any:
    where = str(path.relative_to(HOME)) if path.is_relative_to(HOME) else path.name
    return build(parse(path.read_text(encoding="utf-8"), where), cls, where)


def build(value: Marked, cls: type[D], where: str) -> D:
    """A frozen dataclass from marked YAML. Types are checked field by field."""
    return _convert(value, cls, where, "")


def _fail(value: Marked, where: str, message: str, **more: str) -> DefinitionError:
    return DefinitionError(message, where=f"{where} line {value.line}", **more)


def _convert(value: Marked, kind: Any, where: str, name: str) -> Any:  # noqa: PLR0911 - one branch a type
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value.plain()
    if origin in (Union, types.UnionType):
        return _convert_union(value, arguments, where, name)
    if origin is Literal:
        if value.data not in arguments:
            allowed = ", ".join(map(str, arguments))
            raise _fail(
                value,
                where,
                f"{name} is not one of the allowed words.",
                found=str(value.data),
                allowed=allowed,
            )
        return value.data
    if origin in (list, tuple, frozenset):
        if not isinstance(value.data, list):
            raise _fail(value, where, f"{name} must be a list.", found=str(value.plain()))
        inner = arguments[0] if arguments else Any
        return (tuple if origin in (list, tuple) else frozenset)(
            _convert(v, inner, where, name) for v in value.data
        )
    if origin is dict:
        if not isinstance(value.data, dict):
            raise _fail(value, where, f"{name} must be a mapping.", found=str(value.plain()))
        return {k: _convert(v, arguments[1], where, f"{name}.{k}") for k, v in value.data.items()}
    if is_dataclass(kind):
        return _convert_dataclass(value, cast(type, kind), where, name)
    return _convert_scalar(value, kind, where, name)


def _convert_union(value: Marked, kinds: tuple[Any, ...], where: str, name: str) -> Any:
    if value.data is None and type(None) in kinds:
        return None
    failures = []
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _convert(value, kind, where, name)
        except DefinitionError as error:
            failures.append(error)
    # The failure that got furthest (a bad field inside a mapping) tells more than the last one.
    raise max(
        failures, key=lambda e: e.where.count("line") * 10_000 + int(e.where.rsplit(" ", 1)[-1])
    )


def _convert_scalar(value: Marked, kind: Any, where: str, name: str) -> Any:
    data = value.data
    if kind is date and isinstance(data, str):
        try:
            return date.fromisoformat(data)
        except ValueError:
            raise _fail(
                value, where, f"{name} is not a date.", found=data, allowed="yyyy-mm-dd"
            ) from None
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(data, kind) and (kind is bool or not isinstance(data, bool)):
        return data
    mend = "Put it in quotes." if kind is str else ""
    raise _fail(
        value, where, f"{name} must be {kind.__name__}.", found=repr(value.plain()), mend=mend
    )


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _convert_dataclass(value: Marked, cls: type, where: str, name: str) -> Any:
    if not isinstance(value.data, dict):
        raise _fail(
            value, where, f"{name or cls.__name__} must be a mapping.", found=str(value.plain())
        )
    hints = _hints(cls)
    # A field whose name is a Python word (return, from) is written with a trailing underscore in the class.
    known = {f.name.rstrip("_"): f for f in fields(cls)}
    for key, item in value.data.items():
        if key not in known:
            raise _fail(
                item, where, f"{key} is not a field of {cls.__name__}.",
                allowed=", ".join(known), mend=did_you_mean(key, known),
            )  # fmt: skip
    missing = [
        k for k, f in known.items()
        if k not in value.data and f.default is MISSING and f.default_factory is MISSING
    ]  # fmt: skip
    if missing:
        raise _fail(value, where, f"{name or cls.__name__} lacks: {', '.join(missing)}.")
    made = {
        known[k].name: _convert(v, hints[known[k].name], where, k) for k, v in value.data.items()
    }
    try:
        return cls(**made)
    except ValueError as error:
        raise _fail(value, where, str(error)) from None
