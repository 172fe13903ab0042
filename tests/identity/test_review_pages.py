"""Doubtful pairs in the browser: what is seen, what is taken, and that two people see alike."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.browsing import new_page, violations
from tests.web.conftest import serving

from threecircles.core.workspace import open_workspace
from threecircles.disclosure import audit
from threecircles.identity.place import store
from threecircles.web import create_app

_spec = spec_from_file_location("review_place", Path(__file__).with_name("review_place.py"))
place = module_from_spec(_spec)
_spec.loader.exec_module(place)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    return place.make(tmp_path / "w", restricted="3")


def reader(folder, name):
    client = TestClient(create_app(folder), client=("127.0.0.1", 50000), follow_redirects=True)
    client.post("/sign-in/development", data={"name": name, "next": "/account"})
    return client


def hidden(text, name):
    return re.search(f'name="{name}" value="([^"]*)"', text)[1]


def settle(client, answer, reason=""):
    text = client.get("/links").text
    given = {
        "token": hidden(text, "token"),
        "code": hidden(text, "code"),
        "answer": answer,
        "reason": reason,
    }
    return text, client.post("/links", data=given, headers={"sec-fetch-site": "same-origin"})


def test_a_reviewer_settles_pairs_and_the_answers_outlive_the_run(folder):
    """identity 5, clerical review: answers are stored with author, day and expiry, and audited."""
    client = reader(folder, "demo-reviewer")
    first, answered = settle(client, "same", "same family")
    second, _ = settle(client, "different")
    assert answered.status_code == 200 and first != second
    kept = store.load(open_workspace(folder, "identity")).decisions
    assert [d.answer for d in kept] == ["same", "different"]
    assert {d.by for d in kept} == {"demo-reviewer"} and all(d.expires > d.at[:10] for d in kept)
    assert sum(line["action"] == "review_link" for line in _lines(folder)) >= 4


def _lines(folder):
    return [line if isinstance(line, dict) else vars(line) for line in audit.lines(folder)]


def test_only_a_reviewer_sees_a_pair(folder):
    for name in ("demo-analyst", "demo-practitioner", "demo-administrator"):
        assert reader(folder, name).get("/links").status_code == 403


def test_an_answer_that_is_none_is_refused_and_nothing_is_kept(folder):
    client = reader(folder, "demo-reviewer")
    _, answered = settle(client, "perhaps")
    assert answered.status_code == 400 and "Choose one of the four answers" in answered.text
    assert store.load(open_workspace(folder, "identity")).decisions == ()


def test_the_pair_page_shows_the_listed_fields_and_nothing_else_and_no_restricted_child(folder):
    """report A23, identity A13: no field beyond those listed; restricted children go to their officer only."""
    client = reader(folder, "demo-reviewer")
    seen = ""
    while 'name="code"' in (text := client.get("/links").text):
        headings = re.findall(r'<th scope="row">([^<]*)</th>', text)
        fields = headings[: headings.index("Family at this address")]
        assert fields == ["First name", "Surname", "Date of birth", "Sex", "Postcode"]
        seen += text
        settle(client, "cannot_tell")
    names = [n.lower() for n in place.NAMES]
    assert names[3] not in seen.lower().split() and f"<td>{names[3]}</td>" not in seen
    assert sum(f"<td>{n}</td>" in seen for n in names) >= 20


def test_each_record_stands_under_the_plain_name_of_its_source(folder):
    """identity 5: a reviewer reads the name of a source, not the id that files and definitions use."""
    text = reader(folder, "demo-reviewer").get("/links").text
    heads = re.findall(r'<th scope="col">([^<]*)</th>', text)[:3]
    assert heads[0] == "Field"
    assert set(heads[1:]) == {
        "School census, spring term", "Return of looked-after children (SSDA903)"
    }  # fmt: skip
    assert not {"school-census", "ssda903"} & set(re.findall(r"[\w-]+", text))


@pytest.mark.browser
def test_twenty_pairs_are_settled_with_the_keyboard_alone_and_axe_finds_nothing(folder, browser):
    """report A23, identity A13"""
    with serving(create_app(folder)) as client:
        page = new_page(browser)
        page.goto(f"{client.address}/sign-in?next=/links")
        page.check("#part-demo-reviewer")
        page.keyboard.press("Enter")
        code = _next_pair(page, "")
        assert violations(page) == []
        for _ in range(20):
            page.keyboard.press("Space")
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            code = _next_pair(page, code)
        page.context.close()
    assert [d.answer for d in store.load(open_workspace(folder, "identity")).decisions] == [
        "different"
    ] * 20


def _next_pair(page, before):
    """The code of the pair after `before`, once the page stands and its first answer has the keyboard."""
    page.wait_for_function(
        """before => document.activeElement?.id === 'answer-same'
           && document.querySelector('input[name=code]').value !== before""",
        arg=before,
    )
    return page.get_attribute("input[name=code]", "value")
