"""Commands of the room survey."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

Workspace = Annotated[
    Path,
    typer.Option("--workspace", "-w", metavar="DIR", help="The workspace that holds the study."),
]
StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="Name of a study in the workspace.")]
HERE = Path()


def register(app: typer.Typer) -> None:
    """Add the group survey."""
    group = typer.Typer(
        no_args_is_help=True, help="Ask children and families, and estimate from their answers."
    )
    for command in (new, check, codes, serve, counter, close, score, weight, estimate, report):
        group.command()(command)
    group.command("open")(open_study)
    from threecircles.cli import survey_forms, survey_linking

    survey_forms.register(group)
    survey_linking.register(group)
    app.add_typer(group, name="survey")


def new(
    study: StudyId,
    kind: Annotated[
        Literal["census", "sample", "service", "workforce"],
        typer.Option(help="What kind of study it is."),
    ] = "census",
    label: Annotated[str, typer.Option(help="Its name for people.")] = "",
    mode: Annotated[
        Literal["anonymous", "identifiable"], typer.Option(help="Whether answers lead to a person.")
    ] = "anonymous",
    workspace: Workspace = HERE,
    cost_sheet: Annotated[
        Path | None,
        typer.Option(
            "--cost-sheet", metavar="ITEMS.yaml", help="Only share out the costs of this file."
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="PLAN.yaml", help="Only print the one-page plan of a sample."),
    ] = None,
    after: Annotated[
        str, typer.Option(metavar="STUDY", help="Make it the next wave of this study.")
    ] = "",
) -> None:
    """Start a study: writes surveys/STUDY/study.yaml, to be filled in.

    (Example: threecircles survey new autumn-2026 --kind census --label "How are you? 2026")
    """
    if cost_sheet is not None:
        from threecircles.survey.costs import cost_text, read_costs

        print(cost_text(read_costs(cost_sheet)))
        return
    if plan is not None:
        from threecircles.survey.sample_plan import page, read_plan

        print(page(read_plan(plan)))
        return
    from threecircles.survey.study import load_study, new_study, next_wave

    if after:
        path = next_wave(workspace, load_study(workspace, after), study, date.today())
        print(
            f"{path}\nThe next wave of {after}. Ethics has to decide anew; then: threecircles survey check {study}"
        )
        return
    path = new_study(workspace, study, kind, label or study.replace("-", " "), date.today(), mode)
    print(f"{path}\nFill in dates, ethics and languages, then: threecircles survey check {study}")


def check(study: StudyId, workspace: Workspace = HERE) -> None:
    """What stands between a study and its first day; or, given a questionnaire's name, what it asks.

    (Example: threecircles survey check autumn-2026; threecircles survey check pupils_9_11)
    """
    from threecircles.definitions import HOME
    from threecircles.survey.questionnaire import core_hash, items, questionnaire
    from threecircles.survey.study import faults, load_study
    from threecircles.survey.wording import changed_words, missing, untested

    if any((home / f"questionnaires/{study}.yaml").exists() for home in (HOME, workspace)):
        found = questionnaire(study, workspace)
        asked = len(items(found, workspace))
        core = core_hash(found, workspace)
        print(f"{found.label}, version {found.version}: {asked} questions, core {core}")
        for language in found.languages:
            print(f"  {language}: {len(missing(found, language, workspace))} texts missing")
        for one in untested(found, tuple(found.languages), workspace):
            print(f"  {one.sentence()}")
        changed = changed_words(found, workspace)
        print(f"  reworded under an old code: {', '.join(changed) or 'none'}")
        raise typer.Exit(1 if changed else 0)
    told = faults(load_study(workspace, study), workspace)
    for line in told:
        print(f"- {line}")
    print("The study may open." if not told else f"{len(told)} things to mend.")
    raise typer.Exit(1 if told else 0)


def open_study(study: StudyId, workspace: Workspace = HERE) -> None:
    """Open a study: its class codes then let children in between their dates.

    (Example: threecircles survey open autumn-2026 -w council/)
    """
    from threecircles.cli.survey_run import grant_for
    from threecircles.survey.opening import mark_open
    from threecircles.survey.study import check_may_open, load_study, versions

    found = load_study(workspace, study)
    grant = grant_for(workspace, study)
    check_may_open(found, grant, workspace, workspace)
    mark_open(workspace, found, str(grant.ethics_id), versions(found, workspace))
    print(f"{found.label} is open from {found.opens} to {found.last_day}.")


def codes(
    study: StudyId,
    schools: Annotated[
        Path, typer.Option(help="CSV: urn, name; phase, contact, adult, opens where known.")
    ],
    classes: Annotated[
        Path, typer.Option(help="CSV: urn, class, nc_year, on_roll; opted_out where known.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the slips of each school.")],
    workspace: Workspace = HERE,
    address: Annotated[
        str, typer.Option(help="Where children type the code.")
    ] = "http://127.0.0.1:8000/survey/",
    known: Annotated[
        Path | None,
        typer.Option(
            metavar="CODES.csv",
            help="Codes of an earlier wave to keep, as the holder lists them: urn, class, code.",
        ),
    ] = None,
) -> None:
    """Codes for schools and classes, and a sheet of slips (PDF) for each class.

    (Example: threecircles survey codes autumn-2026 --schools schools.csv --classes classes.csv --out slips/)
    """
    from threecircles.cli.survey_run import grant_for
    from threecircles.survey.field import add_classes, add_schools, pupil_codes, store_of
    from threecircles.survey.files import read_answers
    from threecircles.survey.handing_over import keep_codes
    from threecircles.survey.slips import write_slips
    from threecircles.survey.study import asked, load_study

    found = load_study(workspace, study)
    grant_for(workspace, study)
    store = store_of(workspace, found)
    added = add_schools(store, read_answers(schools), found)
    rows = add_classes(store, read_answers(classes), asked(found, workspace))
    out.mkdir(parents=True, exist_ok=True)
    kept = keep_codes(read_answers(known), rows) if known else {}
    for row in rows:
        own = (
            pupil_codes(
                store, row["code"], row["on_roll"], row["opted_out"], kept.get(row["code"], ())
            )
            if found.mode == "identifiable"
            else []
        )
        write_slips(row, own, found, address, out)
    store.close()
    print(
        f"{added} schools, {len(rows)} classes: slips in {out}. Keep them as you would keep keys."
    )


def serve(
    study: StudyId,
    workspace: Workspace = HERE,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Name by which schools reach this server.")
    ] = None,
) -> None:
    """Serve the form alone (no other page of the house) for schools.

    (Example: threecircles survey serve autumn-2026 --port 8000)
    """
    import uvicorn

    from threecircles.cli.survey_run import grant_for
    from threecircles.web.survey import survey_app

    grant_for(workspace, study)
    hosts = ("127.0.0.1", "localhost", "::1", *(allow_host or []))
    host = "0.0.0.0" if allow_host else "127.0.0.1"
    print(
        f"http://{allow_host[0] if allow_host else '127.0.0.1'}:{port}/survey/  (adults: /survey/room)"
    )
    uvicorn.run(
        survey_app(workspace, hosts), host=host, port=port, log_level="warning", access_log=False
    )


def counter(study: StudyId, workspace: Workspace = HERE) -> None:
    """Started and finished by school, of how many on roll, and what is late.

    (Example: threecircles survey counter autumn-2026)
    """
    from threecircles.survey.field import schools, store_of
    from threecircles.survey.study import load_study

    store = store_of(workspace, load_study(workspace, study))
    for row in schools(store, date.today()):
        late = f"  LATE: {row['late']}" if row["late"] else ""
        print(
            f"{row['name']}: {row['status'].replace('_', ' ')}, {row['started']} started, {row['finished']} finished of {row['on_roll']} on roll{late}"
        )
    store.close()


def close(study: StudyId, workspace: Workspace = HERE) -> None:
    """Close a study: answers are frozen and hashed; nothing can be added.

    (Example: threecircles survey close autumn-2026)
    """
    from threecircles.cli.survey_run import grant_for
    from threecircles.survey.closing import close as close_now
    from threecircles.survey.study import load_study

    done = close_now(
        workspace, load_study(workspace, study), grant_for(workspace, study), date.today()
    )
    print(f"{done.finished:,} of {done.forms:,} forms finished. Frozen:")
    for name, digest in done.hashes.items():
        print(f"  {name}.parquet {digest}")


def score(study: StudyId, workspace: Workspace = HERE) -> None:
    """Score a closed study: reliability of every scale, and flags.

    (Example: threecircles survey score autumn-2026)
    """
    from threecircles.cli.survey_run import scored_of
    from threecircles.survey.measures import option_range
    from threecircles.survey.reliability import reliability

    scored = scored_of(workspace, study)
    print(
        f"{scored.rows.height:,} pupils with answers; {scored.rows['flagged'].sum()} forms flagged"
    )
    for measure in scored.measures:
        items = [i for i in measure.items if i.code in scored.rows.columns]
        if len(items) < 2 or not measure.scales:
            continue
        turned = tuple(i.code for i in items if i.reverse)
        told = reliability(
            scored.rows.select([i.code for i in items]), turned, sum(option_range(items[0].options))
        )
        print(f"  {measure.id}: alpha {told.alpha:.2f}, omega {told.omega:.2f}, n {told.n:,}")


def weight(study: StudyId, workspace: Workspace = HERE) -> None:
    """Weigh a closed study: design effect, largest weight, margins not reached.

    (Example: threecircles survey weight autumn-2026)
    """
    from threecircles.cli.survey_run import scored_of

    scored = scored_of(workspace, study)
    if scored.study.basis == "convenience":
        print("Convenience answers have no weights: they stand for nobody but those who gave them.")
        return
    told = scored.weighted
    print(
        f"Design effect {told.kish:.3f}; largest weight {told.largest:.2f} times the median; {told.passes} passes"
    )
    print(f"Totals not reached: {', '.join(told.unmet) or 'none'}")


def estimate(
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC.yaml", help="Names file, design columns and estimates.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--json", metavar="OUT", help="Write the estimates here; - for the screen."),
    ] = None,
) -> None:
    """Means, shares, totals, ratios and quantiles with standard errors from any survey file.

    SPEC.yaml names data (CSV, Parquet, .sav), weight, stratum, psu, fpc (each may be left out), and
    estimates: [{statistic: mean, variable: score, by: [sex]}, {statistic: proportion, variable: sad,
    value: 1}, ...]; docs/how-to/survey-estimate.md shows all of it.

    (Example: threecircles survey estimate spec.yaml --json out.json)
    """
    import json

    from threecircles.survey.estimate import estimate as run

    screen = str(out) == "-"
    told = run(spec, None if screen else out)
    if screen:
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return
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


def report(
    study: StudyId,
    out: Annotated[Path, typer.Option(help="Folder for the reports.")],
    workspace: Workspace = HERE,
    school: Annotated[str, typer.Option(help="Only this school, by its urn.")] = "",
    cases: Annotated[
        Path | None,
        typer.Option(metavar="FORMS", help="The forms of a service study (CSV, Parquet, .sav)."),
    ] = None,
    waiting: Annotated[
        str, typer.Option(help="Service under which those on a waiting list filled the form in.")
    ] = "",
    effect_rows: Annotated[
        Path | None,
        typer.Option(metavar="OUT.csv", help="Write the rows that `need effect estimate` takes."),
    ] = None,
) -> None:
    """Write the borough's report and every school's, as pages and tagged PDF.

    A study of kind service takes its forms from --cases: one row a form with provider, person (a token),
    started_on, occasion, on, lost_reason and the answers; each provider gets its own report. With
    --waiting and --effect-rows its forms also become rows for a comparison (one row a person, no token:
    keep the file where the forms are kept).

    (Example: threecircles survey report autumn-2026 --out reports/)
    """
    from threecircles.cli.survey_run import grant_for, write_reports, write_service_reports
    from threecircles.survey.study import load_study

    grant_for(workspace, study)
    found = load_study(workspace, study)
    if found.kind == "service":
        for name, folder in write_service_reports(found, cases, out, date.today()).items():
            print(f"  {name}: {folder / 'index.html'}")
        if effect_rows is not None and cases is not None:
            from threecircles.survey.comparison import effect_rows as rows_of
            from threecircles.survey.service_study import read_cases

            rows = rows_of(read_cases(cases), waiting)
            rows.write_csv(effect_rows)
            print(f"{rows.height} rows for threecircles need effect: {effect_rows}")
        return
    done = write_reports(workspace, found, out, date.today(), school)
    if not school:
        print(f"Borough: {done.borough / 'index.html'}")
    for urn, folder in done.schools.items():
        print(f"  {urn}: {folder / 'index.html'}")


def _figure(x: float | None) -> str:
    """A figure in six digits, or that it cannot be told."""
    return "not known" if x is None else f"{x:.6g}"
