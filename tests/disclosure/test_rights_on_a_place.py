"""Objection and erasure carried through a whole made-up place, files to pack."""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from threecircles import pipeline, synthetic
from threecircles.core.workspace import open_workspace
from threecircles.definitions.place import load_place
from threecircles.disclosure import preferences
from threecircles.disclosure.preferences import Preference
from threecircles.disclosure.rights import access, asking, changed, erase, held


def _most_known(workspace):
    "The two persons whom most sources know."
    pointers = held.table(workspace, "identity.person_record").filter(
        pl.col("person_id").is_not_null()
    )
    ranked = (
        pointers.group_by("person_id")
        .agg(pl.col("source_id").n_unique())
        .sort("source_id", "person_id")
    )
    return ranked["person_id"][-1], ranked["person_id"][-2]


@pytest.mark.slow
def test_after_an_objection_and_an_erasure_nothing_holds_the_person(tmp_path, monkeypatch):
    """disclosure A12: subject access, objection and erasure on a demonstration place.

    Afterwards no step, index, draft or export for that purpose holds the person, not even in bytes;
    numbers that change are listed. (The ledger's refusal of an unsafe re-release is tried with the ledger.)
    """
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    folder, work = tmp_path / "hamlet", tmp_path / "w"
    synthetic.make("hamlet", folder, seed=1)
    pipeline.run(folder, work)
    workspace = open_workspace(work, "identity")
    objecting, leaving = _most_known(workspace)

    told = access.access(workspace, objecting)
    assert len(told.rows) > 5 and told.derived and told.looks and told.releases

    before = changed.measured(workspace)
    preferences.record(
        work,
        Preference(
            person=objecting,
            purpose="needs_assessment",
            kind="objection",
            whose="parent",
            from_day=preferences.date(2026, 1, 1),
        ),
        "dpo",
    )
    pipeline.run(folder, work)
    moved = changed.changed(before, changed.measured(workspace))
    assert moved and {m.table.partition(".")[0] for m in moved} == {"need"}
    assert erase.remove_old_steps(workspace) > 0

    rows = list(held.source_rows(workspace, leaving))
    numbers = {
        str(v).encode()
        for r in rows
        for c in r.rows.columns
        if c.lower() in ("upn", "lachildid", "child", "eh_id", "yj_id")
        for v in r.rows[c]
        if v
    }
    asked = asking.may(workspace, leaving, "erase", actor="demo-officer", second="demo-governance")
    shutil.copytree(folder, tmp_path / "before")
    erase.erase(workspace, load_place(folder), asked.person, "R1")
    pipeline.run(folder, work)
    for text in numbers:
        assert any(
            text in p.read_bytes()
            for p in (tmp_path / "before" / "received").rglob("*")
            if p.is_file()
        )
        assert not any(
            text in p.read_bytes() for p in (folder / "received").rglob("*") if p.is_file()
        )
    assert (
        list(held.payload_rows(workspace, leaving)) == [] and held.keys_of(workspace, leaving) == {}
    )
    for path in (p for p in (work / "steps").rglob("*") if p.is_file()):
        assert leaving.encode() not in path.read_bytes(), path.name
    for raw in (work / "identity" / "raw").iterdir():
        assert not any(n in workspace.read_raw(raw.name) for n in numbers)
    assert pipeline.plan(folder, work) and not any(p.will_run for p in pipeline.plan(folder, work))
