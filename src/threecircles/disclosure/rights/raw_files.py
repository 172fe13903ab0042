"""Writes a received file anew without one person: else a rerun would bring back what was erased."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.workspace import Workspace, write_bytes
from threecircles.disclosure import state
from threecircles.sources.declared import Source

TEXTS = (".csv", ".txt", ".tsv")


def without_lines(data: bytes, lines: set[int]) -> bytes:
    """A delimited file without the records that start on the given lines (counted from 1).

    Every other byte stays as it came. A quoted field may run over lines: its whole record goes.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    text = data.decode(encoding)
    kept: list[str] = []
    for start, record in _records(text):
        if start not in lines:
            kept.append(record)
    return "".join(kept).encode(encoding)


def without_record(data: bytes, declared: Source, keys: set[str]) -> bytes:
    """An XML return without the children of those ids. Raises ThreeCirclesError when none is there."""
    assert declared.xml is not None
    text = data.decode("utf-8-sig")
    tag = declared.xml.record.rpartition("/")[2]
    kept, removed, at = [], 0, 0
    while (start := _opening(text, tag, at)) >= 0:
        end = text.index(f"</{tag}>", start) + len(tag) + 3
        node = ElementTree.fromstring(text[start:end])
        if (node.findtext(declared.xml.key) or "").strip() in keys:
            kept.append(text[at:start].rstrip(" \t"))
            removed += 1
            at = end + 1 if text[end : end + 1] == "\n" else end
        else:
            kept.append(text[at:end])
            at = end
    kept.append(text[at:])
    if not removed:
        raise ThreeCirclesError("The person is not in the file under that id.")
    bom = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    return bom + "".join(kept).encode()


def rewrite(
    workspace: Workspace, path: Path, declared: Source, *, lines: set[int], keys: set[str]
) -> tuple[str, str]:
    """Write the received file anew, keep the new copy sealed, destroy the old; returns both hashes.

    Raises ThreeCirclesError for a kind of file that a machine cannot rewrite safely (a workbook, an
    archive): those rows are taken out by hand, and the command says which.
    """
    old = path.read_bytes()
    if declared.xml is not None and path.suffix.lower() == ".xml":
        new = without_record(old, declared, keys)
    elif path.suffix.lower() in TEXTS:
        new = without_lines(old, lines)
    else:
        raise ThreeCirclesError(
            "A file of this kind is not written anew by the machine.",
            where=path.name, found=path.suffix, allowed=", ".join((*TEXTS, ".xml")),
            mend="Save it as CSV, or take the rows out by hand, and ask again.",
        )  # fmt: skip
    before, after = (hashlib.sha256(d).hexdigest() for d in (old, new))
    write_bytes(path, new)
    workspace.keep_raw(new)
    workspace.destroy_raw(before)
    with state.state(workspace.path) as kept:
        kept.execute(
            "INSERT OR REPLACE INTO tombstone VALUES (?,?,?,?)",
            (before, after, len(lines) or len(keys), state.now()),
        )
    return before, after


def tombstones(workspace: Path) -> Mapping[str, str]:
    """Hashes of files that may not come back -> the hash of what took their place."""
    found = state.rows(workspace, "SELECT old_hash, new_hash FROM tombstone")
    return {r["old_hash"]: r["new_hash"] for r in found}


def _opening(text: str, tag: str, at: int) -> int:
    found = [p for p in (text.find(f"<{tag}>", at), text.find(f"<{tag} ", at)) if p >= 0]
    return min(found, default=-1)


def _records(text: str) -> list[tuple[int, str]]:
    """(line on which it starts, its text with the line end) for each record of a delimited text."""
    found, start, number = [], 0, 1
    quoted, first = False, 1
    for i, mark in enumerate(text):
        if mark == '"':
            quoted = not quoted
        elif mark == "\n":
            number += 1
            if not quoted:
                found.append((first, text[start : i + 1]))
                start, first = i + 1, number
    if start < len(text):
        found.append((first, text[start:]))
    return found
