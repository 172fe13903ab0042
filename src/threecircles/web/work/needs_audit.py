"""The pages of a needs audit: without them case files would be coded in spreadsheets that nobody can compare."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from threecircles.core.errors import UsageError
from threecircles.need.audit import board as boards
from threecircles.need.audit import coding
from threecircles.need.audit.cards import kept_cards
from threecircles.need.audit.form import BLANKS
from threecircles.need.audit.store import audits, named
from threecircles.web.frame import page
from threecircles.web.routes import guarded, public
from threecircles.web.work.audit_doors import (
    ACTION,
    PURPOSE,
    Opened,
    glanced,
    may_list,
    number_of,
    opened,
)
from threecircles.web.work.doors import check_form, form_token

HERE = Path(__file__).parent / "static"
KINDS = {".js": "text/javascript", ".css": "text/css"}
MOST_FIELDS = 400


async def listed(request: Request) -> Response:
    """The audits of the workspace; each opens with its own ethics decision only."""
    allowed = may_list(request)
    found = audits(request.app.state.workspace)
    return HTMLResponse(
        page("needs_audits.html", title="Reading case files", here="/needs-audit", work=True, found=found, permit=allowed)
    )  # fmt: skip


async def one(request: Request) -> Response:
    """One audit: how far the readers are, the tables that sort, and the next case to read."""
    audit = opened(request)
    return await run_in_threadpool(_overview, request, audit)


def _overview(request: Request, audit: Opened, problem: str = "") -> Response:
    store = audit.store
    cases, read = store.cases(), coding.codes_of(store)
    coder = audit.allowed.actor
    mine = {case for case, who in read if who == coder}
    others = {case for case, who in read if who != coder and not who.startswith(coding.THIRD)}
    waiting = [
        r["case"]
        for r in cases.iter_rows(named=True)
        if r["case"] not in mine and (r["case"] not in others or r["twice"])
    ]
    body = page(
        "needs_audit.html", title=f"Audit {store.study}", here="/needs-audit", work=True, audit=audit, cases=cases.height,
        read=len({c for c, _ in read}), twice=int(cases["twice"].sum()), progress=coding.progress(store).rows(named=True),
        waiting=waiting[:10], quote=partial(quote, safe=""), boards=boards.boards(store), problem=problem,
        token=form_token(coder), settings=store.settings(), tablet=_tablet(),
    )  # fmt: skip
    return HTMLResponse(body, 400 if problem else 200)


async def case_form(request: Request) -> Response:
    """The form of one case, as this reader left it; what is sent is kept, and nothing of a faulty form is."""
    audit = opened(request)
    case, sent, problem = request.path_params["case"], {}, ""
    if request.method == "POST":
        async with request.form(max_files=0, max_fields=MOST_FIELDS) as given:
            check_form(request, audit.allowed.actor, str(given.get("token", "")))
            # A box that was unticked is not sent at all, so it would else stay ticked.
            sent = {f.code: "" for f in audit.form().fields.values() if f.type == "multiple"}
            sent |= {
                k: ";".join(map(str, given.getlist(k)))
                for k in given
                if k not in ("token", "done", "later")
            }
            done = "done" in given
        try:
            await run_in_threadpool(
                coding.write, audit.store, audit.form(), case, audit.allowed.actor, sent, audit.grant, done=done
            )  # fmt: skip
        except UsageError as error:
            problem = str(error)
        else:
            where = "" if done else f"/case/{quote(case, safe='')}?kept=1"
            return RedirectResponse(f"/needs-audit/{audit.store.study}{where}", 303)
    return await run_in_threadpool(
        _form, audit, case, sent, problem, "kept" in request.query_params
    )


def _form(audit: Opened, case: str, sent: dict[str, str], problem: str, kept: bool) -> Response:
    told = coding.opened(audit.store, case, audit.allowed.actor, audit.grant) | sent
    row = next(r for r in audit.store.cases().iter_rows(named=True) if str(r["case"]) == case)
    body = page(
        "needs_audit_form.html", title=f"Case {case}", here="/needs-audit", work=True, audit=audit, form=audit.form(row["agency"] or ""),
        told=told, row=row, problem=problem, kept=kept, token=form_token(audit.allowed.actor), blanks=BLANKS, study=audit.store.study,
    )  # fmt: skip
    return HTMLResponse(body, 400 if problem else 200)


async def sorting(request: Request) -> Response:
    """A table's board: every card, the groups, and what a tablet does to them."""
    audit, name = opened(request), request.path_params["table"]
    tablet = request.query_params.get("tablet", "")
    if request.method == "GET":
        if not tablet:
            return RedirectResponse(f"{request.url.path}?tablet={_tablet()}", 303)
        return await run_in_threadpool(_board, audit, name, named(tablet, "tablet"))
    async with request.form(max_files=0, max_fields=12) as given:
        check_form(request, audit.allowed.actor, str(given.get("token", "")))
        sent = {k: str(v) for k, v in given.items()}
    tablet = named(sent.get("tablet", ""), "tablet")
    problem, words = "", ""
    try:
        words = (await run_in_threadpool(_act, audit, name, tablet, sent)).words
    except UsageError as error:
        problem = str(error)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"words": words, "problem": problem.splitlines()[0] if problem else ""})
    if problem or words:
        return await run_in_threadpool(
            _board, audit, name, tablet, words, problem, 400 if problem else 200
        )
    return RedirectResponse(f"{request.url.path}?tablet={tablet}", 303)


