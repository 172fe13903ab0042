"""A survey run elsewhere, analysed here: without it a council would need R to know its own figures.

The specification is described in `threecircles.survey.spec`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from threecircles.core.design import Statistic, from_sums, psu_sums
from threecircles.core.design_intervals import Method
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.survey.convenience import BASIS, of_those_who_answered, refuse_design
from threecircles.survey.estimate_rows import estimate_by_rows
from threecircles.survey.files import read_answers
from threecircles.survey.quantiles import quantiles
from threecircles.survey.spec import Scalar, Spec, Wanted, read_spec

FIGURES = (
    "value", "se", "low", "high", "df", "deff", "deff_replace", "n", "n_weighted", "interval",
)  # fmt: skip


def estimate_file(spec_path: Path) -> dict[str, Any]:
    """Estimates as a specification asks; the data file is found beside it.

    Returns {data, rows, design, target, estimates: [{statistic, variable, group, value, se, low, high,
    level, df, deff, deff_replace, n, n_weighted, n_missing, interval, intervals}]}. `intervals` gives
    every method of a share. Not-a-number and infinity are null. A convenience study gives {data, rows,
    basis, estimates} with shares of those who answered and no more.
    Raises UsageError or DefinitionError that name file, key and what is allowed.
    """
    spec = read_spec(spec_path)
    data = Path(spec.data) if Path(spec.data).is_absolute() else spec_path.parent / spec.data
    if spec.basis == BASIS:
        refuse_design(spec)
    frame = prepare(read_answers(data), spec)
    if spec.basis == BASIS:
        answers = [row for wanted in spec.estimates for row in of_those_who_answered(frame, wanted)]
        return {"data": spec.data, "rows": frame.height, "basis": BASIS, "estimates": answers}
    rows = [row for wanted in _one_by_one(spec) for row in _estimates(frame, spec, wanted)]
    design = {
        k: getattr(spec, k) for k in ("weight", "stratum", "psu", "fpc", "fpc_within", "lonely")
    }
    return {
        "data": spec.data,
        "rows": frame.height,
        "design": design,
        "raked_to": sorted(spec.rake),
        "variance": "replicates" if spec.replicates else "linearised",
        "target": "superpopulation" if spec.fpc is None else "these_pupils",
        "estimates": rows,
    }


def estimate(spec_path: Path, json_out: Path | None = None) -> dict[str, Any]:
    """As estimate_file, written to json_out when named."""
    told = estimate_file(spec_path)
    if json_out is not None:
        json_out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return told


def prepare(frame: pl.DataFrame, spec: Spec) -> pl.DataFrame:
    """The answers with missing codes taken out, strata merged, and outcomes outside `where` blank.

    Raises UsageError for a column that is not in the file.
    """
    if frame.is_empty():
        raise UsageError("The data file holds no row.", where=spec.data)
    design = (spec.weight, spec.stratum, spec.psu, spec.fpc, spec.fpc_within)
    refuse_unknown(frame, [*(c for c in design if c), *spec.where, *spec.rake, *spec.shared_by])
    keep = {c for c in design if c}
    if spec.missing:
        gone = [
            pl.when(~pl.col(c).cast(pl.String).is_in(_codes(spec.missing))).then(pl.col(c)).alias(c)
            for c in frame.columns
            if c not in keep and (frame[c].dtype.is_numeric() or frame[c].dtype == pl.String)
        ]
        frame = frame.with_columns(gone)
    for column in (spec.weight, spec.fpc, spec.fpc_within):
        if column and not frame[column].dtype.is_numeric():
            raise UsageError(
                "A column of the design must hold numbers.",
                where=f"column {column}",
                found=_no_number(frame[column]),
            )
    for column in (spec.stratum, spec.psu):
        if column and frame[column].null_count():
            raise UsageError(
                f"{frame[column].null_count():,} rows have no {column}.",
                where=f"column {column}",
                mend="Every row needs its stratum and unit; leave those rows out and say so.",
            )
    if spec.merge and spec.stratum:
        frame = _merged(frame, spec, spec.stratum)
    inside = pl.lit(True)
    for column, wanted in spec.where.items():
        values = [str(v) for v in (wanted if isinstance(wanted, tuple) else (wanted,))]
        inside = inside & pl.col(column).cast(pl.String).is_in(values).fill_null(False)
    frame = frame.with_columns(_inside=inside)
    if not frame["_inside"].any():
        held = {
            c: sorted({str(v) for v in frame[c].drop_nulls().unique().to_list()})
            for c in spec.where
        }
        raise UsageError(
            "No answer lies within `where`.",
            found="; ".join(f"{c}: {v}" for c, v in spec.where.items()),
            allowed="; ".join(f"{c}: {', '.join(v[:12])}" for c, v in held.items()),
        )
    return frame


def _merged(frame: pl.DataFrame, spec: Spec, stratum: str) -> pl.DataFrame:
    """The answers with strata put into others; units in the population are added up."""
    known = {str(v) for v in frame[stratum].unique().to_list()}
    for name in (*spec.merge, *spec.merge.values()):
        if str(name) not in known:
            raise UsageError(
                "merge names a stratum that is not in the file.",
                found=str(name),
                mend=did_you_mean(str(name), sorted(known)),
            )
    old = pl.col(stratum).cast(pl.String)
    new = old.replace({k: str(v) for k, v in spec.merge.items()})
    # The same number in two strata names two units.
    unit = [pl.concat_str(old, pl.lit("|"), spec.psu).alias(spec.psu)] if spec.psu else []
    if spec.fpc is None:
        return frame.with_columns(new.alias(stratum), *unit)
    # A share drawn is turned into units first: shares of two strata cannot be added.
    drawn = (pl.col(spec.psu) if spec.psu else pl.int_range(pl.len())).n_unique().over(old)
    units = pl.when(pl.col(spec.fpc) <= 1).then(drawn / pl.col(spec.fpc)).otherwise(spec.fpc)
    held = frame.with_columns(_old=old, _new=new, _units=units.cast(pl.Float64))
    sizes = held.group_by("_new", "_old").agg(pl.col("_units").max())
    whole = sizes.group_by("_new").agg(pl.col("_units").sum().alias("_whole"))
    joined = held.join(whole, on="_new", how="left", maintain_order="left")
    columns = [pl.col("_new").alias(stratum), pl.col("_whole").alias(spec.fpc), *unit]
    return joined.with_columns(columns).drop("_old", "_new", "_units", "_whole")


def refuse_unknown(frame: pl.DataFrame, names: list[str]) -> None:
    """Raise UsageError when a name is not a column of the file."""
    for name in names:
        if name and name not in frame.columns:
            raise UsageError(
                "The specification names a column that is not in the file.",
                found=name,
                mend=did_you_mean(name, frame.columns),
            )


def _codes(missing: list[Scalar]) -> list[str]:
    """Codes as text in every form a number may have taken."""
    told = [str(m) for m in missing]
    numbers = [float(m) for m in missing if isinstance(m, int | float)]
    return [*told, *(str(n) for n in numbers), *(str(int(n)) for n in numbers if n.is_integer())]


def _one_by_one(spec: Spec) -> list[Wanted]:
    """Estimates with one variable each, medians as quantiles."""
    found = []
    for wanted in spec.estimates:
        kind: Any = "quantile" if wanted.statistic == "median" else wanted.statistic
        names = wanted.variables or [wanted.variable]
        if kind == "ratio" and not (wanted.numerator or wanted.variable):
            raise UsageError("A ratio needs a numerator and a denominator.", found="neither")
        for name in names:
            if kind != "ratio" and not name:
                raise UsageError(
                    f"A {kind} needs a variable.", mend="Write variable: and a column's name."
                )
            top = wanted.numerator or (name if kind == "ratio" else "")
            made = {f: getattr(wanted, f) for f in wanted.__dataclass_fields__}
            found.append(
                Wanted(
                    **made
                    | {"statistic": kind, "variable": name, "numerator": top, "variables": ()}
                )
            )
    return found


def _estimates(frame: pl.DataFrame, spec: Spec, wanted: Wanted) -> list[dict[str, Any]]:
    by = wanted.domains or spec.shared_by
    refuse_unknown(frame, [wanted.variable, wanted.numerator, wanted.denominator, *by])
    _refuse_words(frame, wanted)
    # Rows outside `where` stay in the design as units without a member.
    keys = [*by, "_inside"]
    told: list[dict[str, Any]] = []
    if wanted.statistic == "quantile":
        for q in wanted.points:
            if not 0 < q < 1:
                raise UsageError("A quantile lies between 0 and 1.", found=f"{q:g}")
            table = quantiles(frame, spec.design, wanted.variable, q, tuple(keys), spec.level)
            told += [
                _row(r, wanted, by, spec.level, {}) | {"q": q} for r in table.to_dicts() if r["_inside"]
            ]  # fmt: skip
        return [_with_missing(frame, wanted, by, r) for r in told]
    for statistic, answer in _statistics(frame, wanted):
        if spec.rake or spec.replicates:
            method = wanted.interval or spec.interval
            rows = estimate_by_rows(frame, spec, statistic, tuple(keys), method)
            told += [
                _row(r, wanted, by, spec.level, {}, answer) for r in rows if r["_inside"]
            ]  # fmt: skip
            continue
        sums = psu_sums(frame, spec.design, [statistic], keys)
        kinds = {statistic.label: statistic.kind}
        methods: list[Method] = [wanted.interval or spec.interval]
        if statistic.kind == "proportion":
            methods += ["logit", "t", "korn_graubard"]
        tables = [from_sums(sums, spec.design, kinds, keys, spec.level, m) for m in methods]
        for i, row in enumerate(tables[0].to_dicts()):
            if not row["_inside"]:
                continue
            others = {
                m: [t["low"][i], t["high"][i]] for m, t in zip(methods[1:], tables[1:], strict=True)
            }
            told.append(_row(row, wanted, by, spec.level, others, answer))
    return [_with_missing(frame, wanted, by, r) for r in told]


def _row(
    row: dict[str, Any],
    wanted: Wanted,
    by: tuple[str, ...],
    level: float,
    intervals: Mapping[Any, list[float]],
    answer: Any = None,
) -> dict[str, Any]:
    head: dict[str, Any] = {
        "statistic": wanted.statistic,
        "label": wanted.label or row["statistic"],
    }
    if wanted.statistic == "ratio":
        head |= {"variable": f"{wanted.numerator}/{wanted.denominator}"}
        head |= {"numerator": wanted.numerator, "denominator": wanted.denominator}
    else:
        head |= {"variable": wanted.variable}
    if wanted.statistic == "proportion":
        head["answer"] = answer
    group = {c: _plain(row[c]) for c in by}
    told = head | {"group": group, "level": level} | {f: _plain(row[f]) for f in FIGURES}
    ends = {m: [_plain(x) for x in pair] for m, pair in intervals.items()}
    return told | ({"intervals": ends} if ends else {})


def _with_missing(
    frame: pl.DataFrame, wanted: Wanted, by: tuple[str, ...], row: dict[str, Any]
) -> dict[str, Any]:
    """The row with n_missing: members of the domain without an answer."""
    member = pl.col("_inside")
    for column in by:
        same = pl.col(column).eq_missing(pl.lit(row["group"][column], dtype=frame[column].dtype))
        member = member & (same if not frame[column].dtype.is_temporal() else pl.lit(True))
    return row | {"n_missing": int(frame.select(member.sum()).item()) - row["n"]}


def _plain(x: Any) -> Any:
    """A value as JSON holds it: no not-a-number, no infinity; dates as text."""
    if isinstance(x, float) and not isfinite(x):
        return None
    return x if isinstance(x, str | int | float | bool | None) else str(x)


def _statistics(frame: pl.DataFrame, wanted: Wanted) -> list[tuple[Statistic, Any]]:
    label = wanted.label or wanted.variable
    if wanted.statistic == "ratio":
        named = wanted.label or f"{wanted.numerator}/{wanted.denominator}"
        y, x = nw.col(wanted.numerator), nw.col(wanted.denominator)
        return [(Statistic(label=named, kind="ratio", y=y, x=x), None)]
    column = nw.col(wanted.variable)
    if wanted.statistic != "proportion":
        kind: Any = wanted.statistic
        return [(Statistic(label=label, kind=kind, y=column), None)]
    series = frame[wanted.variable]
    answers = (
        series.drop_nulls().unique().sort().to_list()
        if wanted.value is None
        else [_like(series, wanted.value)]
    )
    if not answers:
        raise UsageError("Nobody answered this question.", where=f"column {wanted.variable}")
    return [
        (
            Statistic(
                label=f"{label}={a}", kind="proportion", y=(column == nw.lit(a)).cast(nw.Float64)
            ),
            _plain(a),
        )
        for a in answers
    ]


def _refuse_words(frame: pl.DataFrame, wanted: Wanted) -> None:
    """Means, totals, ratios and quantiles need numbers; shares take any answer."""
    if wanted.statistic == "proportion":
        return
    names = [wanted.variable] if wanted.statistic != "ratio" else []
    for name in (*names, wanted.numerator, wanted.denominator):
        if name and not (frame[name].dtype.is_numeric() or frame[name].dtype == pl.Boolean):
            raise UsageError(
                f"A {wanted.statistic} needs numbers.",
                where=f"column {name}",
                found=_no_number(frame[name]),
                mend="Ask for proportions, list codes that are no answer under missing, or give the answers numbers.",
            )


def _no_number(series: pl.Series) -> str:
    """The first value that keeps a column from being numbers."""
    told = series.drop_nulls().cast(pl.String)
    odd = told.filter(told.str.strip_chars().cast(pl.Float64, strict=False).is_null())
    return f"for example {(odd if len(odd) else told).first()!r}"


def _like(series: pl.Series, value: Any) -> Any:
    """The answer in the column's own type, so that 1 finds "1" and 1.0."""
    try:
        if series.dtype == pl.String:
            return str(value)
        if series.dtype == pl.Boolean:
            return str(value).lower() in ("1", "true", "yes")
        if series.dtype.is_float():
            return float(value)
        return int(value) if series.dtype.is_integer() else value
    except (TypeError, ValueError):
        raise UsageError(
            "The answer asked for is not of the column's kind.",
            where=f"column {series.name}",
            found=str(value),
            allowed=", ".join(str(v) for v in series.drop_nulls().unique().sort().head(8)),
        ) from None
