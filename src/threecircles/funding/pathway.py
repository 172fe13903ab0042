"""What a child's way through care cost, day by day and event by event: without it only averages are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.cost_table import SUBJECTS, CostTable, check_overlap

COLUMNS = (
    "person_id", "from", "to", "component", "unit", "quantity", "pence", "table_row_id", "source_event_ids",
)  # fmt: skip
DAYS = {"day": 1, "week": 7}
MAINTAIN = "process-3"


def pathway_cost(
    placements: pl.DataFrame,
    events: pl.DataFrame,
    tables: Sequence[CostTable] | CostTable,
    start: date,
    end: date,
) -> pl.DataFrame:
    """The cost of each child's days and events from `start` to `end`, both days in.

    placements: person_id, event_id, placement_type, valid_from, valid_to? (null = goes on), and any of
    age_band, need_group, provider. events: person_id, event_id, component (a process), on_date, and the
    same optional columns. A day counts if the child is in the placement at its end: start day in, end day
    out. Each piece of a placement costs what the whole costs to its end less what it costs to its start,
    so periods that join add up to the penny. Placements come first, then their keeping, then events.
    Columns: COLUMNS; pence null where the table has no price (table_row_id "uncosted"), never nought.
    Raises UsageError for tables that overlap.
    """
    used = [tables] if isinstance(tables, CostTable) else list(tables)
    check_overlap(used)
    if end < start:
        raise UsageError("The period ends before it starts.", found=f"{start} to {end}")
    days = _days(placements, start, end)
    subject = [c for c in SUBJECTS if c in placements.columns]
    pieces = [
        _timed(days, "placement", subject, used),
        _timed(days.filter(pl.col("placement_type") != "respite"), MAINTAIN, subject, used),
        _counted(events, start, end, used),
    ]
    return pl.concat(pieces)


def totals(costs: pl.DataFrame, by: Sequence[str] = ("person_id",)) -> pl.DataFrame:
    """Pence and uncosted pieces by the named columns. Columns: by, pence, uncosted."""
    return (
        costs.group_by(list(by))
        .agg(pl.col("pence").sum(), uncosted=(pl.col("table_row_id") == "uncosted").sum())
        .sort(list(by))
    )


def spread(costs: pl.DataFrame) -> dict[str, float]:
    """How unlike children are: children, mean, median, 90th percentile (pence) and the top hundredth's share."""
    each = costs.group_by("person_id").agg(pl.col("pence").sum())["pence"].sort()
    if each.is_empty():
        raise UsageError("Nobody has a cost in this period.")
    top = max(1, -(-len(each) // 100))
    whole = float(each.sum())
    return {
        "children": float(len(each)),
        "mean": whole / len(each),
        "median": float(each.median()),  # type: ignore[arg-type]
        "p90": float(each.quantile(0.9, "linear")),  # type: ignore[arg-type]
        "top_hundredth_share": float(each.tail(top).sum()) / whole if whole else 0.0,
    }


def lorenz(costs: pl.DataFrame, steps: int = 20) -> pl.DataFrame:
    """The share of cost that the cheapest part of children takes. Columns: children, cost (both 0 to 1)."""
    each = costs.group_by("person_id").agg(pl.col("pence").sum())["pence"].sort().cast(pl.Float64)
    sums, n = each.cum_sum(), len(each)
    rows = [(0.0, 0.0)]
    for step in range(1, steps + 1):
        at = max(1, round(n * step / steps))
        rows.append((step / steps, float(sums[at - 1]) / max(float(sums[-1]), 1.0)))
    return pl.DataFrame(rows, schema={"children": pl.Float64, "cost": pl.Float64}, orient="row")


def _days(placements: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    """Placements cut to the period; `_a`, `_b` count days from the placement's own start."""
    after = end + timedelta(days=1)
    last = pl.min_horizontal(pl.col("valid_to").fill_null(after), pl.lit(after))
    first = pl.max_horizontal(pl.col("valid_from"), pl.lit(start))
    return (
        placements.with_columns(_from=first, _to=last)
        .filter(pl.col("_to") > pl.col("_from"))
        .with_columns(
            _a=(pl.col("_from") - pl.col("valid_from")).dt.total_days(),
            _b=(pl.col("_to") - pl.col("valid_from")).dt.total_days(),
        )
    )


def _prices(rows: pl.DataFrame, subject: list[str], used: Sequence[CostTable]) -> pl.DataFrame:
    """The price of each kind of row that occurs. Columns: component, subject, unit, _price, table_row_id."""
    kinds = rows.select("component", *subject).unique()
    made = []
    for kind in kinds.iter_rows(named=True):
        of = {k: kind[k] for k in subject}
        found = [(t, r) for t in used if (r := t.price(kind["component"], of)) is not None]
        if len(found) > 1:
            raise UsageError(
                f"{kind['component']} has a price in two tables.",
                found=", ".join(t.id for t, _ in found),
            )
        table, row = found[0] if found else (None, None)
        name = f"{table.id}:{row.id}" if table and row else "uncosted"
        made.append({**kind, "unit": row.unit if row else "", "_price": row.pence if row else None, "table_row_id": name})  # fmt: skip
    told = {"unit": pl.Utf8(), "_price": pl.Int64(), "table_row_id": pl.Utf8()}
    schema: dict[str, pl.DataType] = {**kinds.schema, **told}
    return pl.DataFrame(made, schema=schema)


def _timed(
    days: pl.DataFrame, component: str, subject: list[str], used: Sequence[CostTable]
) -> pl.DataFrame:
    rows = days.with_columns(component=pl.lit(component))
    priced = rows.join(
        _prices(rows, subject, used), on=["component", *subject], how="left", nulls_equal=True
    )
    length = pl.col("unit").replace_strict(DAYS, default=1, return_dtype=pl.Int64)
    return priced.select(
        "person_id",
        pl.col("_from").alias("from"),
        pl.col("_to").alias("to"),
        "component",
        pl.col("unit"),
        ((pl.col("_b") - pl.col("_a")) / length).alias("quantity"),
        (_to_day("_b", length) - _to_day("_a", length)).alias("pence"),
        "table_row_id",
        pl.concat_list(pl.col("event_id").cast(pl.Utf8)).alias("source_event_ids"),
    )


def _to_day(day: str, length: pl.Expr) -> pl.Expr:
    """What a placement has cost by a day of it, in whole pence, halves up."""
    return (2 * pl.col("_price") * pl.col(day) + length) // (2 * length)


def _counted(
    events: pl.DataFrame, start: date, end: date, used: Sequence[CostTable]
) -> pl.DataFrame:
    subject = [c for c in SUBJECTS if c in events.columns]
    rows = events.filter(pl.col("on_date").is_between(start, end))
    priced = rows.join(
        _prices(rows, subject, used), on=["component", *subject], how="left", nulls_equal=True
    )
    return priced.select(
        "person_id",
        pl.col("on_date").alias("from"),
        (pl.col("on_date") + pl.duration(days=1)).alias("to"),
        "component",
        pl.col("unit"),
        pl.lit(1.0).alias("quantity"),
        pl.col("_price").alias("pence"),
        "table_row_id",
        pl.concat_list(pl.col("event_id").cast(pl.Utf8)).alias("source_event_ids"),
    )
