"""Any agency's ledger as spend lines, its columns mapped by a file that is kept: health and police money enters here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.symbols import parse_published
from threecircles.definitions import Definition, load_text

MONEY = ("gross", "income", "net")
PLAIN = ("line", "label", "funding_source", "term", "ends_on", "pool_id")


@dataclass(frozen=True, kw_only=True)
class LedgerMapping(Definition):
    """Which column of a ledger holds what. columns: our name (line, label, gross, income, net, funding_source,
    term, ends_on, pool_id) -> theirs. to_line: their code -> our budget line; codes without one are unallocated.
    """

    agency: Literal[
        "local authority", "school", "health", "police", "youth justice", "voluntary", "other"
    ]
    columns: dict[str, str]
    to_line: dict[str, str] = field(default_factory=dict)
    pounds: bool = True

    def __post_init__(self) -> None:
        strange = sorted(set(self.columns) - {*MONEY, *PLAIN})
        if strange:
            raise ValueError(f"Unknown columns: {', '.join(strange)}.")
        if not {"line", "gross"} <= set(self.columns):
            raise ValueError("A mapping needs at least line and gross.")


def load_mapping(path: Path) -> LedgerMapping:
    """A mapping file. Raises an error naming file and line."""
    if not path.exists():
        raise UsageError("There is no such mapping.", where=str(path))
    return load_text(path.read_text(encoding="utf-8-sig"), LedgerMapping, where=path.name)


def read_ledger(
    path: Path, mapping: LedgerMapping, *, la_code: str, year: int, stage: str = "outturn"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Spend lines and findings (row, sentence, difference_pence) of a ledger.

    Lines have the columns of `record.spend_line`; a row whose net is not gross less income is a finding with
    its difference and stays as it was sent. A figure that is no number refuses the file, naming its row.
    """
    try:
        raw = pl.read_csv(path, infer_schema=False, encoding="utf8-lossy")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError("The ledger cannot be read.", where=path.name, found=str(error).splitlines()[0]) from None  # fmt: skip
    raw = raw.rename({c: c.strip().removeprefix("\ufeff") for c in raw.columns})
    missing = [c for c in mapping.columns.values() if c not in raw.columns]
    if missing:
        raise UsageError("The ledger lacks mapped columns.", where=path.name, found=", ".join(missing), allowed=", ".join(raw.columns))  # fmt: skip
    figures = {
        k: _pence(raw[mapping.columns[k]], mapping, path) for k in MONEY if k in mapping.columns
    }
    n = raw.height
    text = {k: raw[mapping.columns[k]] for k in PLAIN if k in mapping.columns}
    income = figures.get("income", pl.Series([0] * n, dtype=pl.Int64)).fill_null(0)
    net = figures.get("net", figures["gross"] - income)
    line = text["line"].fill_null("").str.strip_chars()
    ours = pl.Series(
        [mapping.to_line.get(x, "unallocated" if mapping.to_line else x) for x in line]
    )
    none = pl.Series([None] * n, dtype=pl.Utf8)
    lines = pl.DataFrame(
        {
            "spend_id": [f"{la_code}-{mapping.id}-{year}-{i + 1}" for i in range(n)],
            "agency": [mapping.agency] * n,
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
            "term": text.get("term", none).fill_null("unknown"),
            "ends_on": text.get("ends_on", none).str.to_date("%Y-%m-%d", strict=False),
            "pool_id": text.get("pool_id", none),
        }
    )
    off = lines.with_row_index("row", offset=1).select(
        "row",
        difference_pence=pl.col("net_pence") - (pl.col("gross_pence") - pl.col("income_pence")),
    )
    broken = off.filter(pl.col("difference_pence") != 0).with_columns(
        sentence=pl.format(
            "Net is not gross less income: off by £{}.", pl.col("difference_pence") / 100
        )
    )
    return lines, broken


def _pence(column: pl.Series, mapping: LedgerMapping, path: Path) -> pl.Series:
    made: list[int | None] = []
    for number, cell in enumerate(column.to_list(), 1):
        text = (cell or "").replace("£", "").strip()
        value, reason = parse_published(text) if text else (None, "missing")
        if reason == "unreadable":
            raise UsageError(f"{column.name} is not a number.", where=f"{path.name}, row {number:,}", found=text)  # fmt: skip
        made.append(None if value is None else round(value * (100 if mapping.pounds else 1)))
    return pl.Series(made, dtype=pl.Int64)
