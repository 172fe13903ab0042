"""The three circles, person by person: who has need, who gets help, who has both.

Shares are estimated by design over pupils whose need is known and who may be linked. Contact is not
the same as adequate help, and missed links alone make unmet need look larger: the notes say both.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from threecircles.core.design import Design, Frame, Statistic, estimate
from threecircles.core.tables import TOTAL

REGIONS = ("both", "need_only", "service_only", "neither")
SHARES = ("need", "service", *REGIONS)
RATIOS = ("coverage", "targeting")
MEASURES = (*SHARES, *RATIOS)


def statistics() -> list[Statistic]:
    """The eight figures of the circles, over rows with need (1, 0) and service (1, 0), null = not known.

    coverage = both / need: of those with high need, the share in contact. targeting = both / service:
    of those in contact, the share with high need.
    """
    need, service = nw.col("_need"), nw.col("_service")
    known = ~need.is_null() & ~service.is_null()
    parts = {
        "need": need,
        "service": service,
        "both": need * service,
        "need_only": need * (1 - service),
        "service_only": (1 - need) * service,
        "neither": (1 - need) * (1 - service),
    }
    made = [
        Statistic(label=m, kind="proportion", y=nw.when(known).then(y)) for m, y in parts.items()
    ]
    made.append(
        Statistic(label="coverage", kind="proportion", y=nw.when(known & (need == 1)).then(service))
    )
    made.append(
        Statistic(
            label="targeting", kind="proportion", y=nw.when(known & (service == 1)).then(need)
        )
    )
    return made


def circles(
    frame: Frame, design: Design, group: str | None = None, population: float | None = None
) -> pl.DataFrame:
    """The figures for all children, or for each value of a group (with the total as "All").

    frame: one row a respondent: need (high, not_high, unknown), service (1, 0, null), the design's
    columns and the group's. population: children on the ground; None = the sum of weights.
    Columns: group (when named), measure, value, low, high (proportions), se, df, deff, numerator,
    denominator (children, weighted), n (respondents in the base), n_with (respondents with the
    property), reason.
    """
    lazy = nw.from_native(frame).lazy() if not isinstance(frame, nw.LazyFrame) else frame
    ready = lazy.with_columns(
        _need=nw.when(nw.col("need") == "high")
        .then(nw.lit(1.0))
        .otherwise(nw.when(nw.col("need") == "not_high").then(nw.lit(0.0))),
        _service=nw.col("service").cast(nw.Float64),
    )
    whole = _told(estimate(ready, design, statistics()), population)
    if group is None:
        return whole
    parts = _told(estimate(ready, design, statistics(), by=[group]), None)
    scale = population / _weight_of(whole) if population else 1.0
    parts = parts.with_columns(pl.col("numerator", "denominator") * scale)
    total = whole.with_columns(pl.lit(TOTAL).alias(group)).select(parts.columns)
    return pl.concat([total, parts])


def _told(table: pl.DataFrame, population: float | None) -> pl.DataFrame:
    scale = population / _weight_of(table) if population else 1.0
    base = pl.col("n_weighted") * scale
    # Of n answers, a design-weighted share tells the weighted number; the unweighted one decides disclosure.
    return table.rename({"statistic": "measure"}).with_columns(
        numerator=pl.col("value") * base,
        denominator=base,
        reason=pl.when(pl.col("value").is_null()).then(pl.lit("not_available")),
    )


def _weight_of(table: pl.DataFrame) -> float:
    first = next(c for c in ("statistic", "measure") if c in table.columns)
    return float(
        table.filter(pl.col(first) == "need")[
            "n_weighted" if "n_weighted" in table.columns else "denominator"
        ].sum()
    )


def with_counts(table: pl.DataFrame, frame: pl.DataFrame, group: str | None = None) -> pl.DataFrame:
    """Adds n_with: respondents, unweighted, who have the property of the row."""
    need, service = pl.col("need") == "high", pl.col("service") == 1
    known = (
        pl.col("need").is_in(["high", "not_high"])
        & pl.col("service").is_not_null()
        & (pl.col("weight") > 0)
    )
    counts = {
        "need": need,
        "service": service,
        "both": need & service,
        "need_only": need & ~service,
        "service_only": ~need & service,
        "neither": ~need & ~service,
        "coverage": need & service,
        "targeting": need & service,
    }
    sums = [(c & known).fill_null(False).sum().cast(pl.Int64).alias(m) for m, c in counts.items()]
    keys = [group] if group else []
    total = frame.select(sums).with_columns(*[pl.lit(TOTAL).alias(k) for k in keys])
    long = total.unpivot(index=keys, variable_name="measure", value_name="n_with")
    if group:
        parts = (
            frame.group_by(group)
            .agg(sums)
            .unpivot(index=keys, variable_name="measure", value_name="n_with")
        )
        long = pl.concat([long, parts])
    return table.join(long, on=[*keys, "measure"], how="left", maintain_order="left")


def sentence(table: pl.DataFrame) -> str:
    """The standard sentence about the whole population; figures as whole children in a hundred."""
    rows = {r["measure"]: r for r in table.to_dicts()}
    need, coverage, targeting = rows["need"], rows["coverage"], rows["targeting"]
    if any(r["value"] is None for r in (need, coverage, targeting)):
        return "Too few children answered and could be linked to draw the circles."
    n, low, high = (round(100 * need[c]) for c in ("value", "low", "high"))
    met = round(100 * rows["both"]["value"])
    share, share_low, share_high = (round(100 * coverage[c]) for c in ("value", "low", "high"))
    without = round(10 * (1 - targeting["value"]))
    return (
        f"{n} in 100 children have high need ({low}-{high}). Of those, {met} are in contact with a targeted "
        f"service: {share} in 100 ({share_low}-{share_high}). Of 10 in contact, {without} do not have high "
        "need by this definition."
    )


def design_of(target: str, weight: str = "link_weight") -> Design:
    """The survey's design: schools as units within school type.

    target: "these_pupils" (schools and pupils finite) or "superpopulation" (the schools as they might
    have been).
    """
    if target == "superpopulation":
        return Design(weight=weight, stratum="stratum", psu="psu", lonely="centre")
    return Design(
        weight=weight,
        stratum="stratum",
        psu="psu",
        fpc="fpc",
        fpc_within="school_roll",
        lonely="centre",
    )


def outside(frame: pl.DataFrame) -> dict[str, int]:
    """Children outside the picture, by reason: asked but not answered, unknown need, no leave to link."""
    answered = pl.col("completed") == 1
    return frame.select(
        asked=pl.len(),
        not_answered=(~answered).sum(),
        need_unknown=(answered & (pl.col("need") == "unknown")).sum(),
        no_leave_to_link=(answered & pl.col("service").is_null()).sum(),
    ).row(0, named=True)


def named_groups() -> Sequence[str]:
    """Breakdowns of the circles, in the order of the pages."""
    return ("ward", "phase", "age", "sex", "deprivation")
