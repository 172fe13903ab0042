"""Any caller's frame as plain text columns: without it each rule would meet floats, NaN and dates."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import narwhals as nw
import polars as pl
from narwhals.exceptions import DuplicateError

from threecircles.core.errors import UsageError
from threecircles.quality.layout import COMPANIONS, Table

LIST_MARK = ","
_NAME_NOISE = re.compile(r"[\s_\-?\"'\ufeff\u200b]+")
_CODES = re.compile(r"[A-Za-z0-9]+")
_KEPT = ("_row", "_file", "_at")


def plain_name(name: str) -> str:
    """A heading without case, spaces, underscores, hyphens and quotes, for matching."""
    return _NAME_NOISE.sub("", name).casefold()


def canonical(
    frame: Any, table: Table, normalise_booleans: bool, as_read: bool = False
) -> pl.DataFrame:
    """The known columns of a frame as text, in the caller's row order; other columns are left out.

    frame: Polars, Arrow, list of records, mapping of columns, or any frame that Narwhals takes.
    table: the layout, whose date form and case habits hold. normalise_booleans: write true and
    false in any case as 1 and 0. as_read: our readers have seen to case, spaces, blanks and yes or no
    already. Columns: those of the layout that were given, their typed companions when given as such
    types, and _file, _at when given. The input is not changed.
    """
    names = {plain_name(column): column for column in table.columns}
    columns: dict[str, pl.Series] = {}
    height = 0
    for heading, values in _columns(frame):
        height = max(height, len(values))
        known = names.get(plain_name(heading))
        if known is not None and known not in columns:
            columns[known] = _text(values, table, known).alias(known)
        elif heading in _KEPT[1:] or _is_companion(heading, values, table):
            columns[heading] = pl.Series(heading, values)
    if not columns and _is_empty_list(frame):
        columns = {name: pl.Series(name, [], dtype=pl.String) for name in table.columns}
    if not columns:
        return pl.DataFrame({"_none": [None] * height})
    laid = pl.DataFrame(list(columns.values()))
    if as_read:
        return laid.rechunk()
    return laid.with_columns(
        _tidy(name, table, normalise_booleans) for name in columns if name in table.columns
    )


def _is_empty_list(frame: Any) -> bool:
    return isinstance(frame, Sequence | Mapping) and len(frame) == 0


def _columns(frame: Any) -> list[tuple[str, pl.Series | list[Any]]]:
    """Name and values of each column of any frame."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return [(name, frame[name]) for name in frame.columns]
    if isinstance(frame, Mapping):
        return _of_one_length(frame)
    if isinstance(frame, Sequence) and not isinstance(frame, str | bytes):
        return _of_records(frame)
    try:
        native = nw.from_native(frame)
    except TypeError:
        raise _no_table(type(frame).__name__) from None
    except DuplicateError:
        raise UsageError("A table has two columns of one name.") from None
    if isinstance(native, nw.LazyFrame):
        native = native.collect()
    return [(name, native[name].to_list()) for name in native.columns]


def _of_one_length(columns: Mapping[Any, Any]) -> list[tuple[str, pl.Series | list[Any]]]:
    if any(isinstance(v, str | bytes) or not isinstance(v, Iterable) for v in columns.values()):
        raise _no_table("a mapping of single values")
    held: list[tuple[str, pl.Series | list[Any]]] = [
        (str(name), list(values)) for name, values in columns.items()
    ]
    if len({len(values) for _, values in held}) > 1:
        lengths = ", ".join(f"{name} {len(values)}" for name, values in held)
        raise UsageError("The columns of a table are of several lengths.", found=lengths)
    return held


def _of_records(records: Sequence[Any]) -> list[tuple[str, pl.Series | list[Any]]]:
    for record in records:
        if not isinstance(record, Mapping):
            raise _no_table(f"a list of {type(record).__name__}")
    headings = list(dict.fromkeys(key for record in records for key in record))
    return [(str(key), [record.get(key) for record in records]) for key in headings]


