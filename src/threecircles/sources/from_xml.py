"""Reads an XML return into its declared tables: recognised by root and records, broken children set apart."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import BinaryIO
from xml.parsers import expat

import polars as pl

from threecircles.sources.declared import Column, Source, all_sources
from threecircles.sources.decode import decode, utf16_without_mark
from threecircles.sources.laid import Found, Laid
from threecircles.sources.reading import EXTRA_SCHEMA, FileRecord, Limits, Note, Problem, Reject
from threecircles.sources.received import Received
from threecircles.sources.xml_plan import Plan, plan
from threecircles.sources.xml_read import Broken, XmlResult, read_xml, refuse_doctype
from threecircles.sources.xml_rows import BETWEEN, Collected, Refused, Row

_LIST = pl.List(pl.Utf8)
_DECLARED = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def looks_like_xml(head: bytes) -> bool:
    """True when the first thing after a mark and spaces is an angle bracket, in any encoding."""
    text = decode(head).text.lstrip("\ufeff \t\n\x00")
    return text.startswith("<")


def read_xml_file(
    received: Received, sources: Sequence[Source], limits: Limits, day: date | None, found: Found
) -> None:
    """Lay one XML file on the tables of the source its root names. day: end of the collection year."""
    record = found.file(
        path=received.path,
        member=received.member,
        sha256=received.sha256,
        bytes=received.size,
        kind="XML",
    )
    try:
        source = _recognise(received, sources, record, found)
        if source is None:
            return
        record.kind, record.score = f"{source.id} XML", 1.0
        compiled = plan(source)
        batches = _Batches(compiled, limits.batch_rows)
        stream, override = _stream(received, record, found)
        with stream:
            result = read_xml(stream, compiled, limits, override, batches.add)
    except (Refused, LookupError) as error:
        found.problems.append(
            Problem(record.file_id, "xml-refused", record.name, f"The XML was not read: {error}.",
                    mend="Export it again from the case system; do not edit its first lines.")
        )  # fmt: skip
        return
    _report(result, source, record, found)
    _lay(batches, result, day, record, found)


def _recognise(
    received: Received, sources: Sequence[Source], record: FileRecord, found: Found
) -> Source | None:
    """The source whose root, and record or head, stand in the first 64 KB."""
    paths = _first_paths(received)
    root = next(iter(paths), "")
    forms = [s for s in sources if s.xml and s.xml.root == root.partition("/")[0]]
    # Two returns share root and header: the repeated record decides, then what stands at the head.
    by_record = [s for s in forms if s.xml and f"{s.xml.root}/{s.xml.record}" in paths]
    by_head = [s for s in forms if s.xml and f"{s.xml.root}/{s.xml.head}" in paths]
    sure = by_record or by_head
    chosen = sure or forms
    if len(chosen) == 1:
        return chosen[0]
    known = sorted({s.xml.root for s in sources if s.xml})
    others = [s.label for s in all_sources() if s.xml and f"{s.xml.root}/{s.xml.record}" in paths]
    what, mend = "The XML begins like no return that is known.", "Check that this is the file the case system made for the return."  # fmt: skip
    if chosen:
        what = "The XML fits more than one source."
    elif len(others) == 1:
        what = f"This is another return than was asked for: {others[0]}."
        mend = "Leave the file out, or read the folder with --return auto."
    found.problems.append(
        Problem(
            record.file_id, "file-not-recognised", record.name, what, mend=mend,
            found=f"outermost element {root.partition('/')[0] or 'not readable'}", allowed=", ".join(known) or "none",
        )
    )  # fmt: skip
    return None


def _first_paths(received: Received) -> list[str]:
    with received.open() as stream:
        head = stream.read(1 << 16)
    paths: list[str] = []
    stack: list[str] = []
    parser = expat.ParserCreate("utf-8")

    def start(name: str, _: object) -> None:
        stack.append(name.rpartition(":")[2])
        if len(paths) < 400 and len(stack) < 10:
            paths.append("/".join(stack))

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop() and None
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(_as_utf8(head), False)
    except expat.ExpatError:
        return paths or _root_by_eye(head)
    return paths


def _root_by_eye(head: bytes) -> list[str]:
    seen = re.search(rb"<([A-Za-z_][\w.-]*)[\s>/]", re.sub(rb"<[?!][^>]*>", b"", head))
    return [seen[1].decode()] if seen else []


def _as_utf8(head: bytes) -> bytes:
    text = decode(head).text
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text).lstrip().encode("utf-8", "replace")


def _stream(received: Received, record: FileRecord, found: Found) -> tuple[BinaryIO, str | None]:
    """The bytes and the encoding to read them in. A wrong label costs a note, not the file."""
    declared = _DECLARED.search(received.head)
    label = declared[1].decode().lower() if declared else "utf-8"
    if received.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or utf16_without_mark(
        received.head
    ):
        with received.open() as stream:
            text = decode(stream.read())
        record.encoding, record.bom = text.encoding, text.bom
        return BytesIO(text.text.encode("utf-8", "replace")), "utf-8"
    if received.head.startswith(codecs.BOM_UTF8):
        record.bom = True
    found_in = _letters(received)
    true = "windows-1252" if found_in == "other" else "utf-8"
    if (
        label in ("utf-8", "utf8", "us-ascii", "ascii")
        or _unknown(label)
        or label.startswith("utf-16")
        # Text of one byte a letter that happens to be sound UTF-8 throughout is UTF-8 under a wrong label.
        or found_in == "utf-8"
    ):
        record.encoding = true
        if label not in (true, "utf8", "us-ascii", "ascii"):
            found.notes.append(
                Note(record.file_id, "", "", "encoding-label", 1, [0],
                     f"The file says it is {label}; it is {true} and was read as that.")
            )  # fmt: skip
        return received.open(), true
    record.encoding = label
    return received.open(), None


def _broken(places: int, records: int) -> str:
    broken = "1 broken place" if places == 1 else f"{places:,} broken places"
    return f"{broken}; {'1 record was' if records == 1 else f'{records:,} records were'} read"


def _unknown(label: str) -> bool:
    """Whether a label names no encoding that the XML reader knows: one byte a letter, ASCII below."""
    try:
        letters = bytes(range(256)).decode(label, "replace")
    except (LookupError, ValueError):
        return True
    return len(letters) != 256 or letters[:128] != bytes(range(128)).decode("ascii")


def _letters(received: Received) -> str:
    """What the bytes are: ascii, utf-8 when other letters stand among them, or other."""
    decoder, plain = codecs.getincrementaldecoder("utf-8")(), True
    with received.open() as stream:
        try:
            while block := stream.read(1 << 20):
                plain = plain and block.isascii()
                decoder.decode(block)
            decoder.decode(b"", True)
        except UnicodeDecodeError as error:
            # A file cut short inside a letter is still UTF-8.
            return "utf-8" if "unexpected end" in error.reason else "other"
    return "ascii" if plain else "utf-8"


class _Batches:
    """Rows as they come, turned into columns every so often so that no list of all children is held."""

    def __init__(self, compiled: Plan, size: int) -> None:
        self.plan, self.size = compiled, size
        self.rows: list[list[Row]] = [[] for _ in compiled.tables]
        self.frames: list[list[pl.DataFrame]] = [[] for _ in compiled.tables]
        self.unknown: list[tuple[str, str, int]] = []
        self.waiting = 0

    def add(self, collected: Collected) -> None:
        """Rows of one record. As many rows wait as a batch has, those of all tables counted together."""
        for table, rows in enumerate(collected.rows):
            if rows:
                self.rows[table].extend(rows)
                self.waiting += len(rows)
        if self.waiting >= self.size:
            self.waiting = 0
            for table, waiting in enumerate(self.rows):
                if waiting:
                    self.flush(table)
        self.unknown.extend(collected.unknown)

    def flush(self, table: int) -> None:
        """Turn the waiting rows of a table into columns."""
        rows, self.rows[table] = self.rows[table], []
        columns = zip(*rows, strict=True)
        frame = pl.DataFrame([
            pl.Series(name, values, dtype=pl.Utf8 if kind == _LIST else kind)
            for (name, kind), values in zip(self.schema(table).items(), columns, strict=True)
        ])  # fmt: skip
        lists = [c.name for c in self.plan.tables[table].columns if c.many]
        self.frames[table].append(
            frame.with_columns(pl.col(lists).str.split(BETWEEN)) if lists else frame
        )

    def schema(self, table: int) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Columns of a table as they come out of the file."""
        kinds: dict[str, pl.DataType | type[pl.DataType]] = {}
        for column in self.plan.tables[table].columns:
            kinds[column.name] = _LIST if column.many else pl.Int64 if column.ordinal else pl.Utf8
        return kinds | {"_at": pl.Int64}

    def frame(self, table: int) -> pl.DataFrame:
        """All rows of a table."""
        if self.rows[table]:
            self.flush(table)
        frames, self.frames[table] = self.frames[table], []
        # Left in pieces: to lay them together would take the memory of the table twice.
        return (
            pl.concat(frames, rechunk=False) if frames else pl.DataFrame(schema=self.schema(table))
        )


