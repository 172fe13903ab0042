"""The application in its two halves: released files for everybody, working pages for the permitted."""

import pytest

from threecircles.disclosure import audit
from threecircles.web import create_app


def test_released_pages_come_with_a_strict_policy_and_a_fingerprint(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = client.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_pages_hold_no_script_and_no_style_of_their_own(client):
    for path in ("/", "/need.html", "/check"):
        text = client.get(path).text
        assert "<script" not in text
        assert " style=" not in text
        assert "<style" not in text


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/data/../../secret.txt", "/need.html%00", "/.hidden", "/nowhere.html"],
)  # fmt: skip
def test_nothing_outside_the_release_is_served(client, path):
    """A19: unknown and dishonest addresses get a plain page with a reference."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert "canary" not in answer.text
    assert "Reference: " in answer.text


def test_an_over_long_address_is_refused(client):
    """A19"""
    assert client.get("/" + "a" * 3_000).status_code == 414


def test_another_host_name_is_refused(client):
    """A page elsewhere that renames itself cannot read the working pages."""
    client.host = "elsewhere.example"
    assert client.get("/check").status_code == 400


def test_a_host_beyond_this_machine_is_warned_of(released, caplog):
    create_app(released, hosts=("evidence.council.example",))
    assert "ask everybody to sign in" in caplog.text


def test_a_workspace_without_a_release_says_so(tmp_path, serve):
    answer = serve(create_app(tmp_path)).get("/")
    assert answer.status_code == 200
    assert "Nothing has been released yet" in answer.text


def test_a_fault_shows_no_trace_and_no_value(client, monkeypatch, caplog):
    """A19: the message of a fault may hold a value of somebody's row."""
    monkeypatch.setattr("threecircles.web.evidence.status.site_root", lambda folder: 1 / 0)
    answer = client.get("/status")
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert "division" not in caplog.text


def test_the_check_page_asks_first_and_writes_it_down(client, released):
    before = audit.verify(released).lines if (released / "audit.sqlite").exists() else 0
    answer = client.get("/check")
    assert answer.status_code == 200
    assert "written in the audit log" in answer.text
    assert audit.verify(released).lines == before + 1


def test_a_form_from_elsewhere_is_refused(client):
    form = {"token": "wrong", "return": "cin", "year": "2026"}
    answer = client.post("/check", form, [("files", "a.xml", b"<x/>")])
    assert answer.status_code == 403
    token = _token(client)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    form["token"] = token
    answer = client.post("/check", form, [("files", "a.xml", b"<x/>")], headers=elsewhere)
    assert answer.status_code == 403


def test_a_file_that_is_no_return_is_answered_in_words(client):
    form = {"token": _token(client), "return": "cin", "year": "2026"}
    answer = client.post("/check", form, [("files", "a.csv", b"x,y\n1,2\n")])
    assert answer.status_code == 200
    assert "Traceback" not in answer.text
    assert "a.csv" in answer.text


EPISODES = (
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
    "a1,01/05/2025,S,C2,N1,U4,PR1,02/06/2025,X1,MOVED,NR1 1AA,NR1 1AR,SC1\n"
    "b2,01/05/2025,S,C2,N1,U4,PR1,02/06/2025,X1,GONE,NR1 1AA,NR1 1AR,SC1\n"
)


@pytest.mark.parametrize("year", ["2023", "2026", "2027"])
def test_the_check_page_says_how_much_there_is_whose_it_is_and_what_of_each(client, year):
    """Every year with rules is offered; a place names the child and, where it differs, its own sentence."""
    form = {"token": _token(client), "return": "903", "year": year}
    answer = client.post("/check", form, [("files", "episodes.csv", EPISODES.encode())])
    assert answer.status_code == 200
    assert "places to look at (" in answer.text and "for 2 children." in answer.text
    assert "episodes.csv: 2 rows of Episodes read</li>" in answer.text
    assert "Child A1, Episodes, row 1: " in answer.text
    if year != "2023":
        assert (
            "row 2: REASON_PLACE_CHANGE. The reason for the placement change (GONE)" in answer.text
        )


def _token(client) -> str:
    text = client.get("/check").text
    return text.split('name="token" value="')[1].split('"')[0]
