"""Factors of an assessment as a list and as rows: without it half the callers could not run eight rules."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from threecircles.quality.canonical import LIST_MARK

_KEY = ["LAchildID", "CINdetailsID", "AssessmentID"]


def imply_factors(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables, with AssessmentFactors and AssessmentFactorsList each made from the other.

    What was given is used as given; only the absent one of the two is made.
    """
    found = dict(tables)
    assessments, factors = found.get("Assessments"), found.get("AssessmentFactorsList")
    if assessments is None:
        return found
    there = "AssessmentFactors" in assessments.columns
    if there and factors is None and set(_KEY) <= set(assessments.columns):
        found["AssessmentFactorsList"] = _rows(assessments)
    elif not there and factors is not None and _joinable(assessments, factors):
        found["Assessments"] = _with_list(assessments, factors)
    return found


def _joinable(assessments: pl.DataFrame, factors: pl.DataFrame) -> bool:
    return set(_KEY) <= set(assessments.columns) and {*_KEY, "AssessmentFactor"} <= set(
        factors.columns
    )


def _rows(assessments: pl.DataFrame) -> pl.DataFrame:
    return (
        assessments.filter(pl.col("AssessmentFactors").is_not_null())
        .select(*_KEY, pl.col("AssessmentFactors").str.split(LIST_MARK).alias("AssessmentFactor"))
        .explode("AssessmentFactor")
    )


def _with_list(assessments: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    lists = (
        factors.filter(pl.col("AssessmentFactor").is_not_null())
        .group_by(_KEY, maintain_order=True)
        .agg(pl.col("AssessmentFactor").str.join(LIST_MARK).alias("AssessmentFactors"))
    )
    return assessments.join(lists, on=_KEY, how="left", maintain_order="left")
