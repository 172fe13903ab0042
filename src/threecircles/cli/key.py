"""Commands that look after keys: change them, try their copies, say how things lie on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(metavar="W", help="The workspace.")]


def register(app: typer.Typer) -> None:
    """Add the group key."""
    group = typer.Typer(
        no_args_is_help=True, help="The key of the identity side: change it, try its copy."
    )
    group.command()(rotate)
    group.command()(drill)
    group.command()(status)
    group.command("back-up")(back_up)
    group.command()(restore)
    app.add_typer(group, name="key")


def rotate(workspace: Folder = Path()) -> None:
    """Seal everything that names a child under a new key. Can be stopped and run again."""
    from threecircles.disclosure.key_care import rotate as change

    print(
        f"{change(workspace)} files and values are sealed under the new key. Make a copy of it now, and try it: threecircles key drill."
    )


def drill(
    copy: Annotated[Path, typer.Option("--copy", metavar="FILE", help="The kept copy of the key.")],
    workspace: Folder = Path(),
) -> None:
    """Try a kept copy of the key as if the key were lost; exit code 1 when it does not open everything."""
    from threecircles.disclosure.key_care import drill as try_copy

    found = try_copy(workspace, copy)
    print(f"The copy opens {found.opened} of {found.files} sealed files.")
    if not found.good:
        raise typer.Exit(1)


def status(workspace: Folder = Path()) -> None:
    """How each part of the workspace lies on the disk, as found."""
    from threecircles.disclosure.at_rest import at_rest

    for item in at_rest(workspace):
        print(f"{item.part:45} {item.kept:14} {item.note}")


def back_up(
    to: Annotated[str, typer.Option(metavar="age1...", help="The council's public key (age).")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.age")],
    workspace: Folder = Path(),
) -> None:
    """Seal the whole workspace into one file for the council's key. The identity key is not in it."""
    from threecircles.disclosure.backup import back_up as seal

    print(f"{seal(workspace, to, out):,} files sealed in {out}.")
    print(
        "Without a copy of the identity key names stay shut in it: threecircles key drill tries yours."
    )


def restore(
    backup: Annotated[Path, typer.Argument(metavar="FILE.age", help="What `key back-up` wrote.")],
    identity: Annotated[
        Path, typer.Option("--identity", metavar="FILE", help="The council's secret key, mode 600.")
    ],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A new folder.")],
) -> None:
    """Unpack a backup into a new folder."""
    from threecircles.disclosure.backup import restore as unpack

    print(f"{unpack(backup, identity, to):,} files in {to}.")
