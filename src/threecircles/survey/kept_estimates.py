"""Every estimate of a study as a record that can be found again, with and without flagged forms.

Forms that may not have been meant are never taken out in silence: both figures are kept, and a share
that differs by more than one percentage point is told.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import polars as pl

from threecircles.core.design import Design, estimate, mean
from threecircles.survey.answer_shares import shares
from threecircles.survey.scored import Scored
from threecircles.survey.study import folder_of, versions

TOLD = 0.01
"""A share that differs by more than this with and without flagged forms is told."""
LEAST_FLAGGED = 10
"""Flagged forms below which it is not told what they change: it would tell of a few children."""
FIGURES = ("value", "se", "low", "high", "df", "deff", "n", "n_weighted")
DESIGNED = ("se", "low", "high", "df", "deff", "n_weighted")
"""What only a census or a sample has."""
WAYS: tuple[tuple[str, ...], ...] = ((), ("sex",), ("nc_year",))


def estimates(scored: Scored) -> pl.DataFrame:
    """The output record of every score and every answer of the whole study, by sex and by year.

    Columns: study, wave, measure, item, answer, scale_form, statistic, group (JSON), value, se, low, high,
    level, df, deff, n, n_weighted, n_not_asked, n_missing, n_prefer_not, target, flags_in, weight_version,
    definition_versions, suppressed (null: disclosure fills it), manifest_id. Of convenience answers only
    the shares of all who answered, without weight, error or interval; target says whom they stand for.
    """
    rows: list[dict[str, Any]] = []
    for flags_in, frame in _frames(scored).items():
        if frame.height:
            rows += [r | {"flags_in": flags_in} for r in _rows(scored, frame)]
    table = pl.DataFrame(rows, infer_schema_length=None)
    convenience = scored.study.basis == "convenience"
    if convenience:
        table = table.filter(pl.col("statistic") == "share").with_columns(
            pl.lit(None, pl.Float64).alias(c) for c in DESIGNED
        )
    weights = scored.rows["weight"].cast(pl.String).str.join("|").item()
    return table.with_columns(
        study=pl.lit(scored.study.id),
        wave=pl.lit(scored.study.wave),
        level=pl.lit(0.95),
        target=pl.lit("those who answered (convenience)" if convenience else "superpopulation"),
        weight_version=pl.lit(hashlib.sha256(weights.encode()).hexdigest()[:12]),
        definition_versions=pl.lit("; ".join(versions(scored.study, scored.home))),
        suppressed=pl.lit(None, pl.Boolean),
    )


def write_estimates(scored: Scored) -> pl.DataFrame:
    """The records, written as `estimates.parquet` of the study with the hash of what they were made from."""
    folder = folder_of(scored.home, scored.study.id)
    closed = (folder / "closed.json").read_bytes()
    made = estimates(scored)
    manifest = hashlib.sha256(closed + made["weight_version"][0].encode()).hexdigest()[:16]
    kept = made.with_columns(manifest_id=pl.lit(manifest))
    kept.write_parquet(folder / "estimates.parquet", statistics=False)
    return kept


def what_flags_change(scored: Scored, kept: pl.DataFrame | None = None) -> list[str]:
    """Sentences on questions whose shares differ by more than a percentage point without flagged forms.

    kept: the records, where they are made already.
    """
    flagged = int(scored.rows["flagged"].sum())
    if flagged < LEAST_FLAGGED or flagged == scored.rows.height:
        return []
    made = estimates(scored) if kept is None else kept
    both = made.filter(pl.col("statistic") == "share", pl.col("group") == "{}")
    key = ["item", "answer"]
    sides = [both.filter(pl.col("flags_in") == side) for side in ("with", "without")]
    joined = sides[0].join(sides[1].select(*key, other="value"), on=key)
    apart = joined.filter((pl.col("value") - pl.col("other")).abs() > TOLD)
    names = apart["item"].unique(maintain_order=True).to_list()
    if not names:
        return ["Without the flagged forms no share differs by more than one percentage point."]
    return [
        "Without the flagged forms the shares of these questions differ by more than one percentage "
        f"point: {', '.join(names)}. Both are kept with the study."
    ]


def _frames(scored: Scored) -> dict[str, pl.DataFrame]:
    rows = scored.rows.with_columns(nc_year=pl.col("nc_year").cast(pl.String))
    if scored.study.basis == "convenience":
        rows = rows.with_columns(weight=pl.lit(1.0))
    return {"with": rows, "without": rows.filter(~pl.col("flagged"))}


def _rows(scored: Scored, frame: pl.DataFrame) -> list[dict[str, Any]]:
    one_school = frame["urn"].n_unique() == 1
    design = Design(
        weight="weight", stratum=None if one_school else "phase", psu="class" if one_school else "urn",
        lonely="centre",
    )  # fmt: skip
    scales = {s.id: (m, s) for m in scored.measures for s in m.scales if s.id in frame.columns}
    items = [(m, i) for m in scored.measures for i in m.items if i.code in frame.columns]
    told: list[dict[str, Any]] = []
    for by in WAYS if scales else ():
        for row in estimate(frame, design, [mean(s) for s in scales], by).to_dicts():
            measure, scale = scales[row["statistic"]]
            head = {"measure": measure.id, "item": scale.id, "answer": None}
            group = json.dumps({c: row[c] for c in by}, sort_keys=True)
            form = {"statistic": "mean", "scale_form": scale.scale_form, "group": group}
            told.append(head | form | {k: row[k] for k in FIGURES})
    measures = {i.code: m.id for m, i in items}
    why = {i.code: _why(frame, i.code) for _, i in items}
    for row in shares(frame, items, design).to_dicts() if items else ():
        head = {"measure": measures[row["item"]], "item": row["item"], "answer": row["answer"]}
        form = {"statistic": "share", "scale_form": "raw", "group": "{}"}
        told.append(head | form | {k: row[k] for k in FIGURES} | why[row["item"]])
    return told


def _why(frame: pl.DataFrame, code: str) -> dict[str, int]:
    """Why a question has no answer, counted."""
    why = frame[f"{code}__why"]
    left = ["left_out", "not_reached", "not_applicable"]
    return {
        "n_not_asked": int((why == "not_asked").sum()),
        "n_missing": int(why.is_in(left).sum()),
        "n_prefer_not": int((why == "refused").sum()),
    }
