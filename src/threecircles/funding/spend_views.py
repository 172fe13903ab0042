"""What a reader of spend asks for first: lines, sections, a child's part, and who the money is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.tables import Measured
from threecircles.funding.deflate import Deflator, load_deflator, real_pence
from threecircles.funding.fit_file import read_table
from threecircles.funding.flow import flow, flow_text
from threecircles.funding.share_rules import DIMENSIONS, load_share_rules, shared
from threecircles.funding.spend_show import table_text
from threecircles.funding.spend_tables import spend_tables


@dataclass(frozen=True)
class Shown:
    """tables: measured. split: part, pence and confidence, when share rules were named. prices: in words."""

    tables: tuple[Measured, ...]
    split: pl.DataFrame | None
    prices: str

    def as_dict(self) -> dict[str, Any]:
        """What `spend show --json` writes."""
        made: dict[str, Any] = {t.spec.id: t.frame.to_dicts() for t in self.tables}
        return {
            "prices": self.prices,
            **made,
            "split": None if self.split is None else self.split.to_dicts(),
        }


def show_tables(
    lines: pl.DataFrame,
    children: int | None,
    year: int,
    rules: str | None,
    by: str,
    deflator: str | None,
    prices: int | None,
    amounts: Mapping[str, Mapping[str, float]] | None = None,
) -> Shown:
    """Tables of spend in cash, or in the prices of a year when a series is named.

    amounts: activity -> part -> amount, for rules that go by something measured.
    Raises UsageError when prices are asked for without a series.
    """
    if children is not None and children <= 0:
        raise UsageError("The number of children must be above nought.", found=str(children), mend="Leave --children out to see spend without it.")  # fmt: skip
    words = "cash"
    if prices is not None or deflator is not None:
        series = load_deflator(deflator)
        base = prices or series.base_year
        lines = _real(lines, year, base, series)
        words = series.said(base)
    split = None
    if rules is not None:
        if by not in DIMENSIONS:
            raise UsageError(
                "Spend cannot be split by this.", found=by, allowed=", ".join(DIMENSIONS)
            )
        split = (
            shared(lines, load_share_rules(rules), by, amounts)
            .group_by("part", "confidence")
            .agg(pl.col("pence").sum())
            .sort("pence", descending=True)
        )
    return Shown(tuple(spend_tables(lines, children, year)), split, words)


def read_amounts(path: Path) -> dict[str, dict[str, float]]:
    """Activity -> part -> amount from a table with columns activity, part, amount. Raises an error naming the file."""
    made: dict[str, dict[str, float]] = {}
    for activity, part, amount in read_table(path, ("activity", "part", "amount")).iter_rows():
        made.setdefault(str(activity), {})[str(part)] = float(amount)
    return made


def to_draw(
    lines: pl.DataFrame,
    rules: str | None,
    amounts: Mapping[str, Mapping[str, float]] | None,
    out: Path,
) -> tuple[pl.DataFrame, str]:
    """The money's way to be drawn as SVG: its table, and that in words. Raises UsageError without rules."""
    if rules is None:
        raise UsageError("A drawing of the money's way needs share rules.", mend="Name them with --rules.")  # fmt: skip
    if out.suffix.lower() != ".svg":
        raise UsageError("The drawing cannot be written so.", found=out.name, allowed=".svg")
    table = flow(lines, load_share_rules(rules), amounts)
    return table, flow_text(table)


def _real(lines: pl.DataFrame, year: int, base: int, series: Deflator) -> pl.DataFrame:
    # Asked first: inside the expression below the sentence would come wrapped in another's.
    series.index(base), series.index(year)
    money = [c for c in lines.columns if c.endswith("_pence")]
    return lines.with_columns(
        pl.col(c).map_elements(lambda p: real_pence(p, year, base, series), return_dtype=pl.Int64)
        for c in money
    )


def show_text(shown: Shown) -> str:
    """What `spend show` prints."""
    parts = [table_text(t) for t in shown.tables if t.spec.id != "spend-lines"]
    if shown.prices != "cash":
        parts = [
            p.replace("In cash, not in the prices of one year.", f"In {shown.prices}.")
            for p in parts
        ]
    if shown.split is not None:
        lines = ["Shared out (unallocated money is what no rule holds for):"]
        lines += [
            f"  {row['part']:<30}£{row['pence'] / 100:>16,.0f}  {row['confidence']}"
            for row in shown.split.iter_rows(named=True)
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
