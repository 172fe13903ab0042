"""Reads delimited text of any encoding and delimiter: without it one odd export would stop a return."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import polars as pl

from threecircles.sources.declared import Source, heading
from threecircles.sources.decode import Decoded, decode, printable
from threecircles.sources.laid import Found, Laid, long_extra
from threecircles.sources.reading import FileRecord, Limits, Note, Problem, Reject
from threecircles.sources.received import Received
from threecircles.sources.recognise import Match, ambiguous, best, matches, not_recognised
from threecircles.sources.split import DELIMITERS, first_rows, split

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def read_text(received: Received, sources: Sequence[Source], limits: Limits, found: Found) -> None:
    """Lay one delimited text on the table its headings name; problems and rejects go to `found`."""
    with received.open() as stream:
        decoded = decode(stream.read())
    record = found.file(
        path=received.path, member=received.member, sha256=received.sha256, bytes=received.size,
        encoding=decoded.encoding, bom=decoded.bom, line_ending=decoded.line_ending, kind="delimited text",
    )  # fmt: skip
    refusal = _unreadable(decoded, record)
    if refusal:
        found.problems.append(refusal)
        return
    delimiter, rows = _delimiter(decoded.text, sources, limits)
    if not rows:
        found.problems.append(_empty(record))
        return
    record.delimiter = _DELIMITER_NAMES[delimiter]
    position = max(range(len(rows)), key=lambda i: matches(rows[i][1], sources))
    line, cells = rows[position]
    if len(cells) > limits.columns:
        found.problems.append(
            Problem(record.file_id, "over-limit", record.name, "The heading row has too many columns.",
                    f"{len(cells):,} columns", f"{limits.columns:,} columns", "Look whether the delimiter is right.")
        )  # fmt: skip
        return
    fits = best(cells, sources)
    if len(fits) != 1:
        found.problems.append(
            ambiguous(record.file_id, record.name, fits)
            if fits
            else not_recognised(record.file_id, record.name, cells, sources)
        )
        return
    _above(rows[:position], record, found)
    result = split(decoded.text, delimiter, line, len(cells), limits.quoted_lines)
    lay_rows(result.frame, result.at, cells, fits[0], record, found)
    record.rows_rejected += len(result.broken)
    record.rows_in += len(result.broken)
    record.rows_blank = result.blank
    table = fits[0].table.name
    found.rejects.extend(_reject(b, record, table, cells) for b in result.broken)
    if result.padded:
        found.notes.append(
            Note(record.file_id, table, "", "surplus-blank-cells", result.padded, [],
                 f"{result.padded:,} rows have blank cells beyond the last heading; they were left out.")
        )  # fmt: skip


def lay_rows(
    frame: pl.DataFrame, at: pl.Series, cells: Sequence[str], match: Match, record: FileRecord, found: Found,
    serials: bool = False, year_1904: bool = False,
) -> None:  # fmt: skip
    """Rename positional columns to declared ones; keep the rest apart, with a note for each."""
    table = match.table
    frame, at = _without_refused(frame, at, match, record, found)
    record.table, record.kind, record.score = (
        table.name,
        f"{match.source.id} {record.kind}",
        match.score,
    )
    record.rows_in += frame.height
    record.rows_kept += frame.height
    record.columns_matched = [c.name for c in match.columns.values()]
    record.columns_missing = match.missing
    surplus = {f"c{p}": printable(cells[p]) for p in range(len(cells)) if p not in match.columns}
    record.columns_extra = [c for c in surplus.values() if c.strip()]
    laid = frame.select(
        *(pl.col(f"c{p}").replace("", None).alias(c.name) for p, c in match.columns.items()),
        at.cast(pl.Int64).alias("_at"),
    )
    shown = {k: v.strip() or f"column {int(k[1:]) + 1}" for k, v in surplus.items()}
    extra = long_extra(frame, at, shown, table.name, record.file_id) if shown else None
    found.laid.append(Laid(record, match.source, table, laid, extra, serials, year_1904))
    _duplicate_headings(cells, match, record, found)
    for name in record.columns_extra:
        found.notes.append(
            Note(record.file_id, table.name, name.strip(), "column-not-known", frame.height, [],
                 f"The column {name.strip()} belongs to no definition; it is kept apart and not checked.")
        )  # fmt: skip


def _without_refused(
    frame: pl.DataFrame, at: pl.Series, match: Match, record: FileRecord, found: Found
) -> tuple[pl.DataFrame, pl.Series]:
    """Rows that hold a value no return may hold go to the rejects, with the declared sentence."""
    for position, column in match.columns.items():
        for value, sentence in column.refuse.items():
            values = frame.get_column(f"c{position}")
            bad = (values.str.strip_chars().str.to_lowercase() == value).fill_null(False)
            for row, line in zip(frame.filter(bad).iter_rows(), at.filter(bad), strict=True):
                found.rejects.append(
                    Reject(record.file_id, line, match.table.name, ",".join(c or "" for c in row), "value-refused",
                           sentence, column.name, value, mend="Count again in an allowed way, or leave the row out.")
                )  # fmt: skip
            frame, at = frame.filter(~bad), at.filter(~bad)
            record.rows_rejected += int(bad.sum())
            record.rows_in += int(bad.sum())
    return frame, at


def _duplicate_headings(
    cells: Sequence[str], match: Match, record: FileRecord, found: Found
) -> None:
    counts = Counter(heading(c) for c in cells if c.strip())
    for name, count in counts.items():
        if count > 1:
            places = [p + 1 for p, c in enumerate(cells) if heading(c) == name]
            found.problems.append(
                Problem(
                    record.file_id, "column-twice", record.name, f"The column {cells[places[0] - 1].strip()} stands twice.",
                    found=f"columns {' and '.join(map(str, places))}",
                    mend="The first was read, the others are kept apart. Rename or take out all but one.",
                )
            )  # fmt: skip


def _delimiter(
    text: str, sources: Sequence[Source], limits: Limits
) -> tuple[str, list[tuple[int, list[str]]]]:
    """The delimiter under which the first rows name the most known columns; ties by number of cells."""
    tried = {
        d: first_rows(text, d, limits.header_rows, limits.quoted_lines)
        for d in DELIMITERS
        if d in text
    }
    tried = tried or {",": first_rows(text, ",", limits.header_rows, limits.quoted_lines)}

    def score(delimiter: str) -> tuple[int, int]:
        rows = tried[delimiter]
        return max((matches(c, sources) for _, c in rows), default=0), max(
            (len(c) for _, c in rows), default=0
        )

    chosen = max(tried, key=score)
    return chosen, tried[chosen]


def _unreadable(decoded: Decoded, record: FileRecord) -> Problem | None:
    if not decoded.text.strip("\x00 \t\n\ufeff"):
        return _empty(record)
    head = decoded.text[:4096]
    control = len(_CONTROL.findall(head))
    if control > 0.05 * len(head):
        return Problem(
            record.file_id, "not-text", record.name, "The file is not text, a workbook, a zip or XML.",
            found=f"{control} control characters in the first {len(head):,}",
            allowed="CSV, XML, xlsx, xls, ods or a zip of these", mend="Export the data again as CSV or XML.",
        )  # fmt: skip
    return None


def _empty(record: FileRecord) -> Problem:
    return Problem(
        record.file_id, "file-empty", record.name, "The file is empty.",
        allowed="a heading row and one row for each record", mend="Export it again and look at it before sending.",
    )  # fmt: skip


def _above(rows: Sequence[tuple[int, list[str]]], record: FileRecord, found: Found) -> None:
    if rows:
        places = [line for line, _ in rows][:5]
        found.notes.append(
            Note(record.file_id, "", "", "rows-above-heading", len(rows), places,
                 f"{len(rows)} {'row stands' if len(rows) == 1 else 'rows stand'} above the heading row and "
                 f"{'was' if len(rows) == 1 else 'were'} not read as data.")
        )  # fmt: skip


_MEND_ROW = {
    "ragged-row": "Put text that holds the delimiter in double quotation marks, and export again.",
    "broken-quoting": "Close the quotation mark, or double it when it belongs to the text.",
    "undecodable": "Export again as UTF-8.",
}


def _reject(
    broken: tuple[int, str, str, str], record: FileRecord, table: str, cells: Sequence[str]
) -> Reject:
    line, raw, code, reason = broken
    allowed = f"{len(cells)} cells" if code == "ragged-row" else ""
    return Reject(
        record.file_id, line, table, raw, code, reason, allowed=allowed, mend=_MEND_ROW[code]
    )
