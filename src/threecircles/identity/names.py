"""One name, many spellings: without readings a child is lost to a nickname, a hyphen or an alphabet."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from threecircles.definitions import read_csv

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼ`´ʻʿ"), None)
_BREAKS = re.compile(r"[\s\-‐‑‒–—_/.,;]+")
_BIRTH_ORDER = re.compile(
    r"\b(?:twin|triplet|t|baby)\s*([1-4])\b|\b([1-4])(?:st|nd|rd|th)?\s+(?:twin|triplet)\b"
)
_MOST_READINGS = 12


@cache
def _letters() -> dict[int, str]:
    return {ord(r["letter"]): r["latin"] for r in read_csv("identity/letters")}


@cache
def _not_names() -> tuple[frozenset[str], tuple[str, ...]]:
    rows = read_csv("identity/not_a_name")
    whole = frozenset(r["text"] for r in rows if r["match"] == "whole")
    return whole, tuple(r["text"] for r in rows if r["match"] == "start")


@cache
def _particles() -> frozenset[str]:
    return frozenset(r["particle"] for r in read_csv("identity/particles"))


@cache
def _families() -> dict[str, frozenset[str]]:
    roots: dict[str, set[str]] = {}
    for row in read_csv("identity/nicknames"):
        roots.setdefault(row["form"], set()).add(row["name"])
    return {form: frozenset(names) for form, names in roots.items()}


@cache
def fold(text: str) -> str:
    """Lower case Latin letters and single spaces: marks dropped, other alphabets romanised."""
    plain = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()
    latin = plain.translate(_letters())
    bare = "".join(c for c in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(c))
    return _BREAKS.sub(" ", bare.translate(_letters())).strip()


def is_not_a_name(text: str | None) -> bool:
    """True for `Baby`, `Twin 1`, `unknown`, `test` and the like: then the name is missing."""
    if text is None:
        return True
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    whole, starts = _not_names()
    if plain in whole or plain.startswith(starts) or not fold(text):
        return True
    without_order = _BREAKS.sub(" ", _BIRTH_ORDER.sub(" ", plain)).strip()
    return without_order != _BREAKS.sub(" ", plain) and (
        not without_order or without_order in whole
    )


def birth_order(text: str | None) -> int | None:
    """The place among multiples stated in a first name such as `Twin 2`, else None."""
    found = _BIRTH_ORDER.search(unicodedata.normalize("NFKC", text or "").casefold())
    return int(found[1] or found[2]) if found else None


@cache
def first_readings(text: str | None) -> tuple[str, ...]:
    """Readings of a first name, the plainest first; empty when it is missing or not a name.

    `Mary-Jane` gives mary, maryjane, jane and what families of spelling say of the first part.
    """
    if is_not_a_name(text):
        return ()
    parts = fold(text or "").split()
    joined = "".join(parts)
    readings = [parts[0] if len(parts[0]) > 1 or len(parts) == 1 else parts[1], joined, *parts]
    for part in (*parts[:2], joined):
        readings += sorted(_families().get(part, ()))
    return _distinct(readings)


@cache
def whole_first(text: str | None) -> str | None:
    """All parts of a first name in one word (`Bo Wen` is bowen), as it stands where it is taken for a surname."""
    return None if is_not_a_name(text) else "".join(fold(text or "").split())


@cache
def surname_readings(text: str | None) -> tuple[str, ...]:
    """Readings of a surname, whole first: parts of a double name, particles joined and dropped."""
    if is_not_a_name(text):
        return ()
    parts = fold(text or "").split()
    kept = [p for p in parts if p not in _particles()] or parts
    readings = ["".join(parts), "".join(kept), kept[0], kept[-1]]
    for particle in ("mac", "mc"):
        if len(parts) == 1 and parts[0].startswith(particle) and len(parts[0]) > len(particle) + 2:
            readings.append("mc" + parts[0][len(particle) :])
    return _distinct([r for r in readings if len(r) > 1] or ["".join(parts)])


def _distinct(readings: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r for r in readings if r))[:_MOST_READINGS]
