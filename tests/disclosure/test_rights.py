"""A person's rights: clocks, letters, corrections, objections, and files written anew."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polars as pl
import pytest

from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted, ThreeCirclesError, UsageError
from threecircles.core.steps import Step
from threecircles.definitions.place import load_place
from threecircles.disclosure import preferences, who_looked
from threecircles.disclosure.gates import gate
from threecircles.disclosure.overlays import overlaid
from threecircles.disclosure.preferences import Preference
from threecircles.disclosure.rights import (
    access,
    asking,
    changed,
    clock,
    correct,
    holds,
    letters,
    raw_files,
)
from threecircles.disclosure.rights.retention import due as kept_until
from threecircles.sources.declared import source

_spec = spec_from_file_location("small_place", Path(__file__).parents[1] / "web" / "small_place.py")
small = module_from_spec(_spec)
_spec.loader.exec_module(small)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    "A made-up workspace with two children, made once."
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREECIRCLES_KEYS", str(folder / "keys"))
        small.make(folder / "w")
        yield folder


@pytest.fixture
def place(template, tmp_path):
    "A copy of it, opened with its key."
    shutil.copytree(template / "w", tmp_path / "w")
    return workspaces.open_workspace(tmp_path / "w", "identity")


@pytest.mark.parametrize(
    ("received", "pauses", "complex_", "last"),
    [
        (date(2026, 9, 1), [], False, date(2026, 10, 1)),
        (date(2026, 1, 31), [], False, date(2026, 3, 2)),  # 28 February is a Saturday
        (date(2026, 9, 1), [], True, date(2026, 12, 1)),
        (date(2026, 9, 1), [(date(2026, 9, 5), date(2026, 9, 12))], False, date(2026, 10, 8)),
        (date(2026, 11, 25), [], False, date(2026, 12, 29)),  # Christmas, Boxing Day's substitute
    ],
)
def test_an_answer_is_due_in_a_calendar_month(received, pauses, complex_, last):
    """disclosure A12: the clock, longer when complex, standing still for clarification."""
    assert clock.due(received, pauses, complex_=complex_) == last


def test_a_request_goes_through_its_states_and_says_why(tmp_path):
    made = clock.receive(tmp_path, "P", "access", date(2026, 9, 1), "dpo")
    with pytest.raises(UsageError, match="told why"):
        clock.act(tmp_path, made, "asked back", date(2026, 9, 2), "dpo")
    waiting = clock.act(tmp_path, made, "asked back", date(2026, 9, 2), "dpo", "which school?")
    assert waiting.due is None
    again = clock.act(tmp_path, made, "clarified", date(2026, 9, 9), "dpo")
    assert again.due == date(2026, 10, 8)
    with pytest.raises(UsageError):
        clock.act(tmp_path, made, "clarified", date(2026, 9, 9), "dpo")
    assert clock.act(tmp_path, made, "answered", date(2026, 9, 20), "dpo").state == "answered"


def test_an_answer_holds_every_row_who_looked_and_what_a_person_must_settle(place):
    """disclosure A12: subject access."""
    asked = asking.may(place, small.OWN, "subject_access", actor="demo-officer")
    found = access.access(place, asked.person)
    values = {v for row in found.rows for _, v in row.fields}
    assert small.NAME in values and "12/01/2016" in values and "Obadiah" not in values
    assert [x.who for x in found.looks if x.what == "your record"] == ["demo-officer"]
    assert (
        asking.may(place, "upn:a1234 56789012", "subject_access", actor="demo-officer").person
        == small.OWN
    )


@pytest.mark.parametrize("reader", ["adult", "thirteen", "eight"])
def test_a_letter_is_in_the_words_of_its_reader(place, reader):
    """disclosure A12: versions for a child of 8 and of 13."""
    letter = letters.letter(access.access(place, small.OWN), reader, "Council")
    text = letter.text()
    assert (small.NAME in text) == (reader == "adult")
    limit = {"adult": 30, "thirteen": 25, "eight": 16}[reader]
    sentences = [
        s for line in text.splitlines() for s in line.strip("- ").split(". ") if "|" not in s
    ]
    assert max(len(s.split()) for s in sentences) <= limit


def test_the_unknown_and_the_restricted_are_refused_in_the_same_words(place):
    """disclosure A8"""
    told = set()
    for who in (small.OTHER, small.UNKNOWN, "upn:B123456789012", "upn:nothing"):
        with pytest.raises(NotPermitted) as refusal:
            asking.may(place, who, "subject_access", actor="demo-officer")
        told.add(str(refusal.value))
    assert len(told) == 1


def test_a_named_officer_may_answer_a_restricted_child(place):
    (place.path / "access.yaml").write_text(
        "id: p\nlabel: P\nsource: S\npeople:\n"
        f"  - {{id: eve, roles: [data_protection_officer], training_until: 2099-01-01, named_for: [{small.OTHER}]}}\n"
    )
    assert asking.may(place, small.OTHER, "subject_access", actor="eve").person == small.OTHER


def test_erasing_needs_two_people_with_the_role(place):
    """disclosure A12, A13"""
    with pytest.raises(NotPermitted):
        asking.may(place, small.OWN, "erase", actor="demo-officer")
    with pytest.raises(UsageError, match="somebody else"):
        asking.may(place, small.OWN, "erase", actor="demo-officer", second="demo-officer")
    with pytest.raises(NotPermitted, match="does not hold the role"):
        asking.may(place, small.OWN, "erase", actor="demo-officer", second="demo-analyst")
    assert asking.may(
        place, small.OWN, "erase", actor="demo-officer", second="demo-governance"
    ).policies == ("erase",)


def test_a_hold_blocks_an_erasure_and_says_so(place):
    """disclosure A12: holds of courts and inquiries."""
    holds.hold(place.path, small.OWN, "court", "case 7", "dpo", date(2099, 1, 31))
    with pytest.raises(
        NotPermitted, match=r"hold \(court\) stands until 31 January 2099"
    ) as refusal:
        holds.check_no_hold(place.path, small.OWN)
    assert "case 7" not in str(refusal.value)
    holds.check_no_hold(place.path, small.OTHER)


def test_a_correction_lies_over_the_row_and_the_file_stays(place):
    """disclosure A12: correction, sealed, with its typed companion, and only of the person's own rows."""
    frame = pl.DataFrame(
        {
            "dob": ["12/01/2016", "03/05/2014"],
            "dob__date": [date(2016, 1, 12), date(2014, 5, 3)],
            "_row": [0, 1],
        }
    )
    wanted = correct.Correction(
        person=small.OWN,
        delivery="eh",
        table="early_help",
        row=0,
        column="dob",
        value="12/02/2016",
        reason="birth certificate",
    )
    correct.correct(place, wanted, "dpo")
    after = correct.overlaid(place, "eh", {"sources.eh.early_help": frame})["sources.eh.early_help"]
    assert after["dob"].to_list() == ["12/02/2016", "03/05/2014"]
    assert after["dob__date"].to_list() == [date(2016, 2, 12), date(2014, 5, 3)]
    assert b"12/02/2016" not in (place.path / "state.sqlite").read_bytes()
    for wrong in ({"row": 1}, {"column": "surname"}, {"reason": " "}):
        with pytest.raises(UsageError):
            correct.correct(place, correct.Correction(**{**wanted.__dict__, **wrong}), "dpo")