def _lay(
    batches: _Batches, result: XmlResult, day: date | None, record: FileRecord, found: Found
) -> None:
    for position, rows in enumerate(result.head):
        batches.rows[position].extend(rows)
    record.rows_in = result.records + sum(b.inside for b in result.broken)
    record.rows_kept = result.records
    record.rows_rejected = record.rows_in - result.records
    extra = _extra([*result.outside, *batches.unknown], record)
    for position, table in enumerate(batches.plan.tables):
        frame = batches.frame(position)
        absent = [c.name for c in table.columns if _absent(c, frame, day)]
        outside = day is not None and table.since is not None and day < table.since
        if frame.is_empty() and outside:
            continue
        found.laid.append(Laid(record, batches.plan.source, table, frame.drop(absent), extra))
        extra = None


def _absent(column: Column, frame: pl.DataFrame, day: date | None) -> bool:
    """A column out of force in the year, or derived, that no record fills is absent, not blank."""
    if frame.get_column(column.name).null_count() < frame.height:
        return False
    if column.derived:
        return True
    return day is not None and not (
        (column.since is None or column.since <= day)
        and (column.until is None or day <= column.until)
    )


def _extra(unknown: list[tuple[str, str, int]], record: FileRecord) -> pl.DataFrame | None:
    if not unknown:
        return None
    rows = [("", i, record.file_id, at, path, text) for i, (path, text, at) in enumerate(unknown)]
    return pl.DataFrame(rows, schema=EXTRA_SCHEMA, orient="row")


