"""Splink 5 behind one door: without this file the rest of the room would speak its dialect."""

from __future__ import annotations

import logging
from math import log2
from typing import Any

import duckdb
import polars as pl

from threecircles.identity.model import Model

FLOOR = -8.0
"""Least match weight (bits) of a pair that is kept for the layers above and for review."""


def settings(model: Model, only_new: bool = False) -> dict[str, Any]:
    """The model as Splink's settings. Pairs of one duplicate-free source are never compared.

    only_new: compare only pairs with a record whose column `is_new` is true.
    """
    allowed = "(l.src <> r.src OR l.dup)"
    if only_new:
        allowed += " AND (l.is_new OR r.is_new)"
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "rid",
        "probability_two_random_records_match": model.prior,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": " AND ".join([*(f"l.{c} = r.{c}" for c in block), *extra, allowed])}
            for blocks, extra in (
                (model.blocking, ()),
                (model.nameless, ("(l.nameless OR r.nameless)",)),
            )
            for block in blocks
        ],
        "comparisons": [
            {
                "output_column_name": c.name,
                "comparison_levels": [_level(level) for level in c.levels],
            }
            for c in model.comparisons
        ],
    }


def _level(level: Any) -> dict[str, Any]:
    if level.null:
        return {"sql_condition": level.sql, "label_for_charts": level.label, "is_null_level": True}
    made = {
        "sql_condition": level.sql,
        "label_for_charts": level.label,
        "m_probability": _clip(level.m),
        "u_probability": _clip(level.u),
    }
    return made | ({"tf_adjustment_column": level.tf} if level.tf else {})


def scored(
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    floor: float = FLOOR,
    only_new: bool = False,
) -> pl.DataFrame:
    """Pairs with their weights.

    Columns: rid_l, rid_r int64, w float64 (bits), gamma_<comparison> int8 (-1 missing, 0 different,
    higher is closer), mw_<comparison> float64 (bits by field, term frequencies included).
    """
    if not model.comparisons or not model.blocking:
        return _no_pairs(model)
    logging.getLogger("splink").setLevel(logging.ERROR)
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection=connection)
    linker = Linker(
        api.register("records"), settings(model, only_new), log_level=None, validate_settings=False
    )
    for column, chance in frequencies(model).items():
        name = smoothed(connection, column, chance, model.learning["prior_names"])
        linker.table_management.register_term_frequency_lookup(api.register(name), column)
    predicted = linker.inference.predict(threshold_match_weight=floor, warning_mode="never")
    table = connection.execute(told(model, str(predicted.physical_name))).to_arrow_table()
    predicted.drop_table_from_database_and_remove_from_cache()
    return pl.DataFrame(table)


def told(model: Model, predicted: str) -> str:
    """SQL that turns a table of Splink's predictions into ours: levels and bits by field."""
    fields = ", ".join(
        f"{_gamma(c)} AS gamma_{c.name}, (p.mw_{c.name}{_tf(c)})::FLOAT AS mw_{c.name}"
        for c in model.comparisons
    )
    return f"SELECT rid_l, rid_r, match_weight AS w, {fields} FROM {predicted} AS p ORDER BY rid_l, rid_r"


def frequencies(model: Model) -> dict[str, float]:
    """Columns whose frequencies count, with the chance agreement of their level."""
    return {level.tf: level.u for c in model.comparisons for level in c.levels if level.tf}


def smoothed(
    connection: duckdb.DuckDBPyConnection, column: str, chance: float, prior_names: int
) -> str:
    """A table of shares by value, drawn towards chance agreement: in a list of ten children every
    name would otherwise look common."""
    name = f"frequency_of_{column}"
    connection.execute(f"""
        CREATE OR REPLACE TABLE {name} AS
        SELECT {column}, (count(*) + {prior_names * chance:.12e}::DOUBLE) / (sum(count(*)) OVER () + {prior_names})
            AS tf_{column}
        FROM records WHERE {column} IS NOT NULL GROUP BY {column}""")
    return name


def _tf(comparison: Any) -> str:
    has = any(level.tf for level in comparison.levels)
    return f" + p.mw_tf_adj_{comparison.name}" if has else ""


def _no_pairs(model: Model) -> pl.DataFrame:
    """The empty table, for records that hold nothing to compare."""
    fields: list[tuple[str, Any]] = [(f"gamma_{c.name}", pl.Int8) for c in model.comparisons]
    fields += [(f"mw_{c.name}", pl.Float32) for c in model.comparisons]
    return pl.DataFrame(
        schema=dict([("rid_l", pl.Int64), ("rid_r", pl.Int64), ("w", pl.Float64), *fields])
    )


def _gamma(comparison: Any) -> str:
    """Splink keeps levels only beside the compared values, which would double the memory; the
    weight tells the level as well."""
    whens = "".join(
        f"WHEN abs(p.mw_{comparison.name} - {log2(_clip(level.m) / _clip(level.u))!r}) < 1e-7 THEN {gamma} "
        for gamma, level in comparison.by_gamma().items()
    )
    return f"(CASE {whens} ELSE -1 END)::TINYINT"


def _clip(share: float) -> float:
    return min(max(share, 1e-9), 1 - 1e-9)
