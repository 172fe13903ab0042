"""Commands of the room need: what a run measured, and measures of a file of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from threecircles.cli.needs_audit import register as register_audit

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file.")]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the result here too.")
]
Data = Annotated[
    Path | None, typer.Option(help="The folder of published files; else THREECIRCLES_DATA.")
]


def register(app: typer.Typer) -> None:
    """Add the groups need and needs-audit."""
    group = typer.Typer(
        no_args_is_help=True, help="How much need, met by whom, where, compared with whom."
    )
    for command in (
        define, circles, first_help, profile, combine, areas, estimate, inequality, vulnerability, follow,
        authority, compare,
    ):  # fmt: skip
        group.command()(command)
    effect = typer.Typer(no_args_is_help=True, help="What a service changed, by a written plan.")
    effect.command("check")(effect_check)
    effect.command("plan")(effect_plan)
    effect.command("estimate")(effect_estimate)
    group.add_typer(effect, name="effect")
    app.add_typer(group, name="need")
    register_audit(app)


def define(
    name: Annotated[
        str,
        typer.Argument(metavar="[NAME]", help="A definition of high need, or a file of your own."),
    ] = "high_need_9_16_demo",
) -> None:
    """Read a definition of high need and say its rule in words; a fault is named with its line."""
    from threecircles.definitions import load_text
    from threecircles.need.high_need import HighNeed, high_need

    path = Path(name)
    told = (
        load_text(path.read_text(encoding="utf-8"), HighNeed, path.name)
        if path.suffix in (".yaml", ".yml")
        else high_need(name)
    )
    typer.echo(told.in_words())
    for criterion in told.criteria:
        typer.echo(f"  {criterion.label}: {criterion.scale} {criterion.cut} ({criterion.source})")
    typer.echo(f"Unknown: fewer than {told.missing.min_observed_constructs} impairments observed, or "
               "blanks that could change the answer.")  # fmt: skip


def circles(
    workspace: Workspace = Path(),
    by: Annotated[
        str, typer.Option(help="place, ward, phase, age, sex, deprivation, links or bounds.")
    ] = "place",
) -> None:
    """Children with high need, children in services, and how far they are the same, as made safe."""
    _show(workspace, f"circles-{by}")


def first_help(
    workspace: Workspace = Path(),
    by: Annotated[str, typer.Option(help="sign-id, ward or deprivation; blank = all.")] = "",
) -> None:
    """From first sign to first help, as made safe."""
    _show(workspace, "first-help" + (f"-{by}" if by else ""))


def profile(workspace: Workspace = Path()) -> None:
    """Impairments and risks, how they are spread, and need by deprivation, as made safe."""
    for table in ("need-dimensions", "need-distribution", "need-gradient"):
        _show(workspace, table)


def combine(
    workspace: Workspace = Path(),
    show: Annotated[str, typer.Option(help="number, pairs or all.")] = "number",
) -> None:
    """How many children hold several conditions at once, as made safe; never which children."""
    _show(workspace, "combinations" if show == "all" else f"combinations-{show}")


def areas(
    file: File,
    covariates: Annotated[
        str, typer.Option(help="Columns beside area, y and n, with commas between.")
    ],
    out: Json = None,
) -> None:
    """An outcome of areas (area, y of n) against deprivation: observed beside expected, no ranking."""
    from threecircles.need.area_analysis import analyse

    told = analyse(_read(file, ("area", "y", "n")), [c.strip() for c in covariates.split(",")])
    _print(told.areas)
    typer.echo(told.sentence())
    _write(out, told.areas.to_dicts())


def estimate(
    file: File,
    covariates: Annotated[str, typer.Option(help="Columns, with commas between.")] = "",
    cells: Annotated[
        Path | None,
        typer.Option(
            help="How many children of each kind live in each area (area, children, kinds)."
        ),
    ] = None,
    kinds: Annotated[
        str, typer.Option(help="With --cells: columns that say the kind of child.")
    ] = "",
    out: Json = None,
) -> None:
    """Small areas: figures (area, estimate, se) drawn towards a line by Fay and Herriot; with --cells,
    answers (area, y, n and kinds of child) modelled by kind and applied to who lives there."""
    numeric = [c.strip() for c in covariates.split(",") if c.strip()]
    if cells is not None:
        _by_kind(file, cells, [k.strip() for k in kinds.split(",") if k.strip()], numeric, out)
        return
    from threecircles.need.small_areas import small_areas

    told, said = small_areas(_read(file, ("area", "estimate", "se", *numeric)), numeric)
    _print(told)
    typer.echo(said)
    _write(out, told.to_dicts())


def _by_kind(
    file: Path, cells: Path, kinds: list[str], numeric: list[str], out: Path | None
) -> None:
    from threecircles.need.poststratified import poststratified

    told = poststratified(
        _read(file, ("area", "y", "n", *kinds, *numeric)),
        _read(cells, ("area", "children", *kinds, *numeric)),
        categorical=kinds,
        numeric=numeric,
    )
    _print(told.areas)
    for line in told.said:
        typer.echo(line)
    _write(out, told.areas.to_dicts())


def inequality(file: File, out: Json = None) -> None:
    """Slope and relative index over ordered groups (group, population, rate), always together."""
    from threecircles.core.inequality import indices

    table = _read(file, ("group", "population", "rate"))
    told = indices(table["population"].to_numpy().astype(float), table["rate"].to_numpy())
    ratio = "not to be had" if told.ratio is None else f"{told.ratio:.4f}"
    typer.echo(
        f"Slope index {told.slope:+.4f} between the ends of the scale; relative to the mean {told.over_mean:+.4f}; "
        f"fitted ratio of the ends {ratio}."
    )
    _write(out, {"slope": told.slope, "over_mean": told.over_mean, "ratio": told.ratio})


def vulnerability(
    year: Annotated[int, typer.Option(help="The year ending 31 March.")],
    area: Annotated[str, typer.Option(help="An ONS code or a name; blank = all.")] = "",
    data: Data = None,
) -> None:
    """Least and most episodes in which three adult problems met, from published counts of each apart."""
    import polars as pl

    from threecircles.need.vulnerability import WORDS, published_bounds

    path = _published(data) / "dfe_csc" / (
        "c3_factors_identified_at_end_of_assessment_2018_to_2025.parquet"
    )  # fmt: skip
    told = published_bounds(path, year)
    if area:
        told = told.filter((pl.col("area") == area) | (pl.col("name") == area))
    _print(told)
    for row in told.drop_nulls("low").iter_rows(named=True) if area else ():
        typer.echo(WORDS.format(low=int(row["low"]), high=int(row["high"])))


def follow(
    file: File,
    study: Annotated[str, typer.Option(help="The study, as its ethics record names it.")],
    cut: Annotated[
        float | None, typer.Option(help="The published cut of the early measure.")
    ] = None,
    workspace: Workspace = Path(),
) -> None:
    """Does an early measure (early) foretell a later one (later: 1 or 0)? Group results only."""
    from threecircles.disclosure.studies import check_may_open_study
    from threecircles.need.follow import foretold, told_in_words

    check_may_open_study("follow", study, workspace=workspace)
    for line in told_in_words(foretold(_read(file, ("early", "later")), cut)):
        typer.echo(line)


def compare(
    own: Annotated[Path, typer.Argument(metavar="OWN", help="Your own pack.json.")],
    other: Annotated[
        Path, typer.Option("--import", metavar="PACK", help="The pack.json of another authority.")
    ],
) -> None:
    """Another authority's released figures beside yours; refused where they were made differently."""
    import polars as pl

    from threecircles.need.exchange import open_pack, read_pack

    mine = open_pack(own)
    rows, said = read_pack(other, mine)
    held = [
        {**f, "released_by": mine.released_by, "released_on": mine.released_on}
        for f in mine.figures
    ]
    _print(pl.DataFrame([*held, *rows], infer_schema_length=None))
    typer.echo(said)


