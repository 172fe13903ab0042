"""Access, objection and erasure carried through a whole made-up place, files to pack."""

from __future__ import annotations

import io
import json
import shutil
from datetime import date

import polars as pl
import pytest

from threecircles import pipeline, synthetic
from threecircles.core.errors import NotPermitted
from threecircles.core.workspace import open_workspace
from threecircles.definitions.place import load_place
from threecircles.disclosure import desk, preferences
from threecircles.disclosure.people import machine_account
from threecircles.disclosure.preferences import Preference
from threecircles.disclosure.rights import access, asking, changed, erase, held

PEOPLE = """id: people
label: People of a place
source: the place
people:
  - {{id: {me}, roles: [analyst, survey_lead], training_until: 2100-01-01}}
  - {{id: bob, roles: [output_checker], training_until: 2100-01-01}}
  - {{id: dee, roles: [data_protection_officer], training_until: 2100-01-01}}
  - {{id: gil, roles: [information_governance], training_until: 2100-01-01}}
"""
NUMBERS = ("upn", "lachildid", "child", "eh_id", "yj_id", "nhs_number")


def most_known(workspace):
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


def numbers_of(workspace, person):
    "The person's own numbers as received; codes such as UN1 (no number yet) are nobody's."
    return {
        str(v)
        for r in held.source_rows(workspace, person)
        for c in r.rows.columns
        if c.lower() in NUMBERS
        for v in r.rows[c]
        if v and len(str(v)) > 5
    }


def holds(path, data, wanted):
    "Whether a file holds one of the texts, whatever its format."
    if path.suffix == ".parquet":
        frame = pl.read_parquet(io.BytesIO(data))
        texts = [c for c, kind in frame.schema.items() if kind == pl.String]
        return any(frame[c].is_in(sorted(wanted)).any() for c in texts)
    return any(w.encode() in data for w in wanted)


def holding(workspace, folder, wanted, key_side=False):
    "Names of files below a folder that hold one of the texts; sealed ones are opened."
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if key_side and path.suffix == ".parquet":
            buffer = io.BytesIO()
            workspace.read_table(path, "identity").write_parquet(buffer)
            data = buffer.getvalue()
        if holds(path, data, wanted):
            found.append(path.relative_to(folder).as_posix())
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    "A made-up place that was run and published, and whose own people decide from then on."
    folder = tmp_path_factory.mktemp("rights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREECIRCLES_KEYS", str(folder / "keys"))
        synthetic.make("hamlet", folder / "place", seed=1)
        pipeline.run(folder / "place", folder / "w")
        (folder / "w" / "access.yaml").write_text(PEOPLE.format(me=machine_account()))
        yield folder / "place", folder / "w"


@pytest.mark.slow
def test_after_an_access_an_objection_and_an_erasure_nothing_holds_the_person(place, tmp_path):
    """disclosure A12: subject access, objection and erasure on a demonstration place.

    Afterwards no step, index, draft or export for that purpose holds the person; numbers that change
    are listed; the next release, which differs by one child, is refused (ledger test H).
    """
    folder, work = place
    workspace = open_workspace(work, "identity")
    objecting, leaving = most_known(workspace)

    asking.may(workspace, objecting, "subject_access", actor="dee")
    told = access.access(workspace, objecting)
    assert len(told.rows) > 5 and told.derived and told.releases
    assert [x.who for x in told.looks if x.what == "your record"] == ["dee"]
    own = numbers_of(workspace, objecting)
    assert own and all(n in json.dumps(told.as_json()) for n in own)

    before = changed.measured(workspace)
    drafts = work / "drafts" / "any"
    drafts.mkdir(parents=True)
    (drafts / "index.html").write_text(f"made with {objecting}")
    wanted = Preference(
        person=objecting, purpose="needs_assessment", kind="objection", whose="parent",
        from_day=date(2026, 1, 1),
    )  # fmt: skip
    preferences.record(work, wanted, "dee")
    pipeline.run(folder, work)
    erase.remove_old_steps(workspace)
    moved = changed.changed(before, changed.measured(workspace))
    assert moved and {m.table.partition(".")[0] for m in moved} == {"need"}
    made_for_it = [
        p
        for p in (work / "steps").glob("*")
        if p.name.startswith(("need.", "disclosure.", "report."))
    ]
    assert made_for_it
    for side in (*made_for_it, work / "drafts", work / "release"):
        assert holding(workspace, side, {objecting}) == [], side.name

    waiting = desk.releases(workspace)[-1]
    assert waiting.state == "requested" and waiting.requester == machine_account()
    with pytest.raises(NotPermitted, match="stands against this release"):
        desk.act(workspace, waiting.id, "check", actor="bob")
    told_by_desk = json.loads((work / "reports" / f"{waiting.id}.json").read_text())
    assert told_by_desk["ledger"] and not told_by_desk["named"]

    numbers = numbers_of(workspace, leaving)
    assert numbers
    shutil.copytree(folder / "received", tmp_path / "before")
    assert holding(workspace, tmp_path / "before", numbers)
    asked = asking.may(workspace, leaving, "erase", actor="dee", second="gil")
    erase.erase(workspace, load_place(folder), asked.person, "R1")
    assert [p for p in (work / "steps").rglob("*") if p.is_file()] == []
    pipeline.run(folder, work)
    workspace = open_workspace(work, "identity")
    assert holding(workspace, folder / "received", numbers) == []
    assert list(held.payload_rows(workspace, leaving)) == []
    assert held.keys_of(workspace, leaving) == {}
    for side in ("steps", "release", "drafts"):
        assert holding(workspace, work / side, {leaving, *numbers}) == [], side
    assert holding(workspace, work / "identity" / "steps", {leaving, *numbers}, key_side=True) == []
    for raw in (work / "identity" / "raw").iterdir():
        if not raw.suffix:
            assert not any(n.encode() in workspace.read_raw(raw.name) for n in numbers)
    assert not any(p.will_run for p in pipeline.plan(folder, work))
    with pytest.raises(NotPermitted, match="whom you may see"):
        asking.may(workspace, leaving, "subject_access", actor="dee")
