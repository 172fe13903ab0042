"""Rows turned into arrays, refused with reasons where a fit would be nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from scipy.special import gammaln

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.multilevel.design import Design, Floats, Ints, factored

Family = Literal["binomial", "poisson"]
INTERCEPT = "(intercept)"


@dataclass(frozen=True)
class Problem:
    """Cells sorted by area. y, n: events and trials (n = 1 for Poisson); offset: added to the predictor.

    area: area of each cell; authority: authority of each area, all nought when there is one level or
    none. levels: names of the random levels in force, small to large. constant: sum of log C(n, y)
    over the rows as given (Poisson: -sum log y!), kept so that figures agree with other software.
    """

    family: Family
    y: Floats
    n: Floats
    offset: Floats
    design: Design
    area: Ints
    authority: Ints
    levels: tuple[str, ...]
    area_labels: tuple[str, ...]
    authority_labels: tuple[str, ...]
    constant: float
    rows: int

    @property
    def starts(self) -> Ints:
        """Where each area's cells begin."""
        return np.searchsorted(self.area, np.arange(len(self.area_labels))).astype(np.int64)

    def by_area(self, values: Floats) -> Floats:
        """Sums over the cells of each area."""
        return np.add.reduceat(values, self.starts)

    def by_authority(self, values: Floats) -> Floats:
        """Sums over the areas of each authority."""
        return np.bincount(self.authority, values, minlength=len(self.authority_labels)).astype(
            np.float64
        )


def problem(
    table: pl.DataFrame,
    *,
    outcome: str,
    trials: str | None = None,
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
    groups: Sequence[str] = (),
    family: Family = "binomial",
    exposure: str | None = None,
    offset: str | None = None,
    reference: dict[str, str] | None = None,
) -> Problem:
    """Arrays of a fit from a table of children or of cells.

    outcome: events (0/1 for children). trials: children of a cell; absent = 1. categorical: terms with
    a dummy a value but the reference (the first in order unless named). groups: column names from small
    to large, at most two. exposure: Poisson only, its log is the offset.
    Rows with equal covariates in one area are collapsed; the likelihood is unchanged.
    Raises UsageError naming column and rows.
    """
    _check_names(table, [outcome, trials, exposure, offset, *categorical, *numeric, *groups])
    if family not in ("binomial", "poisson"):
        raise UsageError("The family is not known.", found=str(family), allowed="binomial, poisson")
    if len(groups) > 2:
        raise UsageError("At most two levels are nested here.", found=", ".join(groups))
    if len(groups) == 0:
        raise UsageError(
            "No group column is named.", mend="Name the area, or the area and the authority."
        )
    _check_rows(
        table,
        outcome,
        trials,
        family,
        [outcome, trials, exposure, offset, *categorical, *numeric, *groups],
    )
    nested = table.select(groups).unique()
    if len(groups) == 2:
        _check_nested(nested, *groups)
    frame = table.select(
        pl.col(outcome).cast(pl.Float64).alias("y"),
        (pl.col(trials).cast(pl.Float64) if trials else pl.lit(1.0)).alias("n"),
        _offset(exposure, offset).alias("offset"),
        *[pl.col(c).cast(pl.Utf8).alias(f"c.{c}") for c in categorical],
        *[pl.col(c).cast(pl.Float64).alias(f"x.{c}") for c in numeric],
        *[pl.col(c).cast(pl.Utf8).alias(f"g.{i}") for i, c in enumerate(groups)],
    )
    y, n = frame["y"].to_numpy(), frame["n"].to_numpy()
    constant = (
        -gammaln(y + 1).sum()
        if family == "poisson"
        else (gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)).sum()
    )
    keys = [c for c in frame.columns if c[:2] in ("c.", "x.", "g.")]
    if family == "binomial":
        frame = frame.group_by([*keys, "offset"], maintain_order=True).agg(pl.col("y", "n").sum())
    frame = frame.sort([*(f"g.{i}" for i in reversed(range(len(groups)))), *keys])
    return _arrays(
        frame, family, categorical, numeric, groups, reference or {}, float(constant), table.height
    )


def _offset(exposure: str | None, offset: str | None) -> pl.Expr:
    made = pl.col(exposure).cast(pl.Float64).log() if exposure else pl.lit(0.0)
    return made + pl.col(offset).cast(pl.Float64) if offset else made


