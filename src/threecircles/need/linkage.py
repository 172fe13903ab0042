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
from scipy.stats import t

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


def correct(table: pl.DataFrame, quality: LinkQuality) -> pl.DataFrame:
    """A circles table (measure, value, se, df, ... of one group) with need left and the rest put right.

    service and coverage by the formula; both = need x coverage; targeting = both / service. Ends by t.
    Columns as circles', with value, low, high, se replaced. Need itself does not depend on links.
    """
    rows = {r["measure"]: r for r in table.to_dicts()}
    need, service, cover = (rows[m] for m in ("need", "service", "coverage"))
    if any(r["value"] is None for r in (need, service, cover)):
        return table
    c = corrected(cover["value"], quality)
    s = corrected(service["value"], quality)
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
    told = []
    for measure, row in rows.items():
        if measure not in new or new[measure] is None:
            told.append(row)
            continue
        se = _error(measure, rows, quality)
        value = new[measure]
        half = float(t.ppf(0.975, max(1, row["df"] or 1))) * se
        numerator = value * row["denominator"]
        if measure == "targeting" and service["value"]:
            numerator = both * need["denominator"]
        told.append(
            row
            | {
                "value": value,
                "se": se,
                "low": max(0.0, value - half),
                "high": min(1.0, value + half),
                "numerator": numerator,
            }
        )
    return pl.DataFrame(told, schema=table.schema)


def _error(measure: str, rows: dict[str, dict], quality: LinkQuality) -> float:
    row = rows[measure]
    if measure in ("service", "coverage"):
        return corrected_error(row["value"], row["se"], quality)
    # The others are differences and products of these; their sampling error grows by the same factor.
    return float(row["se"]) / (quality.sensitivity - quality.false_match)


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
    return float(np.mean(values)), float(np.sqrt(total)), 1 / (1 / drawn + 1 / seen)
