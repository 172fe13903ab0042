"""Reads every number of a released pack back out of every file it left in, and attacks them all together (S8).

    python benchmarks/attack_pack.py --place borough
    python benchmarks/attack_pack.py --workspace WORKSPACE

A pack says the same figures in pages, drawings, text alternatives, a document, a workbook, CSV and
JSON. A figure hidden in one of them and shown in another would be no secret. So whatever any file
shows of a cell is laid into the tables of the release, and these are attacked as one.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from threecircles.core import manifest
from threecircles.disclosure.attack_release import Leak, attack_safe
from threecircles.disclosure.release import load_safe

FIGURES = ("value", "low", "high", "numerator", "denominator", "n")
NUMBER = re.compile(r"(?<![\w.])[\u2212-]?\d[\d,]*(?:\.\d+)?(?![a-f\d]*[a-f]\d)")
Cell = tuple[str, int, str]


@dataclass
class Seen:
    """What a reader of all files knows. told: figures of cells that their own CSV hides, with the file
    that shows them. loose: numbers of a drawing or its text alternative that its table does not show.
    counted: numbers read, by kind of file."""

    told: dict[Cell, tuple[float, str]] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)

    def count(self, kind: str, n: int) -> None:
        """Add to the numbers read of a kind of file."""
        self.counted[kind] = self.counted.get(kind, 0) + n


def main() -> int:
    """Print what was read and what came of the attack; exit code 1 when anything is given away."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--place", default="hamlet")
    asked.add_argument("--workspace", type=Path, help="a workspace that was run already")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = given.workspace or _made(given.place, Path(folder))
        seen = read_back(workspace / "release" / "site")
        leaks = attack_all(workspace, seen)
    read = ", ".join(f"{n:,} in {kind}" for kind, n in sorted(seen.counted.items()))
    print(f"Numbers read back: {read}.")
    print(f"Hidden cells that another file shows: {len(seen.told)}.")
    print(f"Numbers of drawings and their texts that their tables do not show: {len(seen.loose)}.")
    print(f"Cells that two files say differently: {len(seen.differing)}.")
    print(f"Hidden figures that follow exactly from everything together: {len(leaks)}.")
    for told in [*seen.loose[:20], *map(str, leaks[:20]), *seen.differing[:20]]:
        print(f"  {told}")
    return 1 if seen.told or seen.loose or seen.differing or leaks else 0


def read_back(site: Path) -> Seen:
    """Every number of a released site's files, cell by cell where the file is a table."""
    model = json.loads((site / "pack.json").read_text(encoding="utf-8"))
    cells = _released(site)
    seen = Seen(counted={"CSV": sum(v is not None for v in cells.values())})
    tables = _from_json(model, cells, seen)
    _from_pages(site, tables, seen)
    _from_workbook(site / "pack.xlsx", tables, seen)
    _from_document(site / "pack.pdf", tables, seen)
    return seen


def attack_all(workspace: Path, seen: Seen) -> list[Leak]:
    """The attack on the release's safe tables, with every figure that any other file shows laid into them."""
    newest = manifest.latest(workspace / "manifest.jsonl")["disclosure.protect"]
    tables = load_safe(workspace / "steps" / "disclosure.protect" / newest.key[:16] / "out")
    return attack_safe(tables, {cell: value for cell, (value, _) in seen.told.items()})


def _released(site: Path) -> dict[Cell, float | None]:
    """Table, row and column of every figure of the CSV files; None where it is hidden or was not there."""
    cells: dict[Cell, float | None] = {}
    for path in sorted((site / "data").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file)
            header = list(lines.fieldnames or ())
            # Tables of surveys hold further figures: weighted bases, design effects, flags' bounds.
            figures = header[header.index("measure") + 1 : header.index("symbol")]
            for k, row in enumerate(lines):
                for column in figures:
                    cells[path.stem, k, column] = float(row[column]) if row[column] else None
    return cells


def _from_json(model: Any, cells: dict[Cell, float | None], seen: Seen) -> dict[str, list[dict]]:
    """Compare every value of the page model with its cell; the model's tables by caption."""
    for value in _of_kind(model, "Value", "number", "symbol"):
        table, row, column = value["cell"]
        for name, at in (("number", column), *((c, c) for c in FIGURES[1:])):
            shown = value.get(name)
            if isinstance(shown, (int, float)) and (name == "number" or column == "value"):
                seen.count("JSON", 1)
                _judge((table, row, at), float(shown), cells, seen, "pack.json")
    tables: dict[str, list[dict]] = {}
    for table in _of_kind(model, "Table", "caption"):
        tables.setdefault(table["caption"], []).append(table)
    return tables


