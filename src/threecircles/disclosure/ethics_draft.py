"""An ethics record to fill in: without it a committee would be asked with a blank page."""

from __future__ import annotations

from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.core.workspace import write_bytes
from threecircles.definitions import load
from threecircles.definitions.place import load_place
from threecircles.disclosure.ethics import FOLDER, Framework
from threecircles.disclosure.gates import LOADED_FOR
from threecircles.disclosure.studies import kinds
from threecircles.sources.declared import source


def write_draft(folder: Path, kind: str, study: str = "") -> Path:
    """Write `ethics/<id>.yaml`, waiting for a decision; returns its path.

    For a linkage in a place folder the place's own linkable sources stand in it. Raises UsageError
    for an unknown kind, a study without an id, and a file that is there already.
    """
    known = kinds()
    if kind not in known:
        raise UsageError("There is no such kind of study.", found=kind, allowed=", ".join(known))
    if kind != "link" and not study:
        raise UsageError("A study needs its id.", mend="Say it with --study.")
    name = study or "linkage"
    path = folder / FOLDER / f"{name}.yaml"
    if path.exists():
        raise UsageError("There is such a record already.", where=path.name)
    write_bytes(path, _text(folder, kind, name, known[kind].purpose, known[kind].label).encode())
    return path


def _text(folder: Path, kind: str, name: str, purpose: str, label: str) -> str:
    lines = [
        "# Fill in every line, take it to your committee, and write down what it decides.",
        f"id: {name}", f"label: {label}", "source: Our committee", f"kind: {kind}",
    ]  # fmt: skip
    if kind == "link":
        sources = _sources(folder)
        lines += [f"sources: [{', '.join(sources)}]", f"purposes: [{LOADED_FOR}]"]
    else:
        lines += [f"study: {name}", f"purposes: [{purpose}]"]
    lines += [
        'question: ""            # what will be known that is not known now',
        'why_now: ""',
        "framework:",
    ]
    for p in load("ethics/framework", Framework).principles:
        lines.append(f'  {p.id}: {{level: 0, reason: ""}}   # {p.question} (0 to 5)')
    lines += [
        "harms:", '  - {to: "", what: "", likelihood: "", lessened_by: ""}',
        "benefits:", '  - {to: "", when: ""}',
        'alternatives: ""        # could less data, or none, answer it?',
        'not_consulted_because: ""   # or children_consulted: {who, how, when, said, changed}',
        "groups_singled_out: []", 'right_to_refuse: ""', 'feedback_plan: ""',
        'committee: ""', "committee_members: []", "study_members: []", 'reference: ""',
        "decision: waiting       # approved, approved with conditions, refused", "conditions: []",
        "# decided_on: 2026-01-31", "# review_by: 2028-01-31", "before_care: false",
        'family_would_expect: ""', 'if_it_is_wrong: ""',
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _sources(folder: Path) -> list[str]:
    if not (folder / "place.yaml").exists():
        return []
    place = load_place(folder)
    return sorted({d.source for d in place.deliveries if source(d.source).link})
