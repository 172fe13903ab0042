"""Every command, page and step stands inside the ethics gate or says why not; those inside are tried."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from threecircles import pipeline, synthetic
from threecircles.cli import commands
from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted
from threecircles.definitions.place import load_place
from threecircles.disclosure import audit, studies
from threecircles.disclosure.applications import SAFES
from threecircles.disclosure.gates import gate
from threecircles.disclosure.purposes import forbidden
from threecircles.survey.study import check_may_open, load_study, new_study
from threecircles.web.routes import all_routes


def part_of(app, command):
    "The program with the one group of a command: the whole of it takes seconds to set up."
    first, made = command.split()[0], typer.Typer()
    made.registered_groups = [g for g in app.registered_groups if g.name == first]
    made.registered_commands = [
        c for c in app.registered_commands if (c.name or c.callback.__name__) == first
    ]
    made.callback()(lambda: None)
    return made


def all_commands(app, before=""):
    for item in app.registered_commands:
        yield f"{before}{item.name or item.callback.__name__.replace('_', '-')}"
    for group in app.registered_groups:
        yield from all_commands(group.typer_instance, f"{before}{group.name} ")


@pytest.fixture(scope="module")
def app():
    made = typer.Typer()
    commands.register(made)
    return made


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hamlet")
    synthetic.make("hamlet", folder, seed=1)
    return folder


def named(table, app, place):
    "Every command, route or step there is."
    if table == "commands":
        return sorted(all_commands(app))
    if table == "routes":
        return sorted({r.path for r in all_routes()} | {"/"})
    return sorted({s.name for s in pipeline.steps(load_place(place))})


@pytest.mark.parametrize("table", ["commands", "routes", "steps"])
def test_everything_is_a_study_or_says_why_it_is_none(table, app, place):
    """disclosure A17: a new command, page or step on neither list fails, and so does one on both."""
    for name in named(table, app, place):
        kind, reasons = studies.kind_of(name, table), studies.outside_for(name, table)
        assert bool(kind) != bool(reasons), (name, kind, reasons)
        assert len(reasons) <= 1 and all(len(r) > 30 for r in reasons), name


FILES = {
    "x.csv": "early,later\n1,1\n",
    "plan.yaml": """id: s1
label: L
source: S
version: 1
question: Did the club help?
service: club
eligible: pupils of 9 to 16
unit: school
design: did_area
assignment: {how: schools asked, by: the head of service}
comparison: schools that never had a club
outcome_primary: {measure: feelings, role: outcome, higher_is: worse}
starts: [{unit: s0, on: 2025-09-01}]
places: 8
""",
    "spec.yaml": yaml.safe_dump({
        "id": "s1", "label": "A", "source": "t", "project": "s1", "ethics_id": "e1", "agreement": "a1", "keep_until": "2099-01-01",
        "people": ["A"], "five_safes": dict.fromkeys(SAFES, "said"), "ruled_out": list(forbidden()),
        "columns": [{"name": "person", "treat": "key"}, {"name": "area", "quasi": True}],
    }),
}  # fmt: skip

TRIED = {
    "survey open": "s1", "survey serve": "s1", "survey close": "s1", "survey score": "s1", "survey weight": "s1",
    "survey census": "s1 --place PLACE", "survey hand-over": "s1 --out out",
    "survey codes": "s1 --schools x.csv --classes x.csv --out out", "survey report": "s1 --out out",
    "needs-audit plan": "x.csv --study s1 --out out", "needs-audit agree": "x.csv --study s1",
    "needs-audit form": "--study s1 --out out", "needs-audit code": "--study s1 --bring x.csv --coder a",
    "needs-audit tables": "--study s1 --out out", "needs-audit cards": "--study s1 --out out",
    "needs-audit board": "--study s1 --table t", "needs-audit groups": "--study s1 --out out",
    "need effect estimate": "plan.yaml --rows x.csv", "need follow": "x.csv --study s1",
    "extract build": "x.csv --spec spec.yaml --out out --second gil", "extract seal": "x.csv --spec spec.yaml --to age1 --out out --second gil",
    "extract run": "x.py x.csv --spec spec.yaml --author z --out out --second gil",
    "run": "PLACE", "record build": "PLACE",
}  # fmt: skip
"""Every command of a kind of study, with the words that would run it."""


@pytest.fixture(scope="module")
def real(tmp_path_factory, place):
    "A real place with files, whose workspace holds a study that nobody's committee has seen."
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREECIRCLES_KEYS", str(folder / "keys"))
        made = workspaces.create(folder / "w", fictitious=False).path
        new_study(made, "s1", "census", "S", date(2026, 9, 1), "anonymous")
        for name, text in FILES.items():
            (made / name).write_text(text)
        told = (place / "place.yaml").read_text()
        own = folder / "place"
        own.mkdir()
        for name in ("received", "reference"):
            (own / name).symlink_to(place / name)
        (own / "place.yaml").write_text(re.sub(r"(?m)^fictitious: true", "fictitious: false", told))
        yield made, own


def test_every_command_of_a_study_is_tried(app):
    """disclosure A17: a new one without a line in TRIED fails."""
    assert sorted(TRIED) == [c for c in sorted(all_commands(app)) if studies.kind_of(c, "commands")]


@pytest.mark.parametrize("command", sorted(TRIED))
def test_no_command_of_a_study_runs_without_its_ethics_record(command, app, real, monkeypatch):
    """disclosure A17: on a real place it is refused with the missing part, is written down, and writes nothing."""
    from threecircles.cli import acting

    workspace, own = real
    monkeypatch.chdir(workspace)
    monkeypatch.setattr(acting, "second_person", lambda folder, name: name)
    before = len(list(audit.lines(workspace)))
    words = [*command.split(), *TRIED[command].replace("PLACE", str(own)).split()]
    answer = CliRunner().invoke(part_of(app, command), [*words, "--workspace", str(workspace)])
    refusal = answer.exception
    assert isinstance(refusal, NotPermitted), (answer.output, refusal)
    assert "no ethics record" in str(refusal) or "no agreement in force" in str(refusal)
    assert "ethics" in str(refusal) or command in ("run", "record build")
    assert [x["decision"] for x in list(audit.lines(workspace))[before:]][-1] == "deny"
    assert not (workspace / "out").exists()


STEPS_OF_STUDIES = {
    "survey": "survey.estimate", "service_form": "survey.service-forms", "needs_audit": "need.audit", "voice": "voice.code",
    "effect": "need.effect-x", "follow": "need.follow-x",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(set(studies.kinds()) - {"link", "research"}))
def test_no_step_of_a_study_gets_a_grant_without_its_record(tmp_path, kind):
    """disclosure A17: every kind of study, at the runner's gate."""
    step = STEPS_OF_STUDIES[kind]
    assert studies.kind_of(step, "steps")
    with pytest.raises(NotPermitted, match="no ethics record"):
        gate(studies.kinds()[kind].purpose, ("record.measure",), workspace=tmp_path, step=step)


def test_a_survey_opens_with_a_grant_that_carries_its_record_only(real):
    """disclosure A17: pages of a survey answer for studies that were opened; opening asks for the id."""
    workspace, _ = real
    with pytest.raises(NotPermitted):
        check_may_open(load_study(workspace, "s1"), None, workspace, workspace)
    assert [p for p in (workspace / "surveys").rglob("*") if "open" in p.name] == []
    assert Path(workspace / "surveys" / "s1" / "study.yaml").exists()
