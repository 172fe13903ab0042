"""Who uses a service of those it is for, who could and does not; with heads alone, two numbers and no point.

Contact is not help that fits, and no centre is ranked: rows are services, areas and groups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.definitions import Definition, load
from threecircles.need.services.stock import VALUES, frame_of

FLAGS = ("registered", "attended_once", "attended_regularly")
PERSONS = ("eligible", *FLAGS, "eligible_not_using")
HEADS_NOTE = (
    "Where only heads are counted we know attendances, not people: between the largest session and the sum "
    "of all sessions lie the different children who came. No figure between the two is told."
)
REPORTED_NOTE = "{reported} of {places} places reported"
AT_LEAST_NOTE = f"{REPORTED_NOTE}; where one did not, figures are at least, never nought."
TOKENS_NOTE = (
    "Registrations that name a child by a provider's own token alone stand in no figure: where these children live, "
    "and whether they are counted already, is not known."
)


@dataclass(frozen=True, kw_only=True)
class Served:
    """One service and the ages it is for, both inclusive."""

    service: str
    label: str
    ages: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Reach(Definition):
    """Whom services are for, and what coming regularly is (definitions/indicators/reach).

    bands_km: edges of the bands of distance to the nearest open place; bands_minutes: of travel time, where the
    place holds a table of it. travel_mode: the mode whose times count; "" = the quickest.
    """

    version: int
    services: tuple[Served, ...]
    sessions: int
    terms: int
    months: int
    bands_km: tuple[float, ...] = (1, 3, 8)
    bands_minutes: tuple[float, ...] = (15, 30, 60)
    travel_mode: str = ""


@dataclass(frozen=True)
class Reported:
    """Of one service: places open in the period, and those of them that sent a return."""

    places: int
    reported: int


def reach_definition(name: str = "open_places") -> Reach:
    """A shipped definition."""
    return load(f"indicators/reach/{name}", Reach)


def reach_table(
    eligible: pl.DataFrame,
    used: pl.DataFrame,
    heads: pl.DataFrame,
    definition: Reach,
    reported: Mapping[str, Reported],
    period: str,
    group: str = "ward",
    label: str = "Ward",
    labels: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
    at_least: Mapping[str, set[str]] | None = None,
) -> Measured:
    """reach-<group>: counts by service and group.

    eligible: service, the group's column, children: everyone living here of the service's ages. used: as record's
    reach_base for persons of those ages who live here, with the group's column. heads: as record's
    headcount_base by service_id. reported: by service; None is taken as all. at_least: service -> groups
    for whom a place near them sent nothing: there a figure is the lower end, the eligible the upper.
    Measures: for services with person records PERSONS, each with the eligible as denominator; for those with
    heads, attendances, and users as two ends (low, high; no value) and nothing else.
    """
    rows: list[dict] = []
    with_persons = set(used["service_id"].unique().to_list())
    for served in definition.services:
        living = eligible.filter(pl.col("service") == served.service)
        open_ends = (at_least or {}).get(served.service, set())
        if served.service in with_persons:
            mine = used.filter(pl.col("service_id") == served.service)
            rows += _persons(living, mine, served.service, group, open_ends)
        counted = heads.filter(pl.col("service_id") == served.service)
        if counted.height:
            rows += _heads(
                counted.row(0, named=True), int(living["children"].sum()), served.service, group
            )
    services = {s.service: s.label for s in definition.services}
    values = sorted(set(eligible[group].drop_nulls().to_list()), key=_place_in(order))
    spec = TableSpec(
        id=f"reach-{group}",
        title=f"Reach of open places, by {label[0].lower() + label[1:]}",
        population="children-living-here",
        period=period,
        unit="children",
        dimensions=(
            Dimension(column="service", label="Service", order=tuple(services), labels=services),
            Dimension(
                column=group, label=label, order=(TOTAL, *values),
                labels={TOTAL: "All", "not_known": "Not known", **(labels or {})},
                vintage="ward24" if group == "ward" else "",
            ),
        ),
        count="n",
        values=VALUES,
        kind="count",
        page="reach",
        notes=(HEADS_NOTE, TOKENS_NOTE, *_notes(definition, reported)),
        definitions=(f"indicators/reach/{definition.id}@{definition.version}",),
        sources=("attendance-at-provision", "centre-register"),
        step="need.reach",
    )  # fmt: skip
    return Measured(spec, frame_of(rows, ["service", group]))


def _notes(definition: Reach, reported: Mapping[str, Reported]) -> list[str]:
    notes = []
    for s in definition.services:
        told = reported.get(s.service)
        if told is not None and told.places:
            words = AT_LEAST_NOTE if told.reported < told.places else f"{REPORTED_NOTE}."
            places = words.format(reported=told.reported, places=told.places)
            notes.append(f"{s.label}: {places}")
    return notes


def _persons(
    living: pl.DataFrame, used: pl.DataFrame, service: str, group: str, open_ends: set[str]
) -> list[dict]:
    rows = []
    children = dict(living.group_by(group).agg(pl.col("children").sum()).sort(group).iter_rows())
    for value in [TOTAL, *children]:
        part = used if value == TOTAL else used.filter(pl.col(group) == value)
        of = int(sum(children.values()) if value == TOTAL else children[value])
        counts = {f: int(part[f].sum()) for f in FLAGS}
        # The population file is an estimate; more users than it holds leaves nobody who does not use.
        counts |= {"eligible": of, "eligible_not_using": max(0, of - counts["attended_once"])}
        unsure = bool(open_ends) if value == TOTAL else value in open_ends
        for measure in PERSONS:
            n = counts[measure]
            row = {"service": service, group: value, "measure": measure, "value": float(n), "n": n,
                   "numerator": float(n), "denominator": float(of)}  # fmt: skip
            if unsure and measure == "eligible_not_using":
                row |= {"low": 0.0, "high": float(n)}
            elif unsure and measure in FLAGS:
                row |= {"low": float(n), "high": float(max(n, of))}
            rows.append(row)
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


def _place_in(order: Sequence[str]) -> Callable[[str], tuple[bool, int, str]]:
    known = {v: i for i, v in enumerate(order)}
    return lambda value: (value == "not_known", known.get(value, len(known)), value)
