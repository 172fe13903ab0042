"""Who may do what: deny by default, every decision written down first, refusals in words."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime

import cedarpy
import polars as pl
import pytest

from threecircles.core import workspace as ws
from threecircles.core.errors import DefinitionError, NotPermitted, ThreeCirclesError
from threecircles.core.tables import TableSpec
from threecircles.definitions import HOME, load
from threecircles.disclosure import Safe, audit, check_may, gate
from threecircles.disclosure.policy import Person, decide, example, policy_set, wrong_examples
from threecircles.disclosure.purposes import (
    ForbiddenList,
    check_shipped,
    forbidden,
    purpose,
    purposes,
)
from threecircles.disclosure.why_not import why_not

TEAM = {"team": "north"}
WORKER = Person(
    id="ann",
    roles=("practitioner",),
    teams=("north",),
    training_until=datetime(2099, 1, 1, tzinfo=UTC),
)


def test_every_example_in_the_policies_comes_out_as_written():
    """disclosure A8: each policy has an allow and a deny example."""
    assert list(wrong_examples()) == []


def test_a_misspelt_attribute_fails_at_start_up():
    """disclosure A8"""
    schema = (HOME / "policies" / "schema.cedarschema").read_text()
    text = policy_set().text.replace("resource.restricted", "resource.restrictd")
    assert not cedarpy.validate_policies(text, schema).validation_passed


def test_a_step_gets_a_grant_after_its_audit_line(tmp_path):
    grant = gate(
        "needs_assessment", ("record.measure", "catalogue.x"), ("age", "sex"), "u1", tmp_path
    )
    grant.check(frozenset({"age"}))
    line = audit.lines(tmp_path)[-1]
    assert (line["decision"], line["resource"], line["actor"]) == (
        "allow",
        "table:record.measure",
        "u1",
    )
    assert line["policy"] == ["measure-pseudonymous"] and "local-operator" in line["basis"]
    assert grant.policies == ("measure-pseudonymous",)


def test_a_grant_is_refused_for_attributes_that_the_purpose_does_not_name(tmp_path):
    with pytest.raises(NotPermitted, match="does not cover: uasc"):
        gate("needs_assessment", ("record.measure",), ("age", "uasc"), "u1", tmp_path)


def test_reading_is_refused_when_the_log_cannot_be_written(tmp_path):
    audit.log_path(tmp_path).mkdir()
    with pytest.raises(ThreeCirclesError, match="cannot be written"):
        gate("needs_assessment", ("record.measure",), (), "u1", tmp_path)


def test_a_fictitious_place_carries_its_shipped_ethics_record(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    place = ws.Workspace(tmp_path, "w", fictitious=True)
    assert gate("needs_assessment", ("record.measure",), workspace=place).ethics_id
    assert gate("needs_assessment", ("record.measure",), workspace=tmp_path).ethics_id is None


@pytest.mark.parametrize("named", sorted(forbidden()))
@pytest.mark.parametrize(
    "action", ["view_sensitive_table", "break_glass", "export_extract", "load_source"]
)
def test_forbidden_purposes_are_refused_with_their_reason_and_audited(tmp_path, named, action):
    """disclosure A15"""
    everything = replace(
        WORKER, roles=("practitioner", "analyst", "approver", "information_governance"), mfa=True
    )
    with pytest.raises(NotPermitted, match="forbidden"):
        check_may(
            action,
            actor=everything,
            purpose_id=named,
            folder=tmp_path,
            resource_id="x",
            two_people=True,
        )
    assert audit.lines(tmp_path)[-1]["decision"] == "deny"


def test_a_forbidden_purpose_in_other_words_is_for_a_person_to_reword():
    with pytest.raises(NotPermitted, match="forbidden"):
        purpose("research on Immigration enforcement")


def test_the_engine_itself_denies_forbidden_purposes_in_every_policy_file():
    """disclosure A15: a policy that permits one cannot win, because forbid wins."""
    asked = example(
        {"action": "view_record", "roles": ["practitioner"], "teams": ["a"], "purpose": "marketing"}
    )
    assert not decide([asked])[0].allowed


def test_the_shipped_list_of_forbidden_purposes_cannot_be_shortened():
    """disclosure A15"""
    ids = [p.id for p in load("purposes/forbidden", ForbiddenList).purposes]
    check_shipped(ids)
    for i in range(len(ids)):
        with pytest.raises(DefinitionError, match="shipped list"):
            check_shipped(ids[:i] + ids[i + 1 :])


def test_a_place_may_lengthen_the_list(tmp_path):
    local = tmp_path / "forbidden.yaml"
    local.write_text(
        "id: local\nlabel: Ours\nsource: Cabinet\npurposes:\n"
        "  - {id: press_briefing, plain_words: Not for the press., reason: Trust., source: Cabinet}\n"
    )
    assert "press_briefing" in forbidden(local) and "marketing" in forbidden(local)


def test_a_practitioner_sees_the_own_team_and_a_refusal_says_why(tmp_path):
    seen = check_may(
        "view_record",
        actor=WORKER,
        purpose_id="direct_care",
        folder=tmp_path,
        resource_id="1",
        resource=TEAM,
    )
    assert seen == ("view-own-case",)
    with pytest.raises(NotPermitted, match="not a child you may see"):
        check_may(
            "view_record", actor=WORKER, purpose_id="direct_care", folder=tmp_path, resource_id="1"
        )


def test_why_not_names_the_lapsed_training(tmp_path):
    lapsed = replace(WORKER, training_until=datetime(2026, 5, 3, tzinfo=UTC))
    asked = replace(
        example({"action": "view_record", "roles": ["practitioner"], "teams": ["a"], "purpose": "direct_care"}),
        person=replace(lapsed, teams=("a",)), now=datetime(2026, 6, 1, tzinfo=UTC),
    )  # fmt: skip
    assert why_not(asked) == ["your training ended on 3 May 2026"]


def test_restricted_adopted_and_unknown_children_read_alike_to_the_refused(tmp_path):
    """disclosure A8"""
    told = set()
    for child in (
        {},
        {**TEAM, "restricted": True},
        {**TEAM, "adopted_away": True},
        {**TEAM, "objections": ["direct_care"]},
    ):
        with pytest.raises(NotPermitted) as refusal:
            check_may(
                "view_record",
                actor=WORKER,
                purpose_id="direct_care",
                folder=tmp_path,
                resource_id="1",
                resource=child,
            )
        told.add(str(refusal.value))
    assert len(told) == 1 and "restricted" not in told.pop()


def test_every_purpose_says_its_basis_and_its_actions():
    for p in purposes().values():
        assert p.lawful_basis and p.special_category_condition and p.allowed_actions and p.retention


def test_safe_is_made_nowhere_else_and_does_not_pickle():
    spec = TableSpec(
        id="t", title="T", population="p", period="2026", unit="children", dimensions=()
    )
    with pytest.raises(NotPermitted, match="only by disclosure"):
        Safe(spec=spec, frame=pl.DataFrame(), profile="la-default", profile_version="1")
    with pytest.raises(NotPermitted):
        pickle.dumps(Safe.__new__(Safe))
