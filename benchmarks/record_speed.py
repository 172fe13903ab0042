"""How long the record takes and how much it holds (record A13).

    python benchmarks/record_speed.py WORKSPACE PLACE [--oracle] [--turns 9]

WORKSPACE: of a run of PLACE (county for A13). Every step of the record on the payload side is run again from its
inputs, in this process, and timed; peak memory is this process's. Mapping steps read the identity side; their
seconds are taken from the manifest of the run. --oracle sets derivations beside the same written by hand as DuckDB
SQL: those that take longest (journeys, spells, care, first signs, clocks, activity, contact paths), and two that every
page asks for (stock on a day, absence by term). Both must give the same rows; then they are timed turn about, and
medians compared. The program ends with 1 when rows differ, or one of the three heaviest has no SQL here or takes more
than 1.3 times its.
"""

from __future__ import annotations

import argparse
import inspect
import resource
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import narwhals as nw
import polars as pl
import record_oracles as oracles

from threecircles import pipeline
from threecircles.core import manifest
from threecircles.core.dates import year_end, year_start
from threecircles.core.engines import collect, held
from threecircles.core.engines import engine as make
from threecircles.core.run import Runner
from threecircles.record.derive.care import care_rules, care_tables
from threecircles.record.derive.contact_path import contact_path_rule
from threecircles.record.derive.ended import ended
from threecircles.record.derive.first_sign import first_sign_rule
from threecircles.record.derive.journey import journey_definition, journey_state
from threecircles.record.derive.spell import spell
from threecircles.record.derive.stock import count, status_on
from threecircles.record.derive.timeliness import working_days
from threecircles.record.derived import (
    derived_steps,
    first_help,
    help_ids,
    journey_rows,
    placements,
    told_activity,
    told_in_time,
    told_paths,
    told_signs,
)
from threecircles.record.vocabulary import processes

ALLOWED = 1.3


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("place", type=Path)
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--turns", type=int, default=9)
    asked = parser.parse_args()
    runner = pipeline.runner(asked.place, asked.workspace)
    engine = make()
    total = 0.0
    for entry in manifest.latest(runner.workspace.manifest).values():
        if entry.step.startswith("record.") and entry.side != "payload":
            print(f"{entry.step:32} {entry.seconds:7.2f} s in the run")
            total += entry.seconds
    derived: dict[str, float] = {}
    for step in derived_steps():
        frames = [
            None if (at := runner._find(t)) is None else engine.scan(at[0]) for t in step.reads
        ]
        offered = {"engine": engine, **runner.known, **step.params}
        wanted = inspect.signature(step.function).parameters
        began, processor = time.perf_counter(), time.process_time()
        step.function(*frames, **{k: v for k, v in offered.items() if k in wanted})
        taken = time.perf_counter() - began
        total += taken
        derived[step.name] = time.process_time() - processor
        print(
            f"{step.name:32} {taken:7.2f} s, {time.process_time() - processor:.2f} of the processor"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'all of the record':32} {total:7.2f} s; peak memory {peak:,.0f} MB")
    heaviest = sorted(derived, key=lambda n: -derived[n])[:3]
    print(f"three heaviest by processor: {', '.join(heaviest)}")
    if asked.oracle:
        judged = {name.removeprefix("record.") for name in heaviest}
        sys.exit(1 if _beside_sql(runner, engine, asked.turns, judged) else 0)


def _beside_sql(runner: Runner, engine: Any, turns: int, judged: set[str]) -> int:
    """Number of derivations that tell other rows than the SQL, have none, or take longer than is allowed."""
    known = pairs(runner, engine)
    wrong = len(judged - known.keys())
    for name, (ours, sql) in known.items():
        by_hand = lambda q=sql: engine.connection.sql(q).to_arrow_table()  # noqa: E731
        same = _rows(ours()).equals(_rows(pl.from_arrow(by_hand())))
        mine, theirs = _turn_about(ours, by_hand, turns)
        times = mine / theirs
        wrong += not same or (name in judged and times > ALLOWED)
        print(
            f"{name:32} {1000 * mine:7.0f} ms, SQL by hand {1000 * theirs:.0f} ms: {times:.2f} times; "
            f"rows {'equal' if same else 'UNLIKE'}; processor, medians of {turns}",
            flush=True,
        )
    return wrong


