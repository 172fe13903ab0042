"""Every answer to every question as a share with its interval: a mean never stands alone.

A form has some two hundred answers; they are estimated together, by the same linearisation as
core.design.estimate does one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from threecircles.core.design import Design, unit_rows
from threecircles.core.design_intervals import interval
from threecircles.core.tables import TOTAL
from threecircles.survey.measures import Item, Measure, response_sets

NO_ANSWER = "none"
"""The answer of those who took part and did not answer the question."""
FIGURES = ("value", "low", "high", "n_weighted", "deff")
Asked = Sequence[tuple[Measure, Item]]


def answer_shares(
    frame: pl.DataFrame, items: Asked, by: tuple[str, ...], design: Design | None
) -> pl.DataFrame:
    """Shares of each answer of those who were asked: school, sex, nc_year, measure (CODE:ANSWER), FIGURES.

    frame: items as numbers with CODE__why. by: columns whose groups are estimated each alone. design:
    None gives shares of those who answered, without interval, base or design effect, as for
    convenience answers.
    """
    parts = []
    for key, some in frame.group_by(list(by), maintain_order=True) if by else [((), frame)]:
        told = shares(some, items, design or Design(weight="weight"))
        # In a census nearly all answer: against a draw without replacement every effect would be huge.
        told = told.with_columns(deff="deff_replace")
        parts.append(told.with_columns(pl.lit(k).alias(c) for c, k in zip(by, key, strict=True)))
    table = pl.concat(parts).with_columns(
        [pl.lit(TOTAL).alias(c) for c in ("school", "sex", "nc_year") if c not in by]
    )
    if design is None:
        table = table.with_columns(pl.lit(None, pl.Float64).alias(c) for c in FIGURES[1:])
    return table.select("school", "sex", "nc_year", "measure", *FIGURES)


def shares(frame: pl.DataFrame, items: Asked, design: Design, level: float = 0.95) -> pl.DataFrame:
    """One row an answer: measure, item, answer, value, se, low, high, df, deff, deff_replace, n, n_weighted.

    Questions that nobody of the frame was asked have no row.
    """
    names, answers, asked = _matrix(frame, items)
    built = unit_rows(frame, design)
    weight = frame[design.weight].to_numpy() if design.weight else np.ones(frame.height)
    whole = weight @ asked
    n = asked.sum(axis=0).astype(float)
    p = weight @ answers / whole
    scores = _by_unit(weight[:, None] * asked * (answers - p) / whole, built.row_unit)
    variance = built.unit_variance(scores, scores, n, None)
    units = _by_unit(asked, built.row_unit) > 0
    strata = _by_unit(units.astype(float), built.unit_stratum) > 0
    answered = units.sum(axis=0) - strata.sum(axis=0)
    df = np.full(len(names), len(built.unit_stratum) - len(built.size))
    with np.errstate(divide="ignore", invalid="ignore"):
        simple = p * (1 - p) / (n - 1)
        left = np.where(whole > n, 1 - n / whole, np.nan)
        replaced = np.where(simple > 0, variance / simple, np.nan)
    ends = interval(p, np.sqrt(variance), df, answered, n, True, "auto", level)
    return pl.DataFrame(
        {
            "measure": [f"{code}:{answer}" for code, answer in names],
            "item": [code for code, _ in names], "answer": [answer for _, answer in names],
            "value": p, "se": np.sqrt(variance), "low": ends.low, "high": ends.high, "df": df,
            "deff": replaced / left, "deff_replace": replaced, "n": n.astype(np.int64), "n_weighted": whole,
        }
    ).with_columns(pl.col("low", "high", "deff", "deff_replace").fill_nan(None))  # fmt: skip


def _matrix(
    frame: pl.DataFrame, items: Asked
) -> tuple[list[tuple[str, str]], np.ndarray, np.ndarray]:
    """Names of the answers; who gave each and who was asked it, one column an answer."""
    names, given, asked = [], [], []
    for _, item in items:
        was = (frame[f"{item.code}__why"] != "not_asked").to_numpy()
        if not was.any():
            continue
        told = frame[item.code].to_numpy().astype(float)
        values = sorted(
            (r["value"] for r in response_sets() if r["set"] == item.options), key=float
        )
        for value in values:
            names.append((item.code, value))
            given.append(was & (told == float(value)))
            asked.append(was)
        names.append((item.code, NO_ANSWER))
        given.append(was & np.isnan(told))
        asked.append(was)
    empty = np.empty((frame.height, 0))
    return (
        names,
        np.column_stack(given).astype(float) if given else empty,
        np.column_stack(asked).astype(float) if asked else empty,
    )


def _by_unit(rows: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Sums of rows by unit."""
    told = np.zeros((int(unit.max()) + 1, rows.shape[1]))
    np.add.at(told, unit, rows)
    return told
