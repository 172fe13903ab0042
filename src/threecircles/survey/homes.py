"""Where young people live who left care: one share "suitable" would hide those in custody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from threecircles.core.errors import UsageError

KINDS = (
    "own tenancy", "staying put", "with family", "supported", "lodgings", "temporary", "none", "custody",
    "abroad", "other", "not known", "not in touch",
)  # fmt: skip


@dataclass(frozen=True)
class Homes:
    """Kinds of home with their counts; suitable: as recorded; custody_suitable: of these in custody."""

    kinds: Mapping[str, int]
    suitable: int
    custody_suitable: int

    @property
    def total(self) -> int:
        """All young people, with those not in touch and not known."""
        return sum(self.kinds.values())

    def lines(self, module: Mapping[str, str] | None = None) -> list[str]:
        """The figures as they may be shown. module: what those asked said, by kind; None = not asked."""
        custody = self.kinds.get("custody", 0)
        told = [f"{kind}: {self.kinds.get(kind, 0)}" for kind in KINDS]
        without = self.suitable - self.custody_suitable
        told.append(
            f"Recorded as suitable: {without} of {self.total} young people, custody left out; "
            f"in custody: {custody}, of whom {self.custody_suitable} are recorded as suitable."
        )
        for kind in KINDS:
            told.append(f"How it is for them, {kind}: {(module or {}).get(kind, 'not asked')}")
        told.append("A roof is not safety.")
        return told


def homes(table: pl.DataFrame) -> Homes:
    """From one row a young person: kind (of KINDS; null = not known) and suitable (bool, null = not recorded)."""
    kind = pl.col("kind").fill_null("not known")
    told = table.with_columns(kind)
    unknown = sorted(set(told["kind"]) - set(KINDS))
    if unknown:
        raise UsageError(
            "There is no such kind of home.", found=", ".join(unknown), allowed=", ".join(KINDS)
        )
    counts = dict(told.group_by("kind").len().iter_rows())
    good = told.filter(pl.col("suitable").fill_null(False))
    return Homes(counts, good.height, good.filter(pl.col("kind") == "custody").height)
