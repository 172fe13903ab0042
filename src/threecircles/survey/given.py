"""Which questions one child is given, and in which order: kept with the answers, so that "not asked" is known."""

from __future__ import annotations

import random
import secrets
from pathlib import Path

from threecircles.definitions import HOME
from threecircles.survey.questionnaire import Questionnaire, items


def given_modules(found: Questionnaire, draw: int) -> tuple[str, ...]:
    """Modules of one form. draw: a number drawn for the child; the same number gives the same modules."""
    rotate = found.rotate
    if rotate is None:
        return tuple(found.modules)
    chosen = random.Random(f"{rotate.seed}:{draw}").sample(list(rotate.modules), rotate.give)
    left = iter(chosen)
    # Rotated modules take each other's places, so that each is early as often as late.
    return tuple(next(left, "") if m in rotate.modules else m for m in found.modules)


def given_codes(
    found: Questionnaire, draw: int | None = None, home: Path = HOME
) -> tuple[str, ...]:
    """Codes of the questions of one form, in order. draw: None = drawn now."""
    number = secrets.randbits(32) if draw is None else draw
    modules = [m for m in given_modules(found, number) if m]
    place = {m: i for i, m in enumerate(modules)}
    asked = [i for i in items(found, home) if i.module in place]
    return tuple(i.code for i in sorted(asked, key=lambda i: place[i.module]))
