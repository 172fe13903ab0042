"""National opt-outs: what was said to the health service holds here too, and takes back only itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.disclosure import opt_outs, preferences
from threecircles.disclosure.preferences import Preference, excluded
from threecircles.disclosure.purposes import purposes

NUMBERS = {"9990000018": "ann", "9990000026": "ben", "9990000034": "cy"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    "A workspace whose people bear NHS numbers."
    known = {
        "identity.identifier": pl.DataFrame(
            {"scheme": ["nhs"] * 3, "value": list(NUMBERS), "source_record_id": list(NUMBERS)}
        ),
        "identity.person_record": pl.DataFrame(
            {"source_record_id": list(NUMBERS), "person_id": list(NUMBERS.values())}
        ),
    }
    monkeypatch.setattr(opt_outs, "table", lambda workspace, name: known[name])
    return type("Opened", (), {"path": tmp_path})()


def load(place, returned, sent=tuple(NUMBERS)):  # type: ignore[no-untyped-def]
    "Take up an answer to a list."
    files = [place.path / "sent.csv", place.path / "returned.csv"]
    for file, numbers in zip(files, (sent, returned), strict=True):
        file.write_text("nhs_number\n" + "\n".join(numbers), encoding="utf-8")
    rule = opt_outs.opt_out("nhs-national")
    return opt_outs.load_list(place, rule, *files, day=date(2026, 1, 1), by="officer")


def test_who_was_sent_and_not_returned_is_left_out_of_research_and_not_of_care(place):
    """disclosure A12: the NHS national data opt-out as a rule of permission."""
    told = load(place, ["999 000 0018", "9990000034"])
    assert (told.out, told.again, told.unknown) == (1, 0, 0)
    rule = opt_outs.opt_out("nhs-national")
    for purpose in rule.purposes:
        assert excluded(place.path, purpose) == {"ben"}
        assert preferences.version(place.path, purpose)  # steps for it run again
    for purpose in rule.not_for:
        assert excluded(place.path, purpose) == frozenset()


def test_every_purpose_is_said_to_be_reached_or_not():
    rule = opt_outs.opt_out("nhs-national")
    named = {*rule.purposes, *rule.not_for}
    assert named <= set(purposes()) and set(purposes()) - named <= {"family_context"}


def test_the_same_answer_twice_changes_nothing(place):
    load(place, ["9990000018"])
    told = load(place, ["9990000018"])
    assert (told.out, told.again, told.unchanged) == (0, 0, 3)


def test_who_comes_back_is_let_in_again_but_not_past_an_objection_said_here(place):
    "The list takes back its own no, never what a parent wrote to the council."
    objection = Preference(
        person="ben", purpose="evaluation", kind="objection", whose="parent",
        from_day=date(2026, 1, 1), evidence="letter",
    )  # fmt: skip
    preferences.record(place.path, objection, "officer")
    load(place, ["9990000018", "9990000034"])
    assert load(place, list(NUMBERS)).again == 1
    assert excluded(place.path, "accredited_research") == frozenset()
    assert excluded(place.path, "evaluation") == {"ben"}


def test_a_competent_childs_yes_here_does_not_undo_the_national_no(place):
    yes = Preference(
        person="ben", purpose="evaluation", kind="consent", whose="child",
        from_day=date(2026, 1, 1), judgement="judged on a visit", competent=True,
    )  # fmt: skip
    load(place, ["9990000018", "9990000034"])
    preferences.record(place.path, yes, "officer")
    assert excluded(place.path, "evaluation") == {"ben"}


def test_an_answer_to_another_list_is_refused_and_changes_nothing(place):
    with pytest.raises(UsageError, match="were not sent"):
        load(place, ["9990000018", "9990000099"])
    assert excluded(place.path, "evaluation") == frozenset()


def test_an_unknown_list_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="no opt-out"):
        opt_outs.opt_out("nhs-nationl")


def test_the_definition_can_name_another_number(place):
    rule = replace(opt_outs.opt_out("nhs-national"), scheme="upn")
    files = [place.path / "s.csv", place.path / "r.csv"]
    for f in files:
        f.write_text("9990000018\n", encoding="utf-8")
    assert opt_outs.load_list(place, rule, *files, day=date(2026, 1, 1), by="o").unknown == 1
