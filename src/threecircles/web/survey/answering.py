"""Answers as they come: from a plain form, or in numbered batches from a tablet that lost its network."""

from __future__ import annotations

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from threecircles.core.errors import UsageError
from threecircles.survey.conditions import holds
from threecircles.survey.keeping import Batch, ConflictError
from threecircles.survey.store import LARGEST_BATCH, Ending, Session
from threecircles.web.survey.doors import COOKIE, fields, forget, here_only, one, surveys
from threecircles.web.survey.live import Live
from threecircles.web.survey.screens import as_json, bundle, judged, page, screen, words_of

LARGEST_TIME = 2**52
"""Milliseconds: what no clock tells, no store has to keep."""


def _found(request: Request) -> tuple[Live, Session] | None:
    return surveys(request).session(request.cookies.get(COOKIE, ""))


def _json(told: dict[str, Any], status: int = 200) -> Response:
    return Response(as_json(told), status, media_type="application/json")


async def here(request: Request) -> Response:
    """The screen where the child is."""
    found = _found(request)
    if found is None:
        return RedirectResponse("/survey/", 303)
    return RedirectResponse(f"/survey/q/{found[1].at}", 303)


async def question(request: Request) -> Response:
    """One question; an answer to it, and the way on."""
    found = _found(request)
    number = request.path_params["number"]
    if found is None:
        return RedirectResponse("/survey/", 303)
    live, session = found
    if not 0 <= number < len(session.given):
        raise HTTPException(404)
    answers = live.reader.answers(session.key)
    if request.method == "GET":
        return _show(live, session, number, answers)
    sent = await fields(request)
    go = one(sent, "go")
    if go == "back":
        return await _move(live, session, _near(live, session, answers, number, -1))
    item = live.form(session.questionnaire)[1][session.given[number]]
    given = sent.get("answer", [])
    value = judged(item, given if item.type == "multiple" else (given[0] if given else None))
    reason = (
        "refused"
        if go == "prefer_not"
        else None
        if value is not None and go != "skip"
        else "left_out"
    )
    if item.type != "info":
        told = {"item": item.code, "value": None if reason else value, "missing_reason": reason}
        token = str(session.token)
        await live.writer.do(lambda store: store.save(token, store.next_seq(session.key), [told]))
    answers[item.code] = None if reason else value
    ahead = _near(live, session, answers, number, 1)
    if ahead is None:
        await _end(request, live, str(session.token))
        return RedirectResponse(f"/survey/done?language={session.language}", 303)
    return await _move(live, session, ahead)


async def _end(request: Request, live: Live, token: str, how: Ending = "finished") -> None:
    await live.writer.do(lambda store: store.finish(token, how))
    surveys(request).forget(token)


def _near(
    live: Live, session: Session, answers: dict[str, Any], number: int, step: int
) -> int | None:
    found = live.form(session.questionnaire)[1]
    place = number + step
    while 0 <= place < len(session.given):
        if holds(found[session.given[place]].ask_if, answers):
            return place
        place += step
    return None if step > 0 else 0


async def _move(live: Live, session: Session, to: int | None) -> Response:
    token, place = str(session.token), to or 0
    await live.writer.do(
        lambda store: store.run("UPDATE session SET at=? WHERE token=?", (place, token))
    )
    return RedirectResponse(f"/survey/q/{place}", 303)


def _show(live: Live, session: Session, number: int, answers: dict[str, Any]) -> Response:
    html = screen(live, session, number, answers)
    told = live.texts(session.questionnaire, session.language)
    heading = told.get(f"item.{session.given[number]}", "")
    body = page("survey_question.html", session.language, "question", heading=heading, screen=html)
    return HTMLResponse(body)


async def screens_json(request: Request) -> Response:
    """Every screen, for the browser's module."""
    found = _found(request)
    if found is None:
        return _json({"problem": "no open form"}, 410)
    return _json(bundle(*found))


