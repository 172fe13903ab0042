"""Circles as measured tables: the one shape in which figures leave this room for disclosure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec

VALUES = ("value", "low", "high", "numerator", "denominator", "n", "n_with")
FIGURES = ("measure", "value", "low", "high", "numerator", "denominator", "n", "n_with", "reason")
CONTACT_NOTE = (
    "Contact with a service is not the same as help that fits. Missed links between records make help "
    "look rarer, so unmet need look larger, than it is."
)


@dataclass(frozen=True)
class Told:
    """What every table of the circles says of itself.

    period: of the services counted. rule: the definition in words. definitions: ids with version.
    """

    period: str
    rule: str
    definitions: tuple[str, ...]
    population: str = "pupils-9-16"
    notes: tuple[str, ...] = ()


def group_label(name: str) -> str:
    """The words for a breakdown."""
    return {
        "ward": "Ward",
        "phase": "School phase",
        "age": "Age at the start of the school year",
        "sex": "Sex",
        "deprivation": "Deprivation of the home area, in fifths of England",
        "year": "School year",
        "rural": "Rural or urban home area (ONS 2021 class)",
        "distance": "Distance to the nearest open place",
        "where": "Where children live",
    }[name]


def circles_table(
    table: pl.DataFrame,
    group: str | None,
    told: Told,
    labels: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
    vintage: str = "",
    words: str = "",
) -> Measured:
    """circles-place or circles-<group> from the engine's figures. words: of the breakdown; "" = those it always has."""
    dimensions: tuple[Dimension, ...] = ()
    title = "Children with high need and children in targeted services"
    if group:
        named = words or group_label(group)
        dimensions = (
            Dimension(
                column=group,
                label=named,
                order=(TOTAL, *order),
                labels={TOTAL: "All", "not_known": "Not known", **(labels or {})},
                vintage=vintage,
            ),
        )
        title += f", by {named[0].lower()}{named[1:]}"
    spec = TableSpec(
        id=f"circles-{group or 'place'}",
        title=title,
        population=told.population,
        period=told.period,
        unit="share of children",
        dimensions=dimensions,
        count="n_with",
        values=VALUES,
        kind="share",
        page="need",
        notes=(told.rule, CONTACT_NOTE, *told.notes),
        definitions=told.definitions,
        sources=("survey-pupils",),
        step="need.circles",
    )
    return Measured(spec, figures(table, [d.column for d in dimensions]))


def figures(table: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
    """The frame of a measured table: children as whole numbers, counts as integers, in order."""
    children = pl.col("numerator", "denominator")
    # Children are not below nought, so the half goes up; 1e-9 as in core's rounding.
    whole = (children + 0.5 + 1e-9).floor()
    return table.with_columns(
        whole, pl.col("n", "n_with").cast(pl.Int64), pl.col("reason").cast(pl.String)
    ).select(*dimensions, *FIGURES)
