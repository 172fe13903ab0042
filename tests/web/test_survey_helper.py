"""The page of the worker who helps: goals and the short scale, and nothing of how it is to come here (survey A27)."""

import shutil

import polars as pl
import pytest
from starlette.testclient import TestClient
from tests.survey.made_up import write_record
from tests.web.conftest import serving

from threecircles.core.workspace import create
from threecircles.survey.field import add_classes, add_schools, pupil_codes, store_of
from threecircles.survey.helper_page import person_mark
from threecircles.survey.opening import mark_open
from threecircles.survey.questionnaire import items, questionnaire
from threecircles.survey.service import EXPERIENCE
from threecircles.survey.study import asked, versions
from threecircles.web import create_app
from threecircles.web.survey import ROUTES, survey_app

SAID = ("Nobody listens to me here", "They are all kind to me")
GOAL = "Sleep through the night"


def service_study(folder):
    """An open service study with one class that asks the later form, and the codes of three people."""
    create(folder, label="Made-up", fictitious=True)
    study = write_record(
        folder, "help", kind="service", mode="identifiable", languages="en",
        questionnaires="service, service_later",
    )  # fmt: skip
    store = store_of(folder, study)
    add_schools(store, pl.DataFrame({"urn": ["700001"], "name": ["Harbour"]}), study)
    table = pl.DataFrame(
        {"urn": ["700001"], "class": ["After"], "nc_year": [9], "on_roll": [3], "questionnaire": ["service_later"]}
    )  # fmt: skip
    (row,) = add_classes(store, table, asked(study, folder))
    codes = pupil_codes(store, row["code"], 3)
    mark_open(folder, study, "MADE-UP-1", versions(study, folder))
    return study, store, row, codes


def answer(client, row, code, told):
    """Open a person's form with the class's and their own code and give the answers, as their device does."""
    sent = {"code": row["code"], "own": code, "consent": "yes", "language": "en", "mode": "standard"}  # fmt: skip
    begun = client.post("/survey/start", data=sent, follow_redirects=False)
    token = begun.cookies["tc_survey"]
    told = [{"item": k, "value": v, "missing_reason": None} for k, v in told.items()]
    kept = client.post("/survey/batch", json={"session_uuid": token, "seq": 1, "items": told})
    assert kept.json()["through"] == 1
    client.cookies.clear()
    return token


def experience(value, words):
    """Every answer on how it is to come here."""
    form = items(questionnaire("service_later"))
    own = {i.code: i.values[value] for i in form if i.measure in EXPERIENCE and i.values}
    return own | {"chg_words": words}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two workspaces alike but for what the people said of coming here; the helper's codes for them."""
    folders = [tmp_path_factory.mktemp(f"service{k}") / "w" for k in range(2)]
    study, store, row, codes = service_study(folders[0])
    seen = {"goal_1": GOAL, "goal_1_now": "7", "hta1": "3", "hta2": "0"}
    with TestClient(survey_app(folders[0], ("testserver",))) as client:
        tokens = [answer(client, row, c, seen) for c in codes[:2]]
    store.close()
    shutil.copytree(folders[0], folders[1])
    for k, folder in enumerate(folders):
        store = store_of(folder, study)
        for token in tokens:
            given = experience(-1 if k else 0, SAID[k]).items()
            told = [{"item": c, "value": v, "missing_reason": None} for c, v in given]
            store.save(token, 2, told)
        store.finish(tokens[0])
        store.close()
    return folders, study, row, codes


def every_response(app, study, row, codes, routes):
    """What each address gives to somebody who holds the service's sheet: both codes and every number."""
    told = {}
    with TestClient(app, follow_redirects=False) as client:
        for route in routes:
            path = route.path.replace("{study}", study.id).replace("{number:int}", "0")
            path = path.replace("{name}", "survey.css").replace("{language}", "en")
            path = path.replace("{key}", "item.hta1")
            for mark in (*(person_mark(study.id, c) for c in codes), "ZZZZZ"):
                for code in (row["adult_code"], row["code"], ""):
                    sent = {"code": code, "mark": mark, "own": mark, "session_uuid": mark, "go": "next"}  # fmt: skip
                    for method in sorted(route.methods - {"HEAD"}):
                        more = {"params": sent} if method == "GET" else {"data": sent}
                        got = client.request(method, path, **more)
                        told[path, mark, code, method] = (got.status_code, got.content)
                        client.cookies.clear()
    return told


def test_no_response_of_the_server_differs_by_what_was_said_of_coming_here(two):
    "A27: everything that the sheet's holder can call is the same, whatever the people answered."
    folders, study, row, codes = two
    first, second = (
        every_response(survey_app(f, ("testserver",)), study, row, codes, ROUTES) for f in folders
    )
    assert len(first) >= 200 and first.keys() == second.keys()
    assert [k for k in first if first[k] != second[k]] == []
    for words in (w.encode() for w in SAID):
        assert not [k for told in (first, second) for k, v in told.items() if words in v[1]]


def test_the_coordinators_pages_hold_no_answer_either(two):
    "A27: pages of the house, for a survey lead."
    folders, study, _, _ = two
    pages = []
    for folder in folders:
        with serving(create_app(folder)) as reader:
            told = [reader.get(p).text for p in ("/surveys", f"/surveys/{study.id}")]
        assert not [t for t in told for s in (*SAID, GOAL) if s in t] and "Harbour" in told[1]
        pages.append([line for t in told for line in t.split("\n") if "token" not in line])
    assert pages[0] == pages[1]


def test_the_helper_sees_goals_and_the_short_scale_of_the_person_asked_for(two):
    "A27: and of nobody else; a number of another study, or the child's own code, shows nothing."
    folders, study, row, codes = two
    with TestClient(survey_app(folders[0], ("testserver",))) as client:

        def ask(mark, code=row["adult_code"]):
            return client.post("/survey/helper", data={"code": code, "mark": mark})

        done, open_, empty = (ask(person_mark(study.id, c)) for c in codes)
        assert GOAL in done.text and "<td>7</td>" in done.text and "finished on" in done.text
        assert "Most of the time" in done.text or "Often" in done.text
        assert GOAL in open_.text and "finished on" not in open_.text
        assert "Nothing has been answered yet." in empty.text
        for mark, code in (
            (person_mark("other", codes[0]), row["adult_code"]), (codes[0], row["adult_code"]),
            (person_mark(study.id, codes[0]), row["code"]), ("", ""),
        ):  # fmt: skip
            refused = ask(mark, code)
            assert refused.status_code == 400 and GOAL not in refused.text
        told = client.post("/survey/code", data={"code": row["code"], "own": codes[2]}).text
        assert "The worker who helps you can see your goals" in told


def test_a_school_study_has_no_such_page(tmp_path):
    from tests.survey.made_up import open_study

    _, store, rows = open_study(tmp_path, schools=1, mode="identifiable")
    (code,) = pupil_codes(store, rows[0]["code"], 1)
    with TestClient(survey_app(tmp_path, ("testserver",))) as client:
        told = client.post(
            "/survey/helper", data={"code": rows[0]["adult_code"], "mark": person_mark("autumn", code)}
        )  # fmt: skip
        assert told.status_code == 400
