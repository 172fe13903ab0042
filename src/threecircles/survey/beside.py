"""A school beside the others: without it chance would pass for a difference, and pupils for their school.

Each school's mean is drawn towards what is expected of its pupils, by how little it knows of itself:
lambda (mean - expected), lambda = tau2 / (tau2 + sigma2 / n); its interval also holds what is not known
of the expected value itself. What is common to all schools (expected
value, tau2, sigma2, means of similar schools) is fitted once and kept with the study, so that a school
that puts its file right changes no other school's report.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.shrinkage import shrink

LEAST_SCHOOLS = 3
"""Schools with a score below which none is set beside the others."""
SIMILAR = 20
"""Schools nearest in size, free meals, ethnic group and phase."""
LEAST_SIMILAR = 10
"""Similar schools, each of LEAST_PUPILS at least, that a range must be made of."""
LEAST_PUPILS = 10
ATTRIBUTES = ("sex", "nc_year", "free_meals", "sen", "eal", "idaci_quintile")
"""What pupils were asked, or a school census gave, that an adjusted figure takes account of."""


@dataclass(frozen=True)
class Whole:
    """What all schools together say of a scale. coefficients: the constant, then those of `terms`.

    between, within: variances between and within schools. means: drawn mean of each school.
    pupils: answers of each school.
    """

    coefficients: list[float]
    terms: list[str]
    between: float
    within: float
    centre: float
    means: dict[str, float] = field(default_factory=dict)
    pupils: dict[str, int] = field(default_factory=dict)


def fitted(frame: pl.DataFrame, scales: Sequence[str]) -> dict[str, Whole]:
    """Every scale's whole, plain (`scale`) and adjusted (`scale|adjusted`) where anything can be adjusted for.

    frame: school, the scales, and any of ATTRIBUTES. A scale with fewer than three schools is left out.
    """
    told = {}
    for scale in scales:
        known = frame.drop_nulls(scale)
        sizes = known.group_by("school").len()
        if sizes.height < LEAST_SCHOOLS or sizes["len"].max() < 2:  # type: ignore[operator]
            continue
        terms, columns = _columns(known)
        told[scale] = _whole(known, scale, [], None)
        if terms:
            told[f"{scale}|adjusted"] = _whole(known, scale, terms, columns)
    return told


def kept(path: Path, frame: pl.DataFrame, scales: Sequence[str]) -> dict[str, Whole]:
    """The wholes as the first report of the study fitted them; fitted and written where there are none."""
    if not path.exists():
        told = {name: asdict(whole) for name, whole in fitted(frame, scales).items()}
        path.write_text(json.dumps(told, sort_keys=True) + "\n", encoding="utf-8")
    return {k: Whole(**v) for k, v in json.loads(path.read_text(encoding="utf-8")).items()}


def drawn(frame: pl.DataFrame, name: str, whole: Whole) -> pl.DataFrame:
    """Each school's mean as drawn towards what is expected: school, value, low, high.

    name: scale, or scale|adjusted; then value is what the school's mean would be with pupils as elsewhere.
    """
    known = frame.drop_nulls(name.partition("|")[0])
    expected = np.full(known.height, whole.coefficients[0])
    if whole.terms:
        terms, columns = _columns(known)
        weight = dict(zip(whole.terms, whole.coefficients[1:], strict=True))
        expected = expected + columns @ np.array([weight.get(t, 0.0) for t in terms])
    left = known.select(
        "school", rest=pl.col(name.partition("|")[0]).cast(pl.Float64) - pl.Series(expected)
    )
    rows = left.group_by("school").agg(pl.col("rest").mean(), n=pl.len()).sort("school")
    n, rest = rows["n"].to_numpy(), rows["rest"].to_numpy()
    share = whole.between * n / (whole.between * n + whole.within)
    # Where schools seem not to differ at all, what is common to them is still only estimated.
    common = (1 - share) ** 2 * _variance_of_centre(whole)
    half = 1.96 * np.sqrt(whole.between * (1 - share) + common)
    value = whole.centre + share * rest
    return pl.DataFrame(
        {"school": rows["school"], "value": value, "low": value - half, "high": value + half}
    )


def _variance_of_centre(whole: Whole) -> float:
    """Of what is common to all schools: each tells of it by 1 / (tau2 + sigma2 / n)."""
    n = np.array([k for k in whole.pupils.values() if k > 0], dtype=float)
    return float(1 / (1 / (whole.between + whole.within / n)).sum()) if n.size else 0.0


def similar(schools: pl.DataFrame) -> dict[str, list[str]]:
    """For each school the twenty of its phase nearest to it.

    schools: school (mark), phase, and any number columns (roll, fsm_percent, shares of ethnic groups),
    each divided by its standard deviation; a blank counts as the mean. No school is near itself.
    """
    numbers = [c for c, kind in schools.schema.items() if kind.is_numeric()]
    told: dict[str, list[str]] = {}
    for _, some in schools.sort("school").group_by("phase", maintain_order=True):
        marks = some["school"].to_list()
        if not numbers:
            continue
        table = some.select(pl.col(numbers).cast(pl.Float64).fill_null(strategy="mean")).to_numpy()
        table = np.nan_to_num(table)
        spread = table.std(axis=0)
        at = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1)
        far = ((at[:, None, :] - at[None, :, :]) ** 2).sum(axis=2)
        for i, mark in enumerate(marks):
            order = [j for j in np.argsort(far[i], kind="stable") if j != i]
            told[mark] = [marks[j] for j in order[:SIMILAR]]
    return told


def similar_range(whole: Whole, near: Sequence[str]) -> tuple[float, float] | None:
    """Least and greatest drawn mean of similar schools; None where too few of them have answers enough."""
    some = [whole.means[m] for m in near if whole.pupils.get(m, 0) >= LEAST_PUPILS]
    return (min(some), max(some)) if len(some) >= LEAST_SIMILAR else None


def adjusted_for(frame: pl.DataFrame) -> tuple[str, ...]:
    """The attributes that an adjusted figure takes account of in this study."""
    return tuple(dict.fromkeys(t.partition("=")[0] for t in _columns(frame)[0]))


def _whole(known: pl.DataFrame, scale: str, terms: list[str], columns: np.ndarray | None) -> Whole:
    y, school = known[scale].to_numpy(), known["school"].to_numpy()
    model = shrink(y, school, columns)
    coefficients = [float(c) for c in model.coefficients]
    centre = coefficients[0]
    if columns is not None:
        centre += float(columns.mean(axis=0) @ model.coefficients[1:])
    means = {u: centre + float(e) for u, e in zip(model.units, model.effect, strict=True)}
    pupils = {u: int(k) for u, k in zip(model.units, model.n, strict=True)}
    return Whole(coefficients, terms, model.between, model.within, centre, means, pupils)


def _columns(known: pl.DataFrame) -> tuple[list[str], np.ndarray]:
    """One column of nought and one for each answer of each attribute but its first: names and numbers."""
    names, columns = [], []
    for attribute in ATTRIBUTES:
        if attribute not in known.columns:
            continue
        text = known[attribute].cast(pl.String).fill_null("not said")
        for answer in sorted(text.unique().to_list())[1:]:
            names.append(f"{attribute}={answer}")
            columns.append((text == answer).to_numpy().astype(float))
    return names, np.column_stack(columns) if columns else np.empty((known.height, 0))
