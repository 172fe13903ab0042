"""Costing 100,000 children's five years beside a plain aggregation of the same rows (spec/funding.md A6).

POLARS_MAX_THREADS=1 python benchmarks/funding_pathway.py [100000]
"""

import sys
import time
from datetime import date

import duckdb
import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.funding.cost_table import load_cost_table
from threecircles.funding.pathway import pathway_cost

FROM, TO = date(2020, 4, 1), date(2025, 3, 31)
PLAIN = """
select person_id, placement_type, sum(days) as days, sum(days * price / 7.0) as pence from (
  select person_id, placement_type, date_diff('day', greatest(valid_from, date '2020-04-01'),
         least(coalesce(valid_to, date '2025-04-01'), date '2025-04-01')) as days,
         case placement_type when 'foster' then 70000 when 'home' then 490000 else 120000 end as price
  from placements) where days > 0 group by all
"""


ROUNDS = 5
"""Turn about, the best of each: what other work on the machine adds falls on either at random."""


def rows(children: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """About five placements and twelve events a child over five years."""
    draw = rng(1, "pathway")
    person = np.repeat(np.arange(children), 5)
    length = draw.integers(30, 500, len(person)).reshape(children, 5)
    starts = draw.integers(-300, 900, children)[:, None] + np.cumsum(length, axis=1) - length
    origin = np.datetime64("2020-04-01")
    kinds = np.array(["foster", "home", "semi_independent"])
    placements = pl.DataFrame(
        {
            "person_id": person.astype(str),
            "event_id": np.arange(len(person)).astype(str),
            "placement_type": kinds[draw.choice(3, len(person), p=[0.7, 0.2, 0.1])],
            "valid_from": (origin + starts.ravel()).astype("datetime64[D]"),
            "valid_to": (origin + (starts + length).ravel()).astype("datetime64[D]"),
        }
    ).with_columns(pl.col("valid_from", "valid_to").cast(pl.Date))
    who = np.repeat(np.arange(children), 12)
    events = pl.DataFrame(
        {
            "person_id": who.astype(str),
            "event_id": np.arange(len(who)).astype(str),
            "component": draw.choice(
                ["process-1", "process-2", "process-5", "process-6"], len(who)
            ),
            "on_date": (origin + draw.integers(-200, 2000, len(who))).astype("datetime64[D]"),
        }
    ).with_columns(pl.col("on_date").cast(pl.Date))
    return placements, events


def main() -> None:
    """Print both times and their ratio."""
    children = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    placements, events = rows(children)
    table = load_cost_table("demo")
    pathway_cost(placements.head(10), events.head(10), table, FROM, TO)
    connection = duckdb.connect(config={"threads": 1})
    connection.register("placements", placements.to_arrow())
    connection.register("events", events.to_arrow())
    ours, plain = [], []
    for _ in range(ROUNDS):
        started = time.process_time()
        made = pathway_cost(placements, events, table, FROM, TO)
        ours.append(time.process_time() - started)
        started = time.process_time()
        connection.sql(PLAIN).pl()
        connection.sql("select person_id, component, count(*) as n from events where on_date between date '2020-04-01' and date '2025-03-31' group by all").pl()  # fmt: skip
        plain.append(time.process_time() - started)
    print(f"{children:,} children, {placements.height + events.height:,} rows, {made.height:,} costed pieces: {min(ours):.2f} s, "
          f"plain aggregation {min(plain):.2f} s, {min(ours) / min(plain):.1f} times (best of {ROUNDS})")  # fmt: skip


if __name__ == "__main__":
    main()
