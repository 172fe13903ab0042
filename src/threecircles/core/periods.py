"""Periods as publishers write them: without one parser 202122 and 2025 would sort and join as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from threecircles.core.errors import UsageError

Kind = Literal["collection", "financial", "academic", "calendar", "term", "pooled"]
_STATUS = {
    "ot": "outturn",
    "rev": "revised",
    "prov": "provisional",
    "p": "provisional",
    "r": "revised",
}
_ALLOWED = (
    "2025, 2024-25, 2023/24, 202122, 2014-16, 2016/17-18/19, with (OT), (Rev) or (prov) behind it"
)


@dataclass(frozen=True)
class Period:
    """A span of days, both ends inclusive.

    year: the year it ends in (record.md 1.6). kind: which calendar it follows. status: "", outturn,
    revised or provisional. label: as people write it.
    """

    start: date
    end: date
    kind: Kind
    year: int
    label: str
    status: str = ""

    def same_kind(self, other: Period) -> None:
        """Raise UsageError when the other period follows another calendar: unlike kinds never join."""
        if self.kind != other.kind:
            raise UsageError(
                "Two periods of unlike kind cannot be compared.",
                found=f"{self.label} ({self.kind}) and {other.label} ({other.kind})",
            )


def parse_period(text: str, kind: Kind | None = None) -> Period:
    """The period a published text names.

    kind: what the source declares; without it a slash or six digits means academic, a hyphen to the
    next year financial, a single year calendar. Raises UsageError for "0" and anything unknown.
    """
    if kind is not None and kind not in get_args(Kind):
        raise UsageError(
            "The kind of period is unknown.", found=kind, allowed=", ".join(get_args(Kind))
        )
    found = re.fullmatch(r"\s*([0-9/\-]+)\s*(?:\(([A-Za-z]+)\))?\s*", text)
    if not found or (found[2] and found[2].lower() not in _STATUS):
        raise UsageError("The period cannot be read.", found=text, allowed=_ALLOWED)
    body, status = found[1], _STATUS.get((found[2] or "").lower(), "")
    for pattern, make in _SHAPES:
        match = re.fullmatch(pattern, body)
        if match:
            first, last, guess = make(*match.groups())
            return _period(first, last, kind or guess, body, status, text)
    raise UsageError("The period cannot be read.", found=text, allowed=_ALLOWED)


def _two(year: str, tail: str) -> int:
    century = int(year[:2]) + (int(tail) < int(year[2:]))
    return century * 100 + int(tail)


_SHAPES: list[tuple[str, Callable[..., tuple[int, int, str]]]] = [
    (r"(\d{4})", lambda a: (int(a), int(a), "calendar")),
    (r"(\d{4})(\d{2})", lambda a, b: (int(a) + 1, _two(a, b), "academic")),
    (r"(\d{4})/(\d{2})", lambda a, b: (int(a) + 1, _two(a, b), "academic")),
    (r"(\d{4})/(\d{4})", lambda a, b: (int(a) + 1, int(b), "academic")),
    (r"(\d{4})-(\d{2})", lambda a, b: _hyphen(int(a), _two(a, b))),
    (r"(\d{4})-(\d{4})", lambda a, b: _hyphen(int(a), int(b))),
    (
        r"(\d{4})/\d{2}-(?:\d{2})?(\d{2})/(\d{2})",
        lambda a, _b, c: (int(a) + 1, _two(a, c), "financial"),
    ),
]


def _hyphen(first: int, last: int) -> tuple[int, int, str]:
    # 2024-25 is one financial year; 2014-16 is three calendar years pooled.
    return (last, last, "financial") if last == first + 1 else (first, last, "calendar")


def _period(first: int, last: int, kind: str, body: str, status: str, text: str) -> Period:
    if not 1990 <= first <= last <= 2100:
        raise UsageError(
            "The period names no year this century or the last decade before.",
            found=text,
            allowed=_ALLOWED,
        )
    starts = {
        "academic": (9, 1, -1),
        "financial": (4, 1, -1),
        "collection": (4, 1, -1),
        "term": (9, 1, -1),
    }
    ends = {"academic": (8, 31), "financial": (3, 31), "collection": (3, 31), "term": (8, 31)}
    month, day, back = starts.get(kind, (1, 1, 0))
    final = ends.get(kind, (12, 31))
    # Several years of a calendar, or of any other kind, are pooled; the days still follow that kind.
    shown: Kind = "pooled" if last > first else kind  # type: ignore[assignment]
    return Period(date(first + back, month, day), date(last, *final), shown, last, body, status)
