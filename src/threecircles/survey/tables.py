"""Measured tables of a closed study, for schools and for the borough: disclosure sees them all together.

Every figure of a group rests on the same base, the pupils of the group who took part, so that no base
can be subtracted from another; "did not answer" is an answer of its own in every distribution. Schools
go by a mark that only their own report is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.design import Design, estimate, mean
from threecircles.core.funnel import funnel
from threecircles.core.shrinkage import shrink
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.survey.measures import response_sets
from threecircles.survey.scored import Scored
from threecircles.survey.study import Study, versions

NO_ANSWER = "none"
"""The answer of those who took part and did not answer the question."""
SEX = {"F": "Girls", "M": "Boys", "other": "Another word, or not said"}
"""Those who gave another word and those who gave none stand together: each would be too few to show."""
STEP = "survey.report"


def school_mark(study: Study, urn: str, salt: str) -> str:
    """The mark of a school in the study's tables: nobody can tell the school from it."""
    return "s" + hashlib.sha256(f"{study.id}|{urn}|{salt}".encode()).hexdigest()[:8]


def study_tables(scored: Scored, salt: str) -> list[Measured]:
    """All tables of a study: the borough's, then four of each school that took part."""
    frame = scored.rows.with_columns(
        school=pl.col("urn").map_elements(
            lambda urn: school_mark(scored.study, urn, salt), return_dtype=pl.String
        ),
        nc_year=pl.col("nc_year").cast(pl.String),
        sex=pl.when(pl.col("sex").is_in(["F", "M"])).then("sex").otherwise(pl.lit("other")),
    )
    if scored.study.basis == "convenience":
        return _Maker(scored, frame.with_columns(weight=pl.lit(1.0))).convenience()
    maker = _Maker(scored, frame)
    return [*maker.borough(), *maker.schools()]


