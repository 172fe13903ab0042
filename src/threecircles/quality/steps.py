"""The checking steps of a run: findings stay on the identity side, counts of them come out."""

from __future__ import annotations

from typing import Any

import polars as pl

from threecircles.core.dates import year_end
from threecircles.core.engines import collect
from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.definitions.place import Delivery, Place
from threecircles.quality.checking import check_tables
from threecircles.quality.layout import CROSS_SCHEMAS, CROSS_SOURCES, PREVIOUS
from threecircles.quality.measured import (
    period_label,
    rules_measured,
    scores_measured,
    sources_table,
)
from threecircles.quality.report import Report
from threecircles.quality.scores import SCORES, pooled, scores
from threecircles.quality.stored import FINDINGS, RULES_RUN, findings_table, rules_table

RETURNS = {"cin-census": "cin", "ssda903": "903"}
"""Source id -> return whose rules hold for it."""

Tables = dict[str, Any]


def steps(place: Place) -> list[Step]:
    """Check every return of the place's year, each against last year's and against the others."""
    reference = tuple(
        place.reference[r] for r in ("postcodes", "providers", "schools") if r in place.reference
    )
    return [
        Step(
            name="quality.check",
            function=check_place,
            reads=("sources.*",),
            writes=("quality.findings", "quality.rules_run", "quality.scores"),
            definitions=("rules", "natural_keys", "sources", "codes"),
            files=reference,
            side="identity",
        ),
        Step(
            name="quality.measures",
            function=measures,
            reads=("sources.*", "quality.rules_run", "quality.scores"),
            writes=("quality.quality-*",),
            definitions=("rules",),
            side="crossing",
        ),
    ]


def check_place(tables: Tables, place: Place) -> dict[str, pl.DataFrame]:
    """Findings, rules run and scores of the newest delivery of each return, and across returns."""
    reports = list(place_reports(tables, place))
    parts = {
        "quality.findings": [findings_table(r) for r in reports],
        "quality.rules_run": [rules_table(r) for r in reports],
        "quality.scores": [scores(r) for r in reports],
    }
    empty = {
        "quality.findings": FINDINGS,
        "quality.scores": SCORES,
        "quality.rules_run": RULES_RUN,
    }
    return {
        name: pl.concat(frames) if frames else pl.DataFrame(schema=empty[name])
        for name, frames in parts.items()
    }


def place_reports(tables: Tables, place: Place) -> list[Report]:
    """One report for each return that the place received, and one across them when there are two."""
    metadata = {"local_authority": place.la_code}
    reference = _references(place)
    found: list[Report] = []
    together: Tables = {}
    for source, name in RETURNS.items():
        newest = _newest(place, source)
        if newest is None:
            continue
        current = _tables_of(tables, newest)
        before = _previous(place, newest)
        last = (
            {f"{t}{PREVIOUS}": f for t, f in _tables_of(tables, before).items()} if before else {}
        )
        report = check_tables(name, newest.year, current | last, metadata, reference)
        found.append(report)
        schema = next(s for s, other in CROSS_SCHEMAS.items() if other == name)
        # With the columns that were derived, so that the checks across returns see them too.
        together |= {f"{schema}.{t}": f for t, f in report.tables.items()}
    for schema, source in CROSS_SOURCES.items():
        newest = _newest(place, source)
        if newest is not None:
            together |= {f"{schema}.{t}": f for t, f in _tables_of(tables, newest).items()}
    if found:
        found.append(check_tables("cross", place.year, together, metadata, reference))
    return found


def measures(tables: Tables, rules_run: Any, scored: Any, place: Place) -> list[Measured]:
    """Tables quality-sources, quality-rules and quality-scores: counts without any child."""
    period = period_label(year_end(place.year))
    labels = {d.id: d.source for d in place.deliveries}
    by_return = {"cin": "cin-census", "903": "ssda903", "cross": "across returns"}
    whole = pooled(collect(scored)).with_columns(
        source=pl.col("return").replace_strict(by_return, return_dtype=pl.String)
    )
    received = [_received(tables, delivery) for delivery in place.deliveries]
    names = {
        "cin": "Children in Need census",
        "903": "Children looked after return (SSDA903)",
        "cross": "Across returns",
    }
    source_names = {
        "cin-census": names["cin"],
        "ssda903": names["903"],
        "across returns": names["cross"],
    }
    return [
        sources_table(received, period, labels),
        rules_measured(collect(rules_run), period, names),
        scores_measured(whole, period, source_names),
    ]


def _received(tables: Tables, delivery: Delivery) -> dict[str, Any]:
    files = tables.get(f"sources.{delivery.id}._files")
    notes = tables.get(f"sources.{delivery.id}._notes")
    counted = (
        collect(files)
        if files is not None
        else pl.DataFrame({"rows_in": [0], "rows_rejected": [0]})
    )
    return {
        "source": delivery.id,
        "rows_read": int(counted["rows_in"].sum() or 0),
        "rows_refused": int(counted["rows_rejected"].sum() or 0),
        "notes": collect(notes).height if notes is not None else 0,
        "received_late_days": (delivery.received_on - delivery.as_of).days,
    }


def _newest(place: Place, source: str) -> Delivery | None:
    held = [d for d in place.of(source) if d.year <= place.year]
    return max(held, key=lambda d: (d.year, d.received_on), default=None)


def _previous(place: Place, newest: Delivery) -> Delivery | None:
    held = [d for d in place.of(newest.source) if d.year == newest.year - 1]
    return max(held, key=lambda d: d.received_on, default=None)


def _tables_of(tables: Tables, delivery: Delivery) -> dict[str, pl.DataFrame]:
    """Frames of one delivery by table name, in the order of their rows."""
    start = f"sources.{delivery.id}."
    found = {}
    for name, frame in tables.items():
        table = name.removeprefix(start)
        if name.startswith(start) and not table.startswith("_"):
            found[table] = collect(frame).sort("_row")
    return found


def _references(place: Place) -> dict[str, pl.DataFrame]:
    """The place's postcode directory, provider list and list of schools, where it has them."""
    found: dict[str, pl.DataFrame] = {}
    for name in ("providers", "schools"):
        if (listed := place.reference.get(name)) is not None:
            found[name] = pl.read_csv(listed, infer_schema_length=0)
    path = place.reference.get("postcodes")
    if path is None:
        return found
    directory = pl.read_csv(path, infer_schema_length=0)
    renamed = {
        "postcode": "pcd_abbr",
        "la_code": "laua",
        "easting": "oseast1m",
        "northing": "osnrth1m",
    }
    found["postcodes"] = directory.rename(
        {k: v for k, v in renamed.items() if k in directory.columns}
    ).with_columns(pl.col("pcd_abbr").str.replace_all(" ", ""))
    return found
