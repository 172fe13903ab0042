"""Shares as a spreadsheet whose money is worked in the sheet: a finance officer retraces it without us."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.out import write_out

if TYPE_CHECKING:
    import xlsxwriter

MONEY, SHARE = "#,##0.00", "0.000000%"


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table as .csv or .xlsx. Raises UsageError for another ending."""
    if path.suffix.lower() == ".csv":
        write_out(path, table.write_csv().encode())
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
        share = "share_area_cost" if "share_area_cost" in table.columns else "share_need"
        _pennies(book, "Pennies", table, share, budget_pence)


def _pennies(
    book: xlsxwriter.Workbook, name: str, table: pl.DataFrame, share: str, budget_pence: int
) -> None:
    """A sheet that splits a budget to the penny by live formulas; the values are those it will work out."""
    order = table.sort(pl.col("la").str.len_chars(), "la")
    values = order[share].to_list()
    whole = [int(v * budget_pence) for v in values]
    fractions = [v * budget_pence - w for v, w in zip(values, whole, strict=True)]
    odd = budget_pence - sum(whole)
    ranks = {
        i: r + 1 for r, i in enumerate(sorted(range(len(values)), key=lambda i: (-fractions[i], i)))
    }
    pence = [w + (1 if ranks[i] <= odd else 0) for i, w in enumerate(whole)]
    sheet = book.add_worksheet(name)
    money, part = (book.add_format({"num_format": f}) for f in (MONEY, SHARE))
    sheet.write_row(0, 0, ["Budget in pence", budget_pence])
    sheet.write_row(
        2, 0, ["Authority", "Share", "Whole pence", "Fraction", "Rank", "Pence", "Pounds"]
    )
    first, last = 4, 3 + order.height
    span = f"$D${first}:$D${last}"
    left = f"$B$1-SUM($C${first}:$C${last})"
    for i, la in enumerate(order["la"]):
        r = i + first
        sheet.write_string(r - 1, 0, la)
        sheet.write_number(r - 1, 1, values[i], part)
        sheet.write_formula(r - 1, 2, f"=INT(B{r}*$B$1)", None, whole[i])
        sheet.write_formula(r - 1, 3, f"=B{r}*$B$1-C{r}", None, fractions[i])
        ties = f"COUNTIF($D${first}:D{r},D{r})-1"
        sheet.write_formula(r - 1, 4, f'=COUNTIF({span},">"&D{r})+1+{ties}', None, ranks[i])
        sheet.write_formula(r - 1, 5, f"=C{r}+IF(E{r}<={left},1,0)", None, pence[i])
        sheet.write_formula(r - 1, 6, f"=F{r}/100", money, pence[i] / 100)
    sheet.write_string(last, 0, "All")
    sheet.write_formula(last, 5, f"=SUM(F{first}:F{last})", None, sum(pence))
    sheet.write_formula(last, 6, f"=F{last + 1}/100", money, sum(pence) / 100)
    sheet.write_string(last + 1, 0, "Is it the budget?")
    sheet.write_formula(
        last + 1,
        5,
        f'=IF(F{last + 1}=$B$1,"yes","NO")',
        None,
        "yes" if sum(pence) == budget_pence else "NO",
    )
    sheet.set_column(0, 6, 18)


def _rows(sheet: object, table: pl.DataFrame, top: int = 0) -> None:
    write = sheet.write_row  # type: ignore[attr-defined]
    write(top, 0, table.columns)
    for i, row in enumerate(table.iter_rows()):
        write(top + i + 1, 0, ["" if v is None else v for v in row])


def _need_xlsx(path: Path) -> None:
    if path.suffix.lower() != ".xlsx":
        raise UsageError("The table cannot be written so.", found=path.name, allowed=".csv, .xlsx")


def write_compared(table: pl.DataFrame, path: Path, budget_pence: int, caveat: str) -> None:
    """A comparison as .xlsx: shares before and after, both splits to the penny as live formulas.

    table: la, name, share_a, share_b and what else is to be shown. Each split stands on a sheet of its
    own, with its sum and whether it is the budget.
    """
    import xlsxwriter

    _need_xlsx(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path)) as book:
        first = book.add_worksheet("Compared")
        first.write_string(0, 0, caveat)
        _rows(first, table, top=2)
        for name, share in (("As it started", "share_a"), ("As changed", "share_b")):
            _pennies(book, name, table.select("la", share), share, budget_pence)


def write_rare(table: pl.DataFrame, path: Path, said: str, weight: float) -> None:
    """Shares with and without a rare outcome as .xlsx; the share with it is a live formula of the weight typed in."""
    import xlsxwriter

    _need_xlsx(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("With and without")
        sheet.write_string(0, 0, said)
        sheet.write_row(1, 0, ["Cost weight of the rare outcome", weight])
        _rows(sheet, table, top=3)
        names = table.columns
        without, rare, both = (
            chr(65 + names.index(c)) for c in ("share_without", "share_rare", "share_with")
        )
        for i, value in enumerate(table["share_with"]):
            row = i + 5
            live = f"=(1-$B$2)*{without}{row}+$B$2*{rare}{row}"
            sheet.write_formula(
                row - 1,
                names.index("share_with"),
                live,
                book.add_format({"num_format": SHARE}),
                value,
            )
        sheet.set_column(0, len(names), 16)
        sheet.write_string(table.height + 5, 0, f"Column {both} is worked from the weight in B2.")
