"""The first page: without it a director would have to read ten pages to learn one thing."""

from __future__ import annotations

from threecircles.report.context import Context
from threecircles.report.model import (
    Block,
    Finding,
    Findings,
    Keyfigure,
    Keyfigures,
    Lead,
    Nothing,
    Page,
    Text,
)
from threecircles.report.pages.circle_figure import circle_bounds, circle_figure, standard_sentence
from threecircles.report.pages.comparison import compared_figures, stock_figures
from threecircles.report.released import Released, Tables
from threecircles.report.words import (
    about_children,
    apart,
    between,
    bracket,
    capital,
    in_hundred,
    text_of,
    within,
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
        blocks.extend(circle_bounds(bounds))
        used.append(bounds)
    else:
        blocks.append(
            Nothing(
                "The circles cannot be drawn yet",
                "They need a survey of children and at least one source on services, for the same children.",
                "With both, this page would show how many children need help and how many are reached.",
            )
        )
    figures, from_tables = _key_figures(tables, place, context)
    if figures:
        blocks.append(Keyfigures(figures))
        used.extend(from_tables)
    findings, from_tables = _findings(tables, place)
    if findings:
        blocks.append(Findings("What we found", findings))
        used.extend(from_tables)
    links = tables.get("circles-links")
    if links is not None:
        blocks.extend(_hangs_on_links(links))
        used.append(links)
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


def _lead(table: Released, context: Context) -> Lead:
    need, service, both = (table.value(m) for m in ("need", "service", "both"))
    coverage, unmet = table.value("coverage"), table.value("need_only")
    assert need is not None and service is not None  # _known has looked
    title = f"{table.population} in {context.place}, {within(context.period)}"
    figure = circle_figure(table, "circles", title)
    assert figure is not None
    figures = [Keyfigure(need, "children have high need", between(need))]
    if coverage is not None:
        figures.append(
            Keyfigure(
                coverage,
                "children with high need are in contact with a targeted service",
                between(coverage),
            )
        )
    if unmet is not None:
        figures.append(
            Keyfigure(
                unmet,
                f"children have high need and no contact: {about_children(unmet.numerator)}",
                between(unmet),
            )
        )
    return Lead(figure, tuple(figures), standard_sentence(need, service, both, coverage), UNKNOWN)


def _key_figures(
    tables: Tables, place: Released | None, context: Context
) -> tuple[tuple[Keyfigure, ...], list[Released]]:
    figures: list[Keyfigure] = []
    used: list[Released] = []
    targeting = place.value("targeting") if place else None
    if place is not None and targeting is not None and targeting.known:
        figures.append(
            Keyfigure(targeting, "children in contact have high need", between(targeting))
        )
        used.append(place)
    published = () if context.fictitious else tuple(compared_figures(tables, limit=2))
    for figure, table in (*stock_figures(tables), *published):
        figures.append(figure)
        used.append(table)
    return tuple(figures[:5]), used


def _findings(tables: Tables, place: Released | None) -> tuple[tuple[Finding, ...], list[Released]]:
    found: list[Finding] = []
    used: list[Released] = []
    unmet = place.value("need_only") if place else None
    if place is not None and unmet is not None and unmet.known:
        found.append(
            Finding(
                f"{capital(about_children(unmet.numerator))} have high need and no recorded contact "
                f"with a targeted service{bracket(unmet)}.",
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
                f"{capital(in_hundred(only))} children are in contact without high need by this definition. "
                "Some may be well because they were helped.",
                (only,),
                "services",
            )
        )
    return tuple(found), used


def _gradient(table: Released) -> Finding | None:
    """Whether need differs between the most and the least deprived areas that can be shown."""
    column = table.safe.spec.dimensions[0].column
    shown = [
        (c, table.value("need", **{column: c}))
        for c in table.categories(column)
        if c != "not_known"
    ]
    known = [(table.label(column, c), v) for c, v in shown if v is not None and v.known]
    if len(known) < 2:
        return None
    (one, first), (two, last) = known[0], known[-1]
    if not apart(first, last):
        return Finding(
            f"High need does not clearly differ between {one.lower()} and {two.lower()}.",
            (first, last),
            "need",
        )
    return Finding(
        f"High need differs by where children live: {text_of(first)} in the {one.lower()} of areas, "
        f"{text_of(last)} in the {two.lower()}.",
        (first, last),
        "need",
    )


def _hangs_on_links(table: Released) -> list[Block]:
    """How much the reached share depends on links between records, from the careful to the corrected."""
    column = table.safe.spec.dimensions[0].column
    careful, corrected = (table.value("coverage", **{column: v}) for v in ("careful", "corrected"))
    if careful is None or corrected is None or not (careful.known and corrected.known):
        return []
    told = (
        f"Of children with high need, {in_hundred(careful)} are in contact if only sure links count, "
        f"and {in_hundred(corrected)} after putting right missed links."
    )
    return [Findings("How sure is the overlap?", (Finding(told, (careful, corrected), "linkage"),))]


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
