"""Small files of each kind, made in the tests so that none is copied from elsewhere."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import polars as pl

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\nC1,M,02/03/2010,WBRI,A123456789123,0,\nC2,F,05/06/2012,BAFR,UN1,0,\n"
EPISODES = (
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
    "C1,01/05/2025,S,C2,N1,U6,PR1,,,,EA1 1AA,EA1 1AB,SC000001\n"
    "C2,03/06/2025,S,V2,N1,K2,PR4,01/02/2026,E4A,,EA1 1AA,EA1 1AC,SC000002\n"
)
REVIEWS = (
    "CHILD,DOB,REVIEW,REVIEW_CODE\nC1,02/03/2010,01/06/2025,PN1\nC1,02/03/2010,01/12/2025,PN2\n"
)


def child(number: int, inside: str = "") -> str:
    return (
        f"<Child><ChildIdentifiers><LAchildID>C{number}</LAchildID><PersonBirthDate>2012-03-0{number % 9 + 1}"
        "</PersonBirthDate><Sex>F</Sex></ChildIdentifiers><ChildCharacteristics><Ethnicity>WBRI</Ethnicity>"
        "</ChildCharacteristics><CINdetails><CINreferralDate>2025-05-06</CINreferralDate>"
        f"<ReferralSource>1A</ReferralSource><ReferralNFA>0</ReferralNFA>{inside}</CINdetails></Child>\n"
    )


def cin_xml(*children: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> str:
    return (
        f"{head}<Message><Header><CollectionDetails><Collection>CIN</Collection><Year>2026</Year>"
        "<ReferenceDate>2026-03-31</ReferenceDate></CollectionDetails><Source><LEA>999</LEA></Source></Header>\n"
        f"<Children>\n{''.join(children)}</Children></Message>\n"
    )


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def packed(members: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(path: Path, sheets: dict[str, list[list[object]]], **options: object) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy", **options}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def plain(table: pl.DataFrame) -> list[tuple[object, ...]]:
    """Rows without where they came from."""
    return table.drop("_file", "_at", "_row").rows()


def conserved(reading) -> bool:
    files = reading.files
    return (files["rows_in"] == files["rows_kept"] + files["rows_rejected"]).all()
