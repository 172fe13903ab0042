"""Bytes to text, decided from the content: engines given other encodings lose rows without a word."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UNDECODED = re.compile("[\udc80-\udcff]")
"""Marks a byte that has no meaning in the encoding found."""


@dataclass(frozen=True)
class Decoded:
    """Text with line ends as \\n, and how it was found. Bytes without meaning are lone surrogates."""

    text: str
    encoding: str
    bom: bool
    line_ending: str


def decode(data: bytes) -> Decoded:
    """Decode by byte-order mark; else UTF-16 by its pattern of NULs; else UTF-8; else Windows-1252."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _lines(data[len(mark) :].decode(encoding, "replace"), encoding, True)
    guess = utf16_without_mark(data[:4096])
    if guess:
        return _lines(data.decode(guess, "replace"), guess, False)
    try:
        return _lines(data.decode("utf-8"), "utf-8", False)
    except UnicodeDecodeError:
        return _lines(data.decode("cp1252", "surrogateescape"), "windows-1252", False)


def utf16_without_mark(head: bytes) -> str:
    """The byte order of UTF-16 text without a mark, told by where the NULs are; "" when it is not."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half < 2:
        return ""
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    return ""


def holds_undecoded(text: str) -> bool:
    """True when some byte had no meaning; plain text is told without a search."""
    return not text.isascii() and bool(UNDECODED.search(text))


def printable(text: str) -> str:
    """Text that any engine can hold: lone surrogates are written as \\xNN."""
    if not holds_undecoded(text):
        return text
    return UNDECODED.sub(lambda m: f"\\x{ord(m[0]) - 0xDC00:02x}", text)


def _lines(text: str, encoding: str, bom: bool) -> Decoded:
    if "\r\n" in text:
        return Decoded(text.replace("\r\n", "\n").replace("\r", "\n"), encoding, bom, "CRLF")
    if "\r" in text:
        return Decoded(text.replace("\r", "\n"), encoding, bom, "CR")
    return Decoded(text, encoding, bom, "LF")
