"""The outturn of a council becomes lines in whole pence, and every total adds up (funding 1.1, 1.2)."""

from __future__ import annotations

import polars as pl
import pytest

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.tables import TOTAL
from threecircles.funding.spend import read_spend, section_of
from threecircles.funding.spend_reconcile import reconcile
from threecircles.funding.spend_show import reconciliation_text, spend_text, table_text
from threecircles.funding.spend_tables import spend_tables
from threecircles.funding.spend_views import show_tables
from threecircles.funding.steps import spend

HEAD = (
    "line,line_label,own_provision,private,other_public,voluntary,total_expenditure,income,net_current,"
    "grants_inside_aef,grants_outside_aef,la_net\n"
)
RESIDENTIAL = (
    "3.1.1,Residential care,2185116,6311565,0,0,8496681,831063,7665618,12664,23303,7629651\n"
)
FOSTERING = "3.1.2,Fostering services,100.10,0,0,0,100.10,0,100.10,0,0,100.10\n"
YOUTH = "3.5.1,Universal services,40,0,0,60,100,10,90,0,0,90\n"
TOTALS = "3.1 Total,Total children looked after,2185216.10,6311565,0,0,8496781.10,831063,7665718.10,12664,23303,7629751.10\n"


def outturn(folder, *rows, head=HEAD):
    path = folder / "s251.csv"
    path.write_text(head + "".join(rows))
    return read_spend(path, la_code="E06000044", year=2021)


def test_the_known_line_of_one_council_comes_out_to_the_penny(tmp_path):
    """funding A1: line 3.1.1 residential, Portsmouth 2020-21."""
    made = outturn(tmp_path, RESIDENTIAL)
    (line,) = made.lines.to_dicts()
    assert (line["gross_pence"], line["income_pence"], line["net_pence"]) == (
        849_668_100,
        83_106_300,
        766_561_800,
    )
    assert (line["grant_inside_aef_pence"], line["grant_outside_aef_pence"]) == (
        1_266_400,
        2_330_300,
    )
    assert made.findings.is_empty() and line["stage"] == "outturn" and line["year"] == 2021


def test_the_published_headings_are_read_too(tmp_path):
    head = (
        "Line number,Line description,Own Provision (a),Private (b),Other Public (c),Voluntary (d),"
        "Total Expenditure (k),Income (l),Net Current Expenditure (m),Grants Inside AEF (n),Grants Outside AEF (o),"
        "LA Net Revenue (q)\n"
    )
    assert outturn(tmp_path, RESIDENTIAL, head=head).lines["gross_pence"].to_list() == [849_668_100]


def test_section_totals_are_refused_and_checked_against_their_lines(tmp_path):
    made = outturn(tmp_path, RESIDENTIAL, FOSTERING, TOTALS)
    assert made.lines["budget_line"].to_list() == ["3.1.1", "3.1.2"]
    assert made.refused["line"].to_list() == ["3.1 Total"] and made.findings.is_empty()
    wrong = outturn(tmp_path, RESIDENTIAL, TOTALS)
    assert wrong.findings["check"].to_list() == ["section-total"]
    assert wrong.findings["difference_pence"].to_list() == [10_010]


def test_a_line_with_lines_below_it_is_a_total_even_when_nobody_says_so(tmp_path):
    made = outturn(tmp_path, "3.1,Children looked after,1,0,0,0,1,0,1,0,0,1\n", RESIDENTIAL)
    assert made.lines["budget_line"].to_list() == ["3.1.1"]


@pytest.mark.parametrize(
    ("row", "check", "pence"),
    [
        ("3.2.1,Other,1,1,1,1,5,0,5,0,0,5\n", "total", 100),
        ("3.2.1,Other,5,0,0,0,5,1,5,0,0,5\n", "net", 100),
        ("3.2.1,Other,5,0,0,0,5,1,4,1,1,3\n", "authority-net", 100),
    ],
)
def test_a_sum_that_does_not_come_out_is_a_finding_with_its_difference(tmp_path, row, check, pence):
    """funding A1: a flipped sign or one pound names line, column and difference."""
    made = outturn(tmp_path, row)
    assert made.findings.select("check", "difference_pence").rows() == [(check, pence)]
    assert made.lines.height == 1, "a finding never mends or drops a line"
    assert "£1.00" in made.findings["sentence"][0]


def test_income_written_below_nought_is_turned_round_and_said(tmp_path):
    made = outturn(tmp_path, "3.5.1,Universal,100,0,0,0,100,-10,90,0,0,90\n")
    assert made.lines["income_pence"].to_list() == [1000]
    assert made.findings["check"].to_list() == ["income-sign"]


def test_an_adjustment_below_nought_among_other_income_is_left_alone(tmp_path):
    made = outturn(tmp_path, YOUTH, "3.5.2,Targeted,100,0,0,0,100,-10,110,0,0,110\n")
    assert made.lines["income_pence"].to_list() == [1000, -1000] and made.findings.is_empty()


def test_a_figure_that_is_not_there_is_unknown_and_the_total_says_so(tmp_path):
    made = outturn(tmp_path, YOUTH, "3.5.2,Targeted,,,,,,,,,,\n")
    assert made.lines["status"].to_list() == ["ok", "not_asked"]
    table = spend_tables(made.lines, 1000, 2021)[0]
    total = table.frame.filter(pl.col("line") == TOTAL, pl.col("measure") == "net").to_dicts()[0]
    assert total["value"] is None and total["reason"] == "not_available"


