"""A backup opens for the council's key alone, and even then shows no name without the identity key."""

from __future__ import annotations

import pytest

from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure.backup import back_up, restore

pyrage = pytest.importorskip("pyrage")
NAME = b"Zephaniah Quillfeather"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    made = workspaces.create(tmp_path / "w", label="Made-up", fictitious=True)
    opened = workspaces.open_workspace(made.path, "identity")
    opened.keep_raw(NAME)
    (made.path / "steps" / "any.txt").write_bytes(b"a row of P1")
    return opened


@pytest.fixture
def own(tmp_path):
    "The council's key pair: the file with the secret, and the public key."
    pair = pyrage.x25519.Identity.generate()
    path = tmp_path / "council.key"
    path.write_text(f"# public key: {pair.to_public()}\n{pair}\n")
    path.chmod(0o600)
    return path, str(pair.to_public())


def test_a_backup_is_sealed_whole_and_comes_back_byte_for_byte(place, own, tmp_path):
    """disclosure A10, section 9: backups under age to the council's key."""
    out = tmp_path / "backup.age"
    count = back_up(place.path, own[1], out)
    data = out.read_bytes()
    assert b"a row of P1" not in data and NAME not in data and b"workspace.json" not in data
    assert restore(out, own[0], tmp_path / "again") == count
    for path in (p for p in place.path.rglob("*") if p.is_file()):
        other = tmp_path / "again" / path.relative_to(place.path)
        assert other.read_bytes() == path.read_bytes()
    digest = next(p.name for p in (place.path / "identity" / "raw").iterdir() if not p.suffix)
    assert workspaces.open_workspace(tmp_path / "again", "identity").read_raw(digest) == NAME
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_another_key_opens_nothing_and_leaves_nothing(place, own, tmp_path):
    """disclosure A10"""
    back_up(place.path, own[1], tmp_path / "b.age")
    other = tmp_path / "other.key"
    other.write_text(str(pyrage.x25519.Identity.generate()))
    other.chmod(0o600)
    with pytest.raises(NotPermitted, match="does not open"):
        restore(tmp_path / "b.age", other, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".again")] == []


def test_what_is_no_key_and_a_backup_inside_itself_are_refused(place, own, tmp_path):
    with pytest.raises(UsageError, match="age public key"):
        back_up(place.path, "ssh-rsa x", tmp_path / "b.age")
    with pytest.raises(UsageError, match="inside"):
        back_up(place.path, own[1], place.path / "b.age")


def test_half_a_backup_is_none(place, own, tmp_path, monkeypatch):
    def gone(*args, **kwargs):
        raise FileNotFoundError("steps/any.txt")

    monkeypatch.setattr("tarfile.TarFile.add", gone)
    with pytest.raises(UsageError, match="while it was backed up"):
        back_up(place.path, own[1], tmp_path / "b.age")
    assert not (tmp_path / "b.age").exists()
