"""How numbers are written: without it one page would say 24.0% and the next "about a quarter".

Rules of report.md 8; rounding is core's, halves away from zero.
"""

from __future__ import annotations

from datetime import date

from threecircles.core.rounding import round_half_away
from threecircles.report.model import Value

MINUS = "\u2212"
SMALL_BASE = 1_000
"""Below this many children a percentage has no decimals."""
REASONS = {
    "not_asked": "[x]",
    "not_heard": "[x]",
    "not_linked": "[x]",
    "not_available": "[x]",
    "missing": "[x]",
    "suppressed_at_source": "[c]",
    "confidential": "[c]",
    "not_applicable": "[z]",
    "low": "[low]",
}
"""Symbol for the reason why a value is null."""


def plain(x: float, decimals: int = 0, minus: str = MINUS) -> str:
    """A number with thousands commas, rounded half away from zero."""
    text = f"{abs(round_half_away(x, decimals)):,.{decimals}f}"
    negative = x < 0 and float(text.replace(",", "")) != 0
    return f"{minus}{text}" if negative else text


def money(pounds: float) -> str:
    """Pounds as billion or million with one decimal, as thousand, or whole: "£12.3 million"."""
    size = abs(pounds)
    sign = MINUS if pounds < 0 else ""
    if size >= 1_000_000_000:
        return f"{sign}£{plain(size / 1e9, 1)} billion"
    if size >= 1_000_000:
        return f"{sign}£{plain(size / 1e6, 1)} million"
    if size >= 100_000:
        return f"{sign}£{plain(size / 1e3)} thousand"
    return f"{sign}£{plain(size)}"


def text_of(value: Value) -> str:
    """The value as a reader sees it in a table: number or symbol, never blank."""
    if not value.known:
        return value.symbol or "[x]"
    return _written(value, value.number or 0.0)


def interval_of(value: Value) -> str:
    """The 95% interval as "22 to 26", or "" where there is none."""
    if not value.known or value.low is None or value.high is None:
        return ""
    low, high = _written(value, value.low), _written(value, value.high)
    return f"{low.removesuffix('%')} to {high}"


def unit_words(unit: str) -> str:
    """A unit beside a figure that bears its own sign: "a child aged 0 to 17" for pounds a child."""
    return unit.removeprefix("pounds ").strip()


def in_hundred(value: Value) -> str:
    """A share said for people: "about 24 in 100", or the symbol."""
    if not value.known:
        return value.symbol or "[x]"
    share = (value.number or 0.0) * 100
    if 0 < share < 0.5:
        return "fewer than 1 in 100"
    return f"about {plain(share)} in 100"


def hundred_interval(value: Value) -> str:
    """The interval of a share in children of 100: "22 to 26", or ""."""
    if not value.known or value.low is None or value.high is None:
        return ""
    low, high = plain(value.low * 100), plain(value.high * 100)
    return low if low == high else f"{low} to {high}"


def hundredths(value: Value) -> str:
    """A share as a whole number of a hundred, or its symbol."""
    return plain((value.number or 0.0) * 100) if value.known else value.symbol or "[x]"


def between(value: Value) -> str:
    """The interval of a share as a phrase: "likely between 22 and 26 in 100", or ""."""
    told = hundred_interval(value)
    return f"likely between {told.replace(' to ', ' and ')} in 100" if " to " in told else ""


def bracket(value: Value) -> str:
    """The interval of a share in brackets, with the space before it, or ""."""
    told = hundred_interval(value)
    return f" ({told} in 100)" if told else ""


def capital(text: str) -> str:
    """The text with a capital first."""
    return text[:1].upper() + text[1:]


def about_children(x: float | None) -> str:
    """A weighted count in words: "about 2,400 children"."""
    if x is None:
        return "[x]"
    base = 100 if x >= 1_000 else 10 if x >= 100 else 1
    return f"about {plain(round_half_away(x / base) * base)} children"


def apart(one: Value, two: Value) -> bool:
    """Whether two intervals do not touch: the only ground on which a page says that figures differ."""
    ends = (one.low, one.high, two.low, two.high)
    if any(e is None for e in ends):
        return False
    return ends[0] > ends[3] or ends[2] > ends[1]  # type: ignore[operator]


def day(value: date) -> str:
    """31 March 2026."""
    return f"{value.day} {value:%B %Y}"


def within(text: str) -> str:
    """The text for the middle of a sentence: "year ending 31 March 2026"."""
    return text[0].lower() + text[1:] if text[:2].istitle() else text


def joined(parts: list[str]) -> str:
    """a, b and c."""
    return (
        parts[0]
        if len(parts) == 1
        else ", ".join(parts[:-1]) + " and " + parts[-1]
        if parts
        else ""
    )


def _written(value: Value, x: float) -> str:
    if value.kind == "percent":
        large = value.n is not None and value.n >= SMALL_BASE
        return f"{plain(x * 100, value.decimals if large else 0)}%"
    if value.kind == "money":
        return f"{MINUS if x < 0 else ''}£{plain(abs(x), value.decimals)}"
    return plain(x, value.decimals)
