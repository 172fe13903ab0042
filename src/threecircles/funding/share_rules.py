"""Who gets what part of a sum of money, by written rules: without them shares would be somebody's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.rounding import largest_remainder
from threecircles.definitions import Definition, load, load_text

UNALLOCATED = "unallocated"
Dimension = Literal[
    "prevention_level", "outcome_area", "service_id", "age_band", "area_code", "factor"
]
DIMENSIONS: tuple[str, ...] = get_args(Dimension)
"""What money can be shared over."""
Kind = Literal["fixed", "headcount", "activity", "area", "cost_weighted"]


@dataclass(frozen=True, kw_only=True)
class ShareRule:
    """How the lines that start with one of `lines` are shared over a dimension.

    fixed: `shares` by part, at most 1 together; what is left is unallocated. headcount, activity, area,
    cost_weighted: in proportion to a measured amount, named by `activity` with its `period`; cost_weighted
    multiplies it by `unit_costs` (pence).
    """

    id: str
    version: int
    lines: list[str]
    kind: Kind
    reason: str
    author: str
    on: str
    confidence: Literal["measured", "agreed", "assumed"]
    dimension: Dimension
    shares: dict[str, float] = field(default_factory=dict)
    activity: str = ""
    period: str = ""
    unit_costs: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind == "fixed":
            if (
                not self.shares
                or min(self.shares.values()) < 0
                or sum(self.shares.values()) > 1 + 1e-9
            ):
                raise ValueError(
                    f"The shares of {self.id} must be nought or more and at most 1 together."
                )
        elif not self.activity or not self.period:
            raise ValueError(f"{self.id} needs the activity it goes by, and its period.")
        if self.kind == "cost_weighted" and not self.unit_costs:
            raise ValueError(f"{self.id} needs unit_costs.")


@dataclass(frozen=True, kw_only=True)
class ShareRules(Definition):
    """A set of rules. Two rules that hold for one line on one dimension are refused."""

    rules: list[ShareRule]

    def __post_init__(self) -> None:
        ids = [r.id for r in self.rules]
        if len(set(ids)) < len(ids):
            raise ValueError("Two rules have the same id.")

    def of(self, line: str, dimension: str) -> ShareRule | None:
        """The rule of a line: that with the longest matching start. Raises UsageError for a tie."""
        fits = [
            (len(start), rule)
            for rule in self.rules
            if rule.dimension == dimension
            for start in rule.lines
            if line == start or line.startswith(start + ".")
        ]
        if not fits:
            return None
        longest = max(length for length, _ in fits)
        best = [rule for length, rule in fits if length == longest]
        if len(best) > 1:
            raise UsageError(
                f"Two rules share line {line} over {dimension}.",
                found=", ".join(r.id for r in best),
            )
        return best[0]


def load_share_rules(name: str) -> ShareRules:
    """A shipped set by id, or a file by path. Raises an error naming file and line."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.exists():
            raise UsageError("There is no such set of rules.", where=name)
        return load_text(path.read_text(encoding="utf-8-sig"), ShareRules, where=path.name)
    return load(f"share_rules/{name}", ShareRules)


def weights(rule: ShareRule, amounts: Mapping[str, float] | None) -> dict[str, float]:
    """The share of each part under a rule; what is left of 1 is unallocated.

    amounts: by part, for every kind but fixed. Raises UsageError where they are missing or below nought.
    """
    if rule.kind == "fixed":
        made = dict(rule.shares)
    else:
        if not amounts:
            return {UNALLOCATED: 1.0}
        if min(amounts.values()) < 0:
            raise UsageError(f"The amounts of {rule.activity} are below nought.", found=rule.id)
        cost = rule.unit_costs
        weighted = {
            part: amount * (cost.get(part, 0.0) if rule.kind == "cost_weighted" else 1.0)
            for part, amount in amounts.items()
        }
        total = sum(weighted.values())
        made = {p: w / total for p, w in weighted.items()} if total > 0 else {}
    left = 1.0 - sum(made.values())
    return {**made, UNALLOCATED: left} if left > 1e-9 else made


def shared(
    lines: pl.DataFrame,
    rules: ShareRules,
    dimension: str,
    amounts: Mapping[str, Mapping[str, float]] | None = None,
) -> pl.DataFrame:
    """Each sum split over a dimension; the parts add up to it to the penny.

    lines: spend_id, budget_line, net_pence and any of `ring_fence_area` (list). amounts: activity ->
    part -> amount. Columns: spend_id, budget_line, part, share, pence, rule_id, confidence. A line without
    a rule is unallocated. Fenced money may go only to areas of its fence: a part outside is refused.
    """
    rows = []
    fences = (
        lines["ring_fence_area"] if "ring_fence_area" in lines.columns else [None] * lines.height
    )
    for (spend_id, line, pence), fence in zip(
        lines.select("spend_id", "budget_line", "net_pence").iter_rows(), fences, strict=True
    ):
        rule = rules.of(line, dimension)
        if rule is None:
            made, rule_id, confidence = {UNALLOCATED: 1.0}, "", ""
        else:
            made = weights(rule, (amounts or {}).get(rule.activity))
            rule_id, confidence = f"{rule.id} v{rule.version}", rule.confidence
        if fence is not None and dimension == "area_code":
            _check_fence(spend_id, list(fence), made)
        for part, share, own in _pennies(made, pence):
            rows.append((spend_id, line, part, share, own, rule_id, confidence))
    return pl.DataFrame(
        rows,
        schema={
            "spend_id": pl.Utf8,
            "budget_line": pl.Utf8,
            "part": pl.Utf8,
            "share": pl.Float64,
            "pence": pl.Int64,
            "rule_id": pl.Utf8,
            "confidence": pl.Utf8,
        },
        orient="row",
    )


def _pennies(made: Mapping[str, float], pence: int | None) -> list[tuple[str, float, int | None]]:
    if pence is None:
        return [(part, share, None) for part, share in made.items()]
    sign = -1 if pence < 0 else 1
    whole = largest_remainder(list(made.values()), abs(pence))
    return [(p, s, sign * w) for (p, s), w in zip(made.items(), whole, strict=True)]


def _check_fence(spend_id: str, fence: Sequence[str], made: Mapping[str, float]) -> None:
    outside = [p for p, s in made.items() if s > 0 and p != UNALLOCATED and p not in fence]
    if outside:
        raise UsageError(
            f"{spend_id} may be spent in {len(fence)} areas only.",
            found=", ".join(outside[:10]),
            mend="Change the share rule: fenced money goes to areas of its fence.",
        )