def _arrays(
    frame: pl.DataFrame,
    family: Family,
    categorical: Sequence[str],
    numeric: Sequence[str],
    groups: Sequence[str],
    reference: dict[str, str],
    constant: float,
    rows: int,
) -> Problem:
    areas = frame.select([f"g.{i}" for i in range(len(groups))]).unique(maintain_order=True)
    area_labels = areas["g.0"].to_list()
    codes = {label: i for i, label in enumerate(area_labels)}
    area = frame["g.0"].replace_strict(codes, return_dtype=pl.Int64).to_numpy()
    upper = areas["g.1"].to_list() if len(groups) == 2 else [""] * len(area_labels)
    authorities = list(dict.fromkeys(upper))
    authority = (
        np.array([authorities.index(a) for a in upper])
        if len(authorities) < 2
        else _codes(upper, authorities)
    )
    # One authority cannot tell its own effect from the intercept: two levels, and the result says so.
    levels = tuple(groups[:1]) if len(authorities) < 2 else tuple(groups)
    names, columns = [INTERCEPT], [np.ones(frame.height)]
    for term in categorical:
        values = frame[f"c.{term}"]
        kept = _levels(values, term, reference.get(term))
        names += [f"{term}[{v}]" for v in kept]
        columns += [(values == v).to_numpy().astype(float) for v in kept]
    for term in numeric:
        names.append(term)
        columns.append(frame[f"x.{term}"].to_numpy().astype(float))
    matrix = np.stack(columns, axis=1)
    _check_columns(names, matrix)
    return Problem(
        family=family,
        y=frame["y"].to_numpy(),
        n=frame["n"].to_numpy() if family == "binomial" else np.ones(frame.height),
        offset=frame["offset"].to_numpy(),
        design=factored(names, matrix, area, len(area_labels)),
        area=area,
        authority=authority,
        levels=levels,
        area_labels=tuple(area_labels),
        authority_labels=tuple(authorities),
        constant=constant,
        rows=rows,
    )


def _codes(labels: list[str], known: list[str]) -> Ints:
    place = {label: i for i, label in enumerate(known)}
    return np.array([place[label] for label in labels], dtype=np.int64)


def _levels(values: pl.Series, term: str, reference: str | None) -> list[str]:
    found = values.unique().to_list()
    try:
        found.sort(key=float)
    except ValueError:
        found.sort()
    if reference is not None and reference not in found:
        raise UsageError(
            f"The reference of {term} does not occur.",
            found=reference,
            allowed=", ".join(found[:20]),
        )
    base = reference if reference is not None else found[0]
    return [v for v in found if v != base]


def _check_names(table: pl.DataFrame, names: Sequence[str | None]) -> None:
    for name in names:
        if name is not None and name not in table.columns:
            raise UsageError(
                f"There is no column {name}.",
                allowed=", ".join(table.columns),
                mend=did_you_mean(name, table.columns),
            )


def _check_rows(
    table: pl.DataFrame,
    outcome: str,
    trials: str | None,
    family: Family,
    names: Sequence[str | None],
) -> None:
    numbered = table.with_row_index("_row").with_columns(
        _y=pl.col(outcome).cast(pl.Float64, strict=False),
        _n=pl.col(trials).cast(pl.Float64, strict=False) if trials else pl.lit(1.0),
    )
    y, n = pl.col("_y"), pl.col("_n")
    faults = [(pl.col(c).is_null(), f"{c} is missing") for c in names if c is not None]
    faults += [(y.is_null() | (y < 0), f"{outcome} is not a number from 0 up")]
    if family == "binomial":
        faults += [
            (n.is_null() | (n <= 0), "the trials are not above 0"),
            (y > n, f"{outcome} is above its trials"),
        ]
    for fault, words in faults:
        rows = numbered.filter(fault)["_row"].to_list()
        if rows:
            shown = ", ".join(f"{r + 1:,}" for r in rows[:10])
            raise UsageError(
                f"{words[0].upper()}{words[1:]} in {len(rows):,} rows.", where=f"rows {shown}"
            )


def _check_nested(nested: pl.DataFrame, area: str, authority: str) -> None:
    twice = nested.group_by(area).len().filter(pl.col("len") > 1).sort(area)[area].to_list()
    if twice:
        raise UsageError(
            f"An {area} lies in two of {authority}.", found=", ".join(map(str, twice[:10]))
        )


def _check_columns(names: list[str], matrix: Floats) -> None:
    for name, column in zip(names[1:], matrix.T[1:], strict=True):
        if np.all(column == column[0]):
            raise UsageError(
                f"{name} is the same in every row, so it explains nothing.", mend="Leave it out."
            )
    scaled = matrix / np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    triangle = np.linalg.qr(scaled, mode="r")
    size = np.abs(np.diag(triangle))
    for name, value, column in zip(names, size, scaled.T, strict=True):
        if value < 1e-9 * np.linalg.norm(column):
            raise UsageError(
                f"{name} can be made from the terms before it.",
                mend="Leave it out, or one of them.",
            )
