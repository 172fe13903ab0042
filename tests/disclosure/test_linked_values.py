"""Sums that no total row shows: bases in every line, stock and flow of a year, sets and pairs (disclosure A1)."""

from __future__ import annotations

import polars as pl
import pytest

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.disclosure import protecting
from threecircles.disclosure.attack_files import attack_entries
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.linked_values import linked, overlapping, year_before
from threecircles.disclosure.numbers import told
from threecircles.disclosure.profiles import profile
from threecircles.disclosure.release import protect


def spec(name, dimensions, count="n", kind="count", unit="children", values=("value", "n")):
    return TableSpec(
        id=name, title=name, population="children", period="2026", unit=unit, kind=kind,
        dimensions=tuple(Dimension(column=d, label=d) for d in dimensions), count=count, values=values,
    )  # fmt: skip


def scores():
    "Each child has one score for each construct; every line shows how many answered."
    told = {"worry": (21, 66, 27, 5), "anger": (23, 63, 30, 4), "sleep": (17, 62, 34, 6)}
    rows = [
        {"construct": c, "score": str(k), "measure": "share", "value": n / sum(own), "n": sum(own), "n_with": n}
        for c, own in told.items() for k, n in enumerate(own)
    ]  # fmt: skip
    columns = ("value", "n", "n_with")
    table = spec("scores", ("construct", "score"), "n_with", "share", "share of children", columns)
    return [Measured(table, pl.DataFrame(rows))]


def flows():
    "Who was there, came, left and stayed; the stock stands in a table of its own."
    told = {"centre": (20, 42, 1), "hub": (78, 50, 9), "club": (37, 15, 8)}
    rows, stock = [], []
    for process, (before, starts, ends) in told.items():
        after = before + starts - ends
        figures = (("stock_before", before), ("starts", starts), ("ends", ends), ("any_point", before + starts), ("stock_after", after))  # fmt: skip
        rows += [{"process": process, "flow": f, "measure": "children", "value": float(n), "n": n} for f, n in figures]  # fmt: skip
        stock.append({"process": process, "measure": "children", "value": float(after), "n": after})
    return [
        Measured(spec("flow", ("process", "flow")), pl.DataFrame(rows)),
        Measured(
            spec("stock", ("process",), unit="children; rate per 10,000"), pl.DataFrame(stock)
        ),
    ]


def sets():
    "Pairs of conditions are made up of the sets that hold both, numbers of the sets of that size."
    told = {"none": 90, "a": 30, "b": 25, "a b": 12, "a b c": 2, "c": 9, "a c": 7, "b c": 8}
    pairs = {("a", "b"): 14, ("a", "c"): 9, ("b", "c"): 10}
    numbers = {"0": 90, "1": 64, "2": 27, "3+": 2}
    count = {"measure": "children"}
    made = [
        ("sets", ("set",), [{"set": s} | count | {"value": float(n), "n": n} for s, n in told.items()]),
        ("pairs", ("first", "second"), [{"first": a, "second": b} | count | {"value": float(n), "n": n} for (a, b), n in pairs.items()]),
        ("numbers", ("number",), [{"number": k} | count | {"value": float(n), "n": n} for k, n in numbers.items()]),
    ]  # fmt: skip
    return [Measured(spec(name, dims), pl.DataFrame(rows)) for name, dims, rows in made]


@pytest.mark.parametrize("tables", [scores, flows, sets])
def test_nothing_comes_back_through_sums_that_no_total_shows(tables):
    """disclosure A1: bases, stock and flow, sets and pairs are reckoned with."""
    safe = protect(tables())
    assert sum(s.suppressed["primary"] for s in safe) > 0
    assert attack_safe(safe) == []


@pytest.mark.parametrize(
    ("tables", "name"), [(scores, "base_sums"), (flows, "linked_sums"), (sets, "linked_sums")]
)
def test_the_attacker_finds_what_comes_back_through_them(tables, name, monkeypatch):
    """disclosure A1: with the sums left out of the protection the attacker works hidden counts out."""
    from threecircles.disclosure import cast

    monkeypatch.setattr(cast, name, lambda *_: None)
    assert attack_safe(protect(tables()))


