"""The page of a recording team (report A22): its own work, its uses, and nothing of anybody else."""

import re
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient
from tests.browsing import fits, follow, new_page, tab_through, violations

from threecircles.core.engines import engine
from threecircles.core.run import Runner
from threecircles.core.steps import Step
from threecircles.core.workspace import open_workspace
from threecircles.disclosure import audit
from threecircles.need.teams import STEP, TABLE, recording_teams
from threecircles.web import create_app
from threecircles.web.security import sessions


def _load(name):
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


small, kit = _load("small_place"), _load("conftest")
TEAMS = list(recording_teams())
ACCESS = """
id: people
label: People of a test
source: test
people:
  - {id: worker, roles: [practitioner], teams: [social-work], training_until: 2099-12-31}
  - {id: manager, roles: [practitioner], teams: [social-work, early-help], training_until: 2099-12-31}
  - {id: counter, roles: [analyst], training_until: 2099-12-31}
"""


def _counts():
    """Every team has a number of its own (1000 and its place), so that another team's would be seen."""
    rows = [(t, "open", "cin", "", 1000 + k) for k, t in enumerate(TEAMS)]
    rows += [
        ("social-work", "clock", "assessment", "overdue", 3),
        ("social-work", "clock", "icpc", "met", 5),
    ]
    return {TABLE: pl.DataFrame(rows, schema=["team", "part", "item", "state", "n"], orient="row")}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("team")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREECIRCLES_KEYS", str(folder / "keys"))
        ward = small._ward
        sources = ("early-help",)
        patch.setattr(
            small,
            "_ward",
            lambda: [replace(t, spec=replace(t.spec, sources=sources)) for t in ward()],
        )
        made = small.make(folder / "w")
        step = Step(name=STEP, function=_counts, writes=(TABLE,))
        Runner(open_workspace(made), [step], engine("polars"), {}, say=lambda text: None).run()
        data = made / "release" / "site" / "data"
        data.mkdir(parents=True)
        (data / "services-ward.csv").write_text("x")
        yield made


def client(place, name):
    asking = TestClient(create_app(place), client=("127.0.0.1", 50000), follow_redirects=False)
    asking.post("/sign-in/development", data={"name": name, "next": "/account"})
    return asking


def signed(place, name, role="practitioner"):
    """Somebody of an access file, signed in with a password and a second factor."""
    asking = TestClient(create_app(place), client=("127.0.0.1", 50000), follow_redirects=False)
    asking.cookies.set("tc", sessions.begin(place, name, "local", (role,), mfa=True))
    return asking


def test_every_recording_team_of_the_demonstration_has_a_page(place):
    """report A22: with at least one use, or who to ask; and no other team's number."""
    asking = client(place, "demo-practitioner")
    for k, team in enumerate(TEAMS):
        answer = asking.get(f"/team?team={team}")
        assert answer.status_code == 200, team
        numbers = set(re.findall(r"\b1,0\d\d\b", answer.text))
        assert numbers == {f"{1000 + k:,}"}, team
        assert "What your recording was used for" in answer.text
        assert "services-ward" in answer.text or "Nothing yet. Ask" in answer.text


def test_a_source_of_the_team_is_shown_where_it_was_used(place):
    """report A22: at least one use of its own data."""
    text = client(place, "demo-practitioner").get("/team?team=early-help").text
    assert "/lineage/services-ward.html" in text
    assert (
        "services-ward" not in client(place, "demo-practitioner").get("/team?team=social-work").text
    )


def test_small_groups_are_not_counted_out(place):
    """report A22, section 5: groups under the threshold say so."""
    text = client(place, "demo-practitioner").get("/team?team=social-work").text
    assert "5 or fewer" in text and "<td>3</td>" not in text and "<td>5</td>" not in text


def test_no_answer_names_a_child_or_a_worker(place):
    """report A22: no response of /team holds an id of a person, whoever asks and for whatever team."""
    for name in ("demo-practitioner", "demo-analyst", "demo-administrator"):
        asking = client(place, name)
        for path in ("/team", *(f"/team?team={t}" for t in (*TEAMS, "nobody"))):
            text = asking.get(path).text
            assert small.OWN not in text and small.OTHER not in text and small.NAME not in text


def test_another_teams_page_is_refused_and_written_down(tmp_path, monkeypatch):
    """report A22: 403 and an audit line without the permission; a manager sees the teams managed."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    made = small.make(tmp_path / "w")
    (made / "access.yaml").write_text(ACCESS, encoding="utf-8")
    before = len(audit.lines(made))
    worker = signed(made, "worker")
    assert worker.get("/team").status_code == 200
    assert worker.get("/team?team=early-help").status_code == 403
    assert signed(made, "manager").get("/team?team=early-help").status_code == 200
    assert signed(made, "counter", "analyst").get("/team").status_code == 403
    assert len(audit.lines(made)) >= before + 4


@pytest.mark.browser
def test_the_page_has_no_violation_reflows_and_works_by_tab(browser, place):
    """report A22 with A1 to A3: axe 0 at 1280 and 320 pixels, no sideways scroll, every stop with a seen focus."""
    with kit.serving(create_app(place)) as reader:
        page = new_page(browser)
        page.goto(f"{reader.address}/sign-in?next=/team")
        page.check("#part-demo-practitioner")
        follow(page, "text=Sign in as this part")
        for team in ("social-work", "early-help"):
            page.goto(f"{reader.address}/team?team={team}")
            for width in (1280, 320):
                page.set_viewport_size({"width": width, "height": 900})
                assert violations(page) == [], (team, width)
                assert fits(page), (team, width)
            wanted, reached = tab_through(page)
            assert len(reached) == wanted and all(seen for _, seen in reached), reached
        page.context.close()
