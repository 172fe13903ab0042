"""Strata and units of a design, and variances over them: without it each estimate would recount them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError

LARGEST_GRID = 20_000_000
"""Pairs of domain and unit that may be marked one by one (a byte each); above it pairs are sorted."""


@dataclass(frozen=True)
class Structure:
    """The whole design: every stratum and unit, with or without a member of a domain.

    row_unit, row_stratum: for each row of the sums, the number of its unit and stratum.
    unit_stratum: the stratum of each unit. size: units drawn in each stratum. left: 1 - share drawn.
    scale: (1 - f) n / (n - 1) of each stratum; (1 - f) where a lonely unit is centred.
    """

    row_unit: np.ndarray
    row_stratum: np.ndarray
    unit_stratum: np.ndarray
    size: np.ndarray
    left: np.ndarray
    scale: np.ndarray
    keys: pl.DataFrame

    @classmethod
    def of(
        cls, sums: pl.DataFrame, lonely: Literal["fail", "centre"] = "fail", stratified: bool = True
    ) -> Structure:
        """From sums with _stratum, _psu, _fpc_low, _fpc_high (one row a domain and unit)."""
        keys = (
            sums.group_by("_stratum", "_psu")
            .agg(pl.col("_fpc_low").min(), pl.col("_fpc_high").max())
            .sort("_stratum", "_psu", nulls_last=True)
            .with_row_index("_unit")
        )
        strata = (
            keys.group_by("_stratum")
            .agg(pl.len().alias("_size"), pl.col("_fpc_low").min(), pl.col("_fpc_high").max())
            .sort("_stratum", nulls_last=True)
            .with_row_index("_h")
        )
        keys = keys.join(
            strata.select("_stratum", "_h"), on="_stratum", nulls_equal=True, maintain_order="left"
        )
        rows = sums.select("_stratum", "_psu").join(
            keys.select("_stratum", "_psu", "_unit", "_h"),
            on=["_stratum", "_psu"],
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        size = strata["_size"].to_numpy().astype(float)
        left = _share_left(strata, size)
        _refuse_lonely(strata, size, left, lonely, stratified)
        scale = np.where(size > 1, left * size / np.maximum(size - 1, 1), left)
        units = (rows["_unit"].to_numpy().astype(int), rows["_h"].to_numpy().astype(int))
        return cls(
            *units,
            keys["_h"].to_numpy().astype(int),
            size,
            left,
            scale,
            keys.select("_stratum", "_psu"),
        )

    def variance(self, score: np.ndarray, domain: np.ndarray, domains: int) -> np.ndarray:
        """Variance of each domain's estimate; score = sum of linearised weights by row of the sums."""
        strata = len(self.size)
        cell = domain * strata + self.row_stratum
        cells = domains * strata
        size = np.tile(self.size, domains)
        # A lonely unit counts with its whole score, as in R: scores of a mean sum to nought over the
        # design, and those of a total are left as they are, the careful way.
        centre = np.where(size > 1, np.bincount(cell, score, minlength=cells) / size, 0.0)
        seen = np.bincount(cell, minlength=cells)
        spread = (
            np.bincount(cell, (score - centre[cell]) ** 2, minlength=cells)
            + (size - seen) * centre**2
        )
        return (np.tile(self.scale, domains) * spread).reshape(domains, strata).sum(axis=1)

    def variance_within(
        self,
        score: np.ndarray,
        squares: np.ndarray,
        sums: pl.DataFrame,
        domain: np.ndarray,
        domains: int,
    ) -> np.ndarray:
        """Second stage: pupils drawn, or answering, within units that were themselves drawn.

        squares: sum of squared linearised weights by row of the sums, which hold _members and _within
        (pupils in the unit's population).
        """
        units = len(self.unit_stratum)
        drawn = np.bincount(self.row_unit, sums["_members"].to_numpy(), minlength=units)
        known = np.nan_to_num(
            sums["_within"].cast(pl.Float64).fill_null(float("nan")).to_numpy(), nan=0.0
        )
        population = np.zeros(units)
        np.maximum.at(population, self.row_unit, known)
        missing = 1 - drawn / np.maximum(population, drawn)
        factor = (1 - self.left)[self.unit_stratum] * missing * drawn / np.maximum(drawn - 1, 1)
        spread = squares - score**2 / drawn[self.row_unit]
        return np.bincount(domain, factor[self.row_unit] * spread, minlength=domains)

    def unit_variance(
        self,
        scores: np.ndarray,
        squares: np.ndarray,
        drawn: np.ndarray,
        population: np.ndarray | None,
    ) -> np.ndarray:
        """Variance of k estimates from linearised sums by unit (units x k).

        squares: sums of squares by unit; drawn: rows of each unit; population: pupils of each unit, for
        the second stage (None = one stage).
        """
        centred = scores.astype(float).copy()
        for h, n in enumerate(self.size):
            rows = self.unit_stratum == h
            centred[rows] -= centred[rows].mean(axis=0) if n > 1 else 0.0
        between = (centred**2 * self.scale[self.unit_stratum][:, None]).sum(axis=0)
        if population is None:
            return between
        missing = 1 - drawn / np.maximum(population, drawn)
        factor = (1 - self.left)[self.unit_stratum] * missing * drawn / np.maximum(drawn - 1, 1)
        spread = squares - scores**2 / np.maximum(drawn, 1)[:, None]
        return between + (factor[:, None] * spread).sum(axis=0)

    def covariance(self, scores: np.ndarray) -> np.ndarray:
        """Covariance matrix of k estimates; scores: k columns of linearised sums, one row a unit."""
        centred = scores.astype(float).copy()
        for h, n in enumerate(self.size):
            rows = self.unit_stratum == h
            centred[rows] -= centred[rows].mean(axis=0) if n > 1 else 0.0
        return centred.T @ (centred * self.scale[self.unit_stratum][:, None])

    def degrees(self, domain: np.ndarray, rows: np.ndarray, domains: int) -> np.ndarray:
        """Units less strata that hold a member of the domain; `rows` marks the rows that count."""
        count = _seen(domain, self.row_unit[rows], domains, len(self.unit_stratum))
        strata = _seen(domain, self.row_stratum[rows], domains, len(self.size))
        return (count - strata).astype(np.int64)


