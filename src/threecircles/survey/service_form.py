"""How people are before, during and after help: without those lost on the way every service would shine.

One row an occasion: service_id, provider, person (a token), started_on, occasion (before, during,
after, follow_up), on, score (float, null when not answered), reason (why nothing later was answered).
Reliable change: Jacobson and Truax, J. Consult. Clin. Psychol. 59 (1991) 12-19.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.intervals import Interval, wilson
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec

OCCASIONS = ("before", "during", "after", "follow_up")
REASONS = (
    "finished_early",
    "moved",
    "declined",
    "not_asked",
    "no_contact",
    "died",
    "still_in_service",
)
STILL = "still_in_service"
BEFORE_WITHIN = timedelta(days=14)
"""A first answer later than this after the start is "late before"."""
LOST_SHOWN = 0.1
"""Share lost above which no share stands without its bounds."""
AFTER_DUE = timedelta(days=84)
"""Twelve weeks without a later answer, a reason or an end: someone must say what became of it."""
NOTICE = (
    "People often start help at a low point, so some change would happen anyway; this page does not "
    "show what the service caused."
)


def reliable_change(sd: float, reliability: float) -> float:
    """The least change of a score that measurement error alone would not give in 95 of 100.

    sd: standard deviation of the score before help. reliability: 0 up to 1. In units of the score.
    """
    if sd <= 0 or not 0 <= reliability < 1:
        raise ValueError("sd is above 0; reliability is at least 0 and below 1.")
    return 1.96 * sd * sqrt(2) * sqrt(1 - reliability)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of those who started with one service. Counts of people.

    lost: reason -> people with no later answer; those still in the service are apart.
    """

    better: int
    no_change: int
    worse: int
    lost: dict[str, int]
    still: int = 0

    @property
    def paired(self) -> int:
        """People with a score before and a later one."""
        return self.better + self.no_change + self.worse

    @property
    def gone(self) -> int:
        """People lost, for whatever reason."""
        return sum(self.lost.values())

    @property
    def started(self) -> int:
        """People who started and are not in the service still."""
        return self.paired + self.gone

    def share(self, kind: str = "better") -> Share:
        """Share better, no_change or worse, with its bounds; there is no other way to have a share.

        Raises UsageError when nobody has a pair of answers.
        """
        if not self.paired:
            raise UsageError(
                "Nobody has answered both before and later: there is no share to show."
            )
        n = getattr(self, kind)
        least, most = n / self.started, (n + self.gone) / self.started
        return Share(kind, n / self.paired, wilson(n, self.paired), self.paired, Interval(least, most), self.gone / self.started)  # fmt: skip


@dataclass(frozen=True)
class Share:
    """A share of the paired and, where more than a tenth was lost, what it could be of all who started."""

    kind: str
    of_paired: float
    interval: Interval
    paired: int
    of_started: Interval
    lost: float

    def __str__(self) -> str:
        told = f"{100 * self.of_paired:.0f}% of the {self.paired} who answered twice"
        if self.lost <= LOST_SHOWN:
            return told
        low, high = (100 * x for x in self.of_started)
        return f"{told}; between {low:.0f}% and {high:.0f}% of all who started, {100 * self.lost:.0f}% lost"


def pairs(cases: pl.DataFrame, least: float, *, higher_is_better: bool = True) -> pl.DataFrame:
    """One row a person and service: started_on, first, last, late (first answer later than 14 days after
    the start), change, result (better, no_change, worse, or null) and reason (null where paired).

    cases: one row an occasion, as the module says. least: reliable change, in units of the score.
    Raises UsageError for an occasion or reason that is not known.
    """
    _refuse_unknown(cases)
    answered = pl.col("score").is_not_null()
    before, later = pl.col("occasion") == "before", pl.col("occasion") != "before"
    people = (
        cases.sort("on")
        .group_by("service_id", "provider", "person", maintain_order=True)
        .agg(
            pl.col("started_on").first(),
            pl.col("score").filter(answered & before).first().alias("first"),
            pl.col("on").filter(answered & before).first().alias("_first_on"),
            pl.col("score").filter(answered & later).last().alias("last"),
            pl.col("reason").drop_nulls().last(),
        )
    )
    gain = (
        pl.col("last") - pl.col("first") if higher_is_better else pl.col("first") - pl.col("last")
    )
    result = (
        pl.when(gain > least)
        .then(pl.lit("better"))
        .when(gain < -least)
        .then(pl.lit("worse"))
        .when(gain.is_not_null())
        .then(pl.lit("no_change"))
    )
    return people.with_columns(
        (pl.col("_first_on") - pl.col("started_on") > BEFORE_WITHIN).alias("late"),
        gain.alias("change"),
        result.alias("result"),
        pl.when(gain.is_null()).then(pl.col("reason")).alias("reason"),
    ).drop("_first_on")


