"""Facts about immigration stay in the record: a canary in 50 children's rows, tried under every purpose."""

from __future__ import annotations

import re
from datetime import date

import narwhals as nw
import polars as pl
import pytest
from starlette.testclient import TestClient

from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.definitions import HOME
from threecircles.disclosure import audit, immigration
from threecircles.disclosure.gates import gate
from threecircles.disclosure.openness import openness
from threecircles.disclosure.permission import check_may_read
from threecircles.disclosure.policy import Person
from threecircles.disclosure.purposes import purposes
from threecircles.disclosure.release import protect
from threecircles.record.read import door, frames_of, read
from threecircles.record.schema import conform
from threecircles.record.tables import table as declared
from threecircles.sources.declared import source
from threecircles.web import create_app

PEOPLE = [f"P{i:02}" for i in range(60)]
READING = sorted(
    p.id for p in purposes().values() if p.tables and "view_sensitive_table" in p.allowed_actions
)
NAMING = sorted(p.id for p in purposes().values() if p.names_immigration and p.id in READING)


def factors():
    "60 children: 25 with the fact from the 903, 25 from the children in need census, 10 with another."
    codes = ["uasc"] * 25 + ["9A"] * 25 + ["3A"] * 10
    rows = pl.DataFrame({
        "row_id": [f"r{i}" for i in range(60)], "person_id": PEOPLE, "factor_id": codes, "kind": ["characteristic"] * 60,
        "of": ["child"] * 60, "present": ["yes"] * 60, "basis": ["recorded"] * 60, "source_id": ["x"] * 60,
        "valid_to": [date(2031, 1, i % 28 + 1) for i in range(60)],
    })  # fmt: skip
    return nw.from_native(conform(rows, declared("factor")).lazy())


def analyst(folder):
    return Person(id="ann", roles=("analyst",))


def agreed(folder, purpose, lists):
    (folder / "agreements").mkdir()
    (folder / "agreements" / "a.yaml").write_text(
        "id: a\nlabel: A\nsource: S\nkind: DSA\nparties: [{id: c, label: C, role: controller}]\nsigned_by: [c]\n"
        f"purposes: [{purpose}]\nstarts: 2020-01-01\nexpires: 2099-01-01\nstatus: in force\nimmigration: {lists}\n"
    )


@pytest.mark.parametrize("purpose", READING)
def test_no_purpose_shows_the_canary_without_naming_it(tmp_path, purpose):
    """disclosure A16: whatever attributes a purpose may ask for, `*` among them."""
    known = purposes()[purpose]
    asked = ("*",) if "*" in known.attributes else known.attributes
    grant = check_may_read(
        purpose, tables=("record.factor",), attributes=asked, folder=tmp_path, fictitious=True,
        actor=Person(id="u", roles=("researcher" if purpose == "accredited_research" else "analyst",), organisation="house",
                     training_until=_later()),
    ) if purpose != "accredited_research" else gate("needs_assessment", ("record.factor",), workspace=tmp_path)  # fmt: skip
    seen = door("record.factor", factors(), grant).collect().to_native()
    assert set(seen["factor_id"]) == {"3A"} and seen.height == 10
    rows = read("factor", (), grant=grant, frames=frames_of({"record.factor": factors()})).open(
        grant
    )
    assert rows.collect().to_native().height == 10


@pytest.mark.parametrize("purpose", READING)
def test_a_purpose_that_does_not_name_it_is_refused(tmp_path, purpose):
    """disclosure A16: and so is one that does, without an agreement that lists it."""
    agreed(tmp_path, purpose, "false")
    with pytest.raises(NotPermitted):
        check_may_read(
            purpose,
            tables=("record.factor",),
            attributes=("immigration",),
            actor=analyst(tmp_path),
            folder=tmp_path,
        )


@pytest.mark.parametrize("purpose", NAMING)
def test_a_purpose_that_names_it_needs_the_agreement(tmp_path, purpose):
    """disclosure A16: under one that does, only with the agreement; requests and refusals are public."""
    with pytest.raises(NotPermitted, match="immigration"):
        check_may_read(
            purpose,
            tables=("record.factor",),
            attributes=("immigration",),
            actor=analyst(tmp_path),
            folder=tmp_path,
        )
    agreed(tmp_path, purpose, "true")
    grant = check_may_read(
        purpose,
        tables=("record.factor",),
        attributes=("immigration",),
        actor=analyst(tmp_path),
        folder=tmp_path,
    )
    assert door("record.factor", factors(), grant).collect().to_native().height == 60
    found = immigration.counts(tmp_path)
    assert (found.asked, found.refused) == (2, 1)


