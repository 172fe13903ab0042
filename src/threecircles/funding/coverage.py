"""Children the linked data do not hold: without it a place with many independent schools would look childless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.funding.fit_file import read_table
from threecircles.funding.formula import EffectRule, Formula
from threecircles.funding.shares import Shares, expected_each

FEWEST_COVERED, LARGEST_WEIGHT = 0.60, 5.0
Uncovered = Literal["same", "area_only", "user_rates"]
SWITCHES = get_args(Uncovered)


def coverage(covered: pl.DataFrame, population: pl.DataFrame) -> pl.DataFrame:
    """Children seen in a census beside the mid-year estimate, one row an authority.

    covered, population: la_code, age (0 to 17), children. Columns: la_code, seen, children, coverage.
    Raises UsageError for an authority without a population.
    """
    seen = (
        covered.filter(pl.col("age").is_between(0, 17))
        .group_by("la_code")
        .agg(seen=pl.col("children").sum())
    )
    whole = (
        population.filter(pl.col("age").is_between(0, 17))
        .group_by("la_code")
        .agg(pl.col("children").sum())
    )
    made = seen.join(whole, on="la_code", how="left").sort("la_code")
    if without := made.filter(pl.col("children").is_null())["la_code"].to_list():
        raise UsageError("These authorities have no population.", found=", ".join(without[:10]))
    return made.with_columns(coverage=pl.col("seen") / pl.col("children"))


@dataclass(frozen=True)
class Weighted:
    """cells: as given with `weight` and `n_weighted`.

    uncovered: children in strata without one covered child. warnings: authorities under 60% and strata
    whose weight is over 5, by name.
    """

    cells: pl.DataFrame
    uncovered: float
    warnings: tuple[str, ...]


def weighted(
    cells: pl.DataFrame,
    population: pl.DataFrame,
    *,
    strata: Sequence[str] = ("la", "age", "sex"),
    children: str = "n",
) -> Weighted:
    """Covered children of each stratum weighted to the mid-year estimate.

    cells: the strata, the number of children and the formula's terms. population: the strata and
    `children`. A stratum nobody covers keeps no row here: `scaled_need` gives it a rate.
    Raises UsageError when a stratum of the cells has no population.
    """
    keys = list(strata)
    held = cells.group_by(keys).agg(held=pl.col(children).sum())
    both = (
        population.group_by(keys)
        .agg(pl.col("children").sum())
        .join(held, on=keys, how="full", coalesce=True)
    )
    strange = both.filter(pl.col("children").is_null())
    if strange.height:
        found = ", ".join("/".join(map(str, r)) for r in strange.select(keys).head(5).iter_rows())
        raise UsageError("Children are covered where the estimate has none.", found=found)
    none = both.filter(pl.col("held").is_null() | (pl.col("held") == 0))
    weights = both.filter(pl.col("held") > 0).select(
        *keys, weight=pl.col("children") / pl.col("held")
    )
    made = cells.join(weights, on=keys, how="left", maintain_order="left").with_columns(
        n_weighted=pl.col(children) * pl.col("weight")
    )
    heavy = weights.filter(pl.col("weight") > LARGEST_WEIGHT)
    by_la = both.group_by(keys[0]).agg(pl.col("held").sum() / pl.col("children").sum())
    low = by_la.filter(pl.col("held") < FEWEST_COVERED).sort(keys[0])
    said = [
        f"{la}: {part:.0%} of children are covered, under {FEWEST_COVERED:.0%}."
        for la, part in low.iter_rows()
    ]
    said += [
        f"{'/'.join(map(str, row[:-1]))}: each covered child stands for {row[-1]:.1f}, over {LARGEST_WEIGHT:g}."
        for row in heavy.sort(keys).iter_rows()
    ]
    return Weighted(made, float(none["children"].sum()), tuple(said))


@dataclass(frozen=True)
class Coverage:
    """How children outside the data are counted: population by strata (authority first), and the switch.

    With "user_rates" the population has a column `rate` as well: events a child outside the data in its stratum.
    """

    population: pl.DataFrame
    strata: tuple[str, ...]
    uncovered: Uncovered


def read_coverage(path: Path, strata: str, uncovered: str) -> Coverage:
    """The mid-year estimate of a file, with `strata` named in one text, commas between. Raises UsageError.

    uncovered: same, area_only or user_rates; for the last the file has a column `rate`, events a child.
    """
    names = tuple(s.strip() for s in strata.split(",") if s.strip())
    if uncovered not in SWITCHES:
        raise UsageError(
            "The switch is not known.", found=uncovered, allowed=", ".join(SWITCHES),
            mend=did_you_mean(uncovered, SWITCHES),
        )  # fmt: skip
    rates = ("rate",) if uncovered == "user_rates" else ()
    population = read_table(path, (*names, "children", *rates))
    if rates:
        _check_rates(population, names, path.name)
    return Coverage(population, names, cast(Uncovered, uncovered))


def _check_rates(population: pl.DataFrame, strata: Sequence[str], file: str) -> None:
    """Raises UsageError, naming the row, where a rate is no number of events a child or a stratum has two."""
    told = population["rate"].cast(pl.Float64, strict=False)
    wrong = told.is_null() | ~told.is_finite() | (told < 0)
    twice = ~population.select(pl.struct(strata).is_first_distinct()).to_series()
    for rows, what, column, allowed in (
        (wrong, "This is no rate of children outside the data.", "rate", "events a child, 0 or more, in every row"),
        (twice, "A stratum has a second rate.", ", ".join(strata), "each stratum once"),
    ):  # fmt: skip
        if rows.any():
            row = int(rows.arg_true()[0])
            found = ", ".join(str(population[c.strip()][row]) for c in column.split(","))
            where = f"{file}, row {row + 2:,}, column {column}"
            raise UsageError(what, where=where, found=found, allowed=allowed)


def covered_score(formula: Formula, cells: pl.DataFrame, held: Coverage, *, children: str, rule: EffectRule) -> Shares:  # fmt: skip
    """Shares as `shares.predict`, covered children standing for those outside the data. Raises UsageError."""
    la = held.strata[0]
    for column in held.strata:
        if column not in cells.columns:
            raise UsageError(f"The cells lack the stratum {column}.", found=", ".join(cells.columns), mend="Name those you have with --strata.")  # fmt: skip
    text = [pl.col(c).cast(pl.Utf8) for c in held.strata]
    each = expected_each(formula, cells, rule)
    population = held.population.with_columns(text)
    rates = population if held.uncovered == "user_rates" else None
    made = scaled_need(
        cells.with_columns(text), each, population, strata=held.strata, children=children,
        uncovered=held.uncovered, user_rates=rates,
    )  # fmt: skip
    need = dict(made.select(la, "expected").iter_rows())
    codes = cells[la].cast(pl.Utf8).unique(maintain_order=True).to_list()
    expected = np.array([need[code] for code in codes])
    return Shares(tuple(codes), expected, expected / expected.sum())


def population_covered(cells: pl.DataFrame, held: Coverage, children: str) -> dict[str, float]:
    """The part of each authority's children that the data hold. Raises UsageError for one without an estimate."""
    la = pl.col(held.strata[0]).cast(pl.Utf8)
    seen = dict(cells.group_by(la).agg(pl.col(children).sum()).iter_rows())
    whole = dict(held.population.group_by(la).agg(pl.col("children").sum()).iter_rows())
    if missing := sorted(set(seen) - set(whole)):
        raise UsageError("These authorities have no population.", found=", ".join(missing[:10]))
    return {code: seen[code] / whole[code] for code in seen}