def pairs(runner: Runner, engine: Any) -> dict[str, tuple[Callable[[], pl.DataFrame], str]]:
    """Our derivation and the SQL written by hand, by name."""
    at = {
        name: runner._find(f"record.{name}")[0]  # type: ignore[index]
        for name in ("episode", "event", "measure", "period_of_care")
    }
    rule, journey = contact_path_rule(), journey_definition()
    first, last = (day(runner.known["place"].year) for day in (year_start, year_end))

    def known(name: str) -> nw.LazyFrame:
        return engine.scan(at[name]).filter(~nw.col("person_id").is_null())

    agencies = {p.id: p.agency for p in processes().values() if p.agency != "council"}
    states = {s.id: s.processes for s in journey.states}
    engine.connection.register("working_days", working_days().to_arrow())
    return {
        "spell": (
            lambda: collect(spell(ended(known("episode")), by=["process"])),
            oracles.SPELL.format(episode=at["episode"]),
        ),
        "contact_path": (
            lambda: told_paths(engine.scan(at["episode"]), engine.scan(at["event"]), engine),
            oracles.contact_path(
                at["episode"], at["event"], help_ids(), agencies, rule.contacts, rule.assessments, rule.duplicate_days
            ),
        ),
        "journey_state": (
            lambda: collect(
                journey_state(
                    journey_rows(engine.scan(at["episode"]), engine.scan(at["period_of_care"])), journey, last
                )
            ),
            oracles.journey(at["episode"], at["period_of_care"], states, last + timedelta(days=1)),
        ),
        "care": (
            lambda: _stacked(care_tables(held(placements(engine.scan(at["episode"]))), care_rules())),
            oracles.care(at["episode"], care_rules()),
        ),
        "first_sign": (
            lambda: first_help(
                told_signs(engine.scan(at["event"]), engine.scan(at["measure"]), engine),
                engine.scan(at["episode"]), last, first,
            ),
            oracles.first_sign(
                at["episode"], at["event"], at["measure"], help_ids(), first_sign_rule(), first, last + timedelta(days=1)
            ),
        ),
        "timeliness": (
            lambda: told_in_time(engine.scan(at["episode"]), engine.scan(at["event"]), last).drop("process", "time_limit", "unit"),
            oracles.TIMELINESS.format(episode=at["episode"], event=at["event"], last=last),
        ),
        "activity": (
            lambda: told_activity(engine.scan(at["episode"]), engine.scan(at["event"]), first, last),
            oracles.ACTIVITY.format(
                episode=at["episode"], event=at["event"], first=first, after=last + timedelta(days=1)
            ),
        ),
        "stock": (
            lambda: collect(count(status_on(ended(engine.scan(at["episode"])), last), ["process"])),
            oracles.STOCK.format(episode=at["episode"], last=last),
        ),
        "absence by term": (
            lambda: collect(_terms(engine.scan(at["measure"]))),
            oracles.TERMS.format(measure=at["measure"]),
        ),
    }  # fmt: skip


def _stacked(tables: dict[str, nw.LazyFrame]) -> pl.DataFrame:
    """Tables of unlike columns one below the other, each with its name."""
    parts = [collect(frame).with_columns(made=pl.lit(name)) for name, frame in tables.items()]
    return pl.concat(parts, how="diagonal")


def _terms(measures: nw.LazyFrame) -> nw.LazyFrame:
    possible, value = nw.col("item_or_scale") == "sessions_possible", nw.col("value")
    parts = measures.filter(nw.col("measure_id") == "attendance").with_columns(
        possible=nw.when(possible).then(value).otherwise(nw.lit(0.0)),
        missed=nw.when(possible).then(nw.lit(0.0)).otherwise(value),
    )
    return parts.group_by("person_id", "on_date").agg(
        nw.col("possible").sum(), nw.col("missed").sum()
    )


def _turn_about(one: Callable[[], object], two: Callable[[], object], turns: int) -> tuple[float, float]:  # fmt: skip
    """Median processor seconds of each; they take turns, so that a busy moment falls on both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for work, taken in zip((one, two), times, strict=True):
            began = time.process_time()
            work()
            taken.append(time.process_time() - began)
    return median(times[0]), median(times[1])


def _rows(table: Any) -> pl.DataFrame:
    """The rows in one order and in kinds that both sides share."""
    whole = table.with_columns(pl.col(pl.Decimal, pl.Int32).cast(pl.Int64))
    return whole.select(sorted(whole.columns)).sort(sorted(whole.columns), nulls_last=True)


if __name__ == "__main__":
    main()
