"""How long the record takes and how much it holds (record A13).

    python benchmarks/record_speed.py WORKSPACE PLACE [--oracle]

WORKSPACE: of a run of PLACE (county for A13). Every step of the record on the payload side is run again from its
inputs, in this process, and timed; --oracle sets the three heaviest derivations beside the same written by hand
as DuckDB SQL that tells the same columns. Peak memory is this process's. Mapping steps read the identity side; their seconds are taken
from the manifest of the run.
"""

from __future__ import annotations

import argparse
import inspect
import resource
import time
from pathlib import Path

from threecircles import pipeline
from threecircles.core import manifest
from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.record.derive.spell import spell
from threecircles.record.derived import derived_steps

SPELL = """
with e as (
  select *, coalesce(valid_to, date '9999-12-31') as till from read_parquet('{path}') where person_id is not null
), m as (
  select *, max(till) over (partition by person_id, process order by valid_from, row_id
    rows between unbounded preceding and 1 preceding) as reach from e
), n as (
  select *, sum(case when reach is null or valid_from > reach then 1 else 0 end)
    over (partition by person_id, process order by valid_from, row_id) as spell from m
)
select person_id, process, spell, min(valid_from), nullif(max(till), date '9999-12-31'),
  arg_min(row_id, (valid_from, row_id)), arg_max(row_id, (valid_from, row_id)), count(*),
  count(*) filter (where valid_from < reach) from n group by all
"""
STOCK = """
select process, count(*), count(distinct person_id) from read_parquet('{path}')
where valid_from <= date '2026-03-31' and (valid_to is null or valid_to > date '2026-03-31') group by process
"""
TERMS = """
select person_id, on_date, sum(case when item_or_scale = 'sessions_possible' then value else 0 end),
  sum(case when item_or_scale <> 'sessions_possible' then value else 0 end)
from read_parquet('{path}') where measure_id = 'attendance' group by all
"""


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("place", type=Path)
    parser.add_argument("--oracle", action="store_true")
    asked = parser.parse_args()
    runner = pipeline.runner(asked.place, asked.workspace)
    engine = make()
    total = 0.0
    for entry in manifest.latest(runner.workspace.manifest).values():
        if entry.step.startswith("record.") and entry.side != "payload":
            print(f"{entry.step:32} {entry.seconds:7.2f} s in the run")
            total += entry.seconds
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
        print(
            f"{step.name:32} {taken:7.2f} s, {time.process_time() - processor:.2f} of the processor"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'all of the record':32} {total:7.2f} s; peak memory {peak:,.0f} MB")
    if asked.oracle:
        _beside_sql(runner, engine)


def _beside_sql(runner, engine) -> None:  # type: ignore[no-untyped-def]
    """The three heaviest shapes: spells, stock, absence by term; ours over SQL by hand."""
    from datetime import date

    import narwhals as nw

    from threecircles.record.derive.stock import count, status_on

    episode, measure = (runner._find(f"record.{t}")[0] for t in ("episode", "measure"))

    def spells() -> object:
        known = engine.scan(episode).filter(~nw.col("person_id").is_null())
        return collect(spell(known, by=["process"]))

    def stock() -> object:
        return collect(count(status_on(engine.scan(episode), date(2026, 3, 31)), ["process"]))

    def terms() -> object:
        possible = nw.col("item_or_scale") == "sessions_possible"
        rows = engine.scan(measure).filter(nw.col("measure_id") == "attendance")
        value = nw.col("value")
        parts = rows.with_columns(
            _a=nw.when(possible).then(value).otherwise(nw.lit(0.0)),
            _b=nw.when(possible).then(nw.lit(0.0)).otherwise(value),
        )
        return collect(
            parts.group_by("person_id", "on_date").agg(nw.col("_a").sum(), nw.col("_b").sum())
        )

    for name, ours, sql in (
        ("spell", spells, SPELL.format(path=episode)),
        ("stock", stock, STOCK.format(path=episode)),
        ("absence by term", terms, TERMS.format(path=measure)),
    ):
        ours_best = min(_seconds(ours) for _ in range(3))
        sql_best = min(
            _seconds(lambda q=sql: engine.connection.sql(q).to_arrow_table()) for _ in range(3)
        )
        print(
            f"{name:32} {ours_best:7.2f} s, SQL by hand {sql_best:.2f} s: {ours_best / sql_best:.2f} times"
        )


def _seconds(work) -> float:  # type: ignore[no-untyped-def]
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
