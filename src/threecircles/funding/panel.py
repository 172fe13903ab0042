"""Spend beside outcomes over years, within authorities: without it two levels would be taken for a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy.special import stdtrit

from threecircles.core.errors import UsageError
from threecircles.funding.deflate import Deflator
from threecircles.funding.shares import Floats

LAGS = (-2, -1, 0, 1, 2, 3, 4, 5)
"""Years from spend to outcome; below nought the outcome comes first (a lead)."""
FIXED = (
    "This shows what moved together within authorities. It cannot show that spending caused it: need, policy "
    "and recording move both."
)
SAME = 1e-10
"""A control that keeps less than this of its size beside the others moves with them alone."""
FOLLOWS = "spending follows need here"
NO_LINK = "no clear link"


@dataclass(frozen=True)
class Estimate:
    """b at one lag: what one unit more of log spend goes with. low, high: 95% ends, errors by authority.

    without_one: least and largest b with one authority left out; without_region: b by region left out.
    """

    lag: int
    b: float
    error: float
    low: float
    high: float
    authorities: int
    years: int
    rows: int
    without_one: tuple[float, float]
    without_region: dict[str, float]

    @property
    def clear(self) -> bool:
        """Whether the interval leaves nought out."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Panel:
    """estimates: by lag. within_sd: how far log spend moves within authorities. left_out: area -> why.

    kind: rate (outcome in logs) or share (outcome in logits). prices: how spend is priced, in words. controls:
    what else was held level.
    """

    estimates: tuple[Estimate, ...]
    within_sd: float
    left_out: dict[str, str]
    kind: Literal["rate", "share"]
    prices: str
    controls: tuple[str, ...] = ()

    @property
    def spending_follows(self) -> bool:
        """Whether an outcome that came before the spend goes with it: then no lag can be read."""
        return any(e.lag < 0 and e.clear for e in self.estimates)


def panel(
    table: pl.DataFrame,
    *,
    kind: Literal["rate", "share"] = "rate",
    lags: Sequence[int] = LAGS,
    controls: Sequence[str] = (),
    series: Deflator | None = None,
    base_year: int | None = None,
    every_row: bool = False,
    left_out: Mapping[str, str] | None = None,
) -> Panel:
    """Least squares of the outcome `lag` years after on log spend a child, areas and years taken out.

    table: area, region, year, spend (pounds a child, cash), outcome, and the controls; missing = null, never
    nought. Each lag uses the same authority-years unless `every_row`. Areas with fewer than two usable
    years are left out and named, beside those in `left_out`. Errors are clustered by area (CR1, t with J-1).
    Raises UsageError for figures below nought and where too little is left.
    Source: Cameron and Miller, J. Human Resources 50 (2015) 317-372.
    """
    frame, unusable = _prepared(table, kind, lags, controls, series, base_year, every_row)
    estimates = []
    for lag in lags:
        needed = ["_s", f"_y{lag}", *controls]
        rows = frame.drop_nulls(needed)
        rows = rows.filter(pl.len().over("area") > 1)
        if rows["area"].n_unique() < 3 or rows["year"].n_unique() < 2:
            raise UsageError(
                f"Too little is left at {lag_words(lag)}: {rows['area'].n_unique()} authorities, "
                f"{rows['year'].n_unique()} years.",
                mend="Ask for fewer lags, or take every authority-year each lag has.",
            )
        estimates.append(_estimate(rows, lag, controls))
    used = frame.drop_nulls(["_s"])
    within = used.select(pl.col("_s") - pl.col("_s").mean().over("area")).to_series()
    prices = series.said(base_year or series.base_year) if series is not None else "cash"
    named = {**(left_out or {}), **unusable}
    return Panel(tuple(estimates), float(within.std() or 0.0), named, kind, prices, tuple(controls))  # type: ignore[arg-type]


