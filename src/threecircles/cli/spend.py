"""Commands of spend: read, map, reconcile, show, project, effect, panel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.formula import Json, say

Files = Annotated[
    list[Path], typer.Argument(metavar="FILES...", help="Section 251 Table A1 files.")
]
LaCode = Annotated[str, typer.Option(help="The authority's nine-character ONS code.")]
Year = Annotated[int, typer.Option(help="The financial year ending 31 March.")]


def register(app: typer.Typer) -> None:
    """Add the group spend."""
    group = typer.Typer(
        no_args_is_help=True, help="What is spent, by whom, on what, until when, and beside what."
    )
    group.command("read")(read_spend)
    group.command()(reconcile)
    app.add_typer(group, name="spend")


def read_spend(files: Files, la: LaCode, year: Year, json_out: Json = None) -> None:
    """Read spend lines, check their sums, and list what does not add up (exit 1 when something does not)."""
    from threecircles.funding import spend, spend_show

    read = spend.read_spend(files, la_code=la, year=year)
    told = {"lines": read.lines.to_dicts(), "findings": read.findings.to_dicts()}
    say(told, json_out, spend_show.spend_text(read))
    if read.findings.filter(read.findings["check"] != "income-sign").height:
        raise SystemExit(1)


def reconcile(
    files: Files,
    la: LaCode,
    year: Year,
    data: Annotated[Path, typer.Option(help="The folder of published files.")],
    json_out: Json = None,
) -> None:
    """Set section 251, revenue outturn and the published tool beside each other, with known reasons."""
    from threecircles.funding import spend, spend_show
    from threecircles.funding.spend_reconcile import reconcile as beside

    lines = spend.read_spend(files, la_code=la, year=year).lines
    table = beside(lines, data, la, year)
    say(table.to_dicts(), json_out, spend_show.reconciliation_text(table))
