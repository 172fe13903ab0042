"""Findings are held small and told whole: without these a saving of memory could change what is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from threecircles.quality import Report, check_tables, outputs_tables
from threecircles.quality.lean import one_of, plain
from threecircles.quality.outputs import write_outputs
from threecircles.quality.outputs_tables import write_csv
from threecircles.quality.runs import KEPT, open_run, store_run
from threecircles.quality.stored import FINDINGS, findings_table, lean_findings
from threecircles.quality.worklist import WORKLIST, worklist

DAY = date(2026, 11, 22)
RECURRING = (
    "rule", "severity", "dimension", "mode", "return", "table", "column", "file_id",
)  # fmt: skip


@pytest.fixture(scope="module")
def report() -> Report:
    """A header of two children with codes that no list holds."""
    rows = [
        {"CHILD": "b", "SEX": "9", "DOB": "31/02/2015", "ETHNIC": "ZZZZ"},
        {"CHILD": "a", "SEX": "8", "DOB": "01/01/2015", "ETHNIC": "=1+1"},
    ]
    return check_tables("903", 2026, {"Header": rows})


def test_what_recurs_in_the_findings_is_held_as_one_of_a_list(report: Report) -> None:
    """quality A26"""
    lean = lean_findings(report)
    assert lean.height > 2
    assert all(isinstance(lean.schema[name], pl.Enum) for name in RECURRING)
    assert lean.schema["waived_by"] == pl.Null


def test_the_table_handed_on_holds_texts(report: Report) -> None:
    told = findings_table(report)
    assert told.schema == pl.Schema(FINDINGS)
    assert told.equals(plain(lean_findings(report)))
    assert report.findings_by_place.schema["columns"] == pl.List(pl.String)
    assert worklist(told, report, today=DAY).schema == pl.Schema(WORKLIST)


def test_the_files_hold_what_the_tables_say(report: Report, tmp_path: Path) -> None:
    write_outputs(report, tmp_path, ("parquet", "csv"), today=DAY)
    told = findings_table(report)
    assert plain(pl.read_parquet(tmp_path / "findings.parquet")).equals(told)
    lines = worklist(told, report, today=DAY)
    assert plain(pl.read_parquet(tmp_path / "worklist.parquet")).equals(lines)
    written = pl.read_csv(tmp_path / "findings.csv", infer_schema=False)
    assert written["rule"].to_list() == told["rule"].to_list()
    assert "'=1+1" in written["value"].to_list()


def test_another_program_reads_texts_and_whole_numbers(report: Report, tmp_path: Path) -> None:
    write_outputs(report, tmp_path, ("parquet",), today=DAY)
    sql = f"select column_name, column_type from (describe from '{tmp_path / 'findings.parquet'}')"
    types = dict(duckdb.sql(sql).fetchall())
    words = {pl.String: "VARCHAR", pl.Int64: "BIGINT"}
    assert types == {name: words[kind] for name, kind in FINDINGS.items()}


def test_a_stored_check_is_opened_as_texts(report: Report, tmp_path: Path) -> None:
    done = write_outputs(report, tmp_path, ("parquet",), today=DAY)
    store_run(report, done, tmp_path, {}, DAY)
    held = open_run(tmp_path)
    told = findings_table(report)
    assert held.findings.equals(told.select(KEPT))
    assert held.findings.schema == told.select(KEPT).schema
    assert held.worklist.equals(worklist(told, report, today=DAY))
    assert held.rules.equals(done.rules)


def test_a_file_written_in_pieces_is_the_same(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {"findings": lean_findings(report), "none": lean_findings(report).clear()}

    def written(folder: Path) -> list[bytes]:
        return [write_csv(t, folder / f"{name}.csv").read_bytes() for name, t in tables.items()]

    whole = written(tmp_path / "whole")
    monkeypatch.setattr(outputs_tables, "PIECE", 2)
    assert written(tmp_path / "pieces") == whole
    assert whole[1].count(b"\n") == 1


def test_a_list_names_each_text_once_and_no_blank() -> None:
    assert one_of(["b", None, "a", "b"]).categories.to_list() == ["b", "a"]
