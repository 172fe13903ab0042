"""The ethics gate: no study and no new linkage without a record that holds, and everything is classified."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from threecircles import pipeline
from threecircles.core import workspace as workspaces
from threecircles.core.errors import DefinitionError, NotPermitted
from threecircles.definitions.place import Place
from threecircles.disclosure import audit, ethics, studies
from threecircles.disclosure.ethics_draft import write_draft
from threecircles.disclosure.gates import check_may_run, gate

KINDS = sorted(k for k in studies.kinds() if k != "link")


def record(**changes):
    "A good record as YAML."
    good = {
        "id": "r1", "label": "A study", "source": "Our committee", "kind": "survey", "study": "s1",
        "question": "How are children?", "why_now": "The plan is due.",
        "framework": {p: {"level": 3, "reason": "said"} for p in ("transparency", "accountability", "fairness")},
        "harms": [{"to": "children", "what": "upset", "likelihood": "unlikely", "lessened_by": "somebody is there"}],
        "benefits": [{"to": "children", "when": "next year"}], "alternatives": "none",
        "children_consulted": {"who": "six pupils", "how": "talk", "when": "May", "said": "shorter", "changed": "it is shorter"},
        "right_to_refuse": "yes", "feedback_plan": "assembly", "committee": "Children's ethics committee",
        "reference": "E12", "decision": "approved", "decided_on": "2026-01-31", "review_by": "2098-01-31",
    }  # fmt: skip
    return good | changes


def keep(folder, **changes):
    told = record(**changes)
    path = folder / "ethics" / f"{told['id']}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(told))


BAD = {
    "refused": ({"decision": "refused"}, "Children's ethics committee refused it"),
    "waiting": ({"decision": "waiting"}, "has not decided yet"),
    "over": ({"review_by": "2026-02-01"}, "reviewed by 1 February 2026"),
    "not begun": ({"decided_on": "2098-01-01"}, "holds only from"),
    "unmet": (
        {
            "decision": "approved with conditions",
            "conditions": [{"id": "c1", "text": "a helper is there"}],
        },
        "condition c1 is not met",
    ),
    "no evidence": (
        {
            "decision": "approved with conditions",
            "conditions": [{"id": "c1", "text": "t", "met": True}],
        },
        "no evidence",
    ),
    "no conditions": ({"decision": "approved with conditions"}, "conditions are missing"),
    "no children": ({"children_consulted": None}, "children were not consulted"),
    "no harms": ({"harms": []}, "harms are missing"),
    "no principle": (
        {"framework": {"transparency": {"level": 3, "reason": "said"}}},
        "the answer on fairness is missing",
    ),
    "no committee": ({"committee": ""}, "the committee is missing"),
    "unnamed local": ({"local_committee": True}, "has named no such local committee"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_study_opens_on_a_good_record_only(tmp_path, kind):
    """disclosure A17: without a record it is refused; with one the grant carries its id."""
    with pytest.raises(NotPermitted, match="no ethics record of the kind"):
        studies.check_may_open_study(kind, "s1", workspace=tmp_path)
    keep(tmp_path, kind=kind)
    grant = studies.check_may_open_study(kind, "s1", workspace=tmp_path)
    assert grant.ethics_id == "r1" and not grant.fictitious
    assert [x["decision"] for x in audit.lines(tmp_path)] == ["deny", "allow"]
    with pytest.raises(NotPermitted):
        studies.check_may_open_study(kind, "s2", workspace=tmp_path)


@pytest.mark.parametrize("why", sorted(BAD))
def test_a_record_that_does_not_hold_is_refused_with_committee_and_missing_part(tmp_path, why):
    """disclosure A17: refused, missing, expired, unmet conditions."""
    changes, words = BAD[why]
    keep(tmp_path, **changes)
    with pytest.raises(NotPermitted) as refusal:
        studies.check_may_open_study("survey", "s1", workspace=tmp_path)
    assert words in str(refusal.value)
    assert "Children's ethics committee" in str(refusal.value) or why == "no committee"


def test_a_local_committee_is_named_and_nobody_of_the_study_sits_on_it(tmp_path):
    """disclosure A17"""
    local = {"local_committee": True, "committee": "Our board", "committee_members": ["ann"]}
    keep(tmp_path, **local, study_members=["ann"])
    (tmp_path / "ethics" / "committees.yaml").write_text(
        "id: c\nlabel: C\nsource: Cabinet\nlocal: [Our board]\n"
    )
    with pytest.raises(NotPermitted, match="sits on the committee"):
        studies.check_may_open_study("survey", "s1", workspace=tmp_path)
    keep(tmp_path, **local, study_members=["bob"])
    assert studies.check_may_open_study("survey", "s1", workspace=tmp_path).ethics_id == "r1"


def test_a_linkage_needs_every_pair_and_a_second_run_nothing_new(tmp_path):
    """disclosure A17: a new linkage; a second run; a new source in it."""
    two, three = ["cin-census", "ssda903"], ["cin-census", "ssda903", "school-census"]
    keep(tmp_path, kind="link", study="", sources=two, purposes=["needs_assessment"])
    for _ in range(2):
        assert studies.check_may_link(two, "needs_assessment", workspace=tmp_path).ethics_id == "r1"
    assert len(studies.links_made(tmp_path)) == 1
    with pytest.raises(NotPermitted, match="no ethics record covers cin-census with school-census"):
        studies.check_may_link(three, "needs_assessment", workspace=tmp_path)
    with pytest.raises(NotPermitted):
        studies.check_may_link(two, "evaluation", workspace=tmp_path)


def test_a_linkage_before_care_answers_its_own_two_questions(tmp_path):
    """disclosure A17"""
    link = {
        "kind": "link",
        "study": "",
        "sources": ["cin-census", "ssda903"],
        "purposes": ["needs_assessment"],
        "before_care": True,
    }
    keep(tmp_path, **link)
    with pytest.raises(NotPermitted, match="family would expect it"):
        studies.check_may_link(link["sources"], "needs_assessment", workspace=tmp_path)
    keep(tmp_path, **link, family_would_expect="asked ten", if_it_is_wrong="a person looks")
    assert studies.check_may_link(link["sources"], "needs_assessment", workspace=tmp_path)


def test_only_the_shipped_record_is_fictitious(tmp_path, monkeypatch):
    """disclosure A17: synthetic workspaces carry a shipped one, marked."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    made_up = workspaces.create(tmp_path / "w", fictitious=True)
    grant = studies.check_may_open_study("effect", "any", workspace=made_up)
    assert grant.fictitious and grant.ethics_id == ethics.FICTITIOUS and ethics.shipped().fictitious
    keep(tmp_path / "real", fictitious=True)
    with pytest.raises(DefinitionError, match="fictitious"):
        ethics.records(tmp_path / "real")


