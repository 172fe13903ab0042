"""Who is there: local accounts, development parts, sessions that end, and a provider that must be right."""

from __future__ import annotations

import hmac
import threading
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from argon2 import PasswordHasher
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure import audit, credentials
from threecircles.web import create_app
from threecircles.web.security import fetch, sessions
from threecircles.web.security.signed import inside

PEOPLE = """id: people
label: Our people
source: Cabinet
people:
  - {id: ann, roles: [analyst], training_until: 2099-01-01}
  - {id: bob, roles: [data_protection_officer], training_until: 2099-01-01}
"""
PASSWORD = "four words make it"


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    # The real cost of a hash is the point of it, and no part of these tests.
    monkeypatch.setattr(
        credentials, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    )


@pytest.fixture
def made_up(tmp_path, keys):
    "A made-up workspace without an access file."
    workspaces.create(tmp_path / "w", label="Made-up", fictitious=True)
    return tmp_path / "w"


@pytest.fixture
def real(tmp_path, keys):
    "A real workspace with two people."
    workspaces.create(tmp_path / "r", label="Council", fictitious=False)
    (tmp_path / "r" / "access.yaml").write_text(PEOPLE)
    return tmp_path / "r"


def reader(folder, **options):
    "A browser at this machine."
    return TestClient(
        create_app(folder, **options), client=("127.0.0.1", 50000), follow_redirects=False
    )


def sign_in(client, name):
    "As a part of a made-up place."
    return client.post("/sign-in/development", data={"name": name, "next": "/account"})


def enrolled(folder, name="ann"):
    "A local account and its authenticator."
    return pyotp.parse_uri(credentials.make_account(folder, name, PASSWORD))


def test_a_made_up_place_offers_its_parts_with_a_banner(made_up):
    """disclosure A11, V6: development sign-in."""
    client = reader(made_up)
    assert "demo-officer" in client.get("/sign-in").text
    assert sign_in(client, "demo-officer").status_code == 303
    page = client.get("/account").text
    assert "demo-officer" in page and "Development sign-in: a made-up place" in page


@pytest.mark.parametrize("why", ["real", "access file", "proxy", "elsewhere", "other host"])
def test_development_sign_in_is_nowhere_else(made_up, real, why):
    """disclosure A11, V6: it cannot be left on by accident."""
    folder, headers, options, address = made_up, {}, {}, "127.0.0.1"
    if why == "real":
        folder = real
        (real / "access.yaml").unlink()
    if why == "access file":
        (made_up / "access.yaml").write_text(PEOPLE)
    if why == "proxy":
        headers = {"x-forwarded-for": "10.0.0.9"}
    if why == "elsewhere":
        address = "10.0.0.9"
    if why == "other host":
        options = {"hosts": ("testserver", "council.example")}
    client = TestClient(
        create_app(folder, **options), client=(address, 1), headers=headers, follow_redirects=False
    )
    assert "demo-officer" not in client.get("/sign-in").text
    assert sign_in(client, "demo-officer").status_code == 404


def test_nobody_reaches_a_working_page_of_a_real_place_without_signing_in(real):
    client = reader(real)
    answer = client.get("/agreements")
    assert answer.status_code == 303 and answer.headers["location"] == "/sign-in?next=%2Fagreements"


def test_a_local_account_needs_password_and_code_and_each_code_counts_once(real):
    """disclosure A11, V6: replay of a one-time code."""
    factor, client = enrolled(real), reader(real)
    form = {"name": "ann", "password": PASSWORD, "code": factor.now(), "next": "/account"}
    assert client.post("/sign-in/local", data={**form, "code": "000000"}).status_code == 403
    assert client.post("/sign-in/local", data={**form, "password": "wrong"}).status_code == 403
    assert client.post("/sign-in/local", data=form).status_code == 303
    assert "ann" in client.get("/account").text
    assert reader(real).post("/sign-in/local", data=form).status_code == 403


