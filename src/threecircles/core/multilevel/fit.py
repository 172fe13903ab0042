"""A fitted model and its account: without it coefficients would lack errors, boundary and warnings."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.memory import peak_memory_mb
from threecircles.core.multilevel.design import Floats, scaled
from threecircles.core.multilevel.problem import Family, Problem, problem
from threecircles.core.multilevel.search import AT_BOUNDARY, Search, search

SMALL = 0.1
SAME = 1e-6
FEW_CHILDREN, FEW_EVENTS = 50, 5


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    coefficients, standard_errors: by name. sds: standard deviation of each level named in the request
    that these rows can tell; 0.0 where it fell to the boundary (then listed in at_boundary and without
    a standard error). log_sd_errors: standard error of the log of each sd. covariance: of the
    coefficients, then the log sds of the levels in force, in the order of `names`. area_effects,
    authority_effects: most likely values by label. warnings: sentences for people. A standard error is
    nan where the likelihood is flat. references: value of each categorical term without a coefficient. aic: -2 log-likelihood + 2 x parameters.
    """

    family: Family
    log_likelihood: float
    aic: float
    names: tuple[str, ...]
    coefficients: dict[str, float]
    standard_errors: dict[str, float]
    sds: dict[str, float]
    log_sd_errors: dict[str, float]
    covariance: Floats
    at_boundary: tuple[str, ...]
    area_effects: dict[str, float]
    authority_effects: dict[str, float]
    converged: bool
    gradient_norm: float
    iterations: int
    seconds: float
    rows: int
    cells: int
    areas: int
    authorities: int
    children: float
    events: float
    peak_memory_mb: float | None
    references: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """What `formula fit --json` writes: everything but effects and covariance; nan becomes null."""
        left_out = ("covariance", "area_effects", "authority_effects", "names")
        return {k: _plainly(v) for k, v in self.__dict__.items() if k not in left_out}


