"""The pages of an evidence pack, in the order of reading: without it a page could be forgotten."""

from __future__ import annotations

from collections.abc import Callable

from threecircles.report.context import Context
from threecircles.report.model import Page
from threecircles.report.pages import (
    children,
    gaps,
    hard_to_reach,
    linkage,
    methods,
    months,
    need,
    neighbours,
    outcomes,
    overview,
    places,
    quality,
    reach,
    services,
    several,
    small_areas,
    spend,
    spending_and_outcomes,
)
from threecircles.report.released import Tables

PageMaker = Callable[[Tables, Context], Page]

PAGES: tuple[PageMaker, ...] = (
    overview.page,
    need.page,
    several.page,
    services.page,
    months.page,
    reach.page,
    hard_to_reach.page,
    spend.page,
    spending_and_outcomes.page,
    outcomes.page,
    small_areas.page,
    places.page,
    neighbours.page,
    quality.page,
    linkage.page,
    gaps.page,
    methods.page,
    children.page,
)


def pages_of(tables: Tables, context: Context) -> tuple[Page, ...]:
    """Every page of the pack. A page whose tables did not come says what is missing."""
    return tuple(make(tables, context) for make in PAGES)
