"""Makes large returns from the shared made-up samples: without it speed could only be told of small ones.

Run by hand: python benchmarks/quality_returns.py RETURNS OUT CHILDREN
RETURNS is the folder of sample returns (cin/, ssda903/), OUT gets s903/ and cin.xml.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import polars as pl

from threecircles.core.identifiers import upn_check_letter
from threecircles.quality.layout import layout

MADE_UP = ("PL_LA", "PL_LOCATION", "PL_DISTANCE", "UASC")
SPARSE, FULL = "fake_CIN_data.xml", "CIN_Census_2026.xml"
"""Children of the census sample with little recorded, and children with every module."""
HEADER = (
    "<Message><Header><CollectionDetails><Collection>CIN</Collection><Year>2026</Year>"
    "<ReferenceDate>2026-03-31</ReferenceDate></CollectionDetails><Source><SourceLevel>L</SourceLevel>"
    "<LEA>926</LEA><SoftwareCode>benchmark</SoftwareCode><Release>1</Release><SerialNo>001</SerialNo>"
    "<DateTime>2026-05-28T09:00:00</DateTime></Source></Header><Children>\n"
)


def make_903(returns: Path, out: Path, children: int) -> int:
    """Write the sample SSDA903 repeated under new identifiers, the last time in part; returns its rows."""
    tables = _tables(returns / "ssda903" / "fake")
    own = tables["Header"]["CHILD"]
    copies, left = divmod(children, own.len())
    last = own.head(left)
    out.mkdir(parents=True)
    rows = 0
    for name, frame in tables.items():
        parts = [frame.with_columns(pl.col("CHILD") + f"x{n}") for n in range(copies)]
        of_last = frame.filter(pl.col("CHILD").is_in(last.implode()))
        whole = pl.concat([*parts, of_last.with_columns(pl.col("CHILD") + f"x{copies}")])
        whole.write_csv(out / f"{name}.csv")
        rows += whole.height
    return rows


def make_cin(returns: Path, out: Path, children: int) -> int:
    """Write a census of sample children under new identifiers, two of three with every module; returns children."""
    sparse, full = (_children(returns / "cin" / name) for name in (SPARSE, FULL))
    with out.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number, child in enumerate(islice(_mixed(sparse, full), children)):
            file.write(_renamed(child, number))
        file.write("</Children></Message>\n")
    return children


def _tables(folder: Path) -> dict[str, pl.DataFrame]:
    """The tables of a folder by their headings; of two for one table the first by name."""
    found: dict[str, pl.DataFrame] = {}
    for path in sorted(folder.glob("*.csv")):
        frame = pl.read_csv(path, infer_schema_length=0)
        for name, table in layout("903").tables.items():
            if set(frame.columns) == {c for c in table.columns if c not in MADE_UP}:
                found.setdefault(name, frame)
    return found


def _children(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8-sig")
    return [child + "\n" for child in re.findall(r"<Child>.*?</Child>", text, re.DOTALL)]


def _mixed(sparse: list[str], full: list[str]) -> Iterator[str]:
    for n in count():
        yield sparse[n // 3 % len(sparse)] if n % 3 == 0 else full[n % len(full)]


def _renamed(child: str, number: int) -> str:
    """The child under a local identifier and a pupil number of its own."""
    digits = f"{number:012d}"
    named = re.sub("(<LAchildID>).*?(</LAchildID>)", rf"\g<1>B{number}\2", child, flags=re.DOTALL)
    return re.sub("<UPN>.*?</UPN>", f"<UPN>{upn_check_letter(digits)}{digits}</UPN>", named)


if __name__ == "__main__":
    made = Path(sys.argv[2])
    made.mkdir(parents=True, exist_ok=True)
    print(f"{make_903(Path(sys.argv[1]), made / 's903', int(sys.argv[3])):,} rows of SSDA903")
    print(
        f"{make_cin(Path(sys.argv[1]), made / 'cin.xml', int(sys.argv[3])):,} children of the census"
    )
