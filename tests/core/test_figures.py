"""Rounding, shares, symbols, periods and intervals, with answers known from elsewhere."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threecircles.core.bands import Bands
from threecircles.core.errors import UsageError
from threecircles.core.intervals import Z95, byar, exact, normal_quantile, wilson
from threecircles.core.periods import parse_period
from threecircles.core.rates import rate
from threecircles.core.rounding import largest_remainder, round_half_away, round_to
from threecircles.core.seeds import rng, stable_hash
from threecircles.core.symbols import parse_published, published_columns


def test_halves_go_away_from_zero():
    assert [
        round_half_away(x, d) for x, d in ((0.5, 0), (-0.5, 0), (2.5, 0), (2.675, 2), (1.005, 2))
    ] == [1, -1, 3, 2.68, 1.01]
    assert [round_to(x, 5) for x in (2, 3, 7.5, -7.5)] == [0, 5, 10, -10]


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda s: sum(s) > 1e-6),
    st.integers(0, 10**9),
)
def test_parts_add_up_to_the_whole_and_stay_within_one(shares, total):
    parts = largest_remainder(shares, total)
    assert sum(parts) == total
    assert all(
        abs(p - s / sum(shares) * total) <= 1 + 1e-6 * total
        for p, s in zip(parts, shares, strict=True)
    )


def test_a_rate_of_an_unknown_or_empty_population_is_unknown():
    assert (rate(3, 0), rate(None, 5), rate(402_400, 12_183_016)) == (
        None,
        None,
        pytest.approx(330.296, abs=1e-3),
    )


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    [(8, 10, 0.490, 0.943), (0, 20, 0.000, 0.161), (24, 100, 0.167, 0.332), (20, 20, 0.839, 1.0)],
)
def test_wilson_known_answers(events, n, low, high):
    """quality 4.1: 8 of 10 gives 0.490-0.943, 0 of 20 gives 0.000-0.161; report 3: 24 of 100 gives .167-.332."""
    assert wilson(events, n) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_the_number_written_out_is_that_of_the_library():
    from scipy.special import ndtri

    assert normal_quantile() == Z95 == float(ndtri(0.975))
    assert normal_quantile(0.9) == float(ndtri(0.95))


def test_exact_and_byar_known_answers():
    # Clopper-Pearson 5 of 20 and Byar for 10 events, both as tabled in epidemiology texts.
    assert exact(5, 20) == (pytest.approx(0.0866, abs=1e-4), pytest.approx(0.4910, abs=1e-4))
    assert byar(10, 1) == (pytest.approx(4.79, abs=0.01), pytest.approx(18.39, abs=0.01))
    assert byar(0, 1000, per=10_000).low == 0


def test_an_interval_of_nobody_is_refused():
    for interval in (wilson, exact):
        with pytest.raises(ValueError, match="n above 0"):
            interval(0, 0)


@pytest.mark.parametrize(
    ("text", "start", "end", "kind", "status"),
    [
        ("2025", date(2025, 1, 1), date(2025, 12, 31), "calendar", ""),
        ("2024-25", date(2024, 4, 1), date(2025, 3, 31), "financial", ""),
        ("2023/24", date(2023, 9, 1), date(2024, 8, 31), "academic", ""),
        ("202122", date(2021, 9, 1), date(2022, 8, 31), "academic", ""),
        ("2014-16", date(2014, 1, 1), date(2016, 12, 31), "pooled", ""),
        ("2016/17-18/19", date(2016, 4, 1), date(2019, 3, 31), "pooled", ""),
        ("2024-25 (OT)", date(2024, 4, 1), date(2025, 3, 31), "financial", "outturn"),
        ("2024 (Rev)", date(2024, 1, 1), date(2024, 12, 31), "calendar", "revised"),
        ("2025 (prov)", date(2025, 1, 1), date(2025, 12, 31), "calendar", "provisional"),
    ],
)
def test_periods_as_publishers_write_them(text, start, end, kind, status):
    """data README, trap 3."""
    period = parse_period(text)
    assert (period.start, period.end, period.kind, period.status) == (start, end, kind, status)


def test_a_collection_year_is_read_as_its_source_declares_and_unlike_kinds_never_join():
    """record A15, data README trap 20."""
    collection = parse_period("2025", "collection")
    assert (collection.start, collection.end) == (date(2024, 4, 1), date(2025, 3, 31))
    with pytest.raises(UsageError, match=r"(?s)unlike kind.*202122.*2025"):
        parse_period("202122").same_kind(collection)


@pytest.mark.parametrize("text", ["0", "", "25", "2025-2", "1066", "2025 (maybe)"])
def test_a_period_that_says_nothing_is_refused_by_name(text):
    with pytest.raises(UsageError):
        parse_period(text)


def test_a_symbol_keeps_its_reason_and_never_becomes_nought():
    """data README, trap 2 and 21."""
    cells = {"c": "confidential", "x": "not_available", "z": "not_applicable", "low": "low", ":": "not_available",
             "k": "low", "-": "not_available", "[x]": "not_available", "[note 4]": "note 4", "": "missing", None: "missing", "abc": "unreadable"}  # fmt: skip
    assert {k: parse_published(k) for k in cells} == {k: (None, v) for k, v in cells.items()}
    assert [parse_published(t)[0] for t in ("63.400000", " 42.0", "1,069", "0", "12.5%")] == [
        63.4,
        42,
        1069,
        0,
        12.5,
    ]
    table = published_columns(pl.DataFrame({"v": ["1", "c", None]}), "v")
    assert table.rows() == [("1", 1.0, None), ("c", None, "confidential"), (None, None, "missing")]


def test_bands_that_overlap_are_refused():
    assert Bands.parse("0,1-4,5+").label(4.9) == "1-4"
    with pytest.raises(UsageError, match="not overlap"):
        Bands.parse("0-4,4-9")


def test_random_numbers_are_spawned_by_name():
    assert rng(1, "people", "E01").integers(1e9) == rng(1, "people", "E01").integers(1e9)
    assert rng(1, "people", "E01").integers(1e9) != rng(1, "people", "E02").integers(1e9)
    assert stable_hash("a", 1) == stable_hash("a", "1") != stable_hash("a1")