def children_meant(
    cells: pl.DataFrame,
    population: pl.DataFrame,
    *,
    strata: Sequence[str],
    children: str,
    uncovered: Uncovered,
) -> np.ndarray:
    """How many children each cell stands for once those outside the data are counted too.

    Cell by cell what `scaled_need` does to sums, for "same" and "area_only": the chance of each cell times
    these children adds up to its expected events. population: the strata (authority first) and children.
    """
    keys, la = list(strata), strata[0]
    size = pl.col(children).cast(pl.Float64)
    held = cells.group_by(keys).agg(held=size.sum())
    whole = population.group_by(keys).agg(whole=pl.col("children").sum().cast(pl.Float64))
    both = whole.join(held, on=keys, how="left").with_columns(pl.col("held").fill_null(0.0))
    both = both.with_columns(out=pl.max_horizontal(pl.col("whole") - pl.col("held"), pl.lit(0.0)))
    alike = (pl.col("held") > 0) if uncovered == "same" else pl.lit(False)
    spread = both.group_by(la).agg(area=pl.when(alike).then(0.0).otherwise("out").sum())
    each = cells.group_by(la).agg(all=size.sum())
    made = (
        cells.select(*keys, n=size)
        .join(both.select(*keys, "held", "out"), on=keys, how="left", maintain_order="left")
        .join(spread.join(each, on=la), on=la, how="left", maintain_order="left")
    )
    own = pl.when(alike).then(pl.col("out") / pl.col("held")).otherwise(0.0)
    factor = 1 + own.fill_null(0.0) + (pl.col("area") / pl.col("all")).fill_null(0.0)
    return made.select(pl.col("n") * factor).to_series().to_numpy()


