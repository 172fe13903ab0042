"""Bands of ages and scores: without one reader "5-9" would mean different things in different rooms."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from threecircles.core.errors import UsageError


@dataclass(frozen=True)
class Band:
    """Whole numbers from low to high, both inclusive; high None is open."""

    label: str
    low: int
    high: int | None


@dataclass(frozen=True)
class Bands:
    """Bands in rising order that do not overlap."""

    bands: tuple[Band, ...]

    @classmethod
    def parse(cls, text: str) -> Bands:
        """Bands from a text such as "0,1-4,5-9,10-15,16+". Raises UsageError when they overlap."""
        bands = tuple(_band(part.strip()) for part in text.split(","))
        for before, after in itertools.pairwise(bands):
            if before.high is None or after.low <= before.high:
                raise UsageError(
                    "Bands must rise and not overlap.",
                    found=text,
                    allowed="for example 0-4,5-9,10+",
                )
        return cls(bands)

    def label(self, x: float | None) -> str | None:
        """The label of the band that holds x; None for an unknown x or one outside all bands."""
        if x is None:
            return None
        return next(
            (b.label for b in self.bands if b.low <= x and (b.high is None or x < b.high + 1)), None
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels in order."""
        return tuple(b.label for b in self.bands)


def _band(text: str) -> Band:
    try:
        if text.endswith("+"):
            return Band(text, int(text[:-1]), None)
        low, _, high = text.partition("-")
        return Band(text, int(low), int(high or low))
    except ValueError:
        raise UsageError("A band cannot be read.", found=text, allowed="0-4, 5 or 16+") from None
