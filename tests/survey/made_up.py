"""A made-up study with classes, for the tests of the room and of its pages."""

from datetime import date, timedelta

import polars as pl

from threecircles.core.safety import Grant
from threecircles.survey.field import add_classes, add_schools, store_of
from threecircles.survey.opening import mark_open
from threecircles.survey.study import asked, folder_of, load_study, versions

TODAY = date.today()
GRANT = Grant(
    purpose="survey_operation", actor="tester", basis="test", policies=(), ethics_id="MADE-UP-1"
)
RECORD = """\
id: {id}
label: How are you? Made-up borough
kind: {kind}
questionnaires: [{questionnaires}]
mode: {mode}
opens: {opens}
closes: {closes}
languages: [{languages}]
who_asks: the council
ethics: {{committee: Made-up committee, reference: M1, decision: favourable, date: 2026-01-05}}
dpia: DPIA-1
lawful_basis: public task
untested_reason: a test with made-up answers
source: made up
{more}
"""


def write_record(workspace, study_id="autumn", more="", **changes):
    """The record of a study that may open; changes: fields as text."""
    given = {
        "kind": "census", "questionnaires": "pupils_9_11, pupils_11_16", "mode": "anonymous",
        "opens": TODAY - timedelta(1), "closes": TODAY + timedelta(20), "languages": "en, pl, ar",
    } | changes  # fmt: skip
    path = folder_of(workspace, study_id) / "study.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RECORD.format(id=study_id, more=more, **given))
    return load_study(workspace, study_id)


def open_study(workspace, schools=2, years=(5, 8), on_roll=28, **changes):
    """An open study, its store and the rows of its classes."""
    study = write_record(workspace, **changes)
    store = store_of(workspace, study)
    urns = [str(100001 + k) for k in range(schools)]
    add_schools(
        store,
        pl.DataFrame(
            {
                "urn": urns, "name": [f"School {k}" for k in range(schools)],
                "adult": ["Ms Hill, room 4"] * schools, "phase": ["primary"] * schools,
            }
        ),
        study,
    )  # fmt: skip
    listed = [(urn, f"{year}A", year, on_roll) for urn in urns for year in years]
    rows = add_classes(
        store,
        pl.DataFrame(listed, schema=["urn", "class", "nc_year", "on_roll"], orient="row"),
        asked(study, workspace),
    )
    mark_open(workspace, study, "MADE-UP-1", versions(study, workspace))
    return study, store, rows
