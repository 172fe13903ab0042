"""Commands on how good data are and what for: scores by field, team, provider and school, and which questions they fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.formula import Json, say

Files = Annotated[
    list[Path], typer.Argument(metavar="FILES...", help="Files, folders or zips of one authority.")
]


def register(app: typer.Typer) -> None:
    """Add fit and scores."""
    app.command()(fit)
    app.command()(scores)


def fit(
    folder: Annotated[Path, typer.Argument(metavar="PLACE", help="Folder with place.yaml.")],
    demand: Annotated[
        str, typer.Argument(metavar="[DEMAND]", help="A question of the catalogue, for example d28; all if none.")
    ] = "",
    links: Annotated[
        Path | None, typer.Option(metavar="WORKSPACE", help="Where the records were linked by `run`.")
    ] = None,
    verdict: Annotated[
        str, typer.Option(help="fit, fit with care, not fit, or cannot tell.")
    ] = "",
    late: Annotated[bool, typer.Option("--late", help="Only how late each source came, over all its deliveries.")] = False,
    json_out: Json = None,
) -> None:  # fmt: skip
    """Which questions of the catalogue a place's data can answer, what stands in the way, what would mend it."""
    from threecircles.catalogue import demands, question
    from threecircles.checking.fitting import judge_place
    from threecircles.core.workspace import open_workspace
    from threecircles.definitions.place import load_place
    from threecircles.quality.fit_words import RULE, as_record, counts_text, of_state, told_text

    if late:
        from threecircles.checking.lateness import lags_of, lines_of

        lags = lags_of(load_place(folder))
        say(lags.to_dicts(), json_out, lines_of(lags))
        return
    asked = [question(demand)] if demand else list(demands())
    of_state((), verdict)
    found = judge_place(load_place(folder), open_workspace(links) if links else None, asked)
    shown = of_state(found, verdict)
    told = [told_text(v, whole=bool(demand)) for v in shown]
    say(
        [as_record(v) for v in shown], json_out, "\n\n".join([*told, f"{counts_text(found)} {RULE}"])
    )  # fmt: skip


def scores(
    files: Files,
    by: Annotated[str, typer.Option("--by", help="team, provider or school; by field if none.")] = "",
    worker: Annotated[
        str, typer.Option(help="One worker by name or number, for them and their manager; workers are never listed.")
    ] = "",
    kinds: Annotated[
        bool, typer.Option("--kinds", help="Tell what stands in each field: present, refused, not obtained, blank ...")
    ] = False,
    late: Annotated[
        bool, typer.Option("--late", help="Tell how late records were made; give --previous for the returns.")
    ] = False,
    teams: Annotated[Path | None, typer.Option(help="File with child, team and worker.")] = None,
    year: Annotated[int | None, typer.Option(help="The year ending 31 March.")] = None,
    previous: Annotated[Path | None, typer.Option(help="Last year's files.")] = None,
    json_out: Json = None,
) -> None:  # fmt: skip
    """How good each field is, or the records of each team, provider or school, or of one worker who is named."""
    from threecircles.checking import Asked, check_files, load_holders
    from threecircles.checking.lateness import late_of, lines_of
    from threecircles.checking.scoring import (
        check_kind,
        kinds_of_fields,
        scored_text,
        scores_by,
        scores_of,
        scores_of_worker,
    )
    from threecircles.core.errors import UsageError
    from threecircles.quality.field_kinds import kinds_text

    holders = load_holders(teams) if teams else None
    check_kind(by, worker, holders)
    if (kinds or late) and (by or worker):
        raise UsageError("What stands in fields and what came late is told of whole files.", mend="Leave out --by and --worker.")  # fmt: skip
    checked = check_files(files, Asked(year=year, previous=previous))
    if kinds:
        table = kinds_of_fields(checked)
        told = [f"{r['source']:14} {r['table']}.{r['column']}  {kinds_text(r)}" for r in table.iter_rows(named=True)]  # fmt: skip
        say(table.to_dicts(), json_out, "\n".join(told))
        return
    if late:
        table = late_of(checked)
        none = "Nothing given tells it: it needs both returns with --previous, or a source with a day of recording."
        say(table.to_dicts(), json_out, lines_of(table) or none)
        return
    if worker:
        table = scores_of_worker(checked, worker, holders)
    else:
        table = scores_by(checked, by, holders) if by else scores_of(checked)
    lines = []
    for row in table.iter_rows(named=True):
        place = row[by] if by else worker or ".".join(p for p in (row["table"], row["column"]) if p)
        name = f"{place}  " if place else ""
        lines.append(f"{row['return']:10} {name}{row['dimension']}: {scored_text(row)}")
    say(table.to_dicts(), json_out, "\n".join(lines))