def _judge(
    cell: Cell, shown: float, cells: dict[Cell, float | None], seen: Seen, where: str
) -> None:
    there = cells.get(cell)
    if there is None:
        seen.told[cell] = (shown, where)
    elif abs(there - shown) > 1e-9 * max(1.0, abs(there)):
        seen.differing.append(f"{where}: {cell}")


def _of_kind(node: Any, kind: str, *one_of: str) -> Iterator[dict]:
    """Every part of the model of a kind. Values bear no kind of their own name: they hold a cell."""
    if isinstance(node, dict):
        if (kind == "Value" and "cell" in node) or (node.get("kind") == kind and kind != "Value"):
            yield node
        for part in node.values():
            yield from _of_kind(part, kind, *one_of)
    elif isinstance(node, list):
        for part in node:
            yield from _of_kind(part, kind, *one_of)


class _Page(HTMLParser):
    """Tables by caption, and for each drawing its words: title, description, labels."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.drawings: list[dict[str, str]] = []
        self._caption, self._row, self._cell = "", [], None
        self._in: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, a row, a cell or a drawing."""
        self._in.append(tag)
        if tag == "svg":
            label = dict(attrs).get("aria-labelledby") or ""
            self.drawings.append({"id": label.split("-title")[0], "words": ""})
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self._row = []
        elif tag in ("td", "th"):
            self._cell = ""

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened."""
        while self._in and self._in.pop() != tag:
            continue
        if tag in ("td", "th") and self._cell is not None:
            self._row.append(" ".join(self._cell.split()))
            self._cell = None
        elif tag == "tr":
            self.tables.setdefault(self._caption.strip(), []).append(self._row)

    def handle_data(self, data: str) -> None:
        """Words of a caption, a cell or a drawing."""
        if self._in and self._in[-1] == "caption":
            self._caption += data
        if self._cell is not None:
            self._cell += data
        if "svg" in self._in:
            self.drawings[-1]["words"] += f" {data}"


def _from_pages(site: Path, tables: dict[str, list[dict]], seen: Seen) -> None:
    known = _known_words(tables)
    for path in sorted(site.rglob("*.html")):
        page = _Page(path.read_text(encoding="utf-8"))
        for caption, rows in page.tables.items():
            body = [r for r in rows[1:] if r]
            seen.count("HTML", sum(len(NUMBER.findall(c)) for r in body for c in r[1:]))
            alike = [t for t in tables.get(caption, []) if len(t.get("rows", [])) == len(body)]
            if alike:
                # Pages of lineage share one caption: the table meant is the one whose words stand there.
                meant = max(alike, key=lambda table: _standing(table, body))
                _same_table(path.name, meant, body, seen)
        shown = _numbers(c for rows in page.tables.values() for r in rows for c in r)
        for drawing in page.drawings:
            words = drawing["words"]
            seen.count("SVG and text alternatives", len(NUMBER.findall(words)))
            unknown = _numbers([words]) - shown - known - _round(words)
            if drawing["id"].startswith("map-"):
                # The bounds of a map's classes lie between released rates; hidden areas are not drawn.
                unknown -= _numbers(re.findall(r"[\d.,%]+ to [\d.,%]+", words))
            seen.loose += [f"{path.name}: {drawing['id']}: {n}" for n in sorted(unknown)]


def _standing(table: dict, body: list[list[str]]) -> int:
    """How many words of a table of the model stand at their places in a table of a page."""
    return sum(
        cell == text.strip()
        for said, row in zip(body, table.get("rows", []), strict=True)
        for text, cell in zip(said, row, strict=False)
        if isinstance(cell, str)
    )


def _same_table(where: str, table: dict, body: list[list[str]], seen: Seen) -> None:
    """A shown cell of a page or sheet against the model: a hidden one may hold no number."""
    for said, row in zip(body, table.get("rows", []), strict=True):
        for text, cell in zip(said, row, strict=True):
            if isinstance(cell, dict) and "number" not in cell and NUMBER.search(text):
                found = NUMBER.search(text)
                assert found is not None
                seen.told[tuple(cell["cell"])] = (float(_plain(found[0])), where)  # type: ignore[index]


def _from_workbook(path: Path, tables: dict[str, list[dict]], seen: Seen) -> None:
    import openpyxl

    for sheet in openpyxl.load_workbook(path, read_only=True).worksheets:
        rows = [
            [("" if c is None else str(c)) for c in r] for r in sheet.iter_rows(values_only=True)
        ]
        caption = re.sub(r"( \[note \d+\])+$", "", rows[0][0]) if rows and rows[0] else ""
        body = [r for r in rows[4:] if any(r)]
        seen.count("workbook", sum(len(NUMBER.findall(c)) for r in body for c in r[1:]))
        for table in tables.get(caption, []):
            width = len(table["columns"])
            if len(table.get("rows", [])) == len(body):
                _same_table(path.name, table, [r[:width] for r in body], seen)
                break


NOT_OF_CHILDREN = re.compile(
    r"[\d,]+ of [\d,]+ figures are hidden|This table has [\d,]+ rows|Release [\da-f]{8,}|0800 1111|(?:\. ){3,}\d+"
)
"""Numbers of a document that count no children: how many figures are hidden, how long a table is, the
name of the release, a help line, and the pages that its contents name behind a row of dots."""


def _from_document(path: Path, tables: dict[str, list[dict]], seen: Seen) -> None:
    """Each row of a table stands in the document's text as the model writes it; hidden cells as symbols."""
    import pypdf

    pages = enumerate(pypdf.PdfReader(path).pages, start=1)
    text = " ".join(" ".join(_without_foot(p.extract_text(), n) for n, p in pages).split())
    text = NOT_OF_CHILDREN.sub(" ", text)
    numbers = NUMBER.findall(text)
    seen.count("PDF", len(numbers))
    known = _known_words(tables)
    odd = {_plain(n) for n in numbers} - known - _round(text)
    seen.loose += [f"{path.name}: {n}" for n in sorted(odd)]


