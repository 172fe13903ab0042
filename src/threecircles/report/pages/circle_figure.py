"""The circles as a figure with words and table: without it each page would draw its own truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threecircles.report.blocks import measures_table, source_of
from threecircles.report.circles import CircleWords, Share, circles, circles_range
from threecircles.report.model import Block, Column, Figure, Notice, Table, Value
from threecircles.report.released import Released, measure
from threecircles.report.words import bracket, capital, hundredths, in_hundred, plain, within

REGIONS = (
    "need",
    "service",
    "both",
    "need_only",
    "service_only",
    "neither",
    "coverage",
    "targeting",
)


def circle_figure(table: Released, figure_id: str, title: str, **where: str) -> Figure | None:
    """The circles of one group, or of the whole place; None when need or service is hidden."""
    need, service, both = (table.value(m, **where) for m in ("need", "service", "both"))
    if need is None or service is None or not (need.known and service.known):
        return None
    drawn = [("need", need), ("service", service)]
    if both is not None and both.known:
        drawn.append(("both", both))
    desc = _describe(need, service, both)
    population = plain(need.denominator) if need.denominator is not None else "all"
    said = CircleWords(
        (_short(need), "have high need"),
        (_short(service), "are in contact"),
        (_short(both) if both is not None else "[x]", "both"),
        (population, "children in all"),
    )
    shares = (_share(need), _share(service))
    if both is not None and both.known:
        overlap = min(both.number or 0.0, shares[0].value, shares[1].value)
        svg = circles(figure_id, *shares, overlap, said, title, desc)
    else:
        svg = circles_range(figure_id, *shares, _widest(*shares), said, title, desc)
    return Figure(
        id=figure_id,
        title=title,
        desc=desc,
        svg=svg,
        table=measures_table(
            table, REGIONS, f"{title}: the figures", f"{figure_id}-table", **where
        ),
        drawn=tuple(drawn),
        caveats=(
            "Areas are true to scale. Dashed rings show the 95% interval.",
            "The second circle depends on the services this council offers and how it records them.",
        ),
    )


def standard_sentence(
    need: Value, service: Value, both: Value | None, coverage: Value | None
) -> str:
    """The sentence that goes with the circles (need.md 3)."""
    first = f"{capital(in_hundred(need))} children have high need{bracket(need)}."
    if both is None or not both.known or coverage is None or not coverage.known:
        return f"{first} How many of them are in contact with a targeted service is not shown."
    met = (
        f" Of those {hundredths(need)}, {hundredths(both)} are in contact with a targeted service: "
        f"{in_hundred(coverage)}{bracket(coverage)}."
    )
    alone = round((service.number or 0) * 100) - round((both.number or 0) * 100)
    other = (
        f" Of {hundredths(service)} in contact, {plain(alone)} do not have high need by this definition."
        if alone >= 0
        else ""
    )
    return first + met + other


def circle_bounds(table: Released) -> list[Block]:
    """What an anonymous survey allows: the fixed sentence, two pictures where the margins are known, a table."""
    spec = table.safe.spec
    title = f"{spec.title}, {within(spec.period)}"
    both = _row(table, "with_sampling", "both")
    need, service = _row(table, "as_counted", "need"), _row(table, "as_counted", "service")
    rows = tuple(
        (table.label("method", str(r["method"])), measure(str(r["measure"]), spec.kind).label,
         table.value_of(r, "low"), table.value_of(r, "high"))
        for r in table.rows
    )  # fmt: skip
    columns = (Column("method", "How it was reckoned"), Column("measure", "Measure"),
               Column("low", "At least", "percent"), Column("high", "At most", "percent"))  # fmt: skip
    listed = Table(id=table.id, caption=title, columns=columns, rows=rows, table_ids=(table.id,),
                   period=spec.period, source=source_of(table), notes=spec.notes[1:])  # fmt: skip
    blocks: list[Block] = [Notice(spec.notes[0])] if spec.notes else []
    if need is None or service is None or both is None:
        return [*blocks, listed]
    low, high = table.value_of(both, "low"), table.value_of(both, "high")
    n, s = table.value_of(need), table.value_of(service)
    if not (n.known and s.known and low.known and high.known):
        return [*blocks, listed]
    desc = (
        f"Two pictures, least and most overlap. {_short(n)} children have high need; {_short(s)} are in contact; "
        f"between {hundredths(low)} and {hundredths(high)} in 100 are in both."
    )
    said = CircleWords(
        (_short(n), "have high need"), (_short(s), "are in contact"),
        (f"{hundredths(low)} to {hundredths(high)} in 100", "both"), ("", ""),
    )  # fmt: skip
    svg = circles_range(
        "circles", _share(n), _share(s), Share(0.0, low.number, high.number), said, title, desc
    )
    drawn = (("need", n), ("service", s), ("at least", low), ("at most", high))
    return [
        *blocks,
        Figure(id="circles", title=title, desc=desc, svg=svg, table=listed, drawn=drawn),
    ]


def _row(table: Released, method: str, name: str) -> Mapping[str, Any] | None:
    return next((r for r in table.rows if r.get("method") == method and r["measure"] == name), None)


def _share(value: Value) -> Share:
    return Share(value.number or 0.0, value.low, value.high)


def _widest(need: Share, service: Share) -> Share:
    """What any two shares of one population allow, where the overlap is hidden."""
    return Share(0.0, max(0.0, need.value + service.value - 1), min(need.value, service.value))


def _short(value: Value) -> str:
    return f"{hundredths(value)} in 100" if value.known else value.symbol or "[x]"


def _describe(need: Value, service: Value, both: Value | None) -> str:
    overlap = (
        f"{_short(both)} are in both"
        if both is not None and both.known
        else "how many are in both is not shown"
    )
    return (
        "Two circles on a pale ground that stands for all children, areas true to scale. "
        f"Red hatched: {_short(need)} have high need. Black dotted line: {_short(service)} are in contact with a "
        f"targeted service. {overlap[0].upper() + overlap[1:]}."
    )
