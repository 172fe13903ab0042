"""How many times as often something happens: without levels for places and times a rate would follow those.

Poisson with a log link on time at risk; every stratum (a period, a place) has its own level, which is
profiled out. With one stratum for each short period this is the Cox regression of grouped times.
Source: Holford, Biometrics 36 (1980) 299-305.
"""

from __future__ import annotations

import numpy as np

from threecircles.core.effects.cox import Hazard

STEPS = 50


def rate_ratio(
    events: np.ndarray,
    at_risk: np.ndarray,
    x: np.ndarray,
    stratum: np.ndarray,
    cluster: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> Hazard:
    """Log rate ratios of the columns of x.

    events, at_risk: along rows, number and time. stratum: rows with a level of their own together.
    cluster: errors by cluster (sandwich); None = by the information. weight: of rows, None = 1 each.
    Raises ValueError when it does not settle, as where one side has no event.
    """
    x = np.asarray(x, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    names, s = np.unique(stratum, return_inverse=True)
    w = np.ones(len(s)) if weight is None else np.asarray(weight, dtype=float)
    y = np.asarray(events, dtype=float)
    seen = np.bincount(s, w * y, len(names))
    used = (seen > 0)[s] & (np.asarray(at_risk) > 0)
    x, y, w, s, time = x[used], y[used], w[used], s[used], np.asarray(at_risk, dtype=float)[used]
    x = x - np.average(x, axis=0, weights=w * time)
    b = np.zeros(x.shape[1])
    for _ in range(STEPS):
        mean = _expected(y, w, s, time, x, b, len(names))
        inner = _within(x, w * mean, s, len(names))
        change = np.linalg.solve(inner, x.T @ (w * (y - mean)))
        b = b + np.clip(change, -1, 1)
        if np.abs(change).max() < 1e-9:
            break
    else:
        raise ValueError("The ratio of rates did not settle: a side may hold no event at all.")
    mean = _expected(y, w, s, time, x, b, len(names))
    inverse = np.linalg.inv(_within(x, w * mean, s, len(names)))
    if cluster is None and weight is None:
        return Hazard(b, np.sqrt(np.diag(inverse)))
    total = np.bincount(s, w * mean, len(names))
    centre = _by(x * (w * mean)[:, None], s, len(names)) / np.where(total > 0, total, 1)[:, None]
    score = (x - centre[s]) * (w * (y - mean))[:, None]
    own = np.arange(len(used))[used] if cluster is None else np.asarray(cluster)[used]
    groups, place = np.unique(own, return_inverse=True)
    sums = _by(score, place, len(groups))
    middle = sums.T @ sums * len(groups) / max(1, len(groups) - 1)
    return Hazard(b, np.sqrt(np.diag(inverse @ middle @ inverse)))


def _expected(
    y: np.ndarray,
    w: np.ndarray,
    s: np.ndarray,
    time: np.ndarray,
    x: np.ndarray,
    b: np.ndarray,
    n: int,
) -> np.ndarray:
    """Expected events, each stratum brought to its own total."""
    raw = time * np.exp((x @ b).clip(-30, 30))
    seen, made = np.bincount(s, w * y, n), np.bincount(s, w * raw, n)
    return raw * np.divide(seen, made, out=np.zeros(n), where=made > 0)[s]


def _within(x: np.ndarray, mean: np.ndarray, s: np.ndarray, n: int) -> np.ndarray:
    """Information about b once the strata's levels are taken out."""
    weighted = _by(x * mean[:, None], s, n)
    total = np.bincount(s, mean, n)
    scaled = weighted / np.where(total > 0, total, 1)[:, None]
    return (x * mean[:, None]).T @ x - weighted.T @ scaled


def _by(values: np.ndarray, place: np.ndarray, n: int) -> np.ndarray:
    return np.column_stack([np.bincount(place, column, n) for column in values.T])
