"""Writes what a person asked for where they asked: without it a full or locked folder would read as a fault of ours."""

from __future__ import annotations

from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.core.workspace import write_bytes


def write_out(path: Path, data: bytes) -> None:
    """Write a result whole or not at all. Raises UsageError naming a file that cannot be written."""
    try:
        write_bytes(path, data)
    except OSError as error:
        raise UsageError(
            "The result cannot be written.", where=str(path), found=error.strerror or str(error),
            mend="Name another file, or close the program that has it open.",
        ) from None  # fmt: skip
