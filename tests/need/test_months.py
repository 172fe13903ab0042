"""Month by month: limits of chance, late records, and no month that would have to be hidden (report A8)."""

from datetime import date
from itertools import pairwise

import narwhals as nw
import polars as pl
import pytest

from threecircles.core.engines import engine as make_engine
from threecircles.disclosure.release import protect
from threecircles.need.months import (
    children_starting,
    late_records,
    late_table,
    months_between,
    months_definition,
    months_table,
    provisional,
)
from threecircles.report.context import Context
from threecircles.report.pages import months
from threecircles.report.released import released

KNOWN = [52, 48, 55, 50, 47, 53, 49, 51, 54, 46]
FIRST, LAST = date(2024, 4, 1), date(2026, 3, 31)


def counted(values, process="cin", event=None):
    names = months_between(FIRST, LAST)[: len(values)]
    return pl.DataFrame(
        {"process": process, "event": pl.Series([event] * len(values), dtype=pl.String),
         "month": names, "children": values}
    )  # fmt: skip


def told(values, last=LAST, **changes):
    definition = months_definition()
    made = months_table(counted(values), definition, FIRST, last, "p")
    return made and dict(made.frame.filter(pl.col("month") == "All").select("measure", "value").iter_rows())  # fmt: skip


def test_limits_are_those_of_the_known_answer():
    """Ten months of the specification, twice, with the step between them as small as the mean step."""
    twelve = [*KNOWN, 50, 51]
    found = told(twelve, date(2025, 3, 31))
    steps = [abs(b - a) for a, b in pairwise(twelve)]
    half = 2.66 * sum(steps) / len(steps)
    mean = sum(twelve) / 12
    assert found["median_month"] == 50.5
    assert found["lower_limit"] == pytest.approx(mean - half)
    assert found["upper_limit"] == pytest.approx(mean + half)


def test_fewer_than_twelve_months_have_a_median_and_no_limits():
    assert set(told(KNOWN, date(2025, 1, 31))) == {"median_month"}


def test_a_series_begins_with_the_first_month_that_is_told():
    later = counted([*KNOWN, 50, 51, 50]).tail(12)
    made = months_table(later, months_definition(), FIRST, date(2025, 4, 30), "p")
    assert made.frame.filter(pl.col("month") != "All")["month"].to_list()[0] == "2024-05"
    assert months_table(later.tail(5), months_definition(), FIRST, date(2025, 4, 30), "p") is None


def test_months_in_which_starts_are_not_yet_known_are_not_told():
    """Early help is told from its contact once an assessment has begun: the newest months would look low."""
    counts = counted([50] * 21 + [40, 30, 20], "early_help")
    made = months_table(counts, months_definition(), FIRST, LAST, "p")
    assert made.frame["month"].unique().sort().to_list()[-2:] == ["2025-12", "All"]
    assert made.frame.filter(pl.col("measure") == "lower_limit")["value"].to_list() == [50.0]
    assert any("known 65 days later" in note for note in made.spec.notes)


def test_one_small_month_leaves_the_series_out():
    """No month is hidden, so no limit or median can give a hidden one away."""
    assert told([*KNOWN, 9, 50], date(2025, 3, 31)) is None
    assert told([*KNOWN, 10, 50], date(2025, 3, 31)) is not None


@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_a_child_counts_once_a_month_and_short_breaks_are_no_care(name):
    episodes = pl.DataFrame({
        "person_id": ["a", "a", "b", "a", "c"], "process": ["cin"] * 5, "source_id": ["cin-census"] * 5,
        "valid_from": [date(2024, 4, 1), date(2024, 4, 30), date(2024, 4, 9), date(2024, 5, 1), date(2024, 3, 31)],
    })  # fmt: skip
    events = pl.DataFrame({
        "person_id": ["a", "b"], "process": ["icpc", "icpc"], "event": ["held", "asked"], "source_id": ["cin-census"] * 2,
        "on_date": [date(2024, 4, 2), date(2024, 4, 2)],
    })  # fmt: skip
    care = pl.DataFrame({
        "person_id": ["a", "b"], "valid_from": [date(2024, 6, 1)] * 2, "short_break": [True, False],
    })  # fmt: skip
    found = children_starting(
        *(make_engine(name).frame(t) for t in (episodes, events, care)), {}, FIRST, LAST
    )
    assert found.rows() == [
        ("cin", None, "2024-04", 2),
        ("cin", None, "2024-05", 1),
        ("icpc", "asked", "2024-04", 1),
        ("icpc", "held", "2024-04", 1),
        ("period_of_care", None, "2024-06", 1),
    ]


def test_months_before_a_source_shows_all_starts_are_not_counted():
    """Before the first day of its window a return shows only those still open, which would look like a rise."""
    episodes = nw.from_native(pl.DataFrame({
        "person_id": ["a", "b", "c"], "process": ["cin", "cin", "early_help"],
        "source_id": ["cin-census", "cin-census", "early-help"],
        "valid_from": [date(2025, 3, 9), date(2025, 4, 9), date(2025, 3, 9)],
    }).lazy())  # fmt: skip
    events = nw.from_native(pl.LazyFrame(schema={
        "person_id": pl.String, "process": pl.String, "event": pl.String, "on_date": pl.Date, "source_id": pl.String,
    }))  # fmt: skip
    since = {"cin-census": date(2025, 4, 1), "early-help": None}
    found = children_starting(episodes, events, None, since, FIRST, LAST)
    assert found.select("process", "month").rows() == [
        ("cin", "2025-04"),
        ("early_help", "2025-03"),
    ]


def rows_of(late):
    """Records of one source: year -> (late, in all)."""
    return pl.concat(
        pl.DataFrame({
            "source_id": "s", "valid_from": [date(year - 1, 6, 1)] * n,
            "flags": [["late"] if i < few else [] for i in range(n)],
        }, schema_overrides={"flags": pl.List(pl.String)})
        for year, (few, n) in late.items()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        ({2025: (2, 100), 2026: (0, 100)}, True),
        ({2025: (1, 100), 2026: (9, 100)}, False),
        ({2026: (5, 100)}, None),
    ],
)
def test_the_newest_year_is_provisional_while_more_than_one_in_a_hundred_came_late(late, expected):
    """record 2: the median late share of the years before decides."""
    counts = late_records(nw.from_native(rows_of(late).lazy()), FIRST, LAST)
    assert provisional(counts, months_definition()) == {"s": expected}
    notes = " ".join(late_table(counts, months_definition(), "p").spec.notes)
    assert ("Provisional" in notes) == (expected is True)
    assert ("No earlier year" in notes) == (expected is None)


def test_the_page_names_the_month_outside_the_limits():
    values = [*KNOWN, *KNOWN, 50, 51, 120, 50]
    late = late_table(late_records(nw.from_native(rows_of({2026: (1, 50)}).lazy()), FIRST, LAST), months_definition(), "p")  # fmt: skip
    starts = months_table(counted(values), months_definition(), FIRST, LAST, "p")
    context = Context(place="Testham", la_code="E1", period="p", made_on=LAST, fictitious=True)
    page = months.page(released(protect([starts, late])), context)
    figure = page.blocks[0]
    assert figure.title == "Children in need: February 2026 differs by more than chance"
    assert len(figure.table.rows) == 24 + 3
    assert "Feb 26" not in figure.desc and "February 2026, 120" in figure.desc


def test_without_any_series_the_page_says_what_it_would_need():
    page = months.page(released([]), Context(place="T", la_code="E1", period="p", made_on=LAST, fictitious=True))  # fmt: skip
    assert "two years" in page.blocks[0].why
