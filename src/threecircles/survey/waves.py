"""From wave to wave: without it a change by chance, or by other pupils, would pass for a change in children.

A study `follows` the one before it. In identifiable studies pupils who kept their code are set beside
themselves; else two samples that share schools are compared, and what schools have in common in both waves
is kept in the error. A change is named only when its interval leaves out nought.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
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
"""Pupils with both waves in each group, below which the waves are compared as two samples."""
LEAST_APART = 10
"""Where fewer than this of a group are not joined the waves are two samples: the few would be told of."""
SAID = "no clear difference"
DESIGN = Design(weight="weight", stratum="phase", psu="urn", lonely="centre")
COLUMNS = ("earlier", "later", "change")
WORDS = {
    "same pupils": "the same pupils in both waves",
    "two samples": "two samples from the same schools, other pupils answered",
}


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

    how: "same pupils" or "two samples", one for all groups of a breakdown: where one group alone were
    compared otherwise, its few could be worked out from the bases of the others. earlier, later, change;
    se, low, high and df of the change; n: pupils of the group who took part in the later wave, or in
    both. Scales of another form or rule are left out; so are answers of a convenience study.
    """
    if "convenience" in (earlier.study.basis, later.study.basis):
        return pl.DataFrame()
    groups = _groups(earlier.rows, later.rows, by)
    named = earlier.study.mode == later.study.mode == "identifiable"
    scales = _shared(earlier, later)
    joined = named and all(_enough(then, now, scales) for _, then, now in groups)
    rows: list[dict[str, Any]] = []
    for key, then, now in groups:
        for scale in scales:
            one, two = then.drop_nulls(scale), now.drop_nulls(scale)
            if one.is_empty() or two.is_empty():
                continue
            told = _joined(one, two, scale) if joined else _apart(one, two, scale)
            n = _both(then, now).height if joined else now.height
            low, high = told["low"], told["high"]
            moved = low is not None and high is not None and (low > 0 or high < 0)
            said = SAID if not moved else "higher" if told["change"] > 0 else "lower"
            rows.append(key | {"scale": scale} | told | {"n": n, "said": said})
    return pl.DataFrame(rows, infer_schema_length=None)


def change_table(earlier: Scored, later: Scored) -> Measured | None:
    """The borough's change as a table: SCALE:earlier, :later and :change, by sex and by year; None where nothing is alike."""
    parts, how = [], []
    for by, name in (((), "All pupils"), (("sex",), "By sex"), (("nc_year",), "By year")):
        told = changes(_named(earlier), _named(later), by)
        if told.is_empty():
            continue
        how.append(f"{name}: {WORDS[told['how'][0]]}.")
        told = told.with_columns(pl.lit(TOTAL).alias(c) for c in ("sex", "nc_year") if c not in by)
        parts += [_figures(told, column) for column in COLUMNS]
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
        population=study.population, period=study.period, unit="pupils",
        dimensions=(
            Dimension(column="sex", label="Sex", order=tuple(SEX), labels=SEX),
            Dimension(column="nc_year", label="School year", order=years, labels={y: f"Year {y}" for y in years}),
        ),
        profile="survey-10", definitions=versions(study, later.home), sources=("survey-pupils",),
        step="survey.report", page="survey", values=("value", "low", "high", "numerator", "denominator", "n"),
        notes=(" ".join(how),),
    )  # fmt: skip
    return Measured(spec, frame)


def _figures(told: pl.DataFrame, column: str) -> pl.DataFrame:
    """One of the three figures of each change as rows of a table; ends only of the change itself."""
    ends = [
        (pl.col(e) if column == "change" else pl.lit(None, pl.Float64)).alias(e)
        for e in ("low", "high")
    ]
    name = pl.format("{}:{}", "scale", pl.lit(column)).alias("measure")
    value = pl.col(column).alias("value")
    return told.select("sex", "nc_year", name, value, *ends, pl.col("n").cast(pl.Int64))


def _both(then: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    return now.join(then.select("response_id"), on="response_id", how="semi")


def _enough(then: pl.DataFrame, now: pl.DataFrame, scales: Sequence[str]) -> bool:
    """Whether the pupils of a group can be set beside themselves: enough of them, and nobody told by it."""
    both = _both(then, now)
    apart = now.height - both.height
    scored = min((_both(then.drop_nulls(s), now.drop_nulls(s)).height for s in scales), default=0)
    return scored >= LEAST_JOINED and not 0 < apart < LEAST_APART


def _named(scored: Scored) -> Scored:
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


def _joined(one: pl.DataFrame, two: pl.DataFrame, scale: str) -> dict[str, Any]:
    """The same pupils twice."""
    both = two.join(one.select("response_id", before=scale), on="response_id")
    both = both.with_columns(change=pl.col(scale) - pl.col("before"))
    told = estimate(both, DESIGN, [mean("before"), mean(scale), mean("change")]).to_dicts()
    then, now, moved = ({r["statistic"]: r for r in told}[k] for k in ("before", scale, "change"))
    return {
        "how": "same pupils", "earlier": then["value"], "later": now["value"], "change": moved["value"],
        **{k: moved[k] for k in ("se", "low", "high", "df")},
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
        "se": told["se"], **ends, "df": told["df"],
    }  # fmt: skip
