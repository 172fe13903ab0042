"""How far two people code alike beyond chance: without it a field could be reported that nobody agrees on.

Sources: Cohen, Educ. Psychol. Meas. 20 (1960) 37-46; Krippendorff, Content Analysis (2004) ch. 11; Hubert
and Arabie, J. Classif. 2 (1985) 193-218.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from threecircles.core.seeds import rng


@dataclass(frozen=True)
class Agreement:
    """observed: share of cases coded alike. kappa and alpha beyond chance; 95% ends of alpha by bootstrap."""

    observed: float
    kappa: float
    alpha: float
    low: float
    high: float
    cases: int


def agreement(
    one: Sequence[Hashable],
    two: Sequence[Hashable],
    ordinal: Sequence[Hashable] | None = None,
    draws: int = 1_000,
    seed: int = 1,
) -> Agreement:
    """Two coders of the same cases. ordinal: the codes in order, for weighted kappa (squared distances) and
    alpha on an interval of ranks; None = nominal. A case that either left blank (None) is left out.

    Raises ValueError without a case coded by both.
    """  # fmt: skip
    pairs = [(a, b) for a, b in zip(one, two, strict=True) if a is not None and b is not None]
    if not pairs:
        raise ValueError("No case was coded by both.")
    codes = list(ordinal) if ordinal is not None else sorted({c for p in pairs for c in p}, key=str)
    place = {c: i for i, c in enumerate(codes)}
    a, b = (np.array([place[p[k]] for p in pairs]) for k in (0, 1))
    size = len(codes)
    index = np.arange(size)
    apart = (
        (index[:, None] != index[None, :]).astype(float)
        if ordinal is None
        else (index[:, None] - index[None, :]) ** 2.0
    )
    table = np.zeros((size, size))
    np.add.at(table, (a, b), 1.0)
    g = rng(seed, "agreement")
    drawn = [
        _alpha(t, apart)
        for t in (
            g.multinomial(len(a), (table / len(a)).ravel(), size=draws).reshape(-1, size, size)
        )
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Agreement(
        float((a == b).mean()),
        _kappa(table, apart),
        _alpha(table, apart),
        float(low),
        float(high),
        len(a),
    )


def adjusted_rand(one: Sequence[Hashable], two: Sequence[Hashable]) -> float:
    """Likeness of two sortings of the same cards, chance allowed for: 1 = the same groups."""
    names_a, a = np.unique([str(v) for v in one], return_inverse=True)
    names_b, b = np.unique([str(v) for v in two], return_inverse=True)
    table = np.zeros((len(names_a), len(names_b)), dtype=int)
    np.add.at(table, (a, b), 1)
    both = sum(comb(int(n), 2) for n in table.ravel())
    rows, columns = (sum(comb(int(n), 2) for n in table.sum(axis=k)) for k in (1, 0))
    chance = rows * columns / comb(len(a), 2)
    most = (rows + columns) / 2
    return 1.0 if most == chance else float((both - chance) / (most - chance))


def _kappa(table: np.ndarray, apart: np.ndarray) -> float:
    n = table.sum()
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    by_chance = float((apart * chance).sum())
    return 1.0 if by_chance == 0 else 1 - float((apart * table).sum()) / by_chance


def _alpha(table: np.ndarray, apart: np.ndarray) -> float:
    seen = table + table.T
    held = seen.sum(axis=0)
    n = held.sum()
    chance = (np.outer(held, held) - np.diag(held)) / (n - 1)
    by_chance = float((apart * chance).sum())
    return 1.0 if by_chance == 0 else 1 - float((apart * seen).sum()) / by_chance
