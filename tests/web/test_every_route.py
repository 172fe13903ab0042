"""Every route against every role and child, and the attacks that every page must withstand.

The route table decides what is tried: a route without a line in routes_reviewed.csv fails.
"""

from __future__ import annotations

import csv
import logging
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from threecircles.core.errors import UsageError
from threecircles.core.workspace import open_workspace
from threecircles.disclosure import audit, desk
from threecircles.disclosure.people import demonstration
from threecircles.disclosure.rights import clock
from threecircles.web import create_app
from threecircles.web.entry import Entry
from threecircles.web.evidence.serve import Evidence
from threecircles.web.routes import EnteredMount, all_routes, check_entries
from threecircles.web.security import sessions

_spec = spec_from_file_location("small_place", Path(__file__).with_name("small_place.py"))
small = module_from_spec(_spec)
_spec.loader.exec_module(small)

with Path(__file__).with_name("routes_reviewed.csv").open(encoding="utf-8", newline="") as _file:
    REVIEWED = {row["path"]: row for row in csv.DictReader(_file)}
ROUTES = [
    *all_routes(),
    EnteredMount("/", Evidence(Path("release")), Entry(kind="public", why="released")),
]
PATHS = [getattr(r, "path", "") or "/" for r in ROUTES]
CHILDREN = {"own": small.OWN, "restricted": small.OTHER, "unknown": small.UNKNOWN}
TICKS = {"names": "yes", "attack": "yes", "words": "yes", "audience": "yes", "reach": "yes"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    "A made-up workspace with two children, one request of each, and a release that was asked for."
    folder = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREECIRCLES_KEYS", str(folder / "keys"))
        made = small.make(folder / "w")
        out = folder / "out"
        out.mkdir()
        (out / "index.html").write_text("<!DOCTYPE html><title>x</title>")
        desk.request(
            open_workspace(made), out, title="A table", audience="public", actor="demo-analyst"
        )
        for person in CHILDREN.values():
            clock.receive(made, person, "access", clock.date(2026, 4, 1), "demo-officer")
        yield made


@pytest.fixture(scope="module")
def app(place):
    return create_app(place)


class Part:
    "A named part of the made-up place, signed in."

    def __init__(self, app, place, name):
        self.client = TestClient(app, client=("127.0.0.1", 50000), follow_redirects=False)
        self.place = place
        if name:
            self.client.post("/sign-in/development", data={"name": name, "next": "/account"})

    def token(self):
        session = sessions.find(self.place, self.client.cookies.get("tc", ""))
        return sessions.form_secret(session) if session else ""

    def ask(self, path, method, child, **changes):
        "Ask for a route about a child, as its own pages would."
        requests = dict(zip(CHILDREN, ("R00001", "R00002", "R00003"), strict=True))
        release = desk.releases(open_workspace(self.place))[0].id
        filled = path.replace("{request}", requests[child]).replace("{release}", release)
        filled = filled.replace("{table}", "services-ward").replace("{name}", "none.css")
        form = {
            "token": self.token(), "person": CHILDREN[child], "kind": "access", "received": "2026-04-01",
            "action": "return" if "release" in path else "answered", "reason": "x", "table": "services-ward", "audience": "internal",
        } | changes  # fmt: skip
        if method == "GET":
            return self.client.get(filled, params={"person": CHILDREN[child]})
        return self.client.post(filled, data={k: v for k, v in form.items() if v is not None})


def methods(route):
    return [m for m in ("GET", "POST") if not isinstance(route, Route) or m in route.methods]


@pytest.fixture(scope="module")
def parts(app, place):
    return {name: Part(app, place, name) for name in ("", *demonstration(place))}


def test_every_route_has_been_reviewed():
    """disclosure A11, V8: a new route without an entry fails, and so does a line without its route."""
    assert sorted(PATHS) == sorted(REVIEWED)
    for route, path in zip(ROUTES, PATHS, strict=True):
        assert route.entry.kind == REVIEWED[path]["kind"], path
        assert route.entry.why or route.entry.kind != "public"
        assert route.entry.kind != "guarded" or (route.entry.action and route.entry.purpose)


def test_an_application_with_a_route_that_says_nothing_does_not_start():
    """disclosure A11, V8, V13"""
    with pytest.raises(UsageError, match="who may reach it"):
        check_entries([*ROUTES, Route("/new", lambda request: None)])


GUARDED = [
    (r, p, m)
    for r, p in zip(ROUTES, PATHS, strict=True)
    if r.entry.kind == "guarded"
    for m in methods(r)
]


@pytest.mark.parametrize(
    ("route", "path", "method"), GUARDED, ids=[f"{m} {p}" for _, p, m in GUARDED]
)
def test_every_role_and_child_get_what_was_reviewed(parts, place, route, path, method):
    """report A23, disclosure A11, V8 (IDOR), A8: every route x every role x own, restricted and unknown child.

    The refused see one answer whichever child they ask for.
    """
    allowed = set(REVIEWED[path]["roles"].split())
    for name, account in demonstration(place).items():
        told = set()
        about_a_child = route.entry.child or "{request}" in path
        for child in CHILDREN if about_a_child else ("own",):
            answer = parts[name].ask(path, method, child)
            if set(account.roles) & allowed:
                if child != "own" and path == "/release/{release}/act":
                    continue  # it was sent back by the first of these three
                hidden = child != "own" and path in ("/rights/take-in", "/rights/{request}/held")
                assert (answer.status_code == 403) == hidden, (name, child, answer.text[-600:])
                told.add(_plain(answer.text)) if hidden else None
            else:
                assert answer.status_code == 403, (name, child, answer.text[-600:])
                told.add(_plain(answer.text))
        assert len(told) <= 1, name


def _plain(text):
    text = re.sub(r"Reference: \w+", "", text)
    return re.sub("|".join(CHILDREN.values()), "ID", text)


WORKING = [
    (r, p, m)
    for r, p in zip(ROUTES, PATHS, strict=True)
    if r.entry.kind != "public"
    for m in methods(r)
]


@pytest.mark.parametrize(
    ("route", "path", "method"), WORKING, ids=[f"{m} {p}" for _, p, m in WORKING]
)
def test_a_real_place_answers_no_working_page_to_nobody(
    tmp_path, monkeypatch, place, route, path, method
):
    """disclosure A11, V8: without a session there is no page, and no line that somebody looked."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    small.workspaces.create(tmp_path / "w", fictitious=False)
    (tmp_path / "w" / "access.yaml").write_text(
        "id: p\nlabel: P\nsource: S\npeople: [{id: a, roles: [analyst]}]\n"
    )
    client = TestClient(create_app(tmp_path / "w"), client=("127.0.0.1", 1), follow_redirects=False)
    answer = client.request(method, re.sub(r"\{\w+\}", "x", path))
    assert answer.status_code == (303 if method == "GET" else 403)
    assert audit.lines(tmp_path / "w") == []


POSTS = [(r, p) for r, p, m in WORKING if m == "POST"]


@pytest.mark.parametrize(("route", "path"), POSTS, ids=[p for _, p in POSTS])
@pytest.mark.parametrize(
    "attack", ["no token", "another's token", "another origin", "another site", "null origin"]
)
def test_a_form_counts_only_from_a_page_of_the_same_session(parts, route, path, attack):
    """disclosure A11, V3: CSRF token, Origin, Sec-Fetch-Site; refused before anything is decided."""
    roles = REVIEWED[path]["roles"].split() or ["data_protection_officer"]
    part = next(
        p for n, p in parts.items() if n and set(demonstration(p.place)[n].roles) & set(roles)
    )
    other = next(p for n, p in parts.items() if n and p is not part)
    headers, changes = {}, {}
    if attack == "no token":
        changes = {"token": None}
    if attack == "another's token":
        changes = {"token": other.token()}
    if attack == "another origin":
        headers = {"origin": "https://evil.example"}
    if attack == "another site":
        headers = {"sec-fetch-site": "cross-site"}
    if attack == "null origin":
        headers = {"origin": "null"}
    part.client.headers.update(headers)
    try:
        # A study that is not there may be said to be missing first; nothing is done either way.
        refused = (400, 403, 404) if "{study}" in path else (403,)
        assert part.ask(path, "POST", "own", **changes).status_code in refused
    finally:
        for name in headers:
            del part.client.headers[name]


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_refused(parts, path):
    """disclosure A11, V4: only the methods a page declares."""
    filled = re.sub(r"\{\w+\}", "x", path)
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT"):
        assert parts["demo-officer"].client.request(method, filled).status_code in (403, 404, 405)


@pytest.mark.parametrize("path", sorted({p for p in PATHS if "{" not in p}))
def test_every_answer_carries_the_headers_and_no_script(parts, path):
    """disclosure A11, V3, V14: CSP without inline, no framing, no sniffing, nothing kept of what identifies."""
    answer = parts["demo-officer"].client.get(path)
    policy = answer.headers["content-security-policy"]
    assert (
        "default-src 'self'" in policy
        and "unsafe" not in policy
        and "frame-ancestors 'none'" in policy
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == ("no-cache" if path.endswith(".js") else "no-store")
    # A script is a file of ours, or there is none.
    scripts = re.findall(r"<script[^>]*>[^<]*", answer.text)
    assert all(re.fullmatch(r'<script type="module" src="/[\w/.-]+">', s) for s in scripts)
    assert " style=" not in answer.text and "<style" not in answer.text
    assert "http://" not in re.sub(r"http://www\.w3\.org/\S+", "", answer.text)
    assert "set-cookie" not in answer.headers or path.startswith(("/sign", "/survey/"))


NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "=cmd|' /C calc'!A0",
    "\u202eevil",
    "a\r\nX-Evil: 1",
    "'; DROP TABLE audit; --",
]


@pytest.mark.parametrize("text", NASTY)
def test_what_is_typed_comes_back_as_text_only(parts, text):
    """disclosure A11, V1: markup, template, header and query injection in every field that is shown again."""
    officer = parts["demo-officer"]
    for path in ("/audit", "/sign-in"):
        answer = officer.client.get(path, params={"person": text, "next": text})
        assert answer.status_code in (200, 303)
        assert text not in answer.text or "<" not in text
        assert "49" not in answer.text or "{{7*7}}" not in text
        assert "x-evil" not in answer.headers
    answer = officer.ask("/rights/{request}/act", "POST", "own", action="asked back", reason=text)
    assert answer.status_code in (303, 400)
    page = officer.ask("/rights/{request}", "GET", "own").text
    assert "<script>alert" not in page and "<img src=x" not in page
    officer.ask("/rights/{request}/act", "POST", "own", action="clarified")


def test_a_long_or_strange_input_gives_a_plain_page(parts):
    """disclosure A11, V2, V16: no trace, a reference, the right status."""
    officer = parts["demo-officer"]
    for path in (
        "/audit?person=" + "a" * 3000,
        "/rights/R99999",
        "/rights/..%2f..%2fetc",
        "/release/%00",
        "/release/table/../../x",
    ):
        answer = officer.client.get(path)
        assert answer.status_code in (400, 403, 404, 414)
        assert "Traceback" not in answer.text and "Reference: " in answer.text


def test_a_step_cannot_be_skipped_repeated_or_done_by_the_one_who_asked(parts, place):
    """disclosure A11, V2, A13: state skips, double submit, one person in two parts."""
    release = desk.releases(open_workspace(place))[0]
    approver, analyst = parts["demo-approver"], parts["demo-analyst"]
    path = f"/release/{release.id}/act"
    before = desk.show(open_workspace(place), release.id).steps
    for part, action in (
        (approver, "publish"),
        (approver, "withdraw"),
        (analyst, "check"),
        (analyst, "approve"),
        (approver, "destroy"),
    ):
        answer = part.client.post(
            path, data={"token": part.token(), "action": action, "reason": "x", **TICKS}
        )
        assert answer.status_code in (400, 403)
    assert desk.show(open_workspace(place), release.id).steps == before


def test_a_log_line_holds_one_line_and_no_value(parts, caplog):
    """disclosure A11, V16: log forging; names and numbers stay out."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the test's own client
    with caplog.at_level(logging.INFO):
        parts["demo-officer"].client.get("/audit", params={"person": "x\nERROR forged line"})
        parts["demo-officer"].ask("/rights/take-in", "POST", "own", person="upn:A123456789012")
    assert "forged" not in caplog.text and "A123456789012" not in caplog.text
    assert all(
        "\n" not in str(line["resource"]) and "\n" not in line["actor"]
        for line in audit.lines(parts[""].place)
    )
    assert all("A123456789012" not in str(line) for line in audit.lines(parts[""].place))


def test_every_identifiable_look_has_actor_purpose_basis_and_policy(place, parts):
    """disclosure A8: 100% of identifiable reads, after all that these tests have asked."""
    from threecircles.disclosure import who_looked

    parts["demo-officer"].ask("/rights/{request}/held", "GET", "own")
    assert len(who_looked.looks(place)) > 5
    assert who_looked.unexplained(place) == []
    assert audit.verify(place).good


def test_a_person_can_be_answered_in_the_browser(parts):
    "What is held is shown with its audit line, and a child's letter has no code in it."
    page = parts["demo-officer"].ask("/rights/{request}/held", "GET", "own").text
    assert small.NAME in page and "written in the audit log" in page
    eight = parts["demo-officer"].client.get("/rights/R00001/held?for=eight").text
    assert "wrote down" in eight and small.NAME not in eight
