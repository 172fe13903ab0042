"""Any agency's ledger as spend lines, its columns mapped by a file that is kept: health and police money enters here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError, did_you_mean
from threecircles.core.symbols import parse_published
from threecircles.definitions import Definition, load_text
from threecircles.sources.published_files import SUFFIXES, read_text_frame

MONEY = ("gross", "income", "net", "pool_total")
PLAIN = ("line", "label", "agency", "funding_source", "term", "ends_on", "pool_id", "fenced_to")
Agency = Literal["local authority", "school", "health", "police", "youth justice", "voluntary", "other"]  # fmt: skip
TERMS = ("recurrent", "ends", "unknown")
DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, kw_only=True)
class LedgerMapping(Definition):
    """Which column of a ledger holds what. columns: our name (line, label, agency, gross, income, net,
    funding_source, term, ends_on, pool_id, pool_total, fenced_to) -> theirs. agency: whose ledger it is, and
    whose the rows are unless a column says. agencies, terms: their word -> ours, for words that are not ours.
    to_line: their code -> our budget line; codes without one are unallocated.
    """

    agency: Agency
    columns: dict[str, str]
    agencies: dict[str, str] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)
    to_line: dict[str, str] = field(default_factory=dict)
    pounds: bool = True

    def __post_init__(self) -> None:
        strange = sorted(set(self.columns) - {*MONEY, *PLAIN})
        if strange:
            raise ValueError(f"Unknown columns: {', '.join(strange)}. Allowed: {', '.join((*PLAIN, *MONEY))}.")  # fmt: skip
        if not {"line", "gross"} <= set(self.columns):
            raise ValueError("A mapping needs at least line and gross.")


def load_mapping(path: Path) -> LedgerMapping:
    """A mapping file. Raises an error naming file and line."""
    if not path.is_file():
        raise UsageError("There is no such mapping.", where=str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("The mapping is not a text.", where=path.name) from None
    return load_text(text, LedgerMapping, where=path.name)


def read_ledger(
    path: Path, mapping: LedgerMapping, *, la_code: str, year: int, stage: str = "outturn"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Spend lines and findings (row, sentence, difference_pence) of a ledger (CSV, xlsx, ods or Parquet).

    Lines have the columns of `record.spend_line`; a row whose net is not gross less income is a finding with
    its difference and stays as it was sent. A cell that cannot be read refuses the file, naming its row (the
    first below the headings is 1) and its column.
    """
    raw = _read(path, mapping)
    figures = {
        k: _pence(raw[mapping.columns[k]], mapping, path) for k in MONEY if k in mapping.columns
    }
    n = raw.height
    text = {k: raw[mapping.columns[k]].str.strip_chars() for k in PLAIN if k in mapping.columns}
    income = figures.get("income", pl.Series([0] * n, dtype=pl.Int64)).fill_null(0)
    net = figures.get("net", figures["gross"] - income)
    line = text["line"].fill_null("")
    ours = pl.Series(
        [mapping.to_line.get(x, "unallocated" if mapping.to_line else x) for x in line],
        dtype=pl.Utf8,
    )
    none = pl.Series([None] * n, dtype=pl.Utf8)
    agency = _words(text.get("agency", none), mapping.agencies, get_args(Agency), mapping.agency, "agencies", path)  # fmt: skip
    term = _words(text.get("term", none), mapping.terms, TERMS, "unknown", "terms", path)
    lines = pl.DataFrame(
        {
            "spend_id": [f"{la_code}-{mapping.id}-{year}-{i + 1}" for i in range(n)],
            "agency": agency,
            "la_code": [la_code] * n,
            "budget_line": ours,
            "line_label": text.get("label", line),
            "year": pl.Series([year] * n, dtype=pl.Int64),
            "period_kind": ["financial"] * n,
            "stage": [stage] * n,
            "gross_pence": figures["gross"],
            "income_pence": income,
            "net_pence": net,
            "funding_source": text.get("funding_source", none),
            "term": term,
            "ends_on": _each(text.get("ends_on", none), _day, pl.Date, path),
            "pool_id": text.get("pool_id", none),
            "pool_total_pence": figures.get("pool_total", pl.Series([None] * n, dtype=pl.Int64)),
            "ring_fence_area": text.get("fenced_to", none).str.extract_all(r"[^\s,;]+"),
        }
    )
    off = lines.with_row_index("row", offset=1).select(
        "row",
        difference_pence=pl.col("net_pence") - (pl.col("gross_pence") - pl.col("income_pence")),
    )
    broken = off.filter(pl.col("difference_pence") != 0)
    sentences = [f"Net is not gross less income: off by {_pounds(d)}." for d in broken["difference_pence"]]  # fmt: skip
    return lines, broken.with_columns(sentence=pl.Series(sentences, dtype=pl.Utf8))


