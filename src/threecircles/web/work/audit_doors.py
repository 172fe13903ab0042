"""Who may see a page of a needs audit: permission and the committee's decision, asked again within a minute."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request

from threecircles.core.errors import UsageError
from threecircles.core.safety import Grant
from threecircles.disclosure import ethics
from threecircles.disclosure.studies import check_may_open_study
from threecircles.need.audit.form import Form, form
from threecircles.need.audit.store import AuditStore, audits, named
from threecircles.web.work.doors import Permit, current, permit

ACTION, PURPOSE = "view_sensitive_table", "evaluation"
"""Codes and cards of an audit hold no name: what an analyst may see as pseudonymous."""
HOLDS = 60
"""Seconds for which eight tablets that ask every second are answered under one line of the audit log each."""


@dataclass(frozen=True)
class Opened:
    """An audit that this reader may work on."""

    store: AuditStore
    grant: Grant
    allowed: Permit
    conditions: tuple[str, ...]

    def form(self, agency: str = "") -> Form:
        """The audit's form, whole or of one agency."""
        return form(str(self.store.settings().get("form", "standard")), agency)


def may_list(request: Request) -> Permit:
    """Permission to see which audits there are; it opens none."""
    return permit(request, ACTION, PURPOSE, "needs-audit", _about(request))


def opened(request: Request) -> Opened:
    """The audit of the address. Raises NotPermitted without permission or without an ethics decision."""
    asked, folder = request.path_params["study"], Path(request.app.state.workspace)
    # Permission comes before the name is looked at: who may not see audits learns nothing of names.
    known = asked if asked in audits(folder) else ""
    allowed = permit(request, ACTION, PURPOSE, f"needs-audit:{known}", _about(request))
    return _asked(request, named(asked, "study"), folder, allowed)


def glanced(request: Request) -> Opened:
    """As `opened`, for a tablet that asks what is new: the yes of less than a minute ago still holds."""
    held = _held(Path(request.app.state.workspace))
    key = (current(request)[1].id, request.path_params["study"])
    found = held.get(key)
    if found is not None and time.monotonic() - found[0] < HOLDS:
        return found[1]
    made = opened(request)
    held[key] = (time.monotonic(), made)
    return made


def _asked(request: Request, study: str, folder: Path, allowed: Permit) -> Opened:
    grant = check_may_open_study(
        "needs_audit", study, workspace=folder, actor=current(request)[1], purpose_id=PURPOSE
    )
    known = ethics.records(folder).get(str(grant.ethics_id)) if not grant.fictitious else None
    told = tuple(c.text for c in known.conditions) if known else ()
    return Opened(AuditStore(folder, study), grant, allowed, told)


def number_of(text: str, what: str) -> int:
    """A whole number that a page sent. Raises UsageError."""
    if not text.strip().isdigit() or len(text) > 9:
        raise UsageError(f"{what} is a whole number.", found=text[:20])
    return int(text)


@lru_cache(maxsize=4)
def _held(folder: Path) -> dict[tuple[str, str], tuple[float, Opened]]:
    return {}


def _about(request: Request) -> dict[str, object]:
    owner = current(request)[1].organisation
    return {"owner": owner, "sensitivity": "pseudonymous", "purposes": [PURPOSE]}
