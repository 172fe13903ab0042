"""What imperfect links do to the overlap, put right as far as linkage's own evaluation allows.

Missed links make help look rarer than it is; false ones make it look commoner. With sensitivity s (share
of true service users found) and false-match rate f (share of others wrongly found), a share observed
as o is (o - f) / (s - f). Source: Rogan and Gladen, Am. J. Epidemiol. 107 (1978) 71-76.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.design_intervals import Ends, interval
from threecircles.core.errors import UsageError

REGIONS_AND_MARGINS = ("need", "service", "both", "need_only", "service_only", "neither")


@dataclass(frozen=True)
class LinkQuality:
    """Sensitivity and false-match rate of links to services, with their standard errors."""

    sensitivity: float
    false_match: float
    sensitivity_se: float = 0.0
    false_match_se: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.false_match < self.sensitivity <= 1:
            raise UsageError(
                "Linkage finds true service users no more often than others, so nothing can be put right.",
                found=f"sensitivity {self.sensitivity}, false matches {self.false_match}",
            )


def corrected(observed: float, quality: LinkQuality) -> float:
    """The share put right, within 0 and 1."""
    raw = (observed - quality.false_match) / (quality.sensitivity - quality.false_match)
    return min(1.0, max(0.0, raw))


def correct(
    table: pl.DataFrame,
    quality: LinkQuality,
    these_pupils: bool = False,
    rates_of_them: bool = False,
) -> pl.DataFrame:
    """A circles table (measure, value, se, df, n, ... of one group) with need left and the rest put right.

    service and coverage by the formula; both = need x coverage; targeting = both / service. these_pupils: the
    figures are of the pupils on roll and no others; which of their links happen to be missed then adds chance that
    no sampling error holds. Else of the schools as they might have been, whose error holds it already.
    rates_of_them: the rates were told by the links of all these pupils; chance is then in which of them are missed,
    and no longer in how many.
    Columns as given, with value, se, low, high and numerator replaced.
    """
    rows = {r["measure"]: r for r in table.to_dicts()}
    need, service, cover = (rows[m] for m in ("need", "service", "coverage"))
    if any(r["value"] is None for r in (need, service, cover)):
        return table
    c, s = (corrected(r["value"], quality) for r in (cover, service))
    both = min(need["value"] * c, s)
    new = {
        "service": s,
        "both": both,
        "need_only": need["value"] - both,
        "service_only": s - both,
        "neither": 1 - need["value"] - s + both,
        "coverage": c,
        "targeting": both / s if s > 0 else None,
    }
    chance = these_pupils * _chance_of_links(rows, new, quality, rates_of_them)
    errors = _errors(rows, new, quality, chance)
    told = []
    for measure, row in rows.items():
        value = new.get(measure)
        if measure not in errors or value is None:
            told.append(row)
            continue
        df = max(1, row["df"] or 1)
        ends = _ends(value, errors[measure], df, row["n"])
        base = row["denominator"] if measure != "targeting" else s * need["denominator"]
        told.append(
            row
            | {
                "value": value,
                "se": errors[measure],
                "low": float(ends.low[0]),
                "high": float(ends.high[0]),
                "numerator": value * base,
                "denominator": base,
            }
        )
    return pl.DataFrame(told, schema=table.schema)


def _ends(value: float, se: float, df: float, n: float) -> Ends:
    one = np.array([1.0])
    return interval(one * value, one * se, one * df, one * df, one * n, True)


def _errors(
    rows: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, float | None],
    quality: LinkQuality,
    chance: np.ndarray,
) -> dict[str, float]:
    """Standard errors of the corrected figures: sampling, chance of each link, and the evaluation of linkage.

    Every corrected figure is a function of five things that err: need, service and both as observed, and the two
    rates. Its error is their errors along its slopes in them.
    """
    slopes = _slopes(rows, new, quality)
    spread = np.zeros((5, 5))
    spread[:3, :3] = _sampling(rows) + chance
    spread[3, 3], spread[4, 4] = quality.sensitivity_se**2, quality.false_match_se**2
    return {m: float(np.sqrt(max(0.0, g @ spread @ g))) for m, g in slopes.items()}


def _slopes(
    rows: Mapping[str, Mapping[str, Any]], new: Mapping[str, float | None], quality: LinkQuality
) -> dict[str, np.ndarray]:
    """Slopes of each corrected figure in need, service, both (as observed), sensitivity and false matches."""
    s, f = quality.sensitivity, quality.false_match
    gap = s - f
    n, served, b = (float(rows[m]["value"]) for m in ("need", "service", "both"))
    need = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    service = np.array([0.0, 1.0, 0.0, (f - served) / gap, (served - s) / gap]) / gap
    both = np.array([-f, 0.0, 1.0, (f * n - b) / gap, (b - s * n) / gap]) / gap
    made = {
        "service": service,
        "both": both,
        "need_only": need - both,
        "service_only": service - both,
        "neither": both - need - service,
    }
    coverage, targeting = new["coverage"], new["targeting"]
    if coverage is not None and n > 0:
        made["coverage"] = (both - coverage * need) / n
    if targeting is not None and new["service"]:
        made["targeting"] = (both - targeting * service) / new["service"]
    return {m: g for m, g in made.items() if rows[m]["value"] is not None and new[m] is not None}


def _sampling(rows: Mapping[str, Mapping[str, Any]]) -> np.ndarray:
    """Variances and covariances of need, service and both as observed, told by the errors of what they add to."""
    v = {m: float(rows[m]["se"] or 0.0) ** 2 for m in REGIONS_AND_MARGINS}
    n_b = (v["need"] + v["both"] - v["need_only"]) / 2
    s_b = (v["service"] + v["both"] - v["service_only"]) / 2
    # neither = 1 - need - service + both.
    n_s = (v["neither"] - v["need"] - v["service"] - v["both"]) / 2 + n_b + s_b
    return np.array(
        [[v["need"], n_s, n_b], [n_s, v["service"], s_b], [n_b, s_b, v["both"]]], dtype=float
    )


def _chance_of_links(
    rows: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, float | None],
    quality: LinkQuality,
    rates_of_them: bool,
) -> np.ndarray:
    """What service and both owe to which links happen to be missed or false, were the rates known exactly.

    Each child for himself, those who did not answer too: of them the survey's error holds only how answers
    differ from those of the children asked.
    """
    s, f = quality.sensitivity, quality.false_match
    children = max(1.0, float(rows["need"]["denominator"]))
    need, service, both = float(rows["need"]["value"]), new["service"] or 0.0, new["both"] or 0.0

    def chance(share: float, base: float) -> float:
        return (share * s * (1 - s) + max(0.0, base - share) * f * (1 - f)) / children

    of_both, of_service = chance(both, need), chance(service, 1.0)
    if rates_of_them:
        # How many links are missed is known; those of children with high need are a draw from them.
        apart = 1 - both / service if service > 0 else 0.0
        return np.diag([0.0, 0.0, of_both * apart])
    return np.array([[0.0, 0.0, 0.0], [0.0, of_service, of_both], [0.0, of_both, of_both]])


def pooled(
    values: Sequence[float], variances: Sequence[float], df: float
) -> tuple[float, float, float]:
    """Mean, standard error and degrees of freedom over link draws.

    Rubin's rules: mean variance within + (1 + 1/m) variance between. Source: Rubin, Multiple
    Imputation (1987) ch. 3; degrees of freedom by Barnard and Rubin, Biometrika 86 (1999) 948-955.
    """
    m = len(values)
    within = float(np.mean(variances))
    between = float(np.var(values, ddof=1)) if m > 1 else 0.0
    total = within + (1 + 1 / m) * between
    if between == 0 or total == 0:
        return float(np.mean(values)), float(np.sqrt(total)), df
    share = (1 + 1 / m) * between / total
    drawn = (m - 1) / share**2
    seen = (df + 1) / (df + 3) * df * (1 - share)
    # Where all error comes from the draws, only how many there were limits what is known of it.
    inverse = 1 / drawn + (1 / seen if seen > 0 else 0.0)
    return float(np.mean(values)), float(np.sqrt(total)), 1 / inverse
