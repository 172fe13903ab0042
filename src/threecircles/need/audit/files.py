"""Forms as files: a reader in a records room without a network still needs one to fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from threecircles.core.errors import UsageError
from threecircles.core.safety import Grant
from threecircles.need.audit.coding import write
from threecircles.need.audit.form import BLANKS, Form
from threecircles.need.audit.gate import decided
from threecircles.need.audit.store import AuditStore

CASE = "case"


def write_forms(forms: Mapping[str, tuple[Form, Sequence[str]]], out: Path, grant: Grant | None) -> list[Path]:  # fmt: skip
    """A CSV and a workbook for each agency: one line a case, one column a question, and a sheet of answers.

    forms: agency -> its form and its cases. Returns the files. Raises NotPermitted without an ethics decision.
    """
    decided(grant, "No form may open")
    out.mkdir(parents=True, exist_ok=True)
    made = []
    for agency, (form, cases) in forms.items():
        name = f"form-{agency.strip().lower().replace(' ', '-') or 'all'}"
        made += [
            _csv(form, cases, out / f"{name}.csv"),
            _workbook(form, cases, out / f"{name}.xlsx"),
        ]
    return made


def take_in(store: AuditStore, form: Form, file: Path, coder: str, grant: Grant | None) -> dict[str, int]:  # fmt: skip
    """Read a filled form (CSV or workbook) for one reader. Returns case -> answers that changed.

    Every line is looked at before any is kept. Raises UsageError naming file, row and column.
    """
    decided(grant, "No form may be filled")
    lines = list(_lines(file))
    if not lines or CASE not in lines[0][1]:
        raise UsageError(
            "The form has no column called case.", where=file.name, mend="Fill in the file that `needs-audit form` wrote.",
        )  # fmt: skip
    drawn = {str(r["name"]) for r in store.rows("SELECT name FROM study_case")}
    kept: dict[str, dict[str, str]] = {}
    for number, row in lines:
        case = row.pop(CASE, "").strip()
        told = {k: v for k, v in row.items() if v and v.strip()}
        if not case and not told:
            continue
        where = f"{file.name}, row {number}"
        if case not in drawn:
            raise UsageError(
                "This case was not drawn for the audit.", where=f"{where}, column case", found=case[:60] or "(blank)"
            )  # fmt: skip
        if case in kept:
            raise UsageError("The case stands in the file twice.", where=where, found=case)
        _check(form, told, where)
        kept[case] = told
    return {c: write(store, form, c, coder, told, grant, done=bool(told)) for c, told in kept.items() if told}  # fmt: skip


def _check(form: Form, told: dict[str, str], where: str) -> None:
    from threecircles.need.audit.form import checked

    for code, value in told.items():
        if code not in form.fields:
            raise UsageError(
                "The form has no such question.", where=f"{where}, column {code}",
                allowed=f"the columns of form {form.id}, version {form.version}",
            )  # fmt: skip
        try:
            checked(form.fields[code], value)
        except UsageError as error:
            raise UsageError(
                error.what, where=f"{where}, column {code}", found=error.found, allowed=error.allowed, mend=error.mend
            ) from None  # fmt: skip


def _csv(form: Form, cases: Sequence[str], path: Path) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([CASE, *form.fields])
        rows.writerows([c, *[""] * len(form.fields)] for c in cases)
    return path


def _workbook(form: Form, cases: Sequence[str], path: Path) -> Path:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    sheet, guide = book.add_worksheet("Form"), book.add_worksheet("Answers")
    wrap = book.add_format({"text_wrap": True})
    sheet.write_row(0, 0, [CASE, *form.fields])
    for at, case in enumerate(cases, 1):
        sheet.write_string(at, 0, str(case))
    guide.write_row(0, 0, ["column", "part", "question", "answers"])
    for at, asked in enumerate(form.fields.values(), 1):
        told = {**asked.choices, **BLANKS}
        guide.write_row(
            at, 0, [asked.code, asked.part, asked.text, "; ".join(f"{v} = {t}" for v, t in told.items())], wrap
        )  # fmt: skip
        if asked.type == "single":
            last = max(1, len(cases))
            sheet.data_validation(1, at, last, at, {
                "validate": "list", "source": "=" + _range(guide, book, asked.code, list(told)),
                "error_title": "Not an answer of this form", "error_message": "The sheet Answers lists what may stand here.",
            })  # fmt: skip
    guide.set_column(0, 3, 30)
    book.close()
    return path


def _range(guide: Any, book: Any, code: str, values: list[str]) -> str:
    """Answers in cells of their own: a list in the validation itself may hold 255 characters only."""
    from xlsxwriter.utility import xl_col_to_name

    column = getattr(guide, "used_columns", 5)
    guide.used_columns = column + 1
    guide.write_column(0, column, [code, *values])
    name = xl_col_to_name(column)
    return f"Answers!${name}$2:${name}${len(values) + 1}"


def _lines(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number in the file and its cells by column."""
    if not file.exists():
        raise UsageError("There is no such file.", found=file.name)
    data = file.read_bytes()
    rows = _cells(data, file) if data[:2] == b"PK" else _text(data, file)
    try:
        header = [str(h).strip() for h in next(rows)]
    except StopIteration:
        return
    twice = sorted({h for h in header if h and header.count(h) > 1})
    if twice:
        raise UsageError("A column stands in the file twice.", where=file.name, found=twice[0])
    for number, row in enumerate(rows, 2):
        beyond = [c for c in row[len(header) :] if str(c).strip()]
        if beyond:
            raise UsageError(
                "A line has more cells than the form has columns.", where=f"{file.name}, row {number}", found=str(beyond[0])[:60]
            )  # fmt: skip
        yield number, {h: str(c) for h, c in zip(header, row, strict=False) if h}


def _text(data: bytes, file: Path) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    first = text.split("\n", 1)[0]
    mark = max((",", ";", "\t"), key=first.count)
    return iter(csv.reader(io.StringIO(text), delimiter=mark))


def _cells(data: bytes, file: Path) -> Iterator[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    except CalamineError:
        raise UsageError(
            "The workbook cannot be read.", where=file.name, mend="Save it again, or save the sheet as CSV."
        ) from None  # fmt: skip
    for row in rows:
        yield [_told(c) for c in row]


def _told(cell: object) -> str:
    """A cell as text: a spreadsheet turns 1 into 1.0 and 2026-03 into a day."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if hasattr(cell, "strftime"):
        return f"{cell:%Y-%m}"
    return str(cell)