def authority(
    code: Annotated[str, typer.Argument(help="An ONS code, for example E10000020.")],
    data: Data = None,
) -> None:
    """Need, use and spend of one authority of England from published files."""
    import polars as pl

    from threecircles.core.errors import UsageError
    from threecircles.need.england import england

    found = False
    for table in england(_published(data)):
        if "area" not in table.frame.columns:
            continue
        mine = table.frame.filter(pl.col("area") == code)
        if mine.height:
            found = True
            typer.echo(f"\n{table.spec.title} ({table.spec.unit})")
            _print(mine.drop("area"))
    if not found:
        raise UsageError(
            "No published table holds this authority.",
            found=code,
            mend="Give its ONS code of today.",
        )


def effect_check(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan in YAML.")],
) -> None:
    """Read a plan: which word it may come to, and why it would be refused."""
    from threecircles.need.effects import read_plan, refusals
    from threecircles.need.effects.words import word_of

    told = read_plan(plan)
    found = refusals(told)
    typer.echo(
        f"{told.id}: {told.question}\nDesign {told.design}; at best this may say: {word_of(told)}."
    )
    for reason in found:
        typer.echo(f"- {reason}")
    raise typer.Exit(1 if found else 0)


def effect_plan(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan in YAML.")],
) -> None:
    """Lock a plan before outcomes are read; a changed plan is another plan."""
    from threecircles.need.effects import lock, read_plan

    told = lock(read_plan(plan), plan)
    typer.echo(f"Locked on {told.locked_on}: {told.plan_hash}")


