"""Reads XML record by record and starts again after a broken one: one bad child must not cost a return."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from threecircles.sources.reading import Limits
from threecircles.sources.xml_plan import Plan
from threecircles.sources.xml_rows import BrokenRecord, Collected, Refused, Row, RowMaker

_CHUNK = 1 << 19


@dataclass(frozen=True)
class Broken:
    """A stretch of bytes that could not be used. key: the record's id when it was already known."""

    at: int
    line: int
    column: int
    raw: bytes
    code: str
    reason: str
    key: str
    inside: bool


@dataclass
class XmlResult:
    """What a file gave beside its rows."""

    head: list[list[Row]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    records: int = 0
    stray: list[int] = field(default_factory=list)
    outside: list[tuple[str, str, int]] = field(default_factory=list)


def read_xml(
    stream: BinaryIO,
    plan: Plan,
    limits: Limits,
    encoding: str | None,
    done: Callable[[Collected], None],
) -> XmlResult:
    """Parse a stream; each complete record goes to `done`.

    encoding: overrides the declared one. Raises Refused for a document type (entities are never
    expanded) or another outermost element.
    """
    run = _Run(stream, plan, limits, encoding, done)
    run.go()
    return run.result


class _Run:
    def __init__(
        self,
        stream: BinaryIO,
        plan: Plan,
        limits: Limits,
        encoding: str | None,
        done: Callable[[Collected], None],
    ) -> None:
        self.stream, self.plan, self.limits, self.encoding = stream, plan, limits, encoding
        self.result = XmlResult(head=[[] for _ in plan.tables])
        self.send = done
        self.window = b""
        self.window_start = 0
        self.lines_before = 0
        name = re.escape(plan.record.name).encode()
        self.tag = re.compile(rb"<(?:[\w.-]+:)?" + name + rb"(?=[\s>/])")
        self.ended = False

    def _done(self, collected: Collected) -> None:
        self.result.records += 1
        self.send(collected)

    def _fresh(self, base: int, prefix: bytes) -> None:
        """A parser whose byte 0 is the file's byte `base`, less the prefix."""
        self.base = base - len(prefix)
        self.parser = parser = expat.ParserCreate(self.encoding)
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.rows = RowMaker(
            self.plan, self._position, self._done, self.limits.xml_depth, self.limits.xml_text_bytes
        )
        parser.StartElementHandler = self.rows.start
        parser.EndElementHandler = self.rows.end
        parser.CharacterDataHandler = self.rows.text
        parser.StartDoctypeDeclHandler = refuse_doctype
        parser.EntityDeclHandler = refuse_doctype
        if prefix:
            parser.Parse(prefix, False)

    def _position(self) -> int:
        return self.base + self.parser.CurrentByteIndex

    def go(self) -> None:
        self._fresh(0, b"")
        chunk = self._read()
        while True:
            try:
                self.parser.Parse(chunk, not chunk)
                self._check_size()
            except (expat.ExpatError, BrokenRecord) as error:
                more = self._recover(error)
                if more is None:
                    return
                chunk = more
                continue
            if not chunk:
                self._collect()
                return
            self._trim()
            chunk = self._read()

    def _read(self) -> bytes:
        chunk = self.stream.read(_CHUNK)
        self.window += chunk
        self.ended = not chunk
        return chunk

    def _trim(self) -> None:
        """Forget bytes before the record under way; they can no longer be part of a reject."""
        keep = self.rows.record_start if self.rows.record_start >= 0 else self._position()
        cut = max(0, min(keep - self.window_start, len(self.window)))
        self.lines_before += self.window.count(b"\n", 0, cut)
        self.window, self.window_start = self.window[cut:], self.window_start + cut

    def _check_size(self) -> None:
        start = self.rows.record_start
        if start >= 0 and self._position() - start > self.limits.xml_record_bytes:
            raise BrokenRecord(
                "record-too-long",
                f"One record is longer than {self.limits.xml_record_bytes:,} bytes.",
                self._position(),
            )

    def _collect(self) -> None:
        for table, rows in enumerate(self.rows.head):
            self.result.head[table].extend(rows)
        self.result.stray.extend(self.rows.stray)
        self.result.outside.extend(self.rows.outside)

    def _recover(self, error: Exception) -> bytes | None:
        """Write the reject; returns the bytes to go on with, or None at the end of the file."""
        at, reason, code, at_start = self._describe(error)
        inside = self.rows.record_start >= 0
        begin = self.rows.record_start if inside else min(at, self.window_start + len(self.window))
        begin = max(begin, self.window_start)
        resume = self._next_record(at if at_start else max(at, begin + 1))
        end = resume if resume is not None else self.window_start + len(self.window)
        raw = self.window[begin - self.window_start : end - self.window_start]
        before = self.window[: max(at - self.window_start, 0)]
        self.result.broken.append(
            Broken(begin, self.lines_before + before.count(b"\n") + 1, len(before) - before.rfind(b"\n"),
                   raw, code, reason, self.rows.key or "", inside)
        )  # fmt: skip
        self._collect()
        if resume is None:
            return None
        cut = resume - self.window_start
        self.lines_before += self.window.count(b"\n", 0, cut)
        self.window, self.window_start = self.window[cut:], resume
        self._fresh(resume, self.plan.prefix)
        return self.window

    def _describe(self, error: Exception) -> tuple[int, str, str, bool]:
        if isinstance(error, BrokenRecord):
            return error.at, error.reason, error.code, error.at_start
        at = self.base + self.parser.ErrorByteIndex
        assert isinstance(error, expat.ExpatError)
        words = expat.errors.messages.get(error.code, "")
        if words in ("no element found", "unclosed token", "unclosed CDATA section"):
            return at, "The file ends before the element is closed.", "cut-short", False
        return at, _IN_WORDS.get(words, f"The XML is broken: {words}."), "broken-element", False

    def _next_record(self, start: int) -> int | None:
        """Byte of the next record's tag at or after `start`, reading on as far as needed."""
        searched = start - self.window_start
        while True:
            found = self.tag.search(self.window, max(searched, 0))
            if found:
                return self.window_start + found.start()
            if self.ended:
                return None
            # A tag may lie across two chunks.
            searched = max(start - self.window_start, len(self.window) - 256)
            self._read()


def refuse_doctype(*_: object) -> None:
    """Handler for a document type: raises Refused before any entity is known."""
    raise Refused("it holds a document type declaration, which can hide entities")


_IN_WORDS = {
    "not well-formed (invalid token)": "A character stands where XML does not allow it, often a bare & or <.",
    "mismatched tag": "An element is closed by the tag of another.",
    "undefined entity": "A name between & and ; is not one that XML knows.",
    "duplicate attribute": "An attribute is written twice.",
    "junk after document element": "There is text after the end of the last element.",
}