def test_a_draft_can_be_read_and_waits_for_its_committee(tmp_path):
    path = write_draft(tmp_path, "effect", "e1")
    (only,) = ethics.records(tmp_path).values()
    assert path.exists() and only.decision == "waiting" and len(ethics.missing(only)) > 8


STUDY_STEPS = ["survey.estimate", "need.effect-x", "need.follow-x", "need.audit", "voice.code"]


@pytest.mark.parametrize("step", STUDY_STEPS)
def test_a_step_of_a_study_gets_its_record_at_the_gate(tmp_path, step):
    """disclosure A17: the runner's gate, by the step's name."""
    kind = studies.kind_of(step, "steps")
    known = studies.kinds()[kind].purpose
    with pytest.raises(NotPermitted, match="no ethics record"):
        gate(known, ("record.measure",), workspace=tmp_path, step=step)
    keep(tmp_path, kind=kind, study=step)
    assert gate(known, ("record.measure",), workspace=tmp_path, step=step).ethics_id == "r1"


def test_the_runner_tells_the_gate_which_step_asks(tmp_path, monkeypatch):
    """disclosure A17: otherwise a study's step would look like any other."""
    import inspect

    from threecircles.core.run import Runner

    assert "step=step.name" in inspect.getsource(Runner._grant)
    assert "check_may_run" in Path(pipeline.__file__).read_text()


def test_a_run_of_a_real_place_links_only_what_a_record_covers(tmp_path, monkeypatch):
    """disclosure A17, A8: the sources taken up and the linkage are in the log before anything is read."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    real = workspaces.create(tmp_path / "w", fictitious=False)
    place = _place(tmp_path / "p", "cin-census", "ssda903")
    with pytest.raises(NotPermitted, match="cin-census with ssda903"):
        check_may_run(real, place, [])
    assert [x["action"] for x in audit.lines(real.path)] == ["load_source", "link_sources"]
    keep(
        place.dir,
        kind="link",
        study="",
        sources=["cin-census", "ssda903"],
        purposes=["needs_assessment"],
    )
    check_may_run(real, place, [])
    assert audit.lines(real.path)[-1]["decision"] == "allow"


def test_a_source_of_somebody_else_is_taken_up_under_an_agreement_only(tmp_path, monkeypatch):
    """disclosure A8, A17: what flows and what is agreed."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    real = workspaces.create(tmp_path / "w", fictitious=False)
    with pytest.raises(NotPermitted, match="no agreement in force"):
        check_may_run(real, _place(tmp_path / "p", "camhs"), [])


def _place(folder, *sources):
    from datetime import date

    from threecircles.definitions.place import Delivery

    folder.mkdir(exist_ok=True)
    day = date(2026, 3, 31)
    received = tuple(Delivery(f"d{i}", s, (), day, day, 2026) for i, s in enumerate(sources))
    return Place(folder, "p", "P", "E1", "", False, 1, 2026, received, {}, {})
