"""Scores, conversions and bands of a measure: without one place for them raw would pass for metric.

Reliable change: Jacobson and Truax, J. Consult. Clin. Psychol. 59 (1991) 12-19.
"""

from __future__ import annotations

from datetime import date
from math import sqrt

import narwhals as nw

from threecircles.core.errors import UsageError
from threecircles.core.scoring import score
from threecircles.survey.measures import Measure, ScaleRule, scoring

NO_BAND = "no band"


def score_measure(frame: nw.LazyFrame, measure: Measure) -> nw.LazyFrame:
    """The frame with a column for each scale of the measure (null where too few items were answered).

    frame: the measure's items as numeric columns. Also the columns that core.scoring.score adds.
    """
    scales = scoring(measure)
    # Measures shown item by item have no scale to make.
    scored = score(frame, scales) if scales else frame
    for rule in measure.scales:
        if rule.rule == "sum_of_scales":
            total = nw.col(rule.of[0])
            for other in rule.of[1:]:
                total = total + nw.col(other)
            scored = scored.with_columns(total.alias(rule.id))
        if rule.rule == "converted":
            low = measure.scale(rule.of[0]).range[0]
            table = dict(enumerate(rule.conversion, start=int(low)))
            value = nw.col(rule.of[0])
            metric = nw.lit(None, dtype=nw.Float64)
            for raw, to in table.items():
                # A sum made by division may miss a whole number by its last digit.
                metric = nw.when((value - raw).abs() < 1e-6).then(nw.lit(to)).otherwise(metric)
            scored = scored.with_columns(metric.alias(rule.id))
    return scored


def band(
    measure: Measure,
    scale: str,
    value: float | None,
    *,
    country: str,
    respondent: str,
    age: int,
    day: date | None = None,
) -> str:
    """The band of a score, or "no band" where no table fits country, respondent and age."""
    if value is None:
        return NO_BAND
    for table in measure.bands:
        fits = (table.scale, table.country, table.respondent) == (scale, country, respondent)
        begun = day is None or table.valid_from is None or table.valid_from <= day
        if fits and begun and table.ages[0] <= age <= table.ages[1]:
            return next((b.label for b in table.bands if b.low <= value <= b.high), NO_BAND)
    return NO_BAND


def refuse_unlike(one: ScaleRule, other: ScaleRule) -> None:
    """Raise UsageError when two series of scores are not in the same form."""
    if one.scale_form != other.scale_form:
        raise UsageError(
            "Scores of different forms cannot be compared.",
            found=f"{one.id} is {one.scale_form}, {other.id} is {other.scale_form}",
            mend="Convert both to the same form, or show them apart.",
        )


def reliable_change(sd: float, reliability: float, z: float = 1.96) -> float:
    """The least change of a score that is beyond measurement error.

    sd: of the scores before. Raises UsageError for a reliability outside 0 to 1.
    """
    if not 0 <= reliability < 1 or sd <= 0:
        raise UsageError(
            "A reliable change needs a standard deviation above 0 and a reliability of 0 to below 1.",
            found=f"{sd:g} and {reliability:g}",
        )
    return z * sd * sqrt(2) * sqrt(1 - reliability)
