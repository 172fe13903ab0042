"""From breaking combinations to places and messages: without it a finding would have no address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from threecircles.quality.execution import Outcome
from threecircles.quality.layout import row_column
from threecircles.quality.lean import one_of
from threecircles.quality.messages import message
from threecircles.quality.rule import Rule

SCHEMA: dict[str, Any] = {
    "rule": pl.String,
    "table": pl.String,
    "row": pl.Int64,
    "columns": pl.List(pl.String),
    "severity": pl.String,
    "message": pl.String,
    "group": pl.String,
}

SEVERITIES = one_of(["error", "query"])
"""In the order of their letters, so that they sort as texts do."""


def places_of(
    outcomes: Iterable[Outcome],
    tables: Mapping[str, pl.DataFrame],
    sent: Mapping[str, frozenset[str]],
) -> pl.DataFrame:
    """One row per rule, table and row found, in order of the outcomes, then of group, table, row.

    A row that one rule found in several combinations keeps the first one's group and message; when
    it has two roles its columns are those of both. Columns that were not handed in are left out.
    Texts that recur are held as one of a list (lean.py).
    """
    parts = _Parts()
    for outcome in outcomes:
        if outcome.broken is not None and not outcome.broken.is_empty():
            parts.add(outcome.rule, outcome.broken, tables, sent)
    if not parts.found:
        return pl.DataFrame(schema=SCHEMA)
    return parts.as_rows()


@dataclass
class _Parts:
    """What is common to many rows is held once and named by its position: a check finds a million."""

    rules: list[str] = field(default_factory=list)
    reports: list[tuple[str | None, list[str]]] = field(default_factory=list)
    combinations: list[pl.LazyFrame] = field(default_factory=list)
    found: list[pl.DataFrame] = field(default_factory=list)
    height: int = 0

    def add(
        self, rule: Rule, broken: pl.DataFrame, tables: Mapping[str, pl.DataFrame],
        sent: Mapping[str, frozenset[str]],
    ) -> None:  # fmt: skip
        """The combinations that broke one rule, and the rows of each of its reports."""
        if rule.unit == "return":
            broken = broken.head(1)
        position, height = len(self.rules), broken.height
        self.rules.append(rule.code)
        number = pl.int_range(self.height, self.height + height, eager=True).alias("combination")
        self.height += height
        values, said = message(rule, broken, tables)
        combined = pl.DataFrame([_all(position, height).alias("rule"), *_known(broken), *values])
        self.combinations.append(
            combined.lazy().select(
                "rule", _group(rule, combined), _severity(rule, combined), said.alias("message")
            )
        )
        for report, rows in _reported(rule, broken, sent):
            places = [number, rows.alias("row"), _all(len(self.reports), height).alias("report")]
            self.reports.append(report)
            self.found.append(pl.DataFrame(places))

    def as_rows(self) -> pl.DataFrame:
        """The places, one row each."""
        combinations = pl.concat(pl.collect_all(self.combinations), rechunk=True)
        known = list(dict.fromkeys(table for table, _ in self.reports))
        tables = pl.Series(known, dtype=pl.String)
        found = pl.concat(self.found, rechunk=True)
        number = pl.Series([known.index(table) for table, _ in self.reports], dtype=pl.Int64)
        found = found.with_columns(
            number.gather(found["report"]).alias("table"),
            combinations["rule"].gather(found["combination"]).alias("rule"),
        )
        # Only a finding about the whole return has no row; what else has none points at nothing.
        found = found.filter(pl.col("row").is_not_null() | tables.is_null().gather(found["table"]))
        once, columns = self._once(found.sort("combination", maintain_order=True))
        told = combinations[once["combination"]]
        rules = pl.Series(self.rules, dtype=pl.String)
        code = rules.gather(once["rule"])
        group = pl.coalesce(told["group"], once["row"].cast(pl.String))
        return pl.select(
            rule=rules.cast(one_of(self.rules)).gather(once["rule"]),
            table=tables.cast(one_of(known)).gather(once["table"]),
            row=once["row"],
            columns=columns,
            severity=told["severity"],
            message=told["message"],
            group=pl.when(group.is_null()).then(code).otherwise(code + ":" + group),
        ).rechunk()

    def _once(self, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
        """Each row of a table once for each rule, as it was first found, and the columns to look at in it."""
        columns = [listed for _, listed in self.reports]
        place = pl.col("rule") * pl.lit(len(self.reports), pl.Int64) + pl.col("table")
        rows = pl.col("row").max().fill_null(0) + 2
        found = found.with_columns(
            place=place * rows + pl.col("row").fill_null(-1) + 1,
            found=pl.int_range(pl.len(), dtype=pl.UInt32),
        )
        again = found["place"].is_duplicated()
        if again.any():
            several = (
                found.filter(again)
                .group_by("place", maintain_order=True)
                .agg(
                    pl.col("report").unique(maintain_order=True),
                    pl.col("combination", "row", "table", "rule", "found").first(),
                )
            )
            several = several.with_columns(_together(several["report"], columns))
            once = [found.filter(~again), several.select(found.columns)]
            found = pl.concat(once, rechunk=True).sort("found")
        named = one_of(column for listed in columns for column in listed)
        return found, pl.Series(columns, dtype=pl.List(named)).gather(found["report"])


def _together(reports: pl.Series, columns: list[list[str]]) -> pl.Series:
    """A number for each row that was reported in several roles; their columns are added to `columns`."""
    named = reports.cast(pl.List(pl.String)).list.join(",")
    numbers: dict[str, int] = {}
    for text in named.unique(maintain_order=True):
        numbers[text] = len(columns)
        columns.append(list(dict.fromkeys(c for n in text.split(",") for c in columns[int(n)])))
    return named.replace_strict(numbers, return_dtype=pl.Int32).alias("report")


def _all(value: int, height: int) -> pl.Series:
    return pl.Series([value], dtype=pl.Int32).new_from_index(0, height)


def _known(broken: pl.DataFrame) -> list[pl.Series]:
    """What a rule's query says of a combination beside its rows."""
    return [broken[name] for name in ("grp", "confidence") if name in broken.columns]


def _group(rule: Rule, combined: pl.DataFrame) -> pl.Expr:
    """What ties the rows of one combination; null where the row alone does."""
    told = rule.unit != "return" and "grp" in combined.columns
    return (pl.col("grp") if told else pl.lit(None, dtype=pl.String)).alias("group")


def _severity(rule: Rule, combined: pl.DataFrame) -> pl.Expr:
    """The rule's own, or a query where a link between two records is not certain."""
    own = pl.lit(rule.severity, dtype=SEVERITIES)
    if "confidence" in combined.columns:
        own = (
            pl.when(pl.col("confidence").fill_null(1.0) < 0.95)
            .then(pl.lit("query", dtype=SEVERITIES))
            .otherwise(own)
        )
    return own.alias("severity")


def _reported(
    rule: Rule, broken: pl.DataFrame, sent: Mapping[str, frozenset[str]]
) -> Iterator[tuple[tuple[str | None, list[str]], pl.Series]]:
    """Table, columns and rows of each report of a rule; a rule of the whole return has no row."""
    if rule.unit == "return":
        columns = list(dict.fromkeys(c for reported in rule.reports for c in reported.columns))
        yield (None, columns), pl.Series([None] * broken.height, dtype=pl.Int64)
        return
    for reported in rule.reports:
        there = [c for c in reported.columns if c in sent.get(reported.table, ())]
        rows = broken[row_column(reported.table, reported.role)]
        yield (reported.table, there or list(reported.columns)), rows
