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
    group.command("sign-in")(sign_in)
    group.command("sign-out")(sign_out)
    app.add_typer(group, name="account")


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As access.yaml names the person.")],
    workspace: Workspace = Path(),
) -> None:
    """Make or reset the local account of a person of access.yaml; the password is asked for, not given.

    The first account makes itself; after that an administrator or information governance signs in
    and makes them, with the person beside them to type the password. The officers get a notice.
    """
    from threecircles.core.errors import UsageError, did_you_mean
    from threecircles.disclosure import credentials
    from threecircles.disclosure.people import accounts

    known = accounts(workspace)
    if name not in known:
        raise UsageError(
            f"{name} is not among the people of this place.", where="access.yaml",
            mend=did_you_mean(name, known) or "Information governance adds people there first.",
        )  # fmt: skip
    by = _may_make(workspace, name)
    password = typer.prompt(
        "Password (12 characters or more)", hide_input=True, confirmation_prompt=True
    )
    address = credentials.make_account(workspace, name, password, by=by)
    print("Take this up in an authenticator now; it is not shown again:")
    import segno

    segno.make(address, error="m").terminal(compact=True)
    print(address)


def list_accounts(workspace: Workspace = Path()) -> None:
    """Who has a local account."""
    from threecircles.disclosure import credentials

    for name in credentials.names(workspace):
        print(name)


def sign_in(
    name: Annotated[str, typer.Argument(metavar="NAME")], workspace: Workspace = Path()
) -> None:
    """Sign in on the command line with password and six-digit code; whoever was signed in is signed out."""
    from threecircles.cli import acting

    who = acting.sign_in(workspace, name)
    print(
        f"Signed in as {who}: an hour at most when nothing is done, a quarter of one for a child's own data."
    )
    print("Approving, exporting and erasing need a sign-in of the last five minutes.")


def sign_out(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Default: who is signed in here.")
    ] = None,
    workspace: Workspace = Path(),
) -> None:
    """End every session of a person, on every machine."""
    from threecircles.cli import acting

    print(f"{acting.sign_out(workspace, name)} sessions ended.")


def _may_make(workspace: Path, name: str) -> str:
    """Who makes the account: whoever looks after accounts, or, where there is none yet, its first owner."""
    from threecircles.cli.acting import acting
    from threecircles.core.errors import NotPermitted
    from threecircles.disclosure import credentials
    from threecircles.disclosure.people import machine_account

    if not credentials.names(workspace):
        return f"{machine_account()} (first account)"
    who = acting(workspace).person
    if not who.mfa or not {"administrator", "information_governance"} & set(who.roles):
        raise NotPermitted(
            f"{who.id} may not make or reset the account of {name}.",
            allowed="an administrator or information governance, signed in",
            mend=f"threecircles account sign-in NAME --workspace {workspace}",
        )
    return who.id
