"""The read door: no grant, no row (record A11), and no name behind it (A10)."""

from datetime import UTC, date, datetime, timedelta

import narwhals as nw
import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.safety import Grant
from threecircles.record import door, read
from threecircles.record.areas import same_period, same_vintage
from threecircles.record.pointers import unlinked
from threecircles.record.read import frames_of
from threecircles.record.vocabulary import check_role, processes

PERSONS = pl.DataFrame(
    {
        "person_id": ["a", "b", "c"],
        "birth_month": [date(2012, 5, 1)] * 3,
        "sex": ["F", "M", "U"],
        "restricted": [False, False, True],
        "link_p": [0.99, 0.4, None],
    }
)
RECORDS = pl.DataFrame(
    {"source_record_id": ["r1", "r2", "r3"], "person_id": ["a", "b", "b"], "p": [0.99, 0.4, None]}
)
EPISODES = pl.DataFrame(
    {
        "row_id": ["1", "2", "3"],
        "person_id": ["a", "b", "b"],
        "source_record_id": ["r1", "r2", "r3"],
        "org_id": ["urn:1", "urn:2", "urn:3"],
        "age_in": [5, 6, 7],
        "source_row": [0, 1, 2],
        "source_file": ["f"] * 3,
        "known_from": [date(2025, 5, 30)] * 3,
        "known_to": [None] * 3,
    },
    schema_overrides={"known_to": pl.Date},
)
FRAMES = frames_of(
    {
        "record.person": nw.from_native(PERSONS.lazy()),
        "record.episode": nw.from_native(EPISODES.lazy()),
        "record.person_record": nw.from_native(RECORDS.lazy()),
    }
)


def grant(**more):
    return Grant(purpose="needs_assessment", actor="analyst", basis="s11", policies=("p1",), **more)


def opened(*arguments, **more):
    permission = more["grant"]
    return collect(read(*arguments, frames=FRAMES, **more).open(permission))


def test_without_a_grant_nothing_is_read_and_the_try_is_told():
    """A11: refused and audited without a grant, with an expired one, and with an attribute outside it."""
    looks = []
    late = grant(expires=datetime.now(UTC) - timedelta(seconds=1))
    for permission, wanted in (
        (None, ()),
        (late, ()),
        (grant(attributes=frozenset({"age"})), ("organisation",)),
    ):
        with pytest.raises(NotPermitted):
            read("episode", wanted, grant=permission, frames=FRAMES, audit=looks.append)
    assert [look.permitted for look in looks] == [False, False, False]
    assert "organisation" in looks[2].reason


def test_the_audit_line_comes_before_the_rows():
    """A11."""
    looks = []

    def frames(name):
        assert looks, "rows were fetched before the look was told"
        return FRAMES(name)

    read("episode", grant=grant(), frames=frames, audit=looks.append)
    assert [(look.table, look.permitted) for look in looks] == [("episode", True)]


def test_only_what_is_asked_for_and_granted_is_shown():
    wide = grant(attributes=frozenset({"age", "organisation"}))
    assert {"org_id", "age_in"} & set(opened("episode", grant=wide).columns) == set()
    assert "age_in" in opened("episode", ["age"], grant=wide).columns
    assert not {"source_row", "source_file"} & set(opened("episode", ["age"], grant=wide).columns)


def test_an_objection_removes_the_person_for_that_purpose_only():
    """A11."""
    assert sorted(opened("person", grant=grant(excluded=frozenset({"a"})))["person_id"]) == ["b"]
    assert sorted(opened("person", grant=grant())["person_id"]) == ["a", "b"]


def test_restricted_people_appear_only_for_a_purpose_that_names_them():
    named = grant(attributes=frozenset({"restricted"}))
    assert "c" not in opened("person", grant=grant())["person_id"]
    assert "c" in opened("person", ["restricted"], grant=named)["person_id"]


def test_a_population_narrows_the_rows():
    only = nw.from_native(pl.DataFrame({"person_id": ["b"]}).lazy())
    assert opened("episode", population=only, grant=grant())["row_id"].sort().to_list() == [
        "2",
        "3",
    ]


def test_careful_links_make_doubtful_records_persons_of_their_own():
    found = opened("episode", links="careful", grant=grant()).sort("row_id")
    assert found["person_id"].to_list() == ["a", "~r2", "b"]
    assert opened("episode", grant=grant()).sort("row_id")["person_id"].to_list() == ["a", "b", "b"]


def test_twenty_draws_take_a_link_about_as_often_as_it_is_likely():
    taken = sum("r2" not in unlinked(RECORDS, "draw", k)["source_record_id"] for k in range(1, 401))
    assert 120 < taken < 200
    assert unlinked(RECORDS, "draw", 3).equals(unlinked(RECORDS, "draw", 3))


def test_what_was_known_on_an_earlier_day_is_read_as_such():
    early = grant(as_known="2025-01-01")
    assert opened("episode", grant=early).is_empty()


def test_the_runners_door_passes_tables_about_nobody():
    areas = nw.from_native(pl.DataFrame({"code": ["E01"]}).lazy())
    assert collect(door("record.area", areas, grant())).rows() == [("E01",)]
    with pytest.raises(NotPermitted):
        door("record.episode", FRAMES("record.episode"), None)


def test_help_given_cannot_be_asked_for_as_need_or_outcome():
    """A15: the message names the role."""
    for wanted in ("need", "outcome"):
        with pytest.raises(UsageError, match="has the role output"):
            check_role("cin", wanted)
    assert check_role("attendance", "outcome").id == "attendance"


def test_unlike_vintages_and_kinds_of_period_do_not_join():
    """A15: the error names both."""
    with pytest.raises(UsageError, match="lsoa11 and lsoa21"):
        same_vintage("lsoa11", "lsoa21")
    with pytest.raises(UsageError, match="academic and financial"):
        same_period("academic", "financial")


def test_every_service_process_says_its_level_agency_and_source():
    for process in processes().values():
        assert process.label and process.source and process.agency
        assert not process.parent or process.parent in processes()
