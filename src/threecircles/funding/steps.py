"""The funding room in a run: spend lines of the record come in, measured tables of money go out."""

from __future__ import annotations

from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.definitions.place import Place
from threecircles.funding.spend_tables import spend_tables


def steps(place: Place) -> list[Step]:
    """One step where the place received an outturn, else none."""
    if not place.of("s251-outturn"):
        return []
    return [
        Step(
            name="funding.spend",
            function=spend,
            reads=("record.spend_line", "record.area_value"),
            writes=("funding.spend-*",),
            definitions=("spend",),
            params={"year": place.year},
        )
    ]


def spend(spend_line: Any, area_value: Any, year: int) -> list[Measured]:
    """Tables of the newest outturn up to the place's year; children from the record's population."""
    if spend_line is None:
        return []
    lines = collect(spend_line).filter(
        pl.col("year") <= year, pl.col("stage").fill_null("outturn") == "outturn"
    )
    if lines.is_empty():
        return []
    newest = int(lines.get_column("year").max())  # type: ignore[arg-type]
    return spend_tables(lines.filter(pl.col("year") == newest), _children(area_value), newest)


def _children(area_value: Any) -> int | None:
    """Children aged 0 to 17 of the whole place; None when the record holds no population."""
    if area_value is None:
        return None
    ages = collect(area_value).filter(
        pl.col("measure_id") == "population", pl.col("age").is_between(0, 17)
    )
    return round(float(ages.get_column("value").sum())) if ages.height else None
