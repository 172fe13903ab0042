"""The first screen after a check: without it the analyst would open three files to know what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import FINDINGS, RULE_FAILED, UNREADABLE
from threecircles.quality.layout import CROSS_SCHEMAS, CROSS_SOURCES, PREVIOUS
from threecircles.quality.report import Report
from threecircles.quality.rulebook import year_label

RETURN_LABELS = {
    "cin": "Children in Need census",
    "903": "Children looked after return (SSDA903)",
    "cross": "Checks across returns",
    "attendance": "Attendance at centres, hubs and youth provision",
    "area_activity": "Activity by small area",
}


FIRST = 10
"""Rules told on the first screen."""
_LAST_YEAR = "last year's"
WHAT_TO_DO = (
    (_LAST_YEAR, "they need last year's return", "Give it with --previous"),
    (
        "PL_LOCATION",
        "they need the postcode directory and the authority's code",
        "Put the one in the --reference folder and give the other with --la",
    ),
    ("postcode directory", "they need the postcode directory", "Put it in the --reference folder"),
    ("given, or derived", "they need the postcode directory", "Put it in the --reference folder"),
    ("provider list", "they need the provider list", "Put it in the --reference folder"),
    ("list of areas", "they need a list of areas", "Put it in the --reference folder"),
    ("reporting authority", "they need the authority's code", "Give it with --la"),
)
"""A word of the reason, the reason in short, and what would make the rules run."""


OTHER_SOURCES = (
    "they compare with a source that was not given. Give the school census, early help, costs and others along with the "
    "returns; `threecircles rules show CODE` says which"
)
_OTHER_SOURCE = re.compile(rf"\b({'|'.join([*CROSS_SCHEMAS, *CROSS_SOURCES])})\.[A-Za-z]")


@dataclass(frozen=True)
class Commonest:
    """One rule that was broken, with how often and the first message."""

    code: str
    severity: str
    places: int
    children: int
    short: str
    message: str
    hint: str


@dataclass(frozen=True)
class Summary:
    """What the first screen says.

    by_severity: places by severity. broken: every rule that was broken, worst first. skipped: rules by the
    reason why they were. failed: rule -> why. waived: findings waived, waived_rules: whole rules. last_year:
    whether some of last year's return is there.
    """

    title: str
    headline: str
    by_severity: dict[str, int]
    children: int
    broken: tuple[Commonest, ...]
    ran: int
    skipped: dict[str, tuple[str, ...]]
    failed: dict[str, str]
    waived: int
    waived_rules: tuple[str, ...]
    notes: tuple[str, ...]
    last_year: bool = False

    @property
    def commonest(self) -> tuple[Commonest, ...]:
        """The rules of the first screen."""
        return self.broken[:FIRST]

    def whose(self) -> str:
        """How many children they are of: 1 child, 2,676 children."""
        return f"{self.children:,} {'child' if self.children == 1 else 'children'}"

    def to_look_at(self) -> str:
        """25 places to look at (19 errors and 6 queries)."""
        found = sum(self.by_severity.values())
        return f"{found:,} {'place' if found == 1 else 'places'} to look at ({self.in_words()})"

    def in_words(self) -> str:
        """Places by severity: 19 errors and 6 queries."""
        words = {"error": ("error", "errors"), "query": ("query", "queries")}
        told = [f"{n:,} {words.get(s, (s, s))[n != 1]}" for s, n in self.by_severity.items()]
        return " and ".join(told)

    def skipped_by_what_to_do(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Rules skipped, those that one thing would make run together, with that thing named."""
        grouped: dict[str, list[str]] = {}
        for reason, codes in self.skipped.items():
            told = next(
                (f"{plain}. {do}" for word, plain, do in WHAT_TO_DO if word in reason), reason
            )
            if self.last_year and _LAST_YEAR in reason:
                told = f"{reason}, which the files of last year do not hold"
            if told == reason and _OTHER_SOURCE.search(reason):
                told = OTHER_SOURCES
            grouped.setdefault(told, []).extend(codes)
        return tuple((reason.rstrip("."), tuple(codes)) for reason, codes in grouped.items())


