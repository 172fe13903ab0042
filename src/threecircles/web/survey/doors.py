"""Into the form and out of it: code, yes or no, help, break, thank you, and the adult's page."""

from __future__ import annotations

from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from threecircles.definitions.loader import load
from threecircles.survey.codes import ADULT_LENGTH, is_code, spaced, tidy
from threecircles.survey.field import Door, counted, may_begin
from threecircles.survey.given import given_codes
from threecircles.survey.help_lines import HelpLines
from threecircles.survey.study import Line
from threecircles.survey.wording import RIGHT_TO_LEFT, screens
from threecircles.web.survey.live import LANGUAGES, Live, Surveys
from threecircles.web.survey.screens import page, words_of

COOKIE = "tc_survey"
LONGEST_FORM = 20_000


def surveys(request: Request) -> Surveys:
    """The open studies of the server's workspace."""
    state = request.app.state
    if not hasattr(state, "surveys"):
        state.surveys = Surveys(state.workspace)
    return state.surveys


def here_only(request: Request) -> None:
    """Raise 403 when a form of another site sends this."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)


async def fields(request: Request) -> dict[str, list[str]]:
    """The fields of a form that was sent, each with all its values."""
    here_only(request)
    if int(request.headers.get("content-length", "0") or 0) > LONGEST_FORM:
        raise HTTPException(413)
    async with request.form(max_files=0, max_fields=60) as form:
        return {k: [str(v) for v in form.getlist(k)] for k in form}


def one(sent: dict[str, list[str]], name: str) -> str:
    """One field, "" where it did not come."""
    return sent.get(name, [""])[0]


async def start(request: Request) -> Response:
    """The first page: class code."""
    return _start(request, _language(request))


def _language(request: Request) -> str:
    asked = request.query_params.get("language", "en")
    return asked if asked in LANGUAGES and screens(asked) else "en"


def _start(
    request: Request, language: str, problem: str = "", code: str = "", own: bool = False
) -> Response:
    words = words_of(language)
    offered = {x for live in surveys(request).live() for x in live.study.languages} - {language}
    others = [
        (x, LANGUAGES[x], "rtl" if x in RIGHT_TO_LEFT else "ltr") for x in LANGUAGES if x in offered
    ]
    heading = words["own_heading"] if own else words["code_heading"]
    body = page(
        "survey_start.html", language, "start", heading=heading, problem=problem, code=code,
        ask_own=own, others=others,
    )  # fmt: skip
    return HTMLResponse(body, 400 if problem else 200)


async def code(request: Request) -> Response:
    """What a typed code opens: the consent page, the own code, or the reason why not."""
    sent = await fields(request)
    language = one(sent, "language") if screens(one(sent, "language")) else "en"
    words = words_of(language)
    live, found = surveys(request).door(one(sent, "code"))
    problem = _closed(found, words)
    if live is None or problem:
        return _start(request, language, problem, tidy(one(sent, "code")))
    own = one(sent, "own")
    if live.study.mode == "identifiable" and not may_begin(live.reader, found.code, own):
        return _start(request, language, words["own_out"] if own else "", found.code, own=True)
    known = [x[0] for x in live.languages(found.questionnaire)]
    language = language if language in known else "en"
    return _consent(live, found, language, tidy(own))


def _closed(found: Door, words: dict[str, str]) -> str:
    if found.state == "open":
        return ""
    if found.state == "unknown" or found.day is None:
        return words["code_wrong"]
    told = words["code_early" if found.state == "early" else "code_closed"]
    return told.replace("{day}", f"{found.day.day} {found.day:%B %Y}")


def _consent(live: Live, found: Door, language: str, own: str) -> Response:
    words, study = words_of(language), live.study
    until = study.withdraw_until or study.last_day
    whose = "consent_service" if study.kind == "service" else "consent_named"
    named = words[whose].replace("{day}", f"{until.day} {until:%B %Y}")
    watched = words["consent_watch"]
    if study.screening.rule == "daily":
        watched = words["consent_screened"].replace("{who}", study.screening.by)
        watched = watched.replace("{hours}", str(study.screening.hours))
    lines = [
        words["consent_why"], words["consent_skip"],
        words["consent_anonymous"] if study.mode == "anonymous" else named, watched,
    ]  # fmt: skip
    modes = live.form(found.questionnaire)[0].modes
    body = page(
        "survey_consent.html", language, "consent", heading=words["consent_heading"], lines=lines,
        code=found.code, own=own, languages=live.languages(found.questionnaire), modes=modes,
    )  # fmt: skip
    return HTMLResponse(body)


async def begin(request: Request) -> Response:
    """A yes makes a session; a no is counted and leaves nothing else."""
    sent = await fields(request)
    live, found = surveys(request).door(one(sent, "code"))
    language = one(sent, "language") if screens(one(sent, "language")) else "en"
    words = words_of(language)
    if live is None or _closed(found, words):
        return _start(request, language, _closed(found, words))
    own = tidy(one(sent, "own"))
    named = live.study.mode == "identifiable"
    if named and not may_begin(live.reader, found.code, own):
        return _start(request, language, words["own_out"], found.code, own=True)
    if one(sent, "consent") != "yes":
        await live.writer.do(lambda store: store.refuse(found.code))
        body = page(
            "survey_words.html", language, "no", heading=words["no_heading"], lines=[words["no_text"]], filler=True,
        )  # fmt: skip
        return HTMLResponse(body)
    form = live.form(found.questionnaire)[0]
    modes = form.modes
    mode = one(sent, "mode") if one(sent, "mode") in modes else "standard"
    given = given_codes(form, home=live.workspace)
    session = await live.writer.do(
        lambda store: store.open_session(
            found.code, found.questionnaire, given, language, mode, own if named else None, _device(request)
        )
    )  # fmt: skip
    if session.token is None:
        return _start(request, language, words["finished"])
    surveys(request).remember(session.token, live, session)
    answer = RedirectResponse("/survey/q", 303)
    _give(request, answer, session.token)
    return answer


def _give(request: Request, answer: Response, token: str) -> None:
    secure = not getattr(request.app.state, "local", True)
    answer.set_cookie(
        COOKIE, token, path="/survey", httponly=True, samesite="strict", secure=secure
    )


def _device(request: Request) -> str:
    """The class of the device, and nothing that could tell one from another."""
    agent = request.headers.get("user-agent", "")
    return "small" if "Mobi" in agent or "Android" in agent else "large"


def forget(answer: Response) -> None:
    """Take the token from the tablet."""
    answer.delete_cookie(COOKIE, path="/survey")


def current_language(request: Request) -> str:
    """The language of the session, else of the address."""
    found = surveys(request).session(request.cookies.get(COOKIE, ""))
    return found[1].language if found else _language(request)


async def pause(request: Request) -> Response:
    """A break: answers are kept."""
    language = current_language(request)
    words = words_of(language)
    body = page(
        "survey_words.html", language, "pause", heading=words["paused_heading"], lines=[words["paused_text"]],
        onward="/survey/q", onward_words=words["go_on"], filler=True,
    )  # fmt: skip
    return HTMLResponse(body)


async def done(request: Request) -> Response:
    """Thank you, and something quiet to do, so that nobody is seen to finish early."""
    language = _language(request)
    words = words_of(language)
    body = page(
        "survey_words.html", language, "done", heading=words["done_heading"], lines=[words["done_text"]],
        filler=True, onward="/survey/", onward_words=words["start_again"],
    )  # fmt: skip
    answer = HTMLResponse(body)
    forget(answer)
    return answer


async def helping(request: Request) -> Response:
    """Where a child can get help: the school's named adult, the study's lines, national lines."""
    language = current_language(request)
    words = words_of(language)
    found = surveys(request).session(request.cookies.get(COOKIE, ""))
    own: list[Line] = []
    if found is not None:
        live, session = found
        row = live.reader.one(
            "SELECT w.adult FROM class c JOIN school_window w ON w.urn = c.urn WHERE c.code=?",
            (session.class_code,),
        )
        own = [Line(name=row["adult"], number="")] if row and row["adult"] else []
        own += list(live.study.help)
    national = load("questionnaires/help/national", HelpLines).lines
    body = page(
        "survey_words.html", language, "help", heading=words["help_heading"], lines=[words["help_text"]],
        helpers=[*own, *national], onward="/survey/q" if found else "/survey/", onward_words=words["back"],
    )  # fmt: skip
    return HTMLResponse(body)


async def away(request: Request) -> Response:
    """A page that says nothing of the survey."""
    return HTMLResponse(page("survey_away.html", "en", "away"))


async def room(request: Request) -> Response:
    """The adult's page: counts of one class, no answers."""
    known: dict[str, object] = {"heading": "Your class", "found": None, "code": "", "problem": ""}
    if request.method == "POST":
        sent = await fields(request)
        typed = tidy(one(sent, "code"))
        found = _class_of(request, typed)
        known |= {"found": found, "code": typed, "address": f"{request.url.netloc}/survey/"}
        if found is None:
            known["problem"] = (
                "That adult code is not known. Look at your class sheet and try again."
            )
    return HTMLResponse(
        page("survey_room.html", "en", "room", **known), 400 if known["problem"] else 200
    )


def _class_of(request: Request, adult_code: str) -> dict[str, object] | None:
    if not is_code(adult_code, ADULT_LENGTH):
        return None
    for live in surveys(request).live():
        row = live.reader.one(
            "SELECT c.*, w.name AS school, w.closes FROM class c JOIN school_window w ON w.urn = c.urn "
            "WHERE c.adult_code=?",
            (adult_code,),
        )
        if row is not None:
            (count,) = counted(live.reader, class_code=row["code"])
            closes = date.fromisoformat(row["closes"])
            told = {
                "school": row["school"],
                "code": spaced(row["code"]),
                "closes": f"{closes.day} {closes:%B %Y}",
            }
            return told | {
                f: getattr(count, f)
                for f in ("name", "on_roll", "started", "finished", "refused", "opted_out")
            }
    return None
