"""Estimates of a specification that rakes or brings replicate weights: the path of single rows."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from threecircles.core.design import Statistic, refuse_bad_weights, unit_rows
from threecircles.core.design_intervals import Method, interval
from threecircles.core.design_variance import Structure
from threecircles.core.errors import UsageError
from threecircles.core.raking import rake
from threecircles.core.replicates import jackknife
from threecircles.survey.by_rows import Rows, raked_error, replicate_error, simple_variance
from threecircles.survey.spec import Replicates, Spec


def estimate_by_rows(
    frame: pl.DataFrame, spec: Spec, statistic: Statistic, by: tuple[str, ...], method: Method
) -> list[dict[str, Any]]:
    """One dictionary a domain with the columns that core.design.estimate gives.

    With `rake` the weights are raked first; with `replicates` the error is that of the replicates.
    Raises UsageError when both are asked for, or when weights or margins cannot be used.
    """
    if spec.rake and spec.replicates:
        raise UsageError(
            "Raking and replicate weights cannot be joined here.",
            mend="Rake each set of replicates where they are made, or leave one out.",
        )
    weights = _weights(frame, spec)
    built = unit_rows(frame, spec.design)
    margins: list[str] = []
    if spec.rake:
        frame, weights, margins = _raked(frame, weights, spec.rake)
    replicates, factors, df_given = _replicates(frame, weights, spec.replicates, built)
    x = statistic.x if statistic.x is not None else nw.lit(1.0)
    pair = nw.from_native(frame.lazy()).select(
        statistic.y.cast(nw.Float64).alias("y"), x.cast(nw.Float64).alias("x")
    )
    values = pair.collect().to_native()
    x_column = values["x"]
    y = values["y"].to_numpy().astype(float)
    x_values = np.broadcast_to(x_column.to_numpy().astype(float), y.shape)
    domains = frame.select(by).unique().sort(by, nulls_last=True)
    told = []
    for row in domains.iter_rows(named=True):
        same = pl.all_horizontal(
            pl.col(c).eq_missing(pl.lit(v, dtype=frame[c].dtype)) for c, v in row.items()
        )
        member = frame.select(same).to_series().to_numpy() & (weights > 0)
        rows = Rows(statistic.kind, member, y, x_values)
        if spec.replicates:
            error = replicate_error(rows, weights, replicates, factors, spec.replicates.about)
        else:
            error = raked_error(rows, frame, weights, margins, built)
        df = df_given if df_given is not None else _degrees(built, member)
        told.append(row | _figures(rows, weights, error, df, statistic.label, method, spec.level))
    return told


def _figures(
    rows: Rows,
    weights: np.ndarray,
    error: float,
    df: int,
    label: str,
    method: Method,
    level: float,
) -> dict[str, Any]:
    n = int(rows.known.sum())
    value, whole = rows.value(weights), float(weights[rows.known].sum())
    simple = simple_variance(rows, weights)
    effect = error**2 / simple if simple > 0 else float("nan")
    share = rows.kind == "proportion"
    one = [np.array([float(v)]) for v in (value, error, df, n)]
    ends = interval(one[0], one[1], one[2], one[2], one[3], share, method, level)
    return {
        "statistic": label,
        "kind": rows.kind,
        "value": value if n else None,
        "se": error if n else None,
        "low": float(ends.low[0]),
        "high": float(ends.high[0]),
        "df": df,
        "deff": effect / (1 - n / whole) if whole > n else float("nan"),
        "deff_replace": effect,
        "n": n,
        "n_weighted": whole,
        "interval": str(ends.method[0]),
    }


def _weights(frame: pl.DataFrame, spec: Spec) -> np.ndarray:
    if spec.weight is None:
        return np.ones(frame.height)
    column = frame[spec.weight].cast(pl.Float64)
    refuse_bad_weights(int((column.is_null() | (column < 0)).sum()), spec.design)
    return column.to_numpy()


def _raked(
    frame: pl.DataFrame, weights: np.ndarray, margins: Any
) -> tuple[pl.DataFrame, np.ndarray, list[str]]:
    """Raked weights; margin columns as text, so that 7 in the file meets 7 in the specification."""
    texts = frame.with_columns(
        _as_text(frame[c]).fill_null("(none)").alias(f"_margin_{c}") for c in margins
    )
    done = rake(texts, weights, {f"_margin_{c}": dict(t) for c, t in margins.items()})
    if done.unmet:
        names = ", ".join(c.removeprefix("_margin_") for c in done.unmet)
        raise UsageError(
            "Raking did not reach its totals.",
            found=names,
            mend="The totals of all margins must add to the same number; join small categories.",
        )
    return texts, done.weights, [f"_margin_{c}" for c in margins]


def _as_text(series: pl.Series) -> pl.Series:
    if series.dtype.is_float() and (series.drop_nulls() == series.drop_nulls().floor()).all():
        series = series.cast(pl.Int64)
    return series.cast(pl.String)


def _replicates(
    frame: pl.DataFrame, weights: np.ndarray, wanted: Replicates | None, built: Structure
) -> tuple[np.ndarray, np.ndarray, int | None]:
    if wanted is None:
        return np.empty((0, 0)), np.empty(0), None
    if wanted.method == "jackknife":
        made, factors = jackknife(built, weights)
        return made, factors, None
    asked = [wanted.columns] if isinstance(wanted.columns, str) else list(wanted.columns)
    names = [c for pattern in asked for c in frame.columns if fnmatch(c, pattern)]
    if len(names) < 2:
        raise UsageError(
            "No columns of replicate weights were found.",
            found=", ".join(asked) or "replicates.columns is empty",
            mend="Name the columns, with a star if you like: columns: rw*",
        )
    if isinstance(wanted.rscales, tuple) and len(wanted.rscales) != len(names):
        raise UsageError(
            "There must be one rscale for each column of replicate weights.",
            found=f"{len(wanted.rscales)} for {len(names)} columns",
        )
    table = frame.select(pl.col(names).cast(pl.Float64)).to_numpy()
    factors = wanted.scale * np.broadcast_to(np.array(wanted.rscales, float), (len(names),))
    return table, factors, int(np.linalg.matrix_rank(table)) - 1


def _degrees(built: Structure, member: np.ndarray) -> int:
    domain = np.zeros(int(member.sum()), dtype=int)
    return int(built.degrees(domain, member, 1)[0])
