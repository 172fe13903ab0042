"""disclosure A1: journeys beside states, the map beside the year's flow: cells of two tables that are bound to be equal."""

from __future__ import annotations

import polars as pl
import pytest
from tests.disclosure.test_linked_values import spec

from threecircles.core.tables import TOTAL, Measured
from threecircles.disclosure import cast
from threecircles.disclosure.attack_files import attack_entries
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.ledger import safe_entries
from threecircles.disclosure.linked_tables import links_among
from threecircles.disclosure.profiles import profile
from threecircles.disclosure.protecting import Judged, with_symbols
from threecircles.disclosure.release import _safe, protect


def counted(name, dimensions, told, population, *, measures=("children",), unit="children"):
    "A table of counts: the values of its dimensions -> how many."
    rows = [
        {**dict(zip(dimensions, at, strict=True)), "measure": m, "value": float(n), "n": n}
        for at, n in told.items() for m in measures
    ]  # fmt: skip
    made = spec(name, dimensions, unit=unit)
    return Measured(
        type(made)(**{**vars(made), "population": population}),
        pl.DataFrame(rows, schema_overrides={d: pl.String for d in dimensions}),
    )


def journeys():
    "One move to care is hidden; the states show how many ever came there."
    states = {("1", "cin"): 140, ("1", "early_help"): 70, ("2", "cla"): 31, ("2", "cpp"): 52, ("3", "cpp"): 9, ("3", "cla"): 7}  # fmt: skip
    links = {("cin", "cla"): 35, ("early_help", "cla"): 3, ("cin", "cpp"): 40, ("early_help", "cpp"): 21}  # fmt: skip
    known = "children-first-helped"
    return [
        counted("states", ("step", "state"), states, known, measures=("children", "median_days")),
        counted("links", ("from", "to"), links, known),
    ]


def flow_and_map():
    "Few came and few left, so the year's flow hides all who were there; the map adds them up again."
    figures = {"stock_before": 60, "starts": 3, "ends": 4, "any_point": 63, "stock_after": 59}
    told = {("cpp", flow): n for flow, n in figures.items()}
    wards = {(TOTAL,): 63, ("a",): 30, ("b",): 33}
    flow = counted("flow", ("process", "flow"), told, "children-known")
    places = counted("wards", ("ward",), wards, "children-known", measures=("cpp",), unit="per 10,000 children")  # fmt: skip
    return [flow, places]


def accepted():
    "A funnel's stage is a flow of the year under another name."
    flow = {("cin", "stock_before"): 60, ("cin", "starts"): 22, ("cin", "any_point"): 82, ("cin", "ends"): 4, ("cin", "stock_after"): 78}  # fmt: skip
    stages = {("referral",): 30, ("accepted",): 22}
    return [
        counted("flow", ("process", "flow"), flow, "children-known"),
        counted("funnel", ("stage",), stages, "children-referred"),
    ]


@pytest.mark.parametrize("tables", [journeys, flow_and_map, accepted])
def test_nothing_comes_back_through_another_table(tables):
    """disclosure A1: a hidden move, flow or stage does not follow from states or wards."""
    safe = protect(tables())
    assert sum(s.suppressed["primary"] for s in safe) > 0
    assert attack_safe(safe) == []


def test_the_attacker_finds_a_move_that_the_states_give_away(monkeypatch):
    """disclosure A1: with the links left out of the protection the attacker works the move out."""
    monkeypatch.setattr(cast, "table_sums", lambda _: None)
    (leak,) = attack_safe(protect(journeys()))
    assert (dict(leak.group), leak.value) == ({"from": "early_help", "to": "cla"}, 3)


def by_hand(table, hidden):
    "A table released with the rows of some flows hidden, whatever the rules say."
    frame = with_symbols(table.frame)
    gone = pl.col("flow").is_in(hidden)
    frame = frame.with_columns(
        value=pl.when(~gone).then("value"), n=pl.when(~gone).then("n"),
        symbol=pl.when(gone).then(pl.lit("[c]")).otherwise("symbol"),
    )  # fmt: skip
    return _safe(Judged(table.spec, frame, profile("la-default"), {}), True, None)


def told_by_the_map():
    "The flow hides who came and who was there at any point; the map shows the latter."
    flow, places = flow_and_map()
    hidden = ["starts", "any_point", "ends"]
    return [by_hand(flow, hidden), *protect([places])]


def test_the_attacker_finds_a_flow_that_the_map_gives_away():
    """disclosure A1: tables of one page and another are attacked as one."""
    flow, places = told_by_the_map()
    assert attack_safe([flow]) == []
    assert {(dict(k.group)["flow"], k.value) for k in attack_safe([flow, places])} == {
        ("any_point", 63), ("starts", 3), ("ends", 4),
    }  # fmt: skip


def test_the_ledger_knows_the_links_between_tables():
    """disclosure A1: a map released beside a year's flow is held when both tell who came."""
    found, _ = safe_entries(told_by_the_map())
    exact = {(f.group["flow"], f.low) for f in attack_entries(found).hidden if f.exact}
    assert {("starts", 3.0), ("ends", 4.0)} <= exact


def test_a_link_that_shown_figures_speak_against_is_not_believed():
    """A child who makes one move twice is counted once among the moves, twice among the states."""
    states, links = journeys()
    states = Measured(states.spec, states.frame.with_columns(n=pl.col("n") + 90))
    assert attack_safe(protect([states, links])) == []


def test_links_hold_within_one_period_only():
    children = [f"children-first-helped|children|{year}" for year in (2025, 2026)]
    to, state = frozenset({("from", "cin"), ("to", "cla")}), frozenset({("step", "2"), ("state", "cla")})  # fmt: skip
    keys = [(children[0], "children:count", to), (children[1], "children:count", state)]
    assert list(links_among(keys)) == []
    both = [(children[1], "children:count", to), keys[1]]
    assert list(links_among(both)) == [((both[0],), (both[1],))]