def test_requests_and_refusals_stand_on_the_public_page(tmp_path, monkeypatch):
    """disclosure A16"""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    workspaces.create(tmp_path / "w", fictitious=False)
    with pytest.raises(NotPermitted):
        check_may_read(
            "statutory_return",
            tables=("record.factor",),
            attributes=("immigration",),
            actor=analyst(tmp_path),
            folder=tmp_path / "w",
        )
    told = openness(tmp_path / "w")
    assert (told.immigration_asked, told.immigration_refused) == (1, 1)


@pytest.mark.parametrize(
    ("source", "table", "column", "is_one"),
    [
        ("ssda903", "UASC", "DUC", True), ("ssda903", "Header", "UASC", True), ("ssda903", "Header", "ETHNIC", False),
        ("annex-a", "list_7", "unaccompanied_asylum_seeking_child_uasc_within_the_last_12_m", True),
        ("placements-census", "placements", "uasc", True), ("school-census", "fsmperiod", "ukcountry", False),
    ],
)  # fmt: skip
def test_fields_of_the_class_are_known_by_name(source, table, column, is_one):
    assert immigration.is_immigration_field(source, table, column) is is_one


def _later():
    from datetime import UTC, datetime

    return datetime(2099, 1, 1, tzinfo=UTC)


def counted(measure="uasc", column="ward", kind="count"):
    "A table of 40 children in each of three areas."
    rows = [(a, measure, 40.0, 40) for a in ("E05000001", "E05000002", "E05000003")]
    rows.append(("All", measure, 120.0, 120))
    frame = pl.DataFrame(rows, schema=[column, "measure", "value", "n"], orient="row").with_columns(
        low=None,
        high=None,
        numerator=pl.col("value"),
        denominator=None,
        reason=pl.lit(None, pl.String),
    )
    spec = TableSpec(
        id="made-up", title="Children", population="children", period="2026", unit="children", kind=kind,
        dimensions=(Dimension(column=column, label=column),),
    )  # fmt: skip
    return Measured(spec, frame)


@pytest.mark.parametrize(
    ("table", "is_safe"),
    [
        (counted(), False), (counted("9A"), False), (counted("seeking_asylum", "school"), False), (counted("nationality"), False),
        (counted(column="sex"), True), (counted("introduced"), True), (counted("need"), True), (counted(kind="published"), True),
    ],
)  # fmt: skip
def test_nothing_of_the_class_is_rolled_into_an_area_below_the_authority(
    tmp_path, monkeypatch, table, is_safe
):
    """disclosure A16: whoever measured it, and under whatever purpose; what is left out is in the log."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    made = workspaces.create(tmp_path / "w", fictitious=True)
    safe = protect([table], workspace=made)
    assert [s.spec.id for s in safe] == (["made-up"] if is_safe else [])
    denied = [x for x in audit.lines(made.path) if x["action"] == "make_safe"]
    assert len(denied) == (0 if is_safe else 1)


def test_the_public_page_tells_how_often_it_was_asked_for_and_refused(tmp_path, monkeypatch):
    """disclosure A16: counts on the page itself, for everybody."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    made = workspaces.create(tmp_path / "w", fictitious=False)
    for _ in range(3):
        with pytest.raises(NotPermitted):
            check_may_read(
                "statutory_return", tables=("record.factor",), attributes=("immigration",), actor=analyst(made.path),
                folder=made.path,
            )  # fmt: skip
    page = TestClient(create_app(made.path), client=("127.0.0.1", 1)).get("/about/data").text
    told = re.sub(r"<[^>]+>", " ", page)
    assert re.search(r"immigration[^.]*?\b3\b[^.]*\b3\b", told, re.IGNORECASE | re.DOTALL), told[
        -3000:
    ]


TELLING = re.compile(
    r"uasc|duc\b|asylum|unaccompan|immigra|nationalit|refugee|country|citizen|visa", re.IGNORECASE
)
REVIEWED = {
    ("school-census", "fsmperiod", "ukcountry")
}  # which nation of the kingdom pays for the meal


def test_every_field_of_a_source_that_tells_of_it_is_of_the_class():
    """disclosure A16: a new source with such a field fails until somebody has said so."""
    found = set()
    for path in (HOME / "sources").rglob("*.yaml"):
        declared_source = source(path.stem)
        for t in declared_source.tables:
            found |= {
                (declared_source.id, t.name, c.name)
                for c in t.columns
                if TELLING.search(f"{c.name} {c.label or ''}")
            }
    assert len(found) >= 7
    outside = {f for f in found if not immigration.is_immigration_field(*f)}
    assert outside == REVIEWED
