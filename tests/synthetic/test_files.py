"""What a place writes: equal bytes for equal seeds, real formats, nothing real, bad input refused."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.core.identifiers import upn_check_letter, valid_nhs
from threecircles.definitions.place import load_place
from threecircles.sources.declared import source
from threecircles.synthetic import check, describe, make
from threecircles.synthetic.export.reference import outline
from threecircles.synthetic.marks import marked


def _hashes(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_equal_seeds_give_equal_bytes(hamlet, tmp_path):
    """A2."""
    assert _hashes(make("hamlet", tmp_path / "again", seed=3)) == _hashes(hamlet)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["borough", "county"])
def test_threads_never_change_a_byte(tmp_path, preset):
    """A2: a borough and a county, each with one and with four threads."""
    for threads in ("1", "4"):
        subprocess.run(
            [sys.executable, "-m", "threecircles", "synth", preset, "--out", str(tmp_path / threads)],
            check=True, capture_output=True, env={**os.environ, "POLARS_MAX_THREADS": threads},
        )  # fmt: skip
    assert _hashes(tmp_path / "1") == _hashes(tmp_path / "4")


def test_other_seeds_give_other_children(hamlet, tmp_path):
    """A2: seeds differ in more than 99% of person rows."""
    one = pl.read_parquet(hamlet / "truth" / "person.parquet").select(
        "forename", "surname", "birth"
    )
    two = pl.read_parquet(make("hamlet", tmp_path / "other", seed=4) / "truth" / "person.parquet")
    alike = one.join(two.select(one.columns), on=one.columns, how="semi").height
    assert alike / one.height < 0.01


def test_writing_one_return_alone_gives_the_same_bytes(hamlet, tmp_path):
    """A2: --only cin."""
    alone = make("hamlet", tmp_path / "cin", seed=3, only=["cin"])
    for name in ("cin_2026.xml", "cin_2025.xml"):
        assert (alone / "received" / name).read_bytes() == (hamlet / "received" / name).read_bytes()
    assert not (alone / "received" / "early_help_made-up-data.csv").exists()


def test_a_part_is_asked_for_by_its_name_or_its_first_words(tmp_path):
    """A2: --only early_help,two_year."""
    alone = make("hamlet", tmp_path / "some", seed=3, only=["early_help", "two_year"])
    assert {p.name.split("_made-up")[0] for p in (alone / "received").iterdir()} == {
        "early_help", "two_year_places_2026", "two_year_review_2026"
    }  # fmt: skip


def test_a_part_that_no_place_has_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such part") as refused:
        make("hamlet", tmp_path / "none", only=["cin", "early_hepl"])
    assert "early_help" in str(refused.value) and not (tmp_path / "none").exists()


def test_the_place_file_names_what_was_written(hamlet):
    place = load_place(hamlet)
    assert place.fictitious and place.year == 2026 and place.la_code == "E10900001"
    mapped = {d.source for d in place.deliveries}
    assert {"cin-census", "ssda903", "school-census", "survey-pupils", "s251-outturn"} <= mapped
    assert len(place.deliveries) >= 11
    assert set(place.reference) >= {
        "lsoa",
        "population",
        "deprivation",
        "postcodes",
        "schools",
        "wards",
    }


@pytest.mark.reference
@pytest.mark.parametrize("year", [2025, 2026])
def test_the_census_is_valid_against_the_official_schema(hamlet, reference_data, year):
    """A4: with errors too, since no case system sends what the schema refuses."""
    etree = pytest.importorskip("lxml.etree")
    schema = etree.XMLSchema(etree.parse(reference_data("returns/cin/CIN_schema_2026.xsd")))
    found = etree.parse(hamlet / "received" / f"cin_{year}.xml")
    assert schema.validate(found), schema.error_log


def test_the_looked_after_files_have_exactly_the_columns_of_the_year(hamlet):
    """A4."""
    names = {
        tuple(c.name for c in t.sent) for t in source("ssda903").tables if t.name not in ("DoLo",)
    }
    written = {
        tuple(p.read_text(encoding="utf-8").split("\n")[0].split(","))
        for p in (hamlet / "received" / "ssda903_2026").glob("*.csv")
    }
    assert written == names


def test_numbers_are_valid_and_can_be_no_living_childs(hamlet):
    """A11: NHS numbers of the 9 range, UPNs of the pseudo authorities 001 to 005, area codes EA to ED."""
    person = pl.read_parquet(hamlet / "truth" / "person.parquet")
    assert all(valid_nhs(n) and n.startswith("9") for n in person["nhs"])
    upns = [u for u in person["upn"] if u]
    assert all(
        upn_check_letter(u[1:]) == u[0] and u[1:4] in ("001", "002", "003", "004", "005")
        for u in upns
    )
    postcodes = pl.read_csv(hamlet / "reference" / "postcodes_made-up-data.csv")["postcode"]
    assert postcodes.str.slice(0, 2).is_in(["EA", "EB", "EC", "ED"]).all()
    assert postcodes.n_unique() == len(postcodes)


@pytest.mark.reference
def test_no_place_school_or_postcode_exists(borough, reference_data):
    """A11, against the lookups held."""
    lookup = pl.read_parquet(reference_data("lookups/lookup_lsoa21_ward24_ltla24.parquet"))
    known = {str(v) for column in lookup.columns for v in lookup[column].unique()}
    land = borough.land
    for made in (land.lsoa, land.lsoa_name, land.ward_code, land.ward_name, land.msoa_code):
        assert not known & set(made.tolist())
    schools = pl.read_parquet(reference_data("schools/gias_2025_05.parquet"))["urn"].cast(pl.String)
    assert not set(borough.schools.urn.astype(str).tolist()) & set(schools)
    for area in ("nr", "n", "nw", "m", "ph"):
        real = pl.read_parquet(reference_data(f"postcodes/codepoint_open_{area}.parquet"))[
            "postcode"
        ]
        assert not set(land.pc.tolist()) & set(real)


def test_neighbouring_areas_share_their_border_to_the_last_digit(hamlet):
    shapes = json.loads((hamlet / "reference" / "lsoa.geojson").read_text(encoding="utf-8"))
    ward = json.loads((hamlet / "reference" / "ward.geojson").read_text(encoding="utf-8"))
    corners = [{tuple(c) for c in f["geometry"]["coordinates"][0]} for f in shapes["features"]]
    assert len(corners[0] & corners[1]) == 2
    assert {tuple(c) for c in ward["features"][0]["geometry"]["coordinates"][0]} <= corners[
        0
    ] | corners[1]


def test_the_outline_of_two_squares_is_one_oblong():
    assert sorted(outline([(0, 1, 4, 3), (1, 2, 5, 4)])[0]) == [0, 1, 2, 3, 4, 5]
    assert len(outline([(0, 1, 4, 3), (1, 2, 5, 4)])) == 1


def test_a_place_is_described_on_one_screen(hamlet):
    """A12: the first line says that every person is made up."""
    text = describe(hamlet)
    assert text.startswith("Made-up data: every person")
    assert "Preset hamlet, seed 3" in text and "Errors planted" in text
    assert len(text.split("\n")) <= 40


def test_every_file_says_that_its_data_are_made_up(hamlet):
    """A12: inside where the format has room for it, else in the name of the file."""
    files = [p for part in ("received", "reference") for p in (hamlet / part).rglob("*") if p.is_file()]  # fmt: skip
    told = {".csv": 0, ".txt": 0, ".xml": 0, ".xlsx": 0, ".geojson": 0, ".yaml": 0}
    for path in files:
        told[path.suffix] += 1
        if path.suffix in (".csv", ".txt"):
            said = path.stem.endswith("_made-up-data")
        elif path.suffix == ".xlsx":
            said = b"made-up data" in zipfile.ZipFile(path).read("docProps/core.xml")
        else:
            said = "made-up data" in path.read_text(encoding="utf-8")[:600].casefold()
        assert said, path.name
    assert all(told.values()), told


def test_the_mark_is_put_once_and_leaves_patterns_alone():
    assert marked("received/early_help.csv") == "received/early_help_made-up-data.csv"
    assert marked(marked("a.txt")) == marked("a.txt") == "a_made-up-data.txt"
    assert [marked(n) for n in ("a/*.csv", "a/*", "cin.xml", "b.xlsx")] == ["a/*.csv", "a/*", "cin.xml", "b.xlsx"]  # fmt: skip


def test_a_place_is_marked_against_the_published_figures(hamlet):
    """A1: every fact names itself with target, figure, tolerance and verdict."""
    table = check(hamlet)
    assert table.columns[:7] == ["no", "label", "item", "target", "got", "tolerance", "verdict"]
    assert set(table["verdict"]) <= {"met", "by chance", "outside"}
    assert table["no"].n_unique() >= 50


@pytest.mark.parametrize(
    ("arguments", "word"),
    [({"preset": "countty"}, "did you mean county?"), ({"preset": "hamlet", "seed": -1}, "seed"),
     ({"preset": "hamlet", "year": 1999}, "2020 to 2035"), ({"preset": "hamlet", "errors": "some"}, "realistic")],
)  # fmt: skip
def test_bad_input_is_refused_and_nothing_is_written(tmp_path, arguments, word):
    """A13."""
    with pytest.raises(UsageError, match=word.replace("?", r"\?")):
        make(out=tmp_path / "place", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_profile_whose_shares_do_not_sum_to_one_names_file_and_key(tmp_path):
    """A13."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "people:\n  source: mine\n  family_size_shares: {'1': 0.5, '2': 0.2}\n", encoding="utf-8"
    )
    with pytest.raises(DefinitionError, match=r"own.yaml line 3.*people.family_size_shares"):
        make("hamlet", tmp_path / "place", profile=own)
    assert not (tmp_path / "place").exists()


