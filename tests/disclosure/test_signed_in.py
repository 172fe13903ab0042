"""On the command line nobody is taken at their word: a name needs its password and its code."""

from __future__ import annotations

import time

import pyotp
import pytest
import typer
from argon2 import PasswordHasher
from typer.testing import CliRunner

from threecircles.cli import account, agreement, audit_log, quote, release, rights
from threecircles.cli import acting as commands_acting
from threecircles.core import keys
from threecircles.core.errors import NotPermitted, ThreeCirclesError
from threecircles.core.workspace import create
from threecircles.disclosure import audit, credentials, desk
from threecircles.disclosure.people import machine_account
from threecircles.web.security import sessions

PEOPLE = """id: people
label: People of a place
source: the place
people:
  - {id: ann, roles: [analyst], training_until: 2100-01-01}
  - {id: bob, roles: [output_checker], training_until: 2100-01-01}
  - {id: eve, roles: [approver], training_until: 2100-01-01}
  - {id: dee, roles: [data_protection_officer], training_until: 2100-01-01}
  - {id: gil, roles: [information_governance], training_until: 2100-01-01}
  - {id: ada, roles: [administrator], training_until: 2100-01-01}
"""
PASSWORD = "four words said together"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    # What makes guessing dear is tried elsewhere (tests/web/test_signing_in.py).
    monkeypatch.setattr(credentials, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64))
    made = create(tmp_path / "w")
    (made.path / "access.yaml").write_text(PEOPLE)
    return made


@pytest.fixture
def factor(place):
    "A function that gives the code of a person's authenticator, each time another."
    held, used = {}, {}

    def code(name):
        if name not in held:
            told = credentials.make_account(place.path, name, PASSWORD)
            held[name] = pyotp.parse_uri(told)
        step = max(int(time.time()) // 30, used.get(name, 0) + 1)
        used[name] = step
        return held[name].at(step * 30)

    return code


@pytest.fixture(scope="module")
def app():
    made = typer.Typer()
    for group in (account, agreement, audit_log, quote, release, rights):
        group.register(made)
    return made


@pytest.fixture
def tell(place, app):
    def run(*words, typed=()):
        answer = CliRunner().invoke(
            app, [*words, "--workspace", str(place.path)], input="\n".join(typed) + "\n"
        )
        if isinstance(answer.exception, ThreeCirclesError):
            raise answer.exception
        assert answer.exception is None or isinstance(answer.exception, SystemExit), (
            answer.exception
        )
        return answer.output

    return run


@pytest.fixture
def signed_in(tell, factor):
    return lambda name: tell("account", "sign-in", name, typed=(PASSWORD, factor(name)))


@pytest.fixture
def pack(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "index.html").write_text("<p>24 in 100</p>")
    return str(tmp_path / "pack")


@pytest.mark.parametrize(
    "words",
    [
        ("release", "check", "x"), ("release", "approve", "x"), ("release", "request", "x", "--title", "t"),
        ("rights", "access", "P", "--out", "o"), ("rights", "hold", "P", "--kind", "court", "--reason", "r"),
        ("rights", "list"), ("quote", "second", "x"), ("audit", "who-looked", "P"),
        ("agreement", "share-decision", "P", "--asked-by", "a", "--asked-of", "b", "--decision", "shared", "--reason", "r"),
    ],
)  # fmt: skip
def test_a_name_alone_is_not_believed(place, tell, words):
    """disclosure A13: whoever writes another's name after --as is refused, and nothing is done."""
    with pytest.raises(NotPermitted, match="Nobody is signed in as dee"):
        tell(*words, "--as", "dee")
    assert [x for x in audit.lines(place.path) if x["actor"] == "dee"] == []


def test_three_people_take_a_release_out_each_with_their_own_password(place, tell, signed_in, pack):
    """disclosure A13: one at a time; signing in as the next ends the one before."""
    signed_in("ann")
    number = tell("release", "request", pack, "--title", "Pack").split()[0]
    with pytest.raises(NotPermitted, match="signed in as ann, not as bob"):
        tell("release", "check", number, "--as", "bob")
    for name, step in (("bob", "check"), ("eve", "approve"), ("eve", "publish")):
        signed_in(name)
        tell("release", step, number)
    assert [s[1] for s in desk.show(place, number).steps] == ["ann", "bob", "eve", "eve"]
    assert audit.verify(place.path).good


def test_without_a_second_factor_or_with_an_old_sign_in_nothing_weighty_is_done(
    place, tell, signed_in, pack, monkeypatch
):
    """disclosure section 2: approving needs a sign-in of less than five minutes ago."""
    signed_in("ann")
    number = tell("release", "request", pack, "--title", "Pack").split()[0]
    signed_in("bob")
    tell("release", "check", number)
    signed_in("eve")
    found = sessions.find(place.path, commands_acting._token(place.path))
    old = sessions.Session(**{**found.__dict__, "age": 301})
    with monkeypatch.context() as patch:
        patch.setattr(sessions, "find", lambda *a, **k: old)
        with pytest.raises(NotPermitted, match="too long ago"):
            tell("release", "approve", number)
    tell("account", "sign-out")
    (place.path / "access.yaml").write_text(PEOPLE.replace("eve", machine_account()))
    with pytest.raises(NotPermitted, match="second factor"):
        tell("release", "approve", number)


def test_a_wrong_password_signs_nobody_in_and_is_written_down(place, tell, factor):
    factor("dee")
    with pytest.raises(NotPermitted, match="do not belong together"):
        tell("account", "sign-in", "dee", typed=("something else said", "000000"))
    last = audit.lines(place.path)[-1]
    assert (last["action"], last["decision"], last["actor"]) == ("sign_in", "deny", "unknown")
    assert list(keys.folder().glob("*.signed-in")) == []


def test_the_second_person_types_their_own_password(place, tell, signed_in, factor):
    """disclosure A13: a name after --second is not believed either."""
    signed_in("dee")
    factor("gil")
    with pytest.raises(NotPermitted, match="do not belong together"):
        second_with(place, "gil", ("guessed at random", "000000"))
    assert second_with(place, "gil", (PASSWORD, factor("gil"))) == "gil"


def test_the_environment_gives_nobody_anothers_name(monkeypatch):
    """disclosure A13: USER and LOGNAME can be set to anything."""
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "dee")
    assert machine_account() != "dee"


def test_the_kept_sign_in_is_private_and_opens_nothing_in_a_copied_workspace(place, signed_in):
    """disclosure V7: an opaque id in a file of mode 600, its hash in the workspace."""
    signed_in("dee")
    (path,) = keys.folder().glob("*.signed-in")
    assert path.stat().st_mode & 0o077 == 0
    handle = path.read_text()
    assert handle.encode() not in (place.path / "sessions.sqlite").read_bytes()


def second_with(place, name, typed):
    told = iter(typed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer, "prompt", lambda *a, **k: next(told))
        return commands_acting.second_person(place.path, name)
