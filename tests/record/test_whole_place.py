"""A made-up place through sources, identity and the record: shapes, names, re-linking, reconciliation."""

import inspect
from datetime import date
from importlib.util import find_spec

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from threecircles.core import workspace as workspaces
from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.core.run import Runner
from threecircles.core.safety import Grant
from threecircles.core.tables import read_measured
from threecircles.definitions import HOME
from threecircles.identity import steps as identity
from threecircles.need import steps as need
from threecircles.record import commands
from threecircles.record import steps as record
from threecircles.record.assemble import assemble
from threecircles.record.derived import derived_steps
from threecircles.record.schema import check
from threecircles.record.tables import table
from threecircles.sources import steps as sources
from threecircles.survey import steps as survey


@pytest.fixture(scope="module")
def run(messy, tmp_path_factory, monkeypatch_module):
    """The hamlet with errors, run through every room up to the record."""
    folder = tmp_path_factory.mktemp("workspace")
    monkeypatch_module.setenv("THREECIRCLES_KEYS", str(folder / "keys"))
    path = folder / "w"
    workspaces.create(path, fictitious=True)
    opened = workspaces.open_workspace(path, "identity")
    place = messy.place
    steps = [
        *sources.steps(place),
        *identity.steps(place),
        *survey.steps(place),
        *record.steps(place),
    ]
    runner = Runner(
        opened, steps, make(), {"place": place, "seed": 1}, definitions_home=HOME, say=lambda text: None,
        gate=lambda purpose, **more: GRANT,
    )  # fmt: skip
    runner.run(only=lambda step: not step.purpose)
    return runner


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


GRANT = Grant(
    purpose="needs_assessment", actor="analyst", basis="s11", policies=("p1",),
    attributes=frozenset({"*"}),
)  # fmt: skip


def made(run):
    """Every table of the record that the run wrote."""
    names = [t for e in run.entries.values() for t in e.outputs if t.startswith("record.")]
    return {name: run.table(name) for name in sorted(names)}


def frames(run):
    return lambda name: None if (t := run.table(name)) is None else make("polars").frame(t)


def test_every_table_keeps_its_declared_schema(run):
    """A1: columns, types, keys, codes and nulls of every table built."""
    built = made(run)
    assert len(built) > 30
    for name, frame in built.items():
        check(frame, table(name.removeprefix("record.").removesuffix("_history")))


def test_every_source_row_has_one_outcome(run):
    """A2: on a place with errors, per delivery and table."""
    lines = run.table("record.source_row")
    assert lines.select("extract_id", "source_table", "source_row").is_unique().all()
    for delivery in run.known["place"].deliveries:
        told = dict(
            lines.filter(pl.col("extract_id") == delivery.id)["source_table"]
            .value_counts()
            .iter_rows()
        )
        for name, lines_told in told.items():
            read = run.table(f"sources.{delivery.id}.{name}")
            assert lines_told == read.height
    silent = lines.filter((pl.col("outcome") != "mapped") & pl.col("reason").is_null())
    assert silent.is_empty()


def test_each_record_row_has_exactly_one_source_row(run):
    """A2: the rows named by source_row are the rows of the record."""
    named = run.table("record.source_row")["row_ids"].explode().drop_nulls()
    for name in ("episode", "event", "factor"):
        rows = pl.concat(
            [run.table(f"record.{name}")["row_id"], run.table(f"record.{name}_history")["row_id"]]
        )
        assert set(rows) <= set(named)


def test_returns_and_record_differ_only_where_a_list_says_why(run):
    """A6 and A16: unexplained difference 0; the reasons are words, the rows come under a purpose."""
    counts = commands.check_reconciled(commands.reconciliation(frames(run)))
    assert counts.height == 16
    lines = commands.reconciliation_lines(frames(run), GRANT)
    assert set(lines.columns) >= {"figure", "reason", "side"}
    assert lines["reason"].null_count() == 0
    for row in counts.filter(pl.col("source_count") != pl.col("record_count")).iter_rows(
        named=True
    ):
        assert row["because"] != "the two agree"


def test_no_name_birth_date_postcode_or_number_enters_the_record(run, messy):
    """A10: a search through every byte of every table of the record."""
    person, ids = messy.truth("person"), messy.truth("identity")
    words = set(person["surname"]) | set(person["forename"])
    numbers = {
        str(v) for column in ("postcode", "upn", "nhs") for v in person[column].drop_nulls()
    } | {i for i in ids["local_id"] if len(i) > 5}
    numbers |= {p.replace(" ", "") for p in person["postcode"].drop_nulls()}
    numbers -= {""}
    for name, frame in made(run).items():
        texts = {
            v
            for column, kind in frame.schema.items()
            if kind == pl.String and column not in ("label", "line_label")
            for v in frame[column].unique().drop_nulls()
        }
        assert not texts & words, name
        held = frame.write_ipc(None, compression="uncompressed").getvalue()
        found = [n for n in numbers if n.encode() in held]
        assert not found, (name, len(found))
    births = run.table("record.person")["birth_month"].drop_nulls()
    assert set(births.dt.day()) == {1}