def close(people: pl.DataFrame, on: date) -> None:
    """Refuse to close a period while someone is lost for no reason. people: what `pairs` returns.

    A person who started within twelve weeks of `on` may still be waiting for the next occasion.
    """
    due = pl.col("started_on") + AFTER_DUE <= on
    silent = people.filter(pl.col("result").is_null() & pl.col("reason").is_null() & due)
    if silent.height:
        raise UsageError(
            f"{silent.height} people have no later answer and no reason for it.",
            found=", ".join(map(str, silent["person"].sort().head(5))),
            allowed=", ".join(REASONS),
            mend="Ask the provider what became of each, and write the reason down; then close.",
        )


def change(people: pl.DataFrame) -> Change:
    """Counts over the rows that `pairs` returned."""
    counts = dict(people["result"].drop_nulls().value_counts().iter_rows())
    lost = people.filter(pl.col("result").is_null()).with_columns(
        pl.col("reason").fill_null("no_reason_yet")
    )
    reasons = dict(lost["reason"].value_counts(sort=True).iter_rows())
    still = reasons.pop(STILL, 0)
    return Change(better=counts.get("better", 0), no_change=counts.get("no_change", 0),
                  worse=counts.get("worse", 0), lost=reasons, still=still)  # fmt: skip


def mean_change(people: pl.DataFrame, span: tuple[float, float]) -> dict[str, float]:
    """Mean change of all who started: of the paired, and were the lost to have changed least, most, or not.

    span: least and greatest change that the scale allows. Keys paired, least, middle, most.
    """
    paired = people["change"].drop_nulls()
    if not paired.len():
        raise UsageError("Nobody has answered both before and later: there is no change to show.")
    lost = people.filter(
        pl.col("change").is_null() & (pl.col("reason").fill_null("") != STILL)
    ).height
    everyone = paired.len() + lost
    total = float(paired.sum())
    return {
        "paired": total / paired.len(),
        "least": (total + lost * span[0]) / everyone,
        "middle": total / everyone,
        "most": (total + lost * span[1]) / everyone,
    }


def measured(people: pl.DataFrame, period: str) -> Measured:
    """Started, paired, lost and still by service, and shares of the paired; a share of a service with more
    than a tenth lost carries the bounds of all who started as its ends, never its interval alone."""
    rows: list[dict[str, object]] = []
    for name, group in [(TOTAL, people), *_by(people, "service_id")]:
        made = change(group)
        counts = {
            "started": made.started,
            "paired": made.paired,
            "lost": made.gone,
            "still": made.still,
        }
        rows += [
            {"service": name, "measure": m, "value": float(n), "n": n} for m, n in counts.items()
        ]
        for kind in ("better", "no_change", "worse") if made.paired else ():
            share = made.share(kind)
            ends = share.of_started if share.lost > LOST_SHOWN else share.interval
            rows.append({"service": name, "measure": kind, "value": share.of_paired, "low": ends.low,
                         "high": ends.high, "numerator": float(getattr(made, kind)),
                         "denominator": float(made.paired), "n": made.paired})  # fmt: skip
    schema = {"service": pl.String, "measure": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
              "numerator": pl.Float64, "denominator": pl.Float64, "n": pl.Int64}  # fmt: skip
    spec = TableSpec(
        id="service-change",
        title="How people were before and after help",
        population="people who started with a service",
        period=period,
        unit="share",
        dimensions=(Dimension(column="service", label="Service"),),
        kind="share",
        profile="survey-10",
        notes=(NOTICE, f"Where more than {LOST_SHOWN:.0%} were lost, the ends show the worst and the best case for all who started."),
    )  # fmt: skip
    return Measured(spec, pl.DataFrame(rows, schema=schema))


def _by(people: pl.DataFrame, column: str) -> Sequence[tuple[str, pl.DataFrame]]:
    parts = people.partition_by(column, as_dict=True)
    return sorted((str(key[0]), part) for key, part in parts.items())


def _refuse_unknown(cases: pl.DataFrame) -> None:
    for column, allowed in (("occasion", OCCASIONS), ("reason", REASONS)):
        wrong = sorted(set(cases[column].drop_nulls().to_list()) - set(allowed))
        if wrong:
            raise UsageError(f"The service form has {column}s that are not known.", found=", ".join(wrong), allowed=", ".join(allowed))  # fmt: skip
