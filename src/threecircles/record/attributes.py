"""Attributes as plain columns: without one way to ask for them each room would unpack the struct anew."""

from __future__ import annotations

import narwhals as nw


def attribute(name: str) -> nw.Expr:
    """The attribute of that name as a text column; null where the row has none.

    name: a key that a shipped mapping declares for the table (`threecircles record schema episode`).
    """
    return nw.col("attributes").struct.field(name)


def with_attributes(rows: nw.LazyFrame, *names: str) -> nw.LazyFrame:
    """The rows with the named attributes as columns beside the others."""
    return rows.with_columns(**{name: attribute(name) for name in names})