def test_a_base_that_differs_along_a_line_is_no_sum():
    "Wards have bases of their own; that those with a property add up to one of them would be chance."
    rows = [
        {"ward": w, "measure": "share", "value": k / n, "n": n, "n_with": k}
        for w, n, k in (("a", 40, 20), ("b", 50, 30), ("c", 50, 20))
    ]
    table = spec("w", ("ward",), "n_with", "share", "share of children", ("value", "n", "n_with"))
    (safe,) = protect([Measured(table, pl.DataFrame(rows))])
    assert safe.suppressed["hidden"] == 0


def test_the_place_of_a_hidden_row_does_not_tell_its_size():
    "A table in order of its figures: hidden rows stand at the end, in order of their names."
    told = [("x", 40), ("y", 22), ("q", 5), ("m", 4), ("z", 3), ("k", 1)]
    rows = [{"set": s, "measure": "children", "value": float(n), "n": n} for s, n in told]
    (safe,) = protect([Measured(spec("sets", ("set",)), pl.DataFrame(rows))])
    assert safe.frame["set"].to_list() == ["x", "y", "k", "m", "q", "z"]


def test_links_among_values_are_read_from_their_definition():
    groups = [
        frozenset({("process", "cin"), ("flow", f)})
        for f in ("any_point", "starts", "stock_before")
    ]
    found = list(linked(groups))
    assert found == [(groups[0], (groups[2], groups[1]))]
    assert year_before("1 April 2025 to 31 March 2026") == "1 April 2024 to 31 March 2025"


def test_the_fate_of_a_table_is_the_fate_of_its_rows_in_every_order():
    "The order that is told goes with the frame: no figure changes its row."
    table = sets()[0]
    (judged, *_), _ = protecting.judge([table], lambda _: profile("la-default"))
    shown = judged.frame.filter(pl.col("symbol") == "").join(table.frame, on="set")
    assert shown["n"].to_list() == shown["n_right"].to_list()


def test_a_share_without_its_numerator_tells_it_all_the_same():
    "4% of 50 children are two: a share times its base is a count, given or not (known answer D)."
    told = {"a": (50, 0.04), "b": (60, 0.25), "c": (40, 0.5), "d": (30, 1 / 7)}
    rows = [{"ward": w, "measure": "helped", "value": v, "numerator": None, "n": n} for w, (n, v) in told.items()]  # fmt: skip
    table = spec("w", ("ward",), "n", "share", "share of children", ("value", "numerator", "n"))
    frame = pl.DataFrame(rows, schema_overrides={"numerator": pl.Float64})
    (safe,) = protect([Measured(table, frame)])
    shown = safe.frame.filter(pl.col("symbol") == "")["ward"].to_list()
    assert "a" not in shown and {"b", "c", "d"} <= set(shown)


def test_pairs_of_conditions_overlap_and_make_up_no_total():
    """disclosure A1: a child with three conditions is in three pairs, so all pairs together are not all children."""
    told_of = {
        "pairs": {("a", "b"): "c", ("a", "c"): "c", ("b", "c"): "c"},
        "numbers": {"0": "10", "1": "8", "2+": "33"},
        "sets": {"none": "10", "a": "8", "a b": "c", "a b c": "c", "a c": "11", "b c": "c"},
    }
    columns = {"pairs": ("first", "second"), "numbers": ("number",), "sets": ("set",)}
    found = [
        Entry(t, i, "n", tuple(zip(columns[t], at if t == "pairs" else (at,), strict=True)), "children:count|children|children|2026", told(n))
        for t, own in told_of.items() for i, (at, n) in enumerate(own.items(), 1)
    ]  # fmt: skip
    report = attack_entries(found)
    assert not report.contradictory and not any("contradict" in note for note in report.notes)
    pair = next(f for f in report.hidden if "first" in f.group)
    assert (pair.low, pair.high) == (0, 22)
    assert overlapping(("first", "second", "set", "ward")) == {"first", "second"}
    assert overlapping(("first", "second")) == set()
