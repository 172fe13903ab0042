"""Files that people send: read in a folder that ends with the request, and never trusted."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest
from starlette.testclient import TestClient

from threecircles.core import workspace as workspaces
from threecircles.web import create_app
from threecircles.web.work import check as page


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    workspaces.create(tmp_path / "w", fictitious=True)
    return tmp_path / "w"


@pytest.fixture
def client(place):
    made = TestClient(create_app(place), client=("127.0.0.1", 1), follow_redirects=False)
    made.post("/sign-in/development", data={"name": "demo-analyst", "next": "/"})
    return made


def send(client, name, content):
    token = client.get("/check").text.split('name="token" value="')[1].split('"')[0]
    form = {"token": token, "return": "cin", "year": "2026"}
    return client.post("/check", data=form, files=[("files", (name, content))])


def zipped(*members, link=False):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            about = zipfile.ZipInfo(name)
            if link:
                about.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(about, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


ENTITY = b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]><Message>&a;</Message>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Message>&b;</Message>'
FILES = {
    "path up": ("../../../evil.csv", b"a,b\n1,2\n"),
    "path of another system": ("..\\..\\evil.csv", b"a,b\n1,2\n"),
    "absolute path": ("/etc/cron.d/evil", b"a,b\n1,2\n"),
    "markup in the name": ("<script>alert(1)</script>.csv", b"a,b\n1,2\n"),
    "formula in a cell": ("a.csv", b"LAchildID,x\n=cmd|' /C calc'!A0,@SUM(1)\n"),
    "outside entity": ("a.xml", ENTITY),
    "entity that grows": ("a.xml", LAUGHS),
    "zip with a path up": ("a.zip", zipped(("../../evil.csv", "a,b\n1,2\n"))),
    "zip with a link": ("a.zip", zipped(("link.csv", "/etc/passwd"), link=True)),
    "zip of 1,000 to 1": ("a.zip", zipped(("big.csv", b"0," * 30_000_000))),
    "zip in a zip": ("a.zip", zipped(("b.zip", zipped(("c.csv", "a,b\n"))))),
    "not what it is called": ("a.xml", zipped(("c.csv", "a,b\n"))),
    "nothing": ("a.csv", b""),
    "noughts": ("a.csv", b"\0" * 4096),
    "utf-16": ("a.csv", "a,b\n1,2\n".encode("utf-16")),
    "a program": ("a.exe", b"MZ" + b"\x90" * 200),
    "workbook with macros": ("a.xlsm", zipped(("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0"), ("[Content_Types].xml", "<Types/>"))),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(FILES))
def test_a_dishonest_file_is_answered_in_words_and_leaves_nothing(client, place, tmp_path, what):
    """disclosure A11, V5: names, archives, entities, macros, wrong kinds."""
    before = sorted(p for p in tmp_path.rglob("*") if "sqlite" not in p.name)
    answer = send(client, *FILES[what])
    assert answer.status_code in (200, 400)
    assert "Traceback" not in answer.text and "root:" not in answer.text
    assert "<script>alert" not in answer.text and "hahaha" not in answer.text
    assert sorted(p for p in tmp_path.rglob("*") if "sqlite" not in p.name) == before


def test_too_much_is_refused_before_it_is_read(client, monkeypatch):
    """disclosure A11, V5: size cap, and no more files than a return has."""
    monkeypatch.setattr(page, "MOST_BYTES", 1000)
    assert send(client, "a.csv", b"x" * 2000).status_code == 413
    token = client.get("/check").text.split('name="token" value="')[1].split('"')[0]
    monkeypatch.setattr(page, "MOST_BYTES", 10**9)
    many = [("files", (f"{i}.csv", b"a\n")) for i in range(page.MOST_FILES + 1)]
    assert (
        client.post(
            "/check", data={"token": token, "return": "cin", "year": "2026"}, files=many
        ).status_code
        == 400
    )
