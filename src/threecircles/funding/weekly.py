"""Published weekly costs with what each is divided by: under like names they are six different things."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.symbols import parse_published
from threecircles.definitions import Definition, load
from threecircles.sources.published import find_published, read_published
from threecircles.sources.published_lait import FIRST_REGION, read_lait


@dataclass(frozen=True, kw_only=True)
class WeeklyMeasure:
    """One published weekly cost. stock: whether the number is of one day."""

    id: str
    label: str
    spend: str
    divided_by: str
    stock: bool


@dataclass(frozen=True, kw_only=True)
class WeeklyCosts(Definition):
    """The published weekly costs. small: numbers below it make a cost unsteady."""

    rounded_to: int
    small: int
    measures: list[WeeklyMeasure]


def weekly_definition() -> WeeklyCosts:
    """The shipped definitions."""
    return load("cost_rules/weekly", WeeklyCosts)


def weekly_cost(spend: float, number: float) -> float:
    """Pounds a week: yearly spend / number / 365 x 7, not rounded. Raises UsageError for no number."""
    if number <= 0:
        raise UsageError("A weekly cost needs somebody to divide by.", found=f"{number:g}")
    return spend / number / 365 * 7


def weekly_costs(folder: Path, la_code: str, year: int) -> pl.DataFrame:
    """Published weekly costs of an authority and of England in a financial year.

    Columns: measure, label, spend, divided_by, stock, authority, england (pounds a week; null = not
    published), ratio, doubtful (a number under 30, or one that is hidden, stands behind children looked after).
    Raises UsageError for a code that is no authority.
    """
    held = weekly_definition()
    files = find_published(folder, "lait", "authorities")
    spine = read_published(files["authorities"]).filter(pl.col("new_la_code") == la_code)
    if spine.is_empty():
        raise UsageError("There is no such authority.", found=la_code, mend="Give its ONS code, for example E10000020.")  # fmt: skip
    number = int(spine["old_la_code"][0])
    values = read_lait(files["lait"], *(m.id for m in held.measures), "LAC").values.filter(
        pl.col("year") == year, pl.col("la_number").is_in([number, FIRST_REGION])
    )
    read = {
        (m, la): v for m, la, v in values.select("measure_short", "la_number", "value").iter_rows()
    }
    few = _few_children(folder, la_code, year, held.small)
    rows = []
    for measure in held.measures:
        own, all_ = read.get((measure.id, number)), read.get((measure.id, FIRST_REGION))
        rows.append(
            {
                "measure": measure.id,
                "label": measure.label,
                "spend": measure.spend,
                "divided_by": measure.divided_by,
                "stock": measure.stock,
                "authority": own,
                "england": all_,
                "ratio": own / all_ if own is not None and all_ else None,
                "doubtful": measure.id == "LACFinance" and few,
            }
        )
    return pl.DataFrame(rows, schema_overrides={c: pl.Float64 for c in ("authority", "england", "ratio")})  # fmt: skip


def _few_children(folder: Path, la_code: str, year: int, small: int) -> bool:
    """Whether fewer than `small` children were looked after, or their number is hidden; no when no year is held."""
    frame = read_published(find_published(folder, "looked-after")["looked-after"]).filter(
        pl.col("new_la_code") == la_code,
        pl.col("time_period") == str(year),
        pl.col("population_type").str.contains("on 31 March"),
    )
    if frame.is_empty():
        return False
    children = parse_published(frame["children_count"][0])[0]
    return children is None or children < small