def _act(audit: Opened, name: str, tablet: str, sent: dict[str, str]) -> boards.Told:
    cards = [c.number for c in kept_cards(audit.store, audit.grant)]
    common = (audit.store, name, tablet)
    action = sent.get("action", "")
    if action == "start":
        boards.start(audit.store, name, audit.grant)
        return boards.Told(0)
    if action == "move":
        card, seen = number_of(sent.get("card", ""), "A card"), number_of(sent.get("seen", "0"), "The newest event")  # fmt: skip
        return boards.move(*common, card, sent.get("to", ""), seen, audit.grant, cards)
    if action == "group":
        return boards.add_group(*common, sent.get("name", ""), audit.grant, cards)
    if action == "rename":
        return boards.rename(*common, sent.get("to", ""), sent.get("name", ""), audit.grant, cards)
    if action == "undo":
        return boards.undo(*common, audit.grant, cards)
    if action == "save":
        return boards.save(*common, audit.grant, cards)
    raise UsageError("The board knows no such act.", found=action[:20])


def _board(
    audit: Opened, name: str, tablet: str, words: str = "", problem: str = "", status: int = 200
) -> Response:
    cards = kept_cards(audit.store, audit.grant)
    made = boards.board_of(audit.store, name, [c.number for c in cards], audit.grant)
    places = [boards.PILE, *made.groups, boards.PARKED]
    body = page(
        "needs_audit_board.html", title=f"Table {name}", here="/needs-audit", work=True, audit=audit, board=made, tablet=tablet,
        cards={c.number: c for c in cards}, places=places, words=words, problem=problem, token=form_token(audit.allowed.actor),
        study=audit.store.study, numbers={p: n for n, p in enumerate(places)},
    )  # fmt: skip
    return HTMLResponse(body, status)


async def news(request: Request) -> Response:
    """What happened on a board after an event: for tablets, which ask every second."""
    audit = glanced(request)
    after = number_of(request.query_params.get("after", "0"), "The newest event")
    found = await run_in_threadpool(boards.since, audit.store, request.path_params["table"], after)
    return JSONResponse(found)


async def static(request: Request) -> Response:
    """Script and style of the board."""
    path = HERE / Path(request.path_params["name"]).name
    if path.suffix not in KINDS or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type=KINDS[path.suffix], headers={"Cache-Control": "no-cache"})


def _tablet() -> str:
    return f"tablet-{secrets.token_hex(2)}"


_WRITES = ("GET", "POST")
_asked = partial(guarded, action=ACTION, purpose=PURPOSE, identifiable=False)
ROUTES = [
    public("/needs-audit/static/{name}", static, why="Script and style of the sorting board; no card."),
    _asked("/needs-audit", listed),
    _asked("/needs-audit/{study}", one),
    _asked("/needs-audit/{study}/case/{case}", case_form, methods=_WRITES),
    _asked("/needs-audit/{study}/board/{table}", sorting, methods=_WRITES),
    _asked("/needs-audit/{study}/board/{table}/events", news),
]  # fmt: skip
