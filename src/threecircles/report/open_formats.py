"""Tables and pages in open forms: without it others would have to scrape our pages."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

from threecircles.core.tables import TableSpec, number_id
from threecircles.disclosure.release import Safe
from threecircles.report.model import Pack
from threecircles.report.svg import Svg

FIGURES = ("value", "low", "high", "numerator", "denominator", "n")


def safe_tables(pack: Pack) -> dict[str, Safe]:
    """Every Safe table that a page of the pack was made from, by id."""
    return {t.spec.id: t for page in pack.pages for t in page.tables}


def write_csv_files(pack: Pack, folder: Path) -> list[Path]:
    """One CSV file a table (UTF-8, one row a figure, hyphen as minus, symbol in its own column).

    A table with a sentence that goes with every figure has it as a last column, `note`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, safe in sorted(safe_tables(pack).items()):
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerows(_csv_rows(safe))
        written.append(path)
    return written


def _csv_rows(safe: Safe) -> Iterator[list[object]]:
    spec = safe.spec
    dims = [d.column for d in spec.dimensions]
    # What a table carries beside the usual figures (a weighted base, bounds) goes out in the same row.
    figures = (*FIGURES, *(c for c in spec.values if c not in FIGURES))
    yield [
        "number_id",
        "table",
        "period",
        *_doubled(spec),
        "measure",
        *figures,
        "symbol",
        "unit",
        "definition",
        *(["note"] if spec.beside else []),
    ]
    labels = {d.column: d.labels for d in spec.dimensions}
    for row in safe.frame.iter_rows(named=True):
        where = {c: str(row[c]) for c in dims}
        named: list[object] = []
        for c in dims:
            named += [where[c], labels[c].get(where[c], where[c])]
        yield [
            number_id(spec.id, where, str(row["measure"])),
            spec.id,
            spec.period,
            *named,
            row["measure"],
            *(_number(row.get(c)) for c in figures),
            row.get("symbol") or "",
            spec.unit,
            " ".join(spec.definitions),
            *([spec.beside] if spec.beside else []),
        ]


def _doubled(spec: TableSpec) -> list[str]:
    return [name for d in spec.dimensions for name in (f"{d.column}_code", f"{d.column}_name")]


def _number(x: Any) -> str:
    if x is None:
        return ""
    if isinstance(x, float):
        return str(int(x)) if x.is_integer() and abs(x) < 1e15 else repr(x)
    return str(x)


def write_pack_json(pack: Pack, path: Path) -> Path:
    """The whole page model, drawings left out, with every value's place in its table."""
    path.write_text(
        json.dumps(_plain(pack), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    return path


def _plain(item: Any) -> Any:
    if isinstance(item, Safe):
        return item.spec.id
    if isinstance(item, Svg):
        return None
    if isinstance(item, date):
        return item.isoformat()
    if is_dataclass(item) and not isinstance(item, type):
        told = {f.name: _plain(getattr(item, f.name)) for f in fields(item)}
        return {
            "kind": type(item).__name__,
            **{k: v for k, v in told.items() if v not in (None, "", [], ())},
        }
    if isinstance(item, (tuple, list)):
        return [_plain(x) for x in item]
    return item
