"""The three circles, person by person: who has need, who gets help, who has both.

Shares are estimated by design over pupils whose need is known and who may be linked. Contact is not
the same as adequate help, and missed links alone make unmet need look larger: the notes say both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from threecircles.core.design import Design, Frame, Kind, from_sums, prepared, refuse_bad_weights
from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL

REGIONS = ("both", "need_only", "service_only", "neither")
NEED, SERVICE = ("both", "need_only"), ("both", "service_only")
MEASURES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "need": (NEED, REGIONS),
    "service": (SERVICE, REGIONS),
    **{region: ((region,), REGIONS) for region in REGIONS},
    "coverage": (("both",), NEED),
    "targeting": (("both",), SERVICE),
}
"""Each figure: the regions counted, and the regions it is a share of. coverage: of those with high need,
the share in contact. targeting: of those in contact, the share with high need."""


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
    by = [group] if group else []
    sums = _sums(region_sums(frame, design, by), by)
    kinds: dict[str, Kind] = dict.fromkeys(MEASURES, "proportion")
    whole = _told(from_sums(sums, design, kinds), sums, [])
    ground = float(whole.filter(pl.col("measure") == "need")["denominator"].item())
    scale = population / ground if population and ground else 1.0
    tables = [whole]
    if group:
        parts = _told(from_sums(sums, design, kinds, by), sums, by)
        tables = [whole.with_columns(pl.lit(TOTAL).alias(group)).select(parts.columns), parts]
    return pl.concat(tables).with_columns(pl.col("numerator", "denominator") * scale)


def region_sums(frame: Frame, design: Design, by: Sequence[str]) -> pl.DataFrame:
    """Respondents, weights and squared weights by group, stratum, school and region, in one pass.

    Respondents whose need is unknown, or who may not be linked, are region null: outside the picture,
    but part of the design.
    """
    high, not_high = nw.col("need") == "high", nw.col("need") == "not_high"
    served, not_served = nw.col("service") == 1, nw.col("service") == 0
    region: nw.Expr = nw.lit(None, dtype=nw.String)
    for name, hit in (
        ("both", high & served),
        ("need_only", high & not_served),
        ("service_only", not_high & served),
        ("neither", not_high & not_served),
    ):
        region = nw.when(hit).then(nw.lit(name)).otherwise(region)
    weight = nw.col("_weight")
    keys = [*by, "_stratum", "_psu", "_region"]
    marked = prepared(frame, design).with_columns(
        _region=region,
        _square=weight * weight,
        _one=nw.when(weight > 0).then(nw.lit(1)).otherwise(nw.lit(0)),
        _missing=nw.when(weight.is_null() | (weight < 0)).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    table = collect(
        marked.group_by(keys).agg(
            nw.col("_one").sum().cast(nw.Int64).alias("n"),
            weight.sum().alias("w"),
            nw.col("_square").sum().alias("v"),
            nw.col("_fpc").min().alias("_fpc_low"),
            nw.col("_fpc").max().alias("_fpc_high"),
            nw.col("_within").max().alias("_within"),
            nw.col("_missing").sum().cast(nw.Int64).alias("_bad"),
        ),
        sort_by=keys,
    )
    refuse_bad_weights(int(table["_bad"].sum()), design)
    return table


def _sums(regions: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The sums of core's design estimates: figures of yes and no need no more than the regions."""
    keys = [*by, "_stratum", "_psu"]
    columns: list[pl.Expr] = [
        pl.col("_fpc_low").min(),
        pl.col("_fpc_high").max(),
        pl.col("_within").max(),
        pl.col("_bad").sum(),
        pl.col("n").sum().alias("_members"),
    ]
    for j, (counted, base) in enumerate(MEASURES.values()):
        inside, under = pl.col("_region").is_in(counted), pl.col("_region").is_in(base)
        w, x, v, u = (
            pl.col(c).filter(f).sum()
            for c, f in (("w", inside), ("w", under), ("v", inside), ("v", under))
        )
        named = {
            "n": pl.col("n").filter(under).sum(),
            "w": x,
            "wy": w,
            "wx": x,
            "wyy": w,
            "wyx": w,
            "wxx": x,
        }
        named |= {"vyy": v, "vyx": v, "vxx": u, "with": pl.col("n").filter(inside).sum()}
        columns += [e.alias(f"{name}{j}") for name, e in named.items()]
    return regions.group_by(keys).agg(columns).sort(keys, nulls_last=True)


def _told(table: pl.DataFrame, sums: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The estimates in words of the circles, with children and respondents counted."""
    names = {f"with{j}": m for j, m in enumerate(MEASURES)}
    counts = (
        sums.group_by(by).agg(pl.col(list(names)).sum())
        if by
        else sums.select(pl.col(list(names)).sum())
    )
    long = counts.rename(names).unpivot(
        index=list(by), variable_name="measure", value_name="n_with"
    )
    return (
        table.rename({"statistic": "measure"})
        .join(long, on=[*by, "measure"], how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            numerator=pl.col("value") * pl.col("n_weighted"),
            denominator=pl.col("n_weighted"),
            reason=pl.when(pl.col("value").is_null()).then(pl.lit("not_available")),
        )
    )


def sentence(table: pl.DataFrame) -> str:
    """The standard sentence about the whole population; figures as whole children in a hundred."""
    rows = {r["measure"]: r for r in table.to_dicts()}
    need, coverage, targeting = rows["need"], rows["coverage"], rows["targeting"]
    if any(r["value"] is None for r in (need, coverage, targeting)):
        return "Too few children answered and could be linked to draw the circles."
    met = round(100 * rows["both"]["value"])
    without = round(10 * (1 - targeting["value"]))
    return (
        f"{_in_100(need)} children have high need {_between(need)}. Of those, {met} are in contact with a "
        f"targeted service: {_in_100(coverage)} {_between(coverage)}. Of 10 in contact, {without} do not "
        "have high need by this definition."
    )


def _in_100(row: Mapping[str, Any]) -> str:
    return f"{round(100 * row['value'])} in 100"


def _between(row: Mapping[str, Any]) -> str:
    """The interval; a place with one school of a type has none."""
    if row["low"] is None or row["high"] is None:
        return "(too few schools for an interval)"
    return f"({round(100 * row['low'])}-{round(100 * row['high'])})"


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
    return ("ward", "phase", "age", "sex", "deprivation", "rural", "distance")
