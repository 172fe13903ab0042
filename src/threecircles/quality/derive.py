"""Columns that rules need and no file sends: without it sixteen rules on placements could not run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl

from threecircles.definitions import read_csv
from threecircles.quality.layout import PREVIOUS

METRES_IN_A_MILE = 1609.3
_NATIONS = {"S": "SCO", "N": "NIR", "W": "WAL"}

Tables = dict[str, pl.DataFrame]
Names = dict[str, frozenset[str]]


def derive(
    return_name: str,
    tables: Mapping[str, pl.DataFrame],
    references: Mapping[str, pl.DataFrame],
    authority: str | None,
) -> tuple[Tables, Names]:
    """The tables with derived columns, and the names of those that were derived.

    For SSDA903, this year and last: Header.UASC from the UASC file (1 when the child has a row);
    Episodes.PL_LA, PL_LOCATION and PL_DISTANCE from the postcode directory. A column that was
    handed in is used as given.
    """
    found: Tables = dict(tables)
    names: Names = {}
    if return_name != "903":
        return found, names
    for ending in ("", PREVIOUS):
        header, uasc, episodes = (found.get(f"{t}{ending}") for t in ("Header", "UASC", "Episodes"))
        if (
            header is not None
            and uasc is not None
            and "UASC" not in header.columns
            and {"CHILD"} <= set(header.columns) & set(uasc.columns)
        ):
            found[f"Header{ending}"] = header.with_columns(
                pl.col("CHILD")
                .is_in(uasc["CHILD"].drop_nulls().implode())
                .fill_null(False)
                .cast(pl.Int8)
                .cast(pl.String)
                .alias("UASC")
            )
            names[f"Header{ending}"] = frozenset({"UASC"})
        if episodes is not None and "postcodes" in references:
            made = _placed(episodes, references, authority)
            new = frozenset(made.columns) - frozenset(episodes.columns)
            found[f"Episodes{ending}"], names[f"Episodes{ending}"] = made, new
    return found, names


def authority_code(given: object, tables: Mapping[str, pl.DataFrame]) -> str | None:
    """The reporting authority's GSS code, from a GSS code or a DfE number; None when unknown.

    A Header that names its authority (LEA) is used when the caller names none.
    """
    text = str(given).strip().upper() if given else ""
    if not text and "Header" in tables and "LEA" in tables["Header"].columns:
        first = tables["Header"]["LEA"].drop_nulls()
        text = first[0].strip() if first.len() else ""
    return _gss_by_number().get(text, text) or None


@cache
def _gss_by_number() -> dict[str, str]:
    return {row["dfe_number"]: row["gss"] for row in read_csv("rules/authorities")}


def _placed(
    episodes: pl.DataFrame, references: Mapping[str, pl.DataFrame], authority: str | None
) -> pl.DataFrame:
    """Episodes with the derived placement columns that are absent and can be made."""
    directory = _directory(references)
    joined = _located(
        _located(episodes, "PL_POST", "_pl", directory), "HOME_POST", "_home", directory
    )
    made: dict[str, pl.Expr] = {}
    if "PL_POST" in episodes.columns:
        made["PL_LA"] = pl.col("_pl_area")
    if "PL_POST" in episodes.columns and authority:
        made["PL_LOCATION"] = (
            pl.when(pl.col("_pl_area").is_null())
            .then(None)
            .when(pl.col("_pl_area") == authority)
            .then(pl.lit("IN"))
            .otherwise(pl.lit("OUT"))
        )
    if {"PL_POST", "HOME_POST"} <= set(episodes.columns):
        metres = (
            (pl.col("_pl_x") - pl.col("_home_x")) ** 2 + (pl.col("_pl_y") - pl.col("_home_y")) ** 2
        ).sqrt()
        made["PL_DISTANCE"] = (metres / METRES_IN_A_MILE).round(1).cast(pl.String)
    new = [
        expression.alias(name) for name, expression in made.items() if name not in episodes.columns
    ]
    return joined.select(*episodes.columns, *new)


def _directory(references: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per postcode without spaces: upper-tier authority or nation, easting, northing."""
    postcodes = references["postcodes"]
    key = "pcd_abbr" if "pcd_abbr" in postcodes.columns else "pcd"
    listed = postcodes.select(
        pl.col(key).str.replace_all(r"\s", "").alias("_post"),
        (pl.col("laua") if "laua" in postcodes.columns else pl.lit(None, dtype=pl.String)).alias(
            "_laua"
        ),
        *(
            (pl.col(c) if c in postcodes.columns else pl.lit(None))
            .cast(pl.Float64, strict=False)
            .alias(a)
            for c, a in (("oseast1m", "_x"), ("osnrth1m", "_y"))
        ),
    ).unique("_post", keep="first", maintain_order=True)
    upper = references.get("authorities")
    if upper is None:
        listed = listed.with_columns(_upper=pl.col("_laua"))
    else:
        pairs = upper.select(
            pl.col("LTLA21CD").alias("_laua"), pl.col("UTLA21CD").alias("_upper")
        ).unique("_laua")
        listed = listed.join(pairs, on="_laua", how="left")
    nation = (
        pl.col("_laua")
        .str.slice(0, 1)
        .replace_strict(_NATIONS, default=None, return_dtype=pl.String)
    )
    return listed.with_columns(_area=pl.coalesce(nation, pl.col("_upper"))).select(
        "_post", "_area", "_x", "_y"
    )


def _located(
    episodes: pl.DataFrame, column: str, mark: str, directory: pl.DataFrame
) -> pl.DataFrame:
    """Episodes with area and grid reference of one postcode column, in the same order."""
    named = directory.rename({"_area": f"{mark}_area", "_x": f"{mark}_x", "_y": f"{mark}_y"})
    if column not in episodes.columns:
        return episodes
    return episodes.with_columns(_post=pl.col(column).str.replace_all(r"\s", "")).join(
        named, on="_post", how="left", maintain_order="left"
    )
