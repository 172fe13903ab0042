"""Answers are taken out when a pupil asks, and a helper sees no answer on how it is to come (survey section 3, A27)."""

from datetime import timedelta

import pytest
from tests.survey.made_up import TODAY, open_study
from tests.web.conftest import serving

from threecircles.core.errors import UsageError
from threecircles.core.workspace import create
from threecircles.survey.field import may_begin, pupil_codes
from threecircles.survey.questionnaire import items, questionnaire
from threecircles.survey.withdrawal import withdraw
from threecircles.web import create_app

FILLED = {"{study}": "autumn", "{number:int}": "1", "{name}": "x", "{language}": "en"}
"""What stands for the open parts of an address."""


def named_study(folder, **changes):
    """An identifiable study with two pupils who have answered; returns study, store, class code, codes."""
    study, store, rows = open_study(folder, schools=1, years=(5,), mode="identifiable", **changes)
    codes = pupil_codes(store, rows[0]["code"], 2)
    for own in codes:
        session = store.open_session(
            rows[0]["code"], "pupils_9_11", ("emo1",), "en", "standard", own
        )
        store.save(session.token, 1, [{"item": "emo1", "value": "4", "shown_ms": 900}])
        store.finish(session.token)
    return study, store, rows[0]["code"], codes


def test_a_pupil_who_asks_leaves_no_answer_and_the_code_never_opens_again(tmp_path):
    study, store, class_code, (gone, kept) = named_study(tmp_path)
    withdraw(store, study, gone.lower(), TODAY, "the coordinator")
    assert store.run("SELECT pupil_code FROM session") == [{"pupil_code": kept}]
    for table in ("answer", "paradata"):
        assert store.one(f"SELECT COUNT(*) AS n FROM {table}")["n"] == 1
    assert not may_begin(store, class_code, gone) and may_begin(store, class_code, kept)
    assert gone not in str(store.run("SELECT * FROM log"))


def test_linked_and_anonymous_answers_cannot_be_taken_out_and_it_is_said_why(tmp_path):
    study, store, _, (one, _) = named_study(tmp_path)
    with pytest.raises(UsageError, match="linked"):
        withdraw(store, study, one, study.last_day + timedelta(1), "x")
    with pytest.raises(UsageError, match="not known"):
        withdraw(store, study, "ABCDEFGH", TODAY, "x")
    other, anonymous, _ = open_study(tmp_path, study_id="other", schools=1)
    with pytest.raises(UsageError, match="anonymous"):
        withdraw(anonymous, other, one, TODAY, "x")


def test_the_coordinator_takes_answers_out_on_the_page(tmp_path):
    create(tmp_path, label="Made-up", fictitious=True)
    _, store, _, (gone, _) = named_study(tmp_path)
    with serving(create_app(tmp_path)) as reader:
        page = reader.get("/surveys/autumn").text
        token = page.partition('name="token" value="')[2].partition('"')[0]
        assert gone not in page and "Taking answers out" in page
        wrong = reader.post("/surveys/autumn", {"token": token, "take_out": "NOTACODE"})
        assert wrong.status_code == 400 and "not known" in wrong.text
        reader.post("/surveys/autumn", {"token": token, "take_out": gone})
    assert store.one("SELECT COUNT(*) AS n FROM session")["n"] == 1


def test_no_answer_of_the_server_holds_how_it_is_to_come_here(tmp_path):
    "A27: a finished form of a service; every page that can be got without its token."
    create(tmp_path, label="Made-up", fictitious=True)
    _, store, rows = open_study(
        tmp_path, schools=1, years=(8,), kind="service", mode="identifiable", questionnaires="service_later", languages="en"
    )  # fmt: skip
    (own,) = pupil_codes(store, rows[0]["code"], 1)
    asked = [i for i in items(questionnaire("service_later")) if i.measure or i.code == "chg_words"]
    session = store.open_session(
        rows[0]["code"], "service_later", [i.code for i in asked], "en", "standard", own
    )
    for seq, item in enumerate(asked, start=1):
        value = "CANARY words" if item.type == "text" else item.values[-1]
        store.save(session.token, seq, [{"item": item.code, "value": value}])
    store.finish(session.token)
    app, seen = create_app(tmp_path), 0
    with serving(app) as reader:
        for route in app.routes:
            path = getattr(route, "path", "")
            if "GET" not in (getattr(route, "methods", None) or ()):
                continue
            for name, value in FILLED.items():
                path = path.replace(name, value)
            told = reader.get(path)
            seen += told.status_code == 200
            assert "CANARY" not in told.text and own not in told.text, path
        assert seen >= 15
        begun = {"code": rows[0]["code"], "own": own, "language": "en"}
        again = reader.post("/survey/code", begun).text
        started = reader.post("/survey/start", begun | {"consent": "yes", "mode": "standard"}).text
        assert "CANARY" not in again + started and "checked" not in started
