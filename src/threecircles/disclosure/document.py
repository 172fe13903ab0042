"""A letter or report as plain records: without it each document would need its own way to paper."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A heading below the title, level 2 or 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """A small table: caption, column headings, cells as text."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Part = Heading | Paragraph | Items | Rows


@dataclass(frozen=True)
class Document:
    """Title, who made it, when (in words), and its parts in order."""

    title: str
    author: str
    made: str
    parts: tuple[Part, ...]

    def text(self) -> str:
        """The document as plain text, for a screen or an e-mail."""
        lines = [self.title, "=" * len(self.title), f"{self.author}. {self.made}.", ""]
        for part in self.parts:
            lines += [*_lines(part), ""]
        return "\n".join(lines)


def markdown(parts: tuple[Part, ...]) -> str:
    """Parts as Markdown. Characters that mean something there are escaped."""
    lines: list[str] = []
    for part in parts:
        if isinstance(part, Heading):
            lines += [f"{'#' * part.level} {_plain(part.text)}", ""]
        elif isinstance(part, Paragraph):
            lines += [_plain(part.text), ""]
        elif isinstance(part, Items):
            lines += [*(f"- {_plain(i)}" for i in part.items), ""]
        else:
            lines += [
                f"**{_plain(part.caption)}**",
                "",
                _row(part.header),
                _row(("---",) * len(part.header)),
            ]
            lines += [*(_row(tuple(_plain(c) for c in r)) for r in part.rows), ""]
    return "\n".join(lines)


def _lines(part: Part) -> list[str]:
    if isinstance(part, Heading):
        return [part.text, "-" * len(part.text)]
    if isinstance(part, Paragraph):
        return [part.text]
    if isinstance(part, Items):
        return [f"- {i}" for i in part.items]
    return [part.caption, " | ".join(part.header), *(" | ".join(r) for r in part.rows)]


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    for mark in ("\\", "|", "*", "_", "`", "[", "<"):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", " ")