def _pounds(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}£{abs(pence) / 100:,.2f}"


def _read(path: Path, mapping: LedgerMapping) -> pl.DataFrame:
    """The ledger as text. Raises an error naming the file, or the mapped columns it lacks."""
    if not path.is_file():
        raise UsageError("There is no such ledger.", where=str(path))
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError("A ledger of this kind cannot be read.", where=path.name, allowed=", ".join(SUFFIXES))  # fmt: skip
    try:
        raw = read_text_frame(path).select(pl.all().cast(pl.Utf8, strict=False))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ThreeCirclesError("The ledger cannot be read.", where=path.name, found=str(error).splitlines()[0]) from None  # fmt: skip
    raw = raw.rename({c: c.strip().removeprefix("\ufeff") for c in raw.columns})
    missing = [c for c in mapping.columns.values() if c not in raw.columns]
    if missing:
        raise UsageError("The ledger lacks mapped columns.", where=path.name, found=", ".join(raw.columns), allowed=", ".join(missing), mend=did_you_mean(missing[0], raw.columns))  # fmt: skip
    if raw.is_empty():
        raise UsageError("The ledger has no rows.", where=path.name)
    return raw


def _each(
    cells: pl.Series, read: Callable[[str], object], kind: type[pl.DataType], path: Path
) -> pl.Series:
    """Every cell read; an empty one is null. Raises UsageError naming the row and column of one that is refused."""
    made = []
    for number, cell in enumerate(cells.to_list(), 1):
        try:
            made.append(read(cell) if cell else None)
        except UsageError as refused:
            raise UsageError(
                refused.what, where=f"{path.name}, row {number:,}, column {cells.name}",
                found=refused.found, allowed=refused.allowed, mend=refused.mend,
            ) from None  # fmt: skip
    return pl.Series(made, dtype=kind)


def _words(
    cells: pl.Series,
    theirs: Mapping[str, str],
    allowed: tuple[str, ...],
    empty: str,
    setting: str,
    path: Path,
) -> pl.Series:
    """Their words as ours; an empty cell takes the word for it."""

    def ours(word: str) -> str:
        made = theirs.get(word, word.lower())
        if made not in allowed:
            raise UsageError(
                "This word is not known.", found=word, allowed=", ".join(allowed),
                mend=f"Say in the mapping what it means: {setting}: {{{word}: {allowed[0]}}}.",
            )  # fmt: skip
        return made

    return _each(cells, ours, pl.Utf8, path).fill_null(empty)


def _day(cell: str) -> date:
    for form in DATES:
        try:
            return datetime.strptime(cell, form).date()
        except ValueError:
            continue
    raise UsageError("This is not a date.", found=cell, allowed="2027-03-31 or 31/03/2027")


def _pence(column: pl.Series, mapping: LedgerMapping, path: Path) -> pl.Series:
    def pence(cell: str) -> int | None:
        text = cell.replace("£", "").replace("\N{MINUS SIGN}", "-").strip()
        # Finance systems write a credit in brackets.
        if text.startswith("(") and text.endswith(")"):
            text = f"-{text[1:-1]}"
        value, reason = parse_published(text) if text else (None, "missing")
        if reason == "unreadable":
            raise UsageError(f"{column.name} is not a number.", found=cell, allowed="pounds such as 1,250.50")  # fmt: skip
        return None if value is None else round(value * (100 if mapping.pounds else 1))

    return _each(column, pence, pl.Int64, path)
