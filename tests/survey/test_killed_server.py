"""A server that is killed while answers come in loses none that it had confirmed (survey A13)."""

import http.client
import json
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from tests.survey.made_up import open_study

from threecircles.survey.given import given_codes
from threecircles.survey.questionnaire import items, questionnaire
from threecircles.survey.study import folder_of

SERVER = """
import sys
import uvicorn
from pathlib import Path
from threecircles.web.survey import survey_app
uvicorn.run(survey_app(Path(sys.argv[1]), ("127.0.0.1",)), port=int(sys.argv[2]), log_level="error", access_log=False)
"""
SENT = 45
LEAST = 15
"""Confirmed answers that each server must have given before it is killed."""


class Server:
    """The form's server in a process of its own, on one port."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.process = folder, None

    def start(self):
        """Start it and wait until it answers."""
        command = [sys.executable, "-c", SERVER, str(self.folder), str(self.port)]
        self.process = subprocess.Popen(command)
        for _ in range(1200):
            assert self.process.poll() is None, "the server ended by itself"
            try:
                if self.ask("GET", "/survey/away")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        pytest.fail("the server did not answer within a minute")

    def ask(self, method, path, told=None):
        """Status and body. Raises OSError when the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            body = json.dumps(told) if told is not None else None
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def kill(self):
        """End it as a cut of power to the process would: nothing is closed or written."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Tablet(threading.Thread):
    """Sends one child's answers; sends each again until it is confirmed, now and then once too often."""

    def __init__(self, server, token, batches, stop):
        super().__init__(daemon=True)
        self.server, self.token, self.batches, self.stop = server, token, batches, stop
        self.confirmed = {}

    def run(self):
        rng = random.Random(self.token)
        for seq, item in enumerate(self.batches, start=1):
            told = {"session_uuid": self.token, "seq": seq, "items": [item]}
            for _ in range(1 + (rng.random() < 0.3)):
                while not self.sent(told):
                    if self.stop.is_set():
                        return
                    time.sleep(0.02)
            self.confirmed[seq] = item

    def sent(self, told):
        try:
            status, body = self.server.ask("POST", "/survey/batch", told)
        except OSError:
            return False
        assert status == 200, (status, body)
        return json.loads(body)["through"] >= told["seq"]


def kept(path):
    """Answers in the file, read as a new process would: (session, item) -> value."""
    with sqlite3.connect(path) as store:
        rows = store.execute("SELECT session, item, value FROM answer").fetchall()
    assert len({(s, i) for s, i, _ in rows}) == len(rows)
    return {(s, i): v for s, i, v in rows}


def expected(tablets, sessions):
    """What was confirmed so far: the last confirmed answer to each question."""
    told = {}
    for tablet, key in zip(tablets, sessions, strict=True):
        for _, item in sorted(tablet.confirmed.items()):
            told[key, item["item"]] = item["value"]
    return told


@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_a_server_killed_while_answers_come_in_loses_none_it_confirmed(tmp_path, kills):
    "A13: SIGKILL among four tablets that send at once, repeat themselves and change their minds."
    _, store, rows = open_study(tmp_path, schools=1, years=(5,))
    form = questionnaire(rows[0]["questionnaire"])
    asked = [i for i in items(form) if i.type == "single"][:12]
    sessions = [
        store.open_session(rows[0]["code"], form.id, given_codes(form), "en", "standard")
        for _ in range(4)
    ]
    store.close()
    rng, stop, server = random.Random(13), threading.Event(), Server(tmp_path)
    drawn = [rng.choices(asked, k=SENT * kills) for _ in sessions]
    batches = [
        [{"item": i.code, "value": rng.choice(i.values), "missing_reason": None} for i in some]
        for some in drawn
    ]
    path = folder_of(tmp_path, "autumn") / "store.sqlite"
    keys = [s.key for s in sessions]
    tablets = [Tablet(server, s.token, b, stop) for s, b in zip(sessions, batches, strict=True)]
    try:
        server.start()
        for tablet in tablets:
            tablet.start()
        for _ in range(kills):
            begun = sum(len(t.confirmed) for t in tablets)
            while sum(len(t.confirmed) for t in tablets) < begun + LEAST:
                assert any(t.is_alive() for t in tablets)
                time.sleep(0.005)
            server.kill()
            time.sleep(0.1)
            before, there = expected(tablets, keys), kept(path)
            for (key, item), value in before.items():
                # The tablet's next answer to the same question may have come and not been confirmed.
                place = keys.index(key)
                came = len(tablets[place].confirmed)
                ahead = batches[place][came : came + 1]
                allowed = {value, *(n["value"] for n in ahead if n["item"] == item)}
                assert there[key, item] in allowed
            server.start()
        for tablet in tablets:
            tablet.join(timeout=120)
            assert not tablet.is_alive() and len(tablet.confirmed) == SENT * kills
    finally:
        stop.set()
        server.kill()
    assert kept(path) == expected(tablets, keys)
    with sqlite3.connect(path) as store:
        assert store.execute("SELECT COUNT(*) FROM batch").fetchone() == (4 * SENT * kills,)
