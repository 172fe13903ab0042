"""Areas, how they hang together, and their figures: every code with its vintage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.definitions.place import Place
from threecircles.record.schema import check, conform
from threecircles.record.tables import table

LOOKUPS = ("lsoa", "constituencies", "health_areas", "police_forces")
"""Reference files of a place that say in which areas each LSOA lies; the last three are optional."""


@dataclass(frozen=True)
class Kind:
    """A kind of area as official lookups name its columns: a prefix, two digits of a year, CD or NM.

    within: the kind whose areas it is made of. relation: how they lie in it.
    """

    prefix: str
    kind: str
    within: str
    relation: str

    @property
    def vintage(self) -> str:
        """First letters of its vintage: `lsoa` of lsoa21."""
        return {"WD": "ward"}.get(self.prefix, self.prefix.lower())


KINDS = (
    Kind("LSOA", "lsoa", "", ""),
    Kind("MSOA", "msoa", "LSOA", "part_of"),
    # Wards and constituencies of 2024 and health areas are best fits of areas drawn in 2021; districts
    # make police forces, and sub-areas of health boards the boards (Office for National Statistics).
    Kind("WD", "ward", "LSOA", "best_fit"),
    Kind("PCON", "constituency", "LSOA", "best_fit"),
    Kind("SICBL", "sub_icb", "LSOA", "best_fit"),
    Kind("ICB", "icb", "SICBL", "part_of"),
    Kind("LAD", "lad", "WD", "part_of"),
    Kind("PFA", "police_force", "LAD", "part_of"),
)
ALSO = (("MSOA", "LAD", "part_of"), ("LSOA", "ICB", "best_fit"), ("LSOA", "PFA", "best_fit"))
"""Further links, where both columns stand in one lookup."""
BEST_FIT = "best fit"


def areas(place: Place) -> dict[str, pl.DataFrame]:
    """The tables area, area_link and area_value from a place's reference files."""
    lookups = [_read(place, name) for name in LOOKUPS]
    links = check_weights(_joined([_links(lookup) for lookup in lookups]))
    made = {
        "area": _joined([_areas(lookup) for lookup in lookups]).unique(
            ["code", "vintage"], keep="first", maintain_order=True
        ),
        "area_link": links,
        "area_value": _values(_read(place, "population"), _read(place, "deprivation"), place.year),
    }
    return {
        f"record.{name}": check(conform(frame, table(name)), table(name))
        for name, frame in made.items()
    }


def check_weights(links: pl.DataFrame) -> pl.DataFrame:
    """The links themselves when the weights of every area to each vintage add up to 1.

    Raises ThreeCirclesError that names the first area whose weights do not.
    """
    if not links.height:
        return links
    sums = links.group_by("from_code", "from_vintage", "to_vintage").agg(pl.col("weight").sum())
    wrong = sums.filter((pl.col("weight") - 1).abs() > 1e-6).sort("from_code", "to_vintage")
    if wrong.height:
        first = wrong.row(0, named=True)
        raise ThreeCirclesError(
            "The weights of an area do not add up to 1: some of its children would be lost or counted twice.",
            where=f"{first['from_code']} ({first['from_vintage']}) to {first['to_vintage']}",
            found=f"{first['weight']:.4f}",
            mend="Mend the column `weight` of the lookup, or leave it out where each area lies in one.",
        )
    return links


def spread(counts: pl.DataFrame, links: pl.DataFrame, vintage: str) -> pl.DataFrame:
    """Counts by small area as counts by the areas of another vintage.

    counts: code, from_vintage and numbers. links: the table area_link. vintage: for example pcon24.
    Columns: code, the numbers (float64), fit (`exact`, or `best fit` where a link is one). What lies in no
    known area stands under the code `unknown`: nothing is lost. Raises UsageError where no link leads there.
    """
    known = links.filter(pl.col("to_vintage") == vintage)
    if not known.height:
        held = sorted(links["to_vintage"].unique()) if links.height else []
        raise UsageError(
            f"No lookup of this place leads to {vintage}.",
            allowed=", ".join(held),
            mend="Name a lookup with such a column under `reference` in place.yaml.",
        )
    numbers = [c for c in counts.columns if c not in ("code", "from_vintage")]
    joined = counts.join(
        known.select("from_code", "from_vintage", "to_code", "relation", "weight"),
        left_on=["code", "from_vintage"], right_on=["from_code", "from_vintage"], how="left",
    )  # fmt: skip
    weight = pl.col("weight").fill_null(1.0)
    return (
        joined.with_columns((pl.col(c).cast(pl.Float64) * weight).alias(c) for c in numbers)
        .group_by(code=pl.col("to_code").fill_null("unknown"))
        .agg(
            *(pl.col(c).sum() for c in numbers),
            fit=pl.when((pl.col("relation") == "best_fit").any())
            .then(pl.lit(BEST_FIT))
            .otherwise(pl.lit("exact")),
        )
        .sort("code")
    )


