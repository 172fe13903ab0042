"""From a published number back to its files: without it a figure would have to be believed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from threecircles.core import manifest
from threecircles.core.errors import UsageError
from threecircles.core.lineage import Link, trace
from threecircles.core.workspace import open_workspace


def describe(workspace: Path, number: str) -> str:
    """What a number says and the steps, definitions, files and fields behind it, nearest first.

    number: the id in the first column of each CSV file of a released pack. Raises UsageError when
    no released table holds it.
    """
    opened = open_workspace(workspace)
    row = _published(opened.release, number)
    if row is None:
        raise UsageError(
            "No released table holds this number.",
            found=number,
            allowed="an id such as N0123456789ab, from the first column of a CSV file of the pack",
        )
    entries = manifest.latest(opened.manifest)
    table = row["table"]
    names = {t for e in entries.values() for t in e.outputs if t.rpartition(".")[2] == table}
    lines = [
        *_said(number, row),
        *(line for name in sorted(names) for line in _steps(trace(name, entries))),
    ]
    return "\n".join(lines)


def _published(release: Path, number: str) -> dict[str, str] | None:
    for path in sorted(release.rglob("data/*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["number_id"] == number:
                    return row
    return None


def _said(number: str, row: dict[str, str]) -> Iterator[str]:
    yield f"{number}: {row['measure']} in {row['table']}, {row['period']}"
    for column, text in row.items():
        if column.endswith("_name") or column in (
            "value",
            "low",
            "high",
            "n",
            "symbol",
            "unit",
            "definition",
        ):
            yield f"  {column.removesuffix('_name')}: {text or '-'}"


def _steps(links: list[Link]) -> Iterator[str]:
    for link in links:
        yield f"{'  ' * min(link.depth, 8)}{link.step} ({link.at})"
        inner = "  " * min(link.depth, 8) + "    "
        for name, told in (
            ("reads", ", ".join(_tables(link.reads))),
            ("files", ", ".join(f"{k} sha256 {v[:12]}" for k, v in link.files.items())),
            ("definitions", ", ".join(_grouped(sorted(link.definitions)))),
        ):
            if told:
                yield f"{inner}{name}: {told}"
        for table, columns in sorted(link.fields.items()):
            if _beside(table):
                continue
            shown = [c for c in columns if not c.startswith("_") and "__" not in c]
            yield f"{inner}fields of {table}: {', '.join(shown)}"


def _beside(table: str) -> bool:
    """True for what a reader keeps beside the tables: files, notes, rejects."""
    return table.rpartition(".")[2].startswith("_")


def _tables(names: Sequence[str]) -> list[str]:
    return [n for n in names if not _beside(n)]


def _grouped(files: Sequence[str], most: int = 3) -> list[str]:
    """File names, those of a folder with many as the folder and their number."""
    folders = Counter(f.rpartition("/")[0] for f in files)
    many = {folder for folder, count in folders.items() if count > most}
    told = [f for f in files if f.rpartition("/")[0] not in many]
    return told + [f"{folder}/ ({folders[folder]} files)" for folder in sorted(many)]
