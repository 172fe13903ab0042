"""Commands of the room disclosure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[Path], typer.Argument(metavar="FILES...", help="CSV, xlsx, or folders of releases.")
]
Count = Annotated[str | None, typer.Option(help="The counting column, when it cannot be guessed.")]
Groups = Annotated[
    list[str] | None,
    typer.Option(help="A column that divides, when it cannot be guessed; say it again for each."),
]
Sums = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN:WHOLE=PART+PART", help="A sum that the tables do not show."),
]


def register(app: typer.Typer) -> None:
    """Add the group disclosure."""
    group = typer.Typer(
        no_args_is_help=True, help="Make tables safe, and attack them before anyone else can."
    )
    group.command()(protect)
    group.command()(attack)
    group.command()(profiles)
    group.command("explain-cell")(explain_cell)
    group.command()(ledger)
    group.command()(scan)
    app.add_typer(group, name="disclosure")


def protect(
    tables: Annotated[
        list[Path],
        typer.Argument(
            metavar="TABLE.csv",
            help="Columns that divide, and one that counts; several tables are protected together.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The safe copy: CSV, xlsx, or a folder for several tables.",
        ),
    ],
    profile: Annotated[str, typer.Option(help="See `disclosure profiles`.")] = "la-default",
    count: Count = None,
    groups: Groups = None,
    sums: Sums = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            help="Tables already out, or published by others; what they show is reckoned with."
        ),
    ] = None,
    sensitive: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of answers that nobody or everybody must not be seen to give.",
        ),
    ] = None,
    contributors: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="For money: the column that names who each amount comes from."
        ),
    ] = None,
    base: Annotated[
        int | None,
        typer.Option(
            "--round", metavar="BASE", help="Round with all sums exact instead of hiding."
        ),
    ] = None,
) -> None:
    """Write a safe copy of tables of counts, and say what was hidden and why."""
    from threecircles.disclosure.protect_file import protect_file

    done = protect_file(
        tables, profile, out, count=count, groups=groups, declared=_declared(sums), earlier=earlier or (),
        sensitive=sensitive or (), contributors=contributors, base=base,
    )  # fmt: skip
    print(done.text())


def attack(
    files: Files,
    out: Annotated[
        Path | None,
        typer.Option("--json", metavar="OUT", help="Write all bounds here (- = screen)."),
    ] = None,
    count: Count = None,
    groups: Groups = None,
    sums: Sums = None,
) -> None:
    """What can be inferred of every hidden cell from everything given together; exit code 1 when a cell is exact.

    FILES: CSV, xlsx, folders of them; or workspaces (or their releases), whose tables say what they count.
    """
    from threecircles.core.workspace import write_bytes
    from threecircles.disclosure.attack_files import Attack, attack_files
    from threecircles.disclosure.attack_own import OwnAttack, attack_workspaces, workspaces_of

    own = workspaces_of(files)
    found: Attack | OwnAttack
    if own:
        found = attack_workspaces(own)
    else:
        found = attack_files(files, count=count, groups=groups, declared=_declared(sums))
    if out is not None and str(out) == "-":
        print(found.to_json())
    else:
        print(found.text())
        if out is not None:
            write_bytes(out, found.to_json().encode())
    if not found.safe():
        raise typer.Exit(1)


def explain_cell(
    files: Files,
    cell: Annotated[
        list[str],
        typer.Option(metavar="COLUMN=VALUE", help="The group: say it again for each column."),
    ],
    count: Count = None,
) -> None:
    """What can be inferred of one hidden cell, from which printed numbers; exit code 1 when it is exact."""
    from threecircles.disclosure.attack_files import attack_files
    from threecircles.disclosure.one_cell import explain_one

    told = explain_one(attack_files(files, count=count), cell)
    print(told.text)
    if told.exact:
        raise typer.Exit(1)


def ledger(
    workspace: Annotated[Path, typer.Argument(metavar="W")] = Path(),
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Tables to hold against everything released so far."),
    ] = None,
) -> None:
    """Everything ever released, also what was withdrawn; with --against, what new tables would tell beside it."""
    from threecircles.disclosure.ledger import check_files, ledger_text

    if not against:
        print(ledger_text(workspace))
        return
    found = check_files(workspace, against)
    print(found.text())
    if found.leaks:
        raise typer.Exit(1)


def scan(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Files that are to leave, or have left.")
    ],
    workspace: Annotated[
        Path, typer.Option("--workspace", metavar="W", help="The workspace that knows the names.")
    ] = Path(),
) -> None:
    """Look for names, identifiers and postcodes of children in files; exit code 1 when one is there."""
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure.scan import names_of
    from threecircles.disclosure.scan import scan as look

    found = look(folder, names_of(open_workspace(workspace, "identity")))
    for item in found:
        print(f"{item.file}: {item.kind}, {item.times} times")
    if found:
        raise typer.Exit(1)
    print("No child is named.")


def _declared(sums: list[str] | None) -> list[tuple[str, str, str]]:
    from threecircles.core.errors import UsageError

    found = []
    for text in sums or ():
        column, _, rest = text.partition(":")
        whole, _, parts = rest.partition("=")
        if not (column and whole and parts):
            raise UsageError(
                "This is not a sum.",
                found=text,
                allowed="COLUMN:WHOLE=PART+PART, for example ward:North=Abbey+Castle",
            )
        found += [(column.strip().lower(), whole.strip(), p.strip()) for p in parts.split("+")]
    return found


def profiles() -> None:
    """The dated rules of disclosure that can be named, each with its source."""
    from threecircles.disclosure.profiles import profiles as known

    for item in known().values():
        print(f"{item.id:16} {item.label} Source: {item.source}")
