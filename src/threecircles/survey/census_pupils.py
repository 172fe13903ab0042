"""Pupils as the school census counts them: what a survey's weights are fitted to, whichever way it came.

One path for a study of the workspace (`survey census`) and for a survey that a run received.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from threecircles.core.spill import sealed
from threecircles.definitions import load
from threecircles.quality.shared_sql import Macro

ATTRIBUTES = ("fsm", "sen", "ethnic_group", "idaci_quintile")
"""What the census says of a pupil. fsm: eligible for free meals. idaci_quintile: fifths of the place's own areas, 1 the most deprived."""
MAIN_ROLL = ("C", "M")
"""Enrolment statuses that count a pupil once: current, and the main of two schools."""
SEN = {"N": "none", "K": "support", "S": "support", "E": "plan"}
UNKNOWN = "not known"
NOT_LINKED = "not linked"
"""Of a form beside which nothing could be put: no pupil on roll goes by it, so it stands for itself."""
TABLES = ("pupilonroll", "fsmperiod", "addressesonroll")
"""Tables of the census that say all this."""


def pupils_of(
    tables: Mapping[str, pl.DataFrame], reference: Mapping[str, Path], as_of: date
) -> pl.DataFrame:
    """One row a pupil on roll: upn, urn, nc_year, sex and ATTRIBUTES as text ("not known" where blank).

    tables: of the census, TABLES as far as they are there. reference: the place's postcodes and deprivation.
    as_of: the census day.
    """
    roll = tables["pupilonroll"]
    key = "pupilonrolltableid"
    told = roll.filter(pl.col("enrolstatus").is_in(MAIN_ROLL)).select(
        key, "upn", pl.col("urn").cast(pl.String).str.strip_chars(), pl.col("sex").cast(pl.String),
        nc_year=pl.col("ncyearactual").cast(pl.Int64, strict=False),
        sen=pl.col("senprovision").replace_strict(SEN, default=UNKNOWN),
        ethnicity=pl.col("ethnicity").fill_null(""),
    )  # fmt: skip
    groups = _groups(told["ethnicity"].unique().to_list())
    told = told.with_columns(
        ethnic_group=pl.col("ethnicity").replace_strict(groups, default=UNKNOWN)
    )
    meals = _eligible(tables.get("fsmperiod"), as_of)
    told = told.with_columns(
        fsm=pl.when(pl.col(key).is_in(meals)).then(pl.lit("yes")).otherwise(pl.lit("no"))
    )
    fifths = _fifths(tables.get("addressesonroll"), reference)
    return (
        told.join(fifths, on=key, how="left")
        .with_columns(pl.col("idaci_quintile").fill_null(UNKNOWN))
        .select("upn", "urn", "nc_year", "sex", *ATTRIBUTES)
    )


def roll_of(pupils: pl.DataFrame, attributes: tuple[str, ...]) -> pl.DataFrame:
    """Pupils on roll: urn, nc_year, sex, the attributes, pupils."""
    keys = ["urn", "nc_year", "sex", *attributes]
    return pupils.group_by(keys).agg(pupils=pl.len()).sort(keys)


def beside_codes(keys: pl.DataFrame, pupils: pl.DataFrame) -> pl.DataFrame:
    """response_id (the code) and ATTRIBUTES of the pupils whose number the holder gave; else "not linked".

    keys: the holder's table. Whoever did not agree to linking stays "not linked".
    """
    agreed = (
        pl.col("consent_link").cast(pl.String).str.to_lowercase().is_in(["yes", "y", "1", "true"])
    )
    known = pupils.unique("upn", keep="none").select("upn", *ATTRIBUTES)
    return (
        keys.select(response_id="code", upn=pl.when(agreed).then("upn"))
        .join(known, on="upn", how="left")
        .with_columns(pl.col(ATTRIBUTES).fill_null(NOT_LINKED))
        .select("response_id", *ATTRIBUTES)
        .sort("response_id")
    )


def _groups(codes: list[str]) -> dict[str, str]:
    """Main ethnic group of each code, by the definition that the checks use."""
    rule = load("rules/macros/main_ethnic_group", Macro).statement()
    table = pl.DataFrame({"code": codes}, schema={"code": pl.String})
    with sealed(duckdb.connect()) as engine:
        engine.register("codes", table.to_arrow())
        engine.execute(rule)
        rows = engine.execute("SELECT code, main_ethnic_group(code) FROM codes").fetchall()
    return {code: group or UNKNOWN for code, group in rows}


def _eligible(periods: pl.DataFrame | None, as_of: date) -> list[str]:
    """Pupils eligible for free meals on the census day."""
    if periods is None:
        return []
    day = pl.lit(as_of)
    now = (pl.col("fsmstartdate__date") <= day) & (pl.col("fsmenddate__date") >= day).fill_null(
        True
    )
    return periods.filter(now)["pupilonrolltableid"].unique().to_list()


def _fifths(homes: pl.DataFrame | None, reference: Mapping[str, Path]) -> pl.DataFrame:
    """pupilonrolltableid and idaci_quintile, by the postcode of the home."""
    empty = pl.DataFrame(schema={"pupilonrolltableid": pl.String, "idaci_quintile": pl.String})
    if homes is None or not {"postcodes", "deprivation"} <= set(reference):
        return empty
    areas = pl.read_csv(reference["deprivation"], schema_overrides={"idaci_rate": pl.Float64})
    rank = pl.col("idaci_rate").rank("ordinal", descending=True)
    fifth = ((rank - 1) * 5 // pl.len() + 1).cast(pl.Int64).cast(pl.String)
    areas = areas.drop_nulls("idaci_rate").select("LSOA21CD", idaci_quintile=fifth)
    codes = pl.read_csv(reference["postcodes"], columns=["postcode", "LSOA21CD"])
    return (
        homes.unique("pupilonrolltableid", keep="first", maintain_order=True)
        .join(codes, on="postcode")
        .join(areas, on="LSOA21CD")
        .select("pupilonrolltableid", "idaci_quintile")
    )
