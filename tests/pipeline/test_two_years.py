"""disclosure A1: two years of one place, each run from received files and released, attacked together."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from tests.pipeline.runs import Run

from threecircles import pipeline, synthetic
from threecircles.core.workspace import open_workspace
from threecircles.disclosure import desk, ledger
from threecircles.disclosure.attack_files import attack_entries
from threecircles.disclosure.attack_own import attack_workspaces
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.ledger import safe_entries
from threecircles.disclosure.profiles import profile
from threecircles.disclosure.protecting import Judged
from threecircles.disclosure.release import _safe, load_safe

WIDTH = profile("la-default").min_width

NOT_YET = ("survey_",)
"""Deliveries that nobody had a year earlier: they say nothing of other years."""


def a_year_earlier(place):
    """The place as its own year before: the same files, asked of the year that ended a year earlier."""
    path = place / "place.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not any(f"id: {name}" in line for name in NOT_YET)]
    path.write_text("".join(kept).replace("year: 2026\n", "year: 2025\n", 1), encoding="utf-8")


@pytest.fixture(scope="module")
def years(tmp_path_factory, away_from_home):
    """The runs of 2024-25 and of 2025-26 of one hamlet."""
    folder = tmp_path_factory.mktemp("years")
    made = []
    for name in ("last", "this"):
        run = Run(folder / name / "place", folder / name / "workspace")
        synthetic.make("hamlet", run.place, seed=1)
        if name == "last":
            a_year_earlier(run.place)
        pipeline.run(run.place, run.workspace)
        made.append(run)
    return made


def safe_of(run):
    return load_safe(run.output("disclosure.protect") / "out")


@pytest.mark.slow
def test_two_years_were_run_and_released_and_meet(years):
    """disclosure A1: both went through the desk, and the later year begins where the earlier ended."""
    last, this = years
    assert all(desk.shown(open_workspace(run.workspace)) for run in years)
    ends, begins = ({r["process"]: r["n"] for r in flow(run, at)} for run, at in ((last, "stock_after"), (this, "stock_before")))  # fmt: skip
    both = [p for p in ends if ends[p] is not None and begins.get(p) is not None]
    assert len(both) > 3 and all(ends[p] == begins[p] for p in both)


@pytest.mark.slow
def test_two_years_of_one_place_give_nothing_away_together(years):
    """disclosure A1: 0 of the hidden cells of both releases follow exactly."""
    found = attack_workspaces([run.workspace for run in years])
    assert found.hidden > 1_000
    assert found.leaks == ()


@pytest.mark.slow
def test_nothing_hidden_in_two_years_is_narrow(years):
    """disclosure A1: no hidden cell of both releases is narrower than its profile's width, by all that they show."""
    found, sums = [], []
    for run in years:
        own, declared = safe_entries(safe_of(run))
        found += [replace(e, sheet=f"{run.place.parent.name} {e.sheet}") for e in own]
        sums += declared
    attack = attack_entries(found, declared=ledger._with_totals(found, sums))
    assert len(attack.hidden) > 1_000
    assert [f.sentence for f in attack.hidden if f.width is not None and f.width < WIDTH] == []
    assert attack.derived == ()


@pytest.mark.slow
def test_a_year_released_after_another_is_not_held(years, tmp_path):
    """disclosure A1: the ledger that holds the first year finds nothing in the second."""
    last, this = (safe_entries(safe_of(run)) for run in years)
    ledger.write_down(tmp_path, "last", *last)
    assert ledger.check(tmp_path, *this).leaks == ()


@pytest.mark.slow
def test_the_attack_on_two_years_bites(years):
    """disclosure A1: were one stock between the years hidden, the other year's release would give it away."""
    last, this = (safe_of(run) for run in years)
    known = {r["process"]: r["n"] for r in flow(years[0], "stock_after") if r["n"] is not None}
    process = next(p for p in sorted(known) if known[p] > 5)
    at = (pl.col("process") == process) & (pl.col("flow") == "stock_before")
    changed = [hiding(t, at) if t.spec.id == "services-flow" else t for t in this]
    assert (process, known[process]) in {
        (dict(leak.group).get("process"), leak.value) for leak in attack_safe([*last, *changed])
    }


def hiding(table, at):
    "A safe table with one row more hidden."
    frame = table.frame.with_columns(
        value=pl.when(~at).then("value"), n=pl.when(~at).then("n"),
        symbol=pl.when(at).then(pl.lit("[c]")).otherwise("symbol"),
    )  # fmt: skip
    return _safe(Judged(table.spec, frame, profile(table.profile), {}), True, None)


def flow(run, at):
    (table,) = [t for t in safe_of(run) if t.spec.id == "services-flow"]
    return [r for r in table.frame.iter_rows(named=True) if r["flow"] == at]
