"""Commands for the days after a check: the worklist, what rules cost, repairs, samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli import quality_progress

Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of one return that `check --out` wrote.")
]
By = Annotated[str, typer.Option("--by", help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why.")]


def register(app: typer.Typer) -> None:
    """Add worklist, progress, burden, and the groups repair and sample."""
    app.command()(worklist)
    quality_progress.register(app)
    app.command()(burden)
    repair = typer.Typer(
        no_args_is_help=True,
        help="Repairs of episodes over several years: proposed, accepted by name, undone.",
    )
    repair.command("propose")(propose)
    repair.command("accept")(accept)
    repair.command("undo")(undo)
    app.add_typer(repair, name="repair")
    sample = typer.Typer(
        no_args_is_help=True, help="A random look at the records: draw a form, enter the answers."
    )
    sample.command("draw")(draw)
    sample.command("enter")(enter)
    app.add_typer(sample, name="sample")


def worklist(
    run: Run,
    team: Annotated[str, typer.Option(help="Only this team.")] = "",
    worker: Annotated[str, typer.Option(help="Only this worker.")] = "",
    rule: Annotated[str, typer.Option(help="Only this rule.")] = "",
    severity: Annotated[str, typer.Option(help="error or query.")] = "",
    dimension: Annotated[
        str, typer.Option(help="Only this dimension of quality: completeness, timeliness ...")
    ] = "",
    demand: Annotated[
        str,
        typer.Option(
            help="Only fields that this question of the catalogue needs, for example d28."
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Write it as a workbook.")] = None,
    most: Annotated[int, typer.Option(help="Lines on the screen.")] = 20,
) -> None:
    """What is to be mended, one line a child and problem, worst first."""
    from threecircles.quality.outputs_tables import write_workbook
    from threecircles.quality.runs import open_run
    from threecircles.quality.worklist_filters import Wanted, select

    held = open_run(run)
    wanted = Wanted(team, worker, rule, dimension, severity, demand)
    lines = select(held.worklist, held.rules, wanted)
    counted = "1 line" if lines.height == 1 else f"{lines.height:,} lines"
    print(f"{counted}, from the check of {held.day:%d/%m/%Y}. {held.headline}")
    for line in lines.head(most).iter_rows(named=True):
        who = ", ".join(w for w in (line["team"], line["worker"]) if w)
        print(f"\n{line['child'] or 'whole return'} ({who}), {line['severity']}, {line['rules']}")
        print(f"  {line['what']}\n  {line['hint']}\n  {line['where']}")
    if lines.height > most:
        print(f"\nand {lines.height - most:,} more")
    if out is not None:
        print(f"Written: {write_workbook(lines, out, held.headline)}")


def burden(
    run: Run,
    minutes: Annotated[
        Path | None, typer.Option(help="CSV with columns rule, minutes; others take 5, assumed.")
    ] = None,
) -> None:
    """What each rule costs to clear, costliest first, and the rules that never fire."""
    import polars as pl

    from threecircles.quality.runs import open_run
    from threecircles.quality.worklist import burden_of

    held = open_run(run)
    typed = (
        dict(pl.read_csv(minutes, schema_overrides={"rule": pl.String}).select("rule", "minutes").iter_rows())
        if minutes
        else {}
    )  # fmt: skip
    table = burden_of(held.findings, held.rules, typed)
    for row in table.filter(pl.col("findings") > 0).head(20).iter_rows(named=True):
        assumed = " (assumed)" if row["assumed"] else ""
        print(
            f"{row['rule']:7} {row['hours']:8.1f} hours  {row['findings']:>7,} x {row['minutes_each']:g} min{assumed}  {row['short']}"
        )
    print(f"{table.filter(pl.col('findings') == 0).height} rules ran and found nothing.")


def propose(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="Episodes of several years, one file each."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the proposals go.")],
) -> None:
    """Propose repairs of episodes that overlap, have no end or stand twice; nothing is changed."""
    from threecircles.checking import propose_repairs
    from threecircles.quality.repairs import IN_WORDS

    found = propose_repairs(files, out)
    places = found.unique(["repair", "table", "year", "row"])
    for repair, n in places.group_by("repair").len().sort("repair").iter_rows():
        counted = "1 episode" if n == 1 else f"{n:,} episodes"
        print(f"{repair:5} {counted:>14}  {IN_WORDS.get(repair, '')}".rstrip())
    print(f"{places.height:,} proposed, nothing changed. Written: {out / 'repairs.csv'}")


def accept(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the proposals are.")],
    by: By,
    reason: Reason,
    only: Annotated[str, typer.Option(help="Repair rules or ids, by comma; all if none.")] = "",
) -> None:
    """Make proposed repairs in copies of the files; who and why are kept."""
    from threecircles.checking import accept_repairs

    made = accept_repairs(folder, by, reason, [w for w in only.split(",") if w])
    print(", ".join(f"{repair} {n:,}" for repair, n in made.items()) or "Nothing was proposed.")
    print(f"Repaired copies: {folder / 'tables'}. They are not for submission.")


def undo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the repairs were accepted.")],
    by: By,
    reason: Reason,
) -> None:
    """Put the copies back as they were, byte for byte."""
    from threecircles.checking import undo_repairs

    undo_repairs(folder, by, reason)
    print("The copies are as they were sent.")


def draw(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="The files of one return.")
    ],
    table: Annotated[str, typer.Option(help="Table to look at, for example CINdetails.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The form, as CSV.")],
    n: Annotated[int, typer.Option(help="How many records.")] = 50,
    teams: Annotated[
        Path | None, typer.Option("--by", help="Teams file (child, team, worker): n of each team.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="The year ending 31 March.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed draws the same records.")] = 1,
) -> None:
    """Draw a random form of records to compare with the case files."""
    from threecircles.checking import Asked, check_files, load_holders
    from threecircles.core.errors import UsageError
    from threecircles.quality.outputs_tables import inert
    from threecircles.quality.sample import draw as drawn

    checked = check_files(files, Asked(year=year, codes=[]))
    held = [r for r in checked.reports if table in r.tables]
    if not held:
        raise UsageError(f"No table {table} was found in these files.")
    holders = load_holders(teams) if teams else None
    form = drawn(held[0], table, n, seed, holders, by_team=teams is not None)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as file:
        inert(form).write_csv(file, include_bom=True)
    print(f"{form['row'].n_unique()} records, {form.height} fields. Written: {out}")


def enter(
    form: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The form with `right` filled in.", exists=True, dir_okay=False
        ),
    ],
) -> None:
    """The share of fields that are right, with its interval."""
    import polars as pl

    from threecircles.quality.sample import entered

    for row in entered(pl.read_csv(form, infer_schema=False)).iter_rows(named=True):
        share = (
            f"{row['share']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
            if row["state"] == "scored"
            else row["state"]
        )
        print(f"{row['field']:40} {row['k']} of {row['n']}  {share}")
