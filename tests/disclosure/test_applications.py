"""Rows of children open for a project that has shown what it must, to two people, and not before."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
import yaml

from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted
from threecircles.disclosure import applications, audit, extracts, preferences
from threecircles.disclosure.extracts import Column, ExtractSpec
from threecircles.disclosure.people import person
from threecircles.disclosure.preferences import Preference
from threecircles.disclosure.purposes import forbidden

WHOLE = ExtractSpec(
    id="s", label="S", source="t", project="p1", ethics_id="e1", agreement="research", keep_until=preferences.date(2099, 1, 1),
    columns=(Column(name="person_id", treat="key"), Column(name="age", quasi=True), Column(name="factor")),
    people=("A. Researcher",), five_safes=dict.fromkeys(applications.SAFES, "said"), ruled_out=tuple(forbidden()),
)  # fmt: skip
PEOPLE = """id: people
label: People
source: S
people:
  - {id: eve, roles: [approver], training_until: 2100-01-01}
  - {id: gil, roles: [information_governance], training_until: 2100-01-01}
"""
ROWS = pl.DataFrame({
    "person_id": [f"P{i:02}" for i in range(40)], "age": [str(8 + i % 2) for i in range(40)], "factor": ["1A"] * 40,
})  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    "A real place with people, an agreement on research and no ethics record yet."
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    made = workspaces.create(tmp_path / "w").path
    (made / "access.yaml").write_text(PEOPLE)
    (made / "agreements").mkdir()
    (made / "agreements" / "research.yaml").write_text(
        "id: research\nlabel: R\nsource: S\nkind: DSA\nparties: [{id: c, label: C, role: controller}]\nsigned_by: [c]\n"
        "purposes: [accredited_research]\nstarts: 2020-01-01\nexpires: 2099-01-01\nstatus: in force\n"
    )
    return made


def record(place, **changes):
    told = {
        "id": "e1", "label": "A study", "source": "Our committee", "kind": "research", "study": "p1",
        "question": "How are children?", "why_now": "The plan is due.",
        "framework": {p: {"level": 3, "reason": "said"} for p in ("transparency", "accountability", "fairness")},
        "harms": [{"to": "children", "what": "upset", "likelihood": "unlikely", "lessened_by": "counts only"}],
        "benefits": [{"to": "children", "when": "next year"}], "alternatives": "none",
        "children_consulted": {"who": "six", "how": "talk", "when": "May", "said": "good", "changed": "shorter"},
        "right_to_refuse": "yes", "feedback_plan": "assembly", "committee": "Research ethics committee",
        "reference": "E12", "decision": "approved", "decided_on": "2026-01-31", "review_by": "2098-01-31",
    } | changes  # fmt: skip
    (place / "ethics").mkdir(exist_ok=True)
    (place / "ethics" / "r.yaml").write_text(yaml.safe_dump(told))


def take(place, spec=WHOLE, **changes):
    by = {"actor": person(place, "eve", mfa=True), "second": "gil"} | changes
    return applications.check_may_take_out(spec, place, **by)


def test_a_whole_application_with_record_agreement_and_two_people_is_permitted(place):
    """disclosure A17, section 7: the grant carries the id of the ethics record."""
    record(place)
    assert take(place).ethics_id == "e1"
    assert [x["action"] for x in audit.lines(place)] == ["open_study", "export_extract"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ruled_out": tuple(forbidden())[1:]}, f"{next(iter(forbidden())).replace('_', ' ')} is not ruled out"),
        ({"five_safes": {}}, "nothing is said of safe projects"), ({"people": ()}, "nobody is named"),
        ({"ethics_id": "e2"}, "another ethics record"), ({"agreement": "other"}, "no agreement in force"),
        ({"immigration_agreed": True}, "immigration"),
    ],
)  # fmt: skip
def test_an_application_that_lacks_something_is_refused_and_told_what(place, changes, words):
    """disclosure section 2 and 7: each forbidden purpose is ruled out apart; each safe has an answer."""
    record(place)
    with pytest.raises(NotPermitted) as refusal:
        take(place, replace(WHOLE, **changes))
    assert words in str(refusal.value)


def test_without_a_record_one_person_alone_or_an_old_sign_in_nothing_opens(place):
    """disclosure A13, A17."""
    with pytest.raises(NotPermitted, match="no ethics record of the kind research"):
        take(place)
    record(place)
    for changes in ({"second": ""}, {"session_age": 301}, {"actor": person(place, "eve")}):
        with pytest.raises(NotPermitted):
            take(place, **changes)


def test_an_extract_leaves_out_who_objected(place):
    """disclosure A12: no export for that purpose holds the person."""
    wanted = Preference(
        person="P07", purpose="accredited_research", kind="objection", whose="parent", from_day=preferences.date(2026, 1, 1)
    )  # fmt: skip
    preferences.record(place, wanted, "gil")
    out = preferences.excluded(place, applications.PURPOSE)
    made = extracts.build(ROWS, WHOLE, b"key", out)
    whole = extracts.build(ROWS, WHOLE, b"key")
    assert (
        made.frame.height == 39
        and len(set(whole.frame["person_id"]) - set(made.frame["person_id"])) == 1
    )


@pytest.mark.parametrize("code", ["uasc", "9A"])
def test_facts_about_immigration_are_known_under_any_heading(code):
    """disclosure A16: not by the name of the column alone."""
    rows = ROWS.with_columns(
        factor=pl.when(pl.col("person_id") == "P03").then(pl.lit(code)).otherwise("factor")
    )
    with pytest.raises(NotPermitted, match="immigration"):
        extracts.build(rows, WHOLE, b"key")


def test_only_what_was_built_for_the_project_is_sealed(place):
    """disclosure section 7: k and l hold for the bytes that were built."""
    extracts.note_built(place, "p1", b"a,b\n1,2\n")
    extracts.check_built(place, "p1", b"a,b\n1,2\n")
    for project, data in (("p1", b"a,b\n1,3\n"), ("p2", b"a,b\n1,2\n")):
        with pytest.raises(NotPermitted, match="not what was built"):
            extracts.check_built(place, project, data)