class _Maker:
    """Makes the tables of one study from one frame."""

    def __init__(self, scored: Scored, frame: pl.DataFrame) -> None:
        self.scored, self.frame = scored, frame
        self.scales = [
            (m, s.id) for m in scored.measures for s in m.scales if s.id in frame.columns
        ]
        self.items = [(m, i) for m in scored.measures for i in m.items if i.code in frame.columns]
        self.base = self._base()
        self.years = tuple(sorted(frame["nc_year"].unique().to_list(), key=int))
        self.definitions = (*versions(scored.study, scored.home), *(m.id for m in scored.measures))

    def borough(self) -> Iterator[Measured]:
        """Response by school and group, scores by group, answers, and schools beside each other."""
        yield self._table("survey-took-part", "Pupils who took part", self.base, "count", True)
        design = Design(weight="weight", stratum="phase", psu="school", lonely="centre")
        ways = [(), ("sex",), ("nc_year",), ("sex", "nc_year")]
        scores = self._scores(design, ways, None)
        yield self._table("survey-scores", "Scores by sex and year", scores, "mean", False)
        yield self._table(
            "survey-answers",
            "What pupils answered",
            self._answers(()),
            "share",
            False,
        )
        yield self._table(
            "survey-schools", "Schools beside each other, drawn towards the whole",
            self._comparison(funnels=True), "mean", True,
        )  # fmt: skip

    def convenience(self) -> list[Measured]:
        """What those who happened to answer said: no weight, interval, group or school beside another."""
        n = self.frame.height
        title = f"Of the {n} who answered (convenience: they stand for nobody else)"
        answers = self._answers(())
        answers = answers.with_columns(measure=pl.format("convenience {}", pl.col("measure")))
        return [self._table("survey-convenience", title, answers, "share", False)]

    def schools(self) -> Iterator[Measured]:
        """Response, scores, answers and comparison of each school."""
        alone = Design(weight="weight", lonely="centre")
        scores = self._scores(
            alone, [("school",), ("school", "sex"), ("school", "nc_year")], "school"
        )
        answers, compared = self._answers(("school",)), self._comparison()
        for school in sorted(self.frame["school"].unique().to_list()):
            own = pl.col("school") == school
            for name, title, rows, kind in (
                ("took-part", "Pupils who took part", self.base, "count"),
                ("scores", "Scores by sex and year", scores, "mean"),
                ("answers", "What pupils answered", answers, "share"),
                ("beside", "This school beside the others", compared, "mean"),
            ):
                yield self._table(
                    f"school-{school}-{name}", title, rows.filter(own), kind, True, "school-report"
                )

    def _base(self) -> pl.DataFrame:
        """Pupils who took part, by school and all, each by sex and by year."""
        whole = self.frame.with_columns(school=pl.lit(TOTAL))
        both = pl.concat(
            [
                self.frame.select("school", "sex", "nc_year"),
                whole.select("school", "sex", "nc_year"),
            ]
        )
        parts = [
            both.with_columns([pl.lit(TOTAL).alias(c) for c in gone])
            for gone in (("sex", "nc_year"), ("nc_year",), ("sex",))
        ]
        two = whole.select("school", "sex", "nc_year")
        counted = (
            pl.concat([*parts, two])
            .group_by("school", "sex", "nc_year")
            .agg(pl.len().cast(pl.Int64).alias("n"))
        )
        return counted.with_columns(
            measure=pl.lit("took_part"), value=pl.col("n").cast(pl.Float64),
            low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64),
        ).sort("school", "sex", "nc_year")  # fmt: skip

    def _scores(
        self, design: Design, ways: Sequence[tuple[str, ...]], within: str | None
    ) -> pl.DataFrame:
        statistics = [mean(s) for _, s in self.scales]
        found = []
        for by in ways:
            told = estimate(self.frame, design, statistics, by)
            columns = [pl.lit(TOTAL).alias(c) for c in ("school", "sex", "nc_year") if c not in by]
            found.append(told.with_columns(columns))
        table = pl.concat(found, how="diagonal").rename({"statistic": "measure"})
        return self._with_base(
            table.select("school", "sex", "nc_year", "measure", "value", "low", "high")
        )

    def _answers(self, by: tuple[str, ...]) -> pl.DataFrame:
        parts = []
        for _, item in self.items:
            known = {r["value"] for r in response_sets() if r["set"] == item.options}
            asked = self.frame.filter(pl.col(f"{item.code}__why") != "not_asked")
            if asked.is_empty():
                continue
            answer = pl.col(item.code).cast(pl.Int64).cast(pl.String).fill_null(NO_ANSWER)
            weighed = asked.with_columns(_answer=answer)
            keys = [*by, "_answer"]
            sums = weighed.group_by(keys).agg(pl.col("weight").sum().alias("_w"))
            whole = weighed.group_by(list(by) or [pl.lit(0).alias("_")]).agg(
                pl.col("weight").sum().alias("_all")
            )
            joined = sums.join(whole, on=list(by)) if by else sums.join(whole, how="cross")
            every = [*sorted(known, key=float), NO_ANSWER]
            grid = (weighed.select(by).unique() if by else pl.DataFrame({"_one": [1]})).join(
                pl.DataFrame({"_answer": every}), how="cross"
            )
            full = grid.join(joined, on=keys, how="left").with_columns(
                value=(pl.col("_w") / pl.col("_all")).fill_null(0.0),
                measure=pl.format(f"{item.code}:{{}}", pl.col("_answer")),
            )
            parts.append(full.select(*by, "measure", "value"))
        table = pl.concat(parts).with_columns(
            [pl.lit(TOTAL).alias(c) for c in ("school", "sex", "nc_year") if c not in by]
        )
        empty = pl.lit(None, pl.Float64)
        return self._with_base(table.with_columns(low=empty, high=empty))

    def _comparison(self, funnels: bool = False) -> pl.DataFrame:
        """Each school's mean, drawn towards the mean of all by how little it knows of itself.

        funnels: also its plain mean (:mean) and the limits of chance about the mean of all (:low95 ...).
        """
        parts: list[pl.DataFrame] = []
        for _, scale in self.scales:
            known = self.frame.drop_nulls(scale)
            if known["school"].n_unique() < 3:
                continue
            y, school = known[scale].to_numpy(), known["school"].to_numpy()
            fitted = shrink(y, school)
            centre = float(fitted.coefficients[0])
            value, half = centre + fitted.effect, 1.96 * fitted.error
            parts.append(_rows(fitted.units, f"{scale}:beside", value, value - half, value + half))
            parts.append(_rows(fitted.units, f"{scale}:all", value * 0 + centre))
            if funnels:
                drawn = funnel(y, school)
                parts.append(_rows(drawn.units, f"{scale}:mean", drawn.means))
                for name, (low, high) in drawn.limits.items():
                    parts.append(_rows(drawn.units, f"{scale}:low{name}", low))
                    parts.append(_rows(drawn.units, f"{scale}:high{name}", high))
        empty = _rows((), "", np.empty(0))
        table = pl.concat([empty, *parts])
        return self._with_base(table.with_columns(sex=pl.lit(TOTAL), nc_year=pl.lit(TOTAL)))

    def _with_base(self, table: pl.DataFrame) -> pl.DataFrame:
        keys = ["school", "sex", "nc_year"]
        return table.join(self.base.select(*keys, "n"), on=keys, how="left").select(
            *keys, "measure", "value", "low", "high", "n"
        )

    def _table(
        self,
        table_id: str,
        title: str,
        rows: pl.DataFrame,
        kind: Any,
        school: bool,
        profile: str = "survey-10",
    ) -> Measured:
        frame = rows.with_columns(
            numerator=pl.lit(None, pl.Float64),
            denominator=pl.lit(None, pl.Float64),
            reason=pl.lit(None, pl.String),
        ).sort("school", "sex", "nc_year", "measure")
        dimensions = (
            Dimension(column="school", label="School"),
            Dimension(column="sex", label="Sex", order=tuple(SEX), labels=SEX),
            Dimension(
                column="nc_year",
                label="School year",
                order=self.years,
                labels={y: f"Year {y}" for y in self.years},
            ),
        )
        kept = dimensions if school else dimensions[1:]
        study = self.scored.study
        spec = TableSpec(
            id=table_id, title=title, population=f"survey-{study.id}", period=f"{study.label}, wave {study.wave}",
            unit="pupils", dimensions=kept, kind=kind, profile=profile, definitions=self.definitions,
            sources=("survey-pupils",), step=STEP, page="survey",
            notes=("Scores and questions are our own and have not been validated.",),
        )  # fmt: skip
        return Measured(spec, frame.drop([] if school else ["school"]))


def _rows(
    units: Sequence[str],
    measure: str,
    value: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> pl.DataFrame:
    none = np.full(len(value), np.nan)
    told = {
        "school": list(units),
        "measure": [measure] * len(units),
        "value": value,
        "low": none if low is None else low,
        "high": none if high is None else high,
    }
    schema = {
        "school": pl.String,
        "measure": pl.String,
        **dict.fromkeys(("value", "low", "high"), pl.Float64),
    }
    return pl.DataFrame(told, schema=schema).with_columns(pl.col("low", "high").fill_nan(None))
