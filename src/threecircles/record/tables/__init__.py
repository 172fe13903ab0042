"""Every declared table of the record, one module each: what the manual page is generated from."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.record.schema import Table


@cache
def tables() -> dict[str, Table]:
    """All declared tables by name."""
    modules = [m.name for m in iter_modules(__path__) if m.name != "columns"]
    found = [import_module(f"{__name__}.{name}").TABLE for name in sorted(modules)]
    return {table.name: table for table in found}


def table(name: str) -> Table:
    """The declared table of that name. Raises UsageError for another."""
    if name not in tables():
        raise UsageError(
            f"The record has no table {name}.",
            allowed=", ".join(tables()),
            mend=did_you_mean(name, tables()),
        )
    return tables()[name]