def test_an_unknown_name_a_wrong_password_and_a_locked_account_are_answered_alike(real):
    """disclosure A11, V6: enumeration of accounts."""
    factor, client = enrolled(real), reader(real)
    told = {
        client.post("/sign-in/local", data={"name": n, "password": p, "code": c, "next": "/"}).text
        for n, p, c in (("nobody", PASSWORD, "1"), ("ann", "wrong", "1"), ("ann", PASSWORD, "1"))
    }
    assert len({t.replace("nobody", "ann") for t in told}) == 1
    for _ in range(5):
        credentials.right_credentials(real, "ann", "wrong", "1")
    assert not credentials.right_credentials(real, "ann", PASSWORD, factor.now())
    later = datetime.now(UTC) + timedelta(minutes=16)
    assert credentials.right_credentials(real, "ann", PASSWORD, factor.at(later), at=later)


def test_passwords_are_long_and_kept_as_argon2(real):
    with pytest.raises(UsageError):
        credentials.make_account(real, "ann", "short")
    enrolled(real)
    kept = (real / "accounts.sqlite").read_bytes()
    assert b"$argon2id$" in kept and PASSWORD.encode() not in kept
    assert (real / "accounts.sqlite").stat().st_mode & 0o077 == 0


def test_too_many_tries_from_one_address_are_stopped(real):
    """disclosure A11, V2: rate limit."""
    enrolled(real)
    client = reader(real)
    form = {"name": "nobody", "password": "x", "code": "1", "next": "/"}
    found = [client.post("/sign-in/local", data=form).status_code for _ in range(22)]
    assert found[-1] == 429 and found[0] == 403


def test_a_session_is_new_at_sign_in_hashed_at_rest_and_hidden_from_scripts(made_up):
    """disclosure A11, V7: fixation."""
    client = reader(made_up)
    client.cookies.set("tc", "chosen-by-an-attacker")
    answer = sign_in(client, "demo-analyst")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "chosen" not in cookie
    handle = cookie.split("tc=")[1].split(";")[0]
    assert len(handle) >= 43
    kept = (made_up / "sessions.sqlite").read_bytes()
    assert handle.encode() not in kept and sessions.hashed(handle).encode() in kept


def test_off_this_machine_the_cookie_travels_over_tls_only(real):
    """disclosure A11, V7, V12"""
    factor = enrolled(real)
    app = create_app(real, hosts=("council.example",))
    client = TestClient(
        app, base_url="https://council.example", client=("10.0.0.9", 1), follow_redirects=False
    )
    form = {"name": "ann", "password": PASSWORD, "code": factor.now(), "next": "/"}
    answer = client.post("/sign-in/local", data=form)
    assert "__Host-tc=" in answer.headers["set-cookie"] and "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_session_ends_when_idle_and_after_twelve_hours(made_up):
    """disclosure A11, V7: idle and absolute end."""
    start = datetime(2026, 4, 1, 9, tzinfo=UTC)
    handle = sessions.begin(made_up, "x", "local", (), mfa=True, at=start)
    assert sessions.find(made_up, handle, identifiable=True, at=start + timedelta(minutes=14))
    left = start + timedelta(minutes=14 + 16)
    assert sessions.find(made_up, handle, at=left)
    assert sessions.find(made_up, handle, identifiable=True, at=left + timedelta(minutes=1)) is None
    assert sessions.find(made_up, handle, at=left + timedelta(minutes=62)) is None
    handle = sessions.begin(made_up, "x", "local", (), mfa=True, at=start)
    for minutes in range(50, 12 * 60, 50):
        assert sessions.find(made_up, handle, at=start + timedelta(minutes=minutes))
    assert sessions.find(made_up, handle, at=start + timedelta(hours=12)) is None


def test_signing_out_ends_every_session_of_the_person(made_up):
    """disclosure A11, V7: sign-out everywhere."""
    one, other = reader(made_up), reader(made_up)
    sign_in(one, "demo-officer")
    sign_in(other, "demo-officer")
    token = one.get("/account").text.split('name="token" value="')[1].split('"')[0]
    assert one.post("/sign-out", data={"token": token}).status_code == 303
    assert other.get("/account").status_code == 303


def test_a_change_of_role_gives_a_new_session_id(real):
    """disclosure A11, V7: rotation."""
    factor, client = enrolled(real), reader(real)
    client.post(
        "/sign-in/local",
        data={"name": "ann", "password": PASSWORD, "code": factor.now(), "next": "/"},
    )
    before = client.cookies["tc"]
    (real / "access.yaml").write_text(PEOPLE.replace("[analyst]", "[output_checker]"))
    assert client.get("/account").status_code == 200
    assert client.cookies["tc"] != before
    assert sessions.find(real, before) is None