def summarise(
    report: Report,
    findings: pl.DataFrame,
    waived_rules: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> Summary:
    """The summary of a report. findings: its stored table, waivers applied."""
    open_ones = not_waived(findings)
    places = first_lines(open_ones)
    skipped: dict[str, list[str]] = {}
    for code, outcome in report.outcomes.items():
        if outcome.state == "skipped":
            skipped.setdefault(outcome.reason, []).append(code)
    return Summary(
        title=f"{RETURN_LABELS[report.return_name]}, {year_label(report.year)}",
        headline=report.headline(),
        by_severity={
            str(s): int(n)
            for s, n in places.group_by("severity").len().sort("severity").iter_rows()
        },
        children=open_ones["child"].drop_nulls().n_unique(),
        broken=rules_broken(report, places),
        ran=report.count("ran"),
        skipped={reason: tuple(codes) for reason, codes in skipped.items()},
        failed={code: o.reason for code, o in report.outcomes.items() if o.state == "failed"},
        waived=findings.height - open_ones.height,
        waived_rules=tuple(waived_rules),
        notes=(*report.notes, *notes),
        last_year=any(table.endswith(PREVIOUS) for table in report.tables),
    )


def not_waived(findings: pl.DataFrame) -> pl.DataFrame:
    """The findings that count; where nothing is waived the very frame, as a copy of it would be large."""
    if findings["waived_by"].null_count() == findings.height:
        return findings
    return findings.filter(pl.col("waived_by").is_null())


PLACE = ("rule", "table", "row", "severity", "child", "message")
"""What is told of each place found."""


def first_lines(findings: pl.DataFrame) -> pl.DataFrame:
    """The first line of each place found. Columns: PLACE.

    findings: the stored table, or a part of it, in its own order.
    """
    changed = (pl.col(name).ne_missing(pl.col(name).shift()) for name in ("rule", "table", "row"))
    first = findings.select(pl.any_horizontal(*changed) | (pl.int_range(pl.len()) == 0))
    return findings.select(PLACE).filter(first.to_series())


def rules_broken(report: Report, places: pl.DataFrame) -> tuple[Commonest, ...]:
    """Rules that were broken: errors before queries, those with most places first."""
    counted = (
        places.group_by("rule", maintain_order=True)
        .agg(
            pl.len(),
            pl.col("child").drop_nulls().n_unique().alias("children"),
            pl.col("severity", "message").first(),
        )
        .with_columns(pl.col("rule").cast(pl.String))
        .sort(["severity", "len", "rule"], descending=[False, True, False])
    )
    rules = {rule.code: rule for rule in report.rules}
    return tuple(
        Commonest(code, severity, n, children, rules[code].short, message, rules[code].hint)
        for code, n, children, severity, message in counted.iter_rows()
    )


def exit_code(report: Report, rejected_rows: int = 0, refused_files: int = 0) -> int:
    """0 nothing found, 1 findings of severity error, 3 something could not be read, 4 a rule failed.

    The worst wins, in the order 4, 3, 1, 0. Waived findings are not asked here.
    """
    if report.count("failed"):
        return RULE_FAILED
    if rejected_rows or refused_files:
        return UNREADABLE
    errors = report.lean_places["severity"].eq("error").sum()
    return FINDINGS if errors else 0


def summary_text(summary: Summary, written: Iterable[Path] = ()) -> str:
    """The first screen as plain text."""
    lines = [summary.title, summary.headline]
    if summary.by_severity:
        whose = f" for {summary.whose()}" if summary.children else ""
        lines.append(f"{summary.to_look_at()}{whose}.")
    elif summary.ran:
        lines.append("Nothing was found by the rules that ran.")
    else:
        lines.append("No rule ran, so nothing was tested.")
    if summary.waived:
        lines.append(f"{summary.waived:,} findings are waived and counted apart.")
    if summary.waived_rules:
        lines.append(f"Whole rules waived: {', '.join(summary.waived_rules)}.")
    lines += [f"Note: {note}" for note in summary.notes]
    for reason, codes in summary.skipped_by_what_to_do():
        lines.append(f"Skipped {len(codes)} ({_some(codes)}): {reason}.")
    lines += [f"Failed {code}: {reason}." for code, reason in summary.failed.items()]
    if summary.commonest:
        lines += ["", "Start here, errors first:"]
    for one in summary.commonest:
        lines.append(f"{one.places:>7,}  {one.code:<6} {one.message}")
        lines.append(f"                {one.hint}")
    paths = [str(path) for path in written]
    if paths:
        lines += ["", "Written (holds personal data):", *paths]
    return "\n".join(lines)


def _some(codes: tuple[str, ...], most: int = 6) -> str:
    shown = ", ".join(codes[:most])
    return shown if len(codes) <= most else f"{shown} and {len(codes) - most} more"
