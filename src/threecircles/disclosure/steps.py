"""The step that every figure passes before anybody sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Place
from threecircles.disclosure.release import protect, write_safe
from threecircles.need.ward_model import made_of_released

MEASURED = (
    "need.*",
    "funding.*",
    "england.*",
    "survey.survey-*",
    "identity.linkage-*",
    "quality.quality-*",
)
"""Where measured tables lie; whatever else matches is child-level and is passed over unread."""


def steps(place: Place) -> list[Step]:
    """One step: all measured tables of the place, protected together."""
    return [
        Step(
            name="disclosure.protect",
            function=protect_all,
            reads=MEASURED,
            writes=("disclosure.safe",),
            definitions=("disclosure_profiles",),
            params={"profile": place.settings.get("disclosure_profile", "la-default")},
        )
    ]


def protect_all(*found: Mapping[str, Any], out: Path, workspace: Workspace, profile: str) -> None:
    """Write every measured table as a safe one into `out`: `<id>.parquet` and `<id>.json`."""
    tables = {t.spec.id: t for group in found for t in group.values() if isinstance(t, Measured)}
    safe = protect([tables[k] for k in sorted(tables)], profile, workspace=workspace)
    # What is reckoned from shown figures alone gives no hidden one away, and is judged with nothing else.
    more = made_of_released({t.spec.id: (t.spec, t.frame) for t in safe})
    write_safe([*safe, *protect(more, profile, workspace=workspace)], out)