def test_somebody_taken_out_of_the_access_file_is_signed_out(real):
    factor, client = enrolled(real), reader(real)
    client.post(
        "/sign-in/local",
        data={"name": "ann", "password": PASSWORD, "code": factor.now(), "next": "/"},
    )
    (real / "access.yaml").write_text(PEOPLE.replace("id: ann", "id: carol"))
    assert client.get("/account").status_code == 303


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "evil.example", "javascript:alert(1)", "/x\r\nSet-Cookie: a=b"],
)  # fmt: skip
def test_signing_in_leads_to_pages_of_ours_only(made_up, path):
    """disclosure A11, V10: open redirect."""
    assert inside(path) == "/"
    answer = reader(made_up).post(
        "/sign-in/development", data={"name": "demo-analyst", "next": path}
    )
    assert answer.headers["location"] == "/"


def test_every_sign_in_is_in_the_audit_log(made_up):
    sign_in(reader(made_up), "demo-officer")
    line = audit.lines(made_up)[-1]
    assert (line["actor"], line["action"], line["decision"]) == ("demo-officer", "sign_in", "allow")


# A provider of sign-in, made for these tests on this machine.

KEY = RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})


class Provider:
    """Says what a test tells it to. changes: claims that differ from the right ones."""

    def __init__(self):
        self.changes, self.key, self.algorithm, self.nonce, self.issuer_answer = (
            {},
            KEY,
            "RS256",
            "",
            "",
        )
        self.seen = []
        provider = self

        class Answer(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def _json(self, told, status=200):
                body = dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                here = f"http://127.0.0.1:{provider.port}"
                provider.seen.append(self.path)
                if self.path == "/keys":
                    return self._json({"keys": [KEY.as_dict(private=False)]})
                return self._json({
                    "issuer": provider.issuer_answer or here, "authorization_endpoint": f"{here}/authorize",
                    "token_endpoint": f"{here}/token", "jwks_uri": f"{here}/keys",
                })  # fmt: skip

            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                provider.form = {k: v[0] for k, v in form.items()}
                return self._json(
                    {"access_token": "a", "token_type": "Bearer", "id_token": provider.token()}
                )

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.port}"

    def token(self):
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": "three-circles", "sub": "s1", "preferred_username": "ann@council",
            "iat": now, "exp": now + 300, "nonce": self.nonce, "groups": ["cs-officers"], "amr": ["pwd", "mfa"],
        } | self.changes  # fmt: skip
        claims = {k: v for k, v in claims.items() if v is not None}
        if self.algorithm in ("none", "HS256"):
            header = {"alg": self.algorithm, "kid": "k1"}
            told = b".".join(
                urlsafe_b64encode(dumps(p).encode()).rstrip(b"=") for p in (header, claims)
            )
            mac = (
                hmac.digest(KEY.as_pem(private=False), told, "sha256")
                if self.algorithm == "HS256"
                else b""
            )
            return f"{told.decode()}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        return jwt.encode({"alg": self.algorithm, "kid": "k1"}, claims, self.key)


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.server.shutdown()


@pytest.fixture
def council(tmp_path, keys, provider, monkeypatch):
    "A real place that signs in with that provider."
    workspaces.create(tmp_path / "c", label="Council", fictitious=False)
    monkeypatch.setenv("THREECIRCLES_OIDC_SECRET", "shared")
    (tmp_path / "c" / "access.yaml").write_text(PEOPLE)
    (tmp_path / "c" / "sign_in.yaml").write_text(
        f"id: council\nlabel: the council\nsource: IT\nissuer: {provider.issuer}\n"
        f"discovery: {provider.issuer}/.well-known/openid-configuration\nclient: three-circles\n"
        "address: http://testserver\naccount_claim: preferred_username\ninside: true\n"
        "groups: {cs-officers: [data_protection_officer]}\n"
    )
    return tmp_path / "c"


def begin(client, provider, following="/account"):
    "Start at our page; returns the query that the provider would send back."
    answer = client.get(f"/sign-in/provider?next={following}")
    assert answer.status_code == 303
    asked = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    provider.nonce, provider.asked = asked["nonce"], asked
    return {"state": asked["state"], "code": "c1"}


