"""Numbers for the ear: read aloud, "23.6%" is noise and "about one in four" is heard."""

from __future__ import annotations

import re

ONES = ["nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
GREAT = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
SIMPLE = ((0.1, "one in ten"), (0.2, "one in five"), (0.25, "one in four"), (1 / 3, "one in three"), (0.5, "half"),
          (2 / 3, "two in three"), (0.75, "three in four"), (0.9, "nine in ten"))  # fmt: skip
NEAR = 0.015
"""How near a share must lie to be called by a simple fraction."""


def whole(n: int) -> str:
    """A whole number from 0 up in words: 2,405 is "two thousand four hundred and five"."""
    for size, name in GREAT:
        if n >= size:
            rest = n % size
            joint = " and " if 0 < rest < 100 else " " if rest else ""
            return f"{whole(n // size)} {name}{joint}{whole(rest) if rest else ''}"
    if n >= 100:
        rest = n % 100
        return f"{ONES[n // 100]} hundred{f' and {whole(rest)}' if rest else ''}"
    if n >= 20:
        return TENS[n // 10] + (f"-{ONES[n % 10]}" if n % 10 else "")
    return ONES[n]


def share(hundredths: int) -> str:
    """A share of a hundred for the ear: 24 is "one in four", 17 "seventeen in a hundred"."""
    near = min(SIMPLE, key=lambda s: abs(s[0] - hundredths / 100))
    if abs(near[0] - hundredths / 100) <= NEAR:
        return near[1]
    return f"{whole(hundredths)} in a hundred"


def aloud(text: str) -> str:
    """A released sentence for the ear: every numeral becomes words, money and shares said whole."""
    text = re.sub(r"\b(\d{1,3}) in 100\b", lambda m: share(int(m[1])), text)
    text = re.sub(r"(\d{1,2})(?:\.(\d+))?%", _percent, text)
    text = re.sub(r"£([\d,]+)(?:\.(\d+))?( billion| million| thousand)?", _pounds, text)
    text = re.sub(r"\b(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?", _plain, text)
    return text.replace("\u2212", "minus ")


def _plain(match: re.Match[str]) -> str:
    number = int(match[1].replace(",", ""))
    if 1900 <= number <= 2099 and not match[2] and "," not in match[1]:
        return f"twenty {whole(number % 100)}" if number > 2009 else whole(number)
    return whole(number) + _decimals(match[2])


def _percent(match: re.Match[str]) -> str:
    return f"{whole(int(match[1]))}{_decimals(match[2])} per cent"


def _pounds(match: re.Match[str]) -> str:
    return f"{whole(int(match[1].replace(',', '')))}{_decimals(match[2])}{match[3] or ''} pounds"


def _decimals(digits: str | None) -> str:
    return "" if not digits else " point " + " ".join(ONES[int(d)] for d in digits)
