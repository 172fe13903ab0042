"""Opens what was received, zips included, inside limits: without it one hostile file fills the machine."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from threecircles.sources.reading import Limits, Problem

_CHUNK = 1 << 20
_ENCRYPTED_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Received:
    """One file or member of a zip. open: a fresh binary stream. head: its first 4 KB."""

    path: str
    member: str
    sha256: str
    size: int
    head: bytes
    open: Callable[[], BinaryIO]

    @property
    def name(self) -> str:
        """The file as a person would name it."""
        return f"{self.path} ({self.member})" if self.member else self.path

    @property
    def is_workbook(self) -> bool:
        """True for a spreadsheet, by its content."""
        if self.head.startswith(_ENCRYPTED_OFFICE):
            return True
        return self.head.startswith(b"PK\x03\x04") and bool(_zip_names(self) & _WORKBOOK_PARTS)


DAMAGED_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
)
"""What opening or unpacking a zip raises when its bytes are not what they claim; a version or a way of packing
that nobody has written is one of them."""

_WORKBOOK_PARTS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}


def _zip_names(received: Received) -> set[str]:
    try:
        with zipfile.ZipFile(received.open()) as archive:
            return set(archive.namelist())
    except DAMAGED_ZIP:
        return set()


def receive(
    paths: Iterable[str | Path], limits: Limits, leave_out: frozenset[str], problems: list[Problem]
) -> Iterator[Received]:
    """Every file of files, folders and zips, in order of name; what cannot be opened is a problem."""
    for path in _expand(paths, problems):
        if any(fnmatch(path.name, pattern) or str(path) == pattern for pattern in leave_out):
            continue
        size = path.stat().st_size
        if size > limits.max_bytes:
            problems.append(
                _over(str(path.name), "max_bytes", f"{size:,} bytes", f"{limits.max_bytes:,} bytes")
            )
            continue
        file = _file(path, size)
        if file.head.startswith(b"PK\x03\x04") and not file.is_workbook:
            yield from _members(file, limits, leave_out, problems)
        else:
            yield file


def _expand(paths: Iterable[str | Path], problems: list[Problem]) -> Iterator[Path]:
    for given in paths:
        path = Path(given)
        if path.is_dir():
            yield from sorted(
                p for p in path.rglob("*") if p.is_file() and not _left_behind(p.name)
            )
        elif path.is_file():
            yield path
        else:
            problems.append(
                Problem(
                    "",
                    "file-not-found",
                    path.name,
                    "There is no such file.",
                    mend="Check the name and folder.",
                )
            )


def _left_behind(name: str) -> bool:
    """What systems and office programs leave in folders and zips; nobody sent it."""
    return name.startswith((".", "~$")) or name.casefold() in ("thumbs.db", "desktop.ini")


def _file(path: Path, size: int) -> Received:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        head = stream.read(4096)
        digest.update(head)
        while block := stream.read(_CHUNK):
            digest.update(block)
    return Received(path.name, "", digest.hexdigest(), size, head, lambda: path.open("rb"))


def _over(name: str, limit: str, found: str, allowed: str) -> Problem:
    return Problem(
        "", "over-limit", name, f"The file is over the limit {limit} and was not read.", found, allowed,
        f"If you trust where it came from, raise {limit} for this run.",
    )  # fmt: skip


def _members(
    file: Received, limits: Limits, leave_out: frozenset[str], problems: list[Problem]
) -> Iterator[Received]:
    try:
        archive = zipfile.ZipFile(file.open())
        members = [
            m
            for m in archive.infolist()
            if not m.is_dir() and not _left_behind(Path(m.filename).name)
        ]
    except DAMAGED_ZIP:
        problems.append(
            Problem(
                "", "zip-broken", file.name, "The zip file or workbook is damaged and cannot be opened.",
                mend="Save or pack it again, or give the files unpacked.",
            )
        )  # fmt: skip
        return
    if not members:
        problems.append(
            Problem(
                "", "zip-empty", file.name, "The zip file holds no file, or only such as systems hide.",
                mend="Pack the files again, under names that do not begin with a full stop.",
            )
        )  # fmt: skip
    refusal = _refuse_archive(file.name, members, limits)
    if refusal:
        problems.append(refusal)
        return
    for member in sorted(members, key=lambda m: m.filename):
        if any(fnmatch(Path(member.filename).name, pattern) for pattern in leave_out):
            continue
        data = _unpack(archive, member, file.name, problems)
        if data is not None:
            yield Received(
                file.path, member.filename, hashlib.sha256(data).hexdigest(), len(data), data[:4096],
                partial(BytesIO, data),
            )  # fmt: skip


def _refuse_archive(name: str, members: list[zipfile.ZipInfo], limits: Limits) -> Problem | None:
    """The sizes in the directory are checked first, so that a bomb is refused before it is unpacked."""
    if len(members) > limits.zip_members:
        return _over(
            name, "zip_members", f"{len(members):,} files", f"{limits.zip_members:,} files"
        )
    total = sum(m.file_size for m in members)
    if total > limits.zip_bytes:
        return _over(name, "zip_bytes", f"{total:,} bytes unpacked", f"{limits.zip_bytes:,} bytes")
    for member in members:
        where = f"{name} ({member.filename})"
        if (
            member.file_size > limits.zip_ratio * max(member.compress_size, 1)
            and member.file_size > _CHUNK
        ):
            ratio = member.file_size // max(member.compress_size, 1)
            return _over(where, "zip_ratio", f"{ratio:,} to 1", f"{limits.zip_ratio} to 1")
        if member.flag_bits & 1:
            return Problem(
                "", "encrypted", where, "The zip file is protected by a password.",
                mend="Unpack it with the password and give the files.",
            )  # fmt: skip
    return None


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, problems: list[Problem]
) -> bytes | None:
    where = f"{name} ({member.filename})"
    try:
        with archive.open(member) as stream:
            # One byte more than declared: a directory that lies about the size is caught here.
            data = stream.read(member.file_size + 1)
    except DAMAGED_ZIP as error:
        problems.append(
            Problem("", "zip-broken", where, "This file in the zip is damaged.", type(error).__name__,
                    mend="Pack it again, or give it unpacked.")
        )  # fmt: skip
        return None
    if (
        data.startswith(b"PK\x03\x04")
        and b"xl/" not in data[:4096]
        and b"mimetype" not in data[:64]
    ):
        inner = Received("", "", "", len(data), data[:4096], lambda: BytesIO(data))
        if not inner.is_workbook:
            problems.append(
                Problem(
                    "",
                    "zip-nested",
                    where,
                    "A zip inside a zip is not opened.",
                    mend="Unpack it and give its files.",
                )
            )
            return None
    return data