def _no_table(found: str) -> UsageError:
    return UsageError(
        f"A table cannot be read from {found}.",
        allowed="a Polars or Arrow table, a list of records, a mapping of columns, or a frame that Narwhals takes",
    )


def _is_companion(heading: str, values: pl.Series | list[Any], table: Table) -> bool:
    base, mark, kind = heading.rpartition("__")
    if not mark or not isinstance(values, pl.Series) or kind not in COMPANIONS:
        return False
    right_type = {"date": values.dtype == pl.Date, "int": values.dtype.is_integer()}
    return (
        base in table.columns and table.companion(base) == heading and right_type.get(kind, False)
    )


def _text(values: pl.Series | list[Any], table: Table, column: str) -> pl.Series:
    kind = table.columns[column].type
    series = values if isinstance(values, pl.Series) else _series(values, table, kind)
    return _series_text(series, table, kind)


def _tidy(column: str, table: Table, normalise_booleans: bool) -> pl.Expr:
    """Case, spaces and yes or no in the return's own form; nothing in place of an empty text."""
    text = pl.col(column)
    if table.upper_case:
        text = text.str.strip_chars().str.to_uppercase()
    if table.columns[column].type == "bool" and normalise_booleans:
        plain = text.str.strip_chars().str.to_lowercase()
        text = (
            pl.when(plain.is_in(["true", "1"]))
            .then(pl.lit("1"))
            .when(plain.is_in(["false", "0"]))
            .then(pl.lit("0"))
            .otherwise(text)
        )
    return pl.when(text != "").then(text).alias(column)


def _series(values: list[Any], table: Table, kind: str) -> pl.Series:
    if all(value is None or isinstance(value, str) for value in values):
        return pl.Series(values, dtype=pl.String)
    return pl.Series([cell_text(v, table.date_form, kind) for v in values], dtype=pl.String)


def _series_text(series: pl.Series, table: Table, kind: str) -> pl.Series:
    dtype = series.dtype
    if dtype == pl.String:
        return _list_text(series) if kind == "list" else series
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return series.dt.strftime("%d/%m/%Y" if table.date_form == "dd/mm/yyyy" else "%Y-%m-%d")
    if dtype == pl.Boolean:
        return series.cast(pl.Int8).cast(pl.String)
    if dtype.is_integer() or dtype in (pl.Categorical, pl.Enum) or dtype == pl.Null:
        return series.cast(pl.String)
    cells = [cell_text(value, table.date_form, kind) for value in series.to_list()]
    return pl.Series(cells, dtype=pl.String)


def _list_text(series: pl.Series) -> pl.Series:
    if not series.str.contains(r"[^A-Za-z0-9,]").any():
        return series
    return pl.Series([cell_text(v, "", "list") for v in series.to_list()], dtype=pl.String)


def cell_text(value: Any, date_form: str, kind: str = "text") -> str | None:
    """One cell as text: whole numbers without .0, dates in the return's form, lists joined.

    None, NaN and not-a-time give None.
    """
    text: str | None
    value = _plain(value)
    if value is None or (
        not isinstance(value, str | list | tuple) and value is not None and _is_nan(value)
    ):
        text = None
    elif isinstance(value, list | tuple | set | frozenset):
        text = LIST_MARK.join(str(v).strip() for v in value if v is not None) or None
    elif isinstance(value, bool):
        text = str(int(value))
    elif isinstance(value, datetime | date):
        text = value.strftime("%d/%m/%Y" if date_form == "dd/mm/yyyy" else "%Y-%m-%d")
    elif isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        text = str(int(value))
    elif kind == "list":
        text = LIST_MARK.join(_CODES.findall(str(value))) or None
    else:
        text = str(value)
    return text


def _plain(value: Any) -> Any:
    """A cell as Python's own kind: NumPy's scalars, bytes, and the missing value that pandas writes NA."""
    kind = type(value)
    if kind.__name__ == "NAType":
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if kind.__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return value.astype("datetime64[us]").item() if value.dtype.kind == "M" else value.item()
    return value


def _is_nan(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    try:
        return bool(value != value)  # noqa: PLR0124 - only not-a-number differs from itself
    except (TypeError, ValueError):
        return False
