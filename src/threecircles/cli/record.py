"""Commands of the room record."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]
Purpose = Annotated[
    str, typer.Option(help="Why child-level rows are read; the audit log keeps it.")
]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Machine output (- = screen).")
]
By = Annotated[
    list[str] | None, typer.Option(help="age, area or organisation; may be given again.")
]
TABLES = (
    "record.episode",
    "record.person",
    "record.journey_state",
    "record.conflict",
    "record.reconciliation_line",
)


def register(app: typer.Typer) -> None:
    """Add the group record."""
    group = typer.Typer(
        no_args_is_help=True, help="One history a child: counts, reconciliation, mappings, schemas."
    )
    for command in (build, stock, flows, journey, reconcile, unmapped, conflicts, schema):
        group.command()(command)
    mapping = typer.Typer(no_args_is_help=True, help="Mappings of sources into the record.")
    mapping.command("check")(map_check)
    mapping.command("coverage")(map_coverage)
    group.add_typer(mapping, name="map")
    app.add_typer(group, name="record")


def build(
    place: Annotated[Path, typer.Argument(metavar="PLACE", help="The place's folder.")],
    workspace: Workspace = Path(),
    source: Annotated[str, typer.Option(help="Only what this source becomes.")] = "",
    as_known: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="From what had been received by that day; in a workspace of its own.",
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="duckdb, polars or spark.")] = "duckdb",
) -> None:
    """The record of a place and all it rests on; nothing is measured or released."""
    from threecircles import pipeline
    from threecircles.record.commands import check_own_workspace, check_source

    day = None if as_known is None else as_known.date()
    if source:
        check_source(source, place)
    if day is not None and (workspace / "workspace.json").exists():
        check_own_workspace(workspace, place, day)
    wanted = f"record.map-{source}" if source else "record."
    ran = pipeline.build(
        place,
        workspace,
        lambda step: step.name == wanted if source else step.name.startswith(wanted),
        engine=engine,
        received_by=day,
    )
    print(f"{len(ran)} steps ran; what had not changed was kept.")


def stock(
    process: Annotated[str, typer.Argument(help="For example cin, cpp, placement.")],
    on: Annotated[
        datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day, at its end.")
    ],
    workspace: Workspace = Path(),
    purpose: Purpose = "needs_assessment",
    by: By = None,
    area: Annotated[
        str, typer.Option(help="Rates by the areas of this vintage: ward24, pcon24, icb24 ...")
    ] = "",
    json_out: Json = None,
) -> None:
    """How many were in a process on a day. Counts for your eyes: publishing goes through disclosure."""
    from threecircles.record import commands

    if area:
        frames, grant = _opened(workspace, purpose, ["area"])
        _say(commands.area_counts(frames, grant, process, on.date(), area), json_out)
        return
    frames, grant = _opened(workspace, purpose, by)
    _say(commands.stock_counts(frames, grant, process, on.date(), by or ()), json_out)


def flows(
    process: Annotated[str, typer.Argument(help="For example cin, cpp, placement.")],
    year: Annotated[int, typer.Option(help="The year ending 31 March.")],
    workspace: Workspace = Path(),
    purpose: Purpose = "needs_assessment",
    by: By = None,
    json_out: Json = None,
) -> None:
    """Stock before, starts, ends and stock after of a year."""
    from threecircles.record import commands

    frames, grant = _opened(workspace, purpose, by)
    _say(commands.flow_counts(frames, grant, process, year, by or ()), json_out)


def journey(
    person: Annotated[str, typer.Argument(help="The person's id here, never a name or number.")],
    workspace: Workspace = Path(),
    purpose: Purpose = "needs_assessment",
    json_out: Json = None,
) -> None:
    """One person's states in order, for a purpose; who looked is kept in the audit log."""
    from threecircles.record import commands

    frames, grant = _opened(workspace, purpose)
    _say(commands.journey_of(frames, grant, person), json_out)


def reconcile(
    source: Annotated[str, typer.Argument(metavar="[SOURCE]")] = "",
    workspace: Workspace = Path(),
    lines: Annotated[
        bool, typer.Option("--lines", help="The rows behind each difference, for a purpose.")
    ] = False,
    figure: Annotated[str, typer.Option(help="With --lines: of this figure only.")] = "",
    purpose: Purpose = "needs_assessment",
    json_out: Json = None,
) -> None:
    """Headline counts of the returns beside the record, with every difference explained."""
    from threecircles.record import commands

    if lines:
        frames, grant = _opened(workspace, purpose)
        _say(commands.reconciliation_lines(frames, grant, figure, source), json_out)
        return
    found = commands.reconciliation(_frames(workspace), source)
    _say(found, json_out)
    commands.check_reconciled(found)


def unmapped(workspace: Workspace = Path(), json_out: Json = None) -> None:
    """Codes that no list holds, the commonest first."""
    from threecircles.record import commands

    _say(commands.unmapped(_frames(workspace)), json_out)


def conflicts(
    workspace: Workspace = Path(), purpose: Purpose = "needs_assessment", json_out: Json = None
) -> None:
    """Where sources disagree about a person, what was chosen and by which rule, for a purpose."""
    from threecircles.record import commands

    frames, grant = _opened(workspace, purpose)
    _say(commands.conflicts(frames, grant), json_out)


def schema(
    table: Annotated[str, typer.Argument(help="For example episode.")], json_out: Json = None
) -> None:
    """The declared columns of a table of the record."""
    from threecircles.record import commands

    _say(commands.schema(table), json_out)


def map_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A mapping.")],
    sample: Annotated[
        list[Path] | None, typer.Option(help="A file of the source; may be given again.")
    ] = None,
    json_out: Json = None,
) -> None:
    """Read and check a mapping file; a fault is named with its line. With a sample: what it lacks."""
    from threecircles.record import commands

    _say(commands.map_check(file, commands.sample_tables(file, sample or ())), json_out)


def map_coverage(
    source: Annotated[str, typer.Argument(help="For example cin-census.")],
    year: Annotated[int | None, typer.Option(help="The mapping of this year.")] = None,
    json_out: Json = None,
) -> None:
    """Every column of a source: carried where, or why not."""
    from threecircles.record import commands

    _say(commands.map_coverage(source, year), json_out)


def _frames(workspace: Path) -> Any:
    from threecircles.core.engines import engine
    from threecircles.core.found import payload_table
    from threecircles.core.workspace import open_workspace

    return partial(payload_table, open_workspace(workspace), engine())


def _opened(workspace: Path, purpose: str, by: list[str] | None = None) -> tuple[Any, Any]:
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure import gate
    from threecircles.record.commands import attributes_of

    asked = attributes_of(by or ())
    opened = open_workspace(workspace)
    return _frames(workspace), gate(purpose, tables=TABLES, attributes=asked, workspace=opened)


def _say(table: Any, json_out: Path | None) -> None:
    """Columns between tabs, or rows as JSON to a file or, with -, to the screen."""
    if json_out is None:
        for line in [table.columns, *table.rows()]:
            print("\t".join("" if cell is None else str(cell) for cell in line))
        return
    text = json.dumps(table.to_dicts(), indent=1, default=str)
    if str(json_out) == "-":
        print(text)
    else:
        json_out.write_text(text + "\n", encoding="utf-8")