def scaled_need(
    cells: pl.DataFrame,
    chance: np.ndarray,
    population: pl.DataFrame,
    *,
    strata: Sequence[str] = ("la", "age", "sex"),
    children: str = "n",
    uncovered: Uncovered = "same",
    area_rates: pl.DataFrame | None = None,
    user_rates: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Expected events of all children of each authority, covered or not. Columns: la, expected, covered_part.

    chance: expected events a child of each cell. uncovered: what children outside the data are taken to
    need: "same" as the covered of their stratum; "area_only": the authority's rate in `area_rates` (la, rate);
    "user_rates": the rate of their stratum in `user_rates` (strata, rate). A stratum nobody covers goes by
    `area_rates` (the authority's own mean of `chance` when none are given) unless user_rates name it.
    """
    keys, la = list(strata), strata[0]
    table = cells.with_columns(need=pl.Series(chance) * pl.col(children).cast(pl.Float64))
    held = table.group_by(keys).agg(
        pl.col("need").sum(), held=pl.col(children).sum().cast(pl.Float64)
    )
    own = table.group_by(la).agg(rate=pl.col("need").sum() / pl.col(children).sum())
    area = (area_rates if area_rates is not None else own).select(la, area_rate="rate")
    both = (
        population.group_by(keys)
        .agg(pl.col("children").sum().cast(pl.Float64))
        .join(held, on=keys, how="left")
        .join(area, on=la, how="left")
        .with_columns(pl.col("held", "need").fill_null(0.0))
    )
    if uncovered == "user_rates":
        if user_rates is None:
            raise UsageError("Rates for uncovered children are asked for, but none are given.")
        rates = user_rates.select(*keys, user_rate=pl.col("rate").cast(pl.Float64))
        both = both.join(rates, on=keys, how="left")
        if both["user_rate"].null_count():
            raise UsageError("Some strata have no rate for uncovered children.")
    rate = {
        "same": pl.when(pl.col("held") > 0)
        .then(pl.col("need") / pl.col("held"))
        .otherwise("area_rate"),
        "area_only": pl.col("area_rate"),
        "user_rates": pl.col("user_rate"),
    }[uncovered]
    outside = pl.max_horizontal(pl.col("children") - pl.col("held"), pl.lit(0.0))
    return (
        both.with_columns(expected=pl.col("need") + outside * rate)
        .group_by(la)
        .agg(pl.col("expected").sum(), covered_part=pl.col("held").sum() / pl.col("children").sum())
        .sort(la)
    )
