"""Survey scores as rows of the record's measure table: the one shape in which rooms above meet a survey."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.scoring import score
from threecircles.survey.measures import Measure, scoring

RESPONDENT, PARTICIPATION = "respondent", "participation"
DESIGN = ("study_id", "wave", "stratum", "psu", "weight", "fpc", "flagged")
HEAD = ("response_id", "person_id", "source_record_id", "source_row", "on_date", *DESIGN)


def rows(frame: pl.DataFrame, measures: Sequence[Measure]) -> pl.DataFrame:
    """Long rows from one row a pupil asked.

    frame: HEAD columns, completed, consent_link, nc_year, sex, roll (pupils of the school on roll), and
    the items with their __why. For each who completed, one row a scale (value null with missing_reason
    when too few items were answered; a measure without a scale, its items one by one); where some items are blank also <scale>_lowest and
    <scale>_highest, the ends of what the blanks leave open. For everyone asked: participation.
    """
    parts = [
        _constant(frame, PARTICIPATION, "completed", pl.col("completed").cast(pl.Float64)),
        _constant(frame, RESPONDENT, "nc_year", pl.col("nc_year").cast(pl.Float64)),
        _constant(
            frame,
            RESPONDENT,
            "female",
            pl.col("sex").replace_strict({"F": 1.0, "M": 0.0}, default=None),
        ),
        _constant(frame, RESPONDENT, "consent_link", pl.col("consent_link").cast(pl.Float64)),
        _constant(frame, RESPONDENT, "school_roll", pl.col("roll").cast(pl.Float64)),
    ]
    done = frame.filter("completed")
    for measure in measures:
        scales = scoring(measure)
        if not scales:
            parts += [
                _alone(done, measure.id, i.code) for i in measure.items if i.code in done.columns
            ]
            continue
        scored = collect(score(nw.from_native(done.lazy()), scales))
        own = [rule for rule in measure.scales if not rule.of]
        for scale, rule in zip(scales, own, strict=True):
            size = len(scale.items)
            why = pl.coalesce(
                *[pl.col(f"{item}__why") for item in scale.items], pl.lit("not_obtained")
            )
            value = pl.col(scale.id)
            parts.append(_row(scored, measure.id, scale.id, value, rule.scale_form, why))
            partly = scored.filter(pl.col(f"{scale.id}_answered") < size)
            parts += [
                _row(
                    partly,
                    measure.id,
                    f"{scale.id}_{end}",
                    pl.col(f"{scale.id}_{end}"),
                    rule.scale_form,
                    why,
                )
                for end in ("lowest", "highest")
            ]
    return pl.concat(parts).sort("source_record_id", "wave", "measure_id", "item_or_scale")


def _alone(done: pl.DataFrame, measure: str, item: str) -> pl.DataFrame:
    """One question of a measure that makes no score."""
    return _row(done, measure, item, pl.col(item), "raw", pl.col(f"{item}__why"))


def _constant(frame: pl.DataFrame, measure: str, item: str, value: pl.Expr) -> pl.DataFrame:
    return _row(frame, measure, item, value, None, pl.lit("not_obtained"))


def _row(
    frame: pl.DataFrame, measure: str, item: str, value: pl.Expr, form: str | None, why: pl.Expr
) -> pl.DataFrame:
    return frame.select(
        *HEAD,
        measure_id=pl.lit(measure),
        item_or_scale=pl.lit(item),
        value=value,
        scale_form=pl.lit(form, dtype=pl.String),
        missing_reason=pl.when(value.is_null()).then(why),
        respondent=pl.lit("self"),
    )
