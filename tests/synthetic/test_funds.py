"""Money with an end, a pool and a fence reconciles to the ledger (A19)."""

from datetime import date

import polars as pl
import pytest

from threecircles.funding.terms import cliffs, pooled, total_pence
from threecircles.synthetic.funds import council_ledger, fund_table, health_ledger
from threecircles.synthetic.money import ledger


@pytest.fixture(scope="module")
def books(borough):
    entries = ledger(borough)
    return entries, council_ledger(borough, entries), health_ledger(borough, entries)


def lines(*parts):
    made = pl.concat(parts).with_row_index("spend_id")
    return made.select(
        pl.col("spend_id").cast(pl.String), "agency", "pool_id", "term", "ends_on", "line",
        line_label="label", net_pence=pl.col("net") * 100,
    )  # fmt: skip


def test_every_line_adds_up_to_the_ledger_to_the_pound(books):
    """A19: the dated grant, the council's part of the pool and the fenced fund lie inside their lines."""
    entries, council, _ = books
    by_line = entries.group_by("line").agg(pounds=(pl.col("gross_pence").sum() / 100).round())
    told = council.group_by("line").agg(got=pl.col("net").sum()).join(by_line, on="line")
    assert told.height == by_line.height and (told["got"] == told["pounds"]).all()


def test_the_pool_of_three_agencies_in_two_ledgers_counts_once(books, borough):
    """A19: the product's own count of pools is the sum of the contributions, and so is the truth."""
    entries, council, health = books
    found, findings = pooled(lines(council, health))
    assert found["partners"].to_list() == [3] and findings.is_empty()
    parts = pl.concat([council, health]).filter(pl.col("pool_id").is_not_null())
    assert found["pence"][0] == 100 * parts["net"].sum()
    truth = dict(fund_table(borough, entries).select("fund", "pounds").iter_rows())
    assert found["pence"][0] == 100 * truth["pooled budget"]
    assert total_pence(lines(council, health)) == 100 * (council["net"].sum() + health["net"].sum())


def test_the_grant_ends_and_the_fence_names_nine_wards(books, borough):
    """A19: one grant ends in 2027, one fund is fenced to nine wards of the place."""
    _, council, _ = books
    ended = cliffs(lines(council))
    assert ended["ends_on"].to_list() == [date(2027, 3, 31)] and ended[
        "first_year_without"
    ].to_list() == [2028]
    fenced = council["fenced_to"].drop_nulls()[0].split(" ")
    assert len(fenced) == 9 and set(fenced) <= set(borough.land.ward_code.tolist())
