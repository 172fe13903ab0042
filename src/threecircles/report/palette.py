"""Colours of charts, read from their definition: without it red would mean something else on each page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from threecircles.definitions import Definition, load


@dataclass(frozen=True, kw_only=True)
class Palette(Definition):
    """Hexadecimal colours by use; see the definition for contrast and source."""

    categorical: tuple[str, ...]
    text: tuple[str, ...]
    sequential: tuple[str, ...]
    need: str
    service: str
    ground: str
    ground_line: str
    quiet: str
    rule: str


@cache
def palette() -> Palette:
    """The palette in use."""
    return load("report/palette", Palette)
