"""Commands of the audit log: verify it, anchor it, read who looked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.acting import Actor

Place = Annotated[Path, typer.Argument(metavar="W", help="The workspace.")]


def register(app: typer.Typer) -> None:
    """Add the group audit."""
    group = typer.Typer(no_args_is_help=True, help="The log of every look at children's rows.")
    group.command()(verify)
    group.command()(head)
    group.command()(anchor)
    group.command("who-looked")(who_looked)
    app.add_typer(group, name="audit")


def verify(
    workspace: Place = Path(),
    anchors: Annotated[
        Path | None,
        typer.Option(
            "--anchors",
            metavar="FILE",
            help="Heads kept elsewhere: finds a log that was cut short.",
        ),
    ] = None,
) -> None:
    """Walk the chain of the audit log and name the first line that does not fit; exit code 1 then."""
    from threecircles.disclosure import anchors as kept

    found = kept.against(workspace, kept.anchors(anchors) if anchors else ())
    if found.good:
        print(f"{found.lines:,} lines, every one fits the one before it. Head: {found.head}")
        return
    print(f"Line {found.broken_at} does not fit: {found.reason}")
    raise typer.Exit(1)


def head(workspace: Place = Path()) -> None:
    """Number and hash of the newest line, to be anchored off this machine."""
    from threecircles.disclosure import audit

    newest = audit.head(workspace)
    print(f"{newest.seq} {newest.hash}")


def anchor(
    workspace: Place = Path(),
    file: Annotated[
        Path | None, typer.Option("--file", help="A file on another machine; one line is added.")
    ] = None,
    officer: Annotated[str, typer.Option(help="Put a notice for this person in the queue.")] = "",
) -> None:
    """Keep the head of the log somewhere this machine cannot reach."""
    from threecircles.disclosure import anchors

    print(anchors.anchor(workspace, file=file, officer=officer))


def who_looked(
    person: Annotated[
        str, typer.Argument(metavar="[PERSON]", help="A person id; empty = at anybody.")
    ] = "",
    workspace: Annotated[Path, typer.Option("--workspace", metavar="W")] = Path(),
    actor: Actor = None,
    by: Annotated[str, typer.Option(help="Only the looks of this account.")] = "",
    month: Annotated[str, typer.Option(help="Only a month, yyyy-mm.")] = "",
) -> None:
    """Who looked at a person's rows, when, why and by which rule; newest first."""
    from threecircles.cli.acting import acting
    from threecircles.disclosure import who_looked as looked
    from threecircles.disclosure.permission import check_may

    resource = f"person:{person}" if person else "house:audit"
    check_may(
        "view_audit",
        actor=acting(workspace, actor, identifiable=True).person,
        purpose_id="audit",
        folder=workspace,
        resource_id=resource,
    )
    found = looked.looks(workspace, person=person, actor=by, month=month)
    for x in found:
        print(
            f"{x.at}  {x.actor:20} {x.action:22} {x.purpose:20} {'allowed' if x.allowed else 'refused'}  {x.resource[:80]}  ({', '.join(x.policies)})"
        )
    print(f"{len(found):,} looks.")
