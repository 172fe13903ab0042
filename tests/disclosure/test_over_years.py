"""disclosure A1: tables of several years and releases of one place, attacked together."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from tests.disclosure.test_attack_release import REGIONS, place
from tests.disclosure.test_linked_values import flows, scores, sets

from threecircles.core.tables import Measured
from threecircles.disclosure import cast, ledger
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.profiles import profile
from threecircles.disclosure.protecting import Judged, with_symbols
from threecircles.disclosure.release import _safe, protect


def of_year(tables, period):
    return [Measured(replace(t.spec, period=period), t.frame) for t in tables]


def release(folder, name, safe):
    found, sums = ledger.safe_entries(safe)
    ledger.write_down(folder, name, found, sums)


def held(folder, safe):
    return ledger.check(folder, *ledger.safe_entries(safe)).leaks


def without_one(tables):
    "The circles run again without one child: one less in each table's whole and in one of its groups."
    made = []
    for table in tables:
        by = table.spec.dimensions[0].column if table.spec.dimensions else None
        one = pl.lit(True) if by is None else pl.col(by).is_in(["All", table.frame[by][-1]])
        frame = table.frame.with_columns(
            n=pl.col("n") - pl.when(one & (pl.col("measure") != "targeting") & (pl.col("measure") != "coverage")).then(1).otherwise(0),
            n_with=pl.col("n_with") - pl.when(one & (pl.col("measure") == REGIONS[3])).then(1).otherwise(0),
        )  # fmt: skip
        made.append(Measured(table.spec, frame))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_every_table_of_three_years_gives_nothing_away(seed):
    """disclosure A1: circles, flows, scores and sets of three years, in one attack."""
    tables = []
    for year in range(3):
        own = [*place(seed + year, 300), *scores(), *sets()]
        named = [Measured(replace(t.spec, id=f"{t.spec.id}-{year}"), t.frame) for t in own]
        tables += of_year(named, f"1 April {2023 + year} to 31 March {2024 + year}")
    safe = protect(tables)
    assert sum(t.suppressed["hidden"] for t in safe) > 60
    assert attack_safe(safe) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_release_run_again_without_one_child_is_held(tmp_path, seed):
    """disclosure A1: the difference of two releases is the child that went."""
    tables = place(seed, 400)
    release(tmp_path, "first", protect(tables))
    assert held(tmp_path, protect(tables)) == ()
    assert any("a child or a few" in leak for leak in held(tmp_path, protect(without_one(tables))))


def test_a_release_of_the_next_year_stands_beside_the_last(tmp_path):
    """disclosure A1: other children of another year are no correction of the first."""
    release(tmp_path, "2024", protect(of_year(place(1, 400), "2024")))
    assert held(tmp_path, protect(of_year(place(2, 400), "2025"))) == ()


LAST, THIS = "1 April 2024 to 31 March 2025", "1 April 2025 to 31 March 2026"


def year_of(period, told):
    "The flow of one service in one year."
    rows = [{"process": "hub", "flow": f, "measure": "children", "value": float(n), "n": n} for f, n in told.items()]  # fmt: skip
    return Measured(replace(flows()[0].spec, period=period), pl.DataFrame(rows))


def two_years():
    "Few came this year, and the last year ended with as many as this one began with."
    last = {"stock_before": 9, "starts": 12, "ends": 7, "any_point": 21, "stock_after": 14}
    now = {"stock_before": 14, "starts": 4, "ends": 8, "any_point": 18, "stock_after": 10}
    return year_of(LAST, last), year_of(THIS, now)


def test_what_is_open_between_two_years_is_not_hidden_for_the_sake_of_others(tmp_path):
    """disclosure A1: the release of the other year shows it, so something else has to be hidden."""
    last, now = (protect([t]) for t in two_years())
    release(tmp_path, "last", last)
    shown = set(now[0].frame.filter(pl.col("symbol") == "")["flow"])
    assert {"stock_before", "stock_after"} <= shown and {"starts", "any_point"}.isdisjoint(shown)
    assert held(tmp_path, now) == ()
    assert attack_safe([*last, *renamed(now)]) == []


def test_what_was_open_at_the_end_of_a_year_was_open_at_the_start_of_the_next(
    tmp_path, monkeypatch
):
    """disclosure A1: last year's table shows the stock that this year's hides."""
    monkeypatch.setattr(cast, "TOLD_COST", 0.5)
    last, now = (protect([t]) for t in two_years())
    release(tmp_path, "last", last)
    shown = set(now[0].frame.filter(pl.col("symbol") == "")["flow"])
    assert {"starts", "stock_before"}.isdisjoint(shown)
    assert any("starts" in leak and "is 4" in leak for leak in held(tmp_path, now))
    found = attack_safe([*last, *renamed(now)])
    assert ("starts", 4) in {(dict(leak.group)["flow"], leak.value) for leak in found}


def renamed(tables):
    "The same tables as another release bears them."
    return [_safe(Judged(replace(t.spec, id=f"{t.spec.id}-now"), t.frame, profile("la-default"), {}), True, None) for t in tables]  # fmt: skip


def test_a_cell_that_one_release_hides_and_another_shows_is_a_leak():
    """disclosure A1: the attacker looks across tables for the cell itself first."""
    tables = place(1, 400)
    safe = protect(tables)
    hidden = next(t for t in safe if t.suppressed["hidden"])
    open_ = next(t for t in tables if t.spec.id == hidden.spec.id)
    told = _safe(Judged(open_.spec, with_symbols(open_.frame), profile("la-default"), {}), True, None)  # fmt: skip
    assert attack_safe([*safe, told])