def test_an_objection_is_at_the_gate_and_makes_its_steps_stale(place):
    """disclosure A12: objection carried downstream."""
    steps = [
        Step(name="need.x", function=len, writes=("need.x",), purpose="needs_assessment"),
        Step(name="need.y", function=len, writes=("need.y",), purpose="evaluation"),
        Step(
            name="sources.eh",
            function=len,
            writes=("sources.eh.*",),
            side="identity",
            params={"delivery": "eh"},
        ),
    ]
    assert overlaid(steps, place) == steps
    preferences.record(
        place.path,
        Preference(
            person=small.OWN,
            purpose="needs_assessment",
            kind="objection",
            whose="parent",
            from_day=date(2026, 1, 1),
        ),
        "dpo",
    )
    stale = overlaid(steps, place)
    assert "people_left_out" in stale[0].params and stale[1:] == steps[1:]
    assert gate("needs_assessment", ("record.measure",), workspace=place).excluded == {small.OWN}
    assert gate("evaluation", ("record.measure",), workspace=place).excluded == frozenset()


@pytest.mark.parametrize(
    ("said", "out"),
    [
        ([("parent", "opt_out", False)], True),
        ([("child", "objection", True), ("parent", "consent", False)], True),
        ([("child", "consent", True), ("parent", "opt_out", False)], False),
        ([("child", "consent", False), ("parent", "opt_out", False)], True),
        ([("parent", "opt_out", False), ("parent", "consent", False)], False),
        ([("parent", "consent", False), ("parent", "withdrawal", False)], True),
    ],
)
def test_the_childs_own_word_and_the_parents_are_apart(tmp_path, said, out):
    for whose, kind, competent in said:
        preferences.record(tmp_path, Preference(
            person="P", purpose="evaluation", kind=kind, whose=whose, from_day=date(2026, 1, 1),
            judgement="seen by a worker", competent=competent,
        ), "dpo")  # fmt: skip
    assert (preferences.excluded(tmp_path, "evaluation") == {"P"}) is out


