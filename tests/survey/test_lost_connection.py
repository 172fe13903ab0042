"""A database server that goes and comes back loses no answer and doubles none (survey A13)."""

import asyncio
import contextlib
import os
import random
import sqlite3

import pytest
from starlette.testclient import TestClient
from tests.survey.made_up import open_study

from threecircles.core.errors import UsageError
from threecircles.survey import connection
from threecircles.survey.connection import StoreGoneError
from threecircles.survey.field import store_of
from threecircles.survey.given import given_codes
from threecircles.survey.questionnaire import questionnaire
from threecircles.survey.store import Store
from threecircles.web.survey import survey_app
from threecircles.web.survey.live import Writer

CODES = ("emo1", "emo2", "emo3", "fri1", "fri2")


class Server:
    """PostgreSQL as a client sees it, with SQLite behind: it can be shut, and cut at any statement."""

    def __init__(self, path):
        self.path, self.up, self.cut_in, self.made = path, True, None, []

    def connect(self, address):
        if not self.up:
            raise StoreGoneError("connection refused")
        self.made.append(Link(self))
        return self.made[-1]

    def cut(self):
        for link in self.made:
            link.end()
        self.made = []

    def tick(self):
        if self.cut_in is not None:
            self.cut_in -= 1
            if self.cut_in < 0:
                self.cut_in = None
                self.cut()


class Link:
    """One connection. closed, pipeline, execute and rollback as psycopg has them."""

    def __init__(self, server):
        self.server, self.closed = server, False
        self.own = sqlite3.connect(server.path, isolation_level=None, check_same_thread=False)
        self.own.execute("PRAGMA synchronous=OFF")

    def end(self):
        self.closed = True
        self.own.close()

    def _alive(self):
        if not self.closed:
            self.server.tick()
        if self.closed:
            raise RuntimeError("server closed the connection unexpectedly")

    def pipeline(self):
        return contextlib.nullcontext()

    def execute(self, statement, values=()):
        self._alive()
        spoken = statement.replace("%s", "?").replace(" FOR KEY SHARE", "")
        done = self.own.execute(spoken, values)
        if statement == "COMMIT":
            # The answer may be lost on its way although all is kept.
            self._alive()
        return done

    def rollback(self):
        self._alive()
        if self.own.in_transaction:
            self.own.execute("ROLLBACK")

    def close(self):
        self.end()


@pytest.fixture
def server(tmp_path, monkeypatch):
    made = Server(tmp_path / "behind.sqlite")
    monkeypatch.setattr(connection, "_postgres", made.connect)
    yield made
    made.cut()


def told(item, value):
    return {"item": item, "value": value, "missing_reason": None}


def test_a_restart_between_two_answers_is_not_noticed(server):
    store = Store("postgresql://here/survey")
    session = store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
    store.save(session.token, 1, [told("emo1", "3")])
    server.cut()
    assert store.answers(session.key) == {"emo1": "3"}
    server.cut()
    assert store.save(session.token, 2, [told("emo2", "4")]) == 2
    server.cut()
    assert store.finish(session.token)


def test_while_the_server_is_gone_nothing_is_kept_and_afterwards_all_goes_on(server):
    store = Store("postgresql://here/survey")
    session = store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
    server.up = False
    server.cut()
    for _ in range(2):
        with pytest.raises(StoreGoneError, match="cannot be reached"):
            store.save(session.token, 1, [told("emo1", "3")])
        with pytest.raises(StoreGoneError):
            store.answers(session.key)
    server.up = True
    assert store.answers(session.key) == {}
    assert store.save(session.token, 1, [told("emo1", "3")]) == 1


