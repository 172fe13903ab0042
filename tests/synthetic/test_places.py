"""Several places side by side: one person is one person everywhere, one budget one budget, each place sound (A21)."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from tests.synthetic.test_errors import _as_text, _found
from tests.synthetic.test_structure import _keeps_the_rules

from threecircles.core.errors import UsageError
from threecircles.definitions.place import load_place
from threecircles.funding.ledger import load_mapping, read_ledger
from threecircles.funding.partners import ledgers_of, partners_lines
from threecircles.funding.terms import pooled
from threecircles.sources.declared import source
from threecircles.synthetic import check, describe, make, make_places, places_of
from threecircles.synthetic.errors.log import restore
from threecircles.synthetic.geography import in_pocket, make_land
from threecircles.synthetic.make import written_tables
from threecircles.synthetic.places import build_worlds
from threecircles.synthetic.places.build import _local
from threecircles.synthetic.places.write import place_tables
from threecircles.synthetic.profile import HOME, load_profile

NAMES = ["hamlet-1", "hamlet-2", "hamlet-3"]
ONE_PERSON = ("birth", "sex", "forename", "surname", "ethnic_group", "nhs", "upn", "family_id", "multiple_birth")  # fmt: skip


@pytest.fixture(scope="module")
def trio(tmp_path_factory):
    """Three adjoining hamlets as files."""
    return make_places("hamlet", tmp_path_factory.mktemp("trio") / "t", 3, seed=4)


@pytest.fixture(scope="module")
def places():
    """The same three as worlds."""
    return build_worlds(load_profile("hamlet", HOME / "adjoining.yaml"), 4, 2026, 3)


def truth(folder, name):
    return pl.read_parquet(folder / "truth" / f"{name}.parquet")


def persons(trio):
    return {name: truth(trio / name, "person") for name in NAMES}


def test_each_place_is_a_folder_that_loads_with_codes_of_its_own(trio):
    """A21: three folders, no code of one in another, none of a place that exists."""
    told = [load_place(trio / name) for name in NAMES]
    assert [p.id for p in told] == NAMES
    assert len({p.la_code for p in told}) == len({p.dfe_number for p in told}) == 3
    assert [p.label for p in told] == [f"Made-up hamlet {k}" for k in (1, 2, 3)]
    for file, column in (("lsoa_lookup", "LSOA21CD"), ("lsoa_lookup", "WD24CD"), ("lsoa_lookup", "MSOA21CD"),
                         ("schools", "URN"), ("schools", "LAESTAB"), ("providers", "URN")):  # fmt: skip
        codes = [
            set(
                pl.read_csv(
                    trio / n / "reference" / f"{file}_made-up-data.csv", infer_schema=False
                )[column]
            )
            for n in NAMES
        ]
        assert not any(a & b for k, a in enumerate(codes) for b in codes[:k]), column
        assert all(codes)


def test_a_postcode_is_in_the_same_place_for_everybody(trio):
    """A21: what lies across a border is told with its own authority, and at one spot."""
    frames = [pl.read_csv(trio / n / "reference" / "postcodes_made-up-data.csv") for n in NAMES]
    for frame in frames:
        assert frame["postcode"].n_unique() == frame.height
    together = pl.concat(frames).group_by("postcode").agg(
        pl.col("easting", "northing", "la_code").n_unique(), n=pl.len()
    )  # fmt: skip
    assert (together.select(pl.max_horizontal("easting", "northing", "la_code")).to_series() == 1).all()  # fmt: skip
    assert (together["n"] == 3).sum() > 50


def test_neighbours_share_their_border_without_a_gap(trio):
    """A21: the eastern edge of one place is the western edge of the next, to the last digit."""
    edges = []
    for name in NAMES:
        shapes = json.loads((trio / name / "reference" / "lsoa.geojson").read_text("utf-8"))
        x = [c[0] for f in shapes["features"] for c in f["geometry"]["coordinates"][0]]
        edges.append((min(x), max(x)))
    assert all(a[1] == b[0] for a, b in pairwise(edges))
    border = truth(trio, "border")
    for pair, mine in border.group_by("place", "other_place"):
        assert abs(mine["metres"].sum() - 3000) <= mine.height, pair


def test_a_child_in_two_places_records_is_one_person_in_truth(trio):
    """A21: whoever stands in two places' files has one id, one name, one number; nobody else shares a number."""
    told = persons(trio)
    seen = {}
    for name in NAMES:
        ids = truth(trio / name, "identity")["person_id"].unique().to_list()
        assert set(ids) <= set(told[name]["person_id"])
        for person in ids:
            seen.setdefault(person, set()).add(name)
    both = {p for p, where in seen.items() if len(where) > 1}
    assert len(both) >= 5
    assert both <= set(truth(trio, "crossing").filter(pl.col("kind") != "placed")["person_id"])
    everyone = pl.concat([t.select("person_id", *ONE_PERSON) for t in told.values()])
    distinct = everyone.unique()
    assert distinct["person_id"].n_unique() == distinct.height, "one person told in two ways"
    for number in ("nhs", "upn"):
        held = distinct.filter(pl.col(number) != "")
        assert held[number].n_unique() == held.height, f"two persons with one {number}"
    assert distinct.height < everyone.height


