"""Repairs are proposed with trace, made by a named person, and undone to the byte (quality A24)."""

import polars as pl
import pytest

from threecircles.checking import accept_repairs, propose_repairs, undo_repairs
from threecircles.core.errors import UsageError
from threecircles.quality import check_tables
from threecircles.quality.repairs import (
    UNKNOWN_END,
    apply_repairs,
    cleared_and_caused,
    propose_episode_repairs,
    propose_fills,
)
from threecircles.sources import write_903

HEADINGS = (
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"
)


def episodes(text):
    """Rows `child start rne end reason` (- = blank) as an Episodes table."""
    rows = [[None if c == "-" else c for c in line.split()] for line in text.split(";")]
    return pl.DataFrame(
        [
            {"CHILD": c, "DECOM": s, "RNE": r, "LS": "C2", "CIN": "N1", "PLACE": "U1",
             "PLACE_PROVIDER": "PR1", "DEC": e, "REC": x}
            for c, s, r, e, x in rows
        ],
        schema_overrides={"DEC": pl.String, "REC": pl.String},
    )  # fmt: skip


PANEL = {
    2025: episodes(
        "a 01/05/2024 S - -;a 01/06/2024 P - -;"  # a0: R1
        "b 01/05/2024 S - -;b 01/09/2024 S 01/10/2024 E3;"  # b0: R1A
        "c 01/05/2024 S - -;"  # c0: R2
        "d 01/05/2024 S 01/06/2024 E3;d 01/05/2024 S 01/06/2024 E3;"  # d1: R3
        "e 01/05/2024 S - -;"  # e0: R3A
        "f 01/05/2024 S 01/05/2025 X1;"  # f0: R4
        "g 01/05/2024 S 01/06/2024 X1;g 10/06/2024 P 01/09/2024 E3"  # g0: R5
    ),
    2026: episodes("a 01/06/2024 P - -;e 01/05/2024 S - -;f 10/04/2025 P - -"),
}


def test_each_planted_fault_is_proposed_with_its_rule():
    """quality A24: R1, R1A, R2, R3, R3A, R4 and R5, with what it is and what it would be."""
    found = propose_episode_repairs(PANEL)
    told = {(r["repair"], r["year"], r["row"], r["column"]): r["after"] for r in found.iter_rows(named=True)}  # fmt: skip
    assert told == {
        ("R1", 2025, 0, "DEC"): "01/06/2024", ("R1", 2025, 0, "REC"): "X1",
        ("R3A", 2025, 1, "(row)"): "dropped",
        ("R1A", 2025, 2, "DEC"): "31/08/2024", ("R1A", 2025, 2, "REC"): UNKNOWN_END,
        ("R2", 2025, 4, "DEC"): "31/03/2025", ("R2", 2025, 4, "REC"): UNKNOWN_END,
        ("R3", 2025, 6, "(row)"): "dropped",
        ("R3A", 2025, 7, "(row)"): "dropped",
        ("R4", 2025, 8, "DEC"): "10/04/2025",
        ("R5", 2025, 9, "DEC"): "10/06/2024",
    }  # fmt: skip
    assert found["evidence"].null_count() == 0 and found["repair_id"].n_unique() == found.height


def test_a_panel_without_faults_needs_no_repair():
    sound = {2026: episodes("a 01/05/2025 S 01/06/2025 X1;a 01/06/2025 P - -")}
    assert propose_episode_repairs(sound).is_empty()
    assert propose_episode_repairs({}).is_empty()


def test_repairs_clear_rules_and_what_they_clear_and_cause_is_listed():
    """quality A24: checks before and after listed; the input stays as it was."""
    before = {year: frame.clone() for year, frame in PANEL.items()}
    repaired = apply_repairs(PANEL, propose_episode_repairs(PANEL))
    assert all(PANEL[y].equals(before[y]) for y in PANEL)
    assert repaired[2025].height == PANEL[2025].height - 3
    assert set(repaired[2025]["REPAIRED"]) == {"", "R1", "R1A", "R2", "R4", "R5"}
    checks = [check_tables("903", 2025, {"Episodes": t[2025]}) for t in (PANEL, repaired)]
    told = cleared_and_caused(*checks)
    assert (told.filter(pl.col("rule") == "142")["change"] < 0).all()
    assert {"149"} == set(told.filter(pl.col("change") > 0)["rule"])  # the marker is no code


def test_a_repaired_copy_is_never_written_for_submission(tmp_path):
    """quality 4.4: the marker of an unknown end is never written into a file for submission."""
    repaired = apply_repairs(PANEL, propose_episode_repairs(PANEL))
    with pytest.raises(UsageError, match="not written for submission"):
        write_903({"Episodes": repaired[2025]}, tmp_path)


@pytest.fixture
def folder(tmp_path):
    for year, rows in (
        (2025, "a,01/05/2024,S,C2,N1,U1,PR1,,,,,,\na,01/06/2024,P,C2,N1,U1,PR1,,,,,,\n"),
        (2026, "a,01/06/2024,P,C2,N1,U1,PR1,10/05/2025,X1,,,,\na,10/05/2025,P,C2,N1,U1,PR1,,,,,,\n"),
    ):  # fmt: skip
        (tmp_path / f"episodes {year}.csv").write_text(f"{HEADINGS}\n{rows}")
    return tmp_path


def test_nothing_changes_before_acceptance_and_undo_restores_the_bytes(folder):
    """quality A24"""
    sent = {p.name: p.read_bytes() for p in folder.glob("*.csv")}
    out = folder / "repairs"
    assert propose_repairs(sorted(folder.glob("*.csv")), out).height == 3
    tables = {p.name: p.read_bytes() for p in (out / "tables").iterdir()}
    with pytest.raises(UsageError, match="name"):
        accept_repairs(out, "", "because")
    assert tables == {p.name: p.read_bytes() for p in (out / "tables").iterdir()}
    assert accept_repairs(out, "A. Analyst", "agreed with the team") == {"R1": 1, "R3A": 1}
    assert tables != {p.name: p.read_bytes() for p in (out / "tables").iterdir()}
    with pytest.raises(UsageError, match="already"):
        accept_repairs(out, "A. Analyst", "again")
    undo_repairs(out, "B. Manager", "not agreed after all")
    assert tables == {p.name: p.read_bytes() for p in (out / "tables").iterdir()}
    assert sent == {p.name: p.read_bytes() for p in folder.glob("*.csv")}
    assert len((out / "decisions.jsonl").read_text().splitlines()) == 2


def test_a_pupil_number_held_elsewhere_is_proposed():
    """quality 4.4: X08 and X10 fills."""
    report = check_tables(
        "cross",
        2026,
        {
            "cin.ChildIdentifiers": [{"LAchildID": "a", "UPN": None, "PersonBirthDate": "2015-06-01"}],
            "s903.Header": [{"CHILD": "a", "UPN": "C001000100001", "DOB": "01/06/2015"}],
        },
    )  # fmt: skip
    (fill,) = propose_fills(report).filter(pl.col("repair") == "X08").iter_rows(named=True)
    assert (fill["table"], fill["column"], fill["before"]) == ("cin.ChildIdentifiers", "UPN", None)
    assert fill["after"] == "C001000100001" and "matched by" in fill["evidence"]
