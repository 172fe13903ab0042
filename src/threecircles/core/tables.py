"""The one shape in which measuring rooms hand figures on: without it disclosure could not see them whole.

A `Measured` is a long table of estimates with its specification: what the rows count, which columns
are dimensions, how their values nest, and where the figures come from. Measuring rooms make it,
`disclosure` turns it into `Safe`, `report` draws it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

TOTAL = "All"
"""The word for a dimension's total in every measured table."""


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One column that divides a table.

    column: name in the frame (text). label: for people. parents: value -> parent value, for
    hierarchies (ward in locality, band in wider band); values without a parent belong to TOTAL.
    order: the order to show the values in. vintage: for areas, for example "ward24".
    """

    column: str
    label: str
    parents: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    vintage: str = ""


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """What a measured table is. All texts are for people and free of personal data.

    id: stable, lower case with hyphens. population: id of what is counted; tables of one population,
    unit and period share cells, so disclosure protects them together. count: the column with the
    number of children (or providers, events) behind each row, the one that decides disclosure.
    values: columns that carry figures and take the cell's status; `count` is one of them unless it
    is only the base. kind: what the figures are; "published" figures are not suppressed again.
    profile: id of the disclosure profile; "" = the place's default. page: page slug that shows it.
    definitions: ids with version; sources: source ids; step: the step that made it. beside: a sentence that
    goes with every figure wherever the table goes, also into its CSV; "" = none.
    """

    id: str
    title: str
    population: str
    period: str
    unit: str
    dimensions: tuple[Dimension, ...]
    count: str = "n"
    values: tuple[str, ...] = ("value", "low", "high", "numerator", "denominator", "n")
    kind: Literal["count", "rate", "share", "mean", "money", "published", "quality"] = "count"
    profile: str = ""
    page: str = ""
    notes: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    step: str = ""
    beside: str = ""


@dataclass(frozen=True)
class Measured:
    """A measured table: specification and frame.

    frame columns: the dimensions' columns (text), `measure` (text: which figure the row holds),
    then the value columns the specification names, of
      value      float64, the figure in the spec's unit
      low, high  float64?, ends of its 95% interval
      numerator, denominator  float64?
      n          int64, children (respondents) behind the figure, unweighted
      reason     text?, why a value is null: not_asked, not_heard, not_linked, not_applicable,
                 not_available, suppressed_at_source
    """

    spec: TableSpec
    frame: pl.DataFrame


def write_measured(table: Measured, folder: Path) -> Path:
    """Write the frame as Parquet and the specification as JSON beside it; returns the Parquet path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table.spec.id}.parquet"
    table.frame.write_parquet(path, statistics=False)
    path.with_suffix(".json").write_text(
        json.dumps(asdict(table.spec), ensure_ascii=False, indent=1, sort_keys=True)
    )
    return path


def read_measured(path: Path) -> Measured:
    """The inverse of write_measured."""
    raw = json.loads(path.with_suffix(".json").read_text())
    return Measured(spec_from_json(raw), pl.read_parquet(path))


def spec_from_json(raw: dict[str, Any]) -> TableSpec:
    """A specification from the JSON that asdict made."""
    dimensions = tuple(Dimension(**{**d, "order": tuple(d["order"])}) for d in raw["dimensions"])
    lists = {k: tuple(raw[k]) for k in ("values", "notes", "definitions", "sources")}
    return TableSpec(**{**raw, **lists, "dimensions": dimensions})


def number_id(table: str, dimensions: dict[str, str], measure: str, column: str = "value") -> str:
    """The id of one published figure: what `threecircles lineage` takes.

    Stable over runs: 12 hexadecimal digits of the SHA-256 over table, dimension values in order of
    their column names, measure and column, after "N".
    """
    parts = [table, *(f"{k}={dimensions[k]}" for k in sorted(dimensions)), measure, column]
    return "N" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]
