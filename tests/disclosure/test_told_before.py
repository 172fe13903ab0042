"""disclosure A1: a release is protected beside what its ledger holds: out is out, hidden stays hidden."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from tests.disclosure.test_linked_values import spec
from tests.disclosure.test_over_years import two_years

from threecircles.core.tables import TOTAL, Measured
from threecircles.core.workspace import create
from threecircles.disclosure import cast, ledger
from threecircles.disclosure.numbers import told
from threecircles.disclosure.release import protect

WARDS = {"a": 3, "b": 9, "c": 8, "d": 40}
"""Ward a is small. Which other is hidden beside it is a choice: c is the cheapest."""


def living():
    "Children by ward, with their total."
    rows = [
        {"ward": w, "measure": "children", "value": float(n), "n": n}
        for w, n in {**WARDS, TOTAL: sum(WARDS.values())}.items()
    ]
    return Measured(spec("living", ("ward",)), pl.DataFrame(rows))


def hidden(table):
    return set(table.frame.filter(pl.col("symbol") == "[c]")["ward"])


def put_out(workspace, gone):
    "Release the table with these wards hidden, as an earlier choice may have been."
    found, sums = ledger.safe_entries(protect([living()]))
    figures = {w: str(n) for w, n in WARDS.items()}
    as_it_was = [
        replace(e, told=told("c" if ward in gone else figures[ward])) if (ward := dict(e.at).get("ward")) else e
        for e in found
    ]  # fmt: skip
    ledger.write_down(workspace.path, "first", as_it_was, sums)


def leaks(workspace, table):
    return ledger.check(workspace.path, *ledger.safe_entries([table])).leaks


def test_what_an_earlier_release_shows_is_not_hidden_and_what_it_hid_stays_hidden(tmp_path):
    """disclosure A1: both releases have one pattern, so both together tell no more than one."""
    workspace = create(tmp_path / "w")
    put_out(workspace, {"a", "d"})
    (table,) = protect([living()], workspace=workspace)
    assert hidden(table) == {"a", "d"}
    assert leaks(workspace, table) == ()


def test_without_the_ledger_the_second_release_gives_the_first_away(tmp_path):
    """disclosure A1: c hidden now and d hidden then leave a alone between them."""
    workspace = create(tmp_path / "w")
    put_out(workspace, {"a", "d"})
    (table,) = protect([living()])
    assert hidden(table) == {"a", "c"}
    assert any("is 3" in leak for leak in leaks(workspace, table))


def test_a_small_count_that_is_out_takes_no_other_with_it(tmp_path):
    """What is out is out: it is not shown again, and nothing is hidden for its sake."""
    workspace = create(tmp_path / "w")
    put_out(workspace, set())
    (table,) = protect([living()], workspace=workspace)
    assert hidden(table) == {"a"}


def test_a_made_up_place_that_plays_by_itself_is_made_anew(tmp_path):
    """Its desk lets it, so its tables are not bound by a release of the same children."""
    workspace = create(tmp_path / "w", fictitious=True)
    put_out(workspace, {"a", "d"})
    (table,) = protect([living()], workspace=workspace)
    assert hidden(table) == {"a", "c"}


def test_the_stock_that_last_year_showed_is_not_hidden_this_year(tmp_path, monkeypatch):
    """disclosure A1: even where it would be the cheapest to hide."""
    monkeypatch.setattr(cast, "TOLD_COST", 0.5)
    workspace = create(tmp_path / "w", fictitious=True)
    last, now = two_years()
    ledger.write_down(workspace.path, "last", *ledger.safe_entries(protect([last])))
    (alone,), (beside,) = protect([now]), protect([now], workspace=workspace)
    assert "stock_before" in set(alone.frame.filter(pl.col("symbol") == "[c]")["flow"])
    assert "stock_before" not in set(beside.frame.filter(pl.col("symbol") == "[c]")["flow"])
    assert leaks(workspace, alone) and leaks(workspace, beside) == ()
