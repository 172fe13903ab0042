"""The matrix of covariates in two parts, so that a pass over the data costs its rows, not rows x columns.

X = profile part + area part: a row's child-level covariates are one of few profiles, and its
area-level covariates are its area's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INTERCEPT = "(intercept)"


@dataclass(frozen=True)
class Design:
    """names: one per column, profile columns first. profiles: (P, kp); areas: (G, ka); indices per row."""

    names: tuple[str, ...]
    profiles: Floats
    areas: Floats
    profile: Ints
    area: Ints

    def dot(self, b: Floats) -> Floats:
        """X b, one value a row."""
        k = self.profiles.shape[1]
        made = (self.profiles @ b[:k])[self.profile]
        if self.areas.shape[1]:
            made = made + (self.areas @ b[k:])[self.area]
        return made

    def transposed(self, r: Floats) -> Floats:
        """X' r, one value a column."""
        by_profile = np.bincount(self.profile, r, minlength=len(self.profiles))
        inner = self.profiles.T @ by_profile
        if not self.areas.shape[1]:
            return inner
        by_area = np.bincount(self.area, r, minlength=len(self.areas))
        return np.concatenate([inner, self.areas.T @ by_area])

    def ranges(self) -> Floats:
        """Largest less smallest value of each column."""
        return np.concatenate([np.ptp(p, axis=0) for p in (self.profiles, self.areas)])

    def spreads(self) -> Floats:
        """How far each column reaches: the range of a column of two values, two sds of any other."""
        return np.array([_spread(c) for part in (self.profiles, self.areas) for c in part.T])

    def gram(self, w: Floats) -> Floats:
        """X' diag(w) X."""
        count = len(self.profiles)
        pp = (self.profiles.T * np.bincount(self.profile, w, minlength=count)) @ self.profiles
        if not self.areas.shape[1]:
            return pp
        aa = (self.areas.T * np.bincount(self.area, w, minlength=len(self.areas))) @ self.areas
        # Areas outnumber profiles by far, so the cross part sums one area column at a time.
        by_profile = [
            np.bincount(self.profile, w * c[self.area], minlength=count) for c in self.areas.T
        ]
        pa = self.profiles.T @ np.stack(by_profile, axis=1)
        return np.block([[pp, pa], [pa.T, aa]])


@dataclass(frozen=True)
class Scaled:
    """A design with centred columns of sd 1, so that years and populations fit as well as shares.

    centre, scale: by column, 0 and 1 for the intercept. back: b = back @ g gives the coefficients of
    the columns as they were from those of the scaled ones.
    """

    design: Design
    centre: Floats
    scale: Floats
    back: Floats


def scaled(design: Design) -> Scaled:
    """Centre each column on its mean over the rows and divide it by its sd; a constant is only centred."""
    k, rows = design.profiles.shape[1], len(design.area)
    centre = design.transposed(np.full(rows, 1.0 / rows))
    centre[0] = 0.0
    centred = replace(
        design, profiles=design.profiles - centre[:k], areas=design.areas - centre[k:]
    )
    squares = np.concatenate(
        [
            (centred.profiles**2).T
            @ np.bincount(design.profile, minlength=len(design.profiles)).astype(float),
            (centred.areas**2).T
            @ np.bincount(design.area, minlength=len(design.areas)).astype(float),
        ]
    )
    scale = np.sqrt(squares / rows)
    # What rounding leaves of a constant column is no spread.
    scale[(design.ranges() == 0) | (scale == 0)] = 1.0
    scale[0] = 1.0
    made = replace(centred, profiles=centred.profiles / scale[:k], areas=centred.areas / scale[k:])
    back = np.diag(1 / scale)
    back[0, 1:] = -(centre / scale)[1:]
    return Scaled(made, centre, scale, back)


def _spread(column: Floats) -> float:
    return float(np.ptp(column) if len(np.unique(column)) <= 2 else 2 * column.std())


@dataclass(frozen=True)
class Column:
    """One term's values by row: numbers, or codes of labels (then `labels`, the reference first)."""

    name: str
    values: Floats | Ints
    labels: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """The columns of X it gives."""
        return (
            [f"{self.name}[{label}]" for label in self.labels[1:]] if self.labels else [self.name]
        )

    def columns(self, at: Ints) -> Floats:
        """Its columns of X at some rows."""
        here = self.values[at]
        if not self.labels:
            return here.astype(np.float64)[:, None]
        return (here[:, None] == np.arange(1, len(self.labels))).astype(np.float64)


def factored(terms: Sequence[Column], area: Ints, n_areas: int) -> Design:
    """Split terms into those constant within areas and the rest. Rows must be sorted by area.

    The rows x columns matrix is never made: rows share the profiles of their child-level values.
    """
    first = np.searchsorted(area, np.arange(n_areas)).astype(np.int64)
    inner: list[Column] = []
    outer: list[Column] = []
    for term in terms:
        constant = bool(np.all(term.values == term.values[first][area]))
        (outer if constant else inner).append(term)
    code = np.zeros(len(area), dtype=np.int64)
    count = 1
    for term in inner:
        known, index = np.unique(term.values, return_inverse=True)
        code = code * len(known) + index.reshape(-1)
        count *= len(known)
        if count > 2**40:
            code = np.unique(code, return_inverse=True)[1].reshape(-1).astype(np.int64)
            count = len(area)
    _, rows, profile = np.unique(code, return_index=True, return_inverse=True)
    rows = rows.astype(np.int64)
    profiles = np.hstack([np.ones((len(rows), 1)), *(t.columns(rows) for t in inner)])
    areas = np.hstack([np.empty((n_areas, 0)), *(t.columns(first) for t in outer)])
    names = (INTERCEPT, *(n for t in (*inner, *outer) for n in t.names()))
    return Design(names, profiles, areas, profile.reshape(-1).astype(np.int64), area)
