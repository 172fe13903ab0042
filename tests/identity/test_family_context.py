"""Family context: only with a purpose and an agreement of its own, and never across a line that was drawn."""

from __future__ import annotations

import inspect
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polars as pl
import pytest
from starlette.routing import Route

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.seeds import rng
from threecircles.core.workspace import open_workspace
from threecircles.disclosure import agreements, who_looked
from threecircles.disclosure.rights.access import looks
from threecircles.identity.place import family, signpost_tables
from threecircles.identity.place.signpost_tables import Found
from threecircles.identity.signposting import Involvement, Relation, card
from threecircles.web.routes import all_routes
from threecircles.web.work import signpost_look

_spec = spec_from_file_location("signpost_place", Path(__file__).with_name("signpost_place.py"))
shared = module_from_spec(_spec)
_spec.loader.exec_module(shared)
place, reader, ask = shared.place, shared.reader, shared.ask
OWN, NUMBERS = shared.OWN, shared.NUMBERS
DAY = date(2026, 4, 1)


def _town(families: int):
    """Tables of many families, and who may be shown on whose card with which mark."""
    draw = rng(8, "family context")
    relation, residence, household, said, truth, hidden = [], [], [], [], {}, set()
    for number in range(families):
        people = [f"{number}-{i}" for i in range(5)]
        size = int(draw.integers(2, 17))
        household.append({"household_id": f"h{number}", "n_children": size})
        hidden |= {p for p in people if draw.random() < 0.15}
        here = [bool(draw.random() < 0.8) for _ in people]
        for p, at_home in zip(people, here, strict=True):
            residence.append(
                {
                    "person_id": p,
                    "household_id": f"h{number}" if at_home else f"x{p}",
                    "kind": "home",
                    "valid_to": None,
                }
            )
        for i, one in enumerate(people[:4]):
            for j, other in enumerate(people[:4]):
                if i == j:
                    continue
                relation.append(
                    {
                        "person_id": one,
                        "other_person_id": other,
                        "kind": "sibling",
                        "basis": "inferred",
                        "valid_from": DAY,
                        "valid_to": None,
                    }
                )
                if size <= 12 and here[i] and here[j] and other not in hidden:
                    truth.setdefault(one, {})[other] = "inferred"
            ended = bool(draw.random() < 0.4)
            said.append(
                Relation(
                    person=one,
                    other=people[4],
                    role="a parent",
                    basis="stated",
                    since=DAY,
                    ended=ended,
                )
            )
            if not ended and people[4] not in hidden:
                truth.setdefault(one, {})[people[4]] = "stated"
        # A relative of a relative is nobody of the child's.
        said.append(
            Relation(
                person=people[4], other=f"far{number}", role="a sibling", basis="stated", since=DAY
            )
        )
    tables = dict.fromkeys(signpost_tables.READ)
    tables |= {
        "identity.relation": pl.DataFrame(relation, schema_overrides={"valid_to": pl.Date}),
        "identity.residence": pl.DataFrame(residence, schema_overrides={"valid_to": pl.Date}),
        "identity.household": pl.DataFrame(household),
    }  # fmt: skip
    return tables, said, truth, frozenset(hidden)


def test_in_a_thousand_families_only_those_are_shown_who_may_be_and_marked_as_they_are():
    """identity A15: no hidden, ended or distant relative by any path; marks equal truth; no domestic abuse."""
    tables, said, truth, hidden = _town(1_000)
    shown = 0
    for number in range(1_000):
        child = f"{number}-{number % 4}"
        found = Found(child, (), child in hidden, hidden)
        related = family.relations(tables, found, said)
        everybody = [f"{number}-{i}" for i in range(5)] + [f"far{number}"]
        work = [
            Involvement(person=p, service=s, contact="Team", last=None, covered_from=DAY, covered_to=DAY)
            for p in everybody for s in ("early-help", "domestic-abuse")
        ]  # fmt: skip
        made = card(child, work, DAY, hidden=hidden, relations=related, family_allowed=True)
        expected = {} if child in hidden else truth.get(child, {})
        assert {r.person: r.basis for r in made.family} == expected
        assert all(r.line.service == "early-help" for r in made.family)
        shown += len(made.family)
    assert shown > 500


def test_an_end_that_was_stated_stands_above_a_household_that_was_inferred():
    """identity A15: a relation that ended, or is under an order, is not shown though both live together."""
    row = {
        "person_id": ["a"],
        "other_person_id": ["b"],
        "kind": ["sibling"],
        "basis": ["inferred"],
        "valid_from": [DAY],
        "valid_to": [None],
    }
    homes = {
        "person_id": ["a", "b"],
        "household_id": ["h", "h"],
        "kind": ["home", "home"],
        "valid_to": [None, None],
    }
    tables = dict.fromkeys(signpost_tables.READ) | {
        "identity.relation": pl.DataFrame(row, schema_overrides={"valid_to": pl.Date}),
        "identity.residence": pl.DataFrame(homes, schema_overrides={"valid_to": pl.Date}),
        "identity.household": pl.DataFrame({"household_id": ["h"], "n_children": [2]}),
    }  # fmt: skip
    found = Found("a", (), False, frozenset())
    work = [Involvement(person="b", service="cin", contact="T", last=None, covered_from=DAY, covered_to=DAY)]  # fmt: skip
    assert len(card("a", work, DAY, relations=family.relations(tables, found, []), family_allowed=True).family) == 1  # fmt: skip
    ended = [Relation(person="a", other="b", role="a sibling", basis="stated", since=DAY, ended=True)]  # fmt: skip
    related = family.relations(tables, found, ended)
    assert card("a", work, DAY, relations=related, family_allowed=True).family == ()


