"""Rounding half away from zero and splitting to the penny: without it totals would not add up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal


def round_half_away(x: float, decimals: int = 0) -> float:
    """x rounded to decimals, halves away from zero, judged on the number as it prints (2.675 -> 2.68)."""
    step = Decimal(1).scaleb(-decimals)
    return float(Decimal(repr(float(x))).quantize(step, rounding=ROUND_HALF_UP))


def round_to(x: float, base: int) -> int:
    """x rounded to the nearest multiple of base, halves away from zero."""
    return int(round_half_away(x / base)) * base


def largest_remainder(shares: Sequence[float], total: int) -> list[int]:
    """Whole parts of total in proportion to shares that add up to total exactly.

    Ties go to the earlier share. Raises ValueError when shares are negative or all nought.
    """
    weight = sum(Decimal(repr(float(s))) for s in shares)
    if weight <= 0 or any(s < 0 for s in shares):
        raise ValueError("Shares must not be negative and not all be nought.")
    exact = [Decimal(repr(float(s))) * total / weight for s in shares]
    parts = [int(e // 1) for e in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
