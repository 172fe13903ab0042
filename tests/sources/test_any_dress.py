"""The same return in any dress gives the same tables (quality A4), and nothing a file holds breaks a read (A6)."""

from __future__ import annotations

import codecs
import random
import time

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from threecircles.sources import read, source, write_903

from .samples import (
    EPISODES,
    HEADER,
    REVIEWS,
    child,
    cin_xml,
    conserved,
    packed,
    plain,
    workbook,
    write,
)

FILES = {"Header": HEADER, "Episodes": EPISODES, "Reviews": REVIEWS}


def dressed(text, seed):
    """Columns shuffled, lower-cased, one more column."""
    rows = [line.split(",") for line in text.strip().split("\n")]
    order = list(range(len(rows[0])))
    random.Random(seed).shuffle(order)
    return [
        [(row[i].lower() if n == 0 else row[i]) for i in order]
        + (["team"] if n == 0 else [f"T{n}"])
        for n, row in enumerate(rows)
    ]


def as_text(rows, delimiter=",", ending="\n"):
    return ending.join(delimiter.join(row) for row in rows) + ending


DRESSES = {
    "UTF-16 with mark": lambda rows: as_text(rows).encode("utf-16"),
    "UTF-8 with mark": lambda rows: codecs.BOM_UTF8 + as_text(rows).encode(),
    "Windows-1252": lambda rows: as_text(rows).encode("cp1252"),
    "CRLF": lambda rows: as_text(rows, ending="\r\n").encode(),
    "semicolons": lambda rows: as_text(rows, ";").encode(),
}


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp("straight")
    return {
        k: plain(v)
        for k, v in read([write(folder, f"{n}.csv", t) for n, t in FILES.items()]).tables.items()
    }


@pytest.mark.parametrize("dress", DRESSES)
def test_every_file_renamed_shuffled_and_dressed_gives_the_same_tables(tmp_path, straight, dress):
    """A4 (quality)."""
    paths = [
        write(tmp_path, f"{i}.dat", DRESSES[dress](dressed(t, i)))
        for i, t in enumerate(FILES.values())
    ]
    reading = read(paths)
    assert {k: plain(v) for k, v in reading.tables.items()} == straight
    assert set(reading.extra["column"]) == {"team"} and conserved(reading)


def test_a_workbook_of_all_tables_gives_the_same_tables(tmp_path, straight):
    """A4 (quality)."""
    sheets = {f"Sheet{i}": dressed(t, i) for i, t in enumerate(FILES.values())}
    reading = read(workbook(tmp_path / "all.xlsx", sheets))
    assert {k: plain(v) for k, v in reading.tables.items()} == straight


def test_a_zip_of_all_tables_gives_the_same_tables(tmp_path, straight):
    """A4 (quality)."""
    members = {f"{i}.x": as_text(dressed(t, i)) for i, t in enumerate(FILES.values())}
    reading = read(write(tmp_path, "a.zip", packed(members)))
    assert {k: plain(v) for k, v in reading.tables.items()} == straight


def test_the_order_of_files_does_not_matter(tmp_path, straight):
    paths = [write(tmp_path, f"{n}.csv", t) for n, t in FILES.items()]
    assert {k: plain(v) for k, v in read(paths[::-1]).tables.items()} == straight


# Nothing a file holds breaks a read


def unharmed(path):
    reading = read(path)
    assert conserved(reading)
    assert reading.tables or reading.refused
    for problem in reading.refused:
        assert problem.where and problem.what
    return reading


XML = cin_xml(
    *(
        child(i, "<Section47><S47ActualStartDate>2025-06-06</S47ActualStartDate></Section47>")
        for i in range(1, 9)
    )
)
CSV = EPISODES + 'C3,03/06/2025,S,V2,N1,K2,PR4,,,,"EA1\n1AA",EA1 1AC,"SC""2"\n'


@pytest.mark.parametrize("end", range(1, len(XML), 97))
def test_xml_cut_anywhere_loses_no_whole_child(tmp_path, end):
    """A6 (quality): truncation at every 97th byte."""
    reading = unharmed(write(tmp_path, "a.xml", XML[:end]))
    whole = XML[:end].count("</Child>")
    found = reading.tables.get("ChildIdentifiers")
    assert (0 if found is None else found.height) == whole


@pytest.mark.parametrize("end", range(0, len(CSV), 31))
def test_csv_cut_anywhere_is_read_or_told(tmp_path, end):
    """A6 (quality)."""
    unharmed(write(tmp_path, "a.csv", CSV[:end]))


@pytest.mark.parametrize("seed", range(60))
def test_bytes_flipped_at_random_are_read_or_told(tmp_path, seed):
    """A6 (quality)."""
    rng = random.Random(seed)
    data = bytearray((XML if seed % 2 else CSV).encode())
    for _ in range(rng.randrange(1, 12)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    unharmed(write(tmp_path, "a.dat", bytes(data)))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_told(tmp_path, data):
    """A6 (quality)."""
    unharmed(write(tmp_path, "a.bin", data))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=2000), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "latin-1"]))
def test_any_text_under_a_good_heading_keeps_every_line(tmp_path, text, encoding):
    """A6 (quality)."""
    data = (REVIEWS + text).encode(encoding, "replace")
    reading = unharmed(write(tmp_path, "a.csv", data))
    assert encoding == "utf-16-le" or "Reviews" in reading.tables


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.fixed_dictionaries({
    "CHILD": st.text("abcXYZ019 &<>é", min_size=1, max_size=8).filter(lambda s: s.strip()),
    "REVIEW": st.one_of(st.none(), st.dates()),
    "REVIEW_CODE": st.sampled_from(["PN1", None, "zz"]),
}), max_size=20))  # fmt: skip
def test_what_is_written_is_read_again(tmp_path, rows):
    (path,) = write_903({"Reviews": rows}, tmp_path)
    reading = read(path, return_name="903")
    kept = [r for r in rows if any(v is not None for v in r.values())]
    assert reading.tables["Reviews"].height == len(kept)
    assert reading.tables["Reviews"]["REVIEW__date"].to_list() == [r["REVIEW"] for r in kept]


def test_bombs_are_refused_in_under_a_second(tmp_path):
    """A6 (quality)."""
    bomb = packed({"a.csv": b"0" * 50_000_000})
    entity = (
        '<!DOCTYPE m [<!ENTITY a "' + "a" * 1000 + '">]><Message>' + "&a;" * 1000 + "</Message>"
    )
    paths = [write(tmp_path, "a.zip", bomb), write(tmp_path, "a.xml", entity)]
    source("cin-census")
    start = time.perf_counter()
    reading = read(paths, return_name="cin")
    assert time.perf_counter() - start < 1 and len(reading.refused) == 2 and not reading.tables


def test_reading_leaves_the_files_as_they_were(tmp_path):
    path = write(tmp_path, "a.csv", CSV)
    before = path.read_bytes()
    read(path)
    assert path.read_bytes() == before and isinstance(read(path).tables["Episodes"], pl.DataFrame)


def test_a_byte_that_is_no_letter_is_told_in_letters(tmp_path):
    """A6 (quality): found by the fuzz: the heading named in the message could not be written."""
    unharmed(write(tmp_path, "a.bin", b"\x8d"))
