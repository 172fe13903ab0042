"""The search for the maximum, its standard errors, and what is done at the boundary."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import minimize

from threecircles.core.errors import UsageError
from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.glm import SEPARATED, glm
from threecircles.core.multilevel.laplace import NONE, Modes, evaluate, no_effects, pass_over
from threecircles.core.multilevel.problem import Family, Problem, problem

START_LOG_SD = (-1.0, -1.2)
SCALE_LOG_SD = (0.05, 0.06)
AT_BOUNDARY = 1e-3
SMALL = 0.1
SAME = 1e-4
DIFFERENCE = 1e-3


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    coefficients, standard_errors: by name. sds: standard deviation of each level named in the request;
    0.0 where it fell to the boundary (then listed in at_boundary and without a standard error).
    log_sd_errors: standard error of the log of each sd. covariance: of the coefficients, then the log
    sds of the levels in force, in the order of `names`. area_effects, authority_effects: most likely
    values by label. warnings: sentences for people.
    """

    family: Family
    log_likelihood: float
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
    events: float
    peak_memory_mb: float
    warnings: tuple[str, ...] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """What `formula fit --json` writes: everything but effects and covariance."""
        left_out = ("covariance", "area_effects", "authority_effects", "names")
        return {k: v for k, v in self.__dict__.items() if k not in left_out}


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
    reference: dict[str, str] | None = None,
    penalty: float = 0.0,
) -> Fit:
    """Fit nested random intercepts to a table of children or of cells.

    See `problem` for the columns. penalty: precision of a normal prior on the slopes (0.01 = sd 10),
    for separated outcomes only. Raises UsageError for input that cannot be fitted.
    Source: Laplace approximation as in Breslow and Clayton, JASA 88 (1993) 9-25; spec/funding.md 4.
    """
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
    if len(groups) == 2 and len(made.levels) == 1:
        said = f"There is only one {groups[1]}, so its effect cannot be told from the intercept: two levels were fitted."
        fitted = replace(fitted, warnings=(*fitted.warnings, said))
    return fitted


def fit_problem(made: Problem, *, penalty: float = 0.0) -> Fit:
    """Fit a problem whose arrays are made. A level whose sd falls to nought is dropped and said."""
    started = time.perf_counter()
    dropped: list[str] = []
    used, search = made, _search_or_plain(made, penalty)
    count = search.evaluations
    while (level := _doubtful(search)) is not None:
        fewer = _without(used, level)
        tried = _search_or_plain(fewer, penalty)
        count += tried.evaluations
        # Towards nought the likelihood is flat, so the search stops short of it: compare the models.
        if tried.value < search.value - SAME:
            break
        dropped.append(used.levels[level])
        used, search = fewer, tried
    return _told(made, used, search, dropped, count, time.perf_counter() - started)


def _search_or_plain(used: Problem, penalty: float) -> _Search:
    return _search(used, penalty) if used.levels else _plain(used, penalty)


def _doubtful(search: _Search) -> int | None:
    """The level with the smallest sd, when that is small enough to be nought."""
    if not search.sds or min(search.sds) > SMALL:
        return None
    return int(np.argmin(search.sds))


@dataclass
class _Search:
    theta: Floats
    value: float
    covariance: np.ndarray
    modes: Modes
    evaluations: int
    gradient_norm: float
    sds: list[float]


def _search(used: Problem, penalty: float) -> _Search:
    b, information = glm(used, penalty)
    k, m = len(b), len(used.levels)
    centre = np.concatenate([b, START_LOG_SD[:m]])
    scale = np.zeros((k + m, k + m))
    scale[:k, :k] = np.linalg.cholesky(np.linalg.inv(information))
    scale[range(k, k + m), range(k, k + m)] = SCALE_LOG_SD[:m]
    memory = _Memory(used, centre, scale, penalty)
    found = minimize(
        memory, np.zeros(k + m), jac=True, method="BFGS", options={"gtol": 1e-3, "maxiter": 200}
    )
    z, sds = found.x, np.exp(centre[k:] + found.x[k:] * np.array(SCALE_LOG_SD[:m]))
    if (sds < AT_BOUNDARY).any():
        theta = centre + scale @ z
        return _Search(
            theta,
            -found.fun,
            np.full((k + m, k + m), np.nan),
            memory.modes,
            memory.count,
            np.nan,
            sds.tolist(),
        )
    # Newton steps with differenced exact gradients: the curvature BFGS gathers is too coarse for errors.
    hessian = _hessian(memory, z)
    value, gradient = memory(z)
    for _ in range(8):
        if np.abs(gradient).max() < 1e-6:
            break
        step = _newton_step(hessian, gradient)
        while True:
            after, after_gradient = memory(z - step)
            if after <= value + 1e-9 or np.abs(step).max() < 1e-9:
                break
            step = step / 2
        z, value, gradient = z - step, after, after_gradient
    if np.linalg.norm(z - found.x) > 0.05:
        hessian = _hessian(memory, z)
    theta = centre + scale @ z
    _check_size(used, theta[:k])
    covariance = scale @ np.linalg.inv(hessian) @ scale.T
    return _Search(
        theta,
        -value,
        covariance,
        memory.modes,
        memory.count,
        float(np.abs(gradient).max()),
        np.exp(theta[k:]).tolist(),
    )


