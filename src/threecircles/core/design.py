"""Design-based estimates: without them every interval would pretend that pupils answer independently.

Means, proportions, totals and ratios by domain, by Taylor linearisation over strata and primary sampling
units, in one pass over the data: sums by domain, stratum and unit are made by the engine, the rest is
small. Source: Woodruff, J. Am. Stat. Assoc. 66 (1971) 411-414; Lumley, Complex Surveys (2010), ch. 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
import polars as pl

from threecircles.core.design_intervals import Method, interval
from threecircles.core.design_variance import Structure
from threecircles.core.engines import collect
from threecircles.core.errors import UsageError

Kind = Literal["mean", "proportion", "total", "ratio"]
Frame = pl.DataFrame | pl.LazyFrame | nw.LazyFrame | nw.DataFrame
RESULT = (
    "statistic", "kind", "value", "se", "low", "high", "df", "deff", "deff_replace", "n", "n_weighted", "interval",
)  # fmt: skip
_PARTS = ("n", "w", "wy", "wx", "wyy", "wyx", "wxx", "vyy", "vyx", "vxx")
_SAME_AS = {"wx": "w", "wyx": "wy", "wxx": "w"}
"""Sums that are another one where no denominator is named; `_sum` finds them there."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """How the sample was drawn: columns of the frame.

    weight: None = all 1. stratum: None = one stratum. psu: None = each row is its own unit; numbers may
    repeat across strata. fpc: units in the stratum's population, or the fraction drawn (at most 1);
    None = the school as it might have been (superpopulation).
    lonely: what to do with a stratum of one unit: "fail", or "centre" on the mean of all units (R's "adjust").
    """

    weight: str | None = None
    stratum: str | None = None
    psu: str | None = None
    fpc: str | None = None
    fpc_within: str | None = None
    lonely: Literal["fail", "centre"] = "fail"


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """One figure to estimate. y, x: numeric columns as expressions; a null is "not answered"."""

    label: str
    kind: Kind
    y: nw.Expr
    x: nw.Expr | None = None


def mean(column: str, label: str = "") -> Statistic:
    """The weighted mean of a numeric column."""
    return Statistic(label=label or column, kind="mean", y=nw.col(column))


def total(column: str, label: str = "") -> Statistic:
    """The weighted total of a numeric column."""
    return Statistic(label=label or column, kind="total", y=nw.col(column))


def proportion(column: str, value: Any = 1, label: str = "") -> Statistic:
    """The weighted share of the answered whose column equals value."""
    y = (nw.col(column) == nw.lit(value)).cast(nw.Float64)
    return Statistic(label=label or f"{column}={value}", kind="proportion", y=y)


def ratio(numerator: str, denominator: str, label: str = "") -> Statistic:
    """The ratio of two weighted totals."""
    named = label or f"{numerator}/{denominator}"
    return Statistic(label=named, kind="ratio", y=nw.col(numerator), x=nw.col(denominator))


def estimate(
    frame: Frame,
    design: Design,
    statistics: Sequence[Statistic],
    by: Sequence[str] = (),
    level: float = 0.95,
    method: Method = "auto",
) -> pl.DataFrame:
    """Estimates by domain.

    frame: one row a respondent. by: columns whose combinations are the domains; a null is a domain of
    its own. method: interval of proportions (auto, logit, t, korn_graubard); all others take t.
    Returns the `by` columns, then statistic, kind, value, se, low, high, df, deff (against simple random
    sampling without replacement; null where weights sum to less than the answers), deff_replace (with
    replacement), n (answered rows), n_weighted, interval; sorted by statistic and domain.
    df = units - strata that hold a member of the domain; the logit interval of a share takes those that
    hold an answer, as R's survey package does. Units without a member count in the variance as nought.
    Raises UsageError for bad weights, a lonely unit or an fpc below the units drawn.
    """
    sums = psu_sums(frame, design, statistics, by)
    kinds = {s.label: s.kind for s in statistics}
    return _from_joined(sums, design, kinds, by, level, method)


def from_sums(
    sums: pl.DataFrame,
    design: Design,
    kinds: Mapping[str, Kind],
    by: Sequence[str] = (),
    level: float = 0.95,
    method: Method = "auto",
) -> pl.DataFrame:
    """Estimates from sums as psu_sums makes them; kinds: label -> kind, in the order of the sums.

    `by` may name fewer columns than the sums were made by. Returns as `estimate`.
    """
    return _from_joined(_joined(sums, by), design, kinds, by, level, method)


def _from_joined(
    sums: pl.DataFrame,
    design: Design,
    kinds: Mapping[str, Kind],
    by: Sequence[str],
    level: float,
    method: Method,
) -> pl.DataFrame:
    structure = Structure.of(sums, lonely=design.lonely, stratified=design.stratum is not None)
    tables = [
        _estimate_one(sums, structure, design, (label, kind), j, tuple(by), level, method)
        for j, (label, kind) in enumerate(kinds.items())
    ]
    return pl.concat(tables)


def psu_sums(
    frame: Frame, design: Design, statistics: Sequence[Statistic], by: Sequence[str] = ()
) -> pl.DataFrame:
    """Sums by domain, stratum and unit: everything that linearisation needs, in one pass.

    Columns: by, _stratum, _psu, _fpc_low, _fpc_high, _within, _bad (rows with no usable weight), _members, and for the
    j-th statistic n{j} and the sums w{j}, wy{j}, wyy{j} of weights and products; for a ratio also wx{j}, wyx{j},
    wxx{j}; in a two-stage design vyy{j}, vyx{j}, vxx{j}, the same with squared weights.
    """
    lazy = prepared(frame, design, as_text=False)
    weight = nw.col("_weight")
    parts: list[nw.Expr] = [
        (weight.is_null() | (weight < 0)).cast(nw.Int64).sum().alias("_bad"),
        (weight > 0).cast(nw.Int64).sum().alias("_members"),
    ]
    ends = {"_fpc_low": design.fpc, "_fpc_high": design.fpc, "_within": design.fpc_within}
    for name, column in ends.items():
        given = nw.col("_within" if name == "_within" else "_fpc")
        if column is not None:
            parts.append((given.min() if name == "_fpc_low" else given.max()).alias(name))
    two_stage = design.fpc_within is not None
    columns: list[nw.Expr] = []
    for j, s in enumerate(statistics):
        for part, expression in _products(s, weight, two_stage).items():
            columns.append(expression.alias(f"{part}{j}"))
            parts.append(nw.col(f"{part}{j}").sum())
    keys = [*by, "_stratum", "_psu"]
    table = collect(lazy.with_columns(*columns).group_by(keys).agg(*parts))
    table = table.with_columns(
        pl.col("_stratum", "_psu").cast(pl.String),
        *(pl.lit(None, pl.Float64).alias(name) for name, column in ends.items() if column is None),
    ).sort(keys, nulls_last=True, maintain_order=True)
    refuse_bad_weights(int(table["_bad"].sum()), design)
    return table


def _products(s: Statistic, weight: nw.Expr, two_stage: bool) -> dict[str, nw.Expr]:
    """What is summed for one statistic, by the name of the sum."""
    y = s.y.cast(nw.Float64)
    known = ~y.is_null() & (weight > 0) & ~weight.is_null()
    if s.x is not None:
        x = s.x.cast(nw.Float64)
        known = known & ~x.is_null()
    w = nw.when(known).then(weight).otherwise(nw.lit(0.0))
    y0 = nw.when(known).then(y).otherwise(nw.lit(0.0))
    made = {"n": known.cast(nw.Int64), "w": w, "wy": w * y0, "wyy": w * y0 * y0}
    if s.x is not None:
        x0 = nw.when(known).then(x).otherwise(nw.lit(0.0))
        made |= {"wx": w * x0, "wyx": w * y0 * x0, "wxx": w * x0 * x0}
    if two_stage:
        squares = {
            "vyy": made["wyy"],
            "vyx": made.get("wyx", made["wy"]),
            "vxx": made.get("wxx", w),
        }
        made |= {part: w * product for part, product in squares.items()}
    return made


def _sum(sums: pl.DataFrame, part: str, j: int) -> np.ndarray:
    """One of the sums of the j-th statistic, by row; nought where the design has no use for it."""
    for name in (part, _SAME_AS.get(part, part)):
        if f"{name}{j}" in sums.columns:
            return sums[f"{name}{j}"].to_numpy().astype(float)
    return np.zeros(sums.height)


def refuse_bad_weights(bad: int, design: Design) -> None:
    """Raise UsageError when rows have a weight that is missing or below nought."""
    if bad:
        raise UsageError(
            f"{bad} rows have a weight that is missing or below nought.",
            where=f"column {design.weight}",
            mend="Give every respondent a weight, or leave those rows out and say so.",
        )


def _joined(sums: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """One row a domain and unit: a unit split over rows would add its parts' squares, not square their sum."""
    keys = [*by, "_stratum", "_psu"]
    ends = {"_fpc_low": pl.col("_fpc_low").min(), "_fpc_high": pl.col("_fpc_high").max()}
    ends["_within"] = pl.col("_within").max()
    split = {
        c for c in sums.columns if sums[c].dtype.is_numeric() and c not in ends and c not in keys
    }
    added = [pl.col(c).sum() for c in sums.columns if c in split]
    return sums.group_by(keys).agg(*ends.values(), *added).sort(keys, nulls_last=True)


def unit_rows(frame: Frame, design: Design) -> Structure:
    """The structure of the design with one row for each row of the frame, in its order."""
    keys = [nw.col(c) for c in ("_stratum", "_psu")]
    fpc = [nw.col("_fpc").alias("_fpc_low"), nw.col("_fpc").alias("_fpc_high")]
    rows = collect(prepared(frame, design).select(*keys, *fpc))
    return Structure.of(rows, lonely=design.lonely, stratified=design.stratum is not None)


def prepared(frame: Frame, design: Design, as_text: bool = True) -> nw.LazyFrame:
    """The frame with _weight, _stratum, _psu and _fpc; stratum and unit as text so that keys compare.

    as_text: False leaves both as the file has them, for sums that are made text when they are few.
    """
    native: Any = (
        nw.from_native(frame) if not isinstance(frame, nw.LazyFrame | nw.DataFrame) else frame
    )
    if design.psu is None:
        # A row can only be its own unit when it has a number, and lazy engines keep no order.
        native = nw.from_native(collect(native)).with_row_index("_row")
    lazy: nw.LazyFrame = native.lazy()
    named = lazy.collect_schema().names()
    for column in (design.weight, design.stratum, design.psu, design.fpc, design.fpc_within):
        if column is not None and column not in named:
            from threecircles.core.errors import did_you_mean

            raise UsageError(
                "The design names a column that is not there.",
                found=column,
                mend=did_you_mean(column, named),
            )
    unit = nw.col(design.psu) if design.psu else nw.col("_row")
    stratum = nw.col(design.stratum) if design.stratum else nw.lit("")
    return lazy.with_columns(
        _or_constant(design.weight, nw.lit(1.0), nw.Float64).alias("_weight"),
        (stratum.cast(nw.String) if as_text else stratum).alias("_stratum"),
        (unit.cast(nw.String) if as_text else unit).alias("_psu"),
        _or_constant(design.fpc, nw.lit(None, dtype=nw.Float64), nw.Float64).alias("_fpc"),
        _or_constant(design.fpc_within, nw.lit(None, dtype=nw.Float64), nw.Float64).alias(
            "_within"
        ),
    )


def _or_constant(column: str | None, constant: nw.Expr, kind: Any) -> nw.Expr:
    return nw.col(column).cast(kind) if column else constant


def _estimate_one(
    sums: pl.DataFrame,
    structure: Structure,
    design: Design,
    named: tuple[str, Kind],
    j: int,
    by: tuple[str, ...],
    level: float,
    method: Method,
) -> pl.DataFrame:
    label, kind = named
    domains, domain = _domains(sums, by)
    size = len(domains)
    part = {p: _sum(sums, p, j) for p in _PARTS}
    value: np.ndarray
    score: np.ndarray
    squares: np.ndarray
    whole: dict[str, np.ndarray] = {p: np.bincount(domain, part[p], minlength=size) for p in _PARTS}
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "total":
            value, score, squares = whole["wy"], part["wy"], part["vyy"]
        else:
            value = whole["wy"] / whole["wx"]
            r, base = value[domain], whole["wx"][domain]
            score = np.nan_to_num((part["wy"] - r * part["wx"]) / base)
            squares = np.nan_to_num(
                (part["vyy"] - 2 * r * part["vyx"] + r**2 * part["vxx"]) / base**2
            )
        variance = structure.variance(score, domain, size)
        if design.fpc is not None and design.fpc_within is not None:
            variance = variance + structure.variance_within(score, squares, sums, domain, size)
        simple = _simple_random(kind, whole, value)
        left = np.where(whole["w"] >= whole["n"], 1 - whole["n"] / whole["w"], np.nan)
        deff_replace = np.where(simple > 0, variance / simple, np.nan)
    member, answered = sums["_members"].to_numpy() > 0, part["n"] > 0
    df = structure.degrees(domain[member], member, size)
    df_answered = structure.degrees(domain[answered], answered, size)
    frame = domains.with_columns(
        statistic=pl.lit(label),
        kind=pl.lit(kind),
        value=value,
        se=np.sqrt(variance),
        df=df,
        deff=np.divide(deff_replace, left, out=np.full(size, np.nan), where=left > 0),
        deff_replace=deff_replace,
        n=whole["n"].astype(np.int64),
        n_weighted=whole["w"],
    )
    share = kind == "proportion"
    ends = interval(value, np.sqrt(variance), df, df_answered, whole["n"], share, method, level)
    frame = frame.with_columns(
        low=ends.low, high=ends.high, interval=pl.Series(ends.method, dtype=pl.String)
    )
    floats = ("value", "se", "low", "high", "deff", "deff_replace")
    return frame.with_columns(
        pl.when(pl.col("n") > 0).then(pl.col(c).fill_nan(None)).alias(c) for c in floats
    ).select(*by, *RESULT)


def _domains(sums: pl.DataFrame, by: tuple[str, ...]) -> tuple[pl.DataFrame, np.ndarray]:
    """The domains in order, and for each row of sums the number of its domain."""
    if not by:
        return pl.DataFrame({"_": [0]}).select(pl.col("_").alias("_one")), np.zeros(
            len(sums), dtype=int
        )
    domains = sums.select(by).unique().sort(by, nulls_last=True).with_row_index("_domain")
    joined = sums.select(by).join(
        domains, on=list(by), how="left", nulls_equal=True, maintain_order="left"
    )
    return domains.drop("_domain"), joined["_domain"].to_numpy().astype(int)


def _simple_random(kind: str, whole: dict[str, np.ndarray], value: np.ndarray) -> np.ndarray:
    """Variance of the same estimate under simple random sampling with replacement."""
    n, w = whole["n"], whole["w"]
    if kind == "total":
        centre = whole["wy"] / w
        spread = whole["wyy"] / w - centre**2
        factor = w**2
    else:
        # Residuals y - R x; their weighted mean is nought.
        spread = (whole["wyy"] - 2 * value * whole["wyx"] + value**2 * whole["wxx"]) / w
        factor = (w / whole["wx"]) ** 2
    return factor * spread / (n - 1)