def test_a_connection_cut_at_any_statement_loses_no_answer_and_doubles_none(server):
    "A13: 200 forms whose batches are sent until they are confirmed, the connection cut in their middle."
    store = Store("postgresql://here/survey")
    rng, cuts = random.Random(5), 0
    for _ in range(200):
        session = store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
        final = {}
        for seq in range(1, rng.randint(2, 5)):
            items = [told(c, str(rng.randint(1, 5))) for c in rng.sample(CODES, rng.randint(1, 3))]
            final |= {i["item"]: i["value"] for i in items}
            server.cut_in = rng.randint(0, 8)
            for _ in range(4):
                try:
                    assert store.save(session.token, seq, items) == seq
                    break
                except StoreGoneError:
                    cuts += 1
            else:
                raise AssertionError("the connection was not made anew")
        server.cut_in = None
        assert store.answers(session.key) == final
        assert store.one("SELECT COUNT(*) AS n FROM batch WHERE session=?", (session.key,)) == {
            "n": seq
        }
    assert cuts > 100


def test_one_cut_costs_those_who_write_together_nothing(server):
    store = Store("postgresql://here/survey")
    sessions = [
        store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard") for _ in range(6)
    ]
    writer = Writer(store)

    async def together(cut_in):
        server.cut_in = cut_in
        jobs = [writer.do(lambda s, t=x.token: s.save(t, 1, [told("emo1", "2")])) for x in sessions]
        return await asyncio.gather(*jobs)

    for cut_in in (0, 1, 3, 9):
        assert asyncio.run(together(cut_in)) == [1] * 6
    writer.close()
    assert [store.answers(x.key) for x in sessions] == [{"emo1": "2"}] * 6


def test_a_tablet_is_told_to_send_again_and_not_that_its_answers_are_bad(server, tmp_path):
    "A13: what the server answers 400 to is thrown away by the tablet; a store that is gone is a 503."
    study, store, rows = open_study(
        tmp_path, schools=1, years=(5,), more='store: "postgresql://here/survey"'
    )
    form = rows[0]["questionnaire"]
    session = store.open_session(
        rows[0]["code"], form, given_codes(questionnaire(form)), "en", "standard"
    )
    client = TestClient(survey_app(tmp_path, ("testserver",)), base_url="http://testserver")
    batch = {"session_uuid": session.token, "seq": 1, "items": [told("emo1", "3")]}
    assert client.get("/survey/").status_code == 200
    server.up = False
    server.cut()
    for path in ("/survey/batch", "/survey/finish"):
        answer = client.post(path, json=batch)
        assert answer.status_code == 503 and "cannot keep answers" in answer.text
    server.up = True
    assert client.post("/survey/batch", json=batch).json()["through"] == 1
    assert client.post("/survey/batch", json=batch).json()["through"] == 1
    assert store_of(tmp_path, study).answers(session.key) == {"emo1": "3"}
    assert client.post("/survey/finish", json=batch).json() == {"finished": True}


def test_a_fault_of_a_statement_is_no_lost_connection(server):
    store = Store("postgresql://here/survey")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.run("SELECT * FROM nowhere")
    with pytest.raises(UsageError, match="no open form"):
        store.save("x", 1, [])
    assert len(server.made) == 1


def test_postgresql_itself_may_end_our_connections():
    "A13: on a server named by THREECIRCLES_POSTGRES, which ends every connection of ours half way."
    address = os.environ.get("THREECIRCLES_POSTGRES")
    if not address:
        pytest.skip("no PostgreSQL to try: set THREECIRCLES_POSTGRES=postgresql://...")
    psycopg = pytest.importorskip("psycopg")
    store, other = Store(address), psycopg.connect(address, autocommit=True)

    def end():
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )

    session = store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
    for seq in range(1, 21):
        end()
        assert store.save(session.token, seq, [told("emo1", str(seq % 5 + 1))]) == seq
        end()
        assert store.answers(session.key) == {"emo1": str(seq % 5 + 1)}
    with pytest.raises(StoreGoneError), store.writing():
        store.save(session.token, 21, [told("emo2", "1")])
        end()
        store.run("SELECT 1")
    assert store.answers(session.key) == {"emo1": "1"}
    assert store.save(session.token, 21, [told("emo2", "1")]) == 21
    store.close()
    other.close()
