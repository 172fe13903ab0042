"""Arithmetic of the numbers children carry: without it three rooms would each decide what is valid.

Pure functions of one text. Which status a value gets, who holds it and which ranges are issued are
decided in `identity`; here is only what a pencil can check.
"""

from __future__ import annotations

import re
import unicodedata

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""Check letters of the UPN in order; I, O and S are left out so that nobody reads 1, 0 or 5."""

_UPN_SHAPE = re.compile(rf"[{UPN_LETTERS}][0-9]{{11}}[0-9{UPN_LETTERS}]")
_TEN_DIGITS = re.compile(r"[0-9]{10}")
_SPREADSHEET = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]+|[0-9]+\.0+")
_DROPPED = re.compile(r"[\s\-‐‑‒–—\u200b\ufeff]+")
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][0-9A-Z]?)([0-9][ABD-HJLNP-UW-Z]{2})")
_OUTCODE = re.compile(
    r"[A-Z][0-9]|[A-Z][0-9]{2}|[A-Z]{2}[0-9]|[A-Z]{2}[0-9]{2}|[A-Z][0-9][A-Z]|[A-Z]{2}[0-9][A-Z]"
)
_COUNTING = "01234567890123456789"
_COUNTING_DOWN = _COUNTING[::-1]


def clean_identifier(text: str | None) -> str:
    """A value as it is compared: NFKC, upper case, without spaces and hyphens; None gives ""."""
    if not text:
        return ""
    if text.isascii() and text.isalnum():
        return text.upper()
    return _DROPPED.sub("", unicodedata.normalize("NFKC", text)).upper()


def looks_reformatted(text: str | None) -> bool:
    """True when a spreadsheet has turned the number into `9.43477E+09` or `9434765919.0`."""
    return bool(_SPREADSHEET.fullmatch(clean_identifier(text)))


def is_placeholder(text: str | None) -> bool:
    """True for a number nobody was given: one digit repeated, or digits counted up or down.

    Every string of ten equal digits passes modulus 11, so arithmetic alone would let them in.
    """
    digits = clean_identifier(text)
    if len(digits) < 6 or not digits.isdigit():
        return False
    return len(set(digits)) == 1 or digits in _COUNTING or digits in _COUNTING_DOWN


def nhs_check_digit(first_nine: str) -> int | None:
    """Tenth digit of an NHS number; None when no number begins with these nine digits.

    Weights 10 to 2, 11 less the remainder by 11; 11 is written 0 and 10 is never issued.
    Source: NHS Data Model and Dictionary, NHS NUMBER.
    """
    key = 11 - sum(int(d) * w for d, w in zip(first_nine, range(10, 1, -1), strict=True)) % 11
    return None if key == 10 else key % 11


def nhs_problem(text: str | None) -> str | None:
    """Why a text is not an NHS number, as a sentence's end, or None when the number stands.

    Says nothing about whether the number's range has been issued (`identity.ranges`).
    """
    value = clean_identifier(text)
    if looks_reformatted(text):
        return "looks like a spreadsheet has reformatted this"
    if not _TEN_DIGITS.fullmatch(value):
        return "is not ten digits"
    if is_placeholder(value):
        return "is a placeholder"
    if nhs_check_digit(value[:9]) != int(value[9]):
        return "fails its check digit"
    return None


def valid_nhs(text: str | None) -> bool:
    """True when the text is an NHS number by shape and arithmetic and no placeholder."""
    return nhs_problem(text) is None


def upn_check_letter(rest: str) -> str:
    """First letter of the UPN whose positions 2 to 13 are `rest` (a final letter counts as its place).

    Sum of digit x position, by 23. Source: Department for Education, UPN guide, annex.
    """
    places = (UPN_LETTERS.index(c) if c in UPN_LETTERS else int(c) for c in rest)
    return UPN_LETTERS[sum(p * w for p, w in zip(places, range(2, 14), strict=True)) % 23]


def upn_problem(text: str | None) -> str | None:
    """Why a text is not a UPN (permanent or temporary), or None when it stands.

    Whether its authority existed is a dated question for `identity`, not arithmetic.
    """
    value = clean_identifier(text)
    if looks_reformatted(text):
        return "looks like a spreadsheet has reformatted this"
    if not _UPN_SHAPE.fullmatch(value):
        return "is not a letter and 12 digits (or 11 digits and a letter)"
    if is_placeholder(value[1:]):
        return "is a placeholder"
    if upn_check_letter(value[1:]) != value[0]:
        return "fails its check letter"
    return None


def valid_upn(text: str | None) -> bool:
    """True when the text is a permanent or temporary UPN by shape and arithmetic."""
    return upn_problem(text) is None


def is_temporary_upn(text: str | None) -> bool:
    """True for a UPN whose last place is a letter: given until the permanent one is known."""
    value = clean_identifier(text)
    return bool(_UPN_SHAPE.fullmatch(value)) and value[-1].isalpha()


def uln_check_digit(first_nine: str) -> int | None:
    """Tenth digit of a ULN; None when no ULN begins with these nine digits.

    Sum of all ten digits x weights 10 to 1, by 11, must be 10. Source: HESA, ULN field.
    """
    total = sum(int(d) * w for d, w in zip(first_nine, range(10, 1, -1), strict=True))
    key = (10 - total) % 11
    return None if key == 10 else key


def uln_problem(text: str | None) -> str | None:
    """Why a text is not a unique learner number, or None when it stands."""
    value = clean_identifier(text)
    if looks_reformatted(text):
        return "looks like a spreadsheet has reformatted this"
    if not _TEN_DIGITS.fullmatch(value):
        return "is not ten digits"
    if value[0] == "0":
        return "begins with 0"
    if is_placeholder(value):
        return "is a placeholder"
    if uln_check_digit(value[:9]) != int(value[9]):
        return "fails its check digit"
    return None


def valid_uln(text: str | None) -> bool:
    """True when the text is a ULN by shape and arithmetic; 9999999999 ("not yet known") is not."""
    return uln_problem(text) is None


def normalise_postcode(text: str | None) -> str | None:
    """A postcode as outcode, space, incode in capitals; None when it has not the form of one.

    Accepts A9, A99, AA9, AA99, A9A and AA9A before 9AA. The pseudo-postcodes ZZ99 have the form
    and pass; `is_pseudo_postcode` tells them.
    """
    value = clean_identifier(text)
    match = _POSTCODE.fullmatch(value)
    if not match or not _OUTCODE.fullmatch(match[1]):
        return None
    return f"{match[1]} {match[2]}"


def is_pseudo_postcode(text: str | None) -> bool:
    """True for ZZ99 codes: no fixed abode, unknown or abroad. They never match another."""
    return clean_identifier(text).startswith("ZZ99")


def repair_postcode(text: str | None, known: frozenset[str] | set[str]) -> tuple[str | None, bool]:
    """A postcode and whether one character was repaired (O/0, I/1, S/5 confused by eye).

    known: postcodes of the place's table ("AA9 9AA"). A repair is made only where exactly one
    change leads to a known postcode; otherwise the plain reading, or None.
    """
    plain = normalise_postcode(text)
    if plain is not None and plain in known:
        return plain, False
    value, swaps = clean_identifier(text), dict(zip("O0I1S5", "0O1I5S", strict=True))
    tries = {
        normalise_postcode(value[:i] + swaps[c] + value[i + 1 :])
        for i, c in enumerate(value)
        if c in swaps
    }
    found = {t for t in tries if t is not None and t in known}
    return (found.pop(), True) if len(found) == 1 else (plain, False)