def test_an_objection_to_safety_goes_to_a_person(tmp_path):
    with pytest.raises(UsageError, match="does not act by itself"):
        preferences.record(
            tmp_path,
            Preference(
                person="P",
                purpose="safeguarding",
                kind="objection",
                whose="parent",
                from_day=date(2026, 1, 1),
            ),
            "dpo",
        )


CSV = b'id,name,note\r\n1,Ann,"two\nlines"\r\n2,Bo,x\r\n3,Cy,"a ""b"""\r\n'


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ({2}, b'id,name,note\r\n2,Bo,x\r\n3,Cy,"a ""b"""\r\n'),
        ({4, 5}, b'id,name,note\r\n1,Ann,"two\nlines"\r\n'),
    ],
)
def test_a_file_is_written_anew_without_a_persons_records_and_otherwise_byte_for_byte(lines, left):
    """disclosure A12: erasure from raw, CSV."""
    assert raw_files.without_lines(CSV, lines) == left


def test_an_xml_return_loses_the_child_and_nothing_else():
    """disclosure A12: erasure from raw, XML."""
    child = "  <Child>\n    <ChildIdentifiers><LAchildID>{}</LAchildID></ChildIdentifiers>\n  </Child>\n"
    whole = "<Message><Children>\n" + child.format(1) + child.format(12) + "</Children></Message>"
    left = raw_files.without_record(whole.encode(), source("cin-census"), {"1"})
    assert left == ("<Message><Children>\n" + child.format(12) + "</Children></Message>").encode()
    with pytest.raises(ThreeCirclesError):
        raw_files.without_record(whole.encode(), source("cin-census"), {"2"})


