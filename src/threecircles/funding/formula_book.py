"""Shares as a spreadsheet whose money is worked in the sheet: a finance officer retraces it without us."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.workspace import write_bytes

MONEY, SHARE = "#,##0.00", "0.000000%"


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table as .csv or .xlsx. Raises UsageError for another ending."""
    if path.suffix.lower() == ".csv":
        write_bytes(path, table.write_csv().encode())
        return
    _need_xlsx(path)
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Table")
        _rows(sheet, table)


def write_shares(table: pl.DataFrame, path: Path, budget_pence: int | None) -> None:
    """Write predicted shares; as .xlsx, the split to the penny is live formulas of share and budget.

    Whole pence, the fractions, their rank (ties to the lower row) and the odd pennies stand in columns of
    their own, so the sum is the budget for any budget typed in. Raises UsageError for another ending.
    """
    if path.suffix.lower() == ".csv":
        write_table(table, path)
        return
    _need_xlsx(path)
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path)) as book:
        shown = book.add_worksheet("Shares")
        _rows(shown, table)
        if budget_pence is None:
            return
        order = table.sort(pl.col("la").str.len_chars(), "la")
        share = "share_area_cost" if "share_area_cost" in table.columns else "share_need"
        sheet = book.add_worksheet("Pennies")
        money, part = (book.add_format({"num_format": f}) for f in (MONEY, SHARE))
        sheet.write_row(0, 0, ["Budget in pence", budget_pence])
        sheet.write_row(
            2, 0, ["Authority", "Share", "Whole pence", "Fraction", "Rank", "Pence", "Pounds"]
        )
        first, last = 4, 3 + order.height
        for i, (la, value) in enumerate(order.select("la", share).iter_rows()):
            r = i + first
            fraction = f"$D${first}:$D${last}"
            sheet.write_string(r - 1, 0, la)
            sheet.write_number(r - 1, 1, value, part)
            sheet.write_formula(r - 1, 2, f"=INT(B{r}*$B$1)")
            sheet.write_formula(r - 1, 3, f"=B{r}*$B$1-C{r}")
            ties = f"COUNTIF($D${first}:D{r},D{r})-1"
            sheet.write_formula(r - 1, 4, f'=COUNTIF({fraction},">"&D{r})+1+{ties}')
            odd = f"$B$1-SUM($C${first}:$C${last})"
            sheet.write_formula(r - 1, 5, f"=C{r}+IF(E{r}<={odd},1,0)")
            sheet.write_formula(r - 1, 6, f"=F{r}/100", money)
        sheet.write_string(last, 0, "All")
        sheet.write_formula(last, 5, f"=SUM(F{first}:F{last})")
        sheet.write_formula(last, 6, f"=F{last + 1}/100", money)
        sheet.set_column(0, 6, 18)


def _rows(sheet: object, table: pl.DataFrame) -> None:
    write = sheet.write_row  # type: ignore[attr-defined]
    write(0, 0, table.columns)
    for i, row in enumerate(table.iter_rows()):
        write(i + 1, 0, ["" if v is None else v for v in row])


def _need_xlsx(path: Path) -> None:
    if path.suffix.lower() != ".xlsx":
        raise UsageError("The table cannot be written so.", found=path.name, allowed=".csv, .xlsx")
