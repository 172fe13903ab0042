"""Where a run asks: without it a step would read children's rows because it happens to come next."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from threecircles.core.errors import NotPermitted
from threecircles.core.safety import Grant
from threecircles.core.steps import Step
from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Place
from threecircles.disclosure import agreements, ethics
from threecircles.disclosure.people import person
from threecircles.disclosure.permission import check, check_may_read
from threecircles.disclosure.policy import Asked, Person
from threecircles.disclosure.preferences import excluded
from threecircles.disclosure.purposes import purpose as purpose_of
from threecircles.disclosure.studies import check_may_link, check_may_open_study, kind_of
from threecircles.sources.declared import source as source_of

LOADED_FOR = "needs_assessment"
"""The purpose under which a run takes sources up; what is made of them asks again, step by step."""


def gate(
    purpose: str,
    tables: Sequence[str],
    attributes: Sequence[str] = (),
    actor: str | None = None,
    workspace: Workspace | Path | None = None,
    step: str = "",
) -> Grant:
    """Permission for a step to read child-level tables, for the runner.

    purpose: id. tables: names or patterns, as the step declares them; only those of record and
    identity need permission. actor: account name, default whoever runs the program. step: its name;
    a step of a study (definitions/ethics/studies.yaml) opens with that study's ethics record.
    Those who objected to the purpose are left out. Raises NotPermitted with the shortest list of what
    is missing. The audit line comes first.
    """
    if workspace is None:
        raise NotPermitted(
            "Reading for a purpose happens in a workspace, where it is written down."
        )
    folder = workspace.path if isinstance(workspace, Workspace) else Path(workspace)
    made_up = isinstance(workspace, Workspace) and workspace.fictitious
    who = person(folder, actor)
    left_out = excluded(folder, purpose)
    kind = kind_of(step, "steps") if step else ""
    if kind and kind != "link":
        return check_may_open_study(
            kind, step, workspace=workspace, tables=tables, attributes=attributes, actor=who,
            purpose_id=purpose, excluded=left_out,
        )  # fmt: skip
    return check_may_read(
        purpose, tables=tables, attributes=attributes, actor=who, folder=folder,
        fictitious=made_up, excluded=left_out,
    )  # fmt: skip


def check_may_run(workspace: Workspace, place: Place, steps: Iterable[Step]) -> None:
    """Permission for a run to take up what a place received, and to link it.

    Writes a line for every source loaded and for the linkage. Records and agreements that lie in the
    place's folder are taken into the workspace first. Raises NotPermitted: a source of somebody else
    without an agreement in force, or a pair of sources that no ethics record covers.
    """
    for name in (ethics.FOLDER, agreements.FOLDER):
        if (place.dir / name).is_dir():
            shutil.copytree(place.dir / name, workspace.path / name, dirs_exist_ok=True)
    who = person(workspace.path)
    check_may_load([d.source for d in place.deliveries], who, workspace.path)
    linked = sorted({d.source for d in place.deliveries if source_of(d.source).link})
    if len(linked) > 1:
        for purpose_id in sorted({LOADED_FOR, *(s.purpose for s in steps if s.purpose)}):
            check_may_link(linked, purpose_id, workspace=workspace, actor=who)


def check_may_load(sources: Sequence[str], who: Person, folder: Path) -> tuple[str, ...]:
    """Permission to take up sources; returns policy ids. Raises NotPermitted, naming what lacks agreement."""
    known, today = purpose_of(LOADED_FOR), datetime.now(UTC).date()
    givers = agreements.flows(folder)
    names = sorted(set(sources))
    questions = [_loading(s, givers.get(s), who, folder, known.id, today) for s in names]
    return check(questions, folder=folder, names=[f"sources.{s}" for s in names], known=known)


def _loading(
    source: str, flow: agreements.Flow | None, who: Person, folder: Path, purpose_id: str, today: object
) -> Asked:  # fmt: skip
    own = flow is not None and flow.own
    covering = [] if own else agreements.covering(folder, purpose_id, today, source)  # type: ignore[arg-type]
    return Asked(
        person=who, action="load_source", purpose=purpose_id, resource_type="Dataset",
        resource={
            "owner": who.organisation if own else (flow.giver if flow else "nobody has said who gives it"),
            "sensitivity": "identifiable", "purposes": [purpose_id],
        },
        lawful_basis=",".join(purpose_of(purpose_id).lawful_basis),
        agreement=tuple({p for a in covering for p in a.purposes}) or None,
    )  # fmt: skip
