"""The data-protection impact assessment as the system itself knows it: flows and tests, not intentions.

Made parts stand between marks and are made anew each time; what the officer writes outside them stays,
and a made part that changed since the last time says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from threecircles.core import manifest
from threecircles.core.dates import in_words
from threecircles.core.workspace import Workspace, write_bytes
from threecircles.definitions import Definition, load
from threecircles.disclosure import agreements, ethics
from threecircles.disclosure.at_rest import at_rest
from threecircles.disclosure.document import Heading, Items, Paragraph, Part, Rows, markdown
from threecircles.disclosure.law import laws
from threecircles.disclosure.purposes import forbidden, purposes
from threecircles.disclosure.reviewed import ROLES
from threecircles.disclosure.rights.retention import schedules

_BLOCK = re.compile(
    r"<!-- made: (?P<id>[a-z_]+) -->\n(?P<text>.*?)<!-- end: (?P=id) -->\n", re.DOTALL
)
CHANGED = "*Changed since the last version.*"


@dataclass(frozen=True, kw_only=True)
class Threat:
    """Who does what, what answers it, and the tests that show it."""

    who: str
    does: str
    answered_by: str
    tests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Threats(Definition):
    """The threat model (disclosure.md section 10)."""

    threats: tuple[Threat, ...]


def made_parts(workspace: Workspace, today: date) -> dict[str, tuple[str, tuple[Part, ...]]]:
    """Every made part: id -> title and content."""
    known = purposes()
    flows = agreements.flows(workspace.path)
    sources = sorted({
        t.split(".")[1].rpartition("_")[0] or t.split(".")[1]
        for e in manifest.latest(workspace.manifest).values() for t in e.outputs if t.startswith("sources.")
    })  # fmt: skip
    found = agreements.agreements(workspace.path)
    keep = schedules()
    return {
        "purposes": ("What it is for", (
            Rows("Purposes", ("Purpose", "Lawful basis", "Condition for special data", "Kept"), tuple((p.label, ", ".join(p.lawful_basis), ", ".join(p.special_category_condition), p.retention) for p in known.values())),
            Paragraph("What it is never for:"), Items(tuple(f"{p.id.replace('_', ' ')}: {p.reason}" for p in forbidden().values())),
        )),
        "flows": ("What flows, from whom", (
            Items(tuple(f"taken up: {s}" for s in sources) or ("Nothing has been taken up yet.",)),
            Rows("Sources and who gives them", ("Source", "From", "Kept for (months)"), tuple((f.source, f.giver + (" (own)" if f.own else ""), str(keep.get(f.source, keep["*"]).months)) for f in flows.values())),
        )),
        "agreements": ("Agreements", (Rows("Agreements", ("Agreement", "Parties", "Until", "Faults"), tuple((a.label, ", ".join(p.label for p in a.parties), f"{in_words(a.expires)}", "; ".join(agreements.faults(a, today)) or "none") for a in found)),)),
        "roles": ("Who may do what", (
            Items(tuple(r.replace("_", " ") for r in ROLES)),
            Paragraph("Permissions are policies, deny by default; every combination is held against a table people have read (threecircles policy test)."),
        )),
        "ethics": ("Consultation with children, and ethics", _ethics(workspace)),
        "risks": ("Risks and what answers them", (Rows("Threats", ("Who", "Does", "Answered by", "Tests"), tuple((t.who, t.does, t.answered_by, ", ".join(t.tests)) for t in load("threats/threats", Threats).threats)),)),
        "at_rest": ("How it lies on the disk", (Rows("At rest", ("Part", "Kept", "Note"), tuple((x.part, x.kept, x.note) for x in at_rest(workspace.path))),)),
        "law": ("Law", (Rows("Law", ("Provision", "Section", "In force", "Checked on"), tuple((x.title, x.section, x.commencement.replace("_", " "), str(x.checked_on or "not yet")) for x in laws().values())),)),
    }  # fmt: skip


def write_dpia(workspace: Workspace, path: Path, today: date) -> tuple[str, ...]:
    """Write the assessment, or make its made parts anew; returns the ids of parts that changed.

    What stands outside the marks is the officer's and is not touched.
    """
    made = {i: _text(title, parts) for i, (title, parts) in made_parts(workspace, today).items()}
    if not path.exists():
        write_bytes(path, _first(made, today).encode())
        return ()
    text = path.read_text(encoding="utf-8")
    old = {m["id"]: m["text"].replace(f"{CHANGED}\n\n", "") for m in _BLOCK.finditer(text)}
    moved = tuple(sorted(i for i in made if i in old and old[i] != made[i]))

    def anew(found: re.Match[str]) -> str:
        part = found["id"]
        if part not in made:
            return found[0]
        mark = f"{CHANGED}\n\n" if part in moved else ""
        return f"<!-- made: {part} -->\n{mark}{made[part]}<!-- end: {part} -->\n"

    new = _BLOCK.sub(anew, text) + "".join(_block(i, made[i]) for i in made if i not in old)
    write_bytes(path, new.encode())
    return moved


def _ethics(workspace: Workspace) -> tuple[Part, ...]:
    records: Iterable[ethics.EthicsRecord] = ethics.records(workspace.path).values()
    if workspace.fictitious:
        records = (ethics.shipped(),)
    rows = tuple(
        (r.label, r.committee, r.decision, r.children_consulted.changed if r.children_consulted else r.not_consulted_because)
        for r in records
    )  # fmt: skip
    if not rows:
        return (Paragraph("No study has an ethics record yet."),)
    return (
        Rows(
            "Studies", ("Study", "Committee", "Decision", "Children said, or why not asked"), rows
        ),
    )


def _first(made: dict[str, str], today: date) -> str:
    opening = (
        f"# Data protection impact assessment\n\nBegun on {in_words(today)}. Parts between marks are made by the "
        "system and made anew; write everywhere else.\n\n## The officer's judgement\n\n(to be written)\n\n"
    )
    return opening + "".join(_block(i, text) for i, text in made.items())


def _block(part: str, text: str) -> str:
    return f"<!-- made: {part} -->\n{text}<!-- end: {part} -->\n\n"


def _text(title: str, parts: tuple[Part, ...]) -> str:
    return markdown((Heading(title), *parts)) + "\n"
