"""The matrix of covariates in two parts, so that a pass over the data costs its rows, not rows x columns.

X = profile part + area part: a row's child-level covariates are one of few profiles, and its
area-level covariates are its area's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
        by_area = np.bincount(self.area, r, minlength=len(self.areas))
        return np.concatenate([self.profiles.T @ by_profile, self.areas.T @ by_area])

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


def _spread(column: Floats) -> float:
    return float(np.ptp(column) if len(np.unique(column)) <= 2 else 2 * column.std())


def factored(names: list[str], columns: Floats, area: Ints, n_areas: int) -> Design:
    """Split columns (rows x k, rows sorted by area) into those constant within areas and the rest."""
    first = np.searchsorted(area, np.arange(n_areas))
    constant = np.array([bool(np.all(c == c[first][area])) for c in columns.T], dtype=bool)
    constant[0] = False  # the intercept goes with the profiles
    if n_areas >= len(area):
        constant[:] = False
    inner, profile = np.unique(columns[:, ~constant], axis=0, return_inverse=True)
    order = [n for n, c in zip(names, constant, strict=True) if not c] + [
        n for n, c in zip(names, constant, strict=True) if c
    ]
    return Design(
        tuple(order), inner, columns[first][:, constant], profile.reshape(-1).astype(np.int64), area
    )
