"""Whether people trust what is done with their answers, wave by wave: the first thing a next study needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.intervals import wilson
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.survey.closing import read_closed
from threecircles.survey.questionnaire import questionnaire
from threecircles.survey.study import Study

ITEMS = ("trs1", "trs2", "trs3")
AGREE = (4.0, 5.0)
"""Answers that count as trust: mostly, very much."""


def trust_of_waves(workspace: Path, waves: Sequence[Study]) -> Measured | None:
    """The trend over closed studies, by wave and respondent; None where no wave asked the trust items."""
    told: dict[tuple[str, str], pl.DataFrame] = {}
    for study in waves:
        frozen = read_closed(workspace, study)["responses"]
        for name in study.questionnaires:
            form = questionnaire(name, workspace)
            own = frozen.filter(pl.col("questionnaire") == name)
            given = [
                pl.col(i).cast(pl.Float64, strict=False)
                for i in ITEMS
                if i in own.columns and (own[f"{i}__why"] != "not_asked").any()
            ]
            key = (study.wave, form.respondent)
            told[key] = pl.concat(
                [*([told[key]] if key in told else []), own.select(given)], how="diagonal"
            )
    if not any(set(ITEMS) & set(t.columns) for t in told.values()):
        return None
    made, last = trust_trend(told), waves[-1]
    if not last.authority:
        return made
    # Boroughs that share a study ask other children: their trends are no figures of one another.
    period = f"{last.authority}, all waves"
    spec = replace(made.spec, population=f"{last.population}-trust", period=period)
    return Measured(spec, made.frame)


def trust_trend(waves: Mapping[tuple[str, str], pl.DataFrame]) -> Measured:
    """Share who mostly or very much agree with each trust item, by wave and respondent; never a total.

    waves: (wave, respondent) -> answers with columns trs1, trs2, trs3 (numeric or null; a column that is
    absent was not asked). A step output that the voice page reads. The interval is Wilson's, of those
    who answered.
    """
    rows: list[dict[str, Any]] = []
    for (wave, respondent), table in sorted(waves.items()):
        for item in ITEMS:
            head: dict[str, Any] = {"wave": wave, "respondent": respondent, "measure": item}
            answers = (
                table[item].drop_nulls()
                if item in table.columns
                else pl.Series([], dtype=pl.Float64)
            )
            if answers.is_empty():
                empty = {"value": None, "low": None, "high": None, "n": 0, "reason": "not_asked"}
                rows.append(head | empty)
                continue
            agreed = int(answers.cast(pl.Float64).is_in(AGREE).sum())
            ends = wilson(agreed, len(answers))
            rows.append(
                head | {"value": agreed / len(answers), "low": ends.low, "high": ends.high, "n": len(answers), "reason": None}
            )  # fmt: skip
    floats = dict.fromkeys(("value", "low", "high"), pl.Float64)
    schema = {
        "wave": pl.String,
        "respondent": pl.String,
        "measure": pl.String,
        **floats,
        "n": pl.Int64,
        "reason": pl.String,
    }
    frame = pl.DataFrame(rows, schema=schema).with_columns(
        numerator=pl.lit(None, pl.Float64), denominator=pl.lit(None, pl.Float64)
    )
    spec = TableSpec(
        id="survey-trust", title="Trust and understanding, by wave", population="survey-trust", period="all waves",
        unit="share of those who answered", kind="share", profile="survey-10", page="voice",
        dimensions=(Dimension(column="wave", label="Wave"), Dimension(column="respondent", label="Who answered")),
        definitions=("trust",), sources=("survey-pupils",), step="survey.trust",
        notes=("Three questions, shown one by one: no total is made. Where a wave was not asked, it says so.",),
    )  # fmt: skip
    return Measured(spec, frame)
