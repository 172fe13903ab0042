"""Rows turned into arrays, refused with reasons where a fit would be nonsense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from scipy.special import gammaln

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.multilevel.checks import (
    as_number,
    as_text,
    check_columns,
    check_names,
    check_nested,
    check_terms,
    refuse,
)
from threecircles.core.multilevel.design import Column, Design, Floats, Ints, factored, scaled

Family = Literal["binomial", "poisson"]


BLOCK = 10_000
"""Cells of a block: a dozen arrays of as many floats stay in a processor's own memory."""


class Block(NamedTuple):
    """Some whole areas. cells, areas: where they lie; starts: where each area begins within the block."""

    cells: slice
    areas: slice
    starts: Ints


@dataclass(frozen=True)
class Problem:
    """Cells sorted by area. y, n: events and trials (n = 1 for Poisson); offset: added to the predictor.

    area: area of each cell; authority: authority of each area, all nought when there is one level or
    none. levels: names of the random levels in force, small to large. constant: sum of log C(n, y)
    over the rows as given (Poisson: -sum log y!), kept so that figures agree with other software.
    exposed: the offset holds the log of an exposure (children, years).
    notes: sentences about what was asked for and cannot be told from these rows. references: the
    value of each categorical term that has no column.
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
    notes: tuple[str, ...] = ()
    exposed: bool = False
    references: dict[str, str] = field(default_factory=dict)

    @cached_property
    def starts(self) -> Ints:
        """Where each area's cells begin."""
        return np.searchsorted(self.area, np.arange(len(self.area_labels))).astype(np.int64)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The cells in pieces of whole areas that a processor's own memory holds: half the time of one sweep."""
        ends = np.append(self.starts[1:], len(self.y))
        made, first = [], 0
        while first < len(ends):
            last = max(first + 1, int(np.searchsorted(ends, self.starts[first] + BLOCK, "right")))
            begin, end = int(self.starts[first]), int(ends[last - 1])
            made.append(
                Block(slice(begin, end), slice(first, last), self.starts[first:last] - begin)
            )
            first = last
        return tuple(made)

    @cached_property
    def room(self) -> Floats:
        """Three rows of cells that every pass writes its means, weights and slopes into anew: asking the
        system for them each time would take longer than the sums. What a pass gives holds until the next."""
        return np.empty((3, len(self.y)))

    def by_area(self, values: Floats) -> Floats:
        """Sums over the cells of each area."""
        return np.add.reduceat(values, self.starts)

    @cached_property
    def authority_starts(self) -> Ints:
        """Where each authority's areas begin: they lie together."""
        return np.searchsorted(self.authority, np.arange(len(self.authority_labels))).astype(
            np.int64
        )

    def by_authority(self, values: Floats) -> Floats:
        """Sums over the areas of each authority, of each column where there are several."""
        if values.ndim == 2:
            return np.add.reduceat(values, self.authority_starts, axis=0)
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
    reference: Mapping[str, str] | None = None,
) -> Problem:
    """Arrays of a fit from a table of children or of cells.

    outcome: events (0/1 for children). trials: children of a cell; absent = 1. categorical: terms with
    a dummy a value but the reference (the first in order unless named). groups: column names from small
    to large, at most two. exposure: Poisson only, its log is added to the predictor; trials of a Poisson
    are taken as its exposure. offset: a column added to the predictor as it is.
    Rows with equal covariates in one area are collapsed; the likelihood is unchanged.
    Raises UsageError naming column and rows.
    """
    if family not in ("binomial", "poisson"):
        raise UsageError("The family is not known.", found=str(family), allowed="binomial, poisson")
    if family == "poisson" and exposure is None:
        trials, exposure = None, trials
    if exposure is not None and family == "binomial":
        raise UsageError("An exposure belongs to a Poisson; a binomial has trials.", found=exposure)
    if family == "poisson" and trials is not None:
        raise UsageError("A Poisson has an exposure or trials, not both.", found=trials)
    _check_groups(groups)
    check_names(
        table,
        [c for c in (outcome, trials, exposure, offset, *categorical, *numeric, *groups) if c],
    )
    check_terms(outcome, trials, [*categorical, *numeric])
    _check_reference(reference or {}, categorical)
    frame = pl.DataFrame(
        {
            **_outcome(table, outcome, trials, family),
            "offset": _offset(table, exposure, offset),
            **{f"c.{c}": as_text(table, c) for c in categorical},
            **{f"x.{c}": as_number(table, c) for c in numeric},
            **{f"g.{i}": as_text(table, c) for i, c in enumerate(groups)},
        }
    )
    if len(groups) == 2:
        check_nested(frame.select("g.0", "g.1").unique(), *groups)
    constant = _constant(frame["y"].to_numpy(), frame["n"].to_numpy(), family)
    keys = [c for c in frame.columns if c[:2] in ("c.", "x.", "g.")]
    if family == "binomial":
        frame = frame.group_by([*keys, "offset"], maintain_order=True).agg(pl.col("y", "n").sum())
    frame = frame.sort([*(f"g.{i}" for i in reversed(range(len(groups)))), *keys, "offset"])
    made = _arrays(frame, family, categorical, numeric, groups, reference or {}, constant, table)
    return replace(made, exposed=exposure is not None)


