"""Sensitive services: hidden until the person's consent is recorded, and again when it is withdrawn."""

from __future__ import annotations

from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.workspace import open_workspace
from threecircles.identity.place import consents
from threecircles.identity.signposting import Involvement, Relation, card, rules
from threecircles.web.work import signpost_look

_spec = spec_from_file_location("signpost_place", Path(__file__).with_name("signpost_place.py"))
shared = module_from_spec(_spec)
_spec.loader.exec_module(shared)
place = shared.place
OWN, AWAY = shared.OWN, shared.AWAY
DAY = date(2026, 4, 1)
SENSITIVE = [*rules().sensitive, *rules().always_hidden_without_consent]


def _work(person: str) -> list[Involvement]:
    names = ["early-help", *SENSITIVE]
    return [Involvement(person=person, service=s, contact="T", last=None, covered_from=DAY, covered_to=DAY) for s in names]  # fmt: skip


def _shown(place, text: str, tmp_path, day: date = DAY) -> tuple[set[str], set[str]]:
    """Services on the card of OWN: its own, and those of its stated sibling AWAY."""
    file = tmp_path / "consents.csv"
    file.write_text("record,service,given,ended\n" + text)
    opened = open_workspace(place, "identity")
    consents.take_in(file, opened)
    told = consents.with_consent(opened, signpost_look.tables(opened), _work(OWN) + _work(AWAY), day)  # fmt: skip
    sibling = Relation(person=OWN, other=AWAY, role="a sibling", basis="stated", since=DAY)
    made = card(OWN, told, day, relations=[sibling], family_allowed=True)
    return {x.service for x in made.lines}, {x.line.service for x in made.family}


def test_without_recorded_consent_no_sensitive_service_is_shown_of_anybody(place, tmp_path):
    """identity A15: domestic abuse services in 0 cards without consent, the child's own or a relative's."""
    assert _shown(place, "", tmp_path) == ({"early-help"}, {"early-help"})


def test_consent_opens_one_service_of_the_one_who_gave_it(place, tmp_path):
    """identity 5: an adult's domestic abuse service needs that adult's own consent."""
    own, sibling = _shown(place, "school|3,domestic-abuse,2026-01-01,\n", tmp_path)
    assert own == {"early-help"} and sibling == {"early-help", "domestic-abuse"}
    own, sibling = _shown(place, "school|1,Sexual_Health,2026-01-01,\n", tmp_path)
    assert own == {"early-help", "sexual-health"} and sibling == {"early-help"}


def test_consent_holds_from_its_day_until_it_is_withdrawn(place, tmp_path):
    text = "school|1,counselling,2026-02-01,2026-04-01\n"
    assert "counselling" not in _shown(place, text, tmp_path, date(2026, 1, 31))[0]
    assert "counselling" in _shown(place, text, tmp_path, date(2026, 3, 31))[0]
    assert "counselling" not in _shown(place, text, tmp_path, date(2026, 4, 1))[0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("school|1,early-help,2026-01-01,", r"row 1, column service"),
        ("school|1,refuge,last week,", r"row 1, column given"),
        ("school|1,refuge,2026-01-01,31/02/2026", r"row 1, column ended"),
    ],
)
def test_a_consent_that_cannot_be_is_refused_with_its_row(place, tmp_path, row, said):
    with pytest.raises(ThreeCirclesError, match=said):
        _shown(place, row + "\n", tmp_path)


def test_the_file_lies_sealed(place, tmp_path):
    """identity A10"""
    _shown(place, "school|1,refuge,2026-01-01,\n", tmp_path)
    data = b"".join(f.read_bytes() for f in place.rglob("*") if f.is_file())
    assert b"identity-consents" not in data and b"refuge" not in data
