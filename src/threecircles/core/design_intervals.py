"""Intervals for design-based estimates: without them a share near nought would reach below it."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy.special import betaincinv, expit, logit, stdtrit

Method = Literal["auto", "logit", "t", "korn_graubard"]
SMALL_EFFECTIVE = 30
"""Below this effective number of answers a share takes the Korn-Graubard interval."""


class Ends(NamedTuple):
    """Lower and upper ends, and the method that made each."""

    low: np.ndarray
    high: np.ndarray
    method: np.ndarray


def interval(
    value: np.ndarray,
    se: np.ndarray,
    df: np.ndarray,
    df_answered: np.ndarray,
    n: np.ndarray,
    share: bool,
    method: Method = "auto",
    level: float = 0.95,
) -> Ends:
    """Ends of the interval of each estimate; not a number where df is below 1.

    df: of the design in the domain, for t. df_answered: of the units with an answer, for shares.
    share: True for proportions; then auto takes logit, or Korn-Graubard when the share is 0 or 1 or
    the effective number of answers is below 30. All others take Student's t.
    """
    value, se, n = (np.asarray(a, dtype=float) for a in (value, se, n))
    df, df_answered = np.asarray(df, dtype=float), np.asarray(df_answered, dtype=float)
    usable = (df if not share else df_answered) >= 1
    ends = {"t": _t(value, se, stdtrit(np.maximum(df, 1), (1 + level) / 2))}
    chosen = np.full(value.shape, "t", dtype=object)
    if share and method != "t":
        ends["logit"] = _logit(value, se, stdtrit(np.maximum(df_answered, 1), (1 + level) / 2))
        ends["korn_graubard"] = korn_graubard(value, se, df_answered, n, level)
        chosen[:] = method
        if method == "auto":
            with np.errstate(divide="ignore", invalid="ignore"):
                effective = np.minimum(value * (1 - value) / se**2, n)
            sure = (value > 0) & (value < 1) & (se > 0) & (effective >= SMALL_EFFECTIVE)
            chosen = np.where(sure, "logit", "korn_graubard").astype(object)
        # 0 and 1 have no logit, whatever was asked for.
        chosen[(chosen == "logit") & ~((value > 0) & (value < 1))] = "korn_graubard"
    low, high = (
        np.select([chosen == m for m in ends], [e[side] for e in ends.values()], np.nan)
        for side in (0, 1)
    )
    return Ends(np.where(usable, low, np.nan), np.where(usable, high, np.nan), chosen)


def _t(value: np.ndarray, se: np.ndarray, quantile: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return value - quantile * se, value + quantile * se


def _logit(
    value: np.ndarray, se: np.ndarray, quantile: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        half = quantile * se / (value * (1 - value))
        return expit(logit(value) - half), expit(logit(value) + half)


def korn_graubard(
    value: np.ndarray, se: np.ndarray, df: np.ndarray, n: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Exact-type interval of a share on its effective number of answers.

    The effective number is cut at n, and is n where the share is 0 or 1. Source: Korn and Graubard,
    Survey Methodology 24 (1998) 193-201.
    """
    tail = (1 - level) / 2
    rows = np.maximum(n, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(se > 0, value * (1 - value) / se**2, n)
        adjusted = effective * (stdtrit(rows - 1, tail) / stdtrit(np.maximum(df, 1), tail)) ** 2
    adjusted = np.minimum(adjusted, n)
    events = adjusted * value
    with np.errstate(invalid="ignore"):
        low = np.where(value <= 0, 0.0, betaincinv(events, adjusted - events + 1, tail))
        high = np.where(value >= 1, 1.0, betaincinv(events + 1, adjusted - events, 1 - tail))
    return low, high
