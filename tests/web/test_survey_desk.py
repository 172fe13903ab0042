"""The coordinator's page and the doors of the form, without a browser (survey A16)."""

import json

from tests.survey.made_up import open_study
from tests.web.conftest import serving

from threecircles.web import create_app


def test_the_coordinator_sees_counts_and_what_is_late_and_can_extend_once(tmp_path):
    from threecircles.core.workspace import create

    create(tmp_path, label="Made-up", fictitious=True)
    _, store, rows = open_study(tmp_path, schools=2)
    with serving(create_app(tmp_path)) as reader:
        told = reader.get("/surveys/autumn")
        assert (
            told.status_code == 200 and "School 0" in told.text and "0 of 112 pupils" in told.text
        )
        assert not [r["code"] for r in rows if r["code"] in told.text], (
            "codes are keys: the page shows none"
        )
        listed = reader.get("/surveys")
        assert listed.status_code == 200 and "wave 1" in listed.text and "Open." in listed.text
        refused = reader.post(
            "/surveys/autumn", {"urn": "100001", "status": "agreed", "token": "wrong"}
        )
        assert refused.status_code == 403
        started = reader.get("/survey/")
        assert started.status_code == 200 and "class code" in started.text
    assert (
        store.run("SELECT status FROM school_window WHERE urn='100001'")[0]["status"]
        == "codes_issued"
    )


def test_a_batch_that_cannot_be_read_or_is_too_large_changes_nothing(tmp_path):
    from threecircles.web.survey import survey_app

    _, store, rows = open_study(tmp_path, schools=1)
    session = store.open_session(rows[0]["code"], "pupils_9_11", ("emo1", "emo2"), "en", "standard")

    def send(reader, body):
        head = {"Content-Type": "application/json"}
        return reader.send(
            "POST",
            "/survey/batch",
            head,
            body if isinstance(body, bytes) else json.dumps(body).encode(),
        )

    item = {"item": "emo1", "value": "3", "missing_reason": None}
    with serving(survey_app(tmp_path, ("127.0.0.1",))) as reader:
        good = {"session_uuid": session.token, "seq": 1, "items": [item]}
        assert send(reader, b"{").status_code == 400
        assert send(reader, good | {"items": [{"item": "fam3", "value": "1"}]}).status_code == 400
        assert send(reader, good | {"items": [item | {"value": "x" * 9000}]}).status_code == 413
        assert send(reader, good | {"session_uuid": "nobody"}).status_code == 410
        assert json.loads(send(reader, good).text) == {"through": 1, "next": 2}
        assert json.loads(send(reader, good).text) == {"through": 1, "next": 2}
        taken = send(reader, good | {"items": [item | {"value": "5"}]})
        assert taken.status_code == 409 and json.loads(taken.text) == {"next": 2}
        elsewhere = reader.send(
            "POST", "/survey/batch", {"Sec-Fetch-Site": "cross-site"}, json.dumps(good).encode()
        )
        assert elsewhere.status_code == 403
        done = reader.send(
            "POST", "/survey/finish", {}, json.dumps({"session_uuid": session.token}).encode()
        )
        assert done.status_code == 200
        assert send(reader, good | {"seq": 2}).status_code == 410
    assert store.answers(session.key) == {"emo1": "3"}
