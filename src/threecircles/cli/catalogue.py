"""Commands of the catalogue: find a question, list the questions and what answers them."""

from __future__ import annotations

from typing import Annotated

import typer

from threecircles.cli.formula import Json, say


def register(app: typer.Typer) -> None:
    """Add the group catalogue."""
    group = typer.Typer(no_args_is_help=True, help="What people ask, and where it is answered.")
    group.command("find")(find_question)
    group.command("demands")(list_demands)
    app.add_typer(group, name="catalogue")


def find_question(
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", help="Words of a question.")],
    json_out: Json = None,
) -> None:
    """Find questions by their words, and say what answers each (exit 1 when none is found)."""
    from threecircles.catalogue import find
    from threecircles.catalogue.show import as_records, demands_text

    found = find(" ".join(text))
    nothing = "No question holds these words. `threecircles catalogue demands` lists all of them."
    say(as_records(found), json_out, demands_text(found) if found else nothing)
    if not found:
        raise SystemExit(1)


def list_demands(
    status: Annotated[
        str | None,
        typer.Option(help="answered, answered in part, not built yet, or not planned."),
    ] = None,
    json_out: Json = None,
) -> None:
    """List the questions that people brought, with the command, page and statement that answer them."""
    from threecircles.catalogue import demands
    from threecircles.catalogue.show import as_records, check_status, counts_text, demands_text

    every = demands()
    check_status(status)
    shown = [d for d in every if status in (None, d.status)]
    say(as_records(shown), json_out, f"{demands_text(shown)}\n\n{counts_text(every)}")
