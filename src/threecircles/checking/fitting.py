"""What is at hand for each question: without it a verdict could not bring scores, dates and links together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from threecircles.catalogue import Demand, demands
from threecircles.checking.files import RETURNS_BACK, Checked
from threecircles.checking.measuring import measure, tables_by_source
from threecircles.core.engines import Polars, collect
from threecircles.core.errors import UsageError
from threecircles.core.found import payload_table
from threecircles.core.tables import TOTAL
from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Place
from threecircles.quality.fitness import AtHand, Verdict, judge_all
from threecircles.quality.steps import place_reports
from threecircles.sources.steps import read_delivery

LINKAGE = "identity.linkage-errors"
"""Table of a workspace that says how many links were made, and how many of them are wrong or missing."""


@dataclass(frozen=True)
class Fitted:
    """What the files of a check are good for. scores: those it was judged by, with column source; kinds: what
    stands in each field (quality.field_kinds.TABLE)."""

    verdicts: tuple[Verdict, ...]
    scores: pl.DataFrame
    kinds: pl.DataFrame

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
    found = measure(checked.reports, held, year)
    at_hand = AtHand(
        scores=found.scores,
        sources=held,
        lags=latest if received else {},
        no_later_than=latest,
    )
    asked = [d for d in demands() if set(d.sources) & set(held)]
    return Fitted(judge_all(asked, at_hand), found.scores, found.kinds)


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
        scores=measure(reports, held, place.year).scores,
        sources=held,
        lags={
            s: max((d.received_on - d.as_of).days for d in of_year if d.source == s) for s in held
        },
        links=link_counts(links) if links else None,
    )
    return judge_all(demands() if asked is None else asked, at_hand)


def link_counts(workspace: Workspace) -> tuple[int, int] | None:
    """Links rightly made, of all that should exist between the sources of a place; None where too few to tell.

    Both are expected from the scores of all compared pairs: rightly made are the links less those expected to be
    wrong, and should exist those with the ones expected to be missing. Raises UsageError where none were linked.
    """
    table = payload_table(workspace, Polars(), LINKAGE)
    if table is None:
        raise UsageError(
            "No links were told of in this workspace.", where=str(workspace.path),
            mend="Run the place first: threecircles run DIR.",
        )  # fmt: skip
    told = collect(table).filter(pl.col("group") == TOTAL).drop_nulls("value")
    found = dict(told.select("measure", "value").iter_rows())
    if not {"links", "links_wrong_expected", "links_missing_expected"} <= set(found):
        return None
    right = found["links"] - found["links_wrong_expected"]
    return round(right), round(right) + round(found["links_missing_expected"])
