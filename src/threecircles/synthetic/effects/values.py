"""Values of a user's own effects, checked: without it a slip of the pen would plant something else in silence."""

from __future__ import annotations

from typing import Any

from threecircles.core.errors import DefinitionError, did_you_mean
from threecircles.definitions.yaml12 import parse
from threecircles.synthetic.profile import HOME, Section

LIMITS = {
    "ratio": (0.1, 2.0), "shift": (-3.0, 3.0), "share": (0.01, 0.9), "uptake": (0.05, 1.0),
    "schools": (8, 500), "steps": (2, 12), "families": (10, 100_000), "log_rate": (-1.0, 1.0),
    "years_before": (1, 4), "below": (0.01, 0.9),
}  # fmt: skip
"""Least and most of a value, wherever it stands in the section."""


def check_effects(section: Section) -> None:
    """Raise DefinitionError for a service, key or value that the section `effects` cannot hold."""
    shipped = parse((HOME / "effects.yaml").read_text(encoding="utf-8"), "effects.yaml").plain()
    _check(section.data, shipped["effects"], "effects", section.file)


def _check(own: dict[str, Any], known: dict[str, Any], name: str, file: str) -> None:
    for key, value in own.items():
        if key not in known:
            raise DefinitionError(
                f"{name} has no {key}.", where=file, found=key, allowed=", ".join(known),
                mend=did_you_mean(key, known),
            )  # fmt: skip
        if isinstance(known[key], dict) != isinstance(value, dict):
            raise DefinitionError(f"{name}.{key} has another shape.", where=file, found=str(value))
        if isinstance(value, dict) and key != "number":
            _check(value, known[key], f"{name}.{key}", file)
        low, high = LIMITS.get(key, (float("-inf"), float("inf")))
        if key in LIMITS and not (isinstance(value, (int, float)) and low <= value <= high):
            raise DefinitionError(
                f"{name}.{key} cannot be this.", where=file, found=str(value), allowed=f"{low:g} to {high:g}"
            )  # fmt: skip
