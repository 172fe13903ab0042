"""Commands of the room record."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]
Purpose = Annotated[
    str, typer.Option(help="Why child-level rows are read; the audit log keeps it.")
]
TABLES = ("record.episode", "record.person", "record.journey_state", "record.conflict")


def register(app: typer.Typer) -> None:
    """Add the group record."""
    group = typer.Typer(
        no_args_is_help=True, help="One history a child: counts, reconciliation, mappings, schemas."
    )
    for command in (stock, flows, journey, reconcile, unmapped, conflicts, schema):
        group.command()(command)
    mapping = typer.Typer(no_args_is_help=True, help="Mappings of sources into the record.")
    mapping.command("check")(map_check)
    mapping.command("coverage")(map_coverage)
    group.add_typer(mapping, name="map")
    app.add_typer(group, name="record")


def stock(
    process: Annotated[str, typer.Argument(help="For example cin, cpp, placement.")],
    on: Annotated[
        datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day, at its end.")
    ],
    workspace: Workspace = Path(),
    purpose: Purpose = "needs_assessment",
) -> None:
    """How many were in a process on a day. Counts for your eyes: publishing goes through disclosure."""
    from threecircles.record import commands

    frames, grant = _opened(workspace, purpose)
    _print(commands.stock_counts(frames, grant, process, on.date()))


def flows(
    process: Annotated[str, typer.Argument(help="For example cin, cpp, placement.")],
    year: Annotated[int, typer.Option(help="The year ending 31 March.")],
    workspace: Workspace = Path(),
    purpose: Purpose = "needs_assessment",
) -> None:
    """Stock before, starts, ends and stock after of a year."""
    from threecircles.record import commands

    frames, grant = _opened(workspace, purpose)
    _print(commands.flow_counts(frames, grant, process, year))


def journey(
    person: Annotated[str, typer.Argument(help="The person's id here, never a name or number.")],
    workspace: Workspace = Path(),
    purpose: Purpose = "needs_assessment",
) -> None:
    """One person's states in order, for a purpose; who looked is kept in the audit log."""
    from threecircles.record import commands

    frames, grant = _opened(workspace, purpose)
    _print(commands.journey_of(frames, grant, person))


def reconcile(
    source: Annotated[str, typer.Argument(metavar="[SOURCE]")] = "",
    workspace: Workspace = Path(),
) -> None:
    """Headline counts of the returns beside the record, with every difference explained."""
    from threecircles.record import commands

    found = commands.reconciliation(_frames(workspace), source)
    _print(found)
    commands.check_reconciled(found)


def unmapped(workspace: Workspace = Path()) -> None:
    """Codes that no list holds, the commonest first."""
    from threecircles.record import commands

    _print(commands.unmapped(_frames(workspace)))


def conflicts(workspace: Workspace = Path(), purpose: Purpose = "needs_assessment") -> None:
    """Where sources disagree about a person, what was chosen and by which rule, for a purpose."""
    from threecircles.record import commands

    frames, grant = _opened(workspace, purpose)
    _print(commands.conflicts(frames, grant))


def schema(table: Annotated[str, typer.Argument(help="For example episode.")]) -> None:
    """The declared columns of a table of the record."""
    from threecircles.record import commands

    _print(commands.schema(table))


def map_check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A mapping.")]) -> None:
    """Read and check a mapping file; a fault is named with its line."""
    from threecircles.record import commands

    _print(commands.map_check(file))


def map_coverage(
    source: Annotated[str, typer.Argument(help="For example cin-census.")],
    year: Annotated[int | None, typer.Option(help="The mapping of this year.")] = None,
) -> None:
    """Every column of a source: carried where, or why not."""
    from threecircles.record import commands

    _print(commands.map_coverage(source, year))


def _frames(workspace: Path) -> Any:
    from threecircles.core.engines import engine
    from threecircles.core.found import payload_table
    from threecircles.core.workspace import open_workspace

    return partial(payload_table, open_workspace(workspace), engine())


def _opened(workspace: Path, purpose: str) -> tuple[Any, Any]:
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure import gate

    return _frames(workspace), gate(purpose, tables=TABLES, workspace=open_workspace(workspace))


def _print(table: Any) -> None:
    for line in [table.columns, *table.rows()]:
        print("\t".join("" if cell is None else str(cell) for cell in line))
