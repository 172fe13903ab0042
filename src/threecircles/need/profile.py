"""What need is made of: each impairment and risk, how many a child carries, and who carries most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from threecircles.core.inequality import ridits
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.areas import FIFTHS
from threecircles.need.ground import Ground
from threecircles.need.high_need import HighNeed
from threecircles.need.measured import VALUES, Told, figures
from threecircles.need.shares import means, shares, slope

ASSOCIATION_NOTE = "Figures that go together are not thereby cause and effect."


def dimensions_table(ground: Ground, need: HighNeed, told: Told) -> Measured:
    """need-dimensions: share of children with each impairment and risk, and the mean of its scale.

    Dimension `construct`; measures share (of those observed) and mean (1 to 5). The distribution of the
    scores stands in need-distribution, and no mean is shown without it.
    """
    rows = []
    for c in need.criteria:
        has = ground.respondents[f"has_{c.construct}"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        score = ground.respondents[c.scale].fill_null(np.nan).to_numpy()
        share = shares(ground, {"share": (has == 1, np.isfinite(has))})
        rows.append(
            pl.concat([share, means(ground, {"mean": score})]).with_columns(
                construct=pl.lit(c.construct)
            )
        )
    labels = {c.construct: c.label for c in need.criteria}
    construct = Dimension(
        column="construct", label="Impairment or risk", order=tuple(labels), labels=labels
    )
    spec = _spec(
        "need-dimensions", "Impairments and risks, by pupils' own answers", (construct,), told
    )
    return Measured(spec, figures(pl.concat(rows), ["construct"]))


def distribution_table(ground: Ground, need: HighNeed, told: Told) -> Measured:
    """need-distribution: the whole distribution of every score and of the number of impairments and risks.

    Dimensions `construct` (a scale's construct, or impairments, or risks: how many) and `score`
    (rounded half away to whole answers, or the number); measure share.
    """
    parts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for c in need.criteria:
        nearest = (ground.respondents[c.scale] + 0.5 + 1e-9).floor()
        score = nearest.cast(pl.Int64).cast(pl.String).to_list()
        parts |= _spread(c.construct, score, [str(i) for i in range(1, 6)])
    for name, column, most in (
        ("impairments", "n_impairments", len(need.impairments)),
        ("risks", "n_risks", len(need.risks)),
    ):
        counts = [str(v) for v in ground.respondents[column]]
        parts |= _spread(name, counts, [str(i) for i in range(most + 1)])
    table = shares(ground, parts).with_columns(
        construct=pl.col("measure").str.split("|").list.get(0),
        score=pl.col("measure").str.split("|").list.get(1),
        measure=pl.lit("share"),
    )
    labels = {c.construct: c.label for c in need.criteria} | {
        "impairments": "Number of impairments",
        "risks": "Number of risks",
    }
    construct = Dimension(
        column="construct", label="What was scored", order=tuple(labels), labels=labels
    )
    answer = Dimension(
        column="score", label="Score or number", order=tuple(str(i) for i in range(6))
    )
    spec = _spec("need-distribution", "How answers are spread", (construct, answer), told)
    return Measured(spec, figures(table, ["construct", "score"]))


def gradient_table(ground: Ground, told: Told) -> Measured:
    """need-gradient: high need by deprivation fifth, with slope and relative index of inequality.

    Measures: need (share), and for All slope_index (difference between the most and the least deprived
    end of the scale) and relative_index (the same over the mean).
    """
    fifth = ground.respondents["deprivation"].to_numpy()
    high = (ground.respondents["need"] == "high").to_numpy()
    everyone = np.ones(len(high), dtype=bool)
    found = [f for f in FIFTHS if (fifth == f).any()]
    parts = {TOTAL: (high, everyone)} | {
        f: (high, fifth == f) for f in [*found, "not_known"] if (fifth == f).any()
    }
    table = shares(ground, parts).with_columns(
        deprivation=pl.col("measure"), measure=pl.lit("need")
    )
    if len(found) >= 3:
        table = pl.concat([table, _indices(ground, fifth, found, high).select(table.columns)])
    labels = {TOTAL: "All", "not_known": "Not known", **FIFTHS}
    dimension = Dimension(
        column="deprivation",
        label="Deprivation of the home area, in fifths of England",
        order=(TOTAL, *found, "not_known"),
        labels=labels,
    )
    spec = _spec("need-gradient", "High need by deprivation", (dimension,), told)
    return Measured(spec, figures(table, ["deprivation"]))


def _indices(
    ground: Ground, fifth: np.ndarray, found: Sequence[str], high: np.ndarray
) -> pl.DataFrame:
    least_first = list(reversed(found))
    population = np.array([ground.weights[fifth == f].sum() for f in least_first])
    place = dict(zip(least_first, ridits(population), strict=True))
    known = np.isin(fifth, found)
    ridit = np.array([place.get(f, 0.0) for f in fifth])
    absolute = slope(ground, "slope_index", high.astype(float), ridit, known)
    mean = float((ground.weights * known) @ high / (ground.weights * known).sum())
    relative = absolute.with_columns(
        pl.col("value", "se", "low", "high") / mean, measure=pl.lit("relative_index")
    )
    return pl.concat([absolute, relative]).with_columns(deprivation=pl.lit(TOTAL))


def _spread(
    name: str, values: Sequence[str | None], order: Sequence[str]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    held = np.array([v or "" for v in values])
    known = held != ""
    return {f"{name}|{v}": (held == v, known) for v in order}


def _spec(name: str, title: str, dimensions: tuple[Dimension, ...], told: Told) -> TableSpec:
    return TableSpec(
        id=name,
        title=title,
        population=told.population,
        period=told.period,
        unit="share of children",
        dimensions=dimensions,
        count="n_with",
        values=VALUES,
        kind="share",
        page="need",
        notes=(
            told.rule,
            "Our own questions, not validated scales.",
            ASSOCIATION_NOTE,
            *told.notes,
        ),
        definitions=told.definitions,
        sources=("survey-pupils",),
        step="need.circles",
    )
