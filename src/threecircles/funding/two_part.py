"""Cost in two parts, any and how much: without it one child in residential care would bend the whole curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import Fit, fit
from threecircles.core.multilevel.checks import as_number, as_text, refuse
from threecircles.funding.area_glm import clustered
from threecircles.funding.fit_file import FitSpec, file_hash, load_spec, read_table
from threecircles.funding.formula import Formula, Outcome, Term
from threecircles.funding.shares import Floats, from_fit, predict, predictor, probability
from threecircles.funding.write_formula import fitted_formula

INTERCEPT = "(intercept)"
FEWEST_USERS = 30


@dataclass(frozen=True)
class GammaFit:
    """Cost of those with any. coefficients, standard_errors (clustered by authority) by name; dispersion:
    Pearson's; users: children with a cost.
    """

    coefficients: dict[str, float]
    standard_errors: dict[str, float]
    references: dict[str, str]
    dispersion: float
    users: int


@dataclass(frozen=True)
class TwoPart:
    """any: the chance of any cost (areas in authorities). amount: cost given any. formula: both as a file of
    kind two_part. deciles: of predicted cost: children, predicted, observed (pounds). one_part: the same cost by
    one Poisson, and the largest difference its shares make.
    """

    any: Fit
    amount: GammaFit
    formula: Formula
    deciles: pl.DataFrame
    one_part: GammaFit
    largest_difference: float

    def as_dict(self) -> dict[str, Any]:
        """What `formula fit --json` writes."""
        return {
            **self.any.as_dict(),
            "amount": self.amount.__dict__,
            "deciles": self.deciles.to_dicts(),
            "one_part": self.one_part.__dict__,
            "largest_difference_of_shares": self.largest_difference,
        }


def cost_glm(
    table: pl.DataFrame,
    *,
    cost: str,
    family: Literal["gamma", "poisson"],
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
    clusters: str,
    references: dict[str, str] | None = None,
) -> GammaFit:
    """log E(cost) = intercept + terms, by iteratively reweighted least squares; errors CR1 by authority.

    gamma: variance in proportion to the square of the mean, costs above nought only. poisson: noughts count.
    Source: McCullagh and Nelder, Generalized Linear Models (1989), 8.3; Liang and Zeger, Biometrika 73 (1986).
    """
    y = as_number(table, cost).to_numpy()
    if family == "gamma":
        refuse(pl.Series(y <= 0), f"{cost} is not above nought")
    names, columns, bases = [INTERCEPT], [np.ones(len(y))], dict(references or {})
    for term in categorical:
        labels = as_text(table, term)
        base = bases.setdefault(term, min(labels.unique().to_list()))
        for level in sorted(set(labels.unique().to_list()) - {base}):
            names.append(f"{term}[{level}]")
            columns.append((labels == level).to_numpy().astype(np.float64))
    for term in numeric:
        names.append(term)
        columns.append(as_number(table, term).to_numpy())
    x = np.column_stack(columns)
    b = np.zeros(x.shape[1])
    b[0] = np.log(y.mean())
    for _ in range(100):
        mu = np.exp(x @ b)
        weight = np.ones_like(mu) if family == "gamma" else mu
        step = np.linalg.lstsq((x.T * weight) @ x, x.T @ (weight * (y - mu) / mu), rcond=None)[0]
        b = b + step
        if np.abs(step).max() < 1e-10:
            break
    mu = np.exp(x @ b)
    weight = np.ones_like(mu) if family == "gamma" else mu
    variance = mu**2 if family == "gamma" else mu
    # The sandwich takes the curvature that was observed, which holds where the variance is not as assumed.
    bent = y / mu if family == "gamma" else mu
    inverse = np.asarray(np.linalg.inv((x.T * bent) @ x), dtype=np.float64)
    scores = x * (weight * (y - mu) / mu)[:, None]
    covariance = clustered(inverse, scores, as_text(table, clusters))
    return GammaFit(
        dict(zip(names, b.tolist(), strict=True)),
        dict(zip(names, np.sqrt(np.diag(covariance)).tolist(), strict=True)),
        bases,
        float(((y - mu) ** 2 / variance).sum() / max(len(y) - len(b), 1)),
        int((y > 0).sum()),
    )


def fit_two_part(spec: Path) -> TwoPart:
    """Fit the cost that SPEC.yaml names under `cost` (pounds a child and year): P(any) x E(cost given any).

    The first part is the multilevel logistic, the second a Gamma with log link on users; the product needs
    no retransformation. Raises UsageError for too few users and what `fit` refuses.
    """
    asked = load_spec(spec)
    if asked.cost is None or asked.trials is not None or len(asked.groups) != 2:
        raise UsageError(
            "A cost in two parts is fitted to children, one a row, in areas in authorities.",
            where=spec.name, mend="Name cost and two groups, and no trials.",
        )  # fmt: skip
    table = read_table(Path(asked.file), list(dict.fromkeys((asked.cost, *asked.columns()))))
    money = as_number(table, asked.cost)
    refuse(money < 0, f"{asked.cost} is below nought")
    table = table.with_columns((money > 0).cast(pl.Int64).alias(asked.outcome), money.alias(asked.cost))  # fmt: skip
    users = table.filter(pl.col(asked.cost) > 0)
    if users.height < FEWEST_USERS:
        raise UsageError(f"Only {users.height} children have a cost; {FEWEST_USERS} are needed.")
    any_cost = fit(table, **asked.terms(), penalty=asked.penalty)
    terms: dict[str, Any] = {"cost": asked.cost, "categorical": asked.categorical, "numeric": asked.numeric, "clusters": asked.groups[-1]}  # fmt: skip
    amount = cost_glm(users, family="gamma", references=any_cost.references, **terms)
    single = cost_glm(table, family="poisson", references=any_cost.references, **terms)
    formula = _formula(asked, any_cost, amount)
    first, second = formula.outcomes
    expected = probability(predictor(first, table), "logit", first.random, "marginal") * np.exp(predictor(second, table))  # fmt: skip
    la = asked.groups[-1]
    both = predict(formula, table.with_columns(n=pl.lit(1)), la=la)
    one = _outcome(single, any_cost, asked, "one")
    sums = table.select(pl.col(la).cast(pl.Utf8).alias("la"), e=pl.Series(np.exp(predictor(one, table)))).group_by("la").agg(pl.col("e").sum())  # fmt: skip
    plain = dict(sums.iter_rows())
    alone = np.array([plain[code] for code in both.la])
    gap = float(np.abs(alone / alone.sum() / both.share - 1).max())
    return TwoPart(any_cost, amount, formula, deciles(expected, money.to_numpy()), single, gap)


def deciles(expected: Floats, observed: Floats) -> pl.DataFrame:
    """Tenths of the children by predicted cost: decile, children, predicted, observed (means in pounds)."""
    tenth = np.empty(len(expected), dtype=np.int64)
    tenth[np.argsort(expected, kind="stable")] = np.arange(len(expected)) * 10 // len(expected) + 1
    table = pl.DataFrame({"decile": tenth, "predicted": expected, "observed": observed})
    return (
        table.group_by("decile")
        .agg(children=pl.len(), predicted=pl.col("predicted").mean(), observed=pl.col("observed").mean())
        .sort("decile")
    )  # fmt: skip


def _formula(asked: FitSpec, any_cost: Fit, amount: GammaFit) -> Formula:
    return fitted_formula(
        id=asked.id or f"two-part-{asked.cost}",
        label=asked.label or f"{asked.cost} in two parts.",
        source=f"Three Circles, fitted to {Path(asked.file).name}",
        unit="pounds",
        kind="two_part",
        outcomes=[
            from_fit(any_cost, outcome="any", categorical=asked.categorical),
            _outcome(amount, any_cost, asked, "amount"),
        ],
        fitted_from=file_hash(Path(asked.file)),
    )


def _outcome(held: GammaFit, any_cost: Fit, asked: FitSpec, name: str) -> Outcome:
    """A cost as an outcome. A value no user has costs what the reference costs: nothing is known of it."""
    terms = []
    for term in asked.categorical:
        mark = f"{term}["
        known = [k for k in any_cost.coefficients if k.startswith(mark)]
        levels = {k[len(mark) : -1]: held.coefficients.get(k, 0.0) for k in known}
        terms.append(
            Term(
                name=term, coding="factor", reference_level=held.references[term], estimates=levels
            )
        )
    terms += [
        Term(name=t, estimate=held.coefficients[t], se=held.standard_errors[t])
        for t in asked.numeric
    ]
    return Outcome(
        id=name, label=name, link="log", intercept=held.coefficients[INTERCEPT], terms=terms
    )


def two_part_text(found: TwoPart) -> str:
    """What `formula fit` prints of a cost in two parts."""
    lines = [f"{found.amount.users:,} of {found.any.rows:,} children have a cost."]
    lines.append(
        f"{'':<24}{'any cost (logit)':>24}{'cost given any (log)':>26}{'one part (log)':>22}"
    )
    for name in found.any.coefficients:
        cells: list[tuple[float | None, float | None]]
        cells = [(found.any.coefficients[name], found.any.standard_errors[name])]
        cells += [(f.coefficients.get(name), f.standard_errors.get(name)) for f in (found.amount, found.one_part)]  # fmt: skip
        shown = [f"{b:.4f} ({se:.4f})" if b is not None and se is not None else "-" for b, se in cells]  # fmt: skip
        lines.append(f"{name:<24}{shown[0]:>24}{shown[1]:>26}{shown[2]:>22}")
    for level, sd in found.any.sds.items():
        lines.append(f"sd {level}: {sd:.4f}")
    lines.append("Tenths by predicted cost (pounds a child, predicted and observed):")
    lines += [f"  {d:>2}: {p:>12,.2f} {o:>12,.2f}" for d, _, p, o in found.deciles.iter_rows()]
    lines.append(f"Shares of the one-part model differ by at most {found.largest_difference:.2%}.")
    return "\n".join([*lines, *(f"Note: {w}" for w in found.any.warnings)])