def effect_estimate(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan in YAML.")],
    rows: Annotated[Path, typer.Option(help="A CSV file with the columns that the design needs.")],
    workspace: Workspace = Path(),
    out: Json = None,
) -> None:
    """What the plan's design finds, with everything that could still be wrong beside it."""
    from threecircles.disclosure.studies import check_may_open_study
    from threecircles.need.effects import as_text, read_plan
    from threecircles.need.effects import estimate as find
    from threecircles.need.effects.plan import locked

    told = read_plan(plan)
    check_may_open_study("effect", told.id, workspace=workspace)
    result = find(told, _read(rows, ("unit",)), locked(plan))
    typer.echo(as_text(result))
    _write(out, result.plain())
    raise typer.Exit(1 if result.refused else 0)


def _show(workspace: Path, table: str) -> None:
    from threecircles.core import manifest
    from threecircles.core.errors import UsageError, did_you_mean
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure.release import read_safe

    opened = open_workspace(workspace)
    entry = manifest.latest(opened.manifest).get("disclosure.protect")
    tables = (
        {
            s.spec.id: s
            for s in read_safe(opened.steps("payload") / entry.step / entry.key[:16] / "out")
        }
        if entry
        else {}
    )
    if table not in tables:
        raise UsageError(
            "No run of this workspace released such a table.", found=table,
            allowed=", ".join(sorted(tables)) or "none: nothing was released",
            mend=did_you_mean(table, tables) or "Run the place; a table that cannot be made safe is left out.",
        )  # fmt: skip
    safe = tables[table]
    typer.echo(f"{safe.spec.title} ({safe.spec.period})")
    _print(safe.frame)
    for note in safe.spec.notes:
        typer.echo(note)


def _read(file: Path, needed: tuple[str, ...]) -> Any:
    import polars as pl

    from threecircles.core.errors import UsageError, did_you_mean

    if not file.is_file():
        raise UsageError("There is no such file.", where=str(file))
    table = pl.read_csv(file, infer_schema_length=None)
    for column in needed:
        if column not in table.columns:
            raise UsageError(
                f"The file lacks the column {column}.", where=file.name, found=", ".join(table.columns),
                mend=did_you_mean(column, table.columns),
            )  # fmt: skip
    return table


def _published(data: Path | None) -> Path:
    from threecircles.cli.place import published_folder
    from threecircles.core.errors import UsageError

    folder = data or published_folder()
    if folder is None or not folder.is_dir():
        raise UsageError(
            "The published files are not there.", where=str(folder or ""),
            mend="Name their folder with --data or THREECIRCLES_DATA.",
        )  # fmt: skip
    return folder


def _print(table: Any) -> None:
    for line in [table.columns, *table.rows()]:
        typer.echo("\t".join(_said(cell) for cell in line))


def _said(cell: Any) -> str:
    return (
        "" if cell is None else f"{cell:.4g}" if isinstance(cell, float) and cell % 1 else str(cell)
    )


def _write(out: Path | None, told: Any) -> None:
    if out is None:
        return
    text = json.dumps(told, indent=1, default=str)
    if str(out) == "-":
        typer.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
