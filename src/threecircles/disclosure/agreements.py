"""The register of agreements: without it nobody could say under which of them a file came.

One YAML file an agreement in the folder `agreements/` of a place or workspace; the fields are those of
the catalogue's register (catalogue.md section 7), read here and never held twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from threecircles.core.dates import in_words
from threecircles.core.errors import DefinitionError
from threecircles.core.workspace import open_workspace
from threecircles.definitions import Definition, load, load_folder, load_text
from threecircles.disclosure.purposes import forbidden, purpose

FOLDER = "agreements"
ALERTS = (30, 90, 180)
"""Days before the end on which those who keep an agreement are told."""


@dataclass(frozen=True, kw_only=True)
class Party:
    """An organisation of an agreement. steward: it looks after data for others (a data trust, a node)."""

    id: str
    label: str
    role: Literal["controller", "joint", "processor"]
    steward: bool = False


@dataclass(frozen=True, kw_only=True)
class Agreement(Definition):
    """A data-sharing agreement. purposes: ids; sources: what may flow; forbids: purposes ruled out."""

    kind: str
    parties: tuple[Party, ...]
    purposes: tuple[str, ...]
    sources: tuple[str, ...] = ()
    data_categories: tuple[str, ...] = ()
    people_covered: str = ""
    lawful_basis: tuple[str, ...] = ()
    special_category_condition: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    direction: str = ""
    method: str = ""
    frequency: str = ""
    minimisation_note: str = ""
    retention: str = ""
    onward_sharing: str = ""
    forbids: tuple[str, ...] = ()
    immigration: bool = False
    security_measures: str = ""
    dpia_ref: str = ""
    signed_by: tuple[str, ...] = ()
    document_hash: str = ""
    starts: date
    expires: date
    review_by: date | None = None
    status: Literal["draft", "in force", "expired", "ended"] = "draft"

    def holds(self, day: date) -> bool:
        """True when it is signed by every party, in force and not over on the day."""
        signed = {p.id for p in self.parties} <= set(self.signed_by)
        return self.status == "in force" and signed and self.starts <= day <= self.expires

    def left(self, day: date) -> int:
        """Days until it ends; negative when it is over."""
        return (self.expires - day).days


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Who gives a source. own: the council collects it itself, under its own duties."""

    source: str
    giver: str
    own: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Flows(Definition):
    """The flows of a place, or those shipped."""

    flows: tuple[Flow, ...]


def agreements(folder: Path) -> tuple[Agreement, ...]:
    """All agreements of a workspace or place by id; a made-up workspace without any has the shipped ones."""
    found = [
        load_text(p.read_text(encoding="utf-8"), Agreement, p.name)
        for p in sorted((Path(folder) / FOLDER).glob("*.yaml"))
        if p.stem != "flows"
    ]
    ids = [a.id for a in found]
    if len(set(ids)) < len(ids):
        raise DefinitionError("Two agreements bear one id.", where=FOLDER)
    if not found and _made_up(Path(folder)):
        return load_folder("agreements/demonstration", Agreement)
    return tuple(sorted(found, key=lambda a: a.id))


def flows(folder: Path) -> dict[str, Flow]:
    """Who gives each source: as shipped, and as the place says otherwise."""
    known = {f.source: f for f in load("agreements/flows", Flows).flows}
    local = Path(folder) / FOLDER / "flows.yaml"
    if local.exists():
        own = load_text(local.read_text(encoding="utf-8"), Flows, local.name).flows
        known |= {f.source: f for f in own}
    return known


def covering(folder: Path, purpose_id: str, day: date, source: str = "") -> list[Agreement]:
    """Agreements in force on the day that name the purpose, and the source when one is given."""
    return [
        a for a in agreements(folder)
        if a.holds(day) and purpose_id in a.purposes and (not source or source in a.sources)
    ]  # fmt: skip


def expiring(folder: Path, days: int, today: date) -> list[Agreement]:
    """Agreements in force that end within so many days, the soonest first."""
    near = [a for a in agreements(folder) if a.status == "in force" and a.left(today) <= days]
    return sorted(near, key=lambda a: a.expires)


def alert(agreement: Agreement, today: date) -> int | None:
    """The nearest of 30, 90 and 180 days within which it ends; 0 when it is over; None when far off."""
    left = agreement.left(today)
    return 0 if left < 0 else next((d for d in ALERTS if left <= d), None)


def faults(agreement: Agreement, today: date) -> list[str]:
    """What is wrong with an agreement, in words."""
    found = []
    for named in agreement.purposes:
        purpose(named)  # raises for a forbidden or unknown one
    lacking = sorted(set(forbidden()) - set(agreement.forbids))
    if lacking:
        found.append(f"the clause against onward sharing does not rule out: {', '.join(lacking)}")
    unsigned = sorted({p.id for p in agreement.parties} - set(agreement.signed_by))
    if unsigned and agreement.status == "in force":
        found.append(f"not signed by {', '.join(unsigned)}")
    if agreement.status == "in force" and agreement.left(today) < 0:
        found.append(f"it ended on {in_words(agreement.expires)} and is still called in force")
    if agreement.review_by and agreement.review_by < today and agreement.status == "in force":
        found.append(f"it was to be reviewed by {in_words(agreement.review_by)}")
    for part in (
        "gateways",
        "lawful_basis",
        "minimisation_note",
        "retention",
        "onward_sharing",
        "document_hash",
    ):
        if not getattr(agreement, part):
            found.append(f"{part.replace('_', ' ')} is missing")
    return found


def gaps(
    folder: Path, sources: tuple[str, ...], purposes: tuple[str, ...], today: date
) -> list[str]:
    """Sources that flow without an agreement in force for a purpose they are used for: each is an error."""
    known = flows(folder)
    found = []
    for source in sorted(set(sources)):
        flow = known.get(source)
        if flow is None:
            found.append(f"{source}: nobody has said who gives it (agreements/flows.yaml)")
        elif not flow.own:
            for purpose_id in sorted(set(purposes)):
                if not covering(folder, purpose_id, today, source):
                    found.append(
                        f"{source} from {flow.giver}: no agreement in force for {purpose_id}"
                    )
    return found


def replaceable(folder: Path) -> dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]]:
    """Agreements between two parties that one strategic agreement could replace.

    Returns (parties, purposes) -> ids, where three or more cover the same.
    """
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for a in agreements(folder):
        if len(a.parties) == 2:
            key = (tuple(sorted(p.id for p in a.parties)), tuple(sorted(a.purposes)))
            found.setdefault(key, []).append(a.id)
    return {k: v for k, v in found.items() if len(v) >= 3}


def lists_immigration(folder: Path, purpose_id: str, day: date) -> bool:
    """True when an agreement in force for the purpose lists immigration facts."""
    return any(a.immigration for a in covering(folder, purpose_id, day))


def _made_up(folder: Path) -> bool:
    return (folder / "workspace.json").exists() and open_workspace(folder).fictitious
