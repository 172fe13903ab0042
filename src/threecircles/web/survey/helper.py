"""The page of a worker who helps: goals and the short scale of one person, by the sheet of the service."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.survey.helper_page import HelperForm, helper_form
from threecircles.web.survey.doors import fields, one, surveys
from threecircles.web.survey.screens import page

PROBLEM = "That code or number is not known. Look at the sheet of your service and try again."


async def helper(request: Request) -> Response:
    """Ask for a person by adult code and number; show what the worker may see."""
    known: dict[str, object] = {
        "heading": "The person you help", "found": None, "problem": "",
    }  # fmt: skip
    if request.method == "POST":
        sent = await fields(request)
        found = _found(request, one(sent, "code"), one(sent, "mark"))
        known |= {"found": found, "problem": "" if found else PROBLEM}
    return HTMLResponse(
        page("survey_helper.html", "en", "helper", **known), 400 if known["problem"] else 200
    )


def _found(request: Request, code: str, mark: str) -> HelperForm | None:
    for live in surveys(request).live():
        told = helper_form(live.reader, live.study, code, mark, live.workspace)
        if told is not None:
            return told
    return None
