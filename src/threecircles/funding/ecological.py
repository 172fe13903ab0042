"""The same totals fitted by persons and by areas: without it an area's coefficient would be read as a child's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import fit
from threecircles.core.multilevel.checks import as_number, as_text
from threecircles.funding.fit_file import FitSpec
from threecircles.funding.shares import from_fit, predictor, probability


@dataclass(frozen=True)
class Ecological:
    """coefficients: term, persons, areas, flipped (the sign changes). shares: la, persons, areas, change."""

    coefficients: pl.DataFrame
    shares: pl.DataFrame

    def text(self) -> str:
        """What `formula test --areas` prints."""
        lines = ["The same events fitted by persons and by areas (an area's rate on its means):"]
        lines += [
            f"  {term:<24}{one:>10.4f}{two:>12.4f}"
            + ("  the sign flips: not a driver" if flipped else "")
            for term, one, two, flipped in self.coefficients.iter_rows()
        ]
        most = np.abs(self.shares["change"].to_numpy())
        lines.append(
            f"Shares differ by {np.median(most):.2%} in the middle and by {most.max():.2%} at most."
        )
        return "\n".join(lines)


def ecological(table: pl.DataFrame, spec: FitSpec) -> Ecological:
    """Fit cells or children by persons (binomial) and their areas by Poisson on area means of the same terms.

    A factor's levels become the part of the area's children with each. Shares are predicted at the average
    of local practice. Raises UsageError for a Poisson or one group, and what `fit` refuses.
    """
    if spec.family != "binomial" or len(spec.groups) != 2:
        raise UsageError(
            "Persons and areas are set beside each other for a binomial fit of two groups."
        )
    n = as_number(table, spec.trials) if spec.trials else pl.Series([1.0] * table.height)
    area, la = spec.groups
    fitted = fit(table, **spec.terms(), penalty=spec.penalty)
    outcome = from_fit(fitted, outcome=spec.outcome, categorical=spec.categorical)
    names = [k for k in fitted.coefficients if k != "(intercept)"]
    columns = {k: _column(table, k, spec) for k in names}
    means = (
        table.select(area, la, _y=as_number(table, spec.outcome), _n=n, **columns)
        .group_by(area, la, maintain_order=True)
        .agg(pl.col("_y", "_n").sum(), *((pl.col(k) * pl.col("_n")).sum() / pl.col("_n").sum() for k in names))
    )  # fmt: skip
    by_area = fit(means, outcome="_y", family="poisson", exposure="_n", numeric=names, groups=[area, la])  # fmt: skip
    pairs = [(k, fitted.coefficients[k], by_area.coefficients[k]) for k in names]
    coefficients = pl.DataFrame(
        [(*p, p[1] * p[2] < 0) for p in pairs],
        schema=["term", "persons", "areas", "flipped"],
        orient="row",
    )
    chance = probability(predictor(outcome, table), "logit", outcome.random, "marginal")
    eta = sum(
        (means[k].to_numpy() * by_area.coefficients[k] for k in names), np.zeros(means.height)
    )
    one = table.select(la=as_text(table, la), e=pl.Series(chance) * n).group_by("la").agg(persons=pl.col("e").sum())  # fmt: skip
    two = means.select(la=as_text(means, la), e=pl.Series(np.exp(eta)) * means["_n"]).group_by("la").agg(areas=pl.col("e").sum())  # fmt: skip
    shares = one.join(two, on="la").sort("la").with_columns(pl.col("persons", "areas") / pl.col("persons", "areas").sum())  # fmt: skip
    return Ecological(coefficients, shares.with_columns(change=pl.col("areas") / pl.col("persons") - 1))  # fmt: skip


def _column(table: pl.DataFrame, name: str, spec: FitSpec) -> pl.Series:
    """A column of the design by its name: a number, or 1 where a factor has the level in brackets."""
    for term in spec.categorical:
        if name.startswith(f"{term}["):
            return (as_text(table, term) == name[len(term) + 1 : -1]).cast(pl.Float64)
    return as_number(table, name)
