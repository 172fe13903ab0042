"""The fit again without each authority in turn, from the full fit's modes and curvature: from scratch it would cost as many fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from threecircles.core.errors import UsageError
from threecircles.core.multilevel.design import Floats, scaled
from threecircles.core.multilevel.fit import Fit, without_level
from threecircles.core.multilevel.laplace import Modes
from threecircles.core.multilevel.problem import Problem
from threecircles.core.multilevel.search import Memory, search

CLOSE = 1e-4
"""A refit ends when no parameter can move by more than about this part of its standard error."""


@dataclass(frozen=True)
class Refit:
    """A fit without one authority. coefficients by name; sds by level in force; evaluations it took.

    log_likelihood holds the constant of all rows, those left out too.
    """

    authority: str
    coefficients: dict[str, float]
    sds: dict[str, float]
    log_likelihood: float
    evaluations: int


def leave_out(made: Problem, fitted: Fit, penalty: float = 0.0) -> Iterator[Refit]:
    """One refit for each authority of a problem that `fitted` was fitted to.

    Levels that fell to the boundary in the full fit stay out. Raises UsageError when there are fewer
    than three authorities or the full fit has no curvature.
    """
    if len(made.authority_labels) < 3:
        raise UsageError("Leaving an authority out needs at least three of them.")
    if np.isnan(fitted.covariance).any():
        raise UsageError("The full fit is flat in some direction, so no refit can start from it.")
    unit = scaled(made.design)
    k = len(made.design.names)
    full = replace(made, design=unit.design)
    ridge = penalty / unit.scale**2
    ridge[0] = 0.0
    upper_only = made.levels[0] in fitted.at_boundary
    b = np.array([fitted.coefficients[n] for n in made.design.names])
    log_sds = [np.log(s) for level, s in fitted.sds.items() if level not in fitted.at_boundary]
    forward = np.eye(k + len(log_sds))
    forward[:k, :k] = np.linalg.inv(unit.back)
    centre = forward @ np.concatenate([b, log_sds])
    covariance = forward @ fitted.covariance @ forward.T
    scale = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    areas = np.array([fitted.area_effects.get(a, 0.0) for a in made.area_labels])
    authorities = np.array([fitted.authority_effects.get(a, 0.0) for a in made.authority_labels])
    for h, name in enumerate(made.authority_labels):
        part, kept = _without(full, h)
        modes = Modes(areas[kept], np.delete(authorities, h))
        for level in fitted.at_boundary:
            part = without_level(part, part.levels.index(level))
        if not part.levels:
            yield _plain(part, unit.back, ridge, name)
            continue
        if upper_only:
            modes = Modes(modes.v, np.zeros(1))
        elif len(part.levels) < 2:
            modes = Modes(modes.u, np.zeros(len(part.authority_labels)))
        memory = Memory(part, centre, scale, ridge, modes)
        found = minimize(
            memory, np.zeros(len(centre)), jac=True, method="BFGS", options={"gtol": CLOSE}
        )
        theta = memory.theta(found.x)
        yield Refit(
            name,
            dict(zip(made.design.names, (unit.back @ theta[:k]).tolist(), strict=True)),
            dict(zip(part.levels, np.exp(theta[k:]).tolist(), strict=True)),
            float(-found.fun),
            memory.count,
        )


def _plain(part: Problem, back: Floats, ridge: Floats, name: str) -> Refit:
    """No level was left in the full fit: the model without effects needs no start."""
    found = search(part, ridge)
    b = dict(zip(part.design.names, (back @ found.theta).tolist(), strict=True))
    return Refit(name, b, {}, found.value, found.evaluations)


def _without(full: Problem, h: int) -> tuple[Problem, Floats]:
    """The problem without an authority, and which areas are kept. Cells of an authority lie together."""
    kept_areas = full.authority != h
    kept = kept_areas[full.area]
    renumbered = np.cumsum(kept_areas) - 1
    area = renumbered[full.area[kept]]
    design = replace(
        full.design,
        areas=full.design.areas[kept_areas],
        profile=full.design.profile[kept],
        area=area,
    )
    authority = full.authority[kept_areas]
    made = replace(
        full,
        y=full.y[kept],
        n=full.n[kept],
        offset=full.offset[kept],
        design=design,
        area=area,
        authority=np.where(authority > h, authority - 1, authority),
        area_labels=tuple(a for a, k in zip(full.area_labels, kept_areas, strict=True) if k),
        authority_labels=tuple(a for i, a in enumerate(full.authority_labels) if i != h),
    )
    return made, kept_areas