def test_a_council_provider_signs_somebody_in_with_the_roles_of_their_groups(council, provider):
    """disclosure A11, V10: code flow with PKCE, state and nonce."""
    client = reader(council)
    back = begin(client, provider)
    assert (
        provider.asked["code_challenge_method"] == "S256"
        and provider.asked["response_type"] == "code"
    )
    answer = client.get("/sign-in/return", params=back)
    assert answer.status_code == 303 and answer.headers["location"] == "/account"
    assert len(provider.form["code_verifier"]) >= 43
    page = client.get("/account").text
    assert "ann@council" in page and "data protection officer" in page and "used" in page


WRONG = {
    "another audience": {"aud": "other-app"},
    "one audience among others": {"aud": ["three-circles", "other-app"]},
    "another party": {"azp": "other-app"},
    "another issuer": {"iss": "http://evil.example"},
    "an issuer with a slash": {"iss": "SLASH"},
    "an old token": {"exp": 1_700_000_000, "iat": 1_699_999_000},
    "a token of tomorrow": {"iat": 4_000_000_000, "nbf": 4_000_000_000, "exp": 4_000_000_300},
    "no end": {"exp": None},
    "another nonce": {"nonce": "replayed"},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "no name": {"preferred_username": None},
    "a name with a line end": {"preferred_username": "ann\nadmin"},
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(WRONG))
def test_a_token_that_is_not_exactly_right_signs_nobody_in(council, provider, what):
    """disclosure A11, V9, V10: audience, issuer, time, nonce."""
    client = reader(council)
    back = begin(client, provider)
    provider.changes = {
        k: f"{provider.issuer}/" if v == "SLASH" else v for k, v in WRONG[what].items()
    }
    assert client.get("/sign-in/return", params=back).status_code == 403
    assert client.get("/account").status_code == 303
    assert audit.lines(council)[-1]["decision"] == "deny"


@pytest.mark.parametrize("signed", ["none", "shared secret", "another key"])
def test_a_token_signed_otherwise_is_not_believed(council, provider, signed):
    """disclosure A11, V9: alg none, key confusion, a key that is not published."""
    client = reader(council)
    back = begin(client, provider)
    if signed == "none":
        provider.algorithm = "none"
    if signed == "shared secret":
        provider.algorithm = "HS256"
    if signed == "another key":
        provider.key = OTHER
    assert client.get("/sign-in/return", params=back).status_code == 403


def test_a_state_counts_once_in_one_browser_and_for_ten_minutes(council, provider):
    """disclosure A11, V10: replay, login CSRF."""
    client = reader(council)
    back = begin(client, provider)
    stranger = reader(council)
    stranger.cookies.set("tc_begin", "another", path="/sign-in")
    assert stranger.get("/sign-in/return", params=back).status_code == 403
    assert client.get("/sign-in/return", params=back).status_code == 403
    back = begin(client, provider)
    assert client.get("/sign-in/return", params={**back, "state": "made-up"}).status_code == 403
    assert client.get("/sign-in/return", params=back).status_code == 303
    assert client.get("/sign-in/return", params=back).status_code in (403, 404)
    back = begin(client, provider)
    with sessions.database(council) as kept:
        kept.execute("UPDATE flow SET made = '2020-01-01T00:00:00+00:00'")
    assert client.get("/sign-in/return", params=back).status_code == 403


def test_an_answer_that_names_another_issuer_is_refused(council, provider):
    """disclosure A11, V10: mix-up (RFC 9207), and a discovery that answers for somebody else."""
    client = reader(council)
    back = begin(client, provider)
    assert (
        client.get("/sign-in/return", params={**back, "iss": "http://evil.example"}).status_code
        == 403
    )
    provider.issuer_answer = "http://evil.example"
    assert client.get("/sign-in/provider").status_code == 403


@pytest.mark.parametrize(
    ("url", "hosts", "word"),
    [
        ("http://169.254.169.254/latest", ("login.council.example",), "no such host"),
        ("http://127.0.0.1:9/x", ("127.0.0.1:9",), "private network"),
        ("http://[::1]:9/x", ("[::1]:9", "::1:9"), "private network"),
        ("https://localhost/x", ("localhost",), "private network"),
    ],
)
def test_the_only_way_out_leads_to_named_hosts_at_public_addresses(url, hosts, word):
    """disclosure A11, V13: requests to inner addresses (SSRF), judged after the name was resolved."""
    with fetch.client(hosts) as asked, pytest.raises(NotPermitted, match=word):
        asked.get(url)
