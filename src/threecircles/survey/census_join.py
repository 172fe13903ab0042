"""The school census put beside a study: without it those who answer less often, by need or means, count less.

The roll is counted from the census for every study. In an identifiable study the holder's key leads from a
code to a pupil number, and special needs, ethnic group, free meals and deprivation come to stand beside
the answers; neither number, name nor postcode is kept. An anonymous study is weighed to what it asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.spill import sealed
from threecircles.definitions import load
from threecircles.definitions.place import Delivery, Place
from threecircles.quality.shared_sql import Macro
from threecircles.sources import read
from threecircles.survey.study import Study, folder_of

ATTRIBUTES = ("fsm", "sen", "ethnic_group", "idaci_quintile")
"""What the census says of a pupil. fsm: eligible for free meals. idaci_quintile: fifths of the place's own areas, 1 the most deprived."""
MAIN_ROLL = ("C", "M")
"""Enrolment statuses that count a pupil once: current, and the main of two schools."""
SEN = {"N": "none", "K": "support", "S": "support", "E": "plan"}
BESIDE = "beside.parquet"
UNKNOWN = "not known"
NOT_LINKED = "not linked"
"""Of a form beside which nothing could be put: no pupil on roll goes by it, so it stands for itself."""


@dataclass(frozen=True)
class Beside:
    """What was put beside a study: pupils on roll, codes of the holder, those found in the census."""

    roll: int
    codes: int
    found: int


def put_beside(workspace: Path, study: Study, place: Place, years: tuple[int, ...]) -> Beside:
    """Write the study's roll.csv from the place's latest school census, and what it says beside the codes.

    years: school years that were asked. An anonymous study gets the roll by school, year and sex alone.
    Raises UsageError without a census, or when a list made by hand would be written over.
    """
    census = place.of("school-census")
    folder = folder_of(workspace, study.id)
    if not census:
        raise UsageError("The place has no school census.", where="place.yaml")
    if (folder / "roll.csv").exists() and not (folder / BESIDE).exists():
        raise UsageError(
            "The study has a roll that was made by hand.", where="roll.csv", mend="Move it away first."
        )  # fmt: skip
    pupils = pupils_of(_tables(census[-1]), place.reference, census[-1]).filter(
        pl.col("nc_year").is_in(years)
    )
    schools = _urns(workspace, study)
    pupils = pupils.filter(pl.col("urn").is_in(schools)) if schools else pupils
    named = study.mode == "identifiable"
    roll_of(pupils, ATTRIBUTES if named else ()).write_csv(folder / "roll.csv")
    beside = pl.DataFrame(schema=dict.fromkeys(("response_id", *ATTRIBUTES), pl.String))
    holders = place.of("survey-holder") if named else ()
    if holders:
        keys = _tables(holders[-1])["survey_holder"]
        beside = beside_codes(keys, pupils)
    beside.write_parquet(folder / BESIDE, statistics=False)
    found = int((beside["sen"] != NOT_LINKED).sum()) if beside.height else 0
    return Beside(pupils.height, beside.height, found)


def pupils_of(
    tables: Mapping[str, pl.DataFrame], reference: Mapping[str, Path], census: Delivery
) -> pl.DataFrame:
    """One row a pupil on roll: upn, urn, nc_year, sex and ATTRIBUTES as text ("not known" where blank)."""
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
    meals = _eligible(tables.get("fsmperiod"), census)
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


def with_beside(frame: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Responses with what was put beside them; a form whose code is in no list has "not linked"."""
    path = folder / BESIDE
    if not path.exists():
        return frame
    beside = pl.read_parquet(path)
    if not beside.height:
        return frame
    new = [c for c in ATTRIBUTES if c not in frame.columns]
    told = frame.join(
        beside.select("response_id", *new), on="response_id", how="left", maintain_order="left"
    )
    return told.with_columns(pl.col(new).fill_null(NOT_LINKED))


def _tables(delivery: Delivery) -> Mapping[str, pl.DataFrame]:
    found = read(delivery.files, return_name=delivery.source, year=delivery.year)
    if not found.tables:
        raise UsageError("The delivery could not be read.", where=delivery.id)
    return found.tables


def _urns(workspace: Path, study: Study) -> list[str]:
    """Schools that take part."""
    from threecircles.survey.field import store_of

    store = store_of(workspace, study)
    urns = [str(r["urn"]) for r in store.run("SELECT urn FROM school_window")]
    store.close()
    return urns


def _groups(codes: list[str]) -> dict[str, str]:
    """Main ethnic group of each code, by the definition that the checks use."""
    rule = load("rules/macros/main_ethnic_group", Macro).statement()
    table = pl.DataFrame({"code": codes}, schema={"code": pl.String})
    with sealed(duckdb.connect()) as engine:
        engine.register("codes", table.to_arrow())
        engine.execute(rule)
        rows = engine.execute("SELECT code, main_ethnic_group(code) FROM codes").fetchall()
    return {code: group or UNKNOWN for code, group in rows}


def _eligible(periods: pl.DataFrame | None, census: Delivery) -> list[str]:
    """Pupils eligible for free meals on the census day."""
    if periods is None:
        return []
    day = pl.lit(census.as_of)
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
