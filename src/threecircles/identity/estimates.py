"""How good a linkage is, from a sample that people reviewed: without it p would vouch for itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from threecircles.core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """Pairs of one kind. pairs: how many there are; reviewed: how many were looked at; same: how many
    of those are one person; linked: whether the linkage joined them."""

    pairs: int
    reviewed: int
    same: int
    linked: bool

    def __post_init__(self) -> None:
        if not 0 <= self.same <= self.reviewed <= self.pairs or (self.pairs and not self.reviewed):
            raise UsageError(
                "A stratum needs 0 <= same <= reviewed <= pairs, and at least one reviewed."
            )


@dataclass(frozen=True)
class Quality:
    """precision and recall with standard errors; links: as made; true_links: as they should be."""

    precision: float
    precision_se: float
    recall: float
    recall_se: float
    links: int
    true_links: float

    def intervals(self, z: float = 1.96) -> tuple[tuple[float, float], tuple[float, float]]:
        """95% intervals of precision and recall, kept within 0 and 1."""
        return (
            (
                max(0.0, self.precision - z * self.precision_se),
                min(1.0, self.precision + z * self.precision_se),
            ),
            (
                max(0.0, self.recall - z * self.recall_se),
                min(1.0, self.recall + z * self.recall_se),
            ),
        )


def from_review(strata: list[Stratum]) -> Quality:
    """Precision and recall of a linkage from a stratified review sample.

    TP = sum over linked strata of pairs x same / reviewed, FN the same over candidates not linked;
    precision = TP / links, recall = TP / (TP + FN). Variances with finite-population correction,
    recall by the delta method. Source: stratified estimation of a total, Cochran, Sampling
    Techniques, 1977, chapter 5.
    """
    linked = [s for s in strata if s.linked and s.pairs]
    left = [s for s in strata if not s.linked and s.pairs]
    links = sum(s.pairs for s in linked)
    if not links:
        raise UsageError("Without a stratum of linked pairs there is no precision.")
    tp, fn = sum(map(_total, linked)), sum(map(_total, left))
    var_tp, var_fn = sum(map(_variance, linked)), sum(map(_variance, left))
    true = tp + fn
    recall_var = (fn**2 * var_tp + tp**2 * var_fn) / true**4 if true else 0.0
    return Quality(
        tp / links, sqrt(var_tp) / links, tp / true if true else 0.0, sqrt(recall_var), links, true
    )


def corrected_overlap(observed: float, quality: Quality) -> float:
    """An overlap of two sources freed of linkage error: observed x precision / recall."""
    return observed * quality.precision / quality.recall


def rubin(values: list[float], variances: list[float]) -> tuple[float, float]:
    """Mean and total variance of an estimate over link draws.

    values, variances: the estimate and its own variance in each draw. Source: Rubin, Multiple
    Imputation for Nonresponse in Surveys, 1987.
    """
    m = len(values)
    mean = sum(values) / m
    within = sum(variances) / m
    between = sum((v - mean) ** 2 for v in values) / (m - 1) if m > 1 else 0.0
    return mean, within + (1 + 1 / m) * between


def _total(s: Stratum) -> float:
    return s.pairs * s.same / s.reviewed


def _variance(s: Stratum) -> float:
    if s.reviewed < 2:
        return 0.0
    share = s.same / s.reviewed
    return s.pairs**2 * (1 - s.reviewed / s.pairs) * share * (1 - share) / (s.reviewed - 1)
