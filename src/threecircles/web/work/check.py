"""Check a return before it is sent: without it the check would be for those with a terminal."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.checking import Asked, check_files
from threecircles.quality.report import Finding, Report
from threecircles.quality.rulebook import FIRST_YEAR, LAST_YEAR
from threecircles.quality.stored import findings_table
from threecircles.quality.summary import Summary, summarise
from threecircles.sources.reading import Problem
from threecircles.web.frame import page
from threecircles.web.routes import guarded
from threecircles.web.work.doors import Permit, check_form, form_token, permit

RETURNS = {"cin": "Children in need census", "903": "Looked-after children return (SSDA903)"}
YEARS = tuple(range(LAST_YEAR, min(FIRST_YEAR.values()) - 1, -1))
MOST_FILES = 40
MOST_BYTES = 300_000_000
SHOWN = 200
"""Places shown for each rule; the command line gives all."""


@dataclass(frozen=True)
class RuleFound:
    """One rule that found something: its words and the first places."""

    code: str
    severity: str
    message: str
    hint: str
    places: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Checked:
    """What a check gave, for the page: what was read, what stood in the way, what was found.

    headline: how much there is to look at.
    """

    read: tuple[str, ...]
    problems: tuple[str, ...]
    rules: tuple[RuleFound, ...]
    ran: int
    skipped: int
    failed: int
    rejects: int
    headline: str = ""
    not_run: tuple[tuple[str, str, str], ...] = ()
    """State, why, and codes of the rules that did not run; they say nothing about the return."""


async def check_page(request: Request) -> Response:
    """The form, or, once files came, what was found in them. Nothing that was sent is kept."""
    allowed = permit(request, "load_source", "statutory_return", "upload")
    if request.method == "GET":
        return _show(allowed)
    if int(request.headers.get("content-length", "0") or 0) > MOST_BYTES:
        raise HTTPException(413)
    async with request.form(max_files=MOST_FILES, max_fields=20) as form:
        check_form(request, allowed.actor, str(form.get("token", "")))
        kind, year = str(form.get("return", "")), str(form.get("year", ""))
        files = [f for f in form.getlist("files") if isinstance(f, UploadFile) and f.filename]
        if kind not in RETURNS or year not in map(str, YEARS) or not files:
            return _show(
                allowed, problem="Choose the return, the year and at least one file.", status=400
            )
        with tempfile.TemporaryDirectory() as folder:
            paths = [await _keep(f, Path(folder)) for f in files]
            checked = await run_in_threadpool(check_return, paths, kind, int(year))
    return _show(allowed, checked=checked, title=f"{RETURNS[kind]}, {year}: what was found")


def check_return(paths: list[Path], kind: str, year: int) -> Checked:
    """Read and check files of one return. Row numbers are those of the files."""
    made = check_files(paths, Asked(return_name=kind, year=year))
    reading = made.reading
    problems = tuple(_sentence(row) for row in reading.problems.iter_rows(named=True))
    told = tuple(_read(row) for row in reading.files.iter_rows(named=True))
    rules: dict[str, list[Finding]] = {}
    for finding in (f for report in made.reports for f in report.findings):
        rules.setdefault(finding.rule, []).append(finding)
    report_of = {code: report for report in made.reports for code in report.outcomes}
    hints = {rule.code: rule.hint for report in made.reports for rule in report.rules}
    found = tuple(
        RuleFound(
            code=code,
            severity=items[0].severity,
            message=items[0].message,
            hint=hints[code],
            places=tuple(_place(i, report_of[code], items[0].message) for i in items[:SHOWN]),
            count=len(items),
        )
        for code, items in sorted(
            rules.items(), key=lambda kv: (kv[1][0].severity, -len(kv[1]), kv[0])
        )
    )
    ran, skipped, failed = (
        sum(report.count(state) for report in made.reports)
        for state in ("ran", "skipped", "failed")
    )
    summaries = [summarise(report, findings_table(report)) for report in made.reports]
    not_run = tuple(line for summary in summaries for line in _not_run(summary))
    headline = "; ".join(_headline(summary) for summary in summaries)
    return Checked(
        told, problems, found, ran, skipped, failed, reading.rejects.height, headline, not_run
    )


def _read(file: dict[str, Any]) -> str:
    """A file and how much of it was read; an XML file holds many tables, so that its records are counted."""
    if not file["score"]:
        return f"{file['path']}: not recognised, so nothing of it was read"
    what = f"rows of {file['table']}" if file["table"] else "records"
    refused = f", {file['rows_rejected']:,} refused" if file["rows_rejected"] else ""
    return f"{file['path']}: {file['rows_kept']:,} {what} read{refused}"


def _headline(summary: Summary) -> str:
    """20 places to look at (15 errors and 5 queries), for 13 children."""
    if not summary.by_severity:
        return "Nothing to look at" if summary.ran else "No rule ran, so nothing was tested"
    return f"{summary.to_look_at()}{f', for {summary.whose()}' if summary.children else ''}"


def _not_run(summary: Summary) -> list[tuple[str, str, str]]:
    """State, why, and codes of the rules of a report that did not run."""
    failed = [("failed", reason, code) for code, reason in summary.failed.items()]
    skipped = [("skipped", why, ", ".join(codes)) for why, codes in summary.skipped_by_what_to_do()]
    return failed + skipped


def _sentence(problem: dict[str, Any]) -> str:
    return Problem(**problem).sentence()


def _place(finding: Finding, report: Report, told: str) -> str:
    """Child, place and, where it says more than `told`, the finding's own sentence."""
    if finding.table is None:
        return "the whole return"
    row = f", row {finding.row + 1:,}" if finding.row is not None else ""
    said = f". {finding.message}" if finding.message != told else ""
    return f"{_child(finding, report)}{finding.table}{row}: {', '.join(finding.columns)}{said}"


def _child(finding: Finding, report: Report) -> str:
    frame = report.tables.get(finding.table or "")
    column = report.child_column(finding.table or "") if frame is not None else ""
    if frame is None or column not in frame.columns or finding.row is None:
        return ""
    child = frame[column][finding.row] if finding.row < frame.height else None
    return f"Child {child}, " if child else ""


async def _keep(file: UploadFile, folder: Path) -> Path:
    """The upload in a folder that ends with the request, under the last part of its own name."""
    name = Path(str(file.filename).replace("\\", "/")).name.lstrip(".") or "file"
    path = folder / name
    size = 0
    with path.open("xb") as out:
        while data := await file.read(1 << 20):
            size += len(data)
            if size > MOST_BYTES:
                raise HTTPException(413)
            out.write(data)
    return path


def _show(
    allowed: Permit,
    *,
    checked: Checked | None = None,
    problem: str = "",
    title: str = "Check a return",
    status: int = 200,
) -> Response:
    body = page(
        "check.html",
        title=title,
        here="/check",
        work=True,
        permit=allowed,
        token=form_token(allowed.actor),
        returns=RETURNS,
        years=YEARS,
        newest=_newest(date.today()),
        checked=checked,
        problem=problem,
    )
    return HTMLResponse(body, status)


def _newest(today: date) -> int:
    """The newest year that has ended and has rules: the one that is being sent."""
    ended = today.year if today >= date(today.year, 4, 1) else today.year - 1
    return min(ended, LAST_YEAR)


ROUTES = [
    guarded(
        "/check",
        check_page,
        methods=("GET", "POST"),
        action="load_source",
        purpose="statutory_return",
    )
]
