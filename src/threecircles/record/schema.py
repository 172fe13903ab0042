"""What a table of the record may hold: without declared schemas a build could change shape unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError, did_you_mean

Kind = Literal["text", "date", "int", "float", "bool", "texts", "attributes"]
Sensitivity = Literal["none", "pseudonym", "quasi", "special", "lineage"]

POLARS: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "date": pl.Date(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "texts": pl.List(pl.String()),
}


@dataclass(frozen=True)
class Column:
    """One column: name, type, what it means, and how far it may travel.

    kind: text, date (never a timestamp), int, float, bool, texts (list of text) or attributes (a
    struct of text fields, the keys that mappings declare). codes: allowed values, () = any.
    sensitivity: `lineage` columns never leave by the read door.
    """

    name: str
    kind: Kind
    description: str
    key: bool = False
    nullable: bool = True
    unit: str = ""
    codes: tuple[str, ...] = ()
    sensitivity: Sensitivity = "none"


@dataclass(frozen=True)
class Table:
    """A declared table. child_level: True when a row tells of one person."""

    name: str
    description: str
    columns: tuple[Column, ...]
    child_level: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key's columns."""
        return tuple(c.name for c in self.columns if c.key)

    def column(self, name: str) -> Column:
        """The column of that name. Raises UsageError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise UsageError(
            f"The table {self.name} has no column {name}.", mend=did_you_mean(name, self.names)
        )


def dtype(column: Column, attributes: tuple[str, ...] = ()) -> pl.DataType:
    """The Polars type of a column; attributes: the keys of its struct."""
    if column.kind == "attributes":
        return pl.Struct(dict.fromkeys(attributes, pl.String()))
    return POLARS[column.kind]


def conform(
    frame: pl.DataFrame, table: Table, attributes: tuple[str, ...] = ("none",)
) -> pl.DataFrame:
    """The frame in the table's order and types; absent nullable columns become null.

    Raises ThreeCirclesError for a column that the schema does not have: nothing travels undeclared.
    """
    if not frame.width:
        return pl.DataFrame(schema={c.name: dtype(c, attributes) for c in table.columns})
    extra = sorted(set(frame.columns) - set(table.names))
    if extra:
        raise _fault(table, f"{', '.join(extra)} is not in the schema.", ", ".join(table.names))
    columns = []
    for column in table.columns:
        wanted = dtype(column, attributes)
        if column.name not in frame.columns:
            columns.append(pl.lit(None, dtype=wanted).alias(column.name))
        elif column.kind == "attributes":
            columns.append(_struct(frame, column.name, attributes))
        else:
            columns.append(pl.col(column.name).cast(wanted))
    return frame.select(columns)


def check(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The frame itself when it keeps the schema: columns, types, nulls, codes, unique key.

    Raises ThreeCirclesError that names table, column, what was found and what is allowed.
    """
    if tuple(frame.columns) != table.names:
        raise _fault(table, f"the columns are {', '.join(frame.columns)}.", ", ".join(table.names))
    for column in table.columns:
        _check_column(frame, table, column)
    if table.key and (too_many := doubled(frame, table.key)):
        raise _fault(table, f"{too_many} rows share a key.", f"one row per {', '.join(table.key)}")
    return frame


def doubled(frame: pl.DataFrame, key: Sequence[str]) -> int:
    """How many rows are left over when every key stands once."""
    # Numbers are compared faster than texts, and only where two numbers are alike can two keys be.
    if frame.height == frame.select(key).hash_rows(seed=0).n_unique():
        return 0
    return frame.height - frame.select(key).n_unique()


def _check_column(frame: pl.DataFrame, table: Table, column: Column) -> None:
    found = frame.schema[column.name]
    if column.kind == "attributes":
        right = isinstance(found, pl.Struct) and all(
            field.dtype == pl.String for field in found.fields
        )
    else:
        right = found == POLARS[column.kind]
    if not right:
        raise _fault(table, f"{column.name} has the type {found}.", column.kind)
    if not column.nullable and frame[column.name].null_count():
        row = int(frame[column.name].is_null().arg_true()[0])
        raise _fault(table, f"{column.name} is empty in row {row:,}.", "a value in every row")
    if column.codes:
        # A code nobody knows is kept as `unmapped`, whatever the list (record.md 6).
        unknown = frame.filter(~pl.col(column.name).is_in([*column.codes, "unmapped"]))[
            column.name
        ].unique()
        if len(unknown):
            raise _fault(table, f"{column.name} holds {unknown[0]}.", ", ".join(column.codes))


def _struct(frame: pl.DataFrame, name: str, keys: tuple[str, ...]) -> pl.Expr:
    held = frame.schema[name]
    has = [f.name for f in held.fields] if isinstance(held, pl.Struct) else []
    if has == list(keys):
        return pl.col(name)
    fields = [
        (pl.col(name).struct.field(k) if k in has else pl.lit(None, dtype=pl.String)).alias(k)
        for k in keys
    ]
    return pl.struct(fields).alias(name)


def _fault(table: Table, what: str, allowed: str) -> ThreeCirclesError:
    return ThreeCirclesError(
        f"In the table {table.name} {what}",
        where=f"record/tables/{table.name}.py",
        allowed=allowed,
        mend="A build whose output differs from its schema stops here; mend the mapping or the schema.",
    )