def _check_groups(groups: Sequence[str]) -> None:
    if len(groups) == 0:
        raise UsageError(
            "No group column is named.", mend="Name the area, or the area and the authority."
        )
    if len(groups) > 2:
        raise UsageError("At most two levels are nested here.", found=", ".join(groups))
    if len(set(groups)) < len(groups):
        raise UsageError("Both levels are the same column.", found=groups[0])


def _check_reference(reference: Mapping[str, str], categorical: Sequence[str]) -> None:
    for term in reference:
        if term not in categorical:
            raise UsageError(
                f"A reference is given for {term}, which is not a categorical term.",
                allowed=", ".join(categorical),
                mend=did_you_mean(term, categorical),
            )


def _outcome(
    table: pl.DataFrame, outcome: str, trials: str | None, family: Family
) -> dict[str, pl.Series]:
    y = as_number(table, outcome)
    refuse(y < 0, f"{outcome} is below nought")
    if family == "binomial":
        refuse(y != y.round(0), f"{outcome} is not a whole number of events")
    if trials is None:
        n = pl.repeat(1.0, len(y), eager=True)
        if family == "binomial":
            mend = "" if y.max() in (0, 1) else " (name the column of trials if rows are cells)"
            refuse(y > 1, f"{outcome} is neither 0 nor 1{mend}")
        return {"y": y, "n": n}
    n = as_number(table, trials)
    refuse(n <= 0, f"{trials}, the number of trials, is not above 0")
    refuse(y > n, f"{outcome} is above its trials")
    refuse(n != n.round(0), f"{trials}, the number of trials, is not a whole number")
    return {"y": y, "n": n}


def _offset(table: pl.DataFrame, exposure: str | None, offset: str | None) -> pl.Series:
    made = pl.repeat(0.0, table.height, eager=True)
    if exposure:
        size = as_number(table, exposure)
        refuse(size <= 0, f"{exposure}, the exposure, is not above 0")
        made = made + size.log()
    return made + as_number(table, offset) if offset else made


def _constant(y: Floats, n: Floats, family: Family) -> float:
    if family == "poisson":
        return float(-gammaln(y + 1).sum())
    many = n > 1
    y, n = y[many], n[many]
    return float((gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)).sum())


def _arrays(
    frame: pl.DataFrame,
    family: Family,
    categorical: Sequence[str],
    numeric: Sequence[str],
    groups: Sequence[str],
    reference: Mapping[str, str],
    constant: float,
    table: pl.DataFrame,
) -> Problem:
    areas = frame.select([f"g.{i}" for i in range(len(groups))]).unique(maintain_order=True)
    area_labels = areas["g.0"].to_list()
    area = _codes(frame["g.0"], area_labels)
    upper = areas["g.1"] if len(groups) == 2 else pl.Series([""] * len(area_labels))
    authorities = upper.unique(maintain_order=True).to_list()
    levels, notes = _levels_told(groups, len(area_labels), len(authorities))
    terms = [_factor(frame[f"c.{t}"], t, reference.get(t)) for t in categorical]
    terms += [Column(t, frame[f"x.{t}"].to_numpy()) for t in numeric]
    design = factored(terms, area, len(area_labels))
    unit = scaled(design)
    check_columns(design.names, unit.design.gram(np.ones(frame.height)), design.ranges())
    return Problem(
        family=family,
        y=frame["y"].to_numpy(),
        n=frame["n"].to_numpy() if family == "binomial" else np.ones(frame.height),
        offset=frame["offset"].to_numpy(),
        design=design,
        area=area,
        authority=_codes(upper, authorities),
        levels=levels,
        area_labels=tuple(area_labels),
        authority_labels=tuple(authorities),
        constant=constant,
        rows=table.height,
        notes=notes,
        references={t.name: t.labels[0] for t in terms if t.labels},
    )


def _levels_told(
    groups: Sequence[str], areas: int, authorities: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The levels that can be told apart, and a sentence for each that cannot."""
    if areas == 1:
        said = f"There is only one {groups[0]}, so its effect cannot be told from the intercept: no level was fitted."
        return (), (said,)
    if len(groups) == 2 and authorities == 1:
        said = f"There is only one {groups[1]}, so its effect cannot be told from the intercept: two levels were fitted."
        return tuple(groups[:1]), (said,)
    if len(groups) == 2 and areas == authorities:
        said = f"Every {groups[1]} has one {groups[0]}, so the two cannot be told apart: two levels were fitted."
        return tuple(groups[:1]), (said,)
    return tuple(groups), ()


def _codes(labels: pl.Series, known: Sequence[str]) -> Ints:
    made = labels.replace_strict(known, list(range(len(known))), return_dtype=pl.Int64)
    return made.to_numpy().astype(np.int64)


def _factor(values: pl.Series, term: str, reference: str | None) -> Column:
    found = values.unique().to_list()
    try:
        found.sort(key=float)
    except ValueError:
        found.sort()
    if reference is not None and str(reference) not in found:
        raise UsageError(
            f"The reference of {term} does not occur.",
            found=str(reference),
            allowed=", ".join(found[:20]),
        )
    if len(found) == 1:
        raise UsageError(
            f"{term} is the same in every row, so it explains nothing.", mend="Leave it out."
        )
    base = str(reference) if reference is not None else found[0]
    labels = [base, *(v for v in found if v != base)]
    return Column(term, _codes(values, labels), tuple(labels))
