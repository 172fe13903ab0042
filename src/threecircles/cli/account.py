"""Commands of local accounts, for places without a provider of sign-in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]


def register(app: typer.Typer) -> None:
    """Add the group account."""
    group = typer.Typer(
        no_args_is_help=True, help="Local accounts: a password and a six-digit code."
    )
    group.command()(add)
    group.command("list")(list_accounts)
    group.command("sign-out")(sign_out)
    app.add_typer(group, name="account")


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As access.yaml names the person.")],
    workspace: Workspace = Path(),
) -> None:
    """Make or reset the local account of a person of access.yaml; the password is asked for, not given."""
    from threecircles.core.errors import UsageError, did_you_mean
    from threecircles.disclosure import audit, credentials
    from threecircles.disclosure.people import accounts

    known = accounts(workspace)
    if name not in known:
        raise UsageError(
            f"{name} is not among the people of this place.", where="access.yaml",
            mend=did_you_mean(name, known) or "Information governance adds people there first.",
        )  # fmt: skip
    password = typer.prompt(
        "Password (12 characters or more)", hide_input=True, confirmation_prompt=True
    )
    address = credentials.make_account(workspace, name, password)
    audit.append(
        workspace, actor=name, action="make_account", resource="house:accounts", purpose="audit", basis="art6_1_c",
        decision="allow", policy=("local-accounts",),
    )  # fmt: skip
    print("Take this up in an authenticator now; it is not shown again:")
    import segno

    segno.make(address, error="m").terminal(compact=True)
    print(address)


def list_accounts(workspace: Workspace = Path()) -> None:
    """Who has a local account."""
    from threecircles.disclosure import credentials

    for name in credentials.names(workspace):
        print(name)


def sign_out(
    name: Annotated[str, typer.Argument(metavar="NAME")], workspace: Workspace = Path()
) -> None:
    """End every session of a person, on every machine."""
    from threecircles.web.security import sessions

    print(f"{sessions.end_all(workspace, name)} sessions ended.")
