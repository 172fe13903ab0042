"""A workbook of a million lines (quality A25)."""

import zipfile

import polars as pl
import pytest

from threecircles.quality.outputs_tables import MOST_ROWS, write_workbook
from threecircles.quality.worklist import WORKLIST

LINES = 1_000_000


@pytest.mark.slow
def test_a_million_lines_are_split_over_sheets_that_open(tmp_path):
    """quality A25: sheet split stated, formulas inert, read back by another library."""
    from python_calamine import CalamineWorkbook

    lines = pl.DataFrame({"n": range(LINES)}).select(
        *(
            (pl.lit(1) if kind == pl.Int64 else pl.lit(None)).cast(kind).alias(name)
            for name, kind in WORKLIST.items()
            if name not in ("child", "team", "what")
        ),
        child=pl.col("n").cast(pl.String),
        team=pl.lit("North"),
        what=pl.lit("=1+1"),
    )
    path = write_workbook(lines.select(list(WORKLIST)), tmp_path / "worklist.xlsx", "All rules ran.")  # fmt: skip
    with zipfile.ZipFile(path) as book:
        sheets = [n for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 1 + LINES // MOST_ROWS
        first = book.open("xl/worksheets/sheet2.xml").read(200_000)
        assert b"<f>" not in first, "a formula would run when the sheet is opened"
    opened = CalamineWorkbook.from_path(str(path))
    assert opened.sheet_names[:2] == ["Read me", "North 1 of 10"]
    told = opened.get_sheet_by_name("Read me").to_python()
    assert ["North 10 of 10", "100000"] in [[str(c) for c in row] for row in told]
