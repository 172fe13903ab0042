"""Commands of cost: table, pathway, compare."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.formula import Csv, Json, say

Table = Annotated[str, typer.Option(help="Id of a shipped cost table, or a YAML file.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


def register(app: typer.Typer) -> None:
    """Add the group cost."""
    group = typer.Typer(no_args_is_help=True, help="What one thing costs, and a child's pathway.")
    for command in (table, pathway, compare):
        group.command()(command)
    app.add_typer(group, name="cost")


def table(
    name: Annotated[str, typer.Argument(help="Id of a shipped cost table, or a YAML file.")],
    json_out: Json = None,
) -> None:
    """Read a cost table and print its prices with their source; a fault is named with its line."""
    from threecircles.funding.cost_show import table_dict, table_text
    from threecircles.funding.cost_table import load_cost_table

    held = load_cost_table(name)
    say(table_dict(held), json_out, table_text(held))


def pathway(
    episodes: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet: person_id, event_id, place, ls, valid_from, valid_to, reason_in, reason_out."
        ),
    ],
    start: Day,
    end: Day,
    using: Table = "demo",
    events: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet: person_id, event_id, kind (review, plan, leaver), on_date."
        ),
    ] = None,
    json_out: Json = None,
    out: Csv = None,
) -> None:
    """What children's ways through care cost in a period: totals and their spread. Rows go to --out only."""
    from threecircles.funding.cost_files import cost_files
    from threecircles.funding.cost_show import pathway_text
    from threecircles.funding.formula_book import write_table

    found = cost_files(episodes, events, [using], start.date(), end.date())
    if out is not None:
        write_table(found.flat(), out)
    say(found.as_dict(), json_out, pathway_text(found))


def compare(
    la: Annotated[str, typer.Argument(help="The authority's nine-character ONS code.")],
    year: Annotated[int, typer.Option(help="The financial year ending 31 March.")],
    data: Annotated[Path, typer.Option(help="The folder of published files.")],
    json_out: Json = None,
) -> None:
    """Published weekly costs of an authority beside England, each with what it is divided by."""
    from threecircles.funding.cost_show import weekly_text
    from threecircles.funding.weekly import weekly_costs

    found = weekly_costs(data, la, year)
    say(found.to_dicts(), json_out, weekly_text(found))
