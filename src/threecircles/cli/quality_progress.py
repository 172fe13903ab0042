"""Progress over stored checks: without it nobody could show that the list shrinks, or say that it will not in time."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from threecircles.quality.worklist_filters import Wanted


def register(app: typer.Typer) -> None:
    """Add the command progress."""
    app.command()(progress)


def progress(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN RUN [RUN ...]",
            help="Folders of one return that `check --out` wrote, two or more.",
        ),
    ],
    deadline: Annotated[
        str | None,
        typer.Option(help="yyyy-mm-dd; when the list will be empty at this pace, and if in time."),
    ] = None,
    team: Annotated[str, typer.Option(help="Only the children of this team.")] = "",
    worker: Annotated[
        str, typer.Option(help="Only the children of this worker: for them and their manager.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a page, and tables by week, team and rule."),
    ] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Machine output (- = screen).")
    ] = None,
) -> None:
    """What became of each finding over two or more checks of a return; what was not re-tested is never
    called mended.

    Two checks are compared as they are named. Three or more are told week by week, by team and by rule.
    """
    from threecircles.quality.chain import check_apart
    from threecircles.quality.window import read_day
    from threecircles.quality.worklist_filters import Wanted

    check_apart(runs)
    day = read_day(deadline) if deadline else None
    wanted = Wanted(team=team, worker=worker)
    to_screen = json_out is not None and str(json_out) == "-"
    if len(runs) == 2 and not to_screen:
        _compare(runs[0], runs[1], wanted, day)
    if len(runs) > 2 or out is not None or json_out is not None:
        _tell(runs, wanted, day, out, json_out)


def _compare(before: Path, after: Path, wanted: Wanted, deadline: date | None) -> None:
    from threecircles.quality.history import counts, forecast
    from threecircles.quality.runs import open_run
    from threecircles.quality.runs import progress as compared
    from threecircles.quality.worklist_filters import of_holder

    one, two = open_run(before), open_run(after)
    told = compared(one, two)
    if wanted.team or wanted.worker:
        told = of_holder(told, (one.worklist, two.worklist), wanted)
    print(f"{one.day:%d/%m/%Y} to {two.day:%d/%m/%Y}")
    states = counts(told)
    for state, n in states.items():
        print(f"  {n:>8,} {state}")
    if deadline:
        then = sum(n for state, n in states.items() if state != "new")
        now = sum(states[state] for state in ("new", "still open", "changed"))
        expected = forecast([(one.day, then), (two.day, now)], deadline)
        print(
            "  The two checks are of one day, so no pace can be told."
            if expected is None
            else f"  {expected:>8,.0f} open on {deadline} if it goes on at this pace (a straight line)"
        )


def _tell(
    runs: list[Path], wanted: Wanted, deadline: date | None, out: Path | None, json_out: Path | None
) -> None:
    from threecircles.core.workspace import write_bytes
    from threecircles.quality.chain import chain_of, open_in_order, part_of
    from threecircles.quality.way import way_of
    from threecircles.quality.way_page import write_way
    from threecircles.quality.way_words import json_of, screen_of

    way = way_of(part_of(chain_of(open_in_order(runs)), wanted), deadline)
    written = write_way(way, wanted, out, deadline) if out is not None else []
    if json_out is not None and str(json_out) == "-":
        print(json_of(way, wanted))
        return
    if json_out is not None:
        write_bytes(json_out, json_of(way, wanted).encode())
        written.append(json_out)
    if len(runs) > 2:
        print(screen_of(way, wanted))
    for path in written:
        print(f"Written: {path}")
