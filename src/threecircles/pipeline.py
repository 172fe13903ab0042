"""One run of a place, received files to finished pack: without it the rooms would be a box of parts.

The identity phase holds the key and makes everything that may name a child; the payload phase runs
in another process without it and makes everything that people will read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path

from threecircles.core import manifest
from threecircles.core import workspace as workspaces
from threecircles.core.engines import engine as make_engine
from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.keys import VARIABLE
from threecircles.core.run import Planned, Runner
from threecircles.core.steps import Step
from threecircles.core.workspace import Workspace
from threecircles.definitions import HOME
from threecircles.definitions.place import Place, load_place

STEPS = (
    "sources.steps",
    "quality.steps",
    "identity.steps",
    "survey.steps",
    "record.steps",
    "need.steps",
    "need.published_steps",
    "survey.outcome_steps",
    "funding.steps",
    "disclosure.steps",
    "report.steps",
)
"""Modules with `steps(place)`, room by room."""

PACK = "report.pack"
PHASES = ("identity", "payload")


def steps(place: Place) -> list[Step]:
    """All steps of a place, room by room."""
    return [s for name in STEPS for s in import_module(f"threecircles.{name}").steps(place)]


def runner(
    folder: Path,
    workspace: Path,
    *,
    engine: str = "duckdb",
    phase: str = "payload",
    received_by: date | None = None,
) -> Runner:
    """The runner of a place in a workspace, in the role of a phase.

    received_by: leave out what came later than that day.
    """
    from threecircles.disclosure import gate
    from threecircles.disclosure.overlays import overlaid
    from threecircles.record import door

    place = _known_by(load_place(folder), received_by)
    role: workspaces.Role = "identity" if phase == "identity" else "payload"
    opened = workspaces.open_workspace(workspace, role)
    if opened.fictitious != place.fictitious:
        raise UsageError(
            "The workspace and the place disagree on whether the place is made up.",
            where=str(workspace),
            mend="Use a new workspace: made-up and real children are never kept together.",
        )
    known = {"place": place, "seed": place.seed}
    return Runner(
        opened,
        overlaid(steps(place), opened),
        make_engine(engine),
        known,
        gate=gate,
        door=door,
        definitions_home=HOME,
    )


def plan(
    folder: Path, workspace: Path, *, engine: str = "duckdb", start: str | None = None
) -> list[Planned]:
    """What a run would do, and why."""
    _prepare(folder, workspace)
    return runner(folder, workspace, engine=engine).plan(start)


def run(
    folder: Path, workspace: Path, *, engine: str = "duckdb", start: str | None = None
) -> Workspace:
    """Run a place into a workspace; only what has changed runs. Returns the opened workspace.

    Each phase is a process of its own; the payload phase is not given the identity key. A phase with
    nothing to do is not started.
    """
    from threecircles.disclosure.gates import check_may_run

    opened = _prepare(folder, workspace)
    with _lock(opened):
        waiting = _phases_to_run(folder, workspace, engine, start)
        if "identity" in waiting:
            place = load_place(folder)
            check_may_run(opened, place, steps(place))
        for phase in waiting:
            command = [
                sys.executable,
                "-m",
                "threecircles.cli.phase",
                phase,
                str(folder),
                str(workspace),
                engine,
                start or "",
            ]
            environment = {
                k: v for k, v in os.environ.items() if phase == "identity" or k != VARIABLE
            }
            ended = subprocess.run(command, env=environment, check=False)
            if ended.returncode:
                raise PhaseError(ended.returncode)
        _to_the_desk(opened)
    return opened


def build(
    folder: Path,
    workspace: Path,
    wanted: Callable[[Step], bool],
    *,
    engine: str = "duckdb",
    received_by: date | None = None,
) -> list[str]:
    """Only the steps that are wanted and what they wait for; returns the names of those that ran.

    received_by: build from what was received by that day, as it was known then. Nothing is released.
    """
    from threecircles.disclosure.gates import check_may_run

    opened = _prepare(folder, workspace)
    with _lock(opened):
        made = runner(folder, workspace, engine=engine, phase="identity", received_by=received_by)
        place = _known_by(load_place(folder), received_by)
        check_may_run(opened, place, made.steps)
        chosen: set[str] = set()
        for step in reversed(made.steps):
            if wanted(step) or any(step.feeds(s) for s in made.steps if s.name in chosen):
                chosen.add(step.name)
        return made.run(only=lambda s: s.name in chosen)


def _known_by(place: Place, day: date | None) -> Place:
    if day is None:
        return place
    kept = tuple(d for d in place.deliveries if d.received_on <= day)
    if not kept:
        raise UsageError(
            "Nothing had been received by that day.",
            found=f"{day}",
            allowed=f"{min(d.received_on for d in place.deliveries)} or later",
        )
    return replace(place, deliveries=kept)


def _to_the_desk(opened: Workspace) -> None:
    """Ask for the pack's release; a made-up place's named parts also check, approve and publish it."""
    from threecircles.disclosure import desk

    entry = manifest.latest(opened.manifest).get(PACK)
    if entry is None:
        return
    folder = opened.steps("payload") / PACK / entry.key[:16] / "out"
    title = json.loads((opened.path / "workspace.json").read_text())["label"] or "Evidence pack"
    if opened.fictitious:
        desk.demonstrate(opened, folder, title=title)
    else:
        desk.request(opened, folder, title=title, audience="public")


class PhaseError(ThreeCirclesError):
    """A phase stopped; it has said why itself."""

    def __init__(self, code: int) -> None:
        super().__init__(
            "The run stopped. What was finished is kept; run the same command to go on."
        )
        self.exit_code = code if code > 0 else 5


def run_phase(phase: str, folder: Path, workspace: Path, engine: str, start: str | None) -> None:
    """The steps of one phase, in this process.

    Raises NotPermitted where sources may not be taken up or linked: a phase that is started by hand asks too.
    """
    made = runner(folder, workspace, engine=engine, phase=phase)
    if phase == "identity":
        from threecircles.disclosure.gates import check_may_run

        check_may_run(made.workspace, load_place(folder), made.steps)
    first = _identity_phase(made.steps)
    chosen = {s.name for s in made.steps if (s.name in first) == (phase == "identity")}
    if start is not None and start not in chosen:
        # Says so when no step bears the name; the other phase runs it otherwise.
        made.plan(start)
    made.run(start if start in chosen else None, only=lambda s: s.name in chosen)


def _phases_to_run(
    folder: Path, workspace: Path, engine: str, start: str | None
) -> tuple[str, ...]:
    made = runner(folder, workspace, engine=engine)
    first = _identity_phase(made.steps)
    waiting = {p.step.name in first for p in made.plan(start) if p.will_run}
    return tuple(p for p in PHASES if (p == "identity") in waiting)


def _identity_phase(steps: list[Step]) -> set[str]:
    """Names of the steps that touch the identity side, and of all that they wait for."""
    chosen: set[str] = set()
    for step in reversed(steps):
        if step.side != "payload" or any(step.feeds(s) for s in steps if s.name in chosen):
            chosen.add(step.name)
    return chosen


def _prepare(folder: Path, workspace: Path) -> Workspace:
    place = load_place(folder)
    if not place.deliveries:
        raise UsageError(
            "The place names no files yet.",
            where=str(folder / "place.yaml"),
            allowed="at least one delivery",
            mend="Put what you received into received/ and name it under deliveries.",
        )
    return workspaces.create(workspace, label=place.label, fictitious=place.fictitious)


@contextmanager
def _lock(opened: Workspace) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(opened.path / "run.lock", timeout=0):
            yield
    except Timeout:
        raise UsageError(
            "Another run is at work in this workspace.",
            where=str(opened.path),
            mend="Wait for it, or stop it.",
        ) from None
