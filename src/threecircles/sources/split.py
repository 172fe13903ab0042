"""Text to rows by a splitter of our own: engines swallow the rest of a file after one open quote."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

import polars as pl

from threecircles.sources.decode import UNDECODED, holds_undecoded, printable

DELIMITERS = (",", ";", "\t", "|")


@dataclass
class Split:
    """Rows of one text. frame: columns c0, c1 ... as text. at: 1-based line of each row.

    broken: (line, raw text, reason code, reason) of rows that could not be laid on the columns.
    """

    frame: pl.DataFrame
    at: pl.Series
    broken: list[tuple[int, str, str, str]] = field(default_factory=list)
    blank: int = 0
    padded: int = 0


def first_rows(
    text: str, delimiter: str, count: int, quoted_lines: int
) -> list[tuple[int, list[str]]]:
    """The first rows that are not blank, with the line on which each ends; never raises."""
    found: list[tuple[int, list[str]]] = []
    for line, cells, _raw, _why in _records(text[: 1 << 18], delimiter, quoted_lines):
        if cells is not None and any(c.strip() for c in cells):
            found.append((line, cells))
        if len(found) >= count:
            break
    return found


def split(text: str, delimiter: str, after_line: int, width: int, quoted_lines: int) -> Split:
    """Rows below the heading.

    after_line: the last line of the heading. width: cells a row must have; more only when the surplus
    is blank. quoted_lines: how many lines one quoted cell may span.
    """
    if '"' not in text and not holds_undecoded(text):
        fast = _split_even(text, delimiter, after_line, width)
        fast = fast or _split_fast(text, delimiter, after_line, width)
        if fast is not None:
            return fast
    return _split_slow(text, delimiter, after_line, width, quoted_lines)


def _split_even(text: str, delimiter: str, after_line: int, width: int) -> Split | None:
    """A text without a blank line, each line with the same number of cells: read at once, else None.

    The engine refuses a line with too many cells; where none is refused and the delimiters of all lines
    together are as many as they must be, no line has too few.
    """
    start = 0
    for _ in range(after_line):
        start = text.find("\n", start) + 1
        if not start:
            return None
    lines = text.count("\n", start) + (not text.endswith("\n"))
    if width < 2 or not lines or text.count(delimiter, start) != (width - 1) * lines:
        return None
    try:
        frame = _as_columns(text[start:], delimiter, width)
    except pl.exceptions.PolarsError:
        return None
    filled = frame.select(pl.any_horizontal(pl.all().str.strip_chars(" \t") != ""))
    if frame.height != lines or not filled.to_series().fill_null(False).all():
        return None
    at = pl.int_range(after_line + 1, after_line + 1 + lines, eager=True).alias("at")
    return Split(frame, at)


def _as_columns(text: str, delimiter: str, width: int) -> pl.DataFrame:
    return pl.read_csv(
        BytesIO(text.encode()),
        has_header=False,
        new_columns=[f"c{i}" for i in range(width)],
        separator=delimiter,
        quote_char=None,
        infer_schema=False,
    )


def _split_fast(text: str, delimiter: str, after_line: int, width: int) -> Split | None:
    """All lines with the same number of cells and no quotes: read as columns at once, else None."""
    lines = text.split("\n")
    body = pl.Series(lines[after_line:], dtype=pl.Utf8)
    at = pl.int_range(after_line + 1, after_line + 1 + len(body), eager=True).alias("at")
    empty = body.str.strip_chars(" \t" + delimiter) == ""
    body, at = body.filter(~empty), at.filter(~empty)
    if len(body) and not (body.str.count_matches(delimiter, literal=True) == width - 1).all():
        return None
    names = [f"c{i}" for i in range(width)]
    if width == 1:
        return Split(body.to_frame("c0"), at.rename("at"), blank=_blank(empty, lines))
    if not len(body):
        return Split(
            pl.DataFrame(schema=dict.fromkeys(names, pl.Utf8)), at, blank=_blank(empty, lines)
        )
    frame = _as_columns("\n".join(body.to_list()), delimiter, width)
    return Split(frame, at, blank=_blank(empty, lines)) if frame.height == len(body) else None


def _blank(empty: pl.Series, lines: list[str]) -> int:
    # The piece after the last line end is not a line.
    return int(empty.sum()) - (lines[-1] == "" and bool(len(empty)))


def _split_slow(text: str, delimiter: str, after_line: int, width: int, quoted_lines: int) -> Split:
    rows: list[list[str]] = []
    at: list[int] = []
    broken: list[tuple[int, str, str, str]] = []
    blank = padded = 0
    previous, undecoded = after_line, holds_undecoded(text)
    for last, cells, raw, why in _records(text, delimiter, quoted_lines, after_line):
        line, previous = previous + 1, last
        if cells is None:
            broken.append((line, printable(raw), "broken-quoting", why))
        elif not any(c.strip() for c in cells):
            blank += 1
        elif undecoded and UNDECODED.search("".join(cells)):
            broken.append((line, printable(delimiter.join(cells)), "undecodable", _UNDECODABLE))
        elif len(cells) < width or any(c.strip() for c in cells[width:]):
            ragged = f"The row has {len(cells)} cells; the heading has {width}."
            broken.append((line, printable(_joined(cells, delimiter)), "ragged-row", ragged))
        else:
            padded += len(cells) > width
            rows.append(cells[:width])
            at.append(line)
    names = [f"c{i}" for i in range(width)]
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    frame = pl.DataFrame(
        [pl.Series(n, list(c), dtype=pl.Utf8) for n, c in zip(names, columns, strict=True)]
    )
    return Split(frame, pl.Series("at", at, dtype=pl.Int64), broken, blank, padded)


_UNDECODABLE = "The row holds a byte that has no meaning in Windows-1252."


def _joined(cells: list[str], delimiter: str) -> str:
    quoted = (
        '"' + c.replace('"', '""') + '"' if delimiter in c or "\n" in c or '"' in c else c
        for c in cells
    )
    return delimiter.join(quoted)


def _records(
    text: str, delimiter: str, quoted_lines: int, after_line: int = 0
) -> Iterator[tuple[int, list[str] | None, str, str]]:
    """(last line, cells or None, raw when broken, why). A quote left open costs one line, not the file."""
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    position, total = after_line, len(lines)
    while position < total:
        feed = _Feed(lines, position, quoted_lines)
        reader = csv.reader(feed, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                feed.start = position = feed.position
                yield position, cells, "", ""
        except csv.Error as error:
            yield position + 1, None, lines[position], _why(str(error), quoted_lines)
            position += 1
            continue
        position = max(position, feed.start)


class _Feed:
    """Lines for one reader; stops when the record under way has taken too many."""

    def __init__(self, lines: list[str], start: int, most: int) -> None:
        self.lines, self.start, self.position, self.most = lines, start, start, most

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.position >= len(self.lines) or self.position - self.start >= self.most:
            raise StopIteration
        self.position += 1
        return self.lines[self.position - 1] + "\n"


def _why(error: str, quoted_lines: int) -> str:
    if "unexpected end" in error:
        return f"A quotation mark is opened and not closed within {quoted_lines} lines."
    if "field larger" in error:
        return f"A cell is longer than {csv.field_size_limit():,} characters."
    return "A quotation mark stands where it cannot be read."
