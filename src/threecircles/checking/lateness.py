"""How late the files and records at hand came: without it only the share of late records was known, of one check."""

from __future__ import annotations

from datetime import date

import polars as pl

from threecircles.checking.files import Checked
from threecircles.checking.measuring import tables_by_source
from threecircles.checking.scoring import scored_text
from threecircles.definitions.place import Place
from threecircles.quality.late import (
    LATE,
    file_lags,
    late_records,
    late_text,
    recorded_in_time,
)
from threecircles.quality.window import window_to


def late_of(checked: Checked) -> pl.DataFrame:
    """Late records of each return, where last year's is held, and records made within the days asked. Columns: LATE."""
    years = [r.year for r in checked.reports] or [checked.reading.year or date.today().year]
    window = window_to(date(max(years), 3, 31))
    parts = [late_records(report) for report in checked.reports]
    parts += [
        recorded_in_time(name, tables, max(years), window)
        for name, tables in tables_by_source(checked).items()
    ]
    return pl.concat([pl.DataFrame(schema=LATE), *parts])


def lags_of(place: Place) -> pl.DataFrame:
    """How late each source of a place came, over all its deliveries of all years. Columns: LATE."""
    return file_lags((d.source, d.as_of, d.received_on) for d in place.deliveries)


def lines_of(table: pl.DataFrame) -> str:
    """What came late, one line each, for the screen."""
    return "\n".join(
        f"{row['source']:14} {late_text(row, scored_text(row) if row['n'] else '')}"
        for row in table.iter_rows(named=True)
    )
