"""Who acts: without it permissions would be given to nobody in particular.

A place keeps its people in `access.yaml` of the workspace. Where there is none, the person who runs
the command on the machine that holds the workspace acts as its analyst, and the audit log says so.
"""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from threecircles.core.errors import NotPermitted, did_you_mean
from threecircles.definitions import Definition, load, load_text
from threecircles.disclosure.policy import Person

LOCAL_ROLES = ("analyst", "survey_lead")
"""Roles of the person at the machine when no access file exists: they measure, and approve nothing."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """One line of the access file.

    same_as: other accounts of the same human being. named_for: restricted or adopted children whose
    named officer this is (person ids).
    """

    id: str
    roles: tuple[str, ...]
    organisation: str = "house"
    teams: tuple[str, ...] = ()
    training_until: date | None = None
    same_as: tuple[str, ...] = ()
    named_for: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccessFile(Definition):
    """The people of a place and the roles they hold."""

    people: tuple[Account, ...]


def accounts(workspace: Path) -> dict[str, Account]:
    """The people of a workspace by id; empty when it has no access file."""
    file = Path(workspace) / "access.yaml"
    if not file.exists():
        return {}
    return {
        a.id: a for a in load_text(file.read_text(encoding="utf-8"), AccessFile, file.name).people
    }


def demonstration(workspace: Path) -> dict[str, Account]:
    """The named parts of a made-up workspace without an access file; none anywhere else."""
    file = Path(workspace) / "workspace.json"
    if accounts(workspace) or not file.exists() or not json.loads(file.read_text())["fictitious"]:
        return {}
    return {a.id: a for a in load("people/demonstration", AccessFile).people}


def person(workspace: Path, name: str | None = None, *, mfa: bool = False) -> Person:
    """The person of that account name (default: whoever runs this program), with roles.

    Raises NotPermitted when the place has an access file and the name is not in it.
    """
    known = accounts(workspace)
    name = name or machine_account()
    if not known and name in (parts := demonstration(workspace)):
        known = parts
    if not known:
        return Person(id=name, roles=LOCAL_ROLES, mfa=mfa)
    if name not in known:
        raise NotPermitted(
            f"{name} is not among the people of this place.",
            where="access.yaml", mend=did_you_mean(name, known) or "Information governance adds people there.",
        )  # fmt: skip
    a = known[name]
    until = datetime.combine(a.training_until, time.max, UTC) if a.training_until else None
    return Person(
        id=a.id,
        roles=a.roles,
        organisation=a.organisation,
        teams=a.teams,
        training_until=until,
        mfa=mfa,
    )


def machine_account() -> str:
    """The account that the operating system itself gives to whoever runs this program.

    Not what the environment says: anybody may set USER to another's name.
    """
    try:
        if os.name != "posix":
            return os.getlogin()
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (OSError, KeyError):
        return f"account-{os.getuid()}" if os.name == "posix" else getpass.getuser()


def named_officers(workspace: Path, person_id: str) -> list[str]:
    """Accounts that are named for a restricted or adopted child."""
    known = accounts(workspace) or demonstration(workspace)
    return sorted(a.id for a in known.values() if person_id in a.named_for)


def same_human(workspace: Path, one: str, two: str) -> bool:
    """True when two account names belong to one human being, by name or by the access file."""
    if one.strip().casefold() == two.strip().casefold():
        return True
    known = accounts(workspace)
    group = {one, *(known[one].same_as if one in known else ())}
    other = {two, *(known[two].same_as if two in known else ())}
    return bool(group & other)