def _stated(place, tmp_path):
    file = tmp_path / "relations.csv"
    file.write_text(
        "record,other,kind,since,ended,order\nschool|1,school|3,sibling,2020-01-01,,\nschool|1,school|2,sibling,2020-01-01,,\n"
    )
    opened = open_workspace(place, "identity")
    assert family.take_in(file, opened) == 2
    return opened


def _agree(monkeypatch, yes=True):
    real = agreements.covering
    monkeypatch.setattr(
        signpost_look.agreements,
        "covering",
        lambda folder, purpose, day, source="": (
            [object()]
            if yes and purpose == signpost_look.FAMILY and not source
            else real(folder, purpose, day, source)
        ),
    )


def test_the_second_part_needs_both_the_question_and_an_agreement_and_its_absence_tells_nothing(
    place, tmp_path, monkeypatch
):
    """identity A15: purpose without agreement, agreement without purpose, and the restricted sibling."""
    _stated(place, tmp_path)
    monkeypatch.setattr("threecircles.identity.signposting.may_search", lambda looks, now: "")
    client = reader(place)
    plain = ask(client, number=NUMBERS[OWN])
    without = ask(client, number=NUMBERS[OWN], family="yes")
    assert without.text == plain.text and "a sibling" not in plain.text
    _agree(monkeypatch)
    assert ask(client, number=NUMBERS[OWN]).text == plain.text
    both = ask(client, number=NUMBERS[OWN], family="yes").text
    assert both.count("a sibling") == 1, "the restricted sibling looks like none"
    assert "stated" in both and "cleo" not in both.lower()


def test_each_relative_shown_has_an_audit_line_of_its_own_name(place, tmp_path, monkeypatch):
    """identity A15: a relative's look is audited under the relative too; nobody hidden is named."""
    _stated(place, tmp_path)
    _agree(monkeypatch)
    assert "a sibling" in ask(reader(place), number=NUMBERS[OWN], family="yes").text
    away, sealed = (p for p in NUMBERS if p != OWN and p.startswith("C")), "BBBBBBBBBBBBBBBB"
    assert [x.actor for x in who_looked.looks(place, person=next(away))] == ["demo-practitioner"]
    assert who_looked.looks(place, person=sealed) == []
    told = looks(open_workspace(place, "identity"), next(p for p in NUMBERS if p.startswith("C")))
    assert [x.what for x in told] == ["your record"], "a relative reads of it in its own answer"


def test_a_stated_relation_of_an_unknown_kind_is_refused_with_its_row(place, tmp_path):
    file = tmp_path / "r.csv"
    file.write_text("record,other,kind,since\nschool|1,school|3,friend,2020-01-01\n")
    with pytest.raises(ThreeCirclesError, match=r"row 1, column kind"):
        family.take_in(file, open_workspace(place, "identity"))


def _commands():
    import typer

    from threecircles.cli import identity

    app = typer.Typer()
    identity.register(app)
    group = typer.main.get_command(app).commands["identity"]
    return group.commands


def test_every_card_is_for_one_child_and_no_page_command_or_function_lists_children():
    """identity A16: over the table of routes, the table of commands and the functions themselves."""
    paths = {r.path for r in all_routes() if isinstance(r, Route) and "signpost" in r.path}
    assert paths == {"/signpost", "/signpost/alerts"}
    asks = {n for n, c in _commands().items() if "works with" in (c.help or "").lower() or n == "signpost"}  # fmt: skip
    assert asks == {"signpost"}
    # None of the questions can be put without a child: there is no way to ask by service, count or score.
    wanted = {p.name for p in _commands()["signpost"].params}
    assert wanted == {"workspace", "purpose", *signpost_look.FIELDS, "family", "actor"}
    assert (
        not {"service", "services", "band", "score", "list", "out", "number_of_services"} & wanted
    )
    callers = [signpost_look.look, card]
    for function in callers:
        assert not {"services", "bands", "persons", "children"} & set(inspect.signature(function).parameters)  # fmt: skip
    assert inspect.signature(signpost_tables.find).return_annotation == "Found"
    assert Found.__dataclass_fields__["person"].type == "str | None"


def test_a_name_that_two_children_bear_finds_neither():
    """identity A16: a search ends at one child or at nobody; it never hands out a list."""
    both = pl.DataFrame({
        "source": ["s", "s"], "source_key": ["1", "2"], "first": ["ada", "ada"], "surname": ["cole", "cole"],
        "birth_date": [DAY, DAY], "postcode": ["EA1 1AA", "EA1 1AA"],
    })  # fmt: skip
    tables = dict.fromkeys(signpost_tables.READ) | {
        "identity.link_record": both,
        "identity.person_record": both.select("source", "source_key", person_id=pl.Series(["p", "q"])),
    }  # fmt: skip
    asked = {"first_name": "Ada", "surname": "Cole", "date_of_birth": "2026-04-01", "postcode": "EA1 1AA"}  # fmt: skip
    assert signpost_tables.find(tables, asked).person is None
