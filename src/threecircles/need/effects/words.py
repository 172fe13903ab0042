"""Which word a design may use: chosen by what was compared, never by who writes the page."""

from __future__ import annotations

from threecircles.core.effects.clustered import Fitted
from threecircles.need.effects.plan import Plan

EFFECT, LIKE, CHANGE = "effect", "difference between users and like non-users", "change"
BROKEN, OUTPUT = "difference in change", "difference in use of services"
WORDS = {
    "randomised": EFFECT,
    "stepped_wedge": EFFECT,
    "did_area": "effect, if trends would have stayed alike",
    "did_access": "effect, if trends would have stayed alike",
    "matched": LIKE,
    "before_after": CHANGE,
}


def word_of(plan: Plan, trend_p: float | None = None, trend_m: float | None = None) -> str:
    """The word for a plan and its test of trends before the start.

    trend_p: joint p of earlier periods; trend_m: how many times the largest earlier step a break must be
    before the interval holds nought. A draw without a seed on record is no draw.
    """
    design = plan.design
    if design == "stepped_wedge" and plan.assignment.seed is None:
        design = "did_area"
    if design == "randomised" and plan.assignment.seed is None:
        return LIKE
    word = WORDS[design]
    failed = (trend_p is not None and trend_p < 0.10) or (trend_m is not None and trend_m < 1)
    if design in ("did_area", "did_access") and failed:
        word = BROKEN
    if plan.outcome_primary.role == "output":
        return OUTPUT if word != CHANGE else "change in use of services"
    return word


def sentence(plan: Plan, word: str, told: Fitted) -> str:
    """One sentence: the word, the figure, the interval; or that no difference is clear."""
    if plan.outcome_primary.scale in ("hazard_ratio", "rate_ratio"):
        return _ratio_sentence(plan, word, told)
    low, high = (f"{v:+.3g}" for v in (told.low, told.high))
    if not (told.low > 0 or told.high < 0):
        return f"No clear difference; it could be from {low} to {high}."
    better = plan.outcome_primary.higher_is
    turn = ""
    if better != "neither":
        turn = " (better)" if (told.value > 0) == (better == "better") else " (worse)"
    return f"{word[0].upper()}{word[1:]}: {told.value:+.3g}{turn}, between {low} and {high}."


def _ratio_sentence(plan: Plan, word: str, told: Fitted) -> str:
    low, high = (f"{v:.3g}" for v in (told.low, told.high))
    if told.low <= 1 <= told.high:
        return f"No clear difference; it could be from {low} to {high} times as many."
    better = plan.outcome_primary.higher_is
    turn = ""
    if better != "neither":
        turn = " (better)" if (told.value > 1) == (better == "better") else " (worse)"
    return f"{word[0].upper()}{word[1:]}: {told.value:.3g} times as many{turn}, between {low} and {high}."
