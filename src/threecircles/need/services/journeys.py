"""Ways through help as groups: which state comes first, which next. No child's journey is shown."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import polars as pl

from threecircles.core.dates import add_months
from threecircles.core.engines import collect
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.services.stock import USE_NOTE, VALUES, frame_of
from threecircles.record.derive.journey import NONE, Journey, journey_definition, journey_state

STEPS = 4
YEARS_BACK = 2
NOTHING_SEEN = "No service open"


def journey_tables(episodes: nw.LazyFrame, last: date, period: str) -> list[Measured]:
    """journey-states and journey-links: children whose first help lay in the last two years.

    episodes: row_id, person_id, process, valid_from, valid_to. Steps are runs of one highest state, from
    the first; a day in early help and protection counts as protection. SEN support and plans made in
    school are left out: they last for years and would hide the rest.
    """
    journey = journey_definition()
    kept = [s for s in journey.states if s.id not in ("sen_support", "ehc_plan")]
    shorter = Journey(id=journey.id, label=journey.label, source=journey.source, states=tuple(kept))
    first = add_months(last, -12 * YEARS_BACK)
    rows = episodes.with_columns(start_unknown=nw.lit(False))
    runs = collect(journey_state(care_joined(rows), shorter, last), ("person_id", "n"))
    begins = runs.filter((pl.col("n") == 1) & (pl.col("valid_from") > first)).select("person_id")
    mine = runs.join(begins, on="person_id").filter(pl.col("n") <= STEPS)
    labels = {s.id: s.label for s in kept} | {NONE: NOTHING_SEEN}
    states = mine.group_by("n", "state").agg(
        pl.len().alias("children"), pl.col("days").median().alias("days")
    )
    moves = mine.with_columns(
        to=pl.col("state").shift(-1).over("person_id", order_by="n")
    ).drop_nulls("to")
    # Moves at any step in one table: each margin more would cost cells that hold few children.
    links = moves.group_by("state", "to").agg(pl.col("person_id").n_unique().alias("children"))
    step = Dimension(column="step", label="Step", order=tuple(str(i) for i in range(1, STEPS + 1)))
    state_rows = [
        row
        for n, state, children, days in states.sort("n", "state").iter_rows()
        for row in (
            {
                "step": str(n),
                "state": state,
                "measure": "children",
                "value": float(children),
                "n": children,
            },
            {
                "step": str(n),
                "state": state,
                "measure": "median_days",
                "value": days,
                "n": children,
            },
        )
    ]
    link_rows = [
        {"from": a, "to": b, "measure": "children", "value": float(c), "n": c}
        for a, b, c in links.sort("state", "to").iter_rows()
    ]
    order = (*[s.id for s in kept], NONE)
    state = Dimension(column="state", label="State", order=order, labels=labels)
    came = Dimension(column="from", label="From", order=order, labels=labels)
    went = Dimension(column="to", label="To", order=order, labels=labels)
    return [
        Measured(
            _spec("journey-states", "Steps of children's ways through help", period, (step, state)),
            frame_of(state_rows, ["step", "state"]),
        ),
        Measured(
            _spec("journey-links", "Moves from one state to the next", period, (came, went)),
            frame_of(link_rows, ["from", "to"]),
        ),
    ]


def care_joined(rows: nw.LazyFrame) -> nw.LazyFrame:
    """Episodes in which placements stand for the care they are part of."""
    process = (
        nw.when(nw.col("process") == "placement").then(nw.lit("cla")).otherwise(nw.col("process"))
    )
    return rows.with_columns(process=process)


def _spec(name: str, title: str, period: str, dimensions: tuple[Dimension, ...]) -> TableSpec:
    return TableSpec(
        id=name,
        title=title,
        population="children-first-helped",
        period=period,
        unit="children",
        dimensions=dimensions,
        count="n",
        values=VALUES,
        kind="count",
        page="services",
        notes=(
            USE_NOTE,
            f"Children whose first recorded help began in the last {YEARS_BACK} years.",
        ),
        definitions=("journeys/default",),
        step="need.services",
    )