def _without_foot(text: str, page: int) -> str:
    """A page's text without its own number, which stands alone at its foot."""
    return re.sub(rf"\s{page}\s*$", " ", text)


def _known_words(tables: dict[str, list[dict]]) -> set[str]:
    """Every number a table of the model shows, in each form it is written in, and those of its words."""
    known: set[str] = set()
    for table in (t for many in tables.values() for t in many):
        known |= _numbers([json.dumps({k: v for k, v in table.items() if k != "rows"})])
        for cell in (c for row in table.get("rows", []) for c in row):
            if isinstance(cell, str):
                known |= _numbers([cell])
            else:
                known |= {f for c in ("number", *FIGURES[1:]) if c in cell for f in _forms(cell[c])}
    return known


def _forms(x: float) -> set[str]:
    """A figure as people write it: whole, with a decimal, as a percentage, in thousands or millions."""
    forms = set()
    for scaled in (x, 100 * x, x / 1e3, x / 1e6, x / 1e9, 10 * round(x / 10), 100 * round(x / 100)):
        for decimals in (0, 1, 2):
            forms |= {
                f"{abs(scaled) * (1 + d * 1e-12) + d * 1e-9:.{decimals}f}" for d in (-1, 0, 1)
            }
    return {f.rstrip("0").rstrip(".") if "." in f else f for f in forms}


def _numbers(texts: Iterable[str]) -> set[str]:
    return {_plain(n) for t in texts for n in NUMBER.findall(t)}


def _plain(number: str) -> str:
    """Without thousands commas, minus sign and trailing noughts."""
    told = number.replace(",", "").lstrip("\u2212-")
    return told.rstrip("0").rstrip(".") if "." in told else told


def _round(text: str) -> set[str]:
    """Numbers that are no figures: ticks of an axis, years, days, counts of marks and of what is hidden."""
    ticks = {_plain(n) for n in NUMBER.findall(text) if _is_tick(_plain(n))}
    counts = {
        n for p in (r"of (\d+) ", r"for (\d+) areas", r"(\d+) hidden") for n in re.findall(p, text)
    }
    return ticks | counts | {"95", "100", "99"}


def _is_tick(number: str) -> bool:
    """A number of one digit and noughts, or of two with a nought behind, or a year: no count of children."""
    digits = number.replace(".", "").strip("0") or "0"
    whole_tens = len(digits) == 2 and (number.endswith("0") or number[1:] == ".5")
    year = re.fullmatch(r"20[0-4]\d", number) is not None
    return len(digits) == 1 or whole_tens or year


def _made(place: str, home: Path) -> Path:
    os.environ.update(THREECIRCLES_KEYS=str(home / "keys"), THREECIRCLES_LOGS=str(home / "logs"))
    command = [sys.executable, "-m", "threecircles"]
    subprocess.run([*command, "synth", place, "--out", home / "place"], check=True)
    subprocess.run([*command, "run", home / "place", "--workspace", home / "workspace"], check=True)
    return home / "workspace"


if __name__ == "__main__":
    sys.exit(main())
