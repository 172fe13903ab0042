"""What a return already tells, beside what others publish (quality A23)."""

from pathlib import Path

import polars as pl
import pytest

from threecircles.quality import check_tables
from threecircles.quality.outputs_told import picture, told_html, told_text, write_told
from threecircles.quality.plausibility import all_measures, tell
from threecircles.quality.unusual import Published, compare, unusual_months
from threecircles.sources.published import find_published
from threecircles.sources.published_lait import read_lait

HEADER = [{"Year": "2025", "ReferenceDate": "2025-03-31"}]


def referrals(by_month):
    """Referrals on the first days of the months of 2024-25, half of them without further action."""
    months = [f"2024-{m:02d}" for m in range(4, 13)] + [f"2025-{m:02d}" for m in range(1, 4)]
    return [
        {"LAchildID": f"{month}-{n}", "CINdetailsID": "1", "CINreferralDate": f"{month}-{n % 28 + 1:02d}",
         "CINclosureDate": None, "ReferralNFA": str(n % 2)}
        for month, count in zip(months, by_month, strict=True)
        for n in range(count)
    ]  # fmt: skip


def checked(details):
    return check_tables("cin", 2025, {"Header": HEADER, "CINdetails": details}, codes=["8600"])


@pytest.fixture(scope="module")
def series(reference_data):
    folder = Path(reference_data("lait/lait_long.parquet")).parent
    held = {m.series for m in all_measures() if m.series}
    return read_lait(find_published(folder, "lait")["lait"], *sorted(held)).values


def test_every_measure_has_a_series_unit_period_and_source():
    """quality 4.3: at least 20, each tied to a published series or to figures held with their source."""
    held = all_measures()
    assert len(held) >= 20
    for measure in held:
        assert measure.series or measure.england or measure.by_month, measure.id
        assert measure.source and measure.unit and measure.period, measure.id


def test_figures_are_counted_by_hand():
    """quality A23: 24 referrals, 12 without further action; 12 cases open per 10,000 children of 1,200 = 100."""
    told = tell(checked(referrals([2] * 12)), population=1200)
    figures = {row["id"]: row for row in told.figures.iter_rows(named=True)}
    assert figures["referral-no-further-action"]["value"] == 50.0
    assert figures["children-in-need-rate"]["value"] == 100.0
    assert figures["referral-rate"]["numerator"] == 24
    assert figures["section-47-rate"]["value"] is None
    assert "needs table Section47" in figures["section-47-rate"]["reason"]
    without = {r["id"]: r for r in tell(checked(referrals([2] * 12))).figures.iter_rows(named=True)}
    assert "number of children" in without["referral-rate"]["reason"]


def test_a_month_with_all_its_referrals_twice_is_flagged():
    """quality A23: a return with all referrals of March doubled is flagged, the same return without is not."""
    usual = [40, 44, 38, 42, 35, 41, 45, 39, 36, 43, 40, 41]
    assert unusual_months(tell(checked(referrals(usual)))) == ()
    (sentence,) = unusual_months(tell(checked(referrals([*usual[:-1], 82]))))
    assert "82 in March 2025" in sentence and "Unusual, check" in sentence


@pytest.mark.reference
def test_norfolk_is_compared_with_its_own_published_figures(series):
    """quality A23: CIN 270.2, looked after 62, re-referral 17.9, conferences in time 93.3 (2025)."""
    published = Published(series, 926)
    cin = check_tables("cin", 2026, {"CINdetails": []}, {"reference_date": "2026-03-31"}, codes=[])
    care = check_tables("903", 2026, {"Episodes": []}, codes=[])
    lines = {
        line.measure.id: line
        for report in (cin, care)
        for line in compare(tell(report), published, 2026)
    }
    for measure, value, england in (
        ("children-in-need-rate", 270.2, 330.3),
        ("looked-after-rate", 62.0, 67.0),
        ("re-referral", 17.9, 22.6),
        ("conferences-in-time", 93.3, 81.4),
    ):
        assert dict(lines[measure].history)[2025] == value, measure
        assert lines[measure].england == england and lines[measure].period == 2025, measure
    low, high = lines["children-in-need-rate"].usual
    assert (round(low), round(high)) == (225, 527)


@pytest.mark.reference
def test_no_measure_is_compared_with_another_unit_or_period(series):
    """quality A23: a series by another calendar, or of a later year, takes no part."""
    told = tell(checked(referrals([2] * 12)), population=1200)
    school_year = series.with_columns(kind=pl.lit("academic"))
    assert all(line.outer is None for line in compare(told, Published(school_year, 926), 2025))
    earlier = compare(told, Published(series, 926), 2023)
    assert {line.period for line in earlier if line.measure.series} == {2023}
    assert all(y < 2023 for line in earlier for y, _ in line.history)


@pytest.mark.reference
def test_a_figure_far_from_others_is_a_query_and_the_page_says_so(series, tmp_path):
    """quality 4.3, A23: outside the 1st to 99th centile; always unusual, never an error."""
    report = checked(referrals([2] * 12))
    told = tell(report, population=100)
    lines = compare(told, Published(series, 926, (881, 908, 933)), 2025)
    shown = picture("cin", 2025, lines, unusual_months(told))
    far = {line.id: line for line in shown.unusual}
    assert "above 99 of 100 authorities" in far["children-in-need-rate"].flags
    text, page = told_text(shown), told_html(shown)
    assert "What this return already tells you" in text and "Unusual, check" in text
    assert "England" in page and "330.3" in page and "<script" not in page
    assert all(path.stat().st_size for path in write_told(shown, tmp_path))
