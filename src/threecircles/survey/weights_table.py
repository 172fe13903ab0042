"""What weighting did to a run's surveys, as a table: without it no reader would know how far answers were stretched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.survey.weights import Weighted

TABLE = "survey-weights"
WORDS = {
    "stratum": "type of school", "nc_year": "school year", "sex": "sex", "urn": "school", "fsm": "free school meals",
    "sen": "special needs", "ethnic_group": "ethnic group", "idaci_quintile": "deprivation of the home area",
}  # fmt: skip
"""Columns that margins are made of, in words."""
FIGURES = ("design_effect", "effective_answers", "largest_weight", "totals_set", "totals_missed")


def weights_table(
    surveys: Mapping[str, tuple[Weighted, Sequence[Sequence[str]]]],
    labels: Mapping[str, str],
    period: str,
) -> Measured:
    """survey-weights: by survey, Kish's design effect of the weights, the answers they are worth, the largest weight
    as a multiple of the median, and how many totals were set and missed; by total, whether it was missed (1 or 0).

    surveys: delivery -> its weights, and the margins they were fitted to. labels: delivery -> its words.
    """
    rows = []
    margins: dict[str, str] = {}
    for survey, (told, asked) in surveys.items():
        n = len(told.weights)
        names = {"_x_".join(m): m for m in asked}
        margins |= {name: in_words(columns) for name, columns in names.items()}
        whole = {
            "design_effect": told.kish, "effective_answers": float(round(n / told.kish)) if n else 0.0,
            "largest_weight": told.largest, "totals_set": float(len(names)), "totals_missed": float(len(told.unmet)),
        }  # fmt: skip
        rows += [(survey, TOTAL, m, whole[m], n) for m in FIGURES]
        rows += [(survey, name, "missed", float(name in told.unmet), n) for name in names]
    schema = {"survey": pl.String, "total": pl.String, "measure": pl.String, "value": pl.Float64, "n": pl.Int64}  # fmt: skip
    empty = [pl.lit(None, pl.Float64).alias(c) for c in ("low", "high", "numerator", "denominator")]
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        *empty, reason=pl.lit(None, pl.String)
    )
    return Measured(_spec({s: labels.get(s, s) for s in surveys}, margins, period), frame)


def in_words(columns: Sequence[str]) -> str:
    """A margin in words: "school year by sex, in each type of school"."""
    inner = [WORDS.get(c, c.replace("_", " ")) for c in columns if c != "stratum"]
    text = " by ".join(inner) or WORDS["stratum"]
    told = f"{text}, in each type of school" if inner and "stratum" in columns else text
    return told[:1].upper() + told[1:]


def _spec(surveys: Mapping[str, str], margins: Mapping[str, str], period: str) -> TableSpec:
    survey = Dimension(column="survey", label="Survey", order=tuple(surveys), labels=dict(surveys))
    total = Dimension(
        column="total",
        label="Total of the school roll",
        order=(TOTAL, *margins),
        labels=dict(margins),
    )
    return TableSpec(
        id=TABLE,
        title="How answers were weighted to the school roll",
        population="survey-answers",
        period=period,
        unit="answers",
        dimensions=(survey, total),
        kind="quality",
        page="quality",
        notes=(
            "A design effect of 1.3 means that 130 weighted answers tell as much as 100 that all count alike.",
            "A total is missed where no weights of these answers reach it; figures by that grouping stand on answers alone.",
            "The circles have weights of their own, fitted to everyone on roll.",
        ),
        sources=("survey-pupils", "school-census"),
        step="survey.measure",
    )
