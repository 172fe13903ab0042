"""Measured tables of a closed study, for schools and for the borough: disclosure sees them all together.

Every figure of a group rests on the same base, the pupils of the group who took part, so that no base
can be subtracted from another; "did not answer" is an answer of its own in every distribution. Schools
go by a mark that only their own report is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.design import Design, estimate, mean
from threecircles.core.funnel import funnel
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.survey.answer_shares import NO_ANSWER, answer_shares
from threecircles.survey.beside import drawn, kept, similar, similar_range
from threecircles.survey.scored import Scored
from threecircles.survey.study import Study, folder_of, versions

__all__ = ["NO_ANSWER", "SEX", "school_mark", "study_tables"]
SEX = {"F": "Girls", "M": "Boys", "other": "Another word, or not said"}
"""Those who gave another word and those who gave none stand together: each would be too few to show."""
STEP = "survey.report"
MORE = ("n_weighted", "deff")
"""Figures of an estimate beside its value, ends and base: weighted base and design effect."""
_OWN = pl.col("measure").str.contains(r":(beside|adjusted|all|similar_low|similar_high)$")
"""What a school's own report sets beside it; limits of chance are the borough's."""
VALUES = ("value", "low", "high", "numerator", "denominator", "n", *MORE)


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
        self.marks = dict(frame.select("urn", "school").unique().iter_rows())
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
            self._answers((), design),
            "share",
            False,
        )
        yield self._table(
            "survey-schools", "Schools beside each other, drawn towards the whole",
            self.compared, "mean", True,
        )  # fmt: skip

    def convenience(self) -> list[Measured]:
        """What those who happened to answer said: no weight, interval, group or school beside another."""
        n = self.frame.height
        title = f"Of the {n} who answered (convenience: they stand for nobody else)"
        answers = self._answers((), None)
        answers = answers.with_columns(measure=pl.format("convenience {}", pl.col("measure")))
        return [self._table("survey-convenience", title, answers, "share", False)]

    def schools(self) -> Iterator[Measured]:
        """Response, scores, answers and comparison of each school."""
        # A school is weighed by its own roll: totals of all schools would change it with each of them.
        alone = Design(weight="own_weight", lonely="centre")
        scores = self._scores(
            alone, [("school",), ("school", "sex"), ("school", "nc_year")], "school"
        )
        told = [
            (name, title, kind, rows, rows.partition_by("school", as_dict=True))
            for name, title, kind, rows in (
                ("took-part", "Pupils who took part", "count", self.base),
                ("scores", "Scores by sex and year", "mean", scores),
                ("answers", "What pupils answered", "share", self._answers(("school",), alone)),
                ("beside", "This school beside the others", "mean", self.compared.filter(_OWN)),
            )
        ]
        for school in sorted(self.frame["school"].unique().to_list()):
            for name, title, kind, rows, own in told:
                mine = own.get((school,), rows.clear())
                yield self._table(
                    f"school-{school}-{name}", title, mine, kind, True, "school-report"
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
            **{c: pl.lit(None, pl.Float64) for c in ("low", "high", *MORE)},
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
        table = table.with_columns(deff="deff_replace")
        return self._with_base(
            table.select("school", "sex", "nc_year", "measure", "value", "low", "high", *MORE)
        )

    def _answers(self, by: tuple[str, ...], design: Design | None) -> pl.DataFrame:
        return self._with_base(answer_shares(self.frame, self.items, by, design))

    @cached_property
    def compared(self) -> pl.DataFrame:
        """Each school's mean, drawn towards the mean of all by how little it knows of itself.

        Measures SCALE:beside, :adjusted (with pupils as elsewhere), :all, :similar_low and :similar_high
        (of twenty similar schools); for the borough also its plain mean (:mean) and the limits of chance
        about the mean of all (:low95 ...).
        """
        folder = folder_of(self.scored.home, self.scored.study.id)
        pupils = self.frame.with_columns(school="urn")
        scales = [scale for _, scale in self.scales]
        wholes = kept(folder / "comparison.json", pupils, scales)
        near = similar(self.scored.schools)
        parts: list[pl.DataFrame] = []
        for scale in scales:
            if scale not in wholes:
                continue
            for name, measure in ((scale, "beside"), (f"{scale}|adjusted", "adjusted")):
                if name in wholes:
                    own = drawn(pupils, name, wholes[name])
                    marked = own.with_columns(pl.col("school").replace_strict(self.marks))
                    parts.append(marked.with_columns(measure=pl.lit(f"{scale}:{measure}")))
            whole = wholes[scale]
            parts.append(_rows(self.marks.values(), f"{scale}:all", whole.centre))
            ranges = {m: similar_range(whole, near.get(u, ())) for u, m in self.marks.items()}
            shown = {m: r for m, r in ranges.items() if r is not None}
            for k, end in enumerate(("similar_low", "similar_high")):
                ends = np.array([r[k] for r in shown.values()])
                parts.append(_rows(shown, f"{scale}:{end}", ends))
            known = self.frame.drop_nulls(scale)
            limits = funnel(known[scale].to_numpy(), known["school"].to_numpy())
            parts.append(_rows(limits.units, f"{scale}:mean", limits.means))
            for name, (low, high) in limits.limits.items():
                parts.append(_rows(limits.units, f"{scale}:low{name}", low))
                parts.append(_rows(limits.units, f"{scale}:high{name}", high))
        table = pl.concat([_rows((), "", 0.0), *parts], how="diagonal")
        kinds = [pl.lit(TOTAL).alias("sex"), pl.lit(TOTAL).alias("nc_year")]
        empty = [pl.lit(None, pl.Float64).alias(c) for c in MORE]
        return self._with_base(table.with_columns(*kinds, *empty))

    def _with_base(self, table: pl.DataFrame) -> pl.DataFrame:
        keys = ["school", "sex", "nc_year"]
        return table.join(self.base.select(*keys, "n"), on=keys, how="left").select(
            *keys, "measure", "value", "low", "high", "n", *MORE
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
            id=table_id, title=title, population=study.population, period=study.period,
            unit="pupils", dimensions=kept, kind=kind, profile=profile, definitions=self.definitions,
            sources=("survey-pupils",), step=STEP, page="survey", values=VALUES,
            notes=("Scores and questions are our own and have not been validated.",),
        )  # fmt: skip
        return Measured(spec, frame.drop([] if school else ["school"]))


def _rows(schools: Iterable[str], measure: str, value: float | np.ndarray) -> pl.DataFrame:
    """A figure without ends for each school."""
    names = list(schools)
    values = np.broadcast_to(np.asarray(value, dtype=float), (len(names),))
    kinds = {"school": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    told = {
        "school": names,
        "value": values,
        "low": [None] * len(names),
        "high": [None] * len(names),
    }
    return pl.DataFrame(told, schema=kinds).with_columns(measure=pl.lit(measure, pl.String))
