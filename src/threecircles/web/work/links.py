"""The review of doubtful pairs in the browser: without it a coin or a spreadsheet would decide who is who."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from threecircles.core.workspace import Workspace, open_workspace
from threecircles.disclosure.rights.held import stored
from threecircles.identity.place import review_desk, store
from threecircles.identity.pseudonyms import derived_key
from threecircles.report.sources import source_name
from threecircles.web.frame import page
from threecircles.web.routes import guarded
from threecircles.web.work.doors import Permit, check_form, form_token, permit

WORDS = {
    "same": "The same child", "different": "Two different children", "cannot_tell": "I cannot tell",
    "needs_source": "The source has to be asked",
}  # fmt: skip
REASONS = {
    "tie": "Two rivals are almost equally likely.", "strain": "Joining them would break a rule about births or sources.",
    "alert": "They share a number, but look like two children born together.",
    "near the threshold": "The evidence is close to the line.",
}  # fmt: skip


async def links_page(request: Request) -> Response:
    """The next pair for this reviewer, or the answer to the one shown before."""
    allowed = permit(request, "review_link", "needs_assessment", "queue:links", {})
    if request.method == "GET":
        return await run_in_threadpool(_show, request, allowed)
    async with request.form() as form:
        check_form(request, allowed.actor, str(form.get("token", "")))
        given = {k: str(form.get(k, "")) for k in ("code", "answer", "reason")}
    return await run_in_threadpool(_take, request, allowed, given)


def _take(request: Request, allowed: Permit, given: dict[str, str]) -> Response:
    if given["answer"] not in WORDS:
        return _show(request, allowed, problem="Choose one of the four answers.", status=400)
    workspace, edges, records = _opened(request)
    kept = store.load(workspace)
    secret = derived_key(workspace.key(), workspace.id, "review-pair")
    queue = review_desk.waiting(edges, records, kept, allowed.actor)
    for row in queue.iter_rows(named=True):
        pair = review_desk.shown(row, records, secret)
        if pair.code == given["code"]:
            permit(
                request,
                "review_link",
                "needs_assessment",
                f"pair:{pair.code}",
                {},
                detail={"answer": given["answer"]},
            )
            store.save(
                workspace,
                review_desk.settled(
                    kept, pair, given["answer"], given["reason"][:500], allowed.actor
                ),
            )
            return RedirectResponse("/links", 303)
    raise HTTPException(404)


def _show(request: Request, allowed: Permit, problem: str = "", status: int = 200) -> Response:
    workspace, edges, records = _opened(request)
    kept = store.load(workspace)
    queue = review_desk.waiting(edges, records, kept, allowed.actor)
    secret = derived_key(workspace.key(), workspace.id, "review-pair")
    pair = review_desk.shown(queue.row(0, named=True), records, secret) if len(queue) else None
    body = page(
        "links.html", title="Are these one child?" if pair else "No pair is waiting", here="/links", work=True,
        permit=allowed, token=form_token(allowed.actor), pair=pair, words=WORDS, problem=problem,
        sources=[source_name(s) for s in pair.sources] if pair else [],
        why=REASONS.get(pair.why, pair.why) if pair else "", standing=review_desk.standing(queue, kept),
        most=max((abs(b.bits) for b in pair.bars), default=1.0) if pair else 1.0,
    )  # fmt: skip
    return HTMLResponse(body, status)


def _opened(request: Request) -> tuple[Workspace, pl.DataFrame, pl.DataFrame]:
    workspace = open_workspace(Path(request.app.state.workspace), "identity")
    paths = {
        t.name: t.path
        for t in stored(workspace)
        if t.name in ("identity.link_edge", "identity.link_record")
    }
    if len(paths) < 2:
        return workspace, *_nothing()
    edges, records = (
        _table(workspace, paths[n]) for n in ("identity.link_edge", "identity.link_record")
    )
    return workspace, edges, records


def _nothing() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables of a place that has not been linked yet."""
    text = ("source_l", "record_l", "source_r", "record_r", "why", "band")
    edges = pl.DataFrame(schema=dict.fromkeys(text, pl.String) | {"p": pl.Float64})
    told = dict.fromkeys(("source", "source_key", "ethnic_group"), pl.String)
    return edges, pl.DataFrame(schema=told | {"restricted": pl.Boolean})


@lru_cache(maxsize=2)
def _table(workspace: Workspace, path: Path) -> pl.DataFrame:
    return workspace.read_table(path, "identity")


ROUTES = [
    guarded(
        "/links",
        links_page,
        methods=("GET", "POST"),
        action="review_link",
        purpose="needs_assessment",
    )
]
