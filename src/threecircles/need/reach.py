"""Who uses a service of those it is for, who could and does not; with heads alone, two numbers and no point.

Contact is not help that fits, and no centre is ranked: rows are services, areas and groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.definitions import Definition, load
from threecircles.need.services.stock import VALUES, frame_of

PERSONS = ("eligible", "registered", "attended_once", "attended_regularly", "eligible_not_using")
HEADS_NOTE = (
    "Where only heads are counted we know attendances, not people: between the largest session and the sum "
    "of all sessions lie the different children who came. No figure between the two is told."
)
AT_LEAST_NOTE = (
    "{reported} of {places} places reported; where one did not, figures are at least, never nought."
)


@dataclass(frozen=True, kw_only=True)
class Served:
    """One service and the ages it is for, both inclusive."""

    service: str
    label: str
    ages: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Reach(Definition):
    """Whom services are for, and what coming regularly is (definitions/indicators/reach)."""

    version: int
    services: tuple[Served, ...]
    sessions: int
    terms: int
    months: int


def reach_definition(name: str = "open_places") -> Reach:
    """A shipped definition."""
    return load(f"indicators/reach/{name}", Reach)


def reach_table(
    children: pl.DataFrame,
    used: pl.DataFrame,
    heads: pl.DataFrame,
    definition: Reach,
    reported: Mapping[str, tuple[int, int]],
    period: str,
    group: str = "ward",
    labels: Mapping[str, str] | None = None,
) -> Measured:
    """reach-<group>: counts by service and group.

    children: person_id, age, the group's column: everyone living here. used: as record's reach_base. heads:
    as record's headcount_base by service_id. reported: service -> (places that reported, places open).
    Measures: for services with person records PERSONS, each with its share of the eligible; for those with
    heads alone attendances and largest_session as ends of `users` (low, high; no value), nothing else.
    """
    rows: list[dict] = []
    with_persons = set(used["service_id"].unique().to_list())
    for served in definition.services:
        eligible = children.filter(pl.col("age").is_between(served.ages[0], served.ages[-1]))
        mine = heads.filter(pl.col("service_id") == served.service)
        if served.service in with_persons:
            rows += _persons(
                eligible, used.filter(pl.col("service_id") == served.service), served.service, group
            )
        if mine.height:
            rows += _heads(mine.row(0, named=True), eligible.height, served.service, group)
    notes = [
        f"{s.label}: "
        + AT_LEAST_NOTE.format(reported=reported[s.service][0], places=reported[s.service][1])
        for s in definition.services
        if s.service in reported
    ]
    values = [TOTAL, *sorted(children[group].drop_nulls().unique().to_list())]
    services = {s.service: s.label for s in definition.services}
    spec = TableSpec(
        id=f"reach-{group}",
        title=f"Reach of open places, by {group}",
        population="children-known",
        period=period,
        unit="children",
        dimensions=(
            Dimension(column="service", label="Service", order=tuple(services), labels=services),
            Dimension(column=group, label=group.capitalize(), order=tuple(values), labels={TOTAL: "All", **(labels or {})}),
        ),
        count="n",
        values=VALUES,
        kind="count",
        page="reach",
        notes=(HEADS_NOTE, *notes),
        definitions=(f"indicators/reach/{definition.id}@{definition.version}",),
        step="need.reach",
    )  # fmt: skip
    return Measured(spec, frame_of(rows, ["service", group]))


def _persons(eligible: pl.DataFrame, used: pl.DataFrame, service: str, group: str) -> list[dict]:
    flags = ("registered", "attended_once", "attended_regularly")
    told = eligible.join(used.select("person_id", *flags), on="person_id", how="left").with_columns(
        pl.col(flags).fill_null(False)
    )
    told = told.with_columns(eligible=pl.lit(True), eligible_not_using=~pl.col("attended_once"))
    rows = []
    groups: Sequence[str] = [TOTAL, *sorted(told[group].drop_nulls().unique().to_list())]
    for value in groups:
        part = told if value == TOTAL else told.filter(pl.col(group) == value)
        for measure in PERSONS:
            n = int(part[measure].sum())
            rows.append(
                {"service": service, group: value, "measure": measure, "value": float(n), "n": n,
                 "numerator": float(n), "denominator": float(part.height)}
            )  # fmt: skip
    return rows


def _heads(heads: Mapping, eligible: int, service: str, group: str) -> list[dict]:
    """Attendances, and the ends of users: no value stands between."""
    head = {"service": service, group: TOTAL}
    attendances, largest = heads["attendances"], heads["largest_session"]
    return [
        head | {"measure": "attendances", "value": float(attendances), "n": int(attendances)},
        head
        | {"measure": "users", "value": None, "low": None if largest is None else float(largest),
           "high": float(attendances), "n": int(attendances), "denominator": float(eligible),
           "reason": "not_available"},
    ]  # fmt: skip
