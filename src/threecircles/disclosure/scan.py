"""Looks for children in released files: without it a name in a note or a file name would leave unseen.

Works on the identity side, the only place that knows the names; it tells where something was found
and of what kind, never what.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from threecircles.core import manifest
from threecircles.core.errors import UsageError
from threecircles.core.workspace import Workspace

_WORD = re.compile(r"[^\W_](?:[^\W_]|['’-](?=[^\W_]))*")
SHORTEST = 6
"""Characters of an identifier that is looked for: shorter ones are found in any number."""

STEP = "identity.link"


@dataclass(frozen=True)
class Names:
    """What must not be found, in lower case: forename and surname side by side, numbers, postcodes."""

    pairs: frozenset[tuple[str, str]]
    words: dict[str, str]


@dataclass(frozen=True)
class Sighting:
    """One place where a child is named. kind: name, identifier or postcode. What it says is not told."""

    file: str
    kind: str
    times: int


def names_of(workspace: Workspace) -> Names:
    """Names, identifiers and postcodes of all children of a workspace.

    workspace: opened in the role "identity". Raises NotPermitted without its key, UsageError when
    nothing has been linked yet.
    """
    workspace.key()
    entry = manifest.latest(workspace.manifest).get(STEP)
    if entry is None:
        raise UsageError("Nobody is known here yet.", mend="Run the place first.")
    folder = workspace.steps("identity") / STEP / entry.key[:16]
    records = workspace.read_table(folder / "identity.link_record.parquet", "identity")
    numbers = workspace.read_table(folder / "identity.identifier.parquet", "identity")
    return names_in(records, numbers)


def names_in(records: pl.DataFrame, numbers: pl.DataFrame) -> Names:
    """As names_of, from tables. records: first, surname, postcode. numbers: value_as_received, value."""
    pairs = {
        (a, b)
        for first, surname in records.select("first", "surname").drop_nulls().iter_rows()
        for a, b in [
            (_last_word(first), _last_word(surname)),
            (_last_word(surname), _last_word(first)),
        ]
        if a and b and a != b
    }
    words = {
        v.strip().lower(): "identifier"
        for column in ("value", "value_as_received")
        for v in numbers[column].drop_nulls().cast(pl.String).unique().to_list()
        if len(v.strip()) >= SHORTEST
    }
    for code in records["postcode"].drop_nulls().unique().to_list():
        words[code.replace(" ", "").lower()] = "postcode"
    return Names(frozenset(pairs), words)


def scan(folder: Path, names: Names) -> list[Sighting]:
    """Every file under a folder (its name too) in which a child is named."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        where = path.relative_to(folder).as_posix()
        seen: dict[str, int] = {}
        spelled = re.sub(r"[-_./]", " ", where)
        for text in (spelled, *texts(path)):
            for kind in _named(text, names):
                seen[kind] = seen.get(kind, 0) + 1
        found += [Sighting(where, kind, times) for kind, times in sorted(seen.items())]
    return found


def texts(path: Path) -> Iterator[str]:
    """What a file says: text as it is, workbooks and documents by their parts, PDFs by their text."""
    data = path.read_bytes()
    if path.suffix.lower() == ".pdf":
        yield from _pdf(path)
    elif data[:2] == b"PK":
        with zipfile.ZipFile(path) as parts:
            for part in parts.namelist():
                yield re.sub(r"<[^>]*>", " ", parts.read(part).decode("utf-8", "ignore"))
    else:
        text = data.decode("utf-8", "ignore")
        yield re.sub(r"<[^>]*>", " ", text)
        yield " ".join(re.findall(r"[\w-]+=\"([^\"]*)\"", text))


def _pdf(path: Path) -> Iterator[str]:
    try:
        from pypdf import PdfReader
    except ImportError:
        raise UsageError(
            "The text of a PDF cannot be read here.",
            where=path.name,
            mend="Install pypdf, or scan the pages instead.",
        ) from None
    for page in PdfReader(path).pages:
        yield page.extract_text()


def _named(text: str, names: Names) -> Iterable[str]:
    words = [w.lower() for w in _WORD.findall(text)]
    for one, two in pairwise(words):
        if (one, two) in names.pairs:
            yield "name"
        if (kind := names.words.get(one + two)) == "postcode":
            yield kind
    for word in words:
        if kind := names.words.get(word):
            yield kind


def _last_word(text: str) -> str:
    found = _WORD.findall(text.lower())
    return found[-1] if found else ""
