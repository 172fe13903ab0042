"""Answers of whoever came: an open link or an event speaks for nobody but those who answered.

Such answers keep the label "of those who answered": no weight, interval, prevalence or comparison of
groups, and no sum with a study that drew or asked everyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.survey.spec import Spec, Wanted

BASIS = "convenience"
LABEL = "of those who answered an open invitation; it speaks for nobody else"


def refuse_design(spec: Spec) -> None:
    """Refuse what a convenience study cannot give: groups, weights, totals, ratios, quantiles.

    Raises UsageError that names the key of the specification.
    """
    asked = [
        k
        for k in ("weight", "stratum", "psu", "fpc", "rake", "replicates", "by")
        if getattr(spec, k)
    ]
    asked += [
        f"estimates: {w.statistic}"
        for w in spec.estimates
        if w.statistic not in ("mean", "proportion")
    ]
    asked += [f"by of {w.variable}" for w in spec.estimates if w.by]
    if asked:
        raise UsageError(
            "Answers of whoever came cannot be weighted, compared by group or summed to a population.",
            found=", ".join(asked),
            allowed="mean and proportion of those who answered",
            mend="Leave these out; or draw a sample, which can say more.",
        )  # fmt: skip


def of_those_who_answered(frame: pl.DataFrame, wanted: Wanted) -> list[dict[str, Any]]:
    """One row for each answer given (or the mean), with n and the label, and nothing that could be
    taken for an estimate of a population."""
    given = frame[wanted.variable].drop_nulls()
    head = {"variable": wanted.variable, "of": LABEL, "basis": BASIS, "n": given.len()}
    if not given.len():
        return [{"statistic": "answers", **head, "value": None}]
    if wanted.statistic == "mean":
        return [{"statistic": "mean_of_answers", **head, "value": float(given.cast(pl.Float64).mean())}]  # type: ignore[arg-type]  # fmt: skip
    counts = given.cast(pl.String).value_counts().sort(wanted.variable)
    return [
        {"statistic": "share_of_answers", **head, "answer": answer, "value": n / given.len()}
        for answer, n in counts.iter_rows()
        if wanted.value is None or str(wanted.value) == answer
    ]


def answers_table(frame: pl.DataFrame, item: str, study: str, period: str) -> Measured:
    """The answers to one item as counts that sum to those who answered; no low or high column exists."""
    counts = frame[item].drop_nulls().cast(pl.String).value_counts().sort(item)
    total = int(counts["count"].sum())
    spec = TableSpec(
        id=f"answers-{study}-{item}".lower().replace("_", "-"),
        title=f"Answers to {item}, {LABEL}",
        population=f"respondents-{study}",
        period=period,
        unit="respondents",
        dimensions=(Dimension(column="answer", label="Answer"),),
        values=("value", "n"),
        profile="survey-10",
        notes=(f"Counts {LABEL}.",),
    )
    rows = counts.select(
        pl.col(item).alias("answer"),
        measure=pl.lit("count"),
        value=pl.col("count").cast(pl.Float64),
        n=pl.col("count").cast(pl.Int64),
    )
    whole = pl.DataFrame(
        {"answer": ["All"], "measure": ["count"], "value": [float(total)], "n": [total]}
    )
    return Measured(spec, pl.concat([whole, rows], how="vertical_relaxed"))


def check_may_pool(bases: Mapping[str, str]) -> None:
    """Refuse to put studies together when one of them asked whoever came. bases: study -> basis."""
    open_ones = sorted(study for study, basis in bases.items() if basis == BASIS)
    if open_ones and len(bases) > 1:
        raise UsageError(
            "Answers of whoever came are not put together with those of a sample or a census.",
            found=", ".join(open_ones),
            mend="Show them apart, under their own label.",
        )
