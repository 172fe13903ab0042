"""Commands that bring questionnaires in and hand them out, and make recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Workspace = Annotated[Path, typer.Option("--workspace", "-w", metavar="DIR", help="The workspace.")]
HERE = Path()


def register(group: typer.Typer) -> None:
    """Add import, export and audio to the group survey."""
    group.command("import")(import_form)
    group.command("export")(export_form)
    group.command()(audio)


def import_form(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FORM",
            help="XLSForm (.xlsx), REDCap data dictionary (.csv), or another borough's pack (.json).",
        ),
    ],
    workspace: Workspace = HERE,
    accept_losses: Annotated[
        bool,
        typer.Option("--accept-losses", help="Bring it in without what cannot be carried over."),
    ] = False,
    media: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the recordings that the form names."),
    ] = None,
    study: Annotated[
        str, typer.Option(help="Study beside which another borough's pack is set.")
    ] = "",
) -> None:
    """Bring a questionnaire in as a bespoke module with its words and recordings; or another borough's pack.

    (Example: threecircles survey import form.xlsx --media recordings/ -w council/; threecircles survey
    import neighbour.json --study autumn-2026 -w council/)
    """
    if file.suffix.lower() == ".json":
        from datetime import date

        from threecircles.cli.survey_packs import take_pack

        print(take_pack(workspace, study, file, date.today()))
        return
    from threecircles.survey.bringing_in import bring_in, bring_recordings
    from threecircles.survey.redcap import read_redcap
    from threecircles.survey.xlsform import read_xlsform

    form = read_redcap(file) if file.suffix.lower() == ".csv" else read_xlsform(file)
    for path in bring_in(form, workspace, accept_losses):
        print(path)
    if media is not None:
        done, absent = bring_recordings(form, media, workspace)
        print(f"{done} recordings copied" + (f"; not there: {', '.join(absent)}" if absent else ""))
    print(
        f"{len(form.items)} questions in {', '.join(form.languages)}; {len(form.losses)} losses written down"
    )


def export_form(
    questionnaire: Annotated[str, typer.Argument(help="Name of a questionnaire.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    form: Annotated[
        Literal["xlsform", "surveyjs", "ddi", "paper", "sav", "pack"],
        typer.Option("--form", help="Kind of file."),
    ] = "xlsform",
    workspace: Workspace = HERE,
    study: Annotated[
        str, typer.Option(help="Closed study whose answers go into a .sav file.")
    ] = "",
    agreement: Annotated[str, typer.Option(help="Agreement under which a pack is given.")] = "",
    until: Annotated[str, typer.Option(help="Last day of a pack, yyyy-mm-dd.")] = "",
    authority: Annotated[
        str, typer.Option(help="Whose pack it is, where the study does not say.")
    ] = "",
    groups: Annotated[
        str, typer.Option(help="Groups by which a pack gives figures: sex, nc_year, both or none.")
    ] = "sex,nc_year",
    language: Annotated[str, typer.Option(help="Language of a paper form.")] = "en",
) -> None:
    """Hand a questionnaire out as XLSForm, SurveyJS, DDI-Codebook or paper; answers as SPSS.

    (Example: threecircles survey export pupils_9_11 --form ddi --out codebook.xml)
    """
    from threecircles.survey import exports
    from threecircles.survey.forms import flat
    from threecircles.survey.paper import write_paper
    from threecircles.survey.questionnaire import questionnaire as find
    from threecircles.survey.xlsform import write_xlsform

    if form == "pack":
        from threecircles.cli.survey_packs import write_pack

        by = [g.strip() for g in groups.split(",") if g.strip() not in ("", "none")]
        print(write_pack(workspace, study, authority, agreement, until, out, by))
        return
    told = flat(find(questionnaire, workspace), workspace)
    if form == "sav":
        from threecircles.cli.survey_run import grant_for
        from threecircles.survey.closing import read_closed
        from threecircles.survey.study import load_study

        grant_for(workspace, study)
        frozen = read_closed(workspace, load_study(workspace, study))["responses"]
        exports.write_sav(told, frozen, out)
    elif form == "paper":
        write_paper(told, out, language)
    else:
        write = {
            "xlsform": write_xlsform,
            "surveyjs": exports.write_surveyjs,
            "ddi": exports.write_ddi,
        }[form]
        write(told, out)
    print(out)


def audio(
    questionnaire: Annotated[str, typer.Argument(help="Name of a questionnaire.")],
    workspace: Workspace = HERE,
    language: Annotated[str, typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """Made-up voices for a demonstration, by a speech program on this machine (espeak-ng).

    (Example: threecircles survey audio pupils_9_11 --language pl)
    """
    from threecircles.survey.recordings import make_recordings, missing_recordings

    made = make_recordings(questionnaire, language, workspace)
    left = missing_recordings(questionnaire, language, workspace)
    print(f"{made} recordings made; {len(left)} texts still have none.")
