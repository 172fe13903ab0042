"""What a linkage says of itself: who is missed, how many links are wrong, what an incremental run keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from threecircles.core.workspace import open_workspace
from threecircles.identity import LinkRequest, link, link_tables
from threecircles.identity.benchmark import _source, benchmark
from threecircles.identity.by_group import record_groups
from threecircles.identity.empty_fields import emptier
from threecircles.identity.incremental import extended
from threecircles.identity.ladder import Ladder, climbed, prepared
from threecircles.identity.records import link_records
from threecircles.identity.review import export, sampled
from threecircles.identity.telling import report_text
from threecircles.synthetic.linkage import generate, write


@pytest.fixture(scope="module")
def made():
    return generate(2_500, seed=3)


def test_no_group_is_missed_by_more_than_a_point_where_errors_are_alike(made):
    """identity A5, plain benchmark; groups of some size, since a gap of a few pairs is chance."""
    gaps = benchmark(made.sources, made.truth).gaps
    assert gaps.filter(pl.col("pairs") >= 400)["gap"].max() <= 0.01


def _grouped(made):
    """The sources of a benchmark with the community of each child beside its record, and the request."""
    tables, sources = {}, []
    for name, table in made.sources.items():
        own = made.truth.filter(pl.col("source") == name).select("record_id", "community")
        tables[name] = table.join(own, on="record_id", how="left", maintain_order="left")
        sources.append(replace(_source(name, table), groups={"community": "community"}))
    return LinkRequest(sources=tuple(sources), fictitious=True), tables


@pytest.mark.parametrize("seed", [1, 2])
def test_the_group_with_three_times_the_missing_values_is_named(seed):
    """identity A5: the report names the right group, and no other one, from fields that are empty."""
    harder = generate(4_000, seed=seed, name="harder")
    records, _ = prepared(link_records(*_grouped(harder)), {})
    told = emptier(record_groups(Ladder(np.zeros(0), records, pl.DataFrame(), None, None)))
    assert [e.group for e in told if e.headline] == ["pakistani"]
    assert told[0].group == "pakistani" and told[0].low > 1.5


def test_no_group_is_named_where_values_are_missing_alike(made):
    records, _ = prepared(link_records(*_grouped(made)), {})
    told = emptier(record_groups(Ladder(np.zeros(0), records, pl.DataFrame(), None, None)))
    assert told and not [e for e in told if e.headline]


@pytest.mark.slow
def test_the_report_of_a_linkage_names_the_group_with_three_times_the_missing_values(tmp_path):
    """identity A5, from files to sentences, at 20,000 children."""
    harder = generate(20_000, seed=2, name="harder")
    _, tables = _grouped(harder)
    yaml = write(harder, tmp_path)
    for name, table in tables.items():
        table.write_parquet(tmp_path / f"{name}.parquet")
    lines = yaml.read_text().splitlines()
    carried = [f"{x}\n    groups: {{community: community}}" if "identifiers:" in x else x for x in lines]  # fmt: skip
    yaml.write_text("\n".join(carried) + "\n")
    link(yaml, tmp_path / "out", seed=1)
    text = report_text(tmp_path / "out", [])
    named = [line for line in text.splitlines() if line.startswith(("Missed more", "Fields are empty"))]  # fmt: skip
    assert [x for x in named if "community" in x] == [x for x in named if "pakistani" in x] != []


def _reviewed(made, folder):
    """A sample of a linkage, answered from the truth."""
    yaml = write(made, folder)
    result = link(yaml, folder / "out", seed=1)
    person = {
        f"{s}|{r}": p for s, r, p in made.truth.select("source", "record_id", "person").iter_rows()
    }
    chosen = sampled(result.ladder.edges, 600)
    export(result.ladder.records, chosen, folder / "r.csv")
    table = pl.read_csv(folder / "r.csv", infer_schema=False)
    told = [
        "same" if person[a] == person[b] else "different"
        for a, b in table.select("record_l", "record_r").iter_rows()
    ]
    table.with_columns(answer=pl.Series(told), reviewer=pl.lit("anna")).write_csv(folder / "r.csv")
    return result, person


def test_a_reader_learns_who_is_missed_how_many_links_are_wrong_and_what_it_does(made, tmp_path):
    """identity A14, as far as a machine can judge: the sentences are there, and precision is near truth."""
    result, person = _reviewed(made, tmp_path)
    text = report_text(tmp_path / "out", [tmp_path / "r.csv"])
    for said in (
        "Linked least:",
        "Expected wrong links:",
        "precision",
        "recall",
        "corrected by a factor",
        "join two children (from a reviewed sample)",
        "What it does to the three circles:",
    ):
        assert said in text
    edges = result.link_edge.filter(pl.col("band").is_in(["linked", "linked_doubtful"]))
    right = [
        person[f"{a}|{b}"] == person[f"{c}|{d}"]
        for a, b, c, d in edges.select("source_l", "record_l", "source_r", "record_r").iter_rows()
    ]
    from threecircles.identity.telling import estimate

    assert (
        abs(estimate(result.link_edge, [tmp_path / "r.csv"]).precision - sum(right) / len(right))
        < 0.01
    )


def test_new_records_give_what_a_full_linkage_gives_for_999_of_1000_and_nothing_new_changes_nothing(
    made,
):
    """identity A8"""
    request = LinkRequest(
        sources=tuple(_source(n, t) for n, t in made.sources.items()), fictitious=True
    )
    before = {n: t.head(int(len(t) * 0.97)) for n, t in made.sources.items()}
    old = climbed(link_records(request, before), 0.3)
    now = link_records(request, made.sources)
    grown, full = extended(old, now, 0.3), climbed(now, 0.3)
    table = pl.DataFrame({"rid": now["rid"], "a": grown.person, "b": full.person})
    members = table.with_columns(x=pl.col("rid").sort().implode().over("a", mapping_strategy="join"), y=pl.col("rid").sort().implode().over("b", mapping_strategy="join"))  # fmt: skip
    assert (members["x"] == members["y"]).mean() >= 0.999
    again = extended(grown, now, 0.3)
    assert (again.person == grown.person).all()


def test_no_name_birth_postcode_or_number_is_found_in_any_file_outside_or_inside_the_sealed_side(
    tmp_path, monkeypatch
):
    """identity A10: byte search over a workspace after a linkage and an answered review."""
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    spec = spec_from_file_location("review_place", Path(__file__).with_name("review_place.py"))
    place = module_from_spec(spec)
    spec.loader.exec_module(place)
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    folder = place.make(tmp_path / "w")
    from threecircles.identity.place import store

    opened = open_workspace(folder, "identity")
    kept = store.decided(
        store.load(opened),
        [
            store.Decision(
                record_l="care|1",
                record_r="school|1",
                answer="same",
                reason="",
                by="anna",
                at="2026-01-01",
            )
        ],
    )
    store.save(opened, kept)
    told = [
        v
        for t in place.lists().values()
        for c in place.FIELDS
        if c != "sex"
        for v in t[c].drop_nulls()
        if len(v) > 5
    ]
    files = [f for root in (folder, tmp_path / "tmp") for f in root.rglob("*") if f.is_file()]
    assert len(files) >= 4
    for file in files:
        data = file.read_bytes().lower()
        assert not [v for v in set(told) if v.lower().encode() in data], file.name


def test_an_error_of_a_file_never_tells_a_value(tmp_path):
    """identity A10: refusals name row and column, not what stands there."""
    (tmp_path / "a.csv").write_text("id,name,born\n1,Zephaniah,31/02/2014\n2,Obadiah,03/05/2099\n")
    (tmp_path / "S.yaml").write_text(
        "sources:\n  - {name: a, file: a.csv, record_id: id, first_name: name, date_of_birth: born}\n"
    )
    result = link(tmp_path / "S.yaml", tmp_path / "out")
    text = "\n".join(result.problems)
    assert "a.csv, row 1, column born" in text
    assert not any(v in text for v in ("Zephaniah", "31/02", "2099"))


def test_answers_given_by_hand_stand_above_every_score(made, tmp_path):
    """identity 5: must-link and cannot-link outlive re-linking."""
    request = LinkRequest(
        sources=tuple(_source(n, t.head(300)) for n, t in made.sources.items()), fictitious=True
    )
    tables = {n: t.head(300) for n, t in made.sources.items()}
    first = link_tables(request, tables, seed=1)
    edge = first.link_edge.filter(
        (pl.col("band") == "linked") & (pl.col("source_l") != pl.col("source_r"))
    ).row(0, named=True)
    from threecircles.identity.review import Answered

    names = f"{edge['source_l']}|{edge['record_l']}", f"{edge['source_r']}|{edge['record_r']}"
    apart = link_tables(
        request, tables, seed=1, answers=[Answered(*names, "different", "", "anna", "")]
    )
    held = dict(
        apart.person_record.select(
            pl.col("source") + "|" + pl.col("record_id"), "person_id"
        ).iter_rows()
    )
    assert held[names[0]] != held[names[1]]