async def batch(request: Request) -> Response:
    """Keep a batch {session_uuid, seq, items, client_time}: 200 {through, next}; 409 {next} when the number
    is taken by other answers; 410 when the form is finished; 400 when it cannot be read."""
    here_only(request)
    body = await request.body()
    if len(body) > LARGEST_BATCH:
        raise HTTPException(413)
    try:
        told = json.loads(body)
        token, seq, items = str(told["session_uuid"]), int(told["seq"]), list(told["items"])
    except (ValueError, KeyError, TypeError):
        return _json({"problem": "unreadable"}, 400)
    found = surveys(request).begun(token)
    if found is None:
        return _json({"problem": "finished"}, 410)
    live, session = found
    kept = _judged_all(live, session, items)
    if seq < 1 or seq > 100_000 or kept is None:
        return _json({"problem": "unreadable"}, 400)
    try:
        through = await live.writer.do(Batch(token, seq, kept))
    except ConflictError as taken:
        return _json({"next": taken.next_seq}, 409)
    except UsageError:
        surveys(request).forget(token)
        return _json({"problem": "finished"}, 410)
    return _json({"through": through, "next": seq + 1})


def _judged_all(live: Live, session: Session, items: list[Any]) -> list[dict[str, Any]] | None:
    """The batch's answers, each one that may be given; None when the batch cannot be read."""
    form = live.form(session.questionnaire)[1]
    kept = []
    for told in items:
        if not isinstance(told, dict) or told.get("item") not in session.given:
            return None
        reason = told.get("missing_reason")
        value = None if reason else judged(form[told["item"]], told.get("value"))
        if value is None and reason not in ("refused", "left_out"):
            reason = "left_out"
        times = {
            k: v
            for k in ("client_ms", "shown_ms", "changes")
            if isinstance(v := told.get(k), int) and 0 <= v < LARGEST_TIME
        }
        kept.append({"item": told["item"], "value": value, "missing_reason": reason} | times)
    return kept


async def finish(request: Request) -> Response:
    """The end, once every batch is here."""
    here_only(request)
    try:
        told = json.loads(await request.body())
        token, how = str(told["session_uuid"]), str(told.get("how", "finished"))
    except (ValueError, KeyError, TypeError):
        return _json({"problem": "unreadable"}, 400)
    found = surveys(request).session(token)
    if found is not None:
        ending: Ending = "stopped" if how == "stopped" else "finished"
        await _end(request, found[0], token, ending)
    # A second asking finds the form finished: that is what the tablet wanted to know.
    answer = _json({"finished": True})
    forget(answer)
    return answer


async def stop(request: Request) -> Response:
    """Stop for good, asked once more."""
    found = _found(request)
    if found is None:
        return RedirectResponse("/survey/", 303)
    live, session = found
    words = words_of(session.language)
    if request.method == "GET":
        body = page(
            "survey_words.html", session.language, "stop", heading=words["stop_heading"], lines=[words["stop_text"]],
        )  # fmt: skip
        return HTMLResponse(body)
    sent = await fields(request)
    if one(sent, "go") != "stop":
        return RedirectResponse("/survey/q", 303)
    await _end(request, live, str(session.token), "stopped")
    return RedirectResponse(f"/survey/done?language={session.language}", 303)


async def settings(request: Request) -> Response:
    """Language and pictures, changed at any screen; no answer is lost."""
    found = _found(request)
    if found is None:
        return RedirectResponse("/survey/", 303)
    live, session = found
    languages, modes = (
        live.languages(session.questionnaire),
        live.form(session.questionnaire)[0].modes,
    )
    if request.method == "POST":
        sent = await fields(request)
        changes = {}
        if one(sent, "language") in {x[0] for x in languages}:
            changes["language"] = one(sent, "language")
        if one(sent, "mode") in modes:
            changes["mode"] = one(sent, "mode")
        await live.writer.do(lambda store: store.set(str(session.token), **changes))
        return RedirectResponse("/survey/q", 303)
    words = words_of(session.language)
    body = page(
        "survey_settings.html", session.language, "settings", heading=words["language"],
        languages=languages, modes=modes, mode=session.mode,
    )  # fmt: skip
    return HTMLResponse(body)
