"""From frozen answers to scored, flagged and weighted rows: the same file always gives the same scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.survey.census_join import with_beside
from threecircles.survey.closing import read_closed
from threecircles.survey.flags import flags, impossible, mischievous
from threecircles.survey.measures import Measure
from threecircles.survey.questionnaire import measures_of
from threecircles.survey.score import score_measure
from threecircles.survey.study import Study, asked, folder_of
from threecircles.survey.weights import ROLL, Weighted, margins_of, respondents_share, weigh

TOO_FAST = 0.30
"""A form answered in less than this share of its year's median time a question is flagged."""
FINISHED = ("finished", "stopped")


@dataclass(frozen=True)
class Scored:
    """rows: one a respondent with scores, items as numbers, sex, nc_year, urn, phase, flagged, weight.

    measures: those asked. weighted: how the weights came out. roll: pupils on roll by urn, year, sex.
    home: the workspace, where questionnaires of its own lie. schools: school (urn), phase, roll and the
    number columns of the study's schools.csv. margins: columns whose totals the weights were fitted to.
    """

    study: Study
    rows: pl.DataFrame
    measures: tuple[Measure, ...]
    weighted: Weighted
    roll: pl.DataFrame
    participation: pl.DataFrame
    home: Path
    schools: pl.DataFrame
    margins: tuple[tuple[str, ...], ...]


def score_study(workspace: Path, study: Study) -> Scored:
    """Scores and weights of a closed study. Raises UsageError when it is not closed."""
    tables = read_closed(workspace, study)
    known = {m.id: m for q in asked(study, workspace) for m in measures_of(q, workspace)}
    folder = folder_of(workspace, study.id)
    frame = respondents(with_beside(tables["responses"], folder), tuple(known.values()))
    roll = read_roll(folder, tables["participation"])
    whole = roll if roll["sex"].n_unique() > 1 else None
    keyed = frame.with_columns(
        stratum=pl.col("phase"),
        sex=(pl.col("sex") if whole is not None else pl.lit("?")),
    )
    people = roll.select(pl.all().repeat_by("pupils").list.explode()) if roll.height else roll
    phases = dict(frame.select("urn", "phase").unique().iter_rows())
    people = people.with_columns(stratum=pl.col("urn").replace_strict(phases, default="not known"))
    margins = margins_of(frame.columns, roll.columns)
    weighted = weigh(keyed, people, margins)
    return Scored(
        study,
        frame.with_columns(weight=weighted.weights, own_weight=respondents_share(keyed, people)),
        tuple(known.values()), weighted, roll, tables["participation"], workspace,
        read_schools(folder, roll, phases), margins,
    )  # fmt: skip


def respondents(responses: pl.DataFrame, measures: Sequence[Measure]) -> pl.DataFrame:
    """Forms with at least one answered question of a measure: items as numbers, scores, flags.

    A form without such an answer says nothing; it stays in the counts of who took part.
    """
    codes = [i.code for m in measures for i in m.items if i.code in responses.columns]
    frame = responses.filter(pl.col("status").is_in(FINISHED)).with_columns(
        pl.col(c).cast(pl.Float64, strict=False) for c in codes
    )
    frame = frame.filter(pl.any_horizontal(pl.col(codes).is_not_null())) if codes else frame
    lazy = nw.from_native(frame.lazy())
    for measure in measures:
        lazy = score_measure(lazy, measure)
    scored = collect(lazy)
    scored = scored.with_columns(
        code=pl.col("response_id"), completed=pl.lit(True),
        sex=(pl.col("sex") if "sex" in scored.columns else pl.lit(None, pl.String)).fill_null("not said"),
    )  # fmt: skip
    marked = impossible(mischievous(flags(scored, measures), measures))
    median = pl.col("mean_ms").median().over("nc_year")
    fast = (pl.col("mean_ms") < TOO_FAST * median).fill_null(False)
    told = pl.col("year").cast(pl.Int64, strict=False) if "year" in marked.columns else pl.lit(None)
    other = (told.is_not_null() & (told != pl.col("nc_year"))).fill_null(False)
    return marked.with_columns(too_fast=fast, other_year=other).with_columns(
        flagged=pl.any_horizontal("flagged", "too_fast", "other_year", "mischievous", "impossible")
    )


def read_schools(folder: Path, roll: pl.DataFrame, phases: dict[str, str]) -> pl.DataFrame:
    """What makes schools alike: school (urn), phase, roll, and the numbers of `schools.csv` of the study.

    schools.csv: urn and any number columns, for example fsm_percent and shares of ethnic groups.
    """
    sizes = roll.group_by(pl.col("urn").alias("school")).agg(pl.col("pupils").sum().alias("roll"))
    told = sizes.with_columns(
        phase=pl.col("school").replace_strict(phases, default="not known")
    ).sort("school")
    path = folder / "schools.csv"
    if not path.exists():
        return told
    more = pl.read_csv(path, schema_overrides={"urn": pl.String}).rename({"urn": "school"})
    numbers = [c for c, k in more.schema.items() if k.is_numeric() and c != "roll"]
    return told.join(more.select("school", *numbers), on="school", how="left").sort("school")


def read_roll(folder: Path, participation: pl.DataFrame) -> pl.DataFrame:
    """Pupils on roll: columns urn, nc_year, sex, pupils; `roll.csv` of the study, else the classes'.

    roll.csv may hold more columns (free_meals, sen, ...): then one row for each combination.
    """
    path = folder / "roll.csv"
    if path.exists():
        table = pl.read_csv(path, infer_schema_length=0)
        more = [c for c in table.columns if c not in ROLL]
        return table.select(
            "urn", pl.col("nc_year").cast(pl.Int64), "sex", pl.col("pupils").cast(pl.Int64), *more
        )
    return (
        participation.group_by("urn", "nc_year")
        .agg(pl.col("on_roll").sum().alias("pupils"))
        .with_columns(sex=pl.lit("?"))
        .select("urn", "nc_year", "sex", "pupils")
        .sort("urn", "nc_year")
    )
