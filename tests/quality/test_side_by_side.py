"""Tables enter the database in memory, and rules run side by side without changing what is found (quality A26)."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from threecircles.quality import check_tables
from threecircles.quality import database as rooms
from threecircles.quality.database import database, incoming, lock, outgoing
from threecircles.quality.stored import findings_table
from threecircles.quality.worklist import worklist


def test_a_frame_enters_the_database_without_a_file(tmp_path, monkeypatch):
    """Children's rows are never written in clear on the way: the database's own folder stays empty."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    frame = pl.DataFrame({"child": ["a", None, "c"], "n": [1, 2, 3]})
    with database() as connection, incoming(connection, frame) as source:
        held = outgoing(connection, f"select * from {source} order by n")
        assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    assert held.equals(frame)


def test_a_frame_is_gone_from_the_database_when_it_was_read():
    with database() as connection:
        with incoming(connection, pl.DataFrame({"n": [1]})) as source:
            connection.execute(f"create table kept as select * from {source}")
        with pytest.raises(duckdb.CatalogException):
            connection.execute(f"select * from {source}")
        assert connection.execute("select n from kept").fetchall() == [(1,)]


def test_nothing_is_written_while_rules_run(cin, tmp_path, monkeypatch):
    """A check that is killed leaves nothing behind: no file is made at all while it runs."""
    seen: list[Path] = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    real = rooms.fill

    def watched(*args, **told):
        real(*args, **told)
        seen.extend(p for p in tmp_path.rglob("*") if p.is_file())

    monkeypatch.setattr("threecircles.quality.checking.fill", watched)
    report = check_tables(
        "cin", 2026, cin,
        progress=lambda *_: seen.extend(p for p in tmp_path.rglob("*") if p.is_file()),
    )  # fmt: skip
    assert report.findings
    assert seen == []


def test_rules_side_by_side_find_what_they_find_alone(cin):
    """The same findings, in the same order, on one connection as on several."""
    with database() as connection:
        alone = check_tables("cin", 2026, cin, connection=connection)
    together = check_tables("cin", 2026, cin)
    assert alone.findings_by_place.equals(together.findings_by_place)
    assert alone.status == together.status
    assert together.findings


def test_progress_reaches_the_number_of_rules_and_is_told_in_order(cin):
    told: list[tuple[str, int, int]] = []
    check_tables("cin", 2026, cin, progress=lambda *step: told.append(step))
    counts = [done for _, done, _ in told]
    assert counts == sorted(counts)
    assert told[-1] == ("rules", told[-1][2], told[-1][2])


def test_equal_records_are_told_apart_by_their_order(cin):
    """Two rows that are the same in child and key have findings of their own."""
    twice = {**cin, "Disabilities": cin["Disabilities"] * 2}
    found = findings_table(check_tables("cin", 2026, twice)).filter(
        pl.col("table") == "Disabilities"
    )
    lines = found.select("rule", "row", "column").height
    assert lines > 1
    assert found["finding_id"].n_unique() == lines
    assert found["record"].n_unique() == 1


def test_the_worklist_puts_errors_first_then_what_clears_most(cin):
    report = check_tables("cin", 2026, cin)
    lines = worklist(findings_table(report), report)
    order = list(zip(lines["severity"], -lines["findings"], strict=True))
    assert order == sorted(order)
    assert {severity for severity, _ in order} == {"error", "query"}


def test_a_row_that_breaks_a_rule_in_several_ways_says_the_same_each_time():
    """The engine gives its answers in any order; the message is that of the smallest value."""
    now = {"CHILD": "1", "DOB": "01/01/2015"}
    before = [{**now, "DOB": f"0{day}/01/2015"} for day in (9, 3, 2, 7)]
    told = set()
    for last in (before, before[::-1]):
        tables = {"Header": [now], "Header_last": last}
        report = check_tables("903", 2026, tables, {"collection_year": "2026"}, codes=["203"])
        told |= {f.message for f in report.findings}
    assert len(told) == 1


def test_a_further_connection_is_locked_like_the_first(tmp_path):
    """Rules run on connections of their own; none of them reaches a file, a variable or a setting."""
    (tmp_path / "x.csv").write_text("a\n1\n")
    secret = pl.DataFrame({"child": ["a"]})
    with database() as connection:
        lock(connection)
        with connection.cursor() as further:
            for sql in (
                f"select * from read_csv('{tmp_path}/x.csv')",
                "select * from secret",
                "set enable_external_access=true",
                "set python_enable_replacements=true",
            ):
                with pytest.raises(duckdb.Error):
                    further.execute(sql)
            told = further.execute("select current_setting('python_enable_replacements')")
            assert told.fetchone() == (False,)
    assert secret.height == 1


def test_the_worklist_is_the_same_in_pieces(cin, monkeypatch):
    report = check_tables("cin", 2026, cin)
    whole = worklist(findings_table(report), report)
    monkeypatch.setattr("threecircles.quality.worklist.PIECE", 3)
    assert whole.height > 3
    assert worklist(findings_table(report), report).equals(whole)
