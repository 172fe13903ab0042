"""The questions people brought and what answers them (spec/catalogue.md 12)."""

import csv
import json
import re
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from threecircles.catalogue import demands, find
from threecircles.catalogue.demand import Demand
from threecircles.catalogue.show import answer_text, counts_text
from threecircles.cli import commands
from threecircles.core.errors import DefinitionError, UsageError
from threecircles.definitions import load_text
from threecircles.report.context import Context
from threecircles.report.pack import make_pack
from threecircles.report.questions import questions_page

EVERY = demands()
ANSWERS = [pytest.param(d, a, id=f"{d.id}-{a.room}-{n}") for d in EVERY for n, a in enumerate(d.met_by)]  # fmt: skip
CONTEXT = Context(place="Fictshire", la_code="E1", period="2025-26", made_on=date(2026, 4, 1))
SLUGS = {p.slug for p in make_pack([], CONTEXT).pages}
with (Path(__file__).parents[1] / "web" / "routes_reviewed.csv").open(encoding="utf-8") as file:
    PATHS = {row["path"] for row in csv.DictReader(file)}
SPECIFICATIONS = Path(__file__).parents[3] / "shared" / "spec"


@pytest.fixture(scope="module")
def app():
    made = typer.Typer()
    commands.register(made)
    return made


def leaves(command, name=""):
    below = getattr(command, "commands", None)
    if not below:
        return {name}
    return {x for n, c in below.items() for x in leaves(c, f"{name} {n}".strip())}


@pytest.fixture(scope="module")
def known(app):
    """Every command, and every group of commands as one."""
    found = leaves(typer.main.get_command(app))
    return found | {c.rpartition(" ")[0] for c in found if " " in c}


def test_fifty_eight_questions_are_shipped_and_each_says_what_answers_it():
    """catalogue A2 (they load), A17: met_by or a reason, never blank."""
    assert [d.id for d in EVERY] == [f"d{n:02d}" for n in range(1, 59)]
    for demand in EVERY:
        assert demand.label and demand.audience and demand.population and demand.grain
        assert demand.not_planned or all(a.room and a.acceptance for a in demand.met_by)


@pytest.mark.parametrize(("demand", "answer"), ANSWERS)
def test_every_command_exists_or_is_said_not_to_be_built(known, demand, answer):
    """catalogue A17: a command that the command list lacks."""
    if not answer.command:
        return
    if answer.not_built:
        assert answer.command not in known, (
            f"{demand.id}: `{answer.command}` is built now; say so in its file"
        )
    else:
        assert answer.command in known, f"{demand.id}: there is no `threecircles {answer.command}`"


@pytest.mark.parametrize(("demand", "answer"), ANSWERS)
def test_every_page_exists_or_is_said_not_to_be_built(demand, answer):
    """catalogue A17: the demand page links to a page that is there."""
    if answer.page and not answer.not_built:
        assert answer.page in (PATHS if answer.page.startswith("/") else SLUGS), demand.id


@pytest.mark.parametrize(("demand", "answer"), ANSWERS)
def test_every_acceptance_number_stands_in_its_specification(demand, answer):
    """catalogue A17: an acceptance number that its page lacks, where the pages are at hand."""
    path = SPECIFICATIONS / f"{answer.room}.md"
    if not path.exists():
        pytest.skip("the specification pages are not at hand")
    accepted = re.split(r"(?m)^#+.*[Aa]cceptance", path.read_text(encoding="utf-8"))[-1]
    missing = [a for a in answer.acceptance if not re.search(rf"\b{a}\b", accepted)]
    assert not missing, f"{demand.id}: {answer.room} has no {', '.join(missing)}"


BARE = "id: d99\nlabel: l\nsource: s\naudience: [a]\npopulation: p\ngrain: g\nlag_days: 1\n"


@pytest.mark.parametrize(
    "added",
    ["", "met_by: []\n", "met_by:\n  - {room: need, acceptance: [N1]}\n",
     "met_by:\n  - {room: need, command: need circles, acceptance: []}\n",
     "not_planned: dear\nmet_by:\n  - {room: need, command: need circles, acceptance: [N1]}\n"],
)  # fmt: skip
def test_a_blank_answer_is_refused(added):
    """catalogue A17: a test fails on an empty cell."""
    with pytest.raises((DefinitionError, ValueError)):
        load_text(BARE + added, Demand)


def test_what_is_not_planned_is_said_plainly():
    plain = load_text(BARE + "not_planned: nobody asked\n", Demand)
    assert plain.status == "not planned"
    assert "1 not planned" in counts_text([plain])


def test_questions_are_found_by_words_in_any_order_with_slips():
    assert [d.id for d in find("outcomes spending")] == ["d21"]
    assert "d49" in [d.id for d in find("Rural")]
    assert "d22" in [d.id for d in find("wards deprivatoin")]
    assert find("zebra crossing") == []
    with pytest.raises(UsageError, match="no word"):
        find("?!")


def test_the_treasurys_question_leads_to_the_panel():
    """funding A29: d21 of the catalogue links to the panel's page and command."""
    (d21,) = [d for d in EVERY if d.id == "d21"]
    (answer,) = d21.met_by
    assert (answer.command, answer.page) == ("spend panel", "spending-and-outcomes")
    assert answer_text(answer).startswith("`threecircles spend panel`")
    page = questions_page({"spending-and-outcomes"})
    assert any(slug == "spending-and-outcomes" and d21.label in text for text, slug in page.blocks[0].links)  # fmt: skip


def test_the_page_says_of_every_question_where_its_answer_is_or_that_there_is_none():
    """catalogue A17: the demand page links to the command or page."""
    page = questions_page({"need", "reach", "spend"})
    said = {term: text for b in page.blocks[1:] for term, text in b.entries}
    assert set(said) == {d.label for d in EVERY}
    for demand in EVERY:
        for answer in demand.met_by:
            words = "Not built yet" if answer.not_built else answer.command or f"page {answer.page}"
            assert words.lower() in said[demand.label].lower()
    assert {slug for _, slug in page.blocks[0].links} == {"need", "reach", "spend"}


def test_the_commands_find_and_list(app, tmp_path):
    run = CliRunner()
    out = tmp_path / "found.json"
    found = run.invoke(app, ["catalogue", "find", "rare", "services", "--json", str(out)])
    assert found.exit_code == 0 and "formula test" in found.output
    assert [d["id"] for d in json.loads(out.read_text())] == ["d16"]
    assert run.invoke(app, ["catalogue", "find", "zebra"]).exit_code == 1
    listed = run.invoke(app, ["catalogue", "demands", "--status", "not built yet"])
    assert "d51" in listed.output and "d16" not in listed.output and "58 questions" in listed.output
