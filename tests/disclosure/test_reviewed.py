"""Policies against the table people have read; forbidden purposes against everything that could permit them."""

from __future__ import annotations

import shutil
from datetime import timedelta
from itertools import product

import pytest

from threecircles.core.errors import DefinitionError, NotPermitted
from threecircles.definitions import HOME, load_folder
from threecircles.disclosure import audit, permission
from threecircles.disclosure.agreements import Agreement, faults
from threecircles.disclosure.openness import openness
from threecircles.disclosure.policy import (
    NOW,
    Asked,
    Person,
    Policy,
    decide,
    policy_set,
    resource_type,
)
from threecircles.disclosure.purposes import forbidden, purpose, purposes
from threecircles.disclosure.reviewed import (
    CHILD_ACTIONS,
    CHILDREN,
    ROLES,
    TABLE_ACTIONS,
    matrix,
    matrix_of_tables,
)

ACTIONS = sorted({*CHILD_ACTIONS, *(a for p in purposes().values() for a in p.allowed_actions)})


def test_the_policies_agree_with_the_reviewed_table():
    """disclosure A8: role x action x purpose x state of the child, generated (9,680 combinations)."""
    cells = list(matrix())
    assert len(cells) == len(ROLES) * len(CHILD_ACTIONS) * len(purposes()) * len(CHILDREN) >= 9_000
    assert [c for c in cells if c.reviewed != c.decided] == []
    assert 50 < sum(c.decided for c in cells) < 300


def test_the_policies_agree_with_the_reviewed_table_of_tables_and_releases():
    """disclosure A8: what meets no child: role x action x purpose x state of table, release or house."""
    cells = list(matrix_of_tables())
    assert len(cells) >= 3_000 and {c.action for c in cells} == set(TABLE_ACTIONS)
    assert [c for c in cells if c.reviewed != c.decided] == []
    assert set(ACTIONS) == {*CHILD_ACTIONS, *TABLE_ACTIONS}


def _forbidden_cells(roles):
    for named, role, action in product(sorted(forbidden()), roles, ACTIONS):
        for agreement, child in product(
            (None, tuple(purposes()), (named,)), ("own_named", "unknown", "adopted_named")
        ):
            kind = resource_type(action)
            about = (
                dict(CHILDREN[child])
                if kind == "Child"
                else {"purposes": [named]}
                if kind == "Dataset"
                else {}
            )
            if kind == "Output":
                about = {
                    "state": {"check_release": "requested", "approve_release": "checked"}.get(
                        action, "released"
                    )
                }
            who = Person(
                id="somebody",
                roles=(role,),
                teams=("north",),
                mfa=True,
                training_until=NOW + timedelta(days=9),
            )
            yield Asked(
                person=who, action=action, purpose=named, resource_type=kind, resource=about,
                agreement=agreement, agreement_immigration=True, two_people=True, now=NOW,
            )  # fmt: skip


def _all_denied(roles):
    tried = 0
    by_person: dict[str, list[Asked]] = {}
    for asked in _forbidden_cells(roles):
        by_person.setdefault(asked.person.roles[0], []).append(asked)
    for questions in by_person.values():
        for start in range(0, len(questions), 200):
            answers = decide(questions[start : start + 200])
            assert all(not a.allowed and "never-forbidden-purpose" in a.policies for a in answers)
            tried += len(answers)
    return tried


def test_a_forbidden_purpose_is_denied_for_every_action_agreement_and_child():
    """disclosure A15: for three roles; the slow test takes all."""
    assert _all_denied(("practitioner", "approver", "data_protection_officer")) > 3_000


@pytest.mark.slow
def test_a_forbidden_purpose_is_denied_to_every_role():
    """disclosure A15: every action x role x agreement state x child state for each forbidden purpose."""
    assert _all_denied(ROLES) > 12_000


@pytest.mark.parametrize("named", sorted(forbidden()))
def test_breaking_the_glass_does_not_pass_it_and_the_refusal_is_written_down(tmp_path, named):
    """disclosure A15: reason given, audited."""
    who = Person(id="ann", roles=("practitioner", "approver", "data_protection_officer"), mfa=True)
    with pytest.raises(NotPermitted, match="forbidden") as refusal:
        permission.check_may(
            "break_glass",
            actor=who,
            purpose_id=named,
            folder=tmp_path,
            resource_id="person:x",
            two_people=True,
        )
    assert forbidden()[named].reason in str(refusal.value)
    line = audit.lines(tmp_path)[-1]
    assert (line["decision"], line["purpose"], line["policy"]) == (
        "deny",
        named,
        ["never-forbidden-purpose"],
    )


def test_a_permitted_purpose_that_bears_a_forbidden_name_stops_the_program(monkeypatch):
    """disclosure A15: a file that permits one fails validation."""
    permitted = purposes()
    monkeypatch.setattr(
        "threecircles.disclosure.purposes.purposes",
        lambda: permitted | {"marketing": permitted["audit"]},
    )
    with pytest.raises(DefinitionError, match="both permitted and forbidden"):
        forbidden()


def test_a_policy_file_that_permits_one_fails_validation(tmp_path):
    """disclosure A15: it does not even load."""
    shutil.copytree(HOME / "policies", tmp_path / "policies")
    text = (HOME / "policies" / "load-source.yaml").read_text()
    bad = text.replace("load-source", "sell").replace(
        "resource.purposes.contains(context.purpose)", 'context.purpose == "commercial_use_or_sale"'
    )
    (tmp_path / "policies" / "sell.yaml").write_text(bad)
    with pytest.raises(DefinitionError, match="permits a forbidden purpose"):
        policy_set(tmp_path)


def test_every_policy_set_holds_the_whole_list_of_forbidden_purposes():
    """disclosure A15: the list stands in the policy itself, put there when it is read."""
    text = policy_set().text
    assert all(f'"{named}"' in text for named in forbidden())
    assert "never-forbidden-purpose" in {p.id for p in load_folder("policies", Policy)}


@pytest.mark.parametrize(
    "text",
    ["study of marketing reach", "Fraud hunting in family data", "insurance-or-credit checks"],
)
def test_free_text_that_names_one_goes_back_to_a_person(text):
    """disclosure A15"""
    with pytest.raises(NotPermitted):
        purpose(text)


def test_an_agreement_without_the_clause_is_faulty():
    """disclosure A15: agreements carry the clause."""
    (shipped, *_) = load_folder("agreements/demonstration", Agreement)
    assert faults(shipped, NOW.date()) == []
    without = Agreement(**{**shipped.__dict__, "forbids": shipped.forbids[1:]})
    assert any("does not rule out" in f for f in faults(without, NOW.date()))


def test_the_public_account_prints_every_forbidden_purpose(tmp_path, monkeypatch):
    """disclosure A15, catalogue A27: word for word; one added by the place is there too."""
    from threecircles.core import workspace as workspaces

    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    workspaces.create(tmp_path / "w", fictitious=True)
    assert [p.plain_words for p in openness(tmp_path / "w").never] == [
        p.plain_words for p in forbidden().values()
    ]
    (tmp_path / "w" / "forbidden.yaml").write_text(
        "id: local\nlabel: Ours\nsource: Cabinet\npurposes:\n  - {id: press, plain_words: Not for the press., reason: Trust., source: Cabinet}\n"
    )
    assert "Not for the press." in [p.plain_words for p in openness(tmp_path / "w").never]
