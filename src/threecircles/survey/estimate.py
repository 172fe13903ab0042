"""A survey run elsewhere, analysed here: without it a council would need R to know its own figures.

A specification names the file, the columns of the design and what to estimate:

    data: answers.csv                 # CSV, Parquet, or .sav where pyreadstat is installed
    weight: w
    stratum: stratum
    psu: school
    fpc: schools_in_stratum           # leave out for the schools as they might have been
    estimates:
      - {statistic: mean, variable: score}
      - {statistic: proportion, variable: sad, value: 1, by: [sex]}
      - {statistic: total, variable: sad}
      - {statistic: ratio, numerator: days, denominator: possible}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import polars as pl

from threecircles.core.design import Design, Statistic, from_sums, psu_sums
from threecircles.core.design_intervals import Method
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions.loader import build
from threecircles.definitions.yaml12 import Marked, parse
from threecircles.survey.files import read_answers

SAME_AS = {
    "file": "data",
    "path": "data",
    "weights": "weight",
    "strata": "stratum",
    "cluster": "psu",
    "domains": "by",
    "domain": "by",
    "type": "statistic",
    "kind": "statistic",
    "column": "variable",
    "y": "variable",
}
"""Other words people use for the keys of a specification."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One estimate. value: the answer whose share is wanted; null = every answer. by: domains."""

    statistic: Literal["mean", "proportion", "total", "ratio"]
    variable: str = ""
    value: str | int | float | bool | None = None
    numerator: str = ""
    denominator: str = ""
    by: list[str] | str = field(default_factory=list)
    label: str = ""
    interval: Method | None = None

    @property
    def domains(self) -> tuple[str, ...]:
        """Columns whose combinations are the domains."""
        return (self.by,) if isinstance(self.by, str) else tuple(self.by)


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
    level: float = 0.95
    interval: Method = "auto"
    by: list[str] | str = field(default_factory=list)
    missing: list[float] = field(default_factory=list)

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


def estimate_file(spec_path: Path) -> dict[str, Any]:
    """Estimates as a specification asks; the data file is found beside it.

    Returns {design, target, estimates: [{statistic, variable, group, value, se, low, high, level, df,
    deff, deff_replace, n, n_weighted, interval, intervals}]}. `intervals` gives every method of a share.
    Raises UsageError or DefinitionError that name file, key and what is allowed.
    """
    spec = read_spec(spec_path)
    data = Path(spec.data) if Path(spec.data).is_absolute() else spec_path.parent / spec.data
    frame = read_answers(data)
    if spec.missing:
        gone = pl.col(pl.Int64, pl.Float64).is_in(spec.missing)
        frame = frame.with_columns(pl.when(~gone).then(pl.col(pl.Int64, pl.Float64)).name.keep())
    rows = [row for wanted in spec.estimates for row in _estimates(frame, spec, wanted)]
    target = "superpopulation" if spec.fpc is None else "these_pupils"
    design = {
        k: getattr(spec, k) for k in ("weight", "stratum", "psu", "fpc", "fpc_within", "lonely")
    }
    return {
        "data": spec.data,
        "rows": frame.height,
        "design": design,
        "target": target,
        "estimates": rows,
    }


def estimate(spec_path: Path, json_out: Path | None = None) -> dict[str, Any]:
    """As estimate_file, written to json_out when named."""
    told = estimate_file(spec_path)
    if json_out is not None:
        json_out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return told


def read_spec(path: Path) -> Spec:
    """The specification of a file. Raises an error with file and line."""
    if not path.exists():
        raise UsageError("There is no such specification.", where=path.name)
    raw = parse(path.read_text(encoding="utf-8"), path.name)
    return build(_renamed(raw), Spec, path.name)


def _renamed(value: Marked) -> Marked:
    if isinstance(value.data, list):
        return Marked([_renamed(v) for v in value.data], value.line)
    if not isinstance(value.data, dict):
        return value
    inner = {SAME_AS.get(k, k): _renamed(v) for k, v in value.data.items()}
    design = inner.pop("design", None)
    # A design given as a block of its own is the same columns.
    return Marked({**(design.data if design else {}), **inner}, value.line)


