"""From wave to wave: without it a change by chance, or by other pupils, would pass for a change in children.

A study `follows` the one before it. In identifiable studies pupils who kept their code are set beside
themselves; else two samples that share schools are compared, and what schools have in common in both waves
is kept in the error. A change is named only when its interval leaves out nought.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.design import Design, estimate, mean, total
from threecircles.core.errors import UsageError
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.survey.measures import ScaleRule
from threecircles.survey.scored import Scored
from threecircles.survey.study import Study, folder_of, load_study, versions
from threecircles.survey.tables import SEX

LEAST_JOINED = 30
"""Pupils with both waves below which the waves are compared as two samples."""
LEAST_APART = 10
"""A group in which fewer than this are not joined is compared as two samples: the rest would be told of."""
SAID = "no clear difference"
DESIGN = Design(weight="weight", stratum="phase", psu="urn", lonely="centre")
COLUMNS = ("earlier", "later", "change")


def chain(workspace: Path, study: Study) -> tuple[Study, ...]:
    """The studies that this one follows, the first wave first, itself last. Raises UsageError for a circle."""
    found = [study]
    while found[0].follows:
        before = load_study(workspace, found[0].follows)
        if before.id in [s.id for s in found]:
            raise UsageError("A study follows itself.", where="study.yaml", found=before.id)
        found.insert(0, before)
    return tuple(found)


def asked_alike(workspace: Path, earlier: Study, later: Study) -> list[str]:
    """Sentences on questionnaires that both waves used with other core questions; such are not compared."""
    now = dict(v.partition("@")[::2] for v in versions(later, workspace))
    path = folder_of(workspace, earlier.id) / "closed.json"
    then = dict(v.partition("@")[::2] for v in json.loads(path.read_text())["questionnaires"])
    return [
        f"{name} asks other core questions than in wave {earlier.wave}."
        for name in now
        if name in then and now[name].partition("#")[2] != then[name].partition("#")[2]
    ]


def changes(earlier: Scored, later: Scored, by: Sequence[str] = ()) -> pl.DataFrame:
    """Change of every scale that both waves asked: the by columns, scale, how, FIGURES and said.

    how: "same pupils" or "two samples". earlier, later, change; se, low, high and df of the change; n of
    the later wave, or of pupils with both. Scales of another form or rule are left out; so are answers
    of a convenience study, which stand for nobody.
    """
    if "convenience" in (earlier.study.basis, later.study.basis):
        return pl.DataFrame()
    scales = _shared(earlier, later)
    named = earlier.study.mode == later.study.mode == "identifiable"
    rows: list[dict[str, Any]] = []
    for key, then, now in _groups(earlier.rows, later.rows, by):
        for scale in scales:
            one, two = then.drop_nulls(scale), now.drop_nulls(scale)
            if one.is_empty() or two.is_empty():
                continue
            told = (_joined(one, two, scale) if named else None) or _apart(one, two, scale)
            low, high = told["low"], told["high"]
            moved = low is not None and high is not None and (low > 0 or high < 0)
            said = SAID if not moved else "higher" if told["change"] > 0 else "lower"
            rows.append(key | {"scale": scale} | told | {"said": said})
    return pl.DataFrame(rows, infer_schema_length=None)


def change_table(earlier: Scored, later: Scored) -> Measured | None:
    """The borough's change as a table: SCALE:earlier, :later and :change, by sex and by year; None where nothing is alike."""
    parts = []
    for by in ((), ("sex",), ("nc_year",)):
        told = changes(_named(earlier), _named(later), by)
        if told.is_empty():
            continue
        rest = [pl.lit(TOTAL).alias(c) for c in ("sex", "nc_year") if c not in by]
        told = told.with_columns(rest)
        for column in COLUMNS:
            ends = ("low", "high") if column == "change" else (None, None)
            parts.append(
                told.select(
                    "sex", "nc_year", pl.format("{}:{}", "scale", pl.lit(column)).alias("measure"),
                    pl.col(column).alias("value"),
                    *(pl.col(e).alias(n) if e else pl.lit(None, pl.Float64).alias(n) for e, n in zip(ends, ("low", "high"), strict=True)),
                    pl.col("n").cast(pl.Int64),
                )
            )  # fmt: skip
    if not parts:
        return None
    frame = pl.concat(parts).with_columns(
        numerator=pl.lit(None, pl.Float64), denominator=pl.lit(None, pl.Float64),
        reason=pl.lit(None, pl.String),
    ).sort("sex", "nc_year", "measure")  # fmt: skip
    study = later.study
    years = tuple(sorted({y for y in frame["nc_year"].to_list() if y != TOTAL}, key=int))
    spec = TableSpec(
        id="survey-change", title=f"Scores, wave {earlier.study.wave} to wave {study.wave}", kind="mean",
        population=f"survey-{study.id}", period=study.period, unit="pupils",
        dimensions=(
            Dimension(column="sex", label="Sex", order=tuple(SEX), labels=SEX),
            Dimension(column="nc_year", label="School year", order=years, labels={y: f"Year {y}" for y in years}),
        ),
        profile="survey-10", definitions=versions(study, later.home), sources=("survey-pupils",),
        step="survey.report", page="survey", values=("value", "low", "high", "numerator", "denominator", "n"),
        notes=(_how(changes(earlier, later)),),
    )  # fmt: skip
    return Measured(spec, frame)


