"""Codes that open a form: without a check character one wrong letter would open another class's form.

31 characters, none of 0 O 1 I L; the last is a check over the others by place, modulo the prime 31, so
that every single wrong character and every swap of two is seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CLASS_LENGTH = 6
PUPIL_LENGTH = 8
ADULT_LENGTH = 7
"""Another length for each kind, so that none can be taken for another."""


def check_character(body: str) -> str:
    """The character that makes the weighted sum a multiple of 31."""
    total = sum((place + 2) * ALPHABET.index(c) for place, c in enumerate(body))
    return ALPHABET[-total % len(ALPHABET)]


def tidy(typed: str) -> str:
    """What was typed, in capitals and without spaces and hyphens."""
    return "".join(typed.split()).replace("-", "").upper()[:20]


def is_code(typed: str, length: int = CLASS_LENGTH) -> bool:
    """Whether the text can be a code of that length."""
    code = tidy(typed)
    if len(code) != length or any(c not in ALPHABET for c in code):
        return False
    return check_character(code[:-1]) == code[-1]


def make_codes(count: int, length: int = CLASS_LENGTH, taken: Iterable[str] = ()) -> list[str]:
    """New codes, drawn at random, none of them taken."""
    seen = set(taken)
    made: list[str] = []
    while len(made) < count:
        body = "".join(secrets.choice(ALPHABET) for _ in range(length - 1))
        code = body + check_character(body)
        if code not in seen:
            seen.add(code)
            made.append(code)
    return made


def spaced(code: str) -> str:
    """A code in two halves, for people to read."""
    half = len(code) // 2
    return f"{code[:half]} {code[half:]}"
