"""What to estimate from which file: without one written specification nobody could repeat a figure.

data: answers.csv                 # CSV, Parquet, or .sav where pyreadstat is installed
weight: w                         # each of the four may be left out
stratum: stratum
psu: school
fpc: schools_in_stratum           # leave out for the schools as they might have been
lonely: fail                      # a stratum of one unit: fail, or centre
merge: {north: south}             # or put a stratum's units into another, by name
missing: [-9, refused]            # codes that mean no answer
where: {year: [7, 8]}             # a part of the population; the design stays whole
rake: {sex: {F: 24, M: 22}}       # population totals by margin
replicates: {method: jackknife}   # or {columns: rw*, scale: 0.5, rscales: 1}
basis: sample                     # or convenience: whoever came; then shares of those who answered only
estimates:
  - {statistic: mean, variable: score}
  - {statistic: proportion, variable: sad, value: 1, by: [sex, year]}
  - {statistic: total, variables: [sad, days]}
  - {statistic: ratio, numerator: days, denominator: possible}
  - {statistic: quantile, variable: score, q: [0.25, 0.5, 0.75]}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from threecircles.core.design import Design
from threecircles.core.design_intervals import Method
from threecircles.core.errors import UsageError
from threecircles.definitions.loader import build
from threecircles.definitions.yaml12 import Marked, parse

Scalar = str | int | float | bool

SAME_AS = {
    "file": "data",
    "path": "data",
    "weights": "weight",
    "strata": "stratum",
    "cluster": "psu",
    "clusters": "psu",
    "id": "psu",
    "domains": "by",
    "domain": "by",
    "type": "statistic",
    "kind": "statistic",
    "stat": "statistic",
    "column": "variable",
    "y": "variable",
    "x": "denominator",
    "quantiles": "q",
    "probabilities": "q",
    "category": "value",
    "raking": "rake",
    "margins": "rake",
    "lonely_psu": "lonely",
    "single_psu": "lonely",
    "name": "label",
    "na": "missing",
    "subset": "where",
    "confidence": "level",
    "statistics": "estimates",
    "estimate": "estimates",
    "want": "estimates",
}
"""Other words people use for the keys of a specification."""

STATISTICS = {
    "share": "proportion",
    "prevalence": "proportion",
    "percentage": "proportion",
    "average": "mean",
    "sum": "total",
}
"""Other words people use for the statistics; each may stand in the plural."""

LONELY = {
    "center": "centre",
    "centred": "centre",
    "centered": "centre",
    "adjust": "centre",
    "error": "fail",
}
"""Other words, R's and Stata's among them, for what to do with a stratum of one unit."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One estimate, or one for each of `variables`.

    value: the answer whose share is wanted; null = every answer. by: domains. q: for quantiles.
    """

    statistic: Literal["mean", "proportion", "total", "ratio", "quantile", "median"]
    variable: str = ""
    variables: list[str] = field(default_factory=list)
    value: Scalar | None = None
    numerator: str = ""
    denominator: str = ""
    q: list[float] | float = 0.5
    by: list[str] | str = field(default_factory=list)
    label: str = ""
    interval: Method | None = None

    @property
    def domains(self) -> tuple[str, ...]:
        """Columns whose combinations are the domains."""
        return (self.by,) if isinstance(self.by, str) else tuple(self.by)

    @property
    def points(self) -> tuple[float, ...]:
        """The quantiles wanted, as shares."""
        return (self.q,) if isinstance(self.q, float) else tuple(self.q)


@dataclass(frozen=True, kw_only=True)
class Replicates:
    """Replicate weights: made here (jackknife, JKn) or brought along as columns.

    columns: names, or one name with a star. scale, rscales: the variance is scale x sum of rscales x
    squared differences; rscales: one number, or one a column. about: the mean of the replicates, or
    the full estimate.
    """

    method: Literal["jackknife", "given"] = "given"
    columns: list[str] | str = field(default_factory=list)
    scale: float = 1.0
    rscales: list[float] | float = 1.0
    about: Literal["mean", "estimate"] = "mean"


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to estimate from which file; columns of the design by name. missing: codes that mean no answer."""

    data: str
    estimates: list[Wanted]
    weight: str | None = None
    stratum: str | None = None
    psu: str | None = None
    fpc: str | None = None
    fpc_within: str | None = None
    lonely: Literal["fail", "centre"] = "fail"
    merge: dict[str, Scalar] = field(default_factory=dict)
    level: float = 0.95
    interval: Method = "auto"
    by: list[str] | str = field(default_factory=list)
    missing: list[Scalar] = field(default_factory=list)
    where: dict[str, list[Scalar] | Scalar] = field(default_factory=dict)
    rake: dict[str, dict[str, float]] = field(default_factory=dict)
    replicates: Replicates | None = None
    basis: Literal["sample", "convenience"] = "sample"

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level lies between 0 and 1, for example 0.95; found {self.level:g}")
        if not self.estimates:
            raise ValueError("estimates names nothing to estimate")

    @property
    def design(self) -> Design:
        """The design that the columns make."""
        return Design(
            weight=self.weight,
            stratum=self.stratum,
            psu=self.psu,
            fpc=self.fpc,
            fpc_within=self.fpc_within,
            lonely=self.lonely,
        )

    @property
    def shared_by(self) -> tuple[str, ...]:
        """Domains of every estimate that names none of its own."""
        return (self.by,) if isinstance(self.by, str) else tuple(self.by)


def read_spec(path: Path) -> Spec:
    """The specification of a file. Raises an error with file and line."""
    if not path.exists():
        raise UsageError("There is no such specification.", where=path.name)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(
            "The specification is not text in UTF-8.", where=path.name, mend="Save it as UTF-8."
        ) from None
    return build(_renamed(parse(text, path.name)), Spec, path.name)


def _renamed(value: Marked) -> Marked:
    if not isinstance(value.data, dict):
        return value
    inner = {SAME_AS.get(k, k): v for k, v in value.data.items()}
    design = inner.pop("design", None)
    # A design given as a block of its own is the same columns.
    if design is not None and isinstance(design.data, dict):
        inner = {SAME_AS.get(k, k): v for k, v in design.data.items()} | inner
    lonely = inner.get("lonely")
    if lonely is not None and lonely.data in LONELY:
        inner["lonely"] = Marked(LONELY[lonely.data], lonely.line)
    wanted = inner.get("estimates")
    if wanted is not None:
        listed = wanted.data if isinstance(wanted.data, list) else [wanted]
        inner["estimates"] = Marked([_wanted(w) for w in listed], wanted.line)
    if "missing" in inner and not isinstance(inner["missing"].data, list):
        inner["missing"] = Marked([inner["missing"]], inner["missing"].line)
    return Marked(inner, value.line)


def _wanted(value: Marked) -> Marked:
    if not isinstance(value.data, dict):
        return value
    inner = {SAME_AS.get(k, k): v for k, v in value.data.items()}
    statistic = inner.get("statistic")
    if statistic is not None and isinstance(statistic.data, str):
        one = statistic.data.lower().removesuffix("s")
        inner["statistic"] = Marked(STATISTICS.get(one, one), statistic.line)
    several = inner.get("variable")
    if several is not None and isinstance(several.data, list):
        inner["variables"] = inner.pop("variable")
    return Marked(inner, value.line)
