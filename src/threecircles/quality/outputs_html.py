"""The report as one page that opens anywhere: without it a locked-down laptop could not show it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from threecircles.quality.outputs_tables import NOTICE
from threecircles.quality.report import Report
from threecircles.quality.summary import Summary, commonest

MOST_PLACES = 100
"""Places shown of each rule; the tables beside the page hold all."""


def report_html(
    report: Report, findings: pl.DataFrame, summary: Summary, written: tuple[str, ...] = ()
) -> str:
    """One self-contained page: headline, what did not run and why, commonest problems, every rule.

    No script, no outside file; tables have headings for screen readers. findings: the stored table.
    written: names of the files beside it.
    """
    open_ones = findings.filter(pl.col("waived_by").is_null())
    places = open_ones.unique(["rule", "table", "row"], keep="first", maintain_order=True)
    rules = {rule.code: rule for rule in report.rules}
    first_ones = open_ones.group_by("rule", maintain_order=True).head(MOST_PLACES)
    shown_of = {
        str(key[0]): part for key, part in first_ones.partition_by("rule", as_dict=True).items()
    }
    lines_of = dict(open_ones.group_by("rule").len().iter_rows())
    sections = []
    for one in commonest(report, places, None):
        shown = shown_of[one.code].select("child", "table", "row", "column", "value", "message")
        sections.append(
            {
                "told": one,
                "rule": rules[one.code],
                "rows": shown.to_dicts(),
                "more": lines_of[one.code] - shown.height,
            }
        )
    page = environment().get_template("report.html.j2")
    return page.render(
        summary=summary, sections=sections, report=report, notice=NOTICE, written=written
    )


def write_html(
    report: Report,
    findings: pl.DataFrame,
    summary: Summary,
    path: Path,
    written: tuple[str, ...] = (),
) -> Path:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_html(report, findings, summary, written), encoding="utf-8")
    return path


def environment() -> Environment:
    """The room's page templates; every value is escaped."""
    return Environment(
        loader=PackageLoader("threecircles.quality", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
