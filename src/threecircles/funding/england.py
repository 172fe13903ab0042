"""A formula road-tested on England's published figures: without it nobody could see what such a model can and cannot say."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.symbols import parse_published
from threecircles.funding.area_glm import Quasi, quasi_poisson
from threecircles.sources.published import FoundTable, find_published, read_published
from threecircles.sources.published_lait import read_lait

WARNING = "Illustrative: not an official allocation."
CAVEAT = (
    "Small-area counts of children in need are not public, so this is a model of 153 authorities: it shows "
    "how a formula is tested, not what anybody should get."
)
COVARIATES = ("idaci", "health", "overcrowding")
OUTCOMES = {
    "cin": "Children in need",
    "cpp": "Child protection plans",
    "cla": "Children looked after",
}
WEIGHTS = {"cla": ("LACFinance", 2100.0), "cin": ("SWFinance", 170.0)}
"""Outcome -> measure of the interactive tool that gives its weekly cost, and England's figure for 2024-25."""
YEAR = 2025
POPULATION_YEAR = 2024
_TABLES = (
    "authorities", "children-in-need", "deprivation-2025", "districts", "looked-after", "population",
    "protection-plans", "small-areas", "lait",
)  # fmt: skip


@dataclass(frozen=True)
class England:
    """table: area, name, region, population, three covariates (standardised), cin, cpp, cla (null = not published).

    fits: by outcome. alone: with the share of children in low-income homes alone. subsets: by outcome,
    covariates used -> coefficients. weights: pounds a week by outcome. relative: share of weighted
    predicted need over share of children, by area. missing: authorities without all three counts.
    inflation: variance inflation factor by covariate. correlation: of the first two covariates.
    """

    table: pl.DataFrame
    fits: dict[str, Quasi]
    alone: dict[str, Quasi]
    subsets: dict[str, dict[tuple[str, ...], dict[str, float]]]
    weights: dict[str, float]
    relative: dict[str, float]
    missing: tuple[str, ...]
    inflation: dict[str, float]
    correlation: float

    def flipped(self, outcome: str) -> tuple[str, ...]:
        """Covariates whose sign is not the same in every subset: none of these is a driver of anything."""
        signs: dict[str, set[bool]] = {c: set() for c in COVARIATES}
        for used in self.subsets[outcome].values():
            for name in used.keys() & signs.keys():
                signs[name].add(used[name] > 0)
        return tuple(c for c in COVARIATES if len(signs[c]) > 1)


def demo_england(folder: Path) -> England:
    """Fit children in need, plans and children looked after of 2025 to three covariates of 2025.

    folder: holds the published files, under any name. Raises an error naming every file not found.
    """
    found = find_published(folder, *_TABLES)
    table = _standardised(_counts(found).join(_covariates(found), on="area", how="left"))
    counted = table.drop_nulls(list(OUTCOMES))
    fits = {o: _fit(counted, o, COVARIATES) for o in OUTCOMES}
    subsets = {
        o: {
            used: _fit(counted, o, used).coefficients
            for size in (1, 2, 3)
            for used in combinations(COVARIATES, size)
        }
        for o in OUTCOMES
    }
    weights = _weights(found)
    need = np.zeros(table.height)
    for outcome, pounds in weights.items():
        need += pounds * fits[outcome].predict(table)
    population = table["population"].to_numpy()
    relative = (need / need.sum()) / (population / population.sum())
    inflation, correlation = _collinearity(counted)
    return England(
        table,
        fits,
        {o: _fit(counted, o, COVARIATES[:1]) for o in OUTCOMES},
        subsets,
        weights,
        dict(zip(table["area"].to_list(), relative.tolist(), strict=True)),
        tuple(table.filter(pl.any_horizontal(pl.col(*OUTCOMES).is_null()))["name"].to_list()),
        inflation,
        correlation,
    )


def _fit(table: pl.DataFrame, outcome: str, covariates: tuple[str, ...]) -> Quasi:
    return quasi_poisson(table, outcome=outcome, exposure="population", numeric=covariates)


def _counts(found: dict[str, FoundTable]) -> pl.DataFrame:
    spine = read_published(found["authorities"]).select(
        area="new_la_code", name="la_name", region="region_name", number="old_la_code"
    )
    made = spine.join(_population(found["population"]), on="area", how="left")
    for outcome, table, column in (
        ("cin", "children-in-need", "At31_episodes"),
        ("cpp", "protection-plans", "CPP_At31"),
        ("cla", "looked-after", "children_count"),
    ):
        made = made.join(_published(found[table], column, outcome), on="area", how="left")
    return made.sort("area")