def test_who_moved_lives_first_in_one_place_and_then_in_the_other(trio):
    """A21: no child lives in two places on a day, and a family that moved has one history of homes."""
    told = persons(trio)
    moved = truth(trio, "crossing").filter(pl.col("kind") == "moved")
    assert (
        moved.height >= 20 and moved["from_place"].n_unique() == moved["to_place"].n_unique() == 3
    )
    for row in moved.iter_rows(named=True):
        there, here = (
            told[row[k]].row(by_predicate=pl.col("person_id") == row["person_id"], named=True)
            for k in ("from_place", "to_place")
        )
        assert there["left"] == here["arrived"] == row["since"]
        assert not there["resident"]
        homes = [
            truth(trio / row[k], "residence").filter(pl.col("family_id") == here["family_id"])
            .select("start", "stop", "postcode", "uprn").sort("start", nulls_last=False)
            for k in ("from_place", "to_place")
        ]  # fmt: skip
        assert homes[0].equals(homes[1])
    residents = pl.concat([t.filter("resident") for t in told.values()])
    assert residents["person_id"].n_unique() == residents.height


def test_need_is_one_history_across_the_move(places):
    """A21: a child brings its latents and its family's states along."""
    seen = 0
    for move in places.moves:
        a, b = places.worlds[move.origin], places.worlds[move.goal]
        here = np.flatnonzero(
            np.isin(b.people.family, move.here) & np.isin(b.ids.person_id, a.ids.person_id)
        )
        there = np.array([np.flatnonzero(a.ids.person_id == b.ids.person_id[i])[0] for i in here], dtype=int)  # fmt: skip
        assert np.array_equal(b.need.eta[:, here], a.need.eta[:, there])
        assert np.array_equal(b.need.states[:, here], a.need.states[:, there])
        seen += len(here)
        for family in move.here:
            states = b.need.states[:, b.people.family == family, :7]
            assert (states == states[:, :1]).all(), "siblings with two families' troubles"
    assert seen >= 20


def test_a_pupil_is_on_one_roll_and_the_roll_is_where_the_crossing_says(trio):
    """A21: pupils who cross are in the census of the other place with their own home's postcode."""
    told = persons(trio)
    rolls = {n: set(t.filter(pl.col("urn") != "")["person_id"]) for n, t in told.items()}
    assert not any(rolls[a] & rolls[b] for k, a in enumerate(NAMES) for b in NAMES[:k])
    crossed = truth(trio, "crossing").filter(pl.col("kind") == "school")
    assert crossed.height >= 3
    for row in crossed.iter_rows(named=True):
        assert row["person_id"] in rolls[row["to_place"]]
        home, school = (
            told[row[k]].row(by_predicate=pl.col("person_id") == row["person_id"], named=True)
            for k in ("from_place", "to_place")
        )
        assert home["resident"] and not school["resident"]
        assert home["postcode"] == school["postcode"] and home["lsoa21"] and not school["lsoa21"]
        sent = truth(trio / row["to_place"], "identity").filter(
            (pl.col("source") == "school-census") & (pl.col("person_id") == row["person_id"])
        )
        assert sent.height >= 1


def books(trio, name):
    """All spending lines of a place's books: the council's own ledger and its partners' ledgers."""
    place = load_place(trio / name)
    mapping = load_mapping(
        trio / name / "received" / "partners" / "joint_pool_2026_made-up-data.yaml"
    )
    own = replace(mapping, id="own", label="own", agencies={})
    council, broken = read_ledger(
        trio / name / "received" / "ledger_2026_made-up-data.csv",
        own,
        la_code=place.la_code,
        year=2026,
    )
    assert broken.is_empty()
    partners = partners_lines(ledgers_of(place), place.la_code, 2026)
    return pl.concat([council, *partners.values()])


