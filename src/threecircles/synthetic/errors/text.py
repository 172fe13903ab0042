"""How names, postcodes and numbers go wrong on a keyboard: without it all names would match or none."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np

_NEAR = {
    "a": "sqz", "b": "vgn", "c": "xvd", "d": "sfe", "e": "wrd", "f": "dgr", "g": "fht", "h": "gjy", "i": "uoj", "j": "hku",
    "k": "jlm", "l": "kop", "m": "nkj", "n": "bmh", "o": "ipl", "p": "ol", "q": "wa", "r": "etf", "s": "adw", "t": "ryg",
    "u": "yij", "v": "cbf", "w": "qes", "x": "zcs", "y": "tuh", "z": "xa",
}  # fmt: skip


def typos(g: np.random.Generator, words: np.ndarray) -> np.ndarray:
    """One slip a word: two letters swapped, one left out, doubled, or its neighbour on the keyboard."""
    kind = g.integers(0, 4, len(words))
    place = g.random(len(words))
    near = g.random(len(words))
    return np.array(
        [_slip(str(w), k, p, q) for w, k, p, q in zip(words, kind, place, near, strict=True)],
        dtype=object,
    )


def _slip(word: str, kind: int, place: float, near: float) -> str:
    if len(word) < 3:
        return word + word[-1]
    i = 1 + int(place * (len(word) - 2))
    if kind == 0 and word[i] != word[i + 1]:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == 1:
        return word[:i] + word[i + 1 :]
    if kind == 2:
        return word[:i] + word[i] + word[i:]
    letters = _NEAR.get(word[i].lower(), "e")
    return word[:i] + letters[int(near * len(letters))] + word[i + 1 :]


@cache
def _nicknames() -> dict[str, str]:
    path = Path(__file__).parents[1] / "profiles" / "nicknames.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["nickname"] for row in csv.DictReader(file)}


def nicknames(g: np.random.Generator, words: np.ndarray) -> np.ndarray:
    """The known short form, else the first syllable or so, as families and offices shorten names."""
    ends = np.array(["", "y", "ie"])[g.integers(0, 3, len(words))]
    return np.array(
        [_nicknames().get(str(w)) or _shorten(str(w), e) for w, e in zip(words, ends, strict=True)],
        dtype=object,
    )


def _shorten(word: str, end: str) -> str:
    if len(word) <= 4:
        return word + (end or "y")
    cut = next((i for i in range(3, len(word)) if word[i].lower() in "aeiou"), 4)
    return word[:cut] + end


def other_postcode(g: np.random.Generator, words: np.ndarray) -> np.ndarray:
    """A postcode with one letter of its end changed, so that it exists nowhere in the place."""
    letters = np.array(list("CIKMOV"))[g.integers(0, 6, len(words))]
    return np.array([str(w)[:-1] + c for w, c in zip(words, letters, strict=True)], dtype=object)


def other_digit(g: np.random.Generator, numbers: np.ndarray) -> np.ndarray:
    """A number with one of its last five digits changed; its check letter no longer fits."""
    place, step = g.integers(8, 13, len(numbers)), g.integers(1, 10, len(numbers))
    return np.array(
        [
            n[:i] + str((int(n[i]) + int(s)) % 10) + n[i + 1 :]
            for n, i, s in zip(numbers.astype(str), place, step, strict=True)
        ],
        dtype=object,
    )
