"""Commands around a place: make one, fill one, run it, ask where a number came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from threecircles.core.errors import UsageError

PRESETS = ("hamlet", "borough", "county")
COMPARED_AS = {"hamlet": "E10000020", "borough": "E09000007", "county": "E10000020"}
"""The real authority whose published figures stand beside a demonstration place: Norfolk or Camden."""


def register(app: typer.Typer) -> None:
    """Add new, synth, run, demo and lineage."""
    app.command()(new)
    app.command()(synth)
    app.command("run")(run_place)
    app.command()(demo)
    app.command()(lineage)


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the place.")],
) -> None:
    """Write a place folder with a commented place.yaml to fill in."""
    if (folder / "place.yaml").exists():
        raise UsageError(
            "There is a place.yaml already.", where=str(folder), mend="Name another folder."
        )
    for part in ("received", "reference"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "place.yaml").write_text(_TEMPLATE, encoding="utf-8")
    print(
        f"Wrote {folder / 'place.yaml'}. Put the files you received in {folder / 'received'}, name them in"
    )
    print(f"place.yaml, then: threecircles run {folder}")


def synth(
    preset: Annotated[
        str,
        typer.Argument(
            metavar="PLACE", help="hamlet, borough, county, nation; or check, describe."
        ),
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="With check and describe: the made place.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write.")] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal bytes.")] = 1,
    year: Annotated[int, typer.Option(help="The year ending 31 March.")] = 2026,
    years: Annotated[int, typer.Option(help="Years of history in the truth, 1 to 5.")] = 5,
    errors: Annotated[str, typer.Option(help="realistic, none, or a profile file.")] = "realistic",
    only: Annotated[
        str | None, typer.Option(help="Only these parts, by comma: cin, early_help, truth ...")
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(help="A file, or plans_recorded, with values laid over the preset's."),
    ] = None,
    effects: Annotated[
        str | None,
        typer.Option(help="Services with a known effect: planted, none (null effects) or a file."),
    ] = None,
    places: Annotated[
        int | None, typer.Option(help="So many boroughs side by side, 2 to 4, a folder each.")
    ] = None,
) -> None:
    """Make a whole fictitious place with known truth; or check or describe one."""
    from threecircles import synthetic

    target = folder or out
    if target is None:
        raise UsageError(
            "No folder is named.",
            mend=f"threecircles synth {preset} DIR"
            if preset in ("check", "describe")
            else f"threecircles synth {preset} --out DIR",
        )
    if preset == "check":
        raise typer.Exit(_checked(target))
    if preset == "describe":
        print(synthetic.describe(target))
        return
    chosen = only.split(",") if only else None
    if places is not None:
        if effects is not None:
            raise UsageError(
                "Services with a known effect are planted in one place at a time.",
                mend="Leave --effects or --places out.",
            )
        synthetic.make_places(preset, target, places, seed, year, years, errors, chosen, profile)
        print(f"Made {places} places side by side in {target}. Every person in them is made up.")
        return
    synthetic.make(
        preset,
        target,
        seed=seed,
        year=year,
        years=years,
        errors=errors,
        only=chosen,
        profile=profile,
        effects=effects,
    )
    print(f"Made the {preset} in {target}. Every person in it is made up.")


def _checked(folder: Path) -> int:
    """Print each figure of a made place beside its target; 0 when none lies outside."""
    from threecircles import synthetic

    places = synthetic.places_of(folder)
    if len(places) > 1:
        for place in places:
            print(f"{place.name}:")
        return max(_checked(place) for place in places)
    marked = synthetic.check(folder)
    for row in marked.iter_rows(named=True):
        got = "-" if row["got"] is None else f"{row['got']:,.2f}"
        print(
            f"{row['verdict']:9} {row['no']:>3}  {row['label']}, {row['item']}: {got} "
            f"(target {row['target']:,.2f}, within {row['tolerance']:,.2f})"
        )
    counts = {v: marked.filter(marked["verdict"] == v).height for v in marked["verdict"].unique()}
    told = ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))
    print(f"{marked['no'].n_unique()} facts, {marked.height} figures: {told}.")
    return 1 if {"outside", "not shown"} & set(counts) else 0


def run_place(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A place folder with place.yaml.")],
    workspace: Annotated[
        Path | None, typer.Option(help="Where to work; default DIR/workspace.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would run and why, and do nothing.")
    ] = False,
    start: Annotated[
        str | None, typer.Option("--from", help="Run this step again, and what depends on it.")
    ] = None,
    engine: Annotated[str, typer.Option(help="duckdb, polars or spark.")] = "duckdb",
) -> None:
    """Run a place: receive, read, check, link, derive, measure, protect, show. Only what changed runs."""
    from threecircles import pipeline

    target = workspace or folder / "workspace"
    if plan:
        for item in pipeline.plan(folder, target, engine=engine, start=start):
            print(f"{'run ' if item.will_run else 'keep'}  {item.step.name}: {item.reason}")
        return
    opened = pipeline.run(folder, target, engine=engine, start=start)
    pack = opened.release / "site" / "index.html"
    if pack.exists():
        print(f"The pack is in {opened.release}. To read it: threecircles serve {target}")
    else:
        print("The pack is made and waits at the release desk: threecircles release list")


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the place and its workspace.")],
    place: Annotated[str, typer.Option(help="borough or county.")] = "borough",
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Make the demonstration place, if it is not there, and run it into OUT/workspace."""
    from threecircles import synthetic

    if place not in PRESETS:
        raise UsageError(
            "There is no such demonstration place.", found=place, allowed=", ".join(PRESETS)
        )
    if not (out / "place.yaml").exists():
        print(f"Making the {place}: every person in it is made up.")
        synthetic.make(place, out, seed=seed)
        _compare_with_england(out / "place.yaml", COMPARED_AS[place])
    run_place(out)


