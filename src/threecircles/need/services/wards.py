"""Use of services by ward of home, for the map: a rate for each place, with its interval."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.areas import Areas
from threecircles.need.services.stock import USE_NOTE, VALUES, frame_of, rate_row
from threecircles.record.derive.stock import any_point

MAPPED = {"early_help": "early_help", "cin": "cin", "cpp": "cpp", "placement": "cla"}
"""Processes on the map, and the name of the measure: placements stand for care."""


def ward_table(
    episodes: nw.LazyFrame,
    residence: nw.LazyFrame,
    areas: Areas,
    first: date,
    last: date,
    period: str,
) -> Measured:
    """places-ward: children in each service at any time in the year, by ward of home, per 10,000.

    episodes: person_id, process, valid_from, valid_to, lsoa21_in. The ward is that of the home when the
    help began; where that is not known, of the home on the last day. For looked-after children it is the
    home they came from.
    """
    used = collect(
        any_point(episodes.filter(nw.col("process").is_in(list(MAPPED))), first, last).select(
            "person_id", "process", "lsoa21_in", "valid_from"
        ),
        ("person_id", "process", "valid_from"),
    )
    home = (
        collect(
            residence.filter(
                (nw.col("kind") == "home") & (nw.col("valid_from") <= nw.lit(last))
            ).select("person_id", "lsoa21", "valid_from"),
            ("person_id", "valid_from"),
        )
        .group_by("person_id", maintain_order=True)
        .agg(pl.col("lsoa21").last())
    )
    lsoa = pl.coalesce("lsoa21_in", "lsoa21")
    placed = (
        used.join(home, on="person_id", how="left")
        .with_columns(
            ward=lsoa.replace_strict(areas.ward, default="not_known", return_dtype=pl.String)
        )
        .group_by("person_id", "process", maintain_order=True)
        .agg(pl.col("ward").last())
    )
    counts = dict(((p, w), n) for p, w, n in placed.group_by("process", "ward").len().iter_rows())
    wards = sorted(areas.ward_names)
    shown = [TOTAL, *wards, *(["not_known"] if any(w == "not_known" for _, w in counts) else [])]
    rows = []
    for process, measure in MAPPED.items():
        if not any(p == process for p, _ in counts):
            continue
        for ward in shown:
            n = sum(v for (p, w), v in counts.items() if p == process and ward in (w, TOTAL))
            children = areas.all_children if ward == TOTAL else areas.children.get(ward, 0)
            rows.append({"ward": ward, "measure": measure, "n": n} | rate_row(n, children))
    spec = TableSpec(
        id="places-ward",
        title="Children in services by ward of home, per 10,000 children",
        population="children-known",
        period=period,
        unit="per 10,000 children",
        dimensions=(
            Dimension(
                column="ward",
                label="Ward",
                order=tuple(shown),
                labels={TOTAL: "All", "not_known": "Not known", **areas.ward_names},
                vintage="ward24",
            ),
        ),
        count="n",
        values=VALUES,
        kind="rate",
        page="places",
        notes=(
            USE_NOTE,
            "A ward with a higher rate may have more need, or more help that reaches it.",
        ),
        definitions=("processes",),
        step="need.services",
    )
    return Measured(spec, frame_of(rows, ["ward"]))
