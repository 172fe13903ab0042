"""The release desk: two people, states that are complete, and nothing half-published."""

import itertools

import pytest

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.workspace import create
from threecircles.disclosure import audit, desk
from threecircles.disclosure.people import machine_account

PEOPLE = """id: people
label: People of a place
source: the place
people:
  - {id: ann, roles: [analyst], training_until: 2100-01-01}
  - {id: bob, roles: [output_checker, approver], training_until: 2100-01-01}
  - {id: bobby, roles: [approver], training_until: 2100-01-01, same_as: [bob]}
  - {id: eve, roles: [approver, output_checker], training_until: 2100-01-01}
  - {id: dee, roles: [data_protection_officer], training_until: 2100-01-01}
"""


@pytest.fixture
def pack(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "index.html").write_text("<p>24 in 100</p>")
    return tmp_path / "pack"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    made = create(tmp_path / "w")
    (tmp_path / "w" / "access.yaml").write_text(PEOPLE)
    return made


def asked(place, pack, audience="public"):
    return desk.request(place, pack, title="Pack", audience=audience, actor="ann")


def test_a_release_goes_from_one_person_to_the_next_and_is_published_whole(place, pack):
    """disclosure 7: requested, checked, approved, released; every step audited; a second click does nothing."""
    made = asked(place, pack)
    assert not place.release.exists()
    for action, actor, state in (
        ("check", "bob", "checked"),
        ("approve", "eve", "approved"),
        ("publish", "eve", "released"),
    ):
        made = desk.act(place, made.id, action, actor=actor)
        assert desk.act(place, made.id, action, actor=actor).state == made.state == state
    assert (place.release / "site" / "index.html").read_bytes() == (
        pack / "index.html"
    ).read_bytes()
    assert [line["action"] for line in audit.lines(place.path)].count("approve_release") == 2
    assert audit.verify(place.path).good
    made = desk.act(place, made.id, "withdraw", actor="dee", reason="a figure was wrong")
    assert made.state == "withdrawn" and not (place.release / "site").exists()


@pytest.mark.parametrize("approver", ["bob", "bobby", "ann"])
def test_two_people_cannot_be_one_by_two_roles_or_a_renamed_account(place, pack, approver):
    """disclosure A13."""
    made = desk.act(place, asked(place, pack).id, "check", actor="bob")
    with pytest.raises(NotPermitted):
        desk.act(place, made.id, "approve", actor=approver)
    assert desk.show(place, made.id).state == "checked"


def test_every_state_and_step_has_one_answer(place, pack):
    """disclosure A13: the transition table is complete and disjoint, and the diagram is drawn from it."""
    ends = {s for s in desk.STATES if not any(state == s for state, _ in desk.TRANSITIONS)}
    assert ends == {"withdrawn", "returned", "refused"}
    assert {after for after in desk.TRANSITIONS.values()} | {"requested"} == set(desk.STATES)
    assert all(
        f"{s} --> {a}: {step}" in desk.diagram() for (s, step), a in desk.TRANSITIONS.items()
    )
    made = asked(place, pack)
    allowed = {step for state, step in desk.TRANSITIONS if state == "requested"}
    for step in {step for _, step in desk.TRANSITIONS} - allowed:
        with pytest.raises(UsageError, match="cannot be taken through"):
            desk.act(place, made.id, step, actor="eve", reason="x")


def test_a_folder_changed_after_the_check_is_not_published(place, pack):
    made = desk.act(place, asked(place, pack).id, "check", actor="bob")
    desk.act(place, made.id, "approve", actor="eve")
    (pack / "index.html").write_text("<p>25 in 100</p>")
    with pytest.raises(NotPermitted, match="no longer what was checked"):
        desk.act(place, made.id, "publish", actor="eve")
    assert not place.release.exists()


def test_files_that_may_hold_rows_and_returns_without_a_reason_are_refused(place, pack):
    made = asked(place, pack)
    with pytest.raises(UsageError, match="needs a reason"):
        desk.act(place, made.id, "return", actor="bob")
    (pack / "rows.parquet").write_bytes(b"PAR1")
    with pytest.raises(NotPermitted, match="never leave"):
        asked(place, pack)


def test_only_a_made_up_place_is_played_through(place, pack, tmp_path):
    with pytest.raises(NotPermitted, match="made-up place"):
        desk.demonstrate(place, pack, title="Pack")
    made_up = create(tmp_path / "made-up", fictitious=True)
    done = desk.demonstrate(made_up, pack, title="Pack")
    assert done.state == "released" and desk.shown(made_up) == done.id
    by = [step[1] for step in done.steps]
    assert len(set(by[:3])) == 3
    (pack / "index.html").write_text("<p>25 in 100</p>")
    newer = desk.demonstrate(made_up, pack, title="Pack")
    assert desk.shown(made_up) == newer.id != done.id
    assert all(a != b for a, b in itertools.combinations([r.id for r in desk.releases(made_up)], 2))


def test_a_made_up_place_with_people_of_its_own_waits_for_them(place, pack, tmp_path):
    "Nobody plays through the desk of a place whose people are named, made up or not."
    made_up = create(tmp_path / "made-up", fictitious=True)
    (made_up.path / "access.yaml").write_text(PEOPLE.replace("ann", machine_account()))
    waiting = desk.demonstrate(made_up, pack, title="Pack")
    assert (waiting.state, waiting.requester) == ("requested", machine_account())
    assert not made_up.release.exists()