def _compare_with_england(file: Path, area: str) -> None:
    """Let a demonstration place stand beside published figures, where their folder is known."""
    folder = published_folder()
    if folder is not None:
        with file.open("a", encoding="utf-8") as place:
            place.write(f'settings: {{published: "{folder.resolve()}", compare_as: {area}}}\n')


def published_folder() -> Path | None:
    """The folder of published files: THREECIRCLES_DATA, else ../shared/data; None where there is none."""
    folder = Path(os.environ.get("THREECIRCLES_DATA", "../shared/data"))
    return folder if folder.is_dir() else None


def lineage(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER_ID", help="The id beside a published number.")
    ],
    workspace: Annotated[Path, typer.Option(help="The workspace that published it.")] = Path(),
) -> None:
    """Follow a published number back to the steps, definitions, files and fields it came from."""
    from threecircles.report.lineage import describe

    print(describe(workspace, number))


_TEMPLATE = """\
# What this place is, and what it received. Every line may carry a comment.
id: my-place
label: "My council"              # printed on every page
la_code: E10000020               # the council's nine-character ONS code
dfe_number: "926"                # the Department for Education's three-digit number, in quotes
fictitious: false                # true only for made-up places
year: 2026                       # the year ending 31 March 2026

# One line for each set of files received. `source` says what it is (threecircles source list);
# `files` may hold patterns; `as_of` is the day the extract speaks of.
deliveries: []
#  - {id: cin_2026, source: cin-census, files: ["received/cin_2026.xml"], received_on: 2026-05-29, as_of: 2026-03-31}
#  - {id: s903_2026, source: ssda903, files: ["received/ssda903/*.csv"], received_on: 2026-05-29, as_of: 2026-03-31}
#  - {id: school_2026, source: school-census, files: ["received/school_census/*.csv"], as_of: 2026-01-15}
#  - {id: early_help_2026, source: early-help, files: ["received/early_help.csv"], as_of: 2026-03-31}
#  - {id: youth_justice_2026, source: youth-justice, files: ["received/youth_justice.csv"], as_of: 2026-03-31}
#  - {id: survey_2026, source: survey-pupils, files: ["received/survey.csv"], as_of: 2026-02-01}
#  - {id: survey_holder_2026, source: survey-holder, files: ["received/survey_holder.csv"], as_of: 2026-02-01}
#  - {id: s251_2026, source: s251-outturn, files: ["received/s251.csv"], as_of: 2026-03-31}
#  - {id: register_2026, source: centre-register, files: ["received/centres.csv"], as_of: 2026-03-31}

# Lookups of the place. `lsoa` gives areas and wards, `population` the children by area, age and sex.
reference: {}
#  lsoa: reference/lsoa_lookup.csv
#  population: reference/population_lsoa.csv
#  deprivation: reference/deprivation_lsoa.csv
#  postcodes: reference/postcodes.csv
#  boundaries: reference/lsoa.geojson
#  wards: reference/ward.geojson
#  schools: reference/schools.csv
#  travel_times: reference/travel_times.csv
"""