def _estimates(frame: pl.DataFrame, spec: Spec, wanted: Wanted) -> list[dict[str, Any]]:
    shared = (spec.by,) if isinstance(spec.by, str) else tuple(spec.by)
    by = wanted.domains or shared
    _refuse_unknown(frame, [wanted.variable, wanted.numerator, wanted.denominator, *by])
    told = []
    for statistic, value in _statistics(frame, wanted):
        sums = psu_sums(frame, spec.design, [statistic], by)
        kinds = {statistic.label: statistic.kind}
        methods: list[Method] = [wanted.interval or spec.interval]
        if statistic.kind == "proportion":
            methods += ["logit", "t", "korn_graubard"]
        tables = [from_sums(sums, spec.design, kinds, by, spec.level, m) for m in methods]
        for i, row in enumerate(tables[0].to_dicts()):
            others = {
                m: [t["low"][i], t["high"][i]] for m, t in zip(methods[1:], tables[1:], strict=True)
            }
            told.append(_row(row, wanted, by, value, spec.level, others))
    return told


def _row(
    row: dict[str, Any],
    wanted: Wanted,
    by: tuple[str, ...],
    value: Any,
    level: float,
    intervals: Mapping[Any, list[float]],
) -> dict[str, Any]:
    head: dict[str, Any] = {
        "statistic": wanted.statistic,
        "label": wanted.label or row["statistic"],
    }
    if wanted.statistic == "ratio":
        head |= {"numerator": wanted.numerator, "denominator": wanted.denominator}
    else:
        head |= {"variable": wanted.variable}
    if wanted.statistic == "proportion":
        head["answer"] = value
    figures = (
        "value",
        "se",
        "low",
        "high",
        "df",
        "deff",
        "deff_replace",
        "n",
        "n_weighted",
        "interval",
    )
    told = head | {"group": {c: row[c] for c in by}, "level": level} | {f: row[f] for f in figures}
    return told | ({"intervals": intervals} if intervals else {})


def _statistics(frame: pl.DataFrame, wanted: Wanted) -> list[tuple[Statistic, Any]]:
    label = wanted.label or wanted.variable
    if wanted.statistic == "ratio":
        named = wanted.label or f"{wanted.numerator}/{wanted.denominator}"
        y, x = nw.col(wanted.numerator), nw.col(wanted.denominator)
        return [(Statistic(label=named, kind="ratio", y=y, x=x), None)]
    column = nw.col(wanted.variable)
    if wanted.statistic != "proportion":
        if not (
            frame[wanted.variable].dtype.is_numeric() or frame[wanted.variable].dtype == pl.Boolean
        ):
            raise UsageError(
                f"A {wanted.statistic} needs numbers.",
                where=f"column {wanted.variable}",
                mend="Ask for proportions, or give the answers numbers.",
            )
        return [(Statistic(label=label, kind=wanted.statistic, y=column), None)]
    series = frame[wanted.variable]
    answers = (
        series.drop_nulls().unique().sort().to_list()
        if wanted.value is None
        else [_like(series, wanted.value)]
    )
    return [
        (
            Statistic(
                label=f"{label}={a}", kind="proportion", y=(column == nw.lit(a)).cast(nw.Float64)
            ),
            a,
        )
        for a in answers
    ]


def _like(series: pl.Series, value: Any) -> Any:
    """The answer in the column's own type, so that 1 finds "1" and 1.0."""
    if series.dtype == pl.String:
        return str(value)
    if series.dtype == pl.Boolean:
        return str(value).lower() in ("1", "true")
    return float(value) if series.dtype.is_float() else int(value)


def _refuse_unknown(frame: pl.DataFrame, names: list[str]) -> None:
    for name in names:
        if name and name not in frame.columns:
            raise UsageError(
                "The specification names a column that is not in the file.",
                found=name,
                mend=did_you_mean(name, frame.columns),
            )
