"""Commands of the release desk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.acting import Actor

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]
Reason = Annotated[str, typer.Option("--reason", help="Needed to return, refuse or withdraw.")]


def register(app: typer.Typer) -> None:
    """Add the group release."""
    group = typer.Typer(
        no_args_is_help=True,
        help="The release desk: asked for, checked, approved, published, withdrawn.",
    )
    group.command("list")(list_releases)
    group.command("request")(request)
    group.command("report")(report)
    group.command("verify")(verify)
    for action in ("check", "approve", "publish", "withdraw", "return", "refuse"):
        group.command(action)(_act(action))
    app.add_typer(group, name="release")


def list_releases(workspace: Workspace = Path()) -> None:
    """All releases, with their states and the last step."""
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure import desk

    for item in desk.releases(open_workspace(workspace)):
        action, by, at, *_ = item.steps[-1]
        print(
            f"{item.id}  {item.state:10} {item.audience:9} {item.title}  ({action} by {by}, {at})"
        )


def request(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What is to be released.")],
    title: Annotated[str, typer.Option()],
    audience: Annotated[str, typer.Option(help="public, partners, school or internal.")] = "public",
    workspace: Workspace = Path(),
    actor: Actor = None,
) -> None:
    """Ask for a folder to be released."""
    from threecircles.cli.acting import acting
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure import desk

    opened = open_workspace(workspace)
    by = acting(workspace, actor).person
    made = desk.request(opened, folder, title=title, audience=audience, actor=by)
    print(f"{made.id} is {made.state}.")


def report(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="See `release list`.")],
    workspace: Workspace = Path(),
) -> None:
    """What the desk finds by itself: attack, ledger, names, changes; exit code 1 when something stands against it."""
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure import desk
    from threecircles.disclosure.release_report import report as made

    opened = open_workspace(workspace)
    found = made(opened, desk.show(opened, release).folder, desk.shown(opened))
    print(found.text())
    if not found.safe:
        raise typer.Exit(1)


def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A released folder with its manifest.json.")
    ],
    signature: Annotated[Path, typer.Argument(metavar="SIGNATURE.json")],
    public_key: Annotated[
        str | None, typer.Option(help="The desk's public key, known from elsewhere.")
    ] = None,
) -> None:
    """Whether a copy of a release is what the desk let out."""
    from threecircles.disclosure.signature import verify as check

    print(f"{check(folder, signature, public_key):,} files, each as it was signed.")


def _act(action: str):  # type: ignore[no-untyped-def]  # a command made for each step of the table
    def command(
        release: Annotated[str, typer.Argument(metavar="RELEASE", help="See `release list`.")],
        workspace: Workspace = Path(),
        actor: Actor = None,
        reason: Reason = "",
    ) -> None:
        from threecircles.cli.acting import acting
        from threecircles.core.workspace import open_workspace
        from threecircles.disclosure import desk

        opened, by = open_workspace(workspace), acting(workspace, actor)
        done = desk.act(
            opened, release, action, actor=by.person, reason=reason, session_age=by.session_age
        )
        print(f"{done.id} is {done.state}.")
        if action == "withdraw":
            _to_take_down(workspace)

    command.__doc__ = f"{action.capitalize()} a release."
    return command


def _to_take_down(workspace: Path) -> None:
    """Copies made of the pages, which a withdrawal here does not reach."""
    from threecircles.report.publish import copies

    for folder, files in copies(workspace):
        print(f"Take down too, {len(files)} files in {folder}:")
        for name in files:
            print(f"  {name}")
