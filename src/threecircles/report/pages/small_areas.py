"""High need in each ward by a model: without it small wards would be judged by a handful of answers, or not at all."""

from __future__ import annotations

from dataclasses import replace

from threecircles.report.altair_charts import direct_and_model
from threecircles.report.blocks import (
    INTERVAL,
    breakdown_table,
    chart_figure,
    interval_or_dash,
    notes_of,
    pivot_table,
    source_of,
)
from threecircles.report.context import Context
from threecircles.report.model import (
    Block,
    Column,
    Finding,
    Findings,
    Gallery,
    Nothing,
    Page,
    Table,
    Text,
    Value,
)
from threecircles.report.pages.places import ward_map
from threecircles.report.released import Released, Tables, measure
from threecircles.report.words import apart, interval_of, text_of

DIRECT, MODEL, CARD, FACTS = "circles-ward", "small-areas-ward", "small-areas-model", "areas-ward"
TOLD = ("modelled", "own_weight", "left_out", "without")
UNKNOWN = "not_known"


def page(tables: Tables, context: Context) -> Page:
    """Direct figures beside what a model makes of them, never the model alone; and how far it can be trusted."""
    model, direct = tables.get(MODEL), tables.get(DIRECT)
    used = [t for i in (MODEL, DIRECT, CARD, FACTS) if (t := tables.get(i)) is not None]
    if model is None or direct is None:
        used = []
        blocks: list[Block] = [
            Nothing(
                "No model of wards was made",
                "Fewer than eight wards have a figure that can be shown, or the place holds no list of its wards.",
                "With them, this page would show high need in each ward, drawn towards what is known of wards.",
            )
        ]
    else:
        blocks = _told(model, direct, tables, context)
    return Page(
        id="small-areas",
        slug="small-areas",
        title="How much high need is there in each ward?",
        summary=(
            "In a small ward few children answer, so its own figure moves by chance. "
            "Here each is drawn towards what is known of wards, the more the fewer answered. No ward is ranked.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("places", "need", "methods"),
        order=5,
    )


def _told(model: Released, direct: Released, tables: Tables, context: Context) -> list[Block]:
    wards = model.categories("ward")
    drawn = ward_map(model, "modelled", context, frozenset(_without_own(model, wards)))
    blocks: list[Block] = [Findings("What the model tells", _findings(model, direct, wards))]
    if drawn is not None:
        blocks.append(Gallery("High need by ward, as the model tells", (drawn,)))
    blocks.append(_figure(model, direct, wards))
    card, facts = tables.get(CARD), tables.get(FACTS)
    if card is not None:
        blocks.append(Text("How the model was made", card.safe.spec.notes))
        made = pivot_table(card, card.safe.spec.title, "small-areas-card")
        # What its notes say stands right above it.
        blocks.append(replace(made, notes=()))
    if facts is not None:
        known = [m for m in facts.measures() if any(facts.value(m, ward=w) for w in wards)]
        blocks.append(
            breakdown_table(facts, "ward", known, facts.safe.spec.title, base=False, total=False)
        )
    return blocks


def _without_own(model: Released, wards: list[str]) -> list[str]:
    """Wards whose figure rests on no answer of their own."""
    return [w for w in wards if (v := model.value("own_weight", ward=w)) and not v.number]


def _findings(model: Released, direct: Released, wards: list[str]) -> tuple[Finding, ...]:
    known = [v for w in wards if (v := model.value("modelled", ward=w)) and v.known]
    low = min(known, key=lambda v: v.number or 0.0)
    high = max(known, key=lambda v: v.number or 0.0)
    spread = (
        f"By the model high need lies between {text_of(low)} (interval {interval_of(low)}) and {text_of(high)} "
        f"(interval {interval_of(high)}) of the children in a ward."
    )
    if not apart(low, high):
        spread = "By the model there is no clear difference between wards in high need."
    alone = len(_without_own(model, wards))
    hidden = f"{alone} of {len(wards)} wards show no figure of their own; theirs rests on the other wards alone."
    narrower = [
        (a, b)
        for w in wards
        if (a := direct.value("need", ward=w)) and (b := model.value("modelled", ward=w))
        if None not in (a.low, a.high, b.low, b.high)
    ]
    saved = sum((b.high or 0) - (b.low or 0) < (a.high or 0) - (a.low or 0) for a, b in narrower)
    gain = (
        f"In {saved} of {len(narrower)} wards the model's interval is narrower than the ward's own."
    )
    return (Finding(spread, (low, high)), Finding(hidden), Finding(gain))


def _figure(model: Released, direct: Released, wards: list[str]) -> Block:
    """Own figure across, model upwards: on the line the model changes nothing."""
    rows, drawn = [], []
    for ward in wards:
        own, made = direct.value("need", ward=ward), model.value("modelled", ward=ward)
        if own is None or made is None or not (own.known and made.known):
            continue
        label = model.label("ward", ward)
        rows.append(
            {"label": label, "direct": own.number, "model": made.number, "low": made.low, "high": made.high}
        )  # fmt: skip
        drawn += [(f"{label}, own answers", own), (f"{label}, model", made)]
    title = "Each ward's own figure, and what the model makes of it"
    desc = (
        f"Points of {len(rows)} wards: own figure across, model's figure with its interval upwards, and a line on which "
        "both are equal. Points off the line are wards that the model moves, most often towards the middle."
    )
    table = _table(model, direct, wards, title)
    return chart_figure(
        "small-areas", title, direct_and_model(rows), table, drawn, desc=desc,
        caveats=("A ward whose own figure is hidden has no point; its row is in the table.",),
    )  # fmt: skip


def _table(model: Released, direct: Released, wards: list[str], caption: str) -> Table:
    """A row a ward: its own figure, the model's, how much is its own, by the others alone, and with no facts."""
    kind = model.safe.spec.kind
    columns = [
        Column("ward", "Ward"),
        Column("direct", "High need, by the ward's own answers", "percent"),
        Column("direct_interval", f"{INTERVAL}, own answers", "interval"),
    ]
    for name in TOLD:
        how = measure(name, kind)
        columns.append(Column(name, how.label, how.kind, "", how.decimals))
        if name in ("modelled", "left_out"):
            columns.append(Column(f"{name}_interval", f"{INTERVAL}, {how.short}", "interval"))
    rows: list[tuple[Value | str, ...]] = []
    for ward in wards:
        own = direct.value("need", ward=ward)
        cells: list[Value | str] = [model.label("ward", ward), own or "[x]", interval_or_dash(own)]
        for name in TOLD:
            value = model.value(name, ward=ward)
            cells.append(value if value is not None else "[z]")
            if name in ("modelled", "left_out"):
                cells.append(interval_or_dash(value))
        rows.append(tuple(cells))
    return Table(
        id="small-areas-table", caption=caption, columns=tuple(columns), rows=tuple(rows),
        table_ids=(model.id, direct.id), period=model.safe.spec.period, source=source_of(model), notes=notes_of(direct)[:1],
    )  # fmt: skip
