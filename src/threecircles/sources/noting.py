"""Where a column stands and what was changed in it: without it a quiet repair would go unsaid."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from threecircles.sources.declared import Column, Source, code_list
from threecircles.sources.reading import Note, Problem


@dataclass(frozen=True)
class Where:
    """Which file and table a column belongs to; serials: spreadsheet day numbers may stand for dates."""

    file_id: str
    file: str
    table: str
    source: Source
    serials: bool = False
    year_1904: bool = False


@dataclass
class Change:
    """What canonicalising one column came to: texts, companion, notes, problems."""

    columns: dict[str, pl.Series]
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def note(
    notes: list[Note], where: Where, column: Column, code: str, these: pl.Series, sentence: str
) -> None:
    """Add a note on the rows marked in `these`; the sentence may hold {n}, {column}, {values}, {dates}."""
    count = int(these.sum())
    one = count == 1
    words = {
        "n": f"{count:,}", "column": column.name, "values": "value" if one else "values",
        "dates": "date" if one else "dates", "numbers": "number" if one else "numbers",
    }  # fmt: skip
    said = sentence.format(**words)
    if one:
        said = said.replace(" were ", " was ").replace(" are ", " is ").replace(" have a ", " has a ").replace(" name a ", " names a ").replace(" lie ", " lies ").replace(" is not dates", " is not a date")  # fmt: skip
    notes.append(
        Note(
            where.file_id,
            where.table,
            column.name,
            code,
            count,
            these.arg_true().head(5).to_list(),
            said,
        )
    )


def check_codes_exist(source: Source) -> None:
    """Raise DefinitionError when a column names a list of codes that is not there."""
    for table in source.tables:
        for column in table.columns:
            if column.codes:
                code_list(column.codes)
