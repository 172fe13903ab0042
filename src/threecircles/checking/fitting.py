"""What is at hand for each question: without it a verdict could not bring scores, dates and links together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from threecircles.catalogue import Demand, demands
from threecircles.checking.files import RETURNS, RETURNS_BACK, Checked
from threecircles.core.engines import Polars, collect
from threecircles.core.errors import UsageError
from threecircles.core.found import payload_table
from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Place
from threecircles.quality import Report
from threecircles.quality.fields import fields_of, source_tallies
from threecircles.quality.fitness import ACROSS, AtHand, Verdict, judge_all
from threecircles.quality.layout import CROSS_SOURCES, PREVIOUS
from threecircles.quality.scores import SCORES, counted, scored, scores
from threecircles.quality.steps import place_reports
from threecircles.quality.window import window_to
from threecircles.sources import source
from threecircles.sources.steps import read_delivery

LINKAGE = "identity.linkage-summary"
"""Table of a workspace that says how many records of each source were joined."""

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Fitted:
    """What the files of a check are good for. scores: those it was judged by, with column source."""

    verdicts: tuple[Verdict, ...]
    scores: pl.DataFrame

    def of(self, return_name: str) -> tuple[Verdict, ...]:
        """The verdicts on questions that need a return; all for the checks across returns."""
        source = RETURNS_BACK.get(return_name)
        return tuple(v for v in self.verdicts if source is None or source in v.demand.sources)


def judge_checked(
    checked: Checked, received: date | None = None, today: date | None = None
) -> Fitted:
    """Verdicts on the files of a check, for every question that needs one of their sources.

    received: the day the files came. Without it the day of the check is the latest it can be, which is enough
    where the question may wait longer. Nothing is known of links.
    """
    held = tables_by_source(checked)
    ends = {
        RETURNS_BACK[r.return_name]: r.window.end
        for r in checked.reports
        if r.window and r.return_name in RETURNS_BACK
    }
    latest = {s: (((received or today or date.today()) - end).days) for s, end in ends.items()}
    year = max((r.year for r in checked.reports), default=date.today().year)
    at_hand = AtHand(
        scores=all_scores(checked.reports, held, year),
        sources=held,
        lags=latest if received else {},
        no_later_than=latest,
    )
    asked = [d for d in demands() if set(d.sources) & set(held)]
    return Fitted(judge_all(asked, at_hand), at_hand.scores)


def judge_place(
    place: Place, links: Workspace | None = None, asked: Sequence[Demand] | None = None
) -> tuple[Verdict, ...]:
    """Verdicts on what a place received for its year. links: a workspace in which the records were linked."""
    read: dict[str, pl.DataFrame] = {}
    for delivery in place.deliveries:
        read |= read_delivery(place, delivery.id)
    reports = list(place_reports(read, place))
    newest: dict[str, int] = {}
    for delivery in (d for d in place.deliveries if d.year <= place.year):
        newest[delivery.source] = max(delivery.year, newest.get(delivery.source, 0))
    of_year = [d for d in place.deliveries if newest.get(d.source) == d.year]
    held: dict[str, dict[str, pl.DataFrame]] = {d.source: {} for d in of_year}
    for delivery in of_year:
        start = f"sources.{delivery.id}."
        for name in [n for n in read if n.startswith(start) and not n.startswith(f"{start}_")]:
            table, own = name.removeprefix(start), held[delivery.source]
            frames = [own[table], read[name]] if table in own else [read[name]]
            own[table] = pl.concat(frames, how="diagonal_relaxed")
    at_hand = AtHand(
        scores=all_scores(reports, held, place.year),
        sources=held,
        lags={
            s: max((d.received_on - d.as_of).days for d in of_year if d.source == s) for s in held
        },
        links=link_rates(links) if links else {},
    )
    return judge_all(demands() if asked is None else asked, at_hand)


def link_rates(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """Source -> records joined to another source, of those that may be. Raises UsageError where none were linked."""
    table = payload_table(workspace, Polars(), LINKAGE)
    if table is None:
        raise UsageError(
            "No records were linked in this workspace.", where=str(workspace.path),
            mend="Run the place first: threecircles run DIR.",
        )  # fmt: skip
    rates = collect(table).filter(pl.col("measure") == "linkage_rate").drop_nulls("numerator")
    return {
        s: (int(k), int(n)) for s, k, n in rates.select("source", "numerator", "denominator").iter_rows()
    }  # fmt: skip


def tables_by_source(checked: Checked) -> dict[str, Frames]:
    """The tables of each source that were read, under the names of the source's own declaration."""
    held: dict[str, Frames] = {}
    for report in checked.reports:
        if report.return_name == ACROSS:
            for schema, name in CROSS_SOURCES.items():
                start = f"{schema}."
                own = {t.removeprefix(start): f for t, f in report.tables.items() if t.startswith(start)}  # fmt: skip
                if own:
                    held.setdefault(name, own)
        else:
            held[RETURNS_BACK[report.return_name]] = report.tables
    kinds = {str(kind).split(" ")[0] for kind in checked.reading.files["kind"].to_list() if kind}
    for name in sorted(kinds - set(held)):
        own = {t.name: checked.reading.tables[t.name] for t in source(name).tables if t.name in checked.reading.tables}  # fmt: skip
        if own:
            held[name] = own
    return held


def _source_scores(name: str, tables: Frames, year: int) -> pl.DataFrame:
    window = window_to(date(year, 3, 31))
    rows = [
        {"return": name, "year": year} | scored(counted(tally))
        for tally in source_tallies(name, tables, year, window)
    ]
    frame = pl.DataFrame(rows, schema=SCORES)
    return frame.select(pl.lit(name).alias("source"), *SCORES)


def all_scores(reports: Sequence[Report], held: Mapping[str, Frames], year: int) -> pl.DataFrame:
    """Scores of every source at hand, by the rules of a return where they look. Columns: source, then SCORES."""
    parts = [
        scores(report).select(pl.lit(_source_of(report.return_name)).alias("source"), *SCORES)
        for report in reports
    ]
    for name, tables in held.items():
        if RETURNS.get(name) in ("cin", "903") or not fields_of(name):
            continue
        own = {t: f for t, f in tables.items() if not t.endswith(PREVIOUS)}
        parts.append(_source_scores(name, own, year))
    empty = pl.DataFrame(schema=SCORES).select(pl.lit("").alias("source"), *SCORES)
    places = ["source", "table", "column", "dimension"]
    whole = pl.concat([empty.clear(), *parts])
    # Across returns each check has a line of its own; elsewhere a field has one line a dimension.
    again = ~pl.struct(places).is_first_distinct() & (pl.col("source") != ACROSS)
    return whole.filter(~again)


def _source_of(return_name: str) -> str:
    return RETURNS_BACK.get(return_name, return_name)
