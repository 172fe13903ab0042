"""The evaluation plan: written and locked before outcomes are read, or the page says that it was not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from threecircles.core.errors import DefinitionError, NotPermitted
from threecircles.definitions import Definition, load_text

DesignName = Literal[
    "randomised", "stepped_wedge", "did_area", "did_access", "matched", "before_after"
]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """How it was decided who was offered the service, by whom and when; seed where it was drawn."""

    how: str
    by: str = ""
    decided_on: date | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Covariate:
    """Something known of a unit before the start."""

    id: str
    dated: date


@dataclass(frozen=True, kw_only=True)
class Start:
    """The day from which a unit had the service; None = never."""

    unit: str
    on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is compared: a measure, its role in the logic model, and how it is scaled."""

    measure: str
    role: Literal["need", "outcome", "voice", "output"]
    scale: Literal["mean_difference", "risk_difference", "hazard_ratio", "rate_ratio"] = (
        "mean_difference"
    )
    higher_is: Literal["better", "worse", "neither"] = "neither"


@dataclass(frozen=True, kw_only=True)
class Plan(Definition):
    """Everything that decides an evaluation. places: centres that gave the service."""

    version: int
    question: str
    service: str
    eligible: str
    unit: Literal["child", "household", "class", "school", "team", "area"]
    design: DesignName
    assignment: Assignment
    comparison: str = ""
    outcome_primary: Outcome
    estimand: Literal["offered", "used"] = "offered"
    starts: tuple[Start, ...] = ()
    covariates: tuple[Covariate, ...] = ()
    outcomes_other: tuple[Outcome, ...] = ()
    groups: tuple[str, ...] = ()
    follow_up_days: int = 365
    places: int = 5
    smallest_difference: float | None = None
    ethics: str = ""
    analyst: str = ""
    deliverer: str = ""


@dataclass(frozen=True)
class Locked:
    """plan_hash and day of the lock; None where the plan was never locked."""

    plan_hash: str
    locked_on: str


def read_plan(path: Path) -> Plan:
    """A plan from its file. Raises DefinitionError with line and remedy."""
    return load_text(path.read_text(encoding="utf-8"), Plan, path.name)


def plan_hash(plan: Plan) -> str:
    """SHA-256 of what the plan says, the order of its lines left out."""
    return hashlib.sha256(
        json.dumps(asdict(plan), sort_keys=True, default=str).encode()
    ).hexdigest()


def lock(plan: Plan, path: Path) -> Locked:
    """Write the plan's hash beside it, once. Raises NotPermitted when another version is locked there."""
    held = locked(path)
    if held is not None:
        if held.plan_hash != plan_hash(plan):
            raise NotPermitted(
                "This plan is locked and was changed since.",
                where=path.name,
                mend="Give the changed plan a new file and version; both are shown.",
            )
        return held
    told = Locked(plan_hash(plan), datetime.now(UTC).date().isoformat())
    path.with_suffix(".lock").write_text(json.dumps(asdict(told)) + "\n", encoding="utf-8")
    return told


def locked(path: Path) -> Locked | None:
    """The lock beside a plan's file, if there is one."""
    file = path.with_suffix(".lock")
    return Locked(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def refusals(plan: Plan) -> list[str]:
    """Why this plan may tell no effect at all; empty where it may go on to the data.

    A plan with a comparison compares units at two times or by a recorded draw; a cross-section of areas,
    and things dated after the start as covariates, tell nothing of a service.
    """
    found = []
    if plan.design != "before_after" and not plan.comparison.strip():
        found.append(
            "No comparison is recorded: say who is like those who had the service, and did not."
        )
    starts = [s.on for s in plan.starts if s.on is not None]
    if plan.design in ("did_area", "did_access", "stepped_wedge") and not starts:
        found.append(
            "No start is recorded: places that differ today differ for many reasons (a comparison of areas "
            "without a before shows no difference made)."
        )
    late = [c.id for c in plan.covariates if starts and c.dated > min(starts)]
    if late:
        found.append(
            f"{', '.join(late)} is dated after the start; what the service may have changed cannot be held alike."
        )
    if plan.places < 5:
        found.append(
            "Fewer than five places gave the service: that would be a verdict on one centre or worker."
        )
    if plan.unit == "team":
        found.append(
            "A team is not compared: what is judged is a service, never those who work in it."
        )
    return found


def refuse_without_ethics(attributes: Mapping[str, object], what: str) -> None:
    """Raise NotPermitted unless the grant of a study carries its ethics decision (spec: the ethics gate)."""
    if not attributes.get("ethics_id"):
        raise NotPermitted(
            f"{what} needs a recorded ethics decision.",
            mend="Ask for one through disclosure (check_may_open_study); its id comes with the grant.",
        )


def check_shape(plan: Plan, columns: Sequence[str], needed: Sequence[str]) -> None:
    """Raise DefinitionError when the rows lack a column that the plan's design needs."""
    absent = [c for c in needed if c not in columns]
    if absent:
        raise DefinitionError(
            f"The design {plan.design} needs the column {absent[0]}.",
            found=", ".join(columns),
            allowed=", ".join(needed),
        )
