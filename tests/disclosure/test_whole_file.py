"""A delivery whose time is over goes for good, with the key that its files have of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.definitions.place import Delivery, Place
from threecircles.disclosure import state
from threecircles.disclosure.policy import Person
from threecircles.disclosure.rights import asking, holds, raw_files, whole_file

CSV = b"eh_id,forename\n1,Zephaniah\n"
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    made = workspaces.create(tmp_path / "w", fictitious=True)
    return workspaces.open_workspace(made.path, "identity")


def test_a_whole_delivery_is_destroyed_by_its_own_key(place, tmp_path):
    """disclosure A12, section 8: the file's own key is gone, so that no copy of the folder opens it."""
    received = tmp_path / "received" / "eh.csv"
    received.parent.mkdir()
    received.write_bytes(CSV)
    digest = place.keep_raw(CSV)
    other = place.keep_raw(b"another file")
    copy = (place.path / "identity" / "raw" / digest).read_bytes()
    day = date(2026, 3, 31)
    named = Delivery("eh", "early-help", (received,), day, day, 2026)
    at = Place(tmp_path, "p", "P", "E1", "", True, 1, 2026, (named,), {}, {})
    holds.hold(place.path, "somebody", "court", "an order", "dee")
    with pytest.raises(NotPermitted, match="hold"):
        whole_file.destroy(place, at, "eh")
    with state.state(place.path) as kept:
        kept.execute("DELETE FROM hold")
    with pytest.raises(UsageError, match="no such delivery"):
        whole_file.destroy(place, at, "eg")
    assert whole_file.destroy(place, at, "eh").files == ("eh.csv",)
    assert not received.exists() and digest in raw_files.tombstones(place.path)
    (place.path / "identity" / "raw" / digest).write_bytes(copy)
    with pytest.raises(NotPermitted, match="does not open"):
        place.read_raw(digest)
    assert place.read_raw(other) == b"another file"


def test_destroying_a_delivery_needs_two_people_with_the_role(place):
    """disclosure A13, section 8."""
    dee = Person(
        id="demo-officer", roles=("data_protection_officer",), mfa=True, training_until=LATER
    )
    with pytest.raises(UsageError, match="somebody else"):
        asking.may_destroy(place.path, "eh", actor=dee, second="demo-officer")
    with pytest.raises(NotPermitted, match="role"):
        asking.may_destroy(place.path, "eh", actor=dee, second="demo-analyst")
    with pytest.raises(NotPermitted, match="too long ago"):
        asking.may_destroy(place.path, "eh", actor=dee, second="demo-governance", session_age=301)
    assert asking.may_destroy(place.path, "eh", actor=dee, second="demo-governance")
