"""A fit written as a formula file, so that a fitted and a published formula take the same road."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from threecircles.core.multilevel import Fit
from threecircles.funding.area_based import AreaBased, load_area_spec
from threecircles.funding.fit_file import FitSpec, file_hash
from threecircles.funding.formula import Formula
from threecircles.funding.out import write_out
from threecircles.funding.shares import from_fit

CAVEAT = "A model for places: never a statement about a child."


def fitted_formula(**told: Any) -> Formula:
    """A formula of a fit, with the status and the caveat that every fitted one bears; told: its other fields."""
    return Formula(status="fitted", caveat=CAVEAT, **told)


def formula_of(spec: FitSpec, fitted: Fit) -> Formula:
    """The formula of a fit: its coefficients, errors and sds, and the hash of the data it is of."""
    outcome = from_fit(
        fitted, outcome=spec.outcome, categorical=spec.categorical, cost_weight=spec.cost_weight
    )
    binomial = fitted.family == "binomial"
    return fitted_formula(
        id=spec.id or f"fitted-{spec.outcome}",
        label=spec.label or f"Fitted to {spec.outcome}.",
        source=f"Three Circles, fitted to {Path(spec.file).name}",
        unit="probability" if binomial else "events",
        kind="logistic_child" if binomial else "poisson_area",
        outcomes=[outcome],
        effect_rule="marginal",
        fitted_from=file_hash(Path(spec.file)),
    )


def formula_of_areas(path: Path, found: AreaBased) -> Formula:
    """The formula of an area-based fit, to small areas; its hash is of everything that was received."""
    asked, fitted = load_area_spec(path), found.fits["lsoa"]
    files = sorted(p for p in (path.parent / asked.received).rglob("*") if p.is_file())
    outcome = from_fit(fitted, outcome=asked.unit, cost_weight=asked.cost_weight)
    terms = [replace(t, level="area") for t in outcome.terms]
    return fitted_formula(
        id=asked.id or f"areas-{asked.unit}",
        label=asked.label or f"Fitted to {asked.unit} of areas.",
        source=f"Three Circles, fitted to {found.answers.filter('taken').height} authorities' returns",
        unit="events",
        kind="poisson_area",
        outcomes=[replace(outcome, terms=terms)],
        effect_rule="marginal",
        fitted_from=sha256("".join(file_hash(f) for f in files).encode()).hexdigest(),
    )


def write_formula(formula: Formula, path: Path) -> None:
    """Write a formula as YAML that `load_formula` reads back as it was."""
    text = yaml.safe_dump(_plain(formula), sort_keys=False, allow_unicode=True, width=110)
    write_out(path, text.encode())


def _plain(value: Any) -> Any:
    """What is filled in, in the order of the fields; a date as text."""
    if is_dataclass(value) and not isinstance(value, type):
        made = {f.name.rstrip("_"): _plain(getattr(value, f.name)) for f in fields(value)}
        return {k: v for k, v in made.items() if v not in (None, "", [], {})}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
