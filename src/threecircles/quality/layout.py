"""What the tables of a return hold: without it a rule could not tell a date from a code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions import load
from threecircles.definitions.loader import HOME
from threecircles.definitions.yaml12 import parse

PREVIOUS = "_last"
"""Ending of a table's name that means the same table of the year before."""

COMPANIONS = {"date": "DATE", "int": "BIGINT", "number": "DOUBLE", "list": "VARCHAR[]"}
"""Column type -> SQL type of its typed companion `<column>__<type>`; other types have none."""

CROSS_SCHEMAS = {"cin": "cin", "s903": "903"}
"""Name before the dot in a cross-return rule's table -> return whose layout holds."""

CROSS_SOURCES = {
    "school": "school-census",
    "help": "early-help",
    "justice": "youth-justice",
    "costs": "s251-placement-costs",
    "annex": "annex-a",
    "work": "social-work-workforce",
    "health": "child-health",
    "eyfs": "eyfs-profile",
    "attendance": "attendance-at-provision",
    "register": "centre-register",
    "nursery": "early-years-census",
    "twos": "two-year-place",
    "alternative": "alternative-provision-census",
    "areas": "area-activity",
    "camhs": "camhs",
    "visiting": "health-visiting",
    "emergency": "emergency-care",
    "speech": "speech-language-therapy",
    "review": "two-year-review",
}
"""The same for sources without a rule set, whose definition tells their columns."""

DECLARED = {"attendance": "attendance-at-provision", "area_activity": "area-activity"}
"""Return -> source whose own definition is its layout."""

_TYPES: dict[str, Literal["date", "int", "number"]] = {
    "date": "date",
    "datetime": "date",
    "int": "int",
    "decimal": "number",
    "money": "number",
}
_DATE_FORMS = {"iso": "yyyy-mm-dd", "day-first": "dd/mm/yyyy"}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. type: text, date, int, number, bool (1/0 as text) or list of codes."""

    type: Literal["text", "date", "int", "number", "bool", "list"]
    label: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table. child: the column that names the child, or "". since: first collection year.

    date_form: yyyy-mm-dd or dd/mm/yyyy, the only form of a date in text. upper_case: whether text
    is upper-cased and trimmed on reading. Both come from the layout when a table does not say.
    """

    label: str
    child: str
    columns: dict[str, Column]
    since: int | None = None
    date_form: str = ""
    upper_case: bool | None = None

    def companion(self, column: str) -> str:
        """Name of the typed companion of a column, or "" when it has none."""
        kind = self.columns[column].type
        return f"{column}__{kind}" if kind in COMPANIONS else ""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """All tables of a return, by name, with its habits of writing."""

    id: str
    label: str
    source: str
    return_: str
    date_form: str = "yyyy-mm-dd"
    upper_case: bool = False
    tables: dict[str, Table] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        """A table by name, last year's table being laid out as this year's.

        Raises UsageError when the return has no such table.
        """
        found = self.tables.get(name.removesuffix(PREVIOUS))
        if found is None:
            raise UsageError(
                f"{self.label} have no table called {name}.", mend=did_you_mean(name, self.tables)
            )
        return found


@cache
def layout(return_name: str) -> Layout:
    """The layout of `cin`, `903`, or `cross` (both, and the other sources, under prefixed names)."""
    if return_name in DECLARED:
        return _of_source(return_name, DECLARED[return_name])
    own = _with_habits(load(f"rules/{return_name}/tables", Layout))
    if return_name != "cross":
        return own
    tables = {
        f"{schema}.{name}": table
        for schema, other in CROSS_SCHEMAS.items()
        for name, table in layout(other).tables.items()
    }
    for schema, source in CROSS_SOURCES.items():
        tables |= {f"{schema}.{name}": table for name, table in _declared(source).items()}
    return replace(own, tables=tables | own.tables)


@cache
def layout_of_source(source: str) -> Layout:
    """The layout of a source without a rule set, by its own definition."""
    return _of_source(source, source)


def _of_source(return_name: str, source: str) -> Layout:
    """A return laid out by the source's own definition; its records are not of one child each."""
    path = HOME / "sources" / f"{source}.yaml"
    declared = parse(path.read_text(encoding="utf-8"), path.name).plain()
    return Layout(
        id=return_name,
        label=declared["label"],
        source=declared["source"],
        return_=return_name,
        tables={name: replace(t, child="") for name, t in _declared(source).items()},
    )


def _declared(source: str) -> dict[str, Table]:
    """Tables of a source as its own definition declares them."""
    path = HOME / "sources" / f"{source}.yaml"
    declared = parse(path.read_text(encoding="utf-8"), path.name).plain()
    keys = {link["table"]: link["record_id"][0] for link in declared.get("link", [])}
    return {
        table["name"]: Table(
            label=table.get("rows", table["name"]),
            child=keys.get(table["name"], table["columns"][0]["name"]),
            columns={c["name"]: _column(c) for c in table["columns"]},
            date_form=_DATE_FORMS.get(declared.get("date_form", "iso"), "yyyy-mm-dd"),
            upper_case=False,
        )
        for table in declared["tables"]
    }


def _column(declared: dict[str, str]) -> Column:
    kind = declared["type"]
    return Column(type=_TYPES.get(kind, "text"), label=declared["label"] or declared["name"])


def _with_habits(own: Layout) -> Layout:
    tables = {
        name: replace(
            table,
            date_form=table.date_form or own.date_form,
            upper_case=own.upper_case if table.upper_case is None else table.upper_case,
        )
        for name, table in own.tables.items()
    }
    return replace(own, tables=tables)


def quoted(table: str) -> str:
    """A table's name as SQL, with its schema when it has one."""
    return ".".join(f'"{part}"' for part in table.split("."))


def row_column(table: str, role: str = "") -> str:
    """Name of the column in which a query gives the row of a reported table."""
    return "row_" + table.replace(".", "_") + (f"_{role}" if role else "")
