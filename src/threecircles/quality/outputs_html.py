"""The report as one page that opens anywhere: without it a locked-down laptop could not show it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from threecircles.quality.lean import plain
from threecircles.quality.outputs_tables import NOTICE
from threecircles.quality.outputs_use import Use, page_parts
from threecircles.quality.report import Report
from threecircles.quality.summary import Summary, not_waived

MOST_PLACES = 100
"""Places shown of each rule; the tables beside the page hold all."""


def report_html(
    report: Report,
    findings: pl.DataFrame,
    summary: Summary,
    written: tuple[str, ...] = (),
    use: Use | None = None,
) -> str:
    """One self-contained page: headline, what did not run and why, commonest problems, every rule.

    No script, no outside file; tables have headings for screen readers. findings: the stored table.
    written: names of the files beside it. use: which questions the data can answer, and the trend.
    """
    open_ones = not_waived(findings)
    rules = {rule.code: rule for rule in report.rules}
    first_ones = plain(open_ones.group_by("rule", maintain_order=True).head(MOST_PLACES))
    shown_of = dict(
        first_ones.group_by("rule", maintain_order=True)
        .agg(_table_row().str.join("\n"), pl.len())
        .select("rule", pl.struct("row_html", "len"))
        .iter_rows()
    )
    lines_of = dict(open_ones.group_by("rule").len().iter_rows())
    sections = [
        {
            "told": one,
            "rule": rules[one.code],
            "rows": Markup(shown_of[one.code]["row_html"]),
            "shown": shown_of[one.code]["len"],
            "more": lines_of[one.code] - shown_of[one.code]["len"],
        }
        for one in summary.broken
    ]
    page = environment().get_template("report.html.j2")
    return page.render(
        summary=summary,
        sections=sections,
        report=report,
        notice=NOTICE,
        written=written,
        use=page_parts(use) if use else None,
    )


def _table_row() -> pl.Expr:
    """One place as a row of the page's table, every value escaped; as text at once, a page has thousands."""
    cells = {
        "child": _escaped("child").fill_null("(none)"),
        "table": _escaped("table").fill_null("whole return"),
        "row": (pl.col("row") + 1).cast(pl.String).fill_null(""),
        "column": _escaped("column").fill_null(""),
        "value": _escaped("value").fill_null("(blank)"),
        "message": _escaped("message"),
    }
    return pl.format(
        '<tr><th scope="row">{}</th><td>{}</td><td class="n">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>',
        *cells.values(),
    ).alias("row_html")


def _escaped(column: str) -> pl.Expr:
    marks = {mark: str(escape(mark)) for mark in "&<>\"'"}
    return pl.col(column).str.replace_many(list(marks), list(marks.values()))


def write_html(
    report: Report,
    findings: pl.DataFrame,
    summary: Summary,
    path: Path,
    written: tuple[str, ...] = (),
    use: Use | None = None,
) -> Path:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_html(report, findings, summary, written, use), encoding="utf-8")
    return path


@cache
def environment() -> Environment:
    """The room's page templates; every value is escaped."""
    return Environment(
        loader=PackageLoader("threecircles.quality", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
