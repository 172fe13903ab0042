"""The coordinator's page: without it nobody would see in time which school has not begun."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from threecircles.core.dates import in_words
from threecircles.core.errors import UsageError
from threecircles.survey.field import STATES, counted, extend, schools, set_status, store_of
from threecircles.survey.opening import OPENED
from threecircles.survey.questionnaire import questionnaire
from threecircles.survey.recordings import missing_recordings
from threecircles.survey.study import Study, faults, folder_of, load_study, studies
from threecircles.survey.withdrawal import withdraw
from threecircles.web.frame import page
from threecircles.web.routes import guarded
from threecircles.web.work.doors import Permit, check_form, current, form_token, permit

ACTION, PURPOSE = "view_sensitive_table", "survey_operation"
"""Counts and codes of a study hold no name: what a survey lead may see as pseudonymous."""


async def listed(request: Request) -> Response:
    """The studies of the workspace, and whether each may open."""
    _permitted(request)
    folder = request.app.state.workspace
    found = [load_study(folder, name) for name in studies(folder)]
    body = page(
        "survey_studies.html", title="Surveys", here="/surveys", work=True,
        studies=[(s, _state(folder, s), f"{in_words(s.opens)} to {in_words(s.last_day)}") for s in found],
    )  # fmt: skip
    return HTMLResponse(body)


def _state(folder: Path, study: Study) -> tuple[str, list[str]]:
    """Where a study stands, in words, and what stands against opening it."""
    own = folder_of(folder, study.id)
    if (own / "closed.json").exists():
        return "Closed: answers are frozen.", []
    if (own / OPENED).exists():
        return "Open.", []
    told = faults(study, folder)
    return ("Before it may open:" if told else "Nothing stands against opening it."), told


async def one(request: Request) -> Response:
    """One study: every school with its state, dates, counts and what is late; moving a school on."""
    allowed = _permitted(request)
    folder, name = request.app.state.workspace, request.path_params["study"]
    study = load_study(folder, name)
    store = store_of(folder, study)
    problem = ""
    try:
        if request.method == "POST":
            async with request.form(max_files=0, max_fields=12) as form:
                check_form(request, allowed.actor, str(form.get("token", "")))
                try:
                    _change(store, study, {k: str(v) for k, v in form.items()}, allowed.actor)
                except (UsageError, ValueError) as error:
                    problem = str(error)
                else:
                    return RedirectResponse(f"/surveys/{name}", 303)
        rows = schools(store, date.today())
        classes = {r["urn"]: counted(store, r["urn"]) for r in rows}
    finally:
        store.close()
    unheard = {
        (q, x): len(missing_recordings(q, x, folder))
        for q in study.questionnaires for x in study.languages if x in questionnaire(q, folder).languages
    }  # fmt: skip
    body = page(
        "survey_study.html", title=study.label, here="/surveys", work=True, study=study, rows=rows,
        classes=classes, token=form_token(allowed.actor), states=STATES, problem=problem, unheard=unheard,
        last_day=in_words(study.last_day), until=in_words(study.withdraw_until or study.last_day),
        days={r["urn"]: _days(r) for r in rows}, done=sum(r["finished"] for r in rows), roll=sum(r["on_roll"] for r in rows),
    )  # fmt: skip
    return HTMLResponse(body, 400 if problem else 200)


def _days(row: dict[str, Any]) -> str:
    """From when until when a school is open, in words."""
    ends = [row["opens"], row["extended_to"] or row["closes"]]
    return " to ".join(in_words(date.fromisoformat(d)) if d else "not set" for d in ends)


def _permitted(request: Request) -> Permit:
    owner = current(request)[1].organisation
    about = {"owner": owner, "sensitivity": "pseudonymous", "purposes": [PURPOSE]}
    return permit(request, ACTION, PURPOSE, "survey", about)


def _change(store: object, study: Study, sent: dict[str, str], actor: str) -> None:
    from threecircles.survey.store import Store

    assert isinstance(store, Store)
    urn = sent.get("urn", "")
    if "take_out" in sent:
        withdraw(store, study, sent["take_out"], date.today(), actor)
    elif sent.get("extend_to"):
        extend(
            store,
            urn,
            date.fromisoformat(sent["extend_to"]),
            study,
            actor,
            sent.get("why") or "not said",
        )
    else:
        set_status(store, urn, sent.get("status", ""))


ROUTES = [
    guarded("/surveys", listed, action=ACTION, purpose=PURPOSE, identifiable=False),
    guarded(
        "/surveys/{study}",
        one,
        methods=("GET", "POST"),
        action=ACTION,
        purpose=PURPOSE,
        identifiable=False,
    ),
]
