"""The first page: without it a director would have to read ten pages to learn one thing."""

from __future__ import annotations

from threecircles.report.blocks import measures_table
from threecircles.report.circles import CircleWords, Share, circles, circles_range
from threecircles.report.context import Context
from threecircles.report.model import (
    Block,
    Figure,
    Finding,
    Findings,
    Keyfigure,
    Keyfigures,
    Lead,
    Nothing,
    Page,
    Text,
    Value,
)
from threecircles.report.pages.comparison import compared_figures
from threecircles.report.released import Released, Tables
from threecircles.report.words import (
    about_children,
    hundred_interval,
    in_hundred,
    plain,
    text_of,
    within,
)

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
UNKNOWN = (
    "We cannot say whether the help was enough, or right. Contact with a service is not the same as help. "
    "Children who did not answer the survey may differ from those who did."
)


def page(tables: Tables, context: Context) -> Page:
    """How many children need help, how many get it, and what nobody knows yet."""
    place = tables.get("circles-place")
    bounds = tables.get("circles-bounds")
    blocks: list[Block] = []
    used: list[Released] = []
    if place is not None and _known(place, "need", "service"):
        blocks.append(_lead(place, context))
        used.append(place)
    elif bounds is not None:
        blocks.append(_lead_bounds(bounds, context))
        used.append(bounds)
    else:
        blocks.append(
            Nothing(
                "The circles cannot be drawn yet",
                "They need a survey of children and at least one source on services, for the same children.",
                "With both, this page would show how many children need help and how many are reached.",
            )
        )
    figures, from_tables = _key_figures(tables, place)
    if figures:
        blocks.append(Keyfigures(figures))
        used.extend(from_tables)
    findings, from_tables = _findings(tables, place)
    if findings:
        blocks.append(Findings("What we found", findings))
        used.extend(from_tables)
    blocks.append(_what_we_cannot_say(context))
    return Page(
        id="overview",
        slug="index",
        nav="Overview",
        title="Who needs help, and who gets it?",
        summary=(),
        blocks=tuple(blocks),
        tables=tuple({t.id: t.safe for t in used}.values()),
        related=("need", "services", "gaps"),
        order=1,
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


def _lead(table: Released, context: Context) -> Lead:
    need, service, both = (table.value(m) for m in ("need", "service", "both"))
    coverage, unmet = table.value("coverage"), table.value("need_only")
    assert need is not None and service is not None  # _known has looked
    title = f"All children in {context.place}, {within(context.period)}"
    figure = circle_figure(table, "circles", title)
    assert figure is not None
    figures = [Keyfigure(need, "children have high need", _between(need))]
    if coverage is not None:
        figures.append(
            Keyfigure(
                coverage,
                "children with high need are in contact with a targeted service",
                _between(coverage),
            )
        )
    if unmet is not None:
        figures.append(
            Keyfigure(
                unmet,
                f"children have high need and no contact: {about_children(unmet.numerator)}",
                _between(unmet),
            )
        )
    return Lead(figure, tuple(figures), standard_sentence(need, service, both, coverage), UNKNOWN)


def standard_sentence(
    need: Value, service: Value, both: Value | None, coverage: Value | None
) -> str:
    """The sentence that goes with the circles (need.md 3)."""
    first = f"{_sentence_start(in_hundred(need))} children have high need{_bracket(need)}."
    if both is None or not both.known or coverage is None or not coverage.known:
        return f"{first} How many of them are in contact with a targeted service is not shown."
    met = (
        f" Of those {_hundredths(need)}, {_hundredths(both)} are in contact with a targeted service: "
        f"{in_hundred(coverage)}{_bracket(coverage)}."
    )
    alone = round((service.number or 0) * 100) - round((both.number or 0) * 100)
    other = (
        f" Of {_hundredths(service)} in contact, {plain(alone)} do not have high need by this definition."
        if alone >= 0
        else ""
    )
    return first + met + other


def _lead_bounds(table: Released, context: Context) -> Lead:
    need, service = table.value("need"), table.value("service")
    low, high = table.value("both_lowest"), table.value("both_highest")
    if (
        need is None
        or service is None
        or low is None
        or high is None
        or not (need.known and service.known)
    ):
        raise ValueError("circles-bounds holds need, service, both_lowest and both_highest")
    title = f"High need and contact with services: least and most overlap, {within(context.period)}"
    sentence = (
        "The survey was anonymous, so we cannot see which children get help. "
        f"Between {_hundredths(low)} and {_hundredths(high)} in 100 children have high need and are in contact with services."
    )
    desc = f"Two pictures. {_sentence_start(in_hundred(need))} children have high need; {in_hundred(service)} are in contact."
    said = CircleWords(
        (_short(need), "have high need"),
        (_short(service), "are in contact"),
        (f"{_hundredths(low)} to {_hundredths(high)} in 100", "both"),
        ("", ""),
    )
    both = Share(0.0, low.number, high.number)
    svg = circles_range("circles", _share(need), _share(service), both, said, title, desc)
    table_block = measures_table(table, table.measures(), f"{title}: the figures", "circles-table")
    drawn = (("need", need), ("service", service), ("both_lowest", low), ("both_highest", high))
    figure = Figure(id="circles", title=title, desc=desc, svg=svg, table=table_block, drawn=drawn)
    return Lead(
        figure, (Keyfigure(need, "children have high need", _between(need)),), sentence, UNKNOWN
    )


def _key_figures(
    tables: Tables, place: Released | None
) -> tuple[tuple[Keyfigure, ...], list[Released]]:
    figures: list[Keyfigure] = []
    used: list[Released] = []
    targeting = place.value("targeting") if place else None
    if place is not None and targeting is not None and targeting.known:
        figures.append(
            Keyfigure(targeting, "children in contact have high need", _between(targeting))
        )
        used.append(place)
    for figure, table in compared_figures(tables, limit=4):
        figures.append(figure)
        used.append(table)
    return tuple(figures), used


def _findings(tables: Tables, place: Released | None) -> tuple[tuple[Finding, ...], list[Released]]:
    found: list[Finding] = []
    used: list[Released] = []
    unmet = place.value("need_only") if place else None
    if place is not None and unmet is not None and unmet.known:
        found.append(
            Finding(
                f"{_sentence_start(about_children(unmet.numerator))} have high need and no recorded contact "
                f"with a targeted service{_bracket(unmet)}.",
                (unmet,),
                "need",
            )
        )
        used.append(place)
    gradient = tables.get("circles-deprivation")
    if gradient is not None:
        finding = _gradient(gradient)
        if finding:
            found.append(finding)
            used.append(gradient)
    only = place.value("service_only") if place else None
    if place is not None and only is not None and only.known:
        found.append(
            Finding(
                f"{_sentence_start(in_hundred(only))} children are in contact without high need by this definition. "
                "Some may be well because they were helped.",
                (only,),
                "services",
            )
        )
    return tuple(found), used


def _gradient(table: Released) -> Finding | None:
    column = table.safe.spec.dimensions[0].column
    order = table.categories(column)
    if len(order) < 2:
        return None
    first, last = (
        table.value("need", **{column: order[0]}),
        table.value("need", **{column: order[-1]}),
    )
    if first is None or last is None or not (first.known and last.known):
        return None
    apart = (
        first.low is not None
        and last.high is not None
        and last.low is not None
        and first.high is not None
        and (first.low > last.high or last.low > first.high)
    )
    names = table.label(column, order[0]).lower(), table.label(column, order[-1]).lower()
    if not apart:
        return Finding(
            f"There is no clear difference in high need between the {names[0]} and the {names[1]} fifth of areas.",
            (first, last),
            "need",
        )
    return Finding(
        f"High need differs by where children live: {text_of(first)} in the {names[0]} fifth of areas, "
        f"{text_of(last)} in the {names[1]}.",
        (first, last),
        "need",
    )


def _what_we_cannot_say(context: Context) -> Text:
    return Text(
        "What we cannot say",
        (
            "These figures count contact, not whether help was enough or came in time.",
            "They rest on what children said and on what services recorded. What was not asked or not recorded is not here.",
            *context.limits,
        ),
        (
            ("What we do not know, and what would close the gap", "gaps"),
            ("How the figures were made", "methods"),
        ),
    )


def _known(table: Released, *measures: str) -> bool:
    values = [table.value(m) for m in measures]
    return all(v is not None and v.known for v in values)


def _share(value: Value) -> Share:
    return Share(value.number or 0.0, value.low, value.high)


def _widest(need: Share, service: Share) -> Share:
    """What any two shares of one population allow, where the overlap is hidden."""
    return Share(0.0, max(0.0, need.value + service.value - 1), min(need.value, service.value))


def _short(value: Value) -> str:
    return f"{_hundredths(value)} in 100" if value.known else value.symbol or "[x]"


def _hundredths(value: Value) -> str:
    return plain((value.number or 0.0) * 100) if value.known else value.symbol or "[x]"


def _between(value: Value) -> str:
    told = hundred_interval(value)
    return f"likely between {told.replace(' to ', ' and ')} in 100" if " to " in told else ""


def _bracket(value: Value) -> str:
    told = hundred_interval(value)
    return f" ({told} in 100)" if told else ""


def _sentence_start(text: str) -> str:
    return text[0].upper() + text[1:]


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
