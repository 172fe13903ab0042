"""The page model: without it web, PDF and workbook would each tell their own story.

Plain frozen records. A page is built from `Safe` tables only, and every number on it is looked up
again in the table it names: a number that was not released cannot be shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from math import isclose
from typing import Literal

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure.release import Safe
from threecircles.report.svg import Svg

Edition = Literal["public", "partners", "school", "internal"]
Kind = Literal[
    "count", "rate", "percent", "money", "mean", "days", "text", "code", "date", "interval"
]


@dataclass(frozen=True, kw_only=True)
class Value:
    """One released number or the symbol that stands for it.

    number: as released (shares 0 to 1, money in pounds). cell: table id, row and column of the Safe
    frame it was read from. lineage: id of the number, for its lineage page and for
    `threecircles lineage`.
    """

    number: float | None
    symbol: str = ""
    low: float | None = None
    high: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    n: float | None = None
    kind: Kind = "count"
    decimals: int = 0
    period: str = ""
    definition: str = ""
    source: str = ""
    lineage: str = ""
    cell: tuple[str, int, str] = ("", 0, "value")

    @property
    def known(self) -> bool:
        """Whether there is a number to show (a marked one, such as [u], is still a number)."""
        return self.number is not None


@dataclass(frozen=True)
class Column:
    """One column of a table: what it holds and how it is written."""

    id: str
    label: str
    kind: Kind = "text"
    unit: str = ""
    decimals: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows for reading. The first column is the row's heading; a cell is a Value or a text.

    opens: each figure is a link to its row on the lineage page. anchors: the number id of each row, on
    the page where such links end.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value | str, ...], ...]
    table_ids: tuple[str, ...]
    period: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()
    opens: bool = False
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing with its words and the table it was drawn from.

    drawn: (label, value) of every number in the drawing; a test compares them with the table.
    """

    id: str
    title: str
    desc: str
    svg: Svg
    table: Table
    drawn: tuple[tuple[str, Value], ...] = ()
    caveats: tuple[str, ...] = ()
    wide: bool = False


@dataclass(frozen=True)
class Gallery:
    """Figures of one kind side by side, such as maps."""

    title: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Keyfigure:
    """One number in large type, with the words that make it a sentence."""

    value: Value
    words: str
    compare: str = ""


@dataclass(frozen=True)
class Keyfigures:
    """A row of key figures."""

    figures: tuple[Keyfigure, ...]


@dataclass(frozen=True)
class Lead:
    """The first screen of a pack: the picture, its figures, and the sentence of what is not known."""

    figure: Figure
    figures: tuple[Keyfigure, ...]
    sentence: str
    unknown: str


@dataclass(frozen=True)
class Finding:
    """A sentence that states what was found, with the values it rests on. more: slug of the page that tells more."""

    sentence: str
    values: tuple[Value, ...] = ()
    more: str = ""


@dataclass(frozen=True)
class Findings:
    """Findings under one heading."""

    title: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Text:
    """Paragraphs under a heading. Links are (label, slug) of pages of the pack; many go in columns."""

    title: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    columns: bool = False


@dataclass(frozen=True)
class Entries:
    """A list of terms and what is said of each (definitions, sources, steps)."""

    title: str
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Notice:
    """What a reader must not overlook."""

    text: str


@dataclass(frozen=True)
class Nothing:
    """A place kept for what is missing: why it is, and what would change if it came."""

    title: str
    why: str
    change: str


@dataclass(frozen=True)
class Downloads:
    """Files of this pack: (label, path from the pack's root, what it is)."""

    title: str
    files: tuple[tuple[str, str, str], ...]


Block = (
    Lead
    | Gallery
    | Keyfigures
    | Findings
    | Figure
    | Table
    | Text
    | Entries
    | Notice
    | Nothing
    | Downloads
)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page. Built only from Safe tables; each value is checked against the table it names.

    Raises NotPermitted for a table that is not Safe, UsageError for a number that is in none.
    """

    id: str
    slug: str
    title: str
    summary: tuple[str, ...]
    blocks: tuple[Block, ...]
    tables: tuple[Safe, ...] = ()
    nav: str = ""
    related: tuple[str, ...] = ()
    audience: tuple[str, ...] = ("public",)
    order: int = 0

    def __post_init__(self) -> None:
        for table in self.tables:
            if type(table) is not Safe:
                raise NotPermitted(
                    f"The page {self.slug} was given a table that disclosure has not made safe.",
                    found=type(table).__name__,
                    mend="Hand over the table as disclosure.release returns it.",
                )
        released = {t.spec.id: t for t in self.tables}
        for value in self.values():
            _check_released(value, released, self.slug)

    def values(self) -> Iterator[Value]:
        """Every value on the page, in order."""
        for block in self.blocks:
            yield from _values_of(block)

    def all_tables(self) -> Iterator[Table]:
        """Every table on the page, those below figures too."""
        for block in self.blocks:
            if isinstance(block, Lead):
                yield block.figure.table
            elif isinstance(block, Gallery):
                yield from (figure.table for figure in block.figures)
            elif isinstance(block, Figure):
                yield block.table
            elif isinstance(block, Table):
                yield block


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A set of pages about one place and period, released together."""

    id: str
    title: str
    place: str
    period: str
    edition: Edition
    release_id: str
    pages: tuple[Page, ...]
    made_on: date | None = None
    fictitious: bool = False
    definition_versions: tuple[str, ...] = ()
    contact: str = ""
    licence: str = "Open Government Licence v3.0"
    next_update: str = ""
    downloads: tuple[tuple[str, str, str], ...] = field(default=())


def _values_of(block: Block) -> Iterator[Value]:
    if isinstance(block, Lead):
        yield from _values_of(block.figure)
        yield from (figure.value for figure in block.figures)
    elif isinstance(block, Gallery):
        yield from (value for figure in block.figures for value in _values_of(figure))
    elif isinstance(block, Figure):
        yield from (value for _, value in block.drawn)
        yield from _values_of(block.table)
    elif isinstance(block, Table):
        yield from (cell for row in block.rows for cell in row if isinstance(cell, Value))
    elif isinstance(block, Keyfigures):
        yield from (figure.value for figure in block.figures)
    elif isinstance(block, Findings):
        yield from (value for finding in block.findings for value in finding.values)


def _check_released(value: Value, released: dict[str, Safe], slug: str) -> None:
    if value.number is None:
        return
    table_id, row, column = value.cell
    safe = released.get(table_id)
    if safe is None or row >= safe.frame.height or column not in safe.frame.columns:
        raise UsageError(
            f"The page {slug} shows a number of no released table.", found=f"{table_id} row {row}"
        )
    there = safe.frame[column][row]
    if there is None or not isclose(float(there), value.number, rel_tol=1e-12, abs_tol=1e-12):
        raise UsageError(
            f"The page {slug} shows another number than was released.",
            found=f"{table_id} row {row} {column}",
        )
