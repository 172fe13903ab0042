"""Lays objections, corrections and erasures over a run: without it they would hold until the next file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from threecircles.core.errors import NotPermitted
from threecircles.core.steps import Step
from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Place
from threecircles.disclosure import preferences
from threecircles.disclosure.rights import correct
from threecircles.disclosure.rights.raw_files import tombstones


def overlaid(steps: list[Step], workspace: Workspace) -> list[Step]:
    """The steps of a place as this workspace's people have changed them.

    A step with a purpose carries the version of the objections to it in its settings, so that it runs
    again when one is added; a step that reads a delivery carries its corrections and lays them over
    what was received; a received file that was written anew may not come back in its old form. Where
    nobody has said anything the steps are returned as they are.
    """
    return [_overlaid(step, workspace) for step in steps]


def _overlaid(step: Step, workspace: Workspace) -> Step:
    added: dict[str, str] = {}
    function = step.function
    if step.purpose and (left_out := preferences.version(workspace.path, step.purpose)):
        added["people_left_out"] = left_out
    if step.name.startswith("sources."):
        delivery = str(step.params.get("delivery", ""))
        if corrections := correct.version(workspace.path, delivery):
            added["corrections"] = corrections
        gone = tombstones(workspace.path)
        if corrections or gone:
            function = _reading(step.function, step.files, gone)
    return (
        replace(step, function=function, params={**step.params, **added})
        if added or function is not step.function
        else step
    )


def _reading(
    read: Callable[..., Any], files: tuple[Path, ...], gone: Mapping[str, str]
) -> Callable[..., Any]:
    def corrected(place: Place, delivery: str, workspace: Workspace) -> Any:
        for path in files:
            if hashlib.sha256(path.read_bytes()).hexdigest() in gone:
                raise NotPermitted(
                    "A file came back that was written anew when a person was erased.",
                    where=path.name, mend="Take the newer copy, or have the sender leave the person out.",
                )  # fmt: skip
        return correct.overlaid(workspace, delivery, read(place, delivery))

    # The step's key counts the code of the module that reads, not of this overlay.
    corrected.__module__ = read.__module__
    return corrected
