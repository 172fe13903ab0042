"""A made-up workspace for signposting: one child open to team north, one restricted, one of another team."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest
from starlette.testclient import TestClient

from threecircles.core import workspace as workspaces
from threecircles.core.engines import engine
from threecircles.core.run import Runner
from threecircles.core.steps import Step
from threecircles.identity.place import cases
from threecircles.web import create_app

DAY = date(2026, 4, 1)
OWN, SEALED, AWAY = "AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB", "CCCCCCCCCCCCCCCC"
NUMBERS = {OWN: "B001201123003", SEALED: "J926200012001", AWAY: "F873214525017"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    "A made-up workspace: OWN is open to team north, SEALED too but restricted, AWAY to another team."
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    folder = tmp_path / "w"
    workspaces.create(folder, label="Made-up", fictitious=True)
    opened = workspaces.open_workspace(folder, "identity")
    steps = [
        Step(name="identity.link", function=_identity, writes=("identity.link_record", "identity.person_record", "identity.identifier"), side="identity"),
        Step(name="identity.people", function=_people, writes=("identity.person", "identity.relation", "record.episode")),
    ]  # fmt: skip
    Runner(opened, steps, engine("polars"), {}, say=lambda text: None).run()
    file = tmp_path / "cases.csv"
    file.write_text(
        "team,record,opened,closed\nnorth,school|1,2026-01-01,\nnorth,school|2,2026-01-01,\nsouth,school|3,2026-01-01,\n"
    )
    assert cases.take_in(file, opened) == 3
    return folder


def _identity():
    people = list(NUMBERS)
    keys = ["1", "2", "3"]
    return {
        "identity.person_record": pl.DataFrame({"source": ["school"] * 3, "source_key": keys, "source_record_id": keys, "person_id": people}),
        "identity.identifier": pl.DataFrame({"source_record_id": keys, "scheme": ["upn"] * 3, "value": list(NUMBERS.values())}),
        "identity.link_record": pl.DataFrame({
            "source": ["school"] * 3, "source_key": keys, "first": ["ada", "ben", "cleo"], "surname": ["cole"] * 3,
            "birth_date": [date(2014, 5, 3)] * 3, "postcode": ["EA1 1AA"] * 3,
        }),
    }  # fmt: skip


def _people():
    people = list(NUMBERS)
    return {
        "identity.person": pl.DataFrame({"person_id": people, "restricted": [False, True, False]}),
        "identity.relation": pl.DataFrame(schema={
            "person_id": pl.String, "other_person_id": pl.String, "kind": pl.String, "basis": pl.String, "valid_from": pl.Date, "valid_to": pl.Date,
        }),
        "record.episode": pl.DataFrame({
            "person_id": people, "process": ["early_help"] * 3, "service_id": ["early-help"] * 3, "org_id": [None, None, None],
            "valid_from": [date(2025, 1, 1)] * 3, "valid_to": [None] * 3, "source_id": ["early-help"] * 3, "last_seen": [DAY] * 3,
        }, schema_overrides={"org_id": pl.String, "valid_to": pl.Date}),
    }  # fmt: skip


def reader(folder, name="demo-practitioner"):
    client = TestClient(create_app(folder), client=("127.0.0.1", 50000), follow_redirects=True)
    client.post("/sign-in/development", data={"name": name, "next": "/account"})
    return client


def ask(client, **asked):
    token = re.search('name="token" value="([^"]*)"', client.get("/signpost").text)[1]
    return client.post(
        "/signpost",
        data={"token": token, "purpose": "direct_care", **asked},
        headers={"sec-fetch-site": "same-origin"},
    )
