"""Says which figures are unlike others and unlike before: without it a doubled month would be sent unseen."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import polars as pl

from threecircles.quality.plausibility import Measure, Told, all_measures

YEARS_BEFORE = 5
ROBUST = 1.4826
"""A median absolute deviation times this is the standard deviation of a normal variable."""
MOST_DEVIATIONS = 3.0
ENGLAND = 970
FIRST_REGION = 970
CALENDAR = "calendar"
"""Kind of period of a series by the year that ends on 31 March; no other kind is compared."""

FEWEST_AUTHORITIES = 50
"""Below this many authorities a centile says nothing."""


@dataclass(frozen=True)
class Published:
    """What others publish. values: measure_short, la_number, kind, year, value, region by number.

    neighbours: DfE numbers of the authorities most alike. region: number of the authority's region.
    """

    values: pl.DataFrame
    la_number: int | None = None
    neighbours: tuple[int, ...] = ()
    region: int | None = None


@dataclass(frozen=True)
class Line:
    """One measure beside the published picture; None where nothing is held.

    history: (year, value) of the authority, oldest first. period: the published year compared with.
    usual: 5th and 95th centile of authorities; outer: 1st and 99th. flags: why it is unusual, in words.
    """

    measure: Measure
    value: float | None
    reason: str
    numerator: float | None
    denominator: float | None
    period: int | None
    england: float | None
    region: float | None
    neighbours: float | None
    usual: tuple[float, float] | None
    outer: tuple[float, float] | None
    history: tuple[tuple[int, float], ...]
    flags: tuple[str, ...]


def compare(told: Told, published: Published, year: int) -> tuple[Line, ...]:
    """Each measure of a return beside England, region, neighbours and the authority's own years.

    Compared is the newest published year up to the return's own; only series of years ending 31 March
    take part. A measure is unusual outside the 1st to 99th centile of authorities, or over three robust
    deviations from the authority's own last five years. Unusual is a query, never an error.
    """
    held = {m.id: m for m in all_measures()}
    return tuple(
        _line(held[row["id"]], row, published, year) for row in told.figures.iter_rows(named=True)
    )


def unusual_months(told: Told) -> tuple[str, ...]:
    """Sentences on months that stand out: over three robust deviations above the other months.

    The deviation is at least the square root of the middle month, which chance alone gives to a count.
    """
    found = []
    for (label,), part in told.months.group_by("label", maintain_order=True):
        counts = dict(part.select("month", "counted").iter_rows())
        for month, counted in counts.items():
            others = [n for m, n in counts.items() if m != month]
            middle = median(others)
            spread = max(
                ROBUST * median(abs(n - middle) for n in others), middle**0.5 if middle else 1.0
            )
            if counted > middle + MOST_DEVIATIONS * spread:
                found.append(
                    f"{label}: {counted:,} in {month:%B %Y}, where the other months have {middle:,.0f} in the middle. "
                    "Unusual, check: were records entered twice, or was old work entered late?"
                )
    return tuple(found)


def _line(measure: Measure, row: dict[str, object], published: Published, year: int) -> Line:
    series = published.values.filter(
        (pl.col("measure_short") == measure.series)
        & (pl.col("kind") == CALENDAR)
        & (pl.col("year") <= year)
        & pl.col("value").is_not_null()
    )
    authorities = series.filter(pl.col("la_number") < FIRST_REGION)
    period = _newest(authorities)
    others = authorities.filter(pl.col("year") == period)["value"] if period else None
    history = tuple(
        authorities.filter(
            (pl.col("la_number") == (published.la_number or -1))
            & (pl.col("year") < year)
            & (pl.col("year") >= year - YEARS_BEFORE)
        )
        .sort("year")
        .select("year", "value")
        .iter_rows()
    )
    value = row["value"]
    assert value is None or isinstance(value, float)
    usual = _centiles(others, 0.05, 0.95)
    outer = _centiles(others, 0.01, 0.99)
    england = _at(series, ENGLAND, period)
    if england is None and measure.england:
        newest = max((int(y) for y in measure.england if int(y) <= year), default=None)
        period = period or newest
        england = measure.england[str(newest)] if newest else None
    return Line(
        measure=measure,
        value=value,
        reason=str(row["reason"]),
        numerator=row["numerator"],  # type: ignore[arg-type]
        denominator=row["denominator"],  # type: ignore[arg-type]
        period=period,
        england=england,
        region=_at(series, published.region, period),
        neighbours=_middle(authorities, published.neighbours, period),
        usual=usual,
        outer=outer,
        history=history,
        flags=() if value is None else _flags(measure, value, outer, history),
    )


def _flags(
    measure: Measure,
    value: float,
    outer: tuple[float, float] | None,
    history: tuple[tuple[int, float], ...],
) -> tuple[str, ...]:
    found = []
    if outer and not outer[0] <= value <= outer[1]:
        side = "below" if value < outer[0] else "above"
        found.append(f"{side} 99 of 100 authorities")
    before = [v for _, v in history]
    if len(before) >= 3:
        middle = median(before)
        # A series printed without decimals may not have moved at all; half a printed step is no change.
        spread = max(ROBUST * median(abs(v - middle) for v in before), 10.0**-measure.decimals / 2)
        if abs(value - middle) > MOST_DEVIATIONS * spread:
            side = "lower" if value < middle else "higher"
            found.append(f"much {side} than your last {len(before)} published years")
    return tuple(found)


def _newest(values: pl.DataFrame) -> int | None:
    counted = values.group_by("year").len().filter(pl.col("len") >= FEWEST_AUTHORITIES)
    return None if counted.is_empty() else int(counted["year"].max())  # type: ignore[arg-type]


def _centiles(values: pl.Series | None, low: float, high: float) -> tuple[float, float] | None:
    if values is None or values.len() < FEWEST_AUTHORITIES:
        return None
    ends = (values.quantile(low, "linear"), values.quantile(high, "linear"))
    return None if ends[0] is None or ends[1] is None else (float(ends[0]), float(ends[1]))


def _at(values: pl.DataFrame, la_number: int | None, year: int | None) -> float | None:
    if la_number is None or year is None:
        return None
    found = values.filter((pl.col("la_number") == la_number) & (pl.col("year") == year))["value"]
    return None if found.is_empty() else float(found[0])


def _middle(values: pl.DataFrame, numbers: tuple[int, ...], year: int | None) -> float | None:
    if not numbers or year is None:
        return None
    found = values.filter(pl.col("la_number").is_in(list(numbers)) & (pl.col("year") == year))
    middle = found["value"].median()
    return None if middle is None else float(middle)  # type: ignore[arg-type]
