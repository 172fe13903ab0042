"""Travel time by the place's own table in place of straight lines (need 3a)."""

from dataclasses import replace as changed
from datetime import date

import numpy as np
import polars as pl
import pytest
from tests.need.test_reach import HEADS, REPORTED

from threecircles.core.errors import UsageError
from threecircles.definitions.place import Place
from threecircles.need.reach import reach_definition, reach_table
from threecircles.need.travel import Bands, mean_far, quickest, travel_times, ways_of
from threecircles.report.context import Context
from threecircles.report.pages import reach
from threecircles.report.released import released

# A river lies between A and the place in B: 1 km as the crow flies, 50 minutes by bus.
MIDDLES = pl.DataFrame(
    {"lsoa21": ["A", "B", "C"], "x": [0.0, 1000.0, 9000.0], "y": [0.0, 0.0, 0.0], "radius": [300.0, 300.0, 300.0]}
)  # fmt: skip
TIMES = """origin,destination,mode,minutes
A,B,bus,50
A,B,walk,65
A,far,bus,20
B,B,walk,8
C,B,bus,35
C,A,bus,30
D,E,bus,5
"""
PLACES = pl.DataFrame({"org_id": ["hub", "far"], "lsoa21": ["B", "Z"]})
TOLD = reach_definition()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "travel_times.csv"
    path.write_text(TIMES, encoding="utf-8")
    return path


def place(folder, **reference):
    return Place(folder, "x", "X", "E1", "", True, 1, 2026, (), reference, {})


def ways(folder, **reference):
    return ways_of(place(folder, **reference), TOLD.bands_km, TOLD.bands_minutes, TOLD.travel_mode)


def test_a_table_of_travel_times_takes_the_place_of_straight_lines(tmp_path, file):
    """need 3a: minutes by the quickest way to the nearest open place, named as an area or as itself."""
    by_clock = ways(tmp_path, travel_times=file)
    found = {r["lsoa21"]: (r["org_id"], r["far"]) for r in by_clock.nearest(PLACES).to_dicts()}
    assert found == {
        "A": ("far", 20.0), "B": ("hub", 8.0), "C": ("hub", 35.0), "D": (None, float("inf")),
    }  # fmt: skip
    assert by_clock.by_band(by_clock.nearest(PLACES)) == {
        "A": "15-30", "B": "0-15", "C": "30-60", "D": "60+",
    }  # fmt: skip
    assert by_clock.bands.label == "Travel time to the nearest open place"
    assert by_clock.bands.labels == {
        "0-15": "0 to 15 minutes", "15-30": "15 to 30 minutes", "30-60": "30 to 60 minutes",
        "60+": "Beyond 60 minutes",
    }  # fmt: skip
    assert "by bus or walk" in by_clock.bands.said
    assert set(mean_far(by_clock.nearest(PLACES))) == {"A", "B", "C"}


def test_without_such_a_table_lines_are_straight_and_the_page_says_so(tmp_path):
    flat = changed(ways(tmp_path), areas=MIDDLES)
    found = flat.nearest(PLACES)
    assert found["far"].to_list() == [1.0, 0.3, 8.0]
    assert flat.by_band(found) == {"A": "1-3", "B": "0-1", "C": "8+"}
    assert flat.bands == Bands() and "straight line" in flat.bands.said


def test_one_mode_can_be_asked_for(file):
    walked, modes = travel_times(file, "walk")
    assert modes == ["walk"]
    assert dict(walked.select("lsoa21", "minutes").iter_rows()) == {"A": 65.0, "B": 8.0}
    assert quickest(walked, PLACES)["far"].to_list() == [65.0, 8.0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("origin,destination,minutes\nA,B,5\n", "mode"),
        ("origin,destination,mode,minutes\nA,B,bus,5\nA,C,bus,soon\n", "row 3, column minutes"),
        ("origin,destination,mode,minutes\nA,B,bus,-1\n", "row 2, column minutes"),
    ],
)
def test_a_faulty_table_is_refused_with_its_row_and_column(tmp_path, text, told):
    path = tmp_path / "travel_times.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        travel_times(path)


def test_a_mode_that_the_table_lacks_is_refused(file):
    with pytest.raises(UsageError, match="mode asked for"):
        travel_times(file, "tram")


def test_the_page_of_reach_speaks_of_minutes_where_they_are_known(tmp_path, file):
    from tests.report.conftest import as_safe

    by_clock = ways(tmp_path, travel_times=file)
    groups = by_clock.bands.names[:2]
    living = pl.DataFrame({"service": ["youth_club"] * 2, "distance": groups, "children": [400, 300]})  # fmt: skip
    used = pl.DataFrame({"person_id": [str(i) for i in range(120)], "service_id": ["youth_club"] * 120}).with_columns(
        distance=pl.Series(np.repeat(groups, 60)), registered=pl.lit(True), attended_once=pl.lit(True), attended_regularly=pl.lit(True)
    )  # fmt: skip
    table = reach_table(
        living, used, HEADS.clear(), TOLD, REPORTED, "y", "distance", by_clock.bands.label, by_clock.bands.labels, groups
    )  # fmt: skip
    spec = changed(table.spec, notes=(*table.spec.notes, by_clock.bands.said))
    page = reach.page(
        released([as_safe(changed(table, spec=spec))]),
        Context(place="X", la_code="E1", period="y", made_on=date(2026, 4, 1)),
    )
    told = " ".join(str(b) for b in page.blocks)
    assert "15 to 30 minutes" in told and "travel time to the nearest open place" in told
    assert "That of the place's own table".lower() in told.lower()
    assert " km" not in told
