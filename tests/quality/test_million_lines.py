"""A workbook of a million lines (quality A25)."""

import shutil
import subprocess
import zipfile

import polars as pl
import pytest

from threecircles.quality.outputs_tables import MOST_ROWS, write_workbook
from threecircles.quality.worklist import WORKLIST

LINES = 1_000_000


EVERY_SHEET_AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """A worklist of a million lines, each with a value that a spreadsheet would take for a formula."""
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
    path = tmp_path_factory.mktemp("million") / "worklist.xlsx"
    return write_workbook(lines.select(list(WORKLIST)), path, "All rules ran.")


@pytest.mark.slow
def test_a_million_lines_are_split_over_sheets_that_open(workbook):
    """quality A25: sheet split stated, formulas inert, read back by another library."""
    from python_calamine import CalamineWorkbook

    with zipfile.ZipFile(workbook) as book:
        sheets = [n for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 1 + LINES // MOST_ROWS
        first = book.open("xl/worksheets/sheet2.xml").read(200_000)
        assert b"<f>" not in first, "a formula would run when the sheet is opened"
    opened = CalamineWorkbook.from_path(str(workbook))
    assert opened.sheet_names[:2] == ["Read me", "North 1 of 10"]
    told = opened.get_sheet_by_name("Read me").to_python()
    assert ["North 10 of 10", "100000"] in [[str(c) for c in row] for row in told]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_opens_a_million_lines(workbook, tmp_path):
    """quality A25: opened by LibreOffice itself, which writes each sheet out again; no formula has run."""
    done = subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
         "--convert-to", EVERY_SHEET_AS_CSV, "--outdir", str(tmp_path / "out"), str(workbook)],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    written = sorted((tmp_path / "out").glob("*North*.csv"))
    assert len(written) == LINES // MOST_ROWS, done.stderr
    lines = 0
    for path in written:
        with path.open(encoding="utf-8") as rows:
            told = rows.read().splitlines()
        lines += len(told) - 1
        assert "=1+1" in told[1] and "=1+1" in told[-1]
    assert lines == LINES