def _prepared(
    table: pl.DataFrame,
    kind: str,
    lags: Sequence[int],
    controls: Sequence[str],
    series: Deflator | None,
    base_year: int | None,
    every_row: bool,
) -> tuple[pl.DataFrame, dict[str, str]]:
    for column in ("spend", "outcome"):
        if table.filter(pl.col(column) < 0).height:
            raise UsageError(f"{column} is below nought in some rows, so it has no logarithm.")
    spend = pl.col("spend")
    if series is not None:
        base = series.index(base_year or series.base_year)
        factor = {y: base / series.index(y) for y in table["year"].unique().to_list()}
        spend = spend * pl.col("year").replace_strict(factor, return_dtype=pl.Float64)
    y = pl.col("outcome")
    y = y.log() if kind == "rate" else (y / (1 - y)).log()
    frame = table.with_columns(_s=spend.log(), _y=y).with_columns(
        pl.when(pl.col(c).is_finite()).then(pl.col(c)) for c in ("_s", "_y")
    )
    for lag in lags:
        later = frame.select(
            "area", (pl.col("year") - lag).alias("year"), pl.col("_y").alias(f"_y{lag}")
        )
        frame = frame.join(later, on=["area", "year"], how="left")
    needed = ["_s", *controls, *([] if every_row else [f"_y{lag}" for lag in lags])]
    whole = frame.drop_nulls(needed)
    counts = dict(whole.group_by("area").len().iter_rows())
    names = frame["area"].unique().to_list()
    left_out = {
        str(a): f"{counts.get(a, 0)} usable years" for a in sorted(names) if counts.get(a, 0) < 2
    }
    return whole.filter(pl.col("area").cast(pl.Utf8).is_in(list(left_out)).not_()), left_out


def _estimate(rows: pl.DataFrame, lag: int, controls: Sequence[str]) -> Estimate:
    area, year = _codes(rows["area"]), _codes(rows["year"])
    x = rows.select("_s", *controls).to_numpy().astype(np.float64)
    _check_apart(x, area, year, controls)
    y = rows[f"_y{lag}"].to_numpy().astype(np.float64)
    b, error = within(y, x, area, year)
    reach = float(stdtrit(area.max(), 0.975) * error)
    products = _products(y, x, area, year)
    whole = products.sum(axis=0)
    alone = [_slope(whole - one) for one in products]
    # An area lies in one region, so a region's part is the sum of its areas'.
    region = np.empty(area.max() + 1, dtype=object)
    region[area] = rows["region"].to_list()
    by_region = {
        str(r): _slope(whole - products[region == r].sum(axis=0))
        for r in sorted(set(region.tolist()))
        if (region != r).sum() > 2
    }
    return Estimate(
        lag, b, error, b - reach, b + reach, int(area.max()) + 1, int(year.max()) + 1, len(y),
        (min(alone), max(alone)), by_region,
    )  # fmt: skip


def _check_apart(x: Floats, area: np.ndarray, year: np.ndarray, controls: Sequence[str]) -> None:
    """Raise UsageError for a control that says the same as spend and the controls before it, or does not move."""
    dummies = np.eye(year.max() + 1)[year][:, 1:]
    base = _demeaned(np.column_stack([dummies, x[:, 0]]), area)
    for name, as_is in zip(controls, x[:, 1:].T, strict=True):
        column = _demeaned(as_is[:, None], area)[:, 0]
        left = column - base @ np.linalg.lstsq(base, column, rcond=None)[0]
        if np.linalg.norm(left) <= SAME * np.linalg.norm(as_is):
            raise UsageError(
                f"{name} cannot be held level: within authorities it does not move by itself.",
                mend="Leave it out; what stays the same over the years is held level already.",
            )
        base = np.column_stack([base, column])


def _products(y: Floats, x: Floats, area: np.ndarray, year: np.ndarray) -> Floats:
    """Cross products of slopes, years and outcome by area, areas taken out: dropping one is a subtraction."""
    dummies = (year[:, None] == np.arange(1, year.max() + 1)).astype(np.float64)
    made = _demeaned(np.column_stack([x, dummies, y]), area)
    products = np.zeros((area.max() + 1, made.shape[1], made.shape[1]))
    np.add.at(products, area, made[:, :, None] * made[:, None, :])
    return products


def _slope(products: Floats) -> float:
    return float(np.linalg.lstsq(products[:-1, :-1], products[:-1, -1], rcond=None)[0][0])


