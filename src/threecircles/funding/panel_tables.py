"""Spending beside outcomes over the years as tables for a page: without them the Treasury's question had no page to stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.definitions import read_csv
from threecircles.funding.panel import FIXED, FOLLOWS, Panel, lag_words, panel
from threecircles.funding.panel_ages import band_names
from threecircles.funding.panel_data import panel_data

STEP = "funding.panel"
LAGS = (-2, -1, 0, 1, 2, 3)
"""Two years in which the outcome comes first, and three after the spend: later ones leave few years to compare."""
LEFT_OUT = "Left out: "
MORE = float(np.log(1.1))
"""Ten in a hundred more, on the log scale."""


def panel_tables(folder: Path, ages: Path | None = None) -> list[Measured]:
    """`spend-panel-<id>` for each pair of spend and outcome in definitions/spend/panels.csv.

    folder: the publishers' files. ages: population by area, year and age; with it the ages of children are
    held level too. Dimension lag (years from spend to outcome, below nought the outcome comes
    first). Measures: goes_with (change of the outcome in % with 10% more spend, and its 95% interval, errors by
    authority), one_out_least and one_out_most (the same with one authority left out), authorities, years.
    Raises ThreeCirclesError that names the files not found.
    """
    return [_table(folder, row, ages) for row in read_csv("spend/panels")]


def _table(folder: Path, row: dict[str, str], ages: Path | None) -> Measured:
    share, measures = row["kind"] == "share", tuple(row["controls"].split())
    data, left_out = panel_data(
        folder, row["spend"], row["outcome"], share=share, controls=measures, ages=ages
    )
    controls = (*measures, *(band_names() if ages else ()))
    kind: Literal["rate", "share"] = "share" if share else "rate"
    found = panel(data, kind=kind, lags=LAGS, controls=controls, left_out=left_out)
    schema: dict[str, Any] = {"lag": pl.Utf8, "measure": pl.Utf8, "n": pl.Int64, "reason": pl.Utf8}
    figures = dict.fromkeys(("value", "low", "high", "numerator", "denominator"), pl.Float64)
    return Measured(
        _spec(row, found, data), pl.DataFrame(list(_rows(found)), schema=schema | figures)
    )


def _rows(found: Panel) -> Iterator[dict[str, Any]]:
    for e in found.estimates:
        ends = [100 * float(np.expm1(b * MORE)) for b in (e.b, e.low, e.high, *e.without_one)]
        value, low, high, least, most = ends
        figures: tuple[tuple[str, float, float | None, float | None], ...] = (
            ("goes_with", value, low, high),
            ("one_out_least", least, None, None),
            ("one_out_most", most, None, None),
            ("authorities", e.authorities, None, None),
            ("years", e.years, None, None),
        )
        for measure, number, lower, upper in figures:
            yield {
                "lag": str(e.lag), "measure": measure, "value": float(number), "low": lower, "high": upper,
                "n": e.authorities, "reason": None, "numerator": None, "denominator": None,
            }  # fmt: skip


def _spec(row: dict[str, str], found: Panel, data: pl.DataFrame) -> TableSpec:
    years = data.drop_nulls(["spend"])["year"]
    names = dict(data.select("area", "name").unique().iter_rows())
    missing = "; ".join(f"{names.get(a, a)}, {why}" for a, why in found.left_out.items())
    what = "odds of the outcome" if row["kind"] == "share" else "outcome"
    lag = Dimension(
        column="lag",
        label="When the spending was",
        order=tuple(str(e.lag) for e in found.estimates),
        labels={str(e.lag): _when(e.lag) for e in found.estimates},
    )
    return TableSpec(
        id=f"spend-panel-{row['id']}",
        title=f"{row['spend_label'].capitalize()}, and {row['outcome_label']}",
        population="england-spend",
        period=f"spending of {years.min()} to {years.max()}",  # type: ignore[str-bytes-safe]
        unit=f"% of the {what} with 10% more spending a child",
        dimensions=(lag,),
        kind="published",
        page="spending-and-outcomes",
        notes=_notes(row, found, missing),
        definitions=("panels",),
        sources=("lait",),
        step=STEP,
        beside=FIXED,
    )


def _notes(row: dict[str, str], found: Panel, missing: str) -> tuple[str, ...]:
    """The fixed sentence first, the warning where it is due, what is held level, who is left out last."""
    notes = [FIXED]
    if found.spending_follows:
        notes.append(
            f"Warning: {FOLLOWS}: outcomes of earlier years go with spending, so later years cannot be read."
        )
    if row["role"] == "output":
        notes.append("What is counted is what services do, not what becomes of children.")
    ages = [c for c in found.controls if c in band_names()]
    held = [row["controls_label"]] if row["controls"] else []
    held += [f"the share of children {', '.join(ages)}"] if ages else []
    notes.append(f"Held level: {' and '.join(held) or 'nothing but authorities and years'}.")
    notes.append(
        f"Spending a child moves by {found.within_sd:.0%} (standard deviation) within an authority. "
        f"In {found.prices}: with years taken out, prices change nothing."
    )
    return (*notes, f"{LEFT_OUT}{missing or 'nobody'}.")


def _when(lag: int) -> str:
    """When the money was spent, seen from the outcome."""
    if lag == 0:
        return "In the same year"
    said = lag_words(lag).capitalize()
    return f"{said}, so the outcome came first" if lag < 0 else said
