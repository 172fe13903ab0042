"""Commands of the room survey."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the group survey."""
    group = typer.Typer(
        no_args_is_help=True, help="Ask children and families, and estimate from their answers."
    )
    group.callback()(_group)
    group.command()(estimate)
    app.add_typer(group, name="survey")


def _group() -> None:
    """Keep `survey estimate` a command of a group while it is the only one."""


def estimate(
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC.yaml", help="Names file, design columns and estimates.")
    ],
    out: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the estimates here.")
    ] = None,
) -> None:
    """Means, shares, totals and ratios with standard errors from any survey file."""
    from threecircles.survey.estimate import estimate as run

    told = run(spec, out)
    print(f"{told['rows']:,} answers in {told['data']}")
    for row in told["estimates"]:
        if "of" in row:
            answer = f" = {row['answer']}" if "answer" in row else ""
            print(
                f"  {row['variable']}{answer}: {_figure(row['value'])} {row['of']}, n {row['n']:,}"
            )
            continue
        group = ", ".join(f"{k} {v}" for k, v in row["group"].items())
        answer = f" = {row['answer']}" if row["statistic"] == "proportion" else ""
        print(
            f"  {row['statistic']} {row['variable']}{answer}{f' ({group})' if group else ''}: "
            f"{_figure(row['value'])} ({_figure(row['low'])} to {_figure(row['high'])}), "
            f"se {_figure(row['se'])}, n {row['n']:,}"
        )


def _figure(x: float | None) -> str:
    """A figure in six digits, or that it cannot be told."""
    return "not known" if x is None else f"{x:.6g}"