def _population(found: FoundTable) -> pl.DataFrame:
    frame = read_published(found).filter(
        pl.col("time_period") == str(POPULATION_YEAR),
        pl.col("geographic_level") == "Local authority",
    )
    return frame.select(area="new_la_code", population=_number("population_estimate"))


def _published(found: FoundTable, column: str, outcome: str) -> pl.DataFrame:
    frame = read_published(found).filter(
        pl.col("time_period") == str(YEAR), pl.col("geographic_level") == "Local authority"
    )
    if "population_type" in frame.columns:
        frame = frame.filter(pl.col("population_type").str.contains("on 31 March"))
    return frame.select(pl.col("new_la_code").alias("area"), _number(column).alias(outcome))


def _number(column: str) -> pl.Expr:
    """A published cell as a number; a symbol is unknown, never nought."""
    return pl.col(column).map_elements(lambda t: parse_published(t)[0], return_dtype=pl.Float64)


def _covariates(found: dict[str, FoundTable]) -> pl.DataFrame:
    small = read_published(found["deprivation-2025"]).select(
        "lsoa21_code",
        numerator=_number("idaci_numerator"),
        children=_number("children_0_15"),
        health=_number("health_score"),
        overcrowding=_number("overcrowding_rooms"),
    )
    areas = read_published(found["small-areas"]).join(
        read_published(found["districts"]), left_on="ltla24_code", right_on="ltla_code"
    )
    n = pl.col("children")
    # The numerator is rounded to 5 and left blank where that is nought: 815 of the least deprived areas.
    return (
        small.join(areas, on="lsoa21_code")
        .group_by(pl.col("utla_code").alias("area"))
        .agg(
            idaci=pl.col("numerator").fill_null(0).sum() / n.sum(),
            health=(pl.col("health") * n).sum() / n.sum(),
            overcrowding=(pl.col("overcrowding") * n).sum() / n.sum(),
        )
    )


def _standardised(table: pl.DataFrame) -> pl.DataFrame:
    """Covariates with population-weighted mean 0 and sd 1 over the authorities with all three counts."""
    counted = table.drop_nulls(list(OUTCOMES))
    weight = counted["population"].to_numpy()
    made = []
    for name in COVARIATES:
        x = counted[name].to_numpy()
        mean = np.average(x, weights=weight)
        sd = np.sqrt(np.average((x - mean) ** 2, weights=weight))
        made.append((pl.col(name) - mean) / sd)
    return table.with_columns(made)


def _weights(found: dict[str, FoundTable]) -> dict[str, float]:
    values = read_lait(found["lait"], *(m for m, _ in WEIGHTS.values())).values.filter(
        pl.col("year") == YEAR, pl.col("la_number") == 970, pl.col("status") == "outturn"
    )
    read = dict(values.select("measure_short", "value").iter_rows())
    return {o: float(read.get(measure) or held) for o, (measure, held) in WEIGHTS.items()}


def _collinearity(table: pl.DataFrame) -> tuple[dict[str, float], float]:
    correlation = np.corrcoef(np.stack([table[c].to_numpy() for c in COVARIATES]))
    inverse = np.linalg.inv(correlation)
    return dict(zip(COVARIATES, np.diag(inverse).tolist(), strict=True)), float(correlation[0, 1])


def published_folder(named: Path | None) -> Path:
    """The folder of published files: the one named, else THREECIRCLES_DATA. Raises UsageError without either."""
    folder = named or (Path(held) if (held := os.environ.get("THREECIRCLES_DATA")) else None)
    if folder is None or not folder.is_dir():
        raise UsageError(
            "The folder of published files is not there." if folder else "No folder of published files is named.",
            where=str(folder or ""),
            mend="Give --data FOLDER, or set THREECIRCLES_DATA.",
        )  # fmt: skip
    return folder


def as_dict(found: England) -> dict[str, Any]:
    """What `formula demo-england --json` writes."""
    fits = {
        name: {o: asdict(f) for o, f in fits.items()}
        for name, fits in (("fits", found.fits), ("alone", found.alone))
    }
    return {
        "warning": WARNING,
        "caveat": CAVEAT,
        **fits,
        "sign_depends_on_the_rest": {o: found.flipped(o) for o in OUTCOMES},
        "variance_inflation": found.inflation,
        "correlation_idaci_health": found.correlation,
        "weights": found.weights,
        "relative_share": found.relative,
        "without_counts": found.missing,
    }
