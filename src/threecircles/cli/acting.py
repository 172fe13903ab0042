"""Who acts on the command line: without it a name after --as would be taken at its word.

On the pages people sign in; here they do too. A made-up place's named parts may be played by whoever
tries them, because nobody is behind them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from threecircles.core import keys
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.workspace import open_workspace, write_bytes
from threecircles.disclosure.people import demonstration, machine_account, person
from threecircles.disclosure.policy import Person
from threecircles.disclosure.secrets import read_private

Actor = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="PERSON",
        help="Who acts: you must be signed in as them (`account sign-in`). Default: you.",
    ),
]
Second = Annotated[
    str,
    typer.Option(
        "--second",
        metavar="PERSON",
        help="The other person who agrees; they type their own password and code.",
    ),
]


@dataclass(frozen=True)
class Acting:
    """Who acts, and for how many seconds they have been signed in."""

    person: Person
    session_age: int = 0


def acting(workspace: Path, name: str | None = None, *, identifiable: bool = False) -> Acting:
    """The person who acts on a workspace from the command line.

    Whoever signed in with `account sign-in`; else the machine's own account, without a second factor.
    name: who they say they are; anybody else's is refused. identifiable: the command shows or changes
    what is held of a child, and a sign-in left alone for a quarter of an hour no longer counts.
    Raises NotPermitted.
    """
    if name in demonstration(workspace):
        return Acting(person(workspace, name, mfa=True))
    from threecircles.web.security import sessions

    session = sessions.find(workspace, _token(workspace), identifiable=identifiable)
    if session is not None:
        if name not in (None, session.actor):
            raise NotPermitted(
                f"You are signed in as {session.actor}, not as {name}.",
                mend=f"threecircles account sign-in {name} --workspace {workspace}",
            )
        return Acting(person(workspace, session.actor, mfa=session.mfa), session.age)
    if name not in (None, machine_account()):
        raise NotPermitted(
            f"Nobody is signed in as {name} here: a name alone is not believed.",
            mend=f"threecircles account sign-in {name} --workspace {workspace}",
        )
    return Acting(person(workspace))


def second_person(workspace: Path, name: str) -> str:
    """The name of another person, once they have typed their own password and code.

    Raises UsageError without a name, NotPermitted when password and code are not theirs.
    """
    if not name:
        raise UsageError("This needs a second person.", mend="Name them with --second.")
    if name not in demonstration(workspace):
        _ask(workspace, name, f"{name} agrees by typing their own password")
    return name


def sign_in(workspace: Path, name: str) -> str:
    """Ask for password and code, and remember the sign-in for the machine account that runs this.

    One sign-in at a time: the earlier one ends. Returns the name. Raises NotPermitted.
    """
    from threecircles.web.security import sessions

    known = _ask(workspace, name, "Password")
    handle = sessions.begin(
        workspace, known.id, "local", known.roles, mfa=True, ends=_token(workspace)
    )
    path = _token_file(workspace)
    write_bytes(path, handle.encode())
    path.chmod(0o600)
    return known.id


def sign_out(workspace: Path, name: str | None = None) -> int:
    """End every session of a person (default: who is signed in here); returns how many."""
    from threecircles.web.security import sessions

    own = sessions.find(workspace, _token(workspace))
    who = name or (own.actor if own else machine_account())
    if own is not None and own.actor == who:
        _token_file(workspace).unlink(missing_ok=True)
    return sessions.end_all(workspace, who)


def _ask(workspace: Path, name: str, words: str) -> Person:
    from threecircles.disclosure import audit, credentials

    if not credentials.names(workspace):
        raise UsageError(
            "This place has no local accounts.",
            mend="threecircles account add NAME makes one; with your council's own provider, sign in on the pages.",
        )
    password = typer.prompt(words, hide_input=True)
    code = typer.prompt("Six-digit code")
    good = credentials.right_credentials(workspace, name, password, code)
    audit.append(
        workspace, actor=name if good else "unknown", action="sign_in", resource="house:commands", purpose="audit",
        basis="art6_1_c", decision="allow" if good else "deny", policy=("sign-in",), detail={"kind": "local"},
    )  # fmt: skip
    if not good:
        raise NotPermitted(
            "That name, password and code do not belong together, or have been tried too often.",
            mend="Wait a quarter of an hour, or ask whoever looks after accounts.",
        )
    return person(workspace, name, mfa=True)


def _token_file(workspace: Path) -> Path:
    # The key folder may be shared by those who run things on one server; a sign-in never is.
    return keys.folder() / f"{open_workspace(workspace).id}.{machine_account()}.signed-in"


def _token(workspace: Path) -> str:
    if not (workspace / "workspace.json").exists():
        return ""
    path = _token_file(workspace)
    return read_private(path) if path.exists() and os.access(path, os.R_OK) else ""
