"""Which parts of a place are asked for: without it a slip in a name would leave a file out and say nothing."""

from __future__ import annotations

from collections.abc import Iterable

from threecircles.core.errors import UsageError, did_you_mean

DELIVERIES = (
    "cin", "s903", "school", "early_help", "youth_justice", "survey", "survey_holder", "eyfs", "two_year_review",
    "speech_therapy", "early_years_census", "two_year_place", "alternative_provision", "s251", "ledger",
    "health_ledger", "ro3", "register", "service_outcome", "attendance", "joint_pool",
)  # fmt: skip
ALWAYS = "place"
"""place.yaml is always written: asked for alone, nothing else is."""
PARTS = (*DELIVERIES, "truth", "reference", ALWAYS)


def parts(only: Iterable[str] | None) -> set[str] | None:
    """The parts asked for, None for all. A name stands for all that begin with it: survey, two_year.

    Raises UsageError for a name that stands for nothing.
    """
    if only is None:
        return None
    wanted = {name.strip() for name in only}
    for name in sorted(wanted):
        if not any(_stands_for(name, part) for part in PARTS):
            raise UsageError(
                "A made-up place has no such part.",
                found=name,
                allowed=", ".join(PARTS),
                mend=did_you_mean(name, PARTS),
            )
    return wanted


def is_wanted(part: str, wanted: set[str] | None) -> bool:
    """Whether a part is among those asked for, by its name or the first words of it; None asks for all."""
    return wanted is None or any(_stands_for(name, part) for name in wanted)


def _stands_for(name: str, part: str) -> bool:
    return part == name or part.startswith(f"{name}_")
