"""What imperfect links do to the overlap, put right as far as linkage's own evaluation allows.

Missed links make help look rarer than it is; false ones make it look commoner. With sensitivity s (share
of true service users found) and false-match rate f (share of others wrongly found), a share observed
as o is (o - f) / (s - f). Source: Rogan and Gladen, Am. J. Epidemiol. 107 (1978) 71-76.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.design_intervals import Ends, interval
from threecircles.core.errors import UsageError

CORRECTED = ("service", "both", "need_only", "service_only", "neither", "coverage", "targeting")


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


def corrected_error(observed: float, se: float, quality: LinkQuality) -> float:
    """Standard error of the corrected share, from sampling and from the evaluation of linkage."""
    s, f = quality.sensitivity, quality.false_match
    gap = s - f
    by_f = (observed - s) / gap**2
    by_s = (f - observed) / gap**2
    variance = (
        (se / gap) ** 2
        + (by_f * quality.false_match_se) ** 2
        + (by_s * quality.sensitivity_se) ** 2
    )
    return float(np.sqrt(variance))


def correct(table: pl.DataFrame, quality: LinkQuality, pupils: int | None = None) -> pl.DataFrame:
    """A circles table (measure, value, se, df, n, ... of one group) with need left and the rest put right.

    service and coverage by the formula; both = need x coverage; targeting = both / service. pupils: on
    roll, where service is known of all of them; which links were missed then adds chance that no sampling
    error holds. None = the schools as they might have been, whose error holds it already. Columns as given, with value, se, low, high and numerator replaced.
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
    errors = _errors(rows, new, quality, pupils)
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
    rows: dict[str, dict], new: dict[str, float | None], quality: LinkQuality, pupils: int | None
) -> dict[str, float]:
    """Standard errors of the corrected figures: sampling, chance of each link, and the evaluation of linkage."""
    gap = quality.sensitivity - quality.false_match
    found = {}
    for measure in CORRECTED:
        row, value = rows[measure], new[measure]
        if row["value"] is None or value is None:
            continue
        if measure in ("service", "coverage"):
            sampled = corrected_error(row["value"], row["se"], quality)
        else:
            # Differences and products of these two: their sampling error grows by the same factor.
            sampled = float(row["se"]) / gap
        found[measure] = float(np.hypot(sampled, _chance(measure, rows, new, quality, pupils)))
    return found


def _chance(
    measure: str,
    rows: dict[str, dict],
    new: dict[str, float | None],
    quality: LinkQuality,
    pupils: int | None,
) -> float:
    """Error from which links happen to be missed or false, were the rates known exactly."""
    if pupils is None:
        return 0.0
    s, f = quality.sensitivity, quality.false_match
    gap = s - f
    base = float(pupils)
    share = float(new["service"] or 0)
    service = (share * s * (1 - s) + (1 - share) * f * (1 - f)) / base / gap**2
    cover = float(new["coverage"] or 0)
    with_need = max(1.0, float(rows["coverage"]["n"]))
    coverage = (cover * s * (1 - s) + (1 - cover) * f * (1 - f)) / with_need / gap**2
    need = float(rows["need"]["value"])
    variance = {
        "service": service,
        "coverage": coverage,
        "both": need**2 * coverage,
        "need_only": need**2 * coverage,
        "service_only": service + need**2 * coverage,
        "neither": service + need**2 * coverage,
        "targeting": (need / share) ** 2 * coverage if share > 0 else 0.0,
    }[measure]
    return float(np.sqrt(variance))


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