def _report(result: XmlResult, source: Source, record: FileRecord, found: Found) -> None:
    assert source.xml is not None
    name = source.xml.record.rpartition("/")[2]
    for broken in result.broken:
        found.rejects.append(_reject(broken, name, record))
    if result.stray:
        found.notes.append(
            Note(record.file_id, "", "", "stray-text", len(result.stray), result.stray[:5],
                 f"Text stands between elements in {len(result.stray):,} places; it was left out.")
        )  # fmt: skip
    if result.broken:
        worst = result.broken[0]
        who = f", nearest child {worst.key}" if worst.key else ""
        found.problems.append(
            Problem(
                record.file_id, "xml-broken", f"{record.name}, line {worst.line:,}, column {worst.column}{who}",
                worst.reason, found=_broken(len(result.broken), result.records),
                allowed="well-formed XML", mend="Each broken stretch is kept whole with the rejects. Export the file again.",
            )
        )  # fmt: skip
    elif not result.records:
        found.problems.append(
            Problem(record.file_id, "file-empty", record.name, f"The file holds no {name}.",
                    mend="Check the export: a return without children is most often a wrong filter.")
        )  # fmt: skip


def _reject(broken: Broken, name: str, record: FileRecord) -> Reject:
    return Reject(
        record.file_id, broken.at, name if broken.inside else "", broken.raw.decode("utf-8", "backslashreplace"),
        broken.code, f"Line {broken.line:,}, column {broken.column}: {broken.reason}",
        mend="Mend it in the case system and export again.",
    )  # fmt: skip
