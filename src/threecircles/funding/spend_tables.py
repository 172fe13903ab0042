"""Spend as measured tables, in pounds, by line, by section and for each child: who pays how much for what."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from threecircles.core.rates import rate
from threecircles.core.rounding import round_half_away
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.funding.spend import section_of, sections

STEP = "funding.spend"
MEASURES = {"gross": "gross_pence", "income": "income_pence", "net": "net_pence"}
_FIGURES = ("measure", "value", "low", "high", "numerator", "denominator", "n", "reason")


def spend_tables(
    lines: pl.DataFrame, children: int | None, year: int, source: str = "s251-outturn"
) -> list[Measured]:
    """`spend-lines` (each budget line), `spend-sections` and, when children are known, `spend-per-child`.

    lines: budget_line, line_label, gross_pence, income_pence, net_pence of one authority and year.
    children: aged 0 to 17 at the estimate before the year ends. Measures in pounds, cash; the total
    is the row "All". A line of no known section counts in the total and in the section "other".
    """
    lines = lines.with_columns(
        pl.col("budget_line").map_elements(_section, return_dtype=pl.Utf8).alias("section")
    ).sort("budget_line")
    period = f"{year - 1}-{year % 100:02d}"
    made = [
        _lines_table(lines, children, period, source),
        _sections_table(lines, children, period, source),
    ]
    return [*made, _per_child_table(lines, children, period, source)] if children else made


def _section(line: str) -> str:
    return section_of(line) or "other"


def _lines_table(lines: pl.DataFrame, children: int | None, period: str, source: str) -> Measured:
    order = tuple(lines.get_column("budget_line").unique(maintain_order=True))
    labels = {k: f"{k} {v}" for k, v in lines.select("budget_line", "line_label").iter_rows()}
    dimension = Dimension(column="line", label="Line", order=order, labels=labels)
    frame = pl.DataFrame(
        list(_rows(lines, "budget_line", children)), schema=_schema(("line",)), orient="row"
    )
    return Measured(
        _spec("spend-lines", "Spend on children's services by line", dimension, period, source),
        frame,
    )


def _sections_table(
    lines: pl.DataFrame, children: int | None, period: str, source: str
) -> Measured:
    frame = pl.DataFrame(
        list(_rows(lines, "section", children)), schema=_schema(("line",)), orient="row"
    )
    spec = _spec(
        "spend-sections",
        "Spend on children's services by section",
        _sections(lines),
        period,
        source,
    )
    return Measured(spec, frame)


def _per_child_table(
    lines: pl.DataFrame, children: int | None, period: str, source: str
) -> Measured:
    rows = []
    for name, part in _parts(lines, "section"):
        pence = _sum(part, "net_pence")
        each = rate(pence, children, per=0.01)
        rows.append(
            (name, "net_per_child", None if each is None else round_half_away(each, 2), None, None,
             None if pence is None else pence / 100, float(children or 0), children,
             None if each is not None else "not_available")
        )  # fmt: skip
    frame = pl.DataFrame(rows, schema=_schema(("line",)), orient="row")
    notes = ("Children aged 0 to 17 at the mid-year estimate before the financial year ends.",)
    spec = _spec(
        "spend-per-child", "Net spend for each child aged 0 to 17", _sections(lines), period, source,
        unit="pounds a child", notes=notes,
    )  # fmt: skip
    return Measured(spec, frame)


def _sections(lines: pl.DataFrame) -> Dimension:
    known = {s["section"]: s["label"] for s in sections()}
    there = set(lines.get_column("section"))
    order = tuple(s for s in (*known, "other") if s in there)
    return Dimension(
        column="line", label="Section", order=order, labels={**known, "other": "Other lines"}
    )


def _parts(lines: pl.DataFrame, column: str) -> Iterable[tuple[str, pl.DataFrame]]:
    for name in lines.get_column(column).unique(maintain_order=True).to_list():
        yield name, lines.filter(pl.col(column) == name)
    yield TOTAL, lines


def _rows(lines: pl.DataFrame, column: str, children: int | None) -> Iterable[tuple[object, ...]]:
    for name, part in _parts(lines, column):
        for measure, pence_column in MEASURES.items():
            pence = _sum(part, pence_column)
            value = None if pence is None else pence / 100
            yield (
                name,
                measure,
                value,
                None,
                None,
                value,
                None,
                children,
                None if pence is not None else "not_available",
            )


def _sum(part: pl.DataFrame, column: str) -> int | None:
    """The sum in pence, or None when any part is unknown: a total of known lines alone would be too small."""
    values = part.get_column(column)
    return None if values.null_count() or not len(values) else int(values.sum())


def _schema(dimensions: tuple[str, ...]) -> dict[str, pl.DataType | type[pl.DataType]]:
    kinds: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(dimensions, pl.Utf8)
    for figure in _FIGURES:
        kinds[figure] = (
            pl.Utf8
            if figure in ("measure", "reason")
            else pl.Int64
            if figure == "n"
            else pl.Float64
        )
    return kinds


def _spec(
    table_id: str, title: str, dimension: Dimension, period: str, source: str, unit: str = "pounds",
    notes: tuple[str, ...] = (),
) -> TableSpec:  # fmt: skip
    return TableSpec(
        id=table_id,
        title=title,
        population="spend",
        period=period,
        unit=unit,
        dimensions=(dimension,),
        kind="money",
        profile="spend",
        page="spend",
        notes=(
            *notes,
            "In cash, not in the prices of one year.",
            "n is the number of children of the place.",
        ),
        definitions=("s251_sections",),
        sources=(source,),
        step=STEP,
    )
