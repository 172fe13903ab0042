"""The audit log keeps what was done, and shows when somebody changed it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from threecircles.disclosure import audit

FIRST_ENTRY = {
    "action": "view_record", "actor": "u1", "at": "2026-04-01T09:00:00Z", "basis": "ca2004.16LA",
    "decision": "allow", "policy": ["view-own-case"], "prev": "0" * 64, "purpose": "direct_care",
    "resource": "person:0123456789ABCDEF", "seq": 1,
}  # fmt: skip


def test_the_hash_of_a_line_is_the_known_answer():
    """disclosure 3, known answer."""
    first = audit.entry_hash(FIRST_ENTRY)
    assert first == "4c863fa16f6bda3c9bc3b78d121b4b9ee443c5fa8c600176db7011ba0f55b300"
    second = FIRST_ENTRY | {
        "seq": 2, "at": "2026-04-01T09:00:05Z", "action": "signpost", "decision": "deny", "policy": [], "prev": first,
    }  # fmt: skip
    assert (
        audit.entry_hash(second)
        == "6c2905e5cf2e1f99cdc62cd73d2fb892a8194ec0a9916a4669b9d9e2ee15bdcd"
    )


def test_a_line_with_a_float_is_refused():
    with pytest.raises(ValueError, match="floating-point"):
        audit.canonical({"seq": 1, "detail": [{"share": 0.5}]})


def _write(workspace: Path, n: int) -> None:
    for i in range(n):
        audit.append(
            workspace, actor="u1", action="view_record", resource=f"person:{i}", purpose="direct_care",
            basis="x", decision="allow", policy=("p",), detail={"rows": i},
        )  # fmt: skip


def test_an_untouched_log_verifies(tmp_path):
    _write(tmp_path, 5)
    found = audit.verify(tmp_path, audit.head(tmp_path))
    assert found.good and found.lines == 5
    assert audit.verify(tmp_path / "empty").good


def test_the_table_refuses_updates_and_deletes(tmp_path):
    _write(tmp_path, 2)
    log = sqlite3.connect(audit.log_path(tmp_path))
    for statement in (
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "DELETE FROM audit_detail",
    ):
        with pytest.raises(sqlite3.DatabaseError, match="append-only"):
            log.execute(statement)


def _forge(workspace: Path, *statements: str) -> None:
    "An administrator who drops the triggers first."
    log = sqlite3.connect(audit.log_path(workspace))
    for trigger in ("audit_kept", "audit_fixed", "detail_kept", "detail_fixed"):
        log.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        log.execute(statement)
    log.commit()
    log.close()


@pytest.mark.parametrize("seq", [1, 2, 4, 6])
@pytest.mark.parametrize(
    "change",
    ["UPDATE audit SET {column} = 'z' WHERE seq = {seq}", "DELETE FROM audit WHERE seq = {seq}"],
)
@pytest.mark.parametrize("column", ["actor", "at", "resource", "purpose", "policy", "decision"])
def test_any_changed_or_deleted_line_is_found(tmp_path, seq, change, column):
    """disclosure A9: positions in the middle and at both ends."""
    _write(tmp_path, 6)
    anchor = audit.head(tmp_path)
    _forge(tmp_path, change.format(seq=seq, column=column))
    found = audit.verify(tmp_path, anchor)
    assert not found.good and found.broken_at == seq


def test_an_inserted_line_and_a_changed_detail_are_found(tmp_path):
    """disclosure A9"""
    _write(tmp_path, 3)
    row = "SELECT 4, at, actor, action, resource, purpose, basis, decision, policy, detail_hash, prev, 'h' FROM audit WHERE seq = 2"
    _forge(tmp_path, f"INSERT INTO audit {row}")
    assert audit.verify(tmp_path).broken_at == 4
    other = tmp_path / "other"
    _write(other, 3)
    _forge(other, "UPDATE audit_detail SET detail = '{}' WHERE seq = 2")
    assert audit.verify(other).broken_at == 2


def test_a_cut_off_end_is_found_against_an_anchor(tmp_path):
    """disclosure A9: truncation."""
    _write(tmp_path, 5)
    anchor = audit.head(tmp_path)
    _forge(tmp_path, "DELETE FROM audit WHERE seq > 3", "DELETE FROM audit_detail WHERE seq > 3")
    assert audit.verify(tmp_path).good
    found = audit.verify(tmp_path, anchor)
    assert found.broken_at == 4 and "ends before" in found.reason
