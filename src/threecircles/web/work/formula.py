"""The formula, opened in the browser: without it only those with a terminal could see what a change would do to a share."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from math import inf, isfinite
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.core.errors import UsageError
from threecircles.funding.formula_book import write_compared
from threecircles.funding.open_formula import (
    Answer,
    Choice,
    Counted,
    OpenCountry,
    answer,
    authorities,
    open_country,
)
from threecircles.funding.open_words import reading
from threecircles.report.hex_map import Cell, hex_map
from threecircles.report.maps import Class
from threecircles.report.svg import Svg
from threecircles.web.frame import page
from threecircles.web.routes import signed_in

PARTS = {"change": "Change something", "share": "Our share", "why": "What drives it", "trust": "Can we trust it", "how": "How the formula works"}  # fmt: skip
COUNTED: dict[Counted, str] = {
    "held": "as the data hold them",
    "same": "all, those outside the data as others of their age in the same authority",
    "area_only": "all, those outside the data as the children of their whole authority",
}
CHANGES = (
    Class(-inf, -0.05, "Loses more than 5%"),
    Class(-0.05, -0.01, "Loses 1% to 5%"),
    Class(-0.01, 0.01, "Moves by less than 1%"),
    Class(0.01, 0.05, "Gains 1% to 5%"),
    Class(0.05, inf, "Gains more than 5%"),
)
KEY = 7
"""Columns of tiles that the key of the map takes at the left."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def formula_page(request: Request) -> Response:
    """One of five readings of the formula as it was chosen in the address; nothing is kept."""
    part = request.path_params.get("part", "change")
    if part not in PARTS:
        part = "change"
    return await run_in_threadpool(_shown, request, part)


async def shares_file(request: Request) -> Response:
    """The shares as a spreadsheet whose money is worked in the sheet."""
    return await run_in_threadpool(_file, request)


def _shown(request: Request, part: str) -> Response:
    country, path = open_country(Path(request.app.state.workspace))
    problem, found = "", None
    choice = _choice(request, country, path)
    try:
        found = answer(country, path, choice)
    except UsageError as error:
        problem = " ".join(str(error).splitlines())
    known = authorities(path, country.authority, country.name)
    body = page(
        "formula.html", title=PARTS[part], here="/formula", work=True, parts=PARTS, part=part, country=country,
        known=known, choice=choice, swap=dict(choice.swap), problem=problem, query=request.url.query,
        found=found, told=_told(country, choice, found), counted=COUNTED, weights=dict(choice.weights),
        drawn=_map(country, choice, found) if found is not None and part == "change" else None,
    )  # fmt: skip
    return HTMLResponse(body, 400 if problem else 200)


def _told(country: OpenCountry, choice: Choice, found: Answer | None) -> Any:
    return reading(country, choice, found) if found is not None else None


def _file(request: Request) -> Response:
    country, path = open_country(Path(request.app.state.workspace))
    choice = _choice(request, country, path)
    found = answer(country, path, choice)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "shares.xlsx"
        write_compared(found.table, made, choice.pounds * 100, country.caveat)
        content = made.read_bytes()
    headers = {"content-disposition": 'attachment; filename="shares.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


def _choice(request: Request, country: OpenCountry, path: Path) -> Choice:
    """What the address asks for; what it does not say stays as it is."""
    asked = request.query_params
    known = authorities(path, country.authority, country.name)
    pounds = asked.get("pounds", "").replace(",", "").replace("£", "").strip()
    swap = tuple(
        (term, asked[f"for_{term}"])
        for term in country.numeric
        if asked.get(f"for_{term}", term) not in (term, "drop")
    )
    terms = (*country.categorical, *country.numeric)
    return Choice(
        la=asked.get("la", next(iter(known))),
        pounds=int(pounds) if pounds.isdecimal() else (country.budget if not pounds else 0),
        swap=swap,
        drop=tuple(t for t in terms if asked.get(f"for_{t}") == "drop"),
        rule="at_zero" if asked.get("rule") == "at_zero" else "marginal",
        weights=_weights(asked, country),
        counted=next((c for c in COUNTED if c == asked.get("counted")), "held"),
    )


def _weights(asked: Mapping[str, str], country: OpenCountry) -> tuple[tuple[str, float], ...]:
    """The cost weights that were changed; one that is no number is refused as below nought."""
    made = []
    for outcome in country.outcomes:
        text = asked.get(f"weight_{outcome.column}", "").replace(",", "").replace("£", "").strip()
        try:
            weight = float(text) if text else outcome.weight
        except ValueError:
            weight = -1.0
        if weight != outcome.weight:
            made.append((outcome.column, weight if isfinite(weight) else -1.0))
    return tuple(made)


def _map(country: OpenCountry, choice: Choice, found: Answer) -> Svg | None:
    """A tile for each authority where it lies, dark where it gains, light where it loses; none without tiles."""
    if not country.tiles:
        return None
    rows = {r["la"]: r for r in found.table.to_dicts()}
    grid = [
        Cell(code, rows[code]["name"], code, x + KEY, y)
        for y, row in enumerate(country.tiles)
        for x, code in enumerate(row)
        if code in rows
    ]
    changes = {code: float(r["change"]) for code, r in rows.items()}
    gains = sum(v > 0 for v in changes.values())
    title = "Where shares rise and where they fall"
    desc = f"{gains} of {len(changes)} authorities gain. One tile an authority; the chosen one is outlined. The table holds the same figures."  # fmt: skip
    return hex_map("moved", changes, CHANGES, title, desc, choice.la, grid)


ROUTES = [
    signed_in("/formula", formula_page),
    signed_in("/formula/shares.xlsx", shares_file),
    signed_in("/formula/{part}", formula_page),
]
