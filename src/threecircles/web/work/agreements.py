"""The register of agreements as a page: who shares what with whom, until when, and the law it stands on."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.definitions import load
from threecircles.disclosure import agreements
from threecircles.disclosure.law import laws
from threecircles.disclosure.toolkit import StudyWords, study_words, toolkit_document
from threecircles.web.frame import page
from threecircles.web.routes import signed_in
from threecircles.web.security.signed import workspace


async def register(request: Request) -> Response:
    """All agreements with what is about to lapse, faults, and the dated law."""
    folder, today = workspace(request), datetime.now(UTC).date()
    found = agreements.agreements(folder)
    rows = [(a, agreements.alert(a, today), agreements.faults(a, today)) for a in found]
    body = page(
        "agreements.html", title="Agreements", here="/agreements", work=True, rows=rows,
        laws=list(laws().values()),
    )  # fmt: skip
    return HTMLResponse(body)


async def toolkit(request: Request) -> Response:
    """The questions of ethics, filled with the study's own words (`ethics/study.yaml` of the workspace)."""
    own = workspace(request) / "ethics" / "study" / "words.yaml"
    words = (
        study_words(own.read_text(encoding="utf-8"), own.name)
        if own.exists()
        else load("ethics/demonstration_study", StudyWords)
    )
    document = toolkit_document(words)
    body = page(
        "document.html", title=document.title, here="/toolkit", work=True, document=document,
        kind_of=lambda part: type(part).__name__,
    )  # fmt: skip
    return HTMLResponse(body)


ROUTES = [signed_in("/agreements", register), signed_in("/toolkit", toolkit)]
