"""Commands of the room disclosure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the group disclosure."""
    group = typer.Typer(
        no_args_is_help=True, help="Make tables safe, and attack them before anyone else can."
    )
    group.command()(protect)
    group.command()(attack)
    group.command()(profiles)
    app.add_typer(group, name="disclosure")


def protect(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="Columns that divide, and one that counts.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The safe copy.")],
    profile: Annotated[str, typer.Option(help="See `disclosure profiles`.")] = "la-default",
    count: Annotated[
        str | None, typer.Option(help="The counting column, when it cannot be guessed.")
    ] = None,
) -> None:
    """Write a safe copy of a table of counts, and say what was hidden and why."""
    from threecircles.disclosure.protect_file import protect_file

    print(protect_file(table, profile, out, count=count).text())


def attack(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="CSV, xlsx, or folders of releases.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--json", metavar="OUT", help="Write all bounds here (- = screen)."),
    ] = None,
    count: Annotated[
        str | None, typer.Option(help="The counting column, when it cannot be guessed.")
    ] = None,
) -> None:
    """What can be inferred of every hidden cell from everything given together; exit code 1 when a cell is exact."""
    from threecircles.core.workspace import write_bytes
    from threecircles.disclosure.attack_files import attack_files

    found = attack_files(files, count=count)
    if out is not None and str(out) == "-":
        print(found.to_json())
    else:
        print(found.text())
        if out is not None:
            write_bytes(out, found.to_json().encode())
    if not found.safe():
        raise typer.Exit(1)


def profiles() -> None:
    """The dated rules of disclosure that can be named, each with its source."""
    from threecircles.disclosure.profiles import profiles as known

    for item in known().values():
        print(f"{item.id:16} {item.label} Source: {item.source}")
