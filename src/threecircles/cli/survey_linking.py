"""Commands that put a study beside other records: the census for its weights, the linker for its codes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[
    Path,
    typer.Option("--workspace", "-w", metavar="DIR", help="The workspace that holds the study."),
]
StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="Name of a study in the workspace.")]
HERE = Path()


def register(group: typer.Typer) -> None:
    """Add census and hand-over to the group survey."""
    group.command()(census)
    group.command("hand-over")(hand_over)


def census(
    study: StudyId,
    place: Annotated[
        Path, typer.Option(metavar="PLACE", help="Folder of a place with its school census.")
    ],
    workspace: Workspace = HERE,
) -> None:
    """Put the school census beside a study: the roll, and in a named study SEN, meals, ethnic group, deprivation.

    The next `survey weight` and `survey report` are fitted to these totals. Codes come from the place's
    delivery survey-holder; no name, number or postcode is kept.

    (Example: threecircles survey census autumn-2026 --place places/borough)
    """
    from threecircles.cli.survey_run import grant_for
    from threecircles.definitions.place import load_place
    from threecircles.survey.census_join import put_beside
    from threecircles.survey.field import store_of
    from threecircles.survey.study import load_study

    grant_for(workspace, study)
    found = load_study(workspace, study)
    store = store_of(workspace, found)
    years = tuple(r["nc_year"] for r in store.run("SELECT DISTINCT nc_year FROM class"))
    store.close()
    told = put_beside(workspace, found, load_place(place), years)
    print(f"{told.roll:,} pupils on roll")
    if found.mode == "identifiable":
        print(f"{told.found:,} of {told.codes:,} codes found in the school census")
    else:
        print("Anonymous: weighed to year, sex and school, and to what was asked.")


def hand_over(
    study: StudyId,
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    workspace: Workspace = HERE,
) -> None:
    """Codes for the holder to say whose they are, and the frozen answers, as two deliveries for a run.

    (Example: threecircles survey hand-over autumn-2026 --out received/)
    """
    from threecircles.cli.survey_run import grant_for
    from threecircles.survey.handing_over import handed_over
    from threecircles.survey.study import load_study

    grant_for(workspace, study)
    files = handed_over(workspace, load_study(workspace, study), out)
    for path in files:
        print(path)
    if not files:
        print(
            "Nothing yet: an anonymous study has no codes, and its answers are handed over when it is closed."
        )
