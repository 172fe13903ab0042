"""From first sign to first help, as groups: who waited how long, and whose first help was statutory.

A sign is a recorded fact about timing, never a score, and no list of children is made. "No help
recorded" is not "not helped".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from threecircles.core.competing import CENSORED, Curve, curve, redrawn
from threecircles.core.intervals import wilson
from threecircles.core.seeds import rng
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.hard_to_reach import WHERE, crossed, joined, table_of
from threecircles.need.services.stock import VALUES, frame_of
from threecircles.need.travel import Bands

MARKS = (30, 90, 180, 365)
EARLY, STATUTORY = "early", "statutory"
DRAWS = 200
LOOK_BACK = {
    "no": "No help recorded before the sign",
    "unknown": "Records do not reach back far enough to tell",
    "yes": "Help before any sign",
}
WORDS = (
    'Where no help is recorded we say "no help recorded": help that left no record here cannot be seen.',
    "Time runs from the first recorded sign; children who moved away, died or were still waiting on the last day are counted until then.",
)


def first_help_table(
    signs: pl.DataFrame,
    group: str | None,
    labels: Mapping[str, str],
    period: str,
    vintage: str = "",
    seed: int = 1,
    few: bool = False,
    bands: Bands | None = None,
) -> Measured:
    """first-help or first-help-<group>: by what came before, and by group. few: children and the median only.

    bands: of how far the nearest open place is, where the group is that.

    signs: person_id, sign_id, days, censored, prior_help, first_help_statutory, lsoa21 and the group's column
    (sign_id among them). Measures: children; helped_<route>_<days> (Aalen-Johansen share), waiting_<days>,
    median_days, statutory_first (of those helped), each for children without help before the sign, and
    for those of whom that is not known. Intervals of shares over time: bootstrap by area.
    """
    rows = []
    values = [TOTAL, *sorted(set(signs[group].drop_nulls().to_list()))] if group else [TOTAL]
    for value in values:
        mine = signs if value == TOTAL else signs.filter(pl.col(group or "") == value)
        for before in LOOK_BACK:
            head = {"before": before} | ({group: value} if group else {})
            told = mine.filter(pl.col("prior_help") == before)
            rows += [head | row for row in _figures(told, before, seed, few)]
    dimensions = [
        Dimension(
            column="before", label="Before the sign", order=tuple(LOOK_BACK), labels=LOOK_BACK
        )
    ]
    if group:
        dimensions.append(
            Dimension(
                column=group,
                label=bands.label if bands else _label(group),
                order=tuple(values),
                labels={TOTAL: "All", **labels},
                vintage=vintage,
            )
        )
    name = "first-help" + (f"-{group.replace('_', '-')}" if group else "")
    words = bands.label if bands else _label(group or "")
    title = "From first sign to first help" + (f", by {words.lower()}" if group else "")
    spec = TableSpec(
        id=name,
        title=title,
        population="children-with-a-sign",
        period=period,
        unit="share of children; days",
        dimensions=tuple(dimensions),
        count="n",
        values=VALUES,
        kind="share",
        page="first-help",
        notes=(*WORDS, bands.said) if bands else WORDS,
        definitions=("derived/first_sign",),
        step="need.first-help",
    )
    return Measured(spec, frame_of(rows, [d.column for d in dimensions]))


def first_help_hard(signs: pl.DataFrame, period: str, bands: Bands) -> Measured:
    """first-help-hard: children with a sign and the median wait by rural class, distance and deprivation together.

    signs: as first_help_table, with rural, distance and deprivation. No shares over time: too few children a cell.
    """
    specs = []

    def by(some: tuple[str, ...]) -> pl.DataFrame:
        made = first_help_table(joined(signs, some), WHERE, {}, period, few=True)
        specs.append(made.spec)
        return made.frame

    frame = crossed(by)
    title = "From first sign to first help, by rural class, distance and deprivation together"
    return table_of(frame, specs[0], "first-help-hard", title, bands)


def _figures(told: pl.DataFrame, before: str, seed: int, few: bool = False) -> list[dict]:
    n = told.height
    rows: list[dict] = [{"measure": "children", "value": float(n), "n": n, "numerator": float(n)}]
    if before == "yes" or n == 0:
        return rows
    days, routes = told["days"].to_numpy().astype(float), routes_of(told)
    found = curve(days, routes)
    drawn = {} if few else _bootstrap(days, routes, told["lsoa21"].fill_null("").to_numpy(), seed)
    for at, mark in enumerate(() if few else MARKS):
        for route in (EARLY, STATUTORY, None):
            measure = f"waiting_{mark}" if route is None else f"helped_{route}_{mark}"
            low, high = (
                np.quantile(drawn[route][:, at], [0.025, 0.975]) if route in drawn else (0.0, 0.0)
            )
            value = _at(found, mark, route)
            rows.append(
                {"measure": measure, "value": value, "low": float(low), "high": float(high), "n": n}
            )
    median = found.median
    rows.append(
        {
            "measure": "median_days",
            "value": median,
            "n": n,
            "reason": None if median is not None else "not_applicable",
        }
    )
    helped = [r for r in routes if r != CENSORED and not few]
    statutory = sum(r == STATUTORY for r in helped)
    if helped:
        low, high = wilson(statutory, len(helped))
        share = {"value": statutory / len(helped), "low": low, "high": high}
        rows.append(
            {
                "measure": "statutory_first",
                "n": len(helped),
                "numerator": float(statutory),
                "denominator": float(len(helped)),
            }
            | share
        )
    return rows


def routes_of(told: pl.DataFrame) -> list[str]:
    """The route by which each wait ended: early, statutory or censored."""
    return (
        told.select(
            pl.when(pl.col("censored"))
            .then(pl.lit(CENSORED))
            .when(pl.col("first_help_statutory").fill_null(False))
            .then(pl.lit(STATUTORY))
            .otherwise(pl.lit(EARLY))
        )
        .to_series()
        .to_list()
    )


def _at(found: Curve, mark: int, route: str | None) -> float:
    if route is not None and route not in found.share:
        return 0.0
    return found.at(mark, route)


def _bootstrap(
    days: np.ndarray, routes: Sequence[str], area: np.ndarray, seed: int
) -> dict[str | None, np.ndarray]:
    areas, index = np.unique(area, return_inverse=True)
    times = rng(seed, "first-help").multinomial(
        len(areas), np.full(len(areas), 1 / len(areas)), size=DRAWS
    )
    return redrawn(days, routes, index, times, MARKS)


def _label(group: str) -> str:
    return {
        "sign_id": "First sign",
        "ward": "Ward",
        "deprivation": "Deprivation of the home area",
        "rural": "Rural or urban home area",
        "distance": "Distance to the nearest open place",
        "where": "Where children live",
    }.get(group, "")
