"""Children in each service on a day and over a year: without them a director could not say how many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import polars as pl

from threecircles.core.dates import in_words
from threecircles.core.engines import collect
from threecircles.core.intervals import byar
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.record.derive.stock import any_point, ends, starts, status_on
from threecircles.record.vocabulary import processes

VALUES = ("value", "low", "high", "numerator", "denominator", "n")
USE_NOTE = "These figures count use of services. They do not say how many children need them."
FLOWS = {
    "stock_before": "Open at the start of the year",
    "starts": "Started in the year",
    "ends": "Ended in the year",
    "any_point": "At any time in the year",
    "stock_after": "Open at the end of the year",
}


def service_processes(frame_processes: Sequence[str]) -> list[str]:
    """Processes that are a service and last (episodes), of those present, in the order of levels."""
    levels = ["universal", "targeted", "specialist", "rehabilitative"]
    known = processes()
    kept = [
        p
        for p in frame_processes
        if p in known and known[p].level in levels and known[p].kind != "event"
    ]
    return sorted(kept, key=lambda p: (levels.index(known[p].level), known[p].label))


def stock_table(episodes: nw.LazyFrame, day: date, children: int, period: str) -> Measured:
    """services-stock: distinct children in each service at the end of a day, with the rate.

    episodes: person_id, process, valid_from, valid_to. children: 0-17 of the place; 0 = no rate.
    Measures: children (value = count), rate (per 10,000, Byar's interval).
    """
    held = collect(
        status_on(episodes, day).group_by("process").agg(nw.col("person_id").n_unique().alias("n")),
        ("process",),
    )
    order = service_processes(held["process"].to_list())
    counts = dict(held.select("process", "n").iter_rows())
    rows = []
    for process in order:
        n = int(counts[process])
        rows.append({"process": process, "measure": "children", "value": float(n), "n": n})
        rows.append({"process": process, "measure": "rate", "n": n} | rate_row(n, children))
    spec = _spec(
        "services-stock",
        f"Children in each service on {in_words(day)}",
        period,
        (_by_process(order),),
        "children; rate per 10,000 children aged 0 to 17",
    )
    return Measured(spec, frame_of(rows, ["process"]))


def flow_table(episodes: nw.LazyFrame, first: date, last: date, period: str) -> Measured:
    """services-flow: distinct children at the start, starting, ending, at any time and at the end.

    Measure: children, by process and flow. How many started is not told of a process with a spell first seen in
    the period whose start nobody recorded: a list of one day shows who is there, not who came.
    """
    before = first - timedelta(days=1)
    parts = {
        "stock_before": status_on(episodes, before),
        "starts": starts(episodes, first, last),
        "ends": ends(episodes, first, last),
        "any_point": any_point(episodes, first, last),
        "stock_after": status_on(episodes, last),
    }
    rows = []
    seen: set[str] = set()
    for flow, part in parts.items():
        counted = part.group_by("process").agg(nw.col("person_id").n_unique().alias("n"))
        for process, n in collect(counted, ("process",)).select("process", "n").iter_rows():
            seen.add(process)
            rows.append(
                {
                    "process": process,
                    "flow": flow,
                    "measure": "children",
                    "value": float(n),
                    "n": int(n),
                }
            )
    silent = _start_unknown(starts(episodes, first, last))
    rows = [r for r in rows if (r["process"], r["flow"]) not in {(p, "starts") for p in silent}]
    head = {"flow": "starts", "measure": "children", "reason": "not_available"}
    rows += [head | {"process": p} for p in silent]
    order = service_processes(sorted(seen))
    kept = [r for r in rows if r["process"] in order]
    when = Dimension(column="flow", label="When", order=tuple(FLOWS), labels=FLOWS)
    spec = _spec(
        "services-flow",
        "Children coming into and leaving each service",
        period,
        (_by_process(order), when),
        "children",
    )
    return Measured(spec, frame_of(kept, ["process", "flow"]))


def _start_unknown(begun: nw.LazyFrame) -> list[str]:
    """Processes of which a spell's start is only the day on which it was first seen."""
    if "flags" not in set(begun.collect_schema().names()):
        return []
    marked = begun.filter(nw.col("flags").list.contains("start_unknown"))
    return collect(marked.select("process").unique(), ("process",))["process"].to_list()


def rate_row(n: int, population: int, per: float = 10_000) -> dict[str, float | str | None]:
    """value, low, high, numerator, denominator of a rate; without a population its reason."""
    if population <= 0:
        return {"value": None, "numerator": float(n), "reason": "not_available"}
    low, high = byar(n, population, per)
    return {
        "value": n / population * per,
        "low": low,
        "high": high,
        "numerator": float(n),
        "denominator": float(population),
    }


def frame_of(rows: Sequence[dict], dimensions: Sequence[str]) -> pl.DataFrame:
    """Rows as a measured table's frame; columns that a row lacks are null."""
    schema: dict[str, Any] = dict.fromkeys(dimensions, pl.String) | {"measure": pl.String}
    schema |= dict.fromkeys(("value", "low", "high", "numerator", "denominator"), pl.Float64)
    schema |= {"n": pl.Int64, "reason": pl.String}
    return pl.DataFrame([{c: r.get(c) for c in schema} for r in rows], schema=schema)


def _by_process(order: Sequence[str]) -> Dimension:
    known = processes()
    return Dimension(
        column="process",
        label="Service",
        order=tuple(order),
        labels={p: known[p].label for p in order},
    )


def _spec(
    name: str, title: str, period: str, dimensions: tuple[Dimension, ...], unit: str
) -> TableSpec:
    return TableSpec(
        id=name,
        title=title,
        population="children-known",
        period=period,
        unit=unit,
        dimensions=dimensions,
        count="n",
        values=VALUES,
        kind="count",
        page="services",
        notes=(
            USE_NOTE,
            "A child in two services is counted in each; the rows are not to be added.",
        ),
        definitions=("processes",),
        step="need.services",
    )