def test_a_file_that_was_written_anew_may_not_come_back(place, tmp_path):
    """disclosure A12: tombstones."""
    received = tmp_path / "eh.csv"
    received.write_bytes(CSV)
    before, after = raw_files.rewrite(place, received, source("early-help"), lines={2}, keys={"1"})
    assert (
        before == hashlib.sha256(CSV).hexdigest()
        and not (place.path / "identity" / "raw" / before).exists()
    )
    assert place.read_raw(after) == received.read_bytes()
    received.write_bytes(CSV)
    step = Step(
        name="sources.eh",
        function=lambda place, delivery: {},
        writes=("sources.eh.*",),
        files=(received,),
        side="identity",
        params={"delivery": "eh"},
    )
    with pytest.raises(NotPermitted, match="came back"):
        overlaid([step], place)[0].function(None, "eh", place)
    with pytest.raises(ThreeCirclesError, match="not written anew"):
        raw_files.rewrite(
            place, tmp_path / "x.xlsx", source("early-help"), lines={2}, keys=set()
        ) if (tmp_path / "x.xlsx").write_bytes(b"PK") else None


def test_numbers_that_change_are_listed_without_their_values():
    """disclosure A12"""
    frame = pl.DataFrame(
        {"ward": ["w1", "w2"], "measure": ["n", "n"], "value": [5.0, 7.0], "n": [5, 7]}
    )
    other = frame.with_columns(value=pl.Series([5.0, 6.0]), n=pl.Series([5, 6]))
    moved = changed.changed({"need.x": ("X", frame)}, {"need.x": ("X", other)})
    assert [(m.table, m.cell, m.figures) for m in moved] == [
        ("need.x", "ward w2, measure n", ("value", "n"))
    ]


def test_fractions_added_up_in_another_order_are_no_change():
    """An engine with several threads adds in no fixed order; a child in a million is a change."""
    sums = (0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1, 0.6 + 1e-6)
    one, again, other = (pl.DataFrame({"ward": ["w1"], "value": [v], "low": [0.0]}) for v in sums)
    assert sums[0] != sums[1]
    assert changed.changed({"need.x": ("X", one)}, {"need.x": ("X", again)}) == []
    (moved,) = changed.changed({"need.x": ("X", one)}, {"need.x": ("X", other)})
    assert moved.figures == ("value",)


def test_every_delivery_has_a_day_until_which_it_is_kept(tmp_path):
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "place.yaml").write_text(
        "id: p\nlabel: P\nla_code: E1\nyear: 2026\ndeliveries:\n"
        '  - {id: a, source: survey-holder, files: ["a.csv"], received_on: 2020-04-10, as_of: 2020-03-31}\n'
    )
    (only,) = kept_until(load_place(tmp_path), date(2026, 1, 1))
    assert only.kept_until == date(2021, 3, 31) and only.over and only.basis


def test_a_request_told_twice_is_one_and_its_clock_starts_once(tmp_path):
    "Whoever runs the answer again, for a child's letter or with settled entries, starts no second clock."
    first = clock.receive(tmp_path, "P", "access", date(2026, 9, 1), "dpo")
    assert clock.receive(tmp_path, "P", "access", date(2026, 9, 1), "dpo") == first
    assert clock.receive(tmp_path, "P", "access", date(2026, 9, 2), "dpo") != first
    clock.act(tmp_path, first, "answered", date(2026, 9, 3), "dpo")
    assert clock.receive(tmp_path, "P", "access", date(2026, 9, 1), "dpo") != first


def test_who_looked_at_one_child_is_found_by_the_bare_number(place):
    """disclosure A14: on the command line as on the page, whichever door wrote the line."""
    asking.may(place, small.OWN, "subject_access", actor="demo-officer")
    assert [x.actor for x in who_looked.looks(place.path, person=small.OWN)] == ["demo-officer"]
    assert who_looked.looks(place.path, person=small.OWN[:-1]) == []


def test_a_childs_letter_says_nothing_twice(place):
    "Three sources in the same words are one sentence."
    told = access.access(place, small.OWN)
    rows = tuple(
        access.Told(**{**told.rows[0].__dict__, "source": s}) for s in ("camhs", "annex-a")
    )
    again = access.Access(**{**told.__dict__, "rows": rows})
    for reader in ("eight", "thirteen"):
        text = letters.letter(again, reader, "Council").text()
        assert text.count(letters.words_for("camhs", reader)) == 1
