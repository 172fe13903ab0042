"""How many links are wrong and how many are missing, and for whom: without it a reader of the pack would
learn how many records were joined but not whether they were joined rightly."""

from __future__ import annotations

from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.definitions.place import Place
from threecircles.identity import empty_fields
from threecircles.identity.by_group import FEWEST, OfGroup, by_group
from threecircles.identity.estimates import Quality

_KINDS = {"sex": "Sex", "ethnic_group": "Ethnic group", "fifth": "Deprivation fifth"}
_FIELDS = ["first", "surname", "birth_year", "sex", "postcode"]


def link_errors(told: pl.DataFrame, link_record: Any, link_edge: Any, place: Place) -> Measured:
    """linkage-errors: by group, the links made, those expected to be wrong and to be missing of each
    thousand, and the share of compared fields that were empty.

    told: source, source_key, band, sex, ethnic_group, fifth of every record that may be linked.
    Wrong and missing links are expected from the scores of all compared pairs (`identity.by_group`).
    """
    asked = told.filter(pl.col("band") != "not_agreed")
    groups = _groups(asked, collect(link_record))
    whole, found = _judged(collect(link_edge), groups, place)
    emptier = {(e.kind.replace(" ", "_"), e.group): e for e in empty_fields.emptier(groups)}
    quality = {(g.kind.replace(" ", "_"), g.group): g for g in found}
    rows = _rows({"group": TOTAL}, whole, len(asked), _empty(groups))
    labels, order = {}, [TOTAL]
    for kind, words in _KINDS.items():
        for value in sorted(asked[kind].drop_nulls().unique().to_list()):
            code = f"{kind}:{value}"
            order.append(code)
            labels[code] = f"{words}: {value}"
            own = groups.filter(pl.col(kind) == value)
            judged = quality.get((kind, value))
            times = emptier.get((kind, value))
            rows += _rows({"group": code}, judged, len(own), _empty(own), times)
    dimension = Dimension(column="group", label="Group", order=tuple(order), labels=labels)
    return Measured(_spec(place, dimension), pl.DataFrame(rows, schema=_SCHEMA))


def _groups(asked: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Records in the shape that `by_group` reads: groups, and how many fields are empty."""
    sources = records["source"].unique(maintain_order=True).to_list()
    known = records.with_columns(
        pl.col("sex").replace("U", None),
        src=pl.col("source").replace_strict({s: n for n, s in enumerate(sources)}, return_dtype=pl.Int32),
    )  # fmt: skip
    counted = empty_fields.counted(known.select("src", *_FIELDS))
    held = known.select("source", "source_key", "birth_year", "has_co_twin").hstack(counted)
    return asked.select("source", "source_key", *_KINDS).join(
        held, on=["source", "source_key"], how="left", maintain_order="left"
    ).select(
        "source", pl.col("source_key").alias("record_id"), "birth_year", *_KINDS,
        pl.when("has_co_twin").then(pl.lit("born with another child")).otherwise(pl.lit("born alone")).alias("birth"),
        "fields", "empty",
    )  # fmt: skip


def _judged(
    edges: pl.DataFrame, groups: pl.DataFrame, place: Place
) -> tuple[Quality | None, list[OfGroup]]:
    held = groups.select("source", "record_id")
    for side in "lr":
        edges = edges.join(
            held, left_on=[f"source_{side}", f"record_{side}"], right_on=["source", "record_id"],
            how="semi", maintain_order="left",
        )  # fmt: skip
    if not edges["band"].is_in(["linked", "linked_doubtful"]).any():
        return None, []
    return by_group(edges, groups, [], place.year)


def _empty(groups: pl.DataFrame) -> float | None:
    fields, empty = int(groups["fields"].sum()), int(groups["empty"].sum())
    return empty / fields if fields else None


def _rows(
    at: dict[str, str], judged: Quality | OfGroup | None, records: int, empty: float | None,
    times: empty_fields.Emptier | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    quality = judged.quality if isinstance(judged, OfGroup) else judged
    links = quality.links if quality else 0
    made = [_row(at, "links", float(links), n=links, counted=True)]
    if quality and links >= FEWEST:
        (p_low, p_high), (r_low, r_high) = quality.intervals()
        for measure, share, low, high in (
            ("links_wrong", quality.precision, p_low, p_high),
            ("links_missing", quality.recall, r_low, r_high),
        ):
            made.append(_row(at, measure, 1000 * (1 - share), 1000 * (1 - high), 1000 * (1 - low), n=links))  # fmt: skip
        if at["group"] == TOTAL:
            made += _in_all(at, quality)
    else:
        made += [_unsaid(at, m, links) for m in ("links_wrong", "links_missing")]
    if records < FEWEST:
        made.append(_unsaid(at, "fields_empty", records))
        return made
    made.append(_row(at, "fields_empty", empty, n=records))
    if times and times.headline:
        made.append(_row(at, "fields_empty_times", times.times, times.low, times.high, n=records))
    return made


def _in_all(at: dict[str, str], quality: Quality) -> list[dict[str, Any]]:
    """How many links in all, and how many children are in two circles for each thousand counted there."""
    missing = quality.true_links * (1 - quality.recall)
    factor = quality.precision / quality.recall if quality.recall else 1.0
    figures = (
        ("links_wrong_expected", quality.links * (1 - quality.precision)),
        ("links_missing_expected", missing),
        ("in_both_of_1000", 1000 * factor),
    )
    return [_row(at, m, value, n=quality.links) for m, value in figures]


def _unsaid(at: dict[str, str], measure: str, n: int) -> dict[str, Any]:
    """Of fewer than a hundred, a share of a few in a thousand says nothing, or too much of one."""
    return {**_row(at, measure, None, n=n), "reason": "not_available" if n else "not_applicable"}


def _row(
    at: dict[str, str], measure: str, value: float | None, low: float | None = None,
    high: float | None = None, n: int = 0, counted: bool = False,
) -> dict[str, Any]:  # fmt: skip
    count = float(n) if counted else None
    return {
        **at, "measure": measure, "value": value, "low": low, "high": high,
        "numerator": count, "denominator": count, "n": n, "reason": None,
    }  # fmt: skip


_SCHEMA: dict[str, Any] = {
    "group": pl.String, "measure": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "numerator": pl.Float64, "denominator": pl.Float64, "n": pl.Int64, "reason": pl.String,
}  # fmt: skip


def _spec(place: Place, dimension: Dimension) -> TableSpec:
    return TableSpec(
        id="linkage-errors",
        title="Links expected to be wrong and to be missing, by group",
        population="source-records",
        period=str(place.year),
        unit="of 1,000 links",
        dimensions=(dimension,),
        kind="quality",
        page="linkage",
        notes=(
            "A link joins two records of different sources; a wrong one joins two children.",
            "Expected from the scores of all compared pairs. A reviewed sample would be surer.",
            "Pairs that were never compared are not among the missing.",
        ),
        definitions=("identity/model_2026", "identity/children_layer_2026"),
        sources=tuple(sorted({d.source for d in place.deliveries})),
        step="identity.tables",
    )
