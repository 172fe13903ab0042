"""Files as people send them end in a figure or a sentence, never in a fault (spec/funding.md 7)."""

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.funding.cost_files import cost_files
from threecircles.funding.project import published_backtest
from threecircles.funding.value import value_file
from threecircles.sources.published import find_published
from threecircles.sources.published_lait import read_lait

HEAD = "person_id,event_id,place,ls,valid_from,valid_to,reason_in,reason_out\n"
FIRST = "p1,e1,U1,C2,2023-04-10,2023-06-19,S,X1\n"
START, END = pl.date(2023, 4, 1), pl.date(2024, 3, 31)


def costed(folder, second):
    file = folder / "care.csv"
    file.write_text(HEAD + FIRST + second)
    start, end = (pl.select(d).item() for d in (START, END))
    return cost_files(file, None, ["demo"], start, end)


def test_a_day_in_two_placements_is_refused_not_costed_twice(tmp_path):
    """funding 2.3: start day in, end day out, so consecutive episodes never overlap."""
    right = costed(tmp_path, "p1,e2,K2,C2,2023-06-19,2023-09-11,P,E4\n")
    weeks = right.rows.filter(pl.col("component") == "placement")["quantity"].sum()
    assert weeks == 22
    with pytest.raises(UsageError, match=r"rows 2: A child is in two placements"):
        costed(tmp_path, "p1,e2,K2,C2,2023-06-01,2023-09-11,P,E4\n")
    with pytest.raises(UsageError, match=r"rows 2: A placement ends before it begins"):
        costed(tmp_path, "p1,e2,K2,C2,2023-06-19,2023-01-11,P,E4\n")
    other = costed(tmp_path, "p2,e2,K2,C2,2023-06-01,2023-09-11,S,E4\n")
    assert other.rows["person_id"].n_unique() == 2


def test_a_backtest_that_sees_its_own_answer_is_refused(tmp_path):
    with pytest.raises(UsageError, match="may not see the year"):
        published_backtest(tmp_path, known_to=2030, target=2025)


def test_a_measure_nobody_publishes_is_no_fault(tmp_path):
    names = ["measure_short", "data_item", "period", "area", "la_number", "region", "value_num"]
    row = [("LAC", None, "2025", "Norfolk", 926, "East of England", "62")]
    pl.DataFrame(row, schema=names, orient="row").write_parquet(tmp_path / "lait.parquet")
    assert read_lait(find_published(tmp_path, "lait")["lait"], "Weather").values.is_empty()
    with pytest.raises(UsageError, match="no measure Weather"):
        published_backtest(tmp_path, "Weather")


def test_a_file_of_services_names_what_it_lacks(tmp_path):
    (tmp_path / "s.csv").write_text("service,pounds\nA,1\n")
    with pytest.raises(UsageError, match=r"s.csv: The file lacks reached, claimed"):
        value_file(tmp_path / "s.csv")
