"""PM, the three-level data set anyone can make again, and countries by its rule (spec/funding.md 4.1, 5)."""

import numpy as np
import polars as pl
from scipy.special import ndtri

MODULUS = 2**31 - 1
TRUE = {
    "(intercept)": -4.2, "age[1]": 0.25, "age[2]": 0.45, "age[3]": 0.35,
    "sex": 0.10, "fsm": 0.95, "x1": 0.30, "x2": 0.15,
}  # fmt: skip


def lehmer(count, seed=1):
    """The first `count` states of s <- 16807 s mod (2^31 - 1) from the seed."""
    states = np.empty(count, dtype=np.int64)
    states[0] = 16807 * seed % MODULUS
    made, factor = 1, 16807
    while made < count:
        more = min(made, count - made)
        states[made : made + more] = states[:more] * factor % MODULUS
        made += more
        factor = factor * factor % MODULUS
    return states


def children(country=None):
    """75,053 children in 1,393 areas of 40 authorities, and the generator's last state.

    country: number of another country by the same rule; its first 100 states are thrown away.
    """
    per_la = np.array([19 + (7 * j) % 31 + 1 for j in range(40)])
    la = np.repeat(np.arange(40), per_la)
    k = np.concatenate([np.arange(n) for n in per_la])
    size = 40 + (13 * k) % 29
    first_of_la = np.diff(la, prepend=-1) > 0
    ends = np.cumsum(first_of_la + 3 + 4 * size)
    starts = ends - 3 - 4 * size
    if country is None:
        states = lehmer(int(ends[-1]))
    else:
        states = lehmer(int(ends[-1]) + 100, 1_000_003 * country % MODULUS)[100:]
    uniform = states / MODULUS
    v = 0.30 * ndtri(uniform[starts[first_of_la] - 1])
    x1, x2 = (ndtri(uniform[starts + i]).round(6) for i in (0, 1))
    w = 0.35 * ndtri(uniform[starts + 2])
    area = np.repeat(np.arange(len(la)), size)
    nth = np.arange(len(area)) - np.repeat(np.cumsum(size) - size, size)
    u = uniform[(starts + 3)[area][:, None] + 4 * nth[:, None] + np.arange(4)]
    age = np.floor(4 * u[:, 0]).astype(int)
    sex = (u[:, 1] < 0.5).astype(int)
    fsm = (u[:, 2] < 1 / (1 + np.exp(1.5 - 0.5 * x1[area]))).astype(int)
    eta = (
        -4.2 + 0.30 * x1[area] + 0.15 * x2[area] + np.array([0, 0.25, 0.45, 0.35])[age]
        + 0.10 * sex + 0.95 * fsm + w[area] + v[la[area]]
    )  # fmt: skip
    y = (u[:, 3] < 1 / (1 + np.exp(-eta))).astype(int)
    table = pl.DataFrame(
        {"la": la[area], "area": area, "x1": x1[area], "x2": x2[area], "age": age, "sex": sex,
         "fsm": fsm, "y": y}
    )  # fmt: skip
    return table, int(states[-1])


def cells(table):
    """Children with equal covariates in one area, counted."""
    keys = ["la", "area", "x1", "x2", "age", "sex", "fsm"]
    return table.group_by(keys, maintain_order=True).agg(y=pl.col("y").sum(), n=pl.len())