def same_vintage(one: str, other: str) -> None:
    """Raise UsageError when areas of two vintages would be joined."""
    if one != other:
        raise UsageError(
            "Areas of unlike vintage are not joined.",
            found=f"{one} and {other}",
            mend="Convert one of them through area_link first; its weights say how well they fit.",
        )


def same_period(one: str, other: str) -> None:
    """Raise UsageError when periods of two kinds would be joined."""
    if one != other:
        raise UsageError(
            "Periods of unlike kind are not joined.",
            found=f"{one} and {other}",
            mend="Name the kind you want; a financial and an academic year share six months at most.",
        )


def _read(place: Place, name: str) -> pl.DataFrame:
    path: Path | None = place.reference.get(name)
    return pl.read_csv(path, infer_schema=False) if path else pl.DataFrame()


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame:
    filled = [p for p in parts if p.width]
    return pl.concat(filled) if filled else pl.DataFrame()


def _held(lookup: pl.DataFrame) -> dict[str, tuple[Kind, str, str]]:
    """Prefix -> kind, year and column of the kinds that a lookup holds."""
    found = {}
    for kind in KINDS:
        for column in lookup.columns:
            match = re.fullmatch(rf"{kind.prefix}(\d\d)CD", column)
            if match:
                found[kind.prefix] = (kind, match[1], column)
    return found


def _areas(lookup: pl.DataFrame) -> pl.DataFrame:
    found = []
    for kind, year, code in _held(lookup).values():
        label = code.removesuffix("CD") + "NM"
        rural = pl.col("RUC21") if kind.kind == "lsoa" and "RUC21" in lookup.columns else None
        nothing = pl.lit(None, dtype=pl.String)
        found.append(
            lookup.select(
                code=code,
                vintage=pl.lit(f"{kind.vintage}{year}"),
                kind=pl.lit(kind.kind),
                label=pl.col(label) if label in lookup.columns else nothing,
                rural_urban=nothing if rural is None else rural.cast(pl.String),
            )
            .filter(pl.col("code").is_not_null())
            .unique("code", keep="first", maintain_order=True)
        )
    return pl.concat(found).sort("vintage", "code") if found else pl.DataFrame()


def _links(lookup: pl.DataFrame) -> pl.DataFrame:
    held, found = _held(lookup), []
    pairs = [(k.within, k.prefix, k.relation) for k in KINDS if k.within]
    for small, large, relation in (*pairs, *ALSO):
        if small not in held or large not in held:
            continue
        (one, one_year, one_code), (other, other_year, other_code) = held[small], held[large]
        own = "weight" in lookup.columns and small == "LSOA"
        found.append(
            lookup.select(
                from_code=one_code,
                from_vintage=pl.lit(f"{one.vintage}{one_year}"),
                to_code=other_code,
                to_vintage=pl.lit(f"{other.vintage}{other_year}"),
                relation=pl.lit(relation),
                weight=pl.col("weight").cast(pl.Float64) if own else pl.lit(1.0),
            )
            .drop_nulls(["from_code", "to_code"])
            .unique(["from_code", "to_code"], keep="first", maintain_order=True)
        )
    return (
        pl.concat(found).sort("from_vintage", "from_code", "to_vintage")
        if found
        else pl.DataFrame()
    )


def _values(population: pl.DataFrame, deprivation: pl.DataFrame, year: int) -> pl.DataFrame:
    parts = []
    if population.width:
        parts.append(
            population.select(
                code="LSOA21CD",
                measure_id=pl.lit("population"),
                period=pl.lit(f"mid-{year - 1}"),
                age=pl.col("age").cast(pl.Int64),
                sex="sex",
                value=pl.col("population").cast(pl.Float64, strict=False),
            )
        )
    for name in ("imd_decile", "idaci_rate"):
        if name in deprivation.columns:
            parts.append(
                deprivation.select(
                    code="LSOA21CD",
                    measure_id=pl.lit(name),
                    period=pl.lit("2025"),
                    age=pl.lit(-1, dtype=pl.Int64),
                    sex=pl.lit("All"),
                    value=pl.col(name).cast(pl.Float64, strict=False),
                )
            )
    if not parts:
        return pl.DataFrame()
    return pl.concat(parts).with_columns(
        vintage=pl.lit("lsoa21"),
        reason=pl.when(pl.col("value").is_null()).then(pl.lit("not_available")),
    )
