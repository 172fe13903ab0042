"""Rates: one way to divide, so that a nought population never becomes a figure."""

from __future__ import annotations


def rate(numerator: float | None, denominator: float | None, per: float = 10_000) -> float | None:
    """numerator / denominator x per; None when either is unknown or the denominator is not above nought."""
    if numerator is None or denominator is None or denominator <= 0:
        return None
    return numerator / denominator * per