def test_a_shipped_profile_is_laid_over_by_name_and_told(tmp_path):
    """A12, quality A20: every plan goes with a recorded disability, and `describe` says what was laid over."""
    own = Path("plans_recorded")
    place = make(
        "hamlet", tmp_path / "p", errors="none", profile=own, only=["cin", "school", "truth"]
    )
    assert "Laid over it: Every education, health and care plan" in describe(place)
    returns = place / "truth" / "returns"
    cin, school = (returns / name for name in ("cin_2026", "school_2026"))
    roll = pl.read_parquet(school / "pupilonroll.parquet").filter(pl.col("senprovision") == "E")
    known = pl.read_parquet(cin / "ChildIdentifiers.parquet").join(
        roll, left_on="UPN", right_on="upn"
    )
    told = pl.read_parquet(cin / "Disabilities.parquet").filter(
        pl.col("LAchildID").is_in(known["LAchildID"].to_list())
    )
    assert told.height and "NONE" not in told["Disability"].to_list()
    with pytest.raises(UsageError, match=r"did you mean plans_recorded\?"):
        make("hamlet", tmp_path / "other", profile=Path("plans_recordet"))


def test_a_profile_without_a_section_says_which_one_is_missing(tmp_path):
    """A13."""
    own = tmp_path / "own.yaml"
    own.write_text("people: {children: 10}\n", encoding="utf-8")
    assert make("hamlet", tmp_path / "place", profile=own, only=["place"]).exists()
    own.write_text("surprise: {children: 10}\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match="surprise has no source"):
        make("hamlet", tmp_path / "other", profile=own)


@pytest.mark.slow
def test_every_fact_of_the_county_holds(tmp_path):
    """A1, S4: at least 60 of the 71 facts are marked, and every figure of them is met."""
    table = check(make("county", tmp_path / "county"))
    assert table.filter(pl.col("verdict") != "met").is_empty()
    assert table["no"].n_unique() >= 60
