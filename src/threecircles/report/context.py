"""What a pack is about: without it each page would guess the place, the period and its maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Context:
    """The place and period of a pack.

    place: its name for people. la_code: ONS code. period: in words. boundaries: GeoJSON files by
    dimension column (ward, lsoa21). edition: who may read it. limits: what came late or not at all,
    as sentences.
    """

    place: str
    la_code: str
    period: str
    made_on: date
    fictitious: bool = False
    boundaries: dict[str, Path] = field(default_factory=dict)
    edition: str = "public"
    contact: str = ""
    limits: tuple[str, ...] = ()
