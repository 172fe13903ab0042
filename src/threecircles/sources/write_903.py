"""Writes the looked-after children return as CSV or XML: without it no made-up place could send one."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.sources.declared import Table, source
from threecircles.sources.write_cin_xml import Frame

FILE_NAMES = {
    "Header": "header", "Episodes": "episodes", "Reviews": "reviews", "UASC": "uasc", "OC2": "oc2", "OC3": "oc3",
    "AD1": "ad1", "PlacedAdoption": "placed_for_adoption", "PrevPerm": "previous_permanence", "Missing": "missing",
    "SWEpisodes": "sw_episodes", "DoLo": "dolo",
}  # fmt: skip
"""Table -> stem of the CSV file that holds it."""

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_903(
    tables: Mapping[str, Frame], target: Path, form: Literal["csv", "xml"] = "csv"
) -> list[Path]:
    """Write tables of the source `ssda903`; dates come out as dd/mm/yyyy.

    tables: name -> frame or list of records (any subset of the twelve). form csv: `target` is a
    folder and gets one file per table given, with every sent column in the declared order. form xml:
    `target` is a file; a child is a row of Header, and SWEpisodes and DoLo are written as groups of
    those names, for which no layout is published. Returns the paths written.
    Raises UsageError when a table is unknown, a table holds repairs (column REPAIRED: a repaired copy is
    not for submission) or, in XML, a child is not in Header.
    """
    declared = {t.name: t for t in source("ssda903").tables}
    for name in tables:
        if name not in declared:
            raise UsageError(f"The return has no table {name}.", allowed=", ".join(declared))
        if isinstance(tables[name], pl.DataFrame) and "REPAIRED" in tables[name].columns:  # type: ignore[union-attr]
            raise UsageError(
                f"{name} is a repaired copy and is not written for submission.",
                mend="Mend the records in the case system and send those.",
            )
    rows = {name: _records(frame, declared[name]) for name, frame in tables.items()}
    if form == "csv":
        return [_write_csv(rows[name], declared[name], target) for name in rows]
    return [_write_xml(rows, declared, target)]


def _records(frame: Frame, table: Table) -> list[dict[str, str]]:
    names = [c.name for c in table.columns]
    rows = frame.iter_rows(named=True) if isinstance(frame, pl.DataFrame) else frame
    return [{n: _text(row.get(n)) for n in names} for row in rows]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (date, datetime)):
        return f"{value:%d/%m}/{value.year:04d}"
    iso = _ISO.match(text := str(value))
    return f"{iso[3]}/{iso[2]}/{iso[1]}" if iso else text


def _write_csv(rows: list[dict[str, str]], table: Table, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{FILE_NAMES[table.name]}.csv"
    names = [c.name for c in table.sent]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([row[n] for n in names] for row in rows)
    return path


def _write_xml(
    rows: Mapping[str, list[dict[str, str]]], declared: Mapping[str, Table], path: Path
) -> Path:
    children = rows.get("Header", [])
    known = {row["CHILD"] for row in children}
    by_child: dict[str, dict[str, list[dict[str, str]]]] = {}
    for name, table_rows in rows.items():
        groups = by_child[name] = defaultdict(list)
        for row in table_rows:
            if row["CHILD"] not in known:
                raise UsageError(
                    f"{name} holds a child that Header does not.", mend="Add the child to Header."
                )
            groups[row["CHILD"]].append(row)
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<EXPSSDA903>\n')
        for child in children:
            inner = {
                name: groups.pop(child["CHILD"], [])
                for name, groups in by_child.items()
                if name != "Header"
            }
            out.write(
                f"<CHILD>{_header(child, inner, declared)}{_groups(inner, 'Episodes', declared)}</CHILD>\n"
            )
        out.write("</EXPSSDA903>\n")
    return path


def _header(
    child: dict[str, str], inner: Mapping[str, list[dict[str, str]]], declared: Mapping[str, Table]
) -> str:
    flat = [_leaf("CHILDID", child["CHILD"])]
    flat += [_leaf(n, child[n]) for n in ("UPN", "SEX", "DOB", "ETHNIC")]
    flat.append(
        _leaf(
            "UASC", child["UASC"] or ("" if "UASC" not in inner else "1" if inner["UASC"] else "0")
        )
    )
    for name in ("UASC", "AD1", "OC3"):
        for row in inner.get(name, [])[:1]:
            flat += [
                _leaf(c.name, row[c.name])
                for c in declared[name].sent
                if c.name not in ("CHILD", "SEX", "DOB")
            ]
    flat += [_groups(inner, name, declared) for name in ("Missing", "Reviews")]
    flat += [_leaf(n, child[n]) for n in ("MOTHER", "MC_DOB")]
    flat += [
        _groups(inner, name, declared)
        for name in ("PrevPerm", "OC2", "PlacedAdoption", "SWEpisodes", "DoLo")
    ]
    return "<HEADER>" + "".join(flat) + "</HEADER>"


def _groups(
    inner: Mapping[str, list[dict[str, str]]], name: str, declared: Mapping[str, Table]
) -> str:
    table = declared[name]
    tag = name.upper() if table.element == "*" else table.element.rsplit("/", 1)[-1]
    columns = [c for c in table.sent if c.name not in ("CHILD", "DOB")]
    return "".join(
        f"<{tag}>" + "".join(_leaf(c.xml, row[c.name]) for c in columns) + f"</{tag}>"
        for row in inner.get(name, [])
    )


def _leaf(tag: str, text: str) -> str:
    if _NOT_XML.search(text):
        raise UsageError(
            "A text holds a control character that XML cannot hold.",
            mend="Take it out and write again.",
        )
    return f"<{tag}>{escape(text)}</{tag}>" if text else f"<{tag} />"
