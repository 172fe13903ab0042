"""A formula judged by children and places it has not seen: without it a close fit would pass for a true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.intervals import byar
from threecircles.core.multilevel import fit
from threecircles.core.multilevel.checks import as_number, as_text
from threecircles.core.seeds import rng
from threecircles.funding.fit_file import FitSpec
from threecircles.funding.shares import Floats, from_fit, predictor, probability

PART = 0.2
BENCHMARK = "Published person-based formula for hospital spend, out of sample: R2 of persons .123, of practices .774; by age and sex alone .037 and .344 (Dixon et al., BMJ 2011; 343: d6608)."


@dataclass(frozen=True)
class Seen:
    """How well events were foretold. person_r2, auc, brier: of children; area_r2, authority_r2: of rates of
    places, weighted by children. children, events: judged.
    """

    person_r2: float
    auc: float
    brier: float
    area_r2: float
    authority_r2: float
    children: float
    events: float


@dataclass(frozen=True)
class HeldOut:
    """children: a fifth of children were held out; places: a fifth of authorities. calibration: group, value,
    children, observed, expected, ratio, low, high (95%). dropped: term -> log-likelihood lost.
    """

    children: Seen
    places: Seen
    calibration: pl.DataFrame
    dropped: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """What `formula test --json` writes of it."""
        return {
            "held_out_children": self.children.__dict__,
            "held_out_authorities": self.places.__dict__,
            "calibration": self.calibration.to_dicts(),
            "log_likelihood_lost_without": self.dropped,
            "benchmark": BENCHMARK,
        }


def held_out(table: pl.DataFrame, spec: FitSpec, by: Sequence[str] = (), seed: int = 1) -> HeldOut:
    """Fit to four fifths and judge the last fifth, once by children and once by whole authorities.

    table: children or cells of a binomial fit with two groups. by: columns (predictors or not, ethnicity
    for example) for observed / expected. Expected events hold local practice at the average (marginal).
    Raises UsageError for a Poisson, for one group and for fewer than five authorities.
    """
    if spec.family != "binomial" or len(spec.groups) != 2:
        raise UsageError("Held-out children need a binomial fit with areas and authorities.")
    y = as_number(table, spec.outcome).to_numpy()
    n = as_number(table, spec.trials).to_numpy() if spec.trials else np.ones(len(y))
    cells = table.with_columns(_y=pl.Series(y), _n=pl.Series(n), _la=as_text(table, spec.groups[1]))
    names = cells["_la"].unique().sort().to_list()
    if len(names) < 5:
        raise UsageError("A fifth of authorities cannot be held out.", found=f"{len(names)} of them")  # fmt: skip
    draw = rng(seed, "held out")
    n_test = draw.binomial(n.astype(int), PART)
    y_test = draw.hypergeometric(y.astype(int), (n - y).astype(int), n_test)
    train = cells.with_columns(_y=pl.Series(y - y_test), _n=pl.Series(n - n_test).cast(pl.Float64)).filter(pl.col("_n") > 0)  # fmt: skip
    test = cells.with_columns(_y=pl.Series(y_test), _n=pl.Series(n_test).cast(pl.Float64)).filter(pl.col("_n") > 0)  # fmt: skip
    one = _judged(train, test, spec)[0]
    out = list(draw.choice(names, size=max(1, round(PART * len(names))), replace=False))
    away = pl.col("_la").is_in(out)
    two = _judged(cells.filter(~away), cells.filter(away), spec)[0]
    _, chance, whole = _judged(cells, cells, spec)
    return HeldOut(one, two, calibration(cells, chance, by), _dropped(cells, spec, whole))


def calibration(cells: pl.DataFrame, chance: Floats, by: Sequence[str]) -> pl.DataFrame:
    """Observed over expected events by tenth of predicted need and by each column, Byar's interval of 95%."""
    n = cells["_n"].to_numpy()
    order = np.argsort(chance, kind="stable")
    tenth = np.empty(len(n), dtype=np.int64)
    tenth[order] = (
        np.minimum((np.cumsum(n[order]) - n[order] / 2) / n.sum() * 10, 9).astype(int) + 1
    )
    base = cells.with_columns(_e=pl.Series(chance * n), _tenth=pl.Series(tenth))
    rows = []
    for column, word in (("_tenth", "tenth of predicted need"), *((c, c) for c in by)):
        if column not in base.columns:
            raise UsageError(f"There is no column {column}.", allowed=", ".join(cells.columns))
        sums = base.group_by(column).agg(pl.col("_n", "_y", "_e").sum()).sort(column)
        for value, children, events, expected in sums.iter_rows():
            low, high = byar(round(events), 1.0)
            rows.append((word, str(value), children, events, expected, events / expected, low / expected, high / expected))  # fmt: skip
    names = ["group", "value", "children", "observed", "expected", "ratio", "low", "high"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _judged(train: pl.DataFrame, test: pl.DataFrame, spec: FitSpec) -> tuple[Seen, Floats, float]:
    terms = spec.terms() | {"outcome": "_y", "trials": "_n"}
    fitted = fit(train, **terms, penalty=spec.penalty)
    made = from_fit(fitted, outcome=spec.outcome, categorical=spec.categorical)
    chance = probability(predictor(made, test), "logit", made.random, "marginal")
    y, n = test["_y"].to_numpy().astype(float), test["_n"].to_numpy().astype(float)
    mean = y.sum() / n.sum()
    brier = float((y * (1 - chance) ** 2 + (n - y) * chance**2).sum() / n.sum())
    seen = Seen(
        float(1 - brier / (mean * (1 - mean))),
        auc(chance, y, n - y),
        brier,
        _places(test, spec.groups[0], chance * n),
        _places(test, spec.groups[1], chance * n),
        float(n.sum()),
        float(y.sum()),
    )
    return seen, chance, fitted.log_likelihood


def auc(chance: Floats, events: Floats, others: Floats) -> float:
    """The chance that a child with the event was predicted higher than one without; ties count half."""
    _, at = np.unique(chance, return_inverse=True)
    e, o = np.bincount(at, events), np.bincount(at, others)
    below = np.cumsum(o) - o
    return float((e * (below + o / 2)).sum() / (e.sum() * o.sum()))


def _places(test: pl.DataFrame, column: str, expected: Floats) -> float:
    """R2 of the rates of places, weighted by their children."""
    sums = (
        test.with_columns(_e=pl.Series(expected))
        .group_by(column)
        .agg(pl.col("_y", "_n", "_e").sum())
    )
    n = sums["_n"].to_numpy()
    seen, told = sums["_y"].to_numpy() / n, sums["_e"].to_numpy() / n
    whole = (n * (seen - np.average(seen, weights=n)) ** 2).sum()
    return float(1 - (n * (seen - told) ** 2).sum() / whole) if whole > 0 else float("nan")


def _dropped(cells: pl.DataFrame, spec: FitSpec, whole: float) -> dict[str, float]:
    """What each term is worth: the log-likelihood that is lost without it."""
    every = [*spec.categorical, *spec.numeric]
    lost = {}
    for term in every if len(every) > 1 else []:
        less = spec.terms() | {"outcome": "_y", "trials": "_n"}
        less["categorical"] = [t for t in spec.categorical if t != term]
        less["numeric"] = [t for t in spec.numeric if t != term]
        less["reference"] = {k: v for k, v in less["reference"].items() if k != term}
        lost[term] = whole - fit(cells, **less, penalty=spec.penalty).log_likelihood
    return lost


def held_out_text(found: HeldOut) -> str:
    """What `formula test` prints of it, with the published benchmark beside."""
    lines = [
        "A fifth held out:      children's R2     AUC    Brier    areas' R2    authorities' R2"
    ]
    for word, s in (("children", found.children), ("authorities", found.places)):
        lines.append(f"  {word:<20}{s.person_r2:>12.4f}{s.auc:>10.4f}{s.brier:>9.5f}{s.area_r2:>12.4f}{s.authority_r2:>16.4f}")  # fmt: skip
    lines.append(BENCHMARK)
    lines.append("Observed over expected events (95% interval):")
    for row in found.calibration.iter_rows(named=True):
        off = " *" if row["low"] > 1 or row["high"] < 1 else ""
        lines.append(f"  {row['group']} {row['value']:<10} {row['ratio']:.3f} ({row['low']:.3f} to {row['high']:.3f}){off}")  # fmt: skip
    lines.append("* the interval leaves 1 out. Log-likelihood lost without each term:")
    lines += [f"  {term}: {lost:,.2f}" for term, lost in found.dropped.items()]
    return "\n".join(lines)