def _how(told: pl.DataFrame) -> str:
    if told.is_empty() or set(told["how"]) == {"two samples"}:
        return "Two samples of pupils from the same schools: other pupils answered. A change is named only beyond chance."
    return "Where it says so, the same pupils in both waves; else two samples. A change is named only beyond chance."


def _named(scored: Scored) -> Scored:
    from dataclasses import replace

    sex = pl.when(pl.col("sex").is_in(["F", "M"])).then("sex").otherwise(pl.lit("other"))
    rows = scored.rows.with_columns(sex.alias("sex"), pl.col("nc_year").cast(pl.String))
    return replace(scored, rows=rows)


def _shared(earlier: Scored, later: Scored) -> list[str]:
    then, now = _rules(earlier), _rules(later)
    return [s for s in now if s in then and then[s] == now[s]]


def _rules(scored: Scored) -> dict[str, tuple[ScaleRule, tuple[str, ...]]]:
    """Each scale with its rule and the questions it is made of."""
    return {
        s.id: (s, tuple(i.code for i in m.items if i.code in scored.rows.columns))
        for m in scored.measures
        for s in m.scales
        if s.id in scored.rows.columns
    }


def _groups(
    earlier: pl.DataFrame, later: pl.DataFrame, by: Sequence[str]
) -> list[tuple[dict[str, Any], pl.DataFrame, pl.DataFrame]]:
    if not by:
        return [({}, earlier, later)]
    keys = later.select(by).unique().sort(by).to_dicts()
    told = []
    for key in keys:
        same = [pl.col(c).eq_missing(pl.lit(v)) for c, v in key.items()]
        told.append((key, earlier.filter(same), later.filter(same)))
    return told


def _joined(one: pl.DataFrame, two: pl.DataFrame, scale: str) -> dict[str, Any] | None:
    """The same pupils twice; None where too few kept their code, or so many that the others would be told of."""
    both = two.join(one.select("response_id", before=scale), on="response_id")
    apart = two.height - both.height
    if both.height < LEAST_JOINED or 0 < apart < LEAST_APART:
        return None
    both = both.with_columns(change=pl.col(scale) - pl.col("before"))
    told = estimate(both, DESIGN, [mean("before"), mean(scale), mean("change")]).to_dicts()
    then, now, moved = ({r["statistic"]: r for r in told}[k] for k in ("before", scale, "change"))
    figures = {k: moved[k] for k in ("se", "low", "high", "df")}
    return {
        "how": "same pupils", "earlier": then["value"], "later": now["value"], "change": moved["value"],
        **figures, "n": both.height,
    }  # fmt: skip


def _apart(one: pl.DataFrame, two: pl.DataFrame, scale: str) -> dict[str, Any]:
    """Two samples that share schools: scores of both waves are summed within each school."""
    means, parts = [], []
    for frame, sign in ((one, -1.0), (two, 1.0)):
        w = frame["weight"]
        m = float((w * frame[scale]).sum()) / float(w.sum())
        means.append(m)
        parts.append(
            frame.select("urn", "phase", u=sign * pl.col("weight") * (pl.col(scale) - m) / float(w.sum()))
        )  # fmt: skip
    # The linearised scores sum to nought; their error over schools is that of the difference.
    design = Design(stratum="phase", psu="urn", lonely="centre")
    told = estimate(pl.concat(parts), design, [total("u")]).to_dicts()[0]
    change = means[1] - means[0]
    ends = {e: None if told[e] is None else change + told[e] for e in ("low", "high")}
    return {
        "how": "two samples", "earlier": means[0], "later": means[1], "change": change,
        "se": told["se"], **ends, "df": told["df"], "n": two.height,
    }  # fmt: skip
