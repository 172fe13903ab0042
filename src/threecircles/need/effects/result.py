"""One record of an estimate, as it goes to page, PDF, CSV and JSON: the word in every one of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl


@dataclass(frozen=True, kw_only=True)
class Result:
    """An estimate of groups. refused: why there is none. Nothing in it is about one child or one centre."""

    plan_id: str
    label: str = ""
    plan_hash: str
    locked: str
    design: str
    word: str
    outcome: str
    scale: str
    estimand: str
    sentence: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    df: float | None = None
    p_permutation: str = ""
    clusters_treated: int = 0
    clusters_comparison: int = 0
    n: int = 0
    flow: list[dict[str, Any]] = field(default_factory=list)
    balance: list[dict[str, Any]] = field(default_factory=list)
    pretrend: dict[str, Any] = field(default_factory=dict)
    lost: dict[str, Any] = field(default_factory=dict)
    sensitivity: dict[str, Any] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)


def as_table(result: Result) -> pl.DataFrame:
    """One row: plan, word, figure, interval, clusters; refused in words."""
    flat = {k: v for k, v in result.plain().items() if not isinstance(v, (list, dict))}
    return pl.DataFrame([flat | {"refused": "; ".join(result.refused)}])


def as_text(result: Result) -> str:
    """The result read aloud: what was done, what was found, what could still be wrong."""
    lines = [
        f"{result.plan_id}: {result.outcome}, {result.design.replace('_', ' ')}",
        result.locked,
    ]
    if result.refused:
        return "\n".join([*lines, "Nothing is estimated:", *(f"- {r}" for r in result.refused)])
    lines += [
        result.sentence,
        f"{result.clusters_treated} places with the service, {result.clusters_comparison} to compare with, "
        f"{result.n} observations, {result.df:.1f} degrees of freedom.",
    ]
    if result.p_permutation:
        lines.append(
            f"Of all ways the places could have been chosen, {result.p_permutation} differ as much."
        )
    for name, part in (("Before the start", result.pretrend), ("Those lost", result.lost),
                       ("A cause nobody measured", result.sensitivity)):  # fmt: skip
        if part:
            lines.append(f"{name}: " + ", ".join(f"{k} {_said(v)}" for k, v in part.items()))
    for row in result.balance:
        lines.append("Balance: " + ", ".join(f"{k} {_said(v)}" for k, v in row.items()))
    return "\n".join(lines)


def _said(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
