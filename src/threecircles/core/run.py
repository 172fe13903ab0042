"""Runs steps once: cached by what they depend on, resumed after a kill, nothing half-written visible."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from threecircles import __version__
from threecircles.core import manifest
from threecircles.core.engines import Engine, Polars, collect
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.manifest import Entry, Output
from threecircles.core.safety import Grant, Sensitive
from threecircles.core.steps import Step, code_hashes, in_order
from threecircles.core.tables import Measured, read_measured, write_measured
from threecircles.core.workspace import Workspace, swap_folder, write_bytes

Gate = Callable[..., Grant]
Door = Callable[[str, Any, Grant], Any]


@dataclass(frozen=True)
class Planned:
    """What a run would do with a step, and why."""

    step: Step
    will_run: bool
    reason: str


@dataclass
class Runner:
    """Everything one run shares.

    known: values handed to step functions by parameter name (place, seed ...). gate: asks disclosure
    for a grant (purpose, tables, attributes, step). door: record's only door to child-level rows.
    """

    workspace: Workspace
    steps: list[Step]
    engine: Engine
    known: Mapping[str, Any]
    gate: Gate | None = None
    door: Door | None = None
    definitions_home: Path | None = None
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)

    def __post_init__(self) -> None:
        self.steps = in_order(self.steps)
        self.entries = manifest.latest(self.workspace.manifest)

    def plan(self, start: str | None = None) -> list[Planned]:
        """Which steps would run, and why, given what is on disk now. start: run again from this step."""
        forced = self._after(start)
        planned: list[Planned] = []
        stale: list[Step] = []
        for step in self.steps:
            reason = "asked for with --from" if step.name in forced else ""
            upstream = next((s.name for s in stale if s.feeds(step)), "")
            reason = reason or (f"depends on {upstream}" if upstream else self._why(step))
            planned.append(
                Planned(step, bool(reason), reason or "nothing it depends on has changed")
            )
            if reason:
                stale.append(step)
        return planned

    def run(
        self, start: str | None = None, only: Callable[[Step], bool] = lambda step: True
    ) -> list[str]:
        """Run what has to run, in order; returns the names of the steps that ran."""
        forced = self._after(start)
        chosen = [s for s in self.steps if only(s)]
        ran = []
        for number, step in enumerate(chosen, 1):
            reason = "asked for with --from" if step.name in forced else self._why(step)
            if not reason:
                continue
            self.say(f"[{number}/{len(chosen)}] {step.name}: {reason}")
            self._run_step(step, forced=step.name in forced)
            self.say(
                f"[{number}/{len(chosen)}] {step.name}: done in {self.entries[step.name].seconds:.1f} s"
            )
            ran.append(step.name)
        return ran

    def table(self, name: str) -> pl.DataFrame | None:
        """The newest version of a table as Polars, or None when no step of this place writes it."""
        found = self._find(name)
        return None if found is None else self.workspace.read_table(*found)

    # What a step depends on

    def _after(self, start: str | None) -> set[str]:
        if start is None:
            return set()
        names = [s.name for s in self.steps]
        if start not in names:
            raise UsageError(
                "There is no such step.",
                found=start,
                allowed=", ".join(names),
                mend=did_you_mean(start, names),
            )
        return {start}

    def _dependencies(self, step: Step) -> Entry:
        """The entry of a run that would start now, without outputs; its key covers all that decides them."""
        entry = Entry(
            step=step.name,
            key="",
            side=step.side,
            written_side=step.written_side,
            inputs={t: o.hash for r in step.reads for t, o in self._matching(r, step)},
            files={str(p.name): _file_hash(p) for p in step.files},
            code=dict(code_hashes(step.function.__module__)),
            definitions=self._definition_hashes(step),
            params=json.dumps({**{k: _plain(v) for k, v in step.params.items()}, "engine": self.engine.name,
                               "purpose": step.purpose, "known": self._known_key(step)}, sort_keys=True),
            version=__version__,
            definition_folders=step.definitions,
        )  # fmt: skip
        parts = {k: v for k, v in asdict(entry).items() if k not in ("outputs", "seconds", "at")}
        return replace(
            entry, key=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        )

    def _why(self, step: Step) -> str:
        """Why the step must run, or nothing."""
        new, old = self._dependencies(step), self.entries.get(step.name)
        if self._folder(step, new.key).exists():
            if old is None or old.key != new.key:
                self._adopt(step, new.key)
            return ""
        if old is None:
            return "never run"
        if old.key == new.key:
            return "its output is gone"
        for label, before, after in (
            ("file", old.files, new.files),
            ("input", old.inputs, new.inputs),
            ("definition", old.definitions, new.definitions),
            ("code", old.code, new.code),
        ):
            changed = sorted(
                k for k in before.keys() | after.keys() if before.get(k) != after.get(k)
            )
            if changed:
                more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
                return f"{label} changed: {changed[0]}{more}"
        return "settings changed"

    def _known_key(self, step: Step) -> str:
        wanted = set(inspect.signature(step.function).parameters) & set(self.known)
        return hashlib.sha256(
            "".join(f"{k}={_plain(self.known[k])}" for k in sorted(wanted)).encode()
        ).hexdigest()[:16]

    def _definition_hashes(self, step: Step) -> dict[str, str]:
        home, found = self.definitions_home, {}
        if home is None:
            return {}
        for name in step.definitions:
            target = home / name
            for path in (
                sorted(target.rglob("*")) if target.is_dir() else sorted(home.glob(f"{name}*"))
            ):
                if path.is_file() and path.suffix in (".yaml", ".csv", ".json", ".cedar"):
                    found[str(path.relative_to(home))] = hashlib.sha256(
                        path.read_bytes()
                    ).hexdigest()[:16]
        return found

    # Where tables lie

    def _folder(self, step: Step, key: str) -> Path:
        return self.workspace.steps(step.written_side) / step.name / key[:16]

    def _find(self, table: str) -> tuple[Path, str] | None:
        for step in self.steps:
            entry = self.entries.get(step.name)
            if entry is not None and table in entry.outputs:
                return self._folder(step, entry.key) / f"{table}.parquet", step.written_side
        return None

    def _matching(self, pattern: str, reader: Step) -> list[tuple[str, Output]]:
        """Tables a pattern names, as far as the reader may see them: a payload step sees payload only."""
        return [
            (table, output)
            for step in self.steps
            if (entry := self.entries.get(step.name)) is not None
            if reader.side != "payload" or step.written_side == "payload"
            for table, output in sorted(entry.outputs.items())
            if fnmatchcase(table, pattern)
        ]

    def _adopt(self, step: Step, key: str) -> None:
        """Take a finished folder that an earlier run left (killed before its line, or settings set back)."""
        entry = manifest.from_json((self._folder(step, key) / "step.json").read_bytes())
        assert entry is not None
        manifest.append(self.workspace.manifest, entry)
        self.entries[step.name] = entry

    # Running one step

    def _run_step(self, step: Step, *, forced: bool) -> None:
        started = time.monotonic()
        # A payload step's files are public lookups of the place; only received data is kept raw.
        for path in step.files if step.side != "payload" else ():
            self.workspace.keep_raw(path.read_bytes())
        entry = self._dependencies(step)
        target = self._folder(step, entry.key)
        aside = target.with_name(f".{target.name}.{os.getpid()}.part")
        for left in target.parent.glob(".*.part") if target.parent.exists() else ():
            shutil.rmtree(left, ignore_errors=True)
        out = aside / "out"
        out.mkdir(parents=True)
        result = step.function(*self._arguments(step), **self._keywords(step, out))
        outputs = dict(self._store(step, result, aside))
        if any(out.iterdir()):
            outputs[step.writes[0]] = Output(hash=_folder_hash(out), rows=0, columns=())
        else:
            out.rmdir()
        entry = replace(
            entry,
            outputs=outputs,
            seconds=round(time.monotonic() - started, 3),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        write_bytes(aside / "step.json", json.dumps(asdict(entry), sort_keys=True).encode())
        if forced and target.exists():
            shutil.rmtree(target)
        swap_folder(aside, target)
        manifest.append(self.workspace.manifest, entry)
        self.entries[step.name] = entry

    def _arguments(self, step: Step) -> list[Any]:
        arguments: list[Any] = []
        grant = self._grant(step)
        for name in step.reads:
            if "*" not in name:
                found = self._find(name)
                arguments.append(None if found is None else self._open(step, name, *found, grant))
                continue
            tables = [t for t, _ in self._matching(name, step)]
            arguments.append({t: self._open(step, t, *self._must_find(t), grant) for t in tables})
        return arguments

    def _must_find(self, table: str) -> tuple[Path, str]:
        found = self._find(table)
        assert found is not None
        return found

    def _open(self, step: Step, table: str, path: Path, side: str, grant: Grant | None) -> Any:
        if not path.exists():
            return path.with_name("out")
        if path.with_suffix(".json").exists():
            return read_measured(path)
        # Steps of the identity side collect what they read: another engine between only copies it twice.
        engine = self.engine if step.side == "payload" else Polars()
        frame = (
            engine.scan(path)
            if side == "payload"
            else engine.frame(self.workspace.read_table(path, side))
        )
        if grant is None or not table.startswith(("record.", "identity.")):
            return frame
        frame = self.door(table, frame, grant) if self.door else frame
        return Sensitive(frame, {"table": table, "step": step.name})

    def _grant(self, step: Step) -> Grant | None:
        if not step.purpose:
            return None
        if self.gate is None:
            raise UsageError(
                f"{step.name} reads child-level rows, and nobody is here to permit it."
            )
        return self.gate(
            step.purpose,
            tables=step.reads,
            attributes=step.attributes,
            workspace=self.workspace,
            step=step.name,
        )

    def _keywords(self, step: Step, out: Path) -> dict[str, Any]:
        offered = {
            **self.known,
            **step.params,
            "engine": self.engine,
            "out": out,
            "workspace": self.workspace,
        }
        if step.purpose:
            offered["grant"] = self._grant(step)
        wanted = inspect.signature(step.function).parameters
        return {k: v for k, v in offered.items() if k in wanted}

    def _store(self, step: Step, result: Any, folder: Path) -> Iterable[tuple[str, Output]]:
        for name, value in _named(step, result):
            if not step.writes_table(name):
                raise UsageError(
                    f"{step.name} made {name}, which it does not declare.",
                    allowed=", ".join(step.writes),
                )
            if isinstance(value, Measured):
                path = write_measured(value, folder)
                path = path.rename(folder / f"{name}.parquet")
                (folder / f"{value.spec.id}.json").rename(folder / f"{name}.json")
                digest = hashlib.sha256(
                    path.read_bytes() + path.with_suffix(".json").read_bytes()
                ).hexdigest()
                yield (
                    name,
                    Output(
                        hash=digest,
                        rows=value.frame.height,
                        columns=tuple(value.frame.columns),
                        measured=True,
                    ),
                )
                continue
            table = collect(value, _order(value))
            digest = self.workspace.write_table(
                table, folder / f"{name}.parquet", step.written_side
            )
            yield name, Output(hash=digest, rows=table.height, columns=tuple(table.columns))


def _named(step: Step, result: Any) -> Iterable[tuple[str, Any]]:
    if result is None:
        return []
    if isinstance(result, Mapping):
        return list(result.items())
    many = list(result) if isinstance(result, (list, tuple)) else [result]
    if all(isinstance(m, Measured) for m in many):
        prefix = step.writes[0].partition(".")[0] + "."
        return [(f"{prefix}{m.spec.id}", m) for m in many]
    return [(step.writes[0], result)]


def _order(frame: Any) -> list[str]:
    """Columns to sort a lazy result by, so that equal results are equal bytes on every engine."""
    if not isinstance(frame, nw.LazyFrame):
        return []
    plain = [c for c, t in frame.collect_schema().items() if not t.is_nested()]
    return ["row_id"] if "row_id" in plain else plain


# Where a place lies decides nothing, and received files count for the steps that name them.
_NOT_COMPARED = ("dir", "files")


def _plain(value: Any) -> str:
    """A value's text for a key, paths cut to their names."""
    if hasattr(value, "__dataclass_fields__"):
        return repr(
            {
                k: _plain(getattr(value, k))
                for k in value.__dataclass_fields__
                if k not in _NOT_COMPARED
            }
        )
    if isinstance(value, Path):
        return value.name if not value.is_file() else f"{value.name}:{_file_hash(value)}"
    if isinstance(value, Mapping):
        return repr({k: _plain(v) for k, v in sorted(value.items())})
    if isinstance(value, (list, tuple)):
        return repr([_plain(v) for v in value])
    return repr(value)


_FILE_HASHES: dict[tuple[str, int, int], str] = {}


def _file_hash(path: Path) -> str:
    stat = path.stat()
    known = (str(path), stat.st_size, stat.st_mtime_ns)
    if known not in _FILE_HASHES:
        with path.open("rb") as file:
            _FILE_HASHES[known] = hashlib.file_digest(file, "sha256").hexdigest()
    return _FILE_HASHES[known]


def _folder_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