def test_the_pooled_budget_counted_once_equals_the_sum_of_contributions(trio):
    """A21: each place's books hold the whole pool; all books together hold it three times, and it is there once."""
    pool = truth(trio, "pool")
    total = int(pool["pounds"].sum()) * 100
    assert pool.height == 3 and (pool["pounds"] > 0).all()
    every = []
    for name in NAMES:
        lines = books(trio, name).filter(pl.col("pool_id") == "joint-pool")
        assert pooled(lines)[0]["pence"].to_list() == [total]
        every.append(lines)
    together = pl.concat(every)
    assert together["net_pence"].sum() == 3 * total
    once = together.filter(pl.col("spend_id").str.contains("-own-"))
    assert once["net_pence"].sum() == total
    assert dict(once.select("la_code", pl.col("net_pence") // 100).iter_rows()) == dict(
        pool.select("la_code", "pounds").iter_rows()
    )


def test_one_study_has_an_equal_core_and_own_bolt_ons(trio):
    """A21: the same core everywhere, three items of each place's own, answered where the form was completed."""
    core = [c.name for c in source("survey-pupils").tables[0].sent]
    own, codes = [], set()
    for name in NAMES:
        survey = pl.read_csv(
            trio / name / "received" / "survey_pupils_2026_made-up-data.csv", infer_schema=False
        )
        items = pl.read_csv(trio / name / "reference" / "survey_items_made-up-data.csv")
        shared = items.filter(pl.col("part") == "core")["item"].to_list()
        more = items.filter(pl.col("part") == "bolt-on")["item"].to_list()
        assert set(shared) <= set(core) and survey.columns[-3:] == more
        assert [c for c in survey.columns if c in shared] == shared
        done = pl.col("status") == "completed"
        assert survey.filter(~done).select(pl.col(more).is_null().all()).row(0) == (True,) * 3
        assert survey.filter(done)[more[0]].drop_nulls().is_in(list("12345")).all()
        assert not codes & set(survey["code"])
        codes |= set(survey["code"])
        own.append((items["study"].unique().item(), tuple(shared), tuple(more)))
    assert len({(study, shared) for study, shared, _ in own}) == 1
    assert len({more for *_, more in own}) == 3


def test_two_runs_give_equal_bytes_and_the_manifest_names_every_file(trio, tmp_path):
    """A21 and A2."""
    again = make_places("hamlet", tmp_path / "again", 3, seed=4)
    assert (again / "manifest.json").read_bytes() == (trio / "manifest.json").read_bytes()
    told = json.loads((trio / "manifest.json").read_text("utf-8"))
    written = {p.relative_to(trio).as_posix() for p in trio.rglob("*") if p.is_file()}
    assert set(told["files"]) == written - {"manifest.json"}
    assert told["places"] == NAMES and [p.name for p in places_of(trio)] == NAMES


def test_other_seeds_give_other_children_in_every_place(trio, tmp_path):
    """A21 and A2: more than 99% of rows differ, as for a place alone."""
    other = make_places("hamlet", tmp_path / "o", 3, seed=5, only=["truth"])
    for name in NAMES:
        columns = ["forename", "surname", "birth"]
        one, two = (truth(f / name, "person").select(columns) for f in (trio, other))
        assert one.join(two, on=columns, how="semi").height / one.height < 0.01


def test_one_return_alone_has_the_bytes_of_the_whole(trio, tmp_path):
    """A21 and A2: --only cin."""
    alone = make_places("hamlet", tmp_path / "cin", 3, seed=4, only=["cin"])
    for name in NAMES:
        file = f"{name}/received/cin_2026.xml"
        assert (alone / file).read_bytes() == (trio / file).read_bytes()
    assert not (alone / "hamlet-1" / "received" / "early_help_made-up-data.csv").exists()


def test_each_place_is_marked_against_the_published_figures(trio):
    """A21 and A1: the marks of every place, on a hamlet's small numbers."""
    for folder in places_of(trio):
        table = check(folder)
        assert table["no"].n_unique() >= 50
        assert set(table["verdict"]) <= {"met", "by chance", "outside"}


@pytest.mark.reference
def test_each_census_is_valid_against_the_official_schema(trio, reference_data):
    """A21 and A4."""
    etree = pytest.importorskip("lxml.etree")
    schema = etree.XMLSchema(etree.parse(reference_data("returns/cin/CIN_schema_2026.xsd")))
    for name in NAMES:
        found = etree.parse(trio / name / "received" / "cin_2026.xml")
        assert schema.validate(found), schema.error_log


def sound(places, world):
    """A5, A6 and A7 of one place: rules silent without errors, every error can be taken back, the world is whole."""
    clean = place_tables(world, places)
    for name, year in (("cin", 2026), ("903", 2026)):
        found, whole, _, ran = _found(world, clean, name, year)
        flagged = world.profile["expected"]["sound_returns_flagged"]
        assert {f for f in found if f[0] not in flagged} == set() and whole == set()
        assert len(ran) > 100
    spoilt, register, _ = written_tables(world, clean, "realistic")
    assert register.height > 20
    for delivery, own in spoilt.items():
        back = restore(_as_text(own), register.filter(pl.col("file") == delivery))
        for table, frame in _as_text(clean[delivery]).items():
            assert back[table].equals(frame), f"{delivery} {table}"
    _keeps_the_rules(world)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_place_passes_what_a_place_alone_must_pass(places, number):
    """A21: rules (A5), errors taken back (A6) and structure (A7) of each of the three."""
    sound(places, places.worlds[number])


def test_a_pocket_of_need_lies_on_both_sides_of_a_border():
    """A21: small areas around the pocket are poorer than the rest of their borough, in both boroughs."""
    profile = load_profile("borough", HOME / "adjoining.yaml")
    side = profile["land"]["side_km"] * 1000.0
    for seed in (1, 2, 3):
        pockets = np.array([0.5 * side])
        for number in (0, 1):
            own = replace(profile, number=number)
            land = make_land(own, seed + number, _local(pockets, number, 2, side))
            near = in_pocket(land.corners, land.cells, side, pockets[0], 0.16 * side)
            assert near and (land.d[near] > 1).all()


def test_the_whole_is_described_and_each_place_too(trio):
    """A21 and A12: the first line says that all is made up; who crosses, and the pool."""
    text = describe(trio)
    assert text.startswith("Made-up data: every person")
    assert all(word in text for word in ("hamlet-1", "hamlet-3", "moved", "joint-pool"))
    assert len(text.split("\n")) <= 30
    assert describe(trio / "hamlet-2").startswith("Made-up data")


@pytest.mark.parametrize(
    ("preset", "number", "word"),
    [("county", 3, "borough"), ("borough", 1, "2 to 4"), ("borough", 9, "2 to 4")],
)
def test_what_cannot_lie_side_by_side_is_refused_and_nothing_written(
    tmp_path, preset, number, word
):
    """A21 and A13."""
    with pytest.raises(UsageError) as told:
        make_places(preset, tmp_path / "p", number)
    assert word in str(told.value.allowed)
    assert list(tmp_path.iterdir()) == []


def test_a_place_alone_knows_nothing_of_others(hamlet):
    """A21: without --places no table, item or budget of a set of places is written."""
    assert not (hamlet / "truth" / "crossing.parquet").exists()
    assert not (hamlet / "reference" / "survey_items_made-up-data.csv").exists()
    assert "joint" not in (hamlet / "received" / "ledger_2026_made-up-data.csv").read_text("utf-8")


@pytest.mark.slow
def test_three_boroughs_pass_what_a_borough_alone_must_pass(tmp_path):
    """A21: A1 to A7 of each of three boroughs, the pockets of need, and equal bytes."""
    folder = make_places("borough", tmp_path / "b", 3)
    for place in places_of(folder):
        table = check(place)
        alone = check(make("borough", tmp_path / "alone", seed=load_place(place).seed))
        outside = table.filter(pl.col("verdict") == "outside")
        assert outside.height <= max(alone.filter(pl.col("verdict") == "outside").height, 2), (
            outside
        )
        assert table["no"].n_unique() >= 60
    pockets = truth(folder, "straddling_need")
    assert (pockets["share"] > pockets["place_share"]).all() and pockets.height == 4
    places = build_worlds(load_profile("borough", HOME / "adjoining.yaml"), 1, 2026, 3)
    for world in places.worlds:
        sound(places, world)
    again = make_places("borough", tmp_path / "again", 3)
    assert (again / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()
