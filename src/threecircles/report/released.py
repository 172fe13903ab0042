"""Reading Safe tables for pages: without it each page would find its numbers in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from threecircles.core.errors import NotPermitted
from threecircles.core.tables import TOTAL, Dimension, number_id
from threecircles.definitions import read_csv
from threecircles.disclosure.release import Safe
from threecircles.need.published_indicators import england_indicators
from threecircles.report.code_words import group_words
from threecircles.report.model import Kind, Value
from threecircles.report.sources import source_name
from threecircles.report.words import REASONS


@dataclass(frozen=True)
class Measure:
    """How a measure is called and written."""

    id: str
    label: str
    short: str
    kind: Kind
    decimals: int


@dataclass(frozen=True, eq=False)
class Released:
    """A Safe table with its rows as records, each remembering its place in the frame."""

    safe: Safe
    rows: tuple[Mapping[str, Any], ...]
    by_place: Mapping[tuple[str, ...], Mapping[str, Any]]

    @property
    def id(self) -> str:
        """The table's id."""
        return self.safe.spec.id

    @property
    def population(self) -> str:
        """Whom the table counts, in words."""
        return populations().get(self.safe.spec.population, self.safe.spec.population)

    def dimension(self, column: str) -> Dimension | None:
        """The dimension held in the column."""
        return next((d for d in self.safe.spec.dimensions if d.column == column), None)

    def categories(self, column: str, total: bool = False) -> list[str]:
        """Values of a dimension in the order to show them; the total last when asked for."""
        here = dict.fromkeys(str(r[column]) for r in self.rows)
        dimension = self.dimension(column)
        order = (
            {v: k for k, v in enumerate(dimension.order)} if dimension and dimension.order else {}
        )
        shown = [v for v in here if v != TOTAL]
        shown.sort(key=lambda v: (order.get(v, len(order)), v if order else ""))
        return [*shown, TOTAL] if total and TOTAL in here else shown

    def label(self, column: str, value: str) -> str:
        """A dimension's value in words for people."""
        dimension = self.dimension(column)
        if value == TOTAL:
            return "All"
        text = dimension.labels.get(value, value) if dimension else value
        if column == "source":
            return self._source_label(value, text)
        if column == "group":
            text = group_words(value) or text
        if column == "age" and text.isdigit():
            return f"Age {text}"
        return text[:1].upper() + text[1:] if text.islower() else text

    def _source_label(self, value: str, text: str) -> str:
        """A source by its name; two deliveries of one source by their sender or year too."""
        dimension = self.dimension("source")
        same = [k for k, v in dimension.labels.items() if v == text] if dimension else []
        rest, _, year = value.rpartition("_")
        name = source_name(text)
        if len(same) < 2 or not year.isdigit():
            return name
        # Many senders of one year are told apart by what stands before the year: a provider's number.
        of_year = [k for k in same if k.endswith(f"_{year}")]
        sender = rest.rpartition("_")[2].upper() if len(of_year) > 1 else ""
        years = {k.rpartition("_")[2] for k in same}
        return ", ".join([name, *([sender] if sender else []), *([year] if len(years) > 1 else [])])

    def measures(self) -> list[str]:
        """The measures of the table, in its order."""
        return list(dict.fromkeys(str(r["measure"]) for r in self.rows))

    def value(self, measure: str, column: str = "value", **where: str) -> Value | None:
        """The value of a measure where the dimensions are as said; dimensions unsaid are the total.

        None when the table has no such row.
        """
        dimensions = [where.get(d.column, TOTAL) for d in self.safe.spec.dimensions]
        row = self.by_place.get((measure, *dimensions))
        return None if row is None else self.value_of(row, column)

    def value_of(self, row: Mapping[str, Any], column: str = "value") -> Value:
        """The value in a row, with its interval, base, symbol and place."""
        spec = self.safe.spec
        how = measure(str(row["measure"]), spec.kind, spec.unit)
        own = column in ("value", "low", "high")
        money = how.kind == "money" and column == "numerator"
        kind, decimals = (how.kind, how.decimals) if own else ("money" if money else "count", 0)
        figure = row.get(column)
        symbol = str(row.get("symbol") or "")
        if figure is None and not symbol:
            symbol = REASONS.get(str(row.get("reason") or ""), "[x]")
        where = {d.column: str(row[d.column]) for d in spec.dimensions}
        return Value(
            number=None if figure is None else float(figure),
            symbol=symbol
            if figure is None or symbol in ("[u]", "[p]", "[r]", "[b]", "[e]")
            else "",
            low=row.get("low") if column == "value" else None,
            high=row.get("high") if column == "value" else None,
            numerator=row.get("numerator"),
            denominator=row.get("denominator"),
            n=row.get("n"),
            kind=cast(Kind, kind),
            decimals=decimals,
            period=spec.period,
            definition=", ".join(spec.definitions),
            source=", ".join(spec.sources),
            lineage=number_id(spec.id, where, str(row["measure"]), column),
            cell=(spec.id, int(row["_row"]), column),
        )


class Tables(dict[str, Released]):
    """Safe tables by id. `get` gives None for a table that did not come: a page says so."""

    def starting(self, prefix: str) -> list[Released]:
        """Tables whose id starts so, in order of id."""
        return [self[k] for k in sorted(self) if k.startswith(prefix)]


def released(tables: Iterable[Safe]) -> Tables:
    """The tables of a release, ready for pages. Raises NotPermitted for anything that is not Safe.

    A table without a row (no journey in the year, say) is left out: its page says what is missing.
    """
    found = Tables()
    for safe in tables:
        if type(safe) is not Safe:
            raise NotPermitted(
                "Pages are made from tables that disclosure has made safe, and from nothing else.",
                found=type(safe).__name__,
                mend="Run the step disclosure.protect and hand over what it returns.",
            )
        if safe.frame.is_empty():
            continue
        rows = tuple({**row, "_row": k} for k, row in enumerate(safe.frame.iter_rows(named=True)))
        columns = [d.column for d in safe.spec.dimensions]
        by_place = {(str(r["measure"]), *(str(r[c]) for c in columns)): r for r in rows}
        found[safe.spec.id] = Released(safe, rows, by_place)
    return found


@cache
def populations() -> dict[str, str]:
    """Words for the populations that tables count."""
    return {r["population"]: r["label"] for r in read_csv("report/populations")}


@cache
def _measures() -> dict[str, Measure]:
    return {
        r["measure"]: Measure(
            r["measure"], r["label"], r["short"], cast(Kind, r["kind"]), int(r["decimals"])
        )
        for r in read_csv("report/measures")
    }


_BY_KIND: dict[str, tuple[Kind, int]] = {
    "count": ("count", 0),
    "rate": ("rate", 1),
    "share": ("percent", 0),
    "mean": ("mean", 1),
    "money": ("money", 0),
    "published": ("rate", 1),
    "quality": ("count", 0),
}


@cache
def _published() -> dict[str, Measure]:
    return {
        i.id: Measure(
            i.id,
            i.label,
            i.label.lower(),
            "money" if i.unit.startswith("pounds") else "rate",
            i.decimals,
        )
        for i in england_indicators()
    }


def measure(name: str, table_kind: str, unit: str = "") -> Measure:
    """How a measure is called and written: from the lists of measures, else by its table's kind and unit."""
    known = _measures().get(name) or _published().get(name)
    if known:
        return known
    kind, decimals = (
        ("money", 0) if unit.startswith("pounds") else _BY_KIND.get(table_kind, ("count", 0))
    )
    words = name.replace("_", " ").replace("-", " ")
    return Measure(name, words.capitalize(), words, cast(Kind, kind), decimals)
