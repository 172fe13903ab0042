"""Areas, how they hang together, and their figures: every code with its vintage."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.definitions.place import Place
from threecircles.record.schema import check, conform
from threecircles.record.tables import table

LEVELS = (
    # column of the code, of the name, vintage, kind
    ("LSOA21CD", "LSOA21NM", "lsoa21", "lsoa"),
    ("MSOA21CD", "MSOA21NM", "msoa21", "msoa"),
    ("WD24CD", "WD24NM", "ward24", "ward"),
    ("LAD24CD", "", "lad24", "lad"),
)
LINKS = (
    # Wards of 2024 are best fits of areas drawn in 2021; the others nest by construction (ONS).
    ("LSOA21CD", "lsoa21", "MSOA21CD", "msoa21", "part_of"),
    ("LSOA21CD", "lsoa21", "WD24CD", "ward24", "best_fit"),
    ("WD24CD", "ward24", "LAD24CD", "lad24", "part_of"),
    ("MSOA21CD", "msoa21", "LAD24CD", "lad24", "part_of"),
)


def areas(place: Place) -> dict[str, pl.DataFrame]:
    """The tables area, area_link and area_value from a place's reference files."""
    lookup = _read(place, "lsoa")
    made = {
        "area": _areas(lookup),
        "area_link": _links(lookup),
        "area_value": _values(_read(place, "population"), _read(place, "deprivation"), place.year),
    }
    return {
        f"record.{name}": check(conform(frame, table(name)), table(name))
        for name, frame in made.items()
    }


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


def _areas(lookup: pl.DataFrame) -> pl.DataFrame:
    found = []
    for code, label, vintage, kind in LEVELS:
        if code in lookup.columns:
            rural = (
                pl.col("RUC21") if kind == "lsoa" and "RUC21" in lookup.columns else pl.lit(None)
            )
            found.append(
                lookup.select(
                    code=code,
                    vintage=pl.lit(vintage),
                    kind=pl.lit(kind),
                    label=pl.col(label)
                    if label in lookup.columns
                    else pl.lit(None, dtype=pl.String),
                    rural_urban=rural.cast(pl.String),
                ).unique("code", keep="first", maintain_order=True)
            )
    return pl.concat(found).sort("vintage", "code") if found else pl.DataFrame()


def _links(lookup: pl.DataFrame) -> pl.DataFrame:
    found = [
        lookup.select(
            from_code=small,
            from_vintage=pl.lit(one),
            to_code=large,
            to_vintage=pl.lit(other),
            relation=pl.lit(relation),
            weight=pl.lit(1.0),
        ).unique(maintain_order=True)
        for small, one, large, other, relation in LINKS
        if small in lookup.columns and large in lookup.columns
    ]
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
