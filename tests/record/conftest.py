"""Spec tests of the record: a small table in, an expected table out, on every engine."""

from datetime import date
from functools import cached_property, partial
from importlib.util import find_spec

import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make

NAMES = [
    "duckdb",
    "polars",
    pytest.param(
        "spark",
        marks=[
            pytest.mark.spark,
            pytest.mark.skipif(not find_spec("pyspark"), reason="the spark extra is not installed"),
        ],
    ),
]


@pytest.fixture(params=NAMES, scope="session")
def engine(request):
    """Each engine in turn."""
    return make(request.param)


def _value(text, name):
    if not text:
        return None
    if name.endswith(("_from", "_to", "_on", "_date")):
        return date.fromisoformat(text)
    return int(text) if text.lstrip("-").isdigit() else text


@pytest.fixture(scope="session")
def table():
    """A table from text: names in the first line, cells between bars, an empty cell is null."""

    def read(text, **types):
        lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
        names, rows = lines[0], lines[1:]
        columns = {n: [_value(row[i], n) for row in rows] for i, n in enumerate(names)}
        dates = {n: pl.Date for n in names if n.endswith(("_from", "_to", "_on", "_date"))}
        return pl.DataFrame(columns, schema_overrides={**dates, **types})

    return read


@pytest.fixture(scope="session")
def rows():
    """The rows of a result, in the columns asked for, sorted by them."""

    def told(frame, *columns):
        return collect(frame.select(*columns), columns).rows()

    return told


SOURCES = ("cin-census", "ssda903", "school-census", "early-help", "youth-justice")
YOUNG = ("eyfs-profile", "two-year-review", "speech-language-therapy", "attendance-at-provision")
"""Sources that only some tests read."""


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """A made-up place with a perfect linkage: its folder, the record's tables and the truth."""
    from threecircles.synthetic import make

    def build(preset, errors, seed=1):
        folder = tmp_path_factory.mktemp(preset) / "place"
        make(preset, folder, seed=seed, errors=errors)
        return Made(folder)

    return build


class Made:
    """A made-up place read, mapped and put together, every record pointed at its true person."""

    def __init__(self, folder):
        from threecircles.definitions.place import load_place

        self.folder, self.place = folder, load_place(folder)

    @cached_property
    def pointers(self):
        profile = self.truth("person").select(
            source=pl.lit("eyfs-profile"),
            file=pl.lit("eyfs_2026"),
            local_id="upn",
            person_id="person_id",
        )  # the profile has no key of its own: it names children by their pupil number
        known = pl.concat([self.truth("identity"), profile], how="diagonal").filter(
            pl.col("source").is_in((*SOURCES, *YOUNG)) & (pl.col("local_id") != "")
        )
        opaque = pl.concat_str("source", "local_id", separator="|").hash(seed=7)
        return known.select(
            delivery="file",
            source_id="source",
            source_key="local_id",
            source_record_id=opaque.cast(pl.String),
            person_id="person_id",
        ).unique(["delivery", "source_key"], keep="first", maintain_order=True)

    @cached_property
    def received(self):
        return {s: self.deliveries(s) for s in SOURCES}

    @cached_property
    def parts(self):
        found = {}
        for source in SOURCES:
            for name, frame in self.build(source).items():
                found.setdefault(name, {})[source] = frame
        return found

    def truth(self, name):
        return pl.read_parquet(self.folder / "truth" / f"{name}.parquet")

    def deliveries(self, source):
        """What the place received of a source, read."""
        from threecircles.record.build import Received, extract_of
        from threecircles.record.mapping.load import mapping_for
        from threecircles.sources import read

        found = []
        for delivery in self.place.of(source):
            reading = read(delivery.files, return_name=source, year=delivery.year)
            extract = extract_of(self.place, delivery, mapping_for(source, delivery.year))
            found.append(Received(extract, reading.tables, reading.files))
        return found

    def build(self, source, received=None):
        from threecircles.record.build import build_source
        from threecircles.record.tokens import token_ids

        given = received or self.received.get(source) or self.deliveries(source)
        return build_source(
            source, given, self.pointers, opaque=partial(token_ids, self.place, None)
        )

    def table(self, name, pointers=None):
        from threecircles.record.assemble import assemble

        return assemble(name, self.parts[name], self.pointers if pointers is None else pointers)

    @cached_property
    def young(self):
        """The tables that the sources of early years and open places make, by name."""
        from threecircles.record.assemble import assemble

        found = {}
        for source in YOUNG:
            for name, frame in self.build(source).items():
                found.setdefault(name, {})[source] = frame
        names = ("episode", "event", "measure", "organisation", "provision")
        return {n: assemble(n, found[n], self.pointers) for n in names if n in found}


@pytest.fixture(scope="session")
def hamlet(made_up):
    """The hamlet without errors."""
    return made_up("hamlet", "none")


@pytest.fixture(scope="session")
def messy(made_up):
    """The hamlet with the errors that returns have."""
    return made_up("hamlet", "realistic")