def test_a_file_of_another_kind_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ThreeCirclesError, match="headings"):
        read_spend(path, la_code="E06000044", year=2021)


def test_spend_by_line_and_by_section_add_to_the_same_total(tmp_path):
    lines = outturn(tmp_path, RESIDENTIAL, FOSTERING, YOUTH).lines
    by_line, by_section, per_child = spend_tables(lines, 40_000, 2021)
    for table in (by_line, by_section):
        for measure in ("gross", "income", "net"):
            figures = table.frame.filter(pl.col("measure") == measure)
            total = figures.filter(pl.col("line") == TOTAL)["value"].item()
            assert abs(figures.filter(pl.col("line") != TOTAL)["value"].sum() - total) < 0.005
    assert by_section.spec.dimensions[0].labels["3.1"] == "Children looked after"
    own = per_child.frame.filter(pl.col("line") == TOTAL).to_dicts()[0]
    assert own["value"] == round(7_665_808.10 / 40_000, 2) and own["denominator"] == 40_000
    assert per_child.spec.period == "2020-21" and per_child.spec.unit == "pounds a child"


def test_a_line_belongs_to_the_section_of_its_number():
    assert [section_of(line) for line in ("3.1.11", "3.0.5", "1.2.3", "x")] == [
        "3.1",
        "3.0",
        "",
        "",
    ]


def test_the_step_uses_the_newest_outturn_and_the_children_of_the_record(tmp_path):
    import narwhals as nw

    lines = outturn(tmp_path, YOUTH).lines
    older = lines.with_columns(
        pl.lit(2020, pl.Int64).alias("year"), pl.lit(1).cast(pl.Int64).alias("net_pence")
    )
    people = pl.DataFrame(
        {"measure_id": ["population"] * 3, "age": [0, 17, 18], "value": [20.0, 25.0, 99.0]}
    )
    tables = spend(
        nw.from_native(pl.concat([older, lines]).lazy()), nw.from_native(people.lazy()), 2021
    )
    per_child = {t.spec.id: t for t in tables}["spend-per-child"].frame
    assert per_child.filter(pl.col("line") == TOTAL)["value"].to_list() == [2.0]


def test_what_is_printed_names_totals_findings_and_unknown_figures(tmp_path):
    made = outturn(tmp_path, RESIDENTIAL, TOTALS, "3.5.2,Targeted,,,,,,,,,,\n")
    told = spend_text(made)
    assert "1 totals were left out" in told and "off by" in told
    shown = table_text(spend_tables(made.lines, 1000, 2021)[0])
    assert "8,496,681" in shown and "not available" in shown


@pytest.mark.reference
def test_three_publications_of_one_council_stand_beside_each_other(tmp_path, reference_data):
    """Funding 1.2: gross is not one thing. Norfolk 2024-25: tool 144,294,181; RO3 gross 151,302 thousand."""
    reference_data("spend")
    lines = outturn(tmp_path, RESIDENTIAL).lines
    table = reconcile(lines, reference_data(), "E10000020", 2025)
    row = table.filter(section="3.1").to_dicts()[0]
    assert row["lait"] == 144_294_181 and round(row["ro3"] / 1000) == 151_302
    assert row["flagged"] and row["reasons"]
    assert table.filter(section="3.5")["s251"].to_list() == [None]
    assert "144,294,181" in reconciliation_text(table) and "not published" in reconciliation_text(
        table
    )


PUBLISHED = (
    "Line,Label,OWN PROVISION (a),PRIVATE (b),OTHER PUBLIC (c),VOLUNTARY (d),TOTAL EXPENDITURE (k),INCOME (l),"
    "NET CURRENT (m),GRANTS INSIDE AEF (n),OUTSIDE AEF (o),LA NET REVENUE (q)\n"
)


def test_headings_as_a_council_publishes_them_are_read(tmp_path):
    """funding A1, 1.2: the columns by the letters of table A1; one pound off is named with line and difference."""
    file = tmp_path / "portsmouth.csv"
    for net, differences in (("7665618", []), ("7665619", [100, -100])):
        file.write_text(PUBLISHED + RESIDENTIAL.replace("7665618", net))
        made = read_spend(file, la_code="E06000044", year=2021)
        assert made.lines["gross_pence"].to_list() == [849_668_100]
        assert sorted(made.findings["difference_pence"], reverse=True) == differences
        assert all(line == "3.1.1" for line in made.findings["line"])


def test_a_table_without_its_lines_or_with_a_year_that_is_none_is_refused_in_words(tmp_path):
    """Found by hand: both ended as a fault of the program."""
    file = tmp_path / "a.csv"
    file.write_text(PUBLISHED.replace("Line,Label", "Row,Text") + RESIDENTIAL)
    with pytest.raises(ThreeCirclesError, match=r"(?i)line"):
        read_spend(file, la_code="E06000044", year=2021)
    with pytest.raises(UsageError, match="no financial year"):
        read_spend(file, la_code="E06000044", year=99999)


def test_prices_of_a_year_outside_the_series_are_refused_in_one_sentence(tmp_path):
    """funding A5, 1.3: the year is named; nothing of the program's own is printed with it."""
    lines = outturn(tmp_path, RESIDENTIAL).lines
    with pytest.raises(UsageError) as refused:
        show_tables(lines, None, 2026, None, "prevention_level", "demo", 1900)
    assert "1899-00" in str(refused.value) and "expression" not in str(refused.value)
    with pytest.raises(UsageError, match="above nought"):
        show_tables(lines, 0, 2026, None, "prevention_level", None, None)