def _plainly(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plainly(v) for k, v in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return list(value) if isinstance(value, tuple) else value


def fit(
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
    penalty: float = 0.0,
) -> Fit:
    """Fit nested random intercepts to a table of children or of cells.

    See `problem` for the columns. penalty: precision of a normal prior on the slopes (0.01 = sd 10),
    for separated outcomes only. Raises UsageError for input that cannot be fitted.
    Source: Laplace approximation as in Breslow and Clayton, JASA 88 (1993) 9-25; spec/funding.md 4.
    """
    started = time.perf_counter()
    made = problem(
        table,
        outcome=outcome,
        trials=trials,
        categorical=categorical,
        numeric=numeric,
        groups=groups,
        family=family,
        exposure=exposure,
        offset=offset,
        reference=reference,
    )
    fitted = fit_problem(made, penalty=penalty)
    return replace(fitted, seconds=time.perf_counter() - started)


def fit_problem(made: Problem, *, penalty: float = 0.0) -> Fit:
    """Fit a problem whose arrays are made. A level whose sd falls to nought is dropped and said.

    `seconds` of the result counts from here. Raises UsageError for separated outcomes.
    """
    started = time.perf_counter()
    unit = scaled(made.design)
    ridge = penalty / unit.scale**2
    ridge[0] = 0.0
    dropped: list[str] = []
    used = replace(made, design=unit.design)
    found = search(used, ridge)
    count = found.evaluations
    while (level := _doubtful(found)) is not None:
        fewer = without_level(used, level)
        tried = search(fewer, ridge)
        count += tried.evaluations
        # Towards nought the likelihood is flat, so a search may stop short of it: compare the models.
        if tried.value < found.value - SAME and min(found.sds) > AT_BOUNDARY:
            break
        dropped.append(used.levels[level])
        used, found = fewer, tried
    k = len(made.design.names)
    back = np.eye(len(found.theta))
    back[:k, :k] = unit.back
    found = replace(found, theta=back @ found.theta, covariance=back @ found.covariance @ back.T)
    return _told(made, used, found, dropped, count, penalty, time.perf_counter() - started)


def _doubtful(found: Search) -> int | None:
    """The level with the smallest sd, when that is small enough to be nought."""
    if not found.sds or min(found.sds) > SMALL:
        return None
    return int(np.argmin(found.sds))


def without_level(used: Problem, level: int) -> Problem:
    """The problem without one level; dropping the smaller one makes the larger the only one."""
    kept = tuple(name for i, name in enumerate(used.levels) if i != level)
    if level == 1 or len(used.levels) == 1:
        return replace(used, levels=kept)
    order = np.argsort(used.authority[used.area], kind="stable")
    design = replace(used.design, profile=used.design.profile[order], area=used.design.area[order])
    return replace(
        used,
        y=used.y[order],
        n=used.n[order],
        offset=used.offset[order],
        design=design,
        area=used.authority[used.area][order],
        authority=np.zeros(len(used.authority_labels), dtype=np.int64),
        levels=kept,
        area_labels=used.authority_labels,
        authority_labels=("",),
    )


def _told(
    made: Problem,
    used: Problem,
    found: Search,
    dropped: list[str],
    count: int,
    penalty: float,
    seconds: float,
) -> Fit:
    names = used.design.names
    k = len(names)
    errors = np.sqrt(np.diag(found.covariance))
    sds = dict.fromkeys(made.levels, 0.0) | dict(zip(used.levels, found.sds, strict=True))
    exposed = made.family == "poisson" and made.exposed
    children = float(np.exp(made.offset).sum() if exposed else made.n.sum())
    areas, authorities = _effects(made, used, found)
    return Fit(
        family=made.family,
        log_likelihood=found.value,
        aic=-2 * found.value + 2 * len(found.theta),
        names=(*names, *(f"log sd {level}" for level in used.levels)),
        coefficients=dict(zip(names, found.theta[:k].tolist(), strict=True)),
        standard_errors=dict(zip(names, errors[:k].tolist(), strict=True)),
        sds=sds,
        log_sd_errors=dict(zip(used.levels, errors[k:].tolist(), strict=True)),
        covariance=found.covariance,
        at_boundary=tuple(dropped),
        area_effects=areas,
        authority_effects=authorities,
        converged=bool(found.gradient_norm < 1e-4),
        gradient_norm=found.gradient_norm,
        iterations=count,
        seconds=seconds,
        rows=made.rows,
        cells=len(made.y),
        areas=len(made.area_labels),
        authorities=len([a for a in made.authority_labels if a]),
        children=children,
        events=float(made.y.sum()),
        peak_memory_mb=peak_memory_mb(),
        references=made.references,
        warnings=_warnings(made, found, children, dropped, penalty),
    )


def _effects(
    made: Problem, used: Problem, found: Search
) -> tuple[dict[str, float], dict[str, float]]:
    if not used.levels:
        return {}, {}
    u, v = found.modes.u.tolist(), found.modes.v.tolist()
    if len(made.levels) == 2 and used.levels == made.levels[1:]:
        return {}, dict(zip(used.area_labels, u, strict=True))
    areas = dict(zip(used.area_labels, u, strict=True))
    two = len(used.levels) == 2
    return areas, dict(zip(used.authority_labels, v, strict=True)) if two else {}


def _warnings(
    made: Problem, found: Search, children: float, dropped: list[str], penalty: float
) -> tuple[str, ...]:
    said = list(made.notes)
    said += [
        f"The differences between values of {level} cannot be told from nought (at the boundary)."
        for level in dropped
    ]
    areas = len(made.area_labels)
    if children / areas < FEW_CHILDREN or made.y.sum() / areas < FEW_EVENTS:
        said.append(
            f"There are {children / areas:.0f} children and {made.y.sum() / areas:.1f} events an area on average: "
            f"under {FEW_CHILDREN} and {FEW_EVENTS} the standard deviation between areas is uncertain."
        )
    if penalty:
        said.append(
            f"Slopes were held by a normal prior of sd {penalty**-0.5:g}; the log-likelihood includes it."
        )
    if np.isnan(found.covariance).any():
        said.append("The likelihood is flat in some direction, so no standard error is given.")
    if not found.gradient_norm < 1e-4:
        said.append("The search did not come to rest: do not use these figures.")
    return tuple(said)