def within(y: Floats, x: Floats, area: np.ndarray, year: np.ndarray) -> tuple[float, float]:
    """The first slope with areas and years taken out, and its error clustered by area.

    Exact on unbalanced panels: areas are demeaned, years demeaned of areas are projected out.
    """
    dummies = (year[:, None] == np.arange(1, year.max() + 1)).astype(np.float64)
    made = _demeaned(np.column_stack([y, x, dummies]), area)
    k = x.shape[1]
    target, years = made[:, : k + 1], made[:, k + 1 :]
    if years.shape[1]:
        target = target - years @ np.linalg.lstsq(years, target, rcond=None)[0]
    y_, x_ = target[:, 0], target[:, 1:]
    gram = x_.T @ x_
    b = np.linalg.lstsq(x_, y_, rcond=None)[0]
    scores = np.zeros((area.max() + 1, k))
    np.add.at(scores, area, x_ * (y_ - x_ @ b)[:, None])
    j, n = area.max() + 1, len(y)
    # Areas are nested in their clusters, so only slopes and years cost degrees of freedom (CR1).
    factor = j / (j - 1) * (n - 1) / (n - k - years.shape[1])
    inverse = np.linalg.pinv(gram)
    return float(b[0]), float(np.sqrt(factor * (inverse @ scores.T @ scores @ inverse)[0, 0]))


def _demeaned(columns: Floats, area: np.ndarray) -> Floats:
    counts = np.bincount(area).astype(np.float64)
    means = np.stack([np.bincount(area, c) / counts for c in columns.T], axis=1)
    return np.asarray(columns - means[area], dtype=np.float64)


def _codes(values: pl.Series) -> np.ndarray:
    return np.unique(values.to_numpy(), return_inverse=True)[1].reshape(-1)


def lag_words(lag: int) -> str:
    """How long before the outcome the money was spent, in words."""
    years = "one year" if abs(lag) == 1 else f"{abs(lag)} years"
    return "the same year" if lag == 0 else f"{years} {'earlier' if lag > 0 else 'later'}"


def said(found: Panel, estimate: Estimate) -> str:
    """One estimate in words: what 10% more spend, so many years earlier, goes with."""
    if estimate.lag >= 0 and found.spending_follows:
        return f"10% more, {lag_words(estimate.lag)}: not to be read, because {FOLLOWS}"
    if not estimate.clear:
        return f"10% more, {lag_words(estimate.lag)}: {NO_LINK}"
    change = np.expm1(estimate.b * np.log(1.1))
    word = "outcome" if found.kind == "rate" else "odds of the outcome"
    return f"10% more, {lag_words(estimate.lag)}, goes with {change:+.1%} of the {word}"


def panel_text(found: Panel) -> str:
    """The page of a panel in plain text: the path over leads and lags, ranges, who was left out, the caveat."""
    lines = [f"Spend a child in {found.prices}. Log spend moves by {found.within_sd:.3f} (sd) within authorities."]  # fmt: skip
    if found.controls:
        lines.append(f"Held level: {', '.join(found.controls)}.")
    if found.spending_follows:
        lines.append(
            f"Warning: {FOLLOWS}: outcomes of earlier years go with spend, so the lags cannot be read."
        )
    for e in found.estimates:
        lines.append(
            f"  {e.lag:+d}  {e.b:+.4f}  ({e.low:+.4f} to {e.high:+.4f}; one authority out {e.without_one[0]:+.4f} to "
            f"{e.without_one[1]:+.4f}); {e.authorities} authorities, {e.years} years. {said(found, e)}."
        )
    if found.left_out:
        lines.append(
            "Left out: " + "; ".join(f"{a} ({why})" for a, why in found.left_out.items()) + "."
        )
    return "\n".join([*lines, FIXED])


def as_dict(found: Panel) -> dict[str, Any]:
    """What `spend panel --json` writes; the fixed sentence goes with the figures."""
    return {**asdict(found), "spending_follows": found.spending_follows, "note": FIXED}


def lag_range(text: str) -> tuple[int, ...]:
    """Lags written as from:to, for example -2:5. Raises UsageError for another form."""
    first, sign, last = text.partition(":")
    try:
        made = tuple(range(int(first), int(last) + 1)) if sign else (int(first),)
    except ValueError:
        made = ()
    if not made or min(made) < -5 or max(made) > 10:
        raise UsageError(
            "The lags cannot be read.", found=text, allowed="from:to, for example -2:5"
        )
    return made
