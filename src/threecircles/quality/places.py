"""From breaking combinations to places and messages: without it a finding would have no address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from threecircles.quality.execution import Outcome
from threecircles.quality.layout import row_column
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


def places_of(
    outcomes: Iterable[Outcome],
    tables: Mapping[str, pl.DataFrame],
    sent: Mapping[str, frozenset[str]],
) -> pl.DataFrame:
    """One row per rule, table and row found, in order of the outcomes, then of group, table, row.

    A row that one rule found in several combinations keeps the first one's group and message; when
    it has two roles its columns are those of both. Columns that were not handed in are left out.
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
        combinations = pl.concat(pl.collect_all(self.combinations)).with_row_index("combination")
        tables = [table for table, _ in self.reports]
        found = (
            pl.concat(self.found)
            .lazy()
            .with_columns(
                pl.col("combination").cast(pl.UInt32),
                table=pl.lit(pl.Series(tables, dtype=pl.String)).gather(pl.col("report")),
            )
            .filter(pl.col("row").is_not_null() | pl.col("table").is_null())
            .sort("combination", maintain_order=True)
            .join(combinations.lazy(), on="combination", how="left", maintain_order="left")
            .group_by("rule", "table", "row", maintain_order=True)
            .agg(
                pl.col("report").unique(maintain_order=True),
                pl.col("combination", "severity", "message", "group").first(),
            )
            .collect()
        )
        columns = self._columns(found["report"])
        codes = pl.Series(self.rules, dtype=pl.String)
        code = codes.gather(found["rule"])
        group = pl.coalesce(pl.col("group"), pl.col("row").cast(pl.String))
        return (
            found.with_columns(
                rule=code,
                columns=columns,
                group=pl.when(group.is_null()).then(code).otherwise(code + ":" + group),
            )
            .select(list(SCHEMA))
            .rechunk()
        )

    def _columns(self, reports: pl.Series) -> pl.Series:
        """The columns to look at, where a row was reported in each of the roles listed."""
        named = reports.cast(pl.List(pl.String)).list.join(",")
        different = named.unique()
        lists = [
            list(dict.fromkeys(c for n in text.split(",") for c in self.reports[int(n)][1]))
            for text in different.to_list()
        ]
        known = pl.DataFrame(
            {"named": different, "columns": lists}, schema_overrides={"columns": SCHEMA["columns"]}
        )
        joined = named.to_frame("named").join(known, on="named", maintain_order="left", how="left")
        return joined["columns"]


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
    own = pl.lit(rule.severity)
    if "confidence" in combined.columns:
        own = (
            pl.when(pl.col("confidence").fill_null(1.0) < 0.95).then(pl.lit("query")).otherwise(own)
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
