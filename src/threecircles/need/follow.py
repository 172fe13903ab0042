"""Does an early measure foretell a later one? Told of groups, as a reason for or against relying on it.

No score is kept, no cut-off is sought, and one child cannot be asked about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.accuracy import Area, area_under_curve, at_cut
from threecircles.core.errors import UsageError
from threecircles.core.intervals import Interval, wilson

LEAST = 30
BANDS = 4
WEAK = 0.7
MARKED = 0.03


@dataclass(frozen=True)
class Foretold:
    """bands: by quarter of the early measure n, share with the later outcome, low, high. area: under the curve;
    weighted: the same with each child weighing 1 / chance of being followed. flow: children measured early,
    followed, lost. sensitivity, specificity: at the published cut, or None."""

    bands: pl.DataFrame
    area: Area
    weighted: Area
    flow: dict[str, int]
    sensitivity: Interval | None
    specificity: Interval | None


def foretold(rows: pl.DataFrame, cut: float | None = None) -> Foretold:
    """From one row a child: early (higher = more concern), later (1 or 0, null = lost), and any columns known
    at the early stage, by which the chance of being followed is reckoned.

    cut: published; a child at or above it counts as noted. Raises UsageError below 30 followed children.
    """
    measured = rows.drop_nulls("early")
    kept = measured.drop_nulls("later")
    if kept.height < LEAST:
        raise UsageError(
            "Too few children were followed to say anything of a group.",
            found=f"{kept.height} children", allowed=f"{LEAST} or more",
            mend="Join cohorts; one child or a handful is never told of.",
        )  # fmt: skip
    early = kept["early"].cast(pl.Float64).to_numpy()
    later = kept["later"].cast(pl.Float64).to_numpy() == 1
    weights = 1 / _followed(measured)[measured["later"].is_not_null().to_numpy()]
    ends = None
    if cut is not None:
        noted = early >= cut
        ends = at_cut(
            int((noted & later).sum()),
            int(later.sum()),
            int((noted & ~later).sum()),
            int((~later).sum()),
        )
    flow = {
        "measured": measured.height,
        "followed": kept.height,
        "lost": measured.height - kept.height,
    }
    return Foretold(
        _bands(early, later),
        area_under_curve(early[later], early[~later]),
        area_under_curve(early[later], early[~later], weights[later], weights[~later]),
        flow,
        ends[0] if ends else None,
        ends[1] if ends else None,
    )


def told_in_words(told: Foretold) -> list[str]:
    """The result read aloud."""
    flow, area = told.flow, told.area
    lines = [
        f"{flow['measured']:,} children were measured early; {flow['followed']:,} have a later record, {flow['lost']:,} have none.",
        *(
            f"Early measure {r['band']}: {r['n']:,} children, {100 * r['share']:.0f}% later ({100 * r['low']:.0f}-{100 * r['high']:.0f})"
            for r in told.bands.iter_rows(named=True)
        ),
        f"Area under the curve {area.value:.3f} ({area.low:.3f}-{area.high:.3f}); 0.5 is no better than a coin.",
    ]
    if abs(told.weighted.value - area.value) > MARKED:
        lines.append(
            f"Weighted for children who were lost it is {told.weighted.value:.3f}: those lost were not like the rest."
        )
    if told.sensitivity and told.specificity:
        lines.append(
            f"At the published cut {100 * told.sensitivity.low:.0f}-{100 * told.sensitivity.high:.0f}% of those with the later "
            f"outcome had been noted, and {100 * told.specificity.low:.0f}-{100 * told.specificity.high:.0f}% of the others had not."
        )
    if area.low < WEAK:
        lines.append("That is a reason not to sort children by this measure.")
    return lines


def _bands(early: np.ndarray, later: np.ndarray) -> pl.DataFrame:
    edges = np.unique(np.quantile(early, np.linspace(0, 1, BANDS + 1)))
    place = np.clip(np.searchsorted(edges, early, side="right") - 1, 0, max(0, len(edges) - 2))
    rows = []
    for k in np.unique(place):
        inside = place == k
        n, yes = int(inside.sum()), int(later[inside].sum())
        ends = wilson(yes, n)
        top = edges[min(k + 1, len(edges) - 1)]
        rows.append((f"{edges[k]:g} to {top:g}", n, yes / n, ends.low, ends.high))
    return pl.DataFrame(rows, schema=["band", "n", "share", "low", "high"], orient="row")


def _followed(measured: pl.DataFrame) -> np.ndarray:
    """Chance of having a later record, by a logistic line in what is known at the early stage."""
    known = [c for c in measured.columns if c != "later" and measured[c].dtype.is_numeric()]
    x = measured.select(pl.col(known).cast(pl.Float64).fill_null(strategy="mean")).to_numpy()
    spread = x.std(axis=0)
    z = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)])
    y = measured["later"].is_not_null().to_numpy().astype(float)
    if y.all():
        return np.ones(len(y))
    b = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(z @ b, -30, 30)))
        step = np.linalg.lstsq((z * (p * (1 - p))[:, None]).T @ z, z.T @ (y - p), rcond=None)[0]
        b = b + np.clip(step, -2, 2)
    return np.asarray(np.clip(1 / (1 + np.exp(-z @ b)), 0.02, 1.0))
