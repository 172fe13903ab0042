"""PM, the three-level data set anyone can make again (spec/funding.md 4.1)."""

import numpy as np
import polars as pl
from scipy.special import ndtri

MODULUS = 2**31 - 1


def lehmer(count):
    """The first `count` states of s <- 16807 s mod (2^31 - 1) from s = 1."""
    states = np.empty(count, dtype=np.int64)
    s = 1
    for i in range(count):
        s = 16807 * s % MODULUS
        states[i] = s
    return states


def children():
    """75,053 children in 1,393 areas of 40 authorities, and the generator's last state."""
    states = lehmer(320_000)
    uniform = states / MODULUS
    at, area, rows = 0, 0, []
    for j in range(40):
        v = 0.30 * ndtri(uniform[at])
        at += 1
        for k in range(19 + (7 * j) % 31 + 1):
            x1, x2 = (round(float(ndtri(u)), 6) for u in uniform[at : at + 2])
            w = 0.35 * ndtri(uniform[at + 2])
            at += 3
            n = 40 + (13 * k) % 29
            u = uniform[at : at + 4 * n].reshape(n, 4)
            at += 4 * n
            age = np.floor(4 * u[:, 0]).astype(int)
            sex = (u[:, 1] < 0.5).astype(int)
            fsm = (u[:, 2] < 1 / (1 + np.exp(1.5 - 0.5 * x1))).astype(int)
            eta = (
                -4.2
                + 0.30 * x1
                + 0.15 * x2
                + np.array([0, 0.25, 0.45, 0.35])[age]
                + 0.10 * sex
                + 0.95 * fsm
                + w
                + v
            )
            y = (u[:, 3] < 1 / (1 + np.exp(-eta))).astype(int)
            rows.append(
                pl.DataFrame(
                    {
                        "la": j,
                        "area": area,
                        "x1": x1,
                        "x2": x2,
                        "age": age,
                        "sex": sex,
                        "fsm": fsm,
                        "y": y,
                    }
                )
            )
            area += 1
    return pl.concat(rows), int(states[at - 1])


def cells(table):
    """Children with equal covariates in one area, counted."""
    keys = ["la", "area", "x1", "x2", "age", "sex", "fsm"]
    return table.group_by(keys, maintain_order=True).agg(y=pl.col("y").sum(), n=pl.len())