def test_a_merge_and_its_undo_leave_every_row_id_as_it_was(run):
    """A12: re-linking moves the pointer, never the row."""
    rows = {"x": run.table("mapped.cin-census.episode")}
    pointers = run.table("identity.person_record")
    before = assemble("episode", rows, pointers)
    first, second = before["person_id"].unique().sort()[:2]
    merged = pointers.with_columns(person_id=pl.col("person_id").replace({second: first}))
    during = assemble("episode", rows, merged)
    assert during["row_id"].equals(before["row_id"])
    assert second not in set(during["person_id"])
    assert assemble("episode", rows, pointers).equals(before)


def test_an_analyst_counts_by_command(run):
    stock = commands.stock_counts(frames(run), GRANT, "cin", date(2026, 3, 31))
    flows = commands.flow_counts(frames(run), GRANT, "cin", 2026)
    told = dict(flows.select("figure", "persons").iter_rows())
    assert stock["persons"][0] == told["stock_after"] > 0
    low, told_, high = stock.select("persons_seen", "persons", "persons_end_lost").row(0)
    assert low <= told_ <= high <= told_ + stock["rows_end_lost"][0]
    assert low < told_
    by_age = commands.stock_counts(frames(run), GRANT, "cin", date(2026, 3, 31), ["age"])
    assert by_age["rows"].sum() == stock["rows"][0]
    some = run.table("record.journey_state")["person_id"][0]
    journey = commands.journey_of(frames(run), GRANT, some)
    assert journey["n"].to_list() == list(range(1, journey.height + 1))


def test_ages_come_from_exact_births(run, messy):
    """A child is as old on the day as its birthday says, though the record holds months only."""
    truth = dict(messy.truth("person").select("person_id", "birth").iter_rows())
    assert truth
    rows = run.table("record.episode").filter(pl.col("age_in").is_not_null())
    persons = dict(run.table("record.person").select("person_id", "birth_month").iter_rows())
    for person, day, age in rows.select("person_id", "valid_from", "age_in").iter_rows():
        month = persons[person]
        youngest = day.year - month.year - 1 - ((day.month, 1) < (month.month, 1))
        assert youngest <= age <= youngest + 1


def test_disagreements_of_sources_are_kept_and_settled_by_the_rule(run):
    conflicts = run.table("record.conflict")
    persons = run.table("record.person")
    for row in conflicts.filter(pl.col("attribute") == "sex").iter_rows(named=True):
        assert len(set(row["values"])) > 1
        assert persons.filter(pl.col("person_id") == row["person_id"])["sex"][0] == row["chosen"]


OTHERS = [
    "polars",
    pytest.param(
        "spark",
        marks=[
            pytest.mark.spark,
            pytest.mark.skipif(not find_spec("pyspark"), reason="the spark extra is not installed"),
        ],
    ),
]


@pytest.fixture(scope="module")
def on_duckdb(run):
    return told_by(run, "duckdb")


def told_by(run, name):
    """Every table that the record derives and that need measures, from the same rows, on one engine."""
    engine, found = make(name), {}
    known = {"engine": engine, "grant": GRANT, **run.known}
    for step in [*derived_steps(), *need.steps(run.known["place"])]:
        frames = [handed(run, engine, t) for t in step.reads]
        offered = {**known, **step.params}
        wanted = inspect.signature(step.function).parameters
        made = step.function(*frames, **{k: v for k, v in offered.items() if k in wanted})
        if isinstance(made, dict):
            found |= made
        elif isinstance(made, list):
            found |= {m.spec.id: m.frame for m in made}
        else:
            found[step.writes[0]] = made
    return found


def handed(run, engine, name):
    """What a run hands to a step for a table: a measured table as such, any other as a frame."""
    found = run._find(name)
    if found is not None and found[0].with_suffix(".json").exists():
        return read_measured(found[0])
    table = run.table(name)
    return None if table is None else engine.frame(table)


@pytest.mark.parametrize("other", OTHERS)
def test_every_engine_derives_and_measures_the_same(run, on_duckdb, other):
    """S10, record A1, need N19: rows of the record equal, figures of need equal to 1e-9, on three engines."""
    told = told_by(run, other)
    assert told.keys() == on_duckdb.keys() and len(told) > 30
    for name, frame in on_duckdb.items():
        if name.startswith("record."):
            assert told[name].equals(frame), name
            continue
        keys = [c for c, t in frame.schema.items() if t == pl.String]
        assert_frame_equal(told[name], frame, check_row_order=not keys, rel_tol=0, abs_tol=1e-9)


def test_collect_is_not_needed_to_see_a_schema():
    assert commands.schema("episode")["column"].to_list()[0] == "row_id"
    assert collect(make("polars").frame(commands.schema("event"))).height > 10