class _Memory:
    """The negative log-likelihood in scaled coordinates, warm-started from the last modes."""

    def __init__(self, used: Problem, centre: Floats, scale: Floats, penalty: float) -> None:
        self.used, self.centre, self.scale, self.penalty = used, centre, scale, penalty
        self.modes, self.count = no_effects(used), 0

    def __call__(self, z: Floats) -> tuple[float, Floats]:
        theta = self.centre + self.scale @ z
        k = len(self.used.design.names)
        # Below e^-12 a level is nought for every purpose, and its precision would overflow.
        theta[k:] = np.clip(theta[k:], -12.0, 6.0)
        value, gradient, self.modes = evaluate(self.used, theta, self.modes)
        self.count += 1
        value -= self.penalty / 2 * float(theta[1:k] @ theta[1:k])
        gradient[1:k] -= self.penalty * theta[1:k]
        return -value, -(self.scale.T @ gradient)


def _hessian(memory: _Memory, z: Floats) -> Floats:
    rows = []
    for i in range(len(z)):
        step = np.zeros(len(z))
        step[i] = DIFFERENCE * 10
        rows.append((memory(z + step)[1] - memory(z - step)[1]) / (2 * step[i]))
    made = np.array(rows)
    return (made + made.T) / 2


def _newton_step(hessian: Floats, gradient: Floats) -> Floats:
    values, vectors = np.linalg.eigh(hessian)
    return vectors @ ((vectors.T @ gradient) / np.maximum(values, 1e-3 * values.max()))


def _plain(used: Problem, penalty: float) -> _Search:
    """No level is left: the model without random effects, its likelihood with the same constant."""
    b, information = glm(used, penalty)
    state = pass_over(used, used.design.dot(b) + used.offset, no_effects(used), 0.0, NONE)
    return _Search(
        b, state.f + used.constant, np.linalg.inv(information), no_effects(used), 1, 0.0, []
    )


def _without(used: Problem, level: int) -> Problem:
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


def _check_size(used: Problem, b: Floats) -> None:
    worst = int(np.argmax(np.abs(b[1:]))) + 1 if len(b) > 1 else 0
    if worst and abs(b[worst]) > SEPARATED * 10:
        raise UsageError(
            f"{used.design.names[worst]} separates the outcomes.", mend="Fit with penalty=0.01."
        )


def _told(
    made: Problem, used: Problem, search: _Search, dropped: list[str], count: int, seconds: float
) -> Fit:
    names = used.design.names
    k = len(names)
    errors = np.sqrt(np.diag(search.covariance))
    sds = dict.fromkeys(made.levels, 0.0) | dict(zip(used.levels, search.sds, strict=True))
    two = len(used.levels) == 2
    is_upper = bool(used.levels) and len(made.levels) == 2 and used.levels == made.levels[1:]
    areas = (
        dict(zip(used.area_labels, search.modes.u.tolist(), strict=True))
        if used.levels and not is_upper
        else {}
    )
    upper = search.modes.v if two else search.modes.u if is_upper else np.zeros(0)
    labels = used.authority_labels if two else used.area_labels if is_upper else ()
    children = made.n.sum() if made.family == "binomial" else float(made.rows)
    return Fit(
        family=made.family,
        log_likelihood=search.value,
        names=(*names, *(f"log sd {level}" for level in used.levels)),
        coefficients=dict(zip(names, search.theta[:k].tolist(), strict=True)),
        standard_errors=dict(zip(names, errors[:k].tolist(), strict=True)),
        sds=sds,
        log_sd_errors=dict(zip(used.levels, errors[k:].tolist(), strict=True)),
        covariance=search.covariance,
        at_boundary=tuple(dropped),
        area_effects=areas,
        authority_effects=dict(zip(labels, upper.tolist(), strict=True)),
        converged=bool(search.gradient_norm < 1e-4),
        gradient_norm=search.gradient_norm,
        iterations=count,
        seconds=seconds,
        rows=made.rows,
        cells=len(made.y),
        areas=len(made.area_labels),
        authorities=len([a for a in made.authority_labels if a]),
        events=float(made.y.sum()),
        peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        warnings=_warnings(made, children, dropped),
    )


def _warnings(made: Problem, children: float, dropped: list[str]) -> tuple[str, ...]:
    said = [
        f"The differences between values of {level} cannot be told from nought (at the boundary)."
        for level in dropped
    ]
    areas = len(made.area_labels)
    if children / areas < 50 or made.y.sum() / areas < 5:
        said.append(
            f"There are {children / areas:.0f} children and {made.y.sum() / areas:.1f} events an area on average: "
            "under 50 and 5 the standard deviation between areas is uncertain."
        )
    return tuple(said)
