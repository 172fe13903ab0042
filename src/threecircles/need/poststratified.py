"""Answers of few children made into a share for every small area: a model by kind of child, then a count of children.

Children of a kind (year, sex, free meals ...) answer alike up to what is particular to their area; the model
learns both and is applied to how many children of each kind live in each area (multilevel regression and
poststratification). Source: Gelman and Little, Survey Methodology 23 (1997) 127-135; Park, Gelman and Bafumi,
Political Analysis 12 (2004) 375-385.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import Fit, Problem, fit_problem, problem
from threecircles.core.multilevel.laplace import NONE, find_modes, no_effects
from threecircles.core.seeds import rng

DRAWS = 1000
FEWEST = 5
"""Areas with answers below which how areas differ cannot be learnt."""


@dataclass(frozen=True)
class Poststratified:
    """areas: one row an area of the cells, in their order. Columns: area, children, asked (answers), direct
    (share of those, null where none), synthetic (by kind of child alone), modelled, se, low, high, beyond (the
    model lies outside the direct figure's own 95% interval), no_answers. sd: of areas on the log-odds.
    said: sentences that stand beside the figures.
    """

    areas: pl.DataFrame
    sd: float
    said: tuple[str, ...]


def poststratified(
    answers: pl.DataFrame,
    cells: pl.DataFrame,
    *,
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
    seed: int = 1,
    draws: int = DRAWS,
    level: float = 0.95,
) -> Poststratified:
    """Share of children with the outcome in every area, with intervals by simulation.

    answers: area, y (with the outcome), n (asked) and the terms; cells: area, children and the terms, every
    area and kind of child that lives there. The children of a cell who did not answer are drawn too, so the
    interval is of these children, not of a rate behind them. Raises UsageError for cells with fewer children than
    answers, kinds of child that the answers lack, or too few areas.
    """
    terms = [*categorical, *numeric]
    _refuse(answers, cells, categorical, terms)
    made = problem(
        answers, outcome="y", trials="n", categorical=categorical, numeric=numeric, groups=["area"]
    )
    fitted = fit_problem(made)
    whole = cells.join(
        answers.group_by("area", *terms).agg(pl.col("y", "n").sum()), on=["area", *terms],
        how="left", maintain_order="left",
    ).with_columns(pl.col("y", "n").fill_null(0))  # fmt: skip
    x = _columns(whole, fitted.names, categorical)
    order = whole["area"].unique(maintain_order=True).to_list()
    place = whole["area"].replace_strict(order, list(range(len(order)))).to_numpy().astype(int)
    shares, line = _drawn(made, fitted, whole, x, place, order, seed, draws)
    tail = (1 - level) / 2
    low, high = np.quantile(shares, [tail, 1 - tail], axis=0)
    told = _told(whole, place, order, shares.mean(axis=0), shares.std(axis=0, ddof=1), line)
    told = told.with_columns(low=pl.Series(low), high=pl.Series(high))
    sd = float(fitted.sds.get("area", 0.0))
    return Poststratified(told, sd, _said(told, sd, fitted, terms))


def _drawn(
    made: Problem,
    fitted: Fit,
    whole: pl.DataFrame,
    x: np.ndarray,
    place: np.ndarray,
    order: Sequence[str],
    seed: int,
    draws: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Shares by draw and area, and the share by kind of child alone."""
    g = rng(seed, "poststratified")
    k = x.shape[1]
    centre = np.array([fitted.coefficients[n] for n in fitted.names[:k]])
    sds = [s for s in fitted.sds.values() if s > 0]
    theta = np.concatenate([centre, np.log(sds)])
    drawn = g.multivariate_normal(theta, fitted.covariance, size=draws, method="eigh")
    y, n = (whole[c].to_numpy().astype(float) for c in ("y", "n"))
    children = whole["children"].to_numpy().astype(float)
    total = np.bincount(place, children, minlength=len(order))
    known = {a: i for i, a in enumerate(made.area_labels)}
    at = np.array([known.get(str(a), -1) for a in order])
    modes = no_effects(made)
    shares = np.empty((draws, len(order)))
    for d, b in enumerate(drawn):
        effect = np.zeros(len(order))
        if sds:
            sd = float(np.exp(b[k]))
            fixed = made.design.dot(b[:k]) + made.offset
            modes, state = find_modes(made, fixed, modes, sd**-2, NONE)
            own = modes.u + g.normal(size=len(modes.u)) / np.sqrt(state.weight + sd**-2)
            effect = np.where(at >= 0, own[np.maximum(at, 0)], sd * g.normal(size=len(order)))
        p = expit(x @ b[:k] + effect[place])
        unseen = g.binomial((children - n).astype(int), p)
        shares[d] = np.bincount(place, y + unseen, minlength=len(order)) / total
    alone = expit(x @ centre)
    return shares, np.bincount(place, children * alone, minlength=len(order)) / total


def _told(
    whole: pl.DataFrame,
    place: np.ndarray,
    order: Sequence[str],
    mean: np.ndarray,
    se: np.ndarray,
    line: np.ndarray,
) -> pl.DataFrame:
    y, n, children = (
        np.bincount(place, whole[c].to_numpy().astype(float), minlength=len(order))
        for c in ("y", "n", "children")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        direct = np.where(n > 0, y / n, np.nan)
        own = 1.96 * np.sqrt(direct * (1 - direct) / n)
    return pl.DataFrame(
        {
            "area": list(order), "children": children.astype(int), "asked": n.astype(int),
            "direct": direct, "synthetic": line, "modelled": mean, "se": se,
            "beyond": (n > 0) & (np.abs(mean - direct) > own), "no_answers": n == 0,
        }
    ).with_columns(pl.col("direct").fill_nan(None))  # fmt: skip


def _said(told: pl.DataFrame, sd: float, fitted: Fit, terms: Sequence[str]) -> tuple[str, ...]:
    without = int(told["no_answers"].sum())
    moved = int(told["beyond"].sum())
    by = ", ".join(t.replace("_", " ") for t in terms) or "nothing but the area"
    children = told["children"].to_numpy()
    asked = told.filter(~pl.col("no_answers"))
    said = [
        f"A model by {by} and area, applied to the children who live in each area; areas differ by {sd:.2f} on the "
        "log-odds beyond what these explain.",
        f"{without} of {told.height} areas had no answers: their figure rests on kinds of child alone.",
        f"The model moves {moved} direct figures beyond their own 95% interval.",
        f"Over all areas the model gives {100 * np.average(told['modelled'].to_numpy(), weights=children):.1f}%, "
        f"by kind of child alone {100 * np.average(told['synthetic'].to_numpy(), weights=children):.1f}%; the answers "
        f"as they stand {100 * np.average(asked['direct'].to_numpy(), weights=asked['asked'].to_numpy()):.1f}%.",
    ]
    return (*said, *fitted.warnings)


def _columns(cells: pl.DataFrame, names: Sequence[str], categorical: Sequence[str]) -> np.ndarray:
    """One column a coefficient of the model, for the cells."""
    labels = {f"{c}[{v}]": (c, v) for c in categorical for v in cells[c].cast(pl.String).unique()}
    made = []
    for name in (n for n in names if not n.startswith("log sd ")):
        if name in labels:
            column, value = labels[name]
            made.append((cells[column].cast(pl.String) == value).cast(pl.Float64).to_numpy())
        elif name in cells.columns:
            made.append(cells[name].cast(pl.Float64).to_numpy())
        elif made:
            made.append(np.zeros(cells.height))
        else:
            made.append(np.ones(cells.height))
    return np.stack(made, axis=1)


def _refuse(
    answers: pl.DataFrame, cells: pl.DataFrame, categorical: Sequence[str], terms: Sequence[str]
) -> None:
    if answers["area"].n_unique() < FEWEST:
        raise UsageError(
            "Too few areas have answers for a model to learn how areas differ.",
            found=f"{answers['area'].n_unique()} areas", allowed=f"{FEWEST} or more",
        )  # fmt: skip
    for c in categorical:
        lost = sorted(set(cells[c].cast(pl.String)) - set(answers[c].cast(pl.String)))
        if lost:
            raise UsageError(
                f"Children live there of whose kind nobody answered: {c} {', '.join(lost[:5])}.",
                mend="Join values, or leave the term out.",
            )
    both = answers.group_by("area", *terms).agg(pl.col("n").sum()).join(
        cells.group_by("area", *terms).agg(pl.col("children").sum()), on=["area", *terms], how="left",
    ).with_columns(pl.col("children").fill_null(0))  # fmt: skip
    more = both.filter(pl.col("n") > pl.col("children"))
    if more.height:
        row: Mapping[str, object] = more.row(0, named=True)
        raise UsageError(
            "More children answered than live there.", where=f"area {row['area']}",
            found=f"{row['n']} answers of {row['children']} children",
            mend="Take answers and children from the same day and the same areas.",
        )  # fmt: skip