def _seen(domain: np.ndarray, part: np.ndarray, domains: int, parts: int) -> np.ndarray:
    """How many different parts each domain holds."""
    if domains * parts <= LARGEST_GRID:
        seen = np.zeros(domains * parts, dtype=bool)
        seen[domain * parts + part] = True
        counted: np.ndarray = seen.reshape(domains, parts).sum(axis=1)
        return counted
    # One number a pair: sorting rows of two is many times slower.
    pairs = np.unique(domain.astype(np.int64) * parts + part)
    return np.bincount(pairs // parts, minlength=domains)


def _share_left(strata: pl.DataFrame, size: np.ndarray) -> np.ndarray:
    """1 - f of each stratum; 1 where no fpc is given."""
    if strata["_fpc_low"].null_count() == len(strata):
        return np.ones(len(size))
    odd = strata.filter(pl.col("_fpc_low").is_null() | (pl.col("_fpc_low") != pl.col("_fpc_high")))
    if len(odd):
        raise UsageError(
            "The finite population correction differs within a stratum, or is missing in one.",
            found=f"stratum {odd['_stratum'][0]}",
            mend="Give every row of a stratum the same number of units in the population.",
        )
    given = strata["_fpc_low"].to_numpy()
    fraction = np.where(given <= 1, given, size / given)
    if (fraction > 1 + 1e-12).any():
        h = int(np.argmax(fraction))
        raise UsageError(
            "A stratum has more units in the sample than in the population.",
            found=f"stratum {strata['_stratum'][h]}: {int(size[h])} drawn of {given[h]:g}",
            mend="Check the fpc column: it counts units (schools), not children.",
        )
    return 1 - fraction


def _refuse_lonely(
    strata: pl.DataFrame, size: np.ndarray, left: np.ndarray, lonely: str, stratified: bool
) -> None:
    alone = (size == 1) & (left > 1e-12)
    if lonely == "centre" or not alone.any():
        return
    names = ", ".join(str(s) for s in strata.filter(pl.Series(alone))["_stratum"].to_list()[:5])
    raise UsageError(
        f"{int(alone.sum())} strata hold one unit only, so no variance can be seen in them."
        if stratified
        else "The design holds one unit only, so no variance can be seen.",
        found=f"stratum {names}" if stratified else "",
        mend="Merge them with a neighbouring stratum, or set lonely: centre.",
    )
