"""Small areas on the page: each ward's own figure beside the model's, from released figures alone (need 6, N8, N9, N18)."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from threecircles.core.fay_herriot import fay_herriot
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.disclosure.release import protect
from threecircles.need.areas import Areas
from threecircles.need.measured import VALUES
from threecircles.need.ward_facts import ward_facts
from threecircles.need.ward_model import FEWEST, Z, made_of_released, ward_model
from threecircles.report.context import Context
from threecircles.report.model import Figure, Nothing, Table
from threecircles.report.pages import small_areas
from threecircles.report.released import released

WARDS = [f"W{i:02d}" for i in range(24)]
CONTEXT = Context(place="Made-up", la_code="E1", period="y", made_on=date(2026, 4, 1))


def facts(wards=WARDS, seed=1):
    g = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "ward": wards,
            "children_living": g.integers(200, 900, len(wards)).astype(float),
            "deprivation_fifth": g.uniform(1, 5, len(wards)),
            "far_km": g.uniform(0.2, 9, len(wards)),
            "rural_share": (g.random(len(wards)) < 0.4).astype(float),
        }
    )


def truth(known, seed):
    g = np.random.default_rng(seed)
    return np.clip(
        0.40 - 0.045 * known["deprivation_fifth"].to_numpy() + g.normal(0, 0.03, known.height), 0.02, 0.9
    )  # fmt: skip


def answered(known, share, seed, asked=None):
    """The figures of a survey: ward, high need, children asked; and the total of all."""
    g = np.random.default_rng(seed)
    n = np.full(known.height, 40) if asked is None else np.asarray(asked)
    y = g.binomial(n, share)
    living = known["children_living"].to_numpy()
    rows = [
        row(w, "need", k, m, c)
        for w, k, m, c in zip(known["ward"].to_list(), y, n, living, strict=True)
    ]
    p = float((living * (y / np.maximum(n, 1))).sum() / living.sum())
    whole = row(TOTAL, "need", int(y.sum()), int(n.sum()), float(living.sum()))
    half = Z * np.sqrt(p * (1 - p) / n.sum())
    return [whole | {"value": p, "low": p - half, "high": p + half}, *rows]


def row(ward, measure, k, n, children):
    p = (k + 0.5) / (n + 1)
    se = np.sqrt(p * (1 - p) / n)
    low, high = (
        1 / (1 + np.exp(-(np.log(p / (1 - p)) + s * Z * se / (p * (1 - p))))) for s in (-1, 1)
    )
    return {
        "ward": ward, "measure": measure, "value": float(p), "low": float(low), "high": float(high),
        "numerator": float(round(p * children)), "denominator": float(round(children)), "n": int(n), "n_with": int(k), "reason": None,
    }  # fmt: skip


def circles(rows, wards=WARDS):
    names = {TOTAL: "All", **{w: f"Ward {w[1:]}" for w in wards}}
    spec = TableSpec(
        id="circles-ward", title="Children with high need, by ward", population="pupils-9-16", period="y",
        unit="share of children", count="n_with", values=VALUES, kind="share", page="need", notes=("The rule in words.",),
        dimensions=(Dimension(column="ward", label="Ward", order=tuple(names), labels=names, vintage="ward24"),),
    )  # fmt: skip
    return Measured(spec, pl.DataFrame(rows, schema_overrides={"reason": pl.String}))


def known_of(frame):
    long = frame.unpivot(index="ward", variable_name="measure", value_name="value")
    spec = TableSpec(
        id="areas-ward", title="What is known of each ward", population="wards", period="y", unit="x", values=("value",),
        dimensions=(Dimension(column="ward", label="Ward"),), kind="published",
    )  # fmt: skip
    return Measured(spec, long)


def safe_tables(rows, known):
    safe = protect([circles(rows), known_of(known)])
    more = made_of_released({t.spec.id: (t.spec, t.frame) for t in safe})
    return {t.spec.id: t for t in [*safe, *protect(more)]}


def test_estimates_add_to_the_direct_total_and_lean_on_the_line_where_few_answered():
    """need N9 on the page: the sum over wards is the direct total to 1e-9; N8: the fewer answers, the less its own."""
    known = facts()
    asked = np.tile([12, 40, 160], 8)
    rows = answered(known, truth(known, 2), 3, asked)
    found = ward_model(pl.DataFrame(rows), known)
    people = known["children_living"].to_numpy()
    model = found.wards["modelled"].to_numpy()
    assert model @ people / people.sum() == pytest.approx(rows[0]["value"], abs=1e-9)
    own = found.wards["own_weight"].to_numpy()
    assert own[asked == 12].max() < own[asked == 40].mean() < own[asked == 160].min()
    assert found.used == ("deprivation_fifth", "far_km", "rural_share")


def test_each_ward_is_told_by_the_others_too():
    """need 6, leave one area out: what stands beside a ward's figure was reckoned without that ward."""
    known = facts()
    rows = answered(known, truth(known, 2), 3)
    found = ward_model(pl.DataFrame(rows), known)
    y = np.array([r["value"] for r in rows[1:]])
    se = np.array([(r["value"] * (1 - r["value"]) / 40) ** 0.5 for r in rows[1:]])
    x = np.column_stack(
        [np.ones(24), *((known[c] - known[c].mean()) / known[c].std(ddof=0) for c in found.used)]
    )
    y[5] = np.nan
    alone = fay_herriot(y, se**2, x)
    assert found.wards["left_out"][5] == pytest.approx(alone.estimate[5], abs=1e-9)
    moved = [dict(r) for r in rows]
    moved[6] |= {"value": 0.9, "low": 0.8, "high": 0.95}
    assert ward_model(pl.DataFrame(moved), known).wards["left_out"][5] == pytest.approx(alone.estimate[5], abs=1e-9)  # fmt: skip


def test_the_model_is_nearer_the_truth_than_answers_and_says_how_sure_it_is():
    """need 6: over 60 made-up places squared error is below the direct one's and 95% intervals hold the truth."""
    direct, model, held, others = [], [], [], []
    for seed in range(60):
        known = facts(seed=seed)
        share = truth(known, 100 + seed)
        rows = answered(known, share, 200 + seed)
        found = ward_model(pl.DataFrame(rows), known)
        w = found.wards
        direct.append((np.array([r["value"] for r in rows[1:]]) - share) ** 2)
        model.append((w["modelled"].to_numpy() - share) ** 2)
        held.append((w["low"].to_numpy() <= share) & (share <= w["high"].to_numpy()))
        others.append(found.held)
    assert np.mean(model) < 0.6 * np.mean(direct)
    assert 0.92 <= np.mean(held) <= 0.98
    assert 0.92 <= np.mean(others) <= 0.98


def test_the_model_gives_no_hidden_ward_away():
    """need N18: two places that differ only in what is hidden give the same tables to the last digit."""
    known = facts()
    asked = np.full(24, 60)
    rows = answered(known, truth(known, 2), 3, asked)
    rows[1] = row("W00", "need", 3, 60, known["children_living"][0])
    rows[0]["n_with"] = sum(r["n_with"] for r in rows[1:])
    tables = safe_tables(rows, known)
    hidden = tables["circles-ward"].frame.filter(pl.col("symbol") == "[c]")["ward"].to_list()
    assert hidden[0] == "W00" and len(hidden) == 2
    other = 1 + WARDS.index(hidden[1])
    changed = [dict(r) for r in rows]
    for at, more in ((1, 1), (other, -1)):
        k, living = changed[at]["n_with"] + more, known["children_living"][at - 1]
        changed[at] = row(changed[at]["ward"], "need", k, 60, living)
    told = [tables, safe_tables(changed, known)]
    for name in ("small-areas-ward", "small-areas-model"):
        assert told[0][name].frame.equals(told[1][name].frame), name
        assert told[0][name].spec == told[1][name].spec
    own = told[0]["small-areas-ward"].frame.filter(
        (pl.col("measure") == "own_weight") & pl.col("ward").is_in(hidden)
    )
    assert own["value"].to_list() == [0.0, 0.0]


def test_the_page_shows_each_wards_own_figure_beside_the_models_and_never_the_model_alone():
    known = facts()
    rows = answered(known, truth(known, 2), 3, np.full(24, 60))
    rows[1] = row("W00", "need", 3, 60, known["children_living"][0])
    rows[0]["n_with"] = sum(r["n_with"] for r in rows[1:])
    page = small_areas.page(released(safe_tables(rows, known).values()), CONTEXT)
    figure = next(b for b in page.blocks if isinstance(b, Figure))
    heads = [c.id for c in figure.table.columns]
    assert heads[:5] == ["ward", "direct", "direct_interval", "modelled", "modelled_interval"]
    by_ward = {r[0]: r for r in figure.table.rows}
    assert len(by_ward) == 24
    assert by_ward["Ward 00"][1].symbol == "[c]" and by_ward["Ward 00"][3].known
    drawn = [k for k, _ in figure.drawn]
    assert not any(k.startswith("Ward 00") for k in drawn)
    assert len(drawn) == 2 * sum(r[1].known for r in figure.table.rows)
    assert figure.svg.text.count("<title") == 1
    said = " ".join(str(b) for b in page.blocks)
    assert "rests on the other wards alone" in said and "Fay and Herriot" in said
    cards = [b for b in page.blocks if isinstance(b, Table)]
    assert {"small-areas-card", "areas-ward-ward"} == {t.id for t in cards}


@pytest.mark.parametrize(
    ("changed", "used"),
    [
        ({"rural_share": [1.0] + [0.0] * 23}, ("deprivation_fifth", "far_km")),
        ({"far_km": None}, ("deprivation_fifth", "rural_share")),
        ({"deprivation_fifth": [3.0] * 24}, ("far_km", "rural_share")),
    ],
)
def test_a_fact_that_one_ward_alone_bears_or_that_is_not_known_is_left_out(changed, used):
    """need 6: with one rural ward nothing is learnt of rural wards, and leaving that ward out must not stop a run."""
    known = facts()
    for name, values in changed.items():
        known = known.with_columns(pl.Series(name, values or [None, *known[name].to_list()[1:]]))
    rows = answered(known, truth(facts(), 2), 3)
    found = ward_model(pl.DataFrame(rows), known)
    assert found.used == used
    assert found.wards["modelled"].is_finite().all() and found.wards["left_out"].is_finite().all()


def test_too_few_wards_make_no_model_and_the_page_says_so():
    known = facts(WARDS[: FEWEST - 1])
    rows = answered(known, truth(known, 2), 3)
    assert ward_model(pl.DataFrame(rows), known) is None
    page = small_areas.page(released(protect([circles(rows), known_of(known)])), CONTEXT)
    assert isinstance(page.blocks[0], Nothing)


def test_facts_of_wards_are_weighted_by_the_children_who_live_there():
    areas = Areas(
        ward={"A": "W1", "B": "W1", "C": "W2"}, deprivation={"A": "1", "B": "5", "C": "3"},
        rural={"A": "Rural", "B": "Urban", "C": "Urban"}, ward_names={"W1": "North", "W2": "South"},
        people={("A", 9): 30.0, ("B", 16): 10.0, ("C", 12): 5.0, ("C", 3): 900.0},
    )  # fmt: skip
    table = ward_facts(areas, {"A": 2.0, "B": 6.0}, range(9, 17), "y")
    told = {(r["ward"], r["measure"]): r["value"] for r in table.frame.to_dicts()}
    assert told["W1", "children_living"] == 40 and told["W2", "children_living"] == 5
    assert told["W1", "deprivation_fifth"] == pytest.approx(2.0)
    assert told["W1", "rural_share"] == pytest.approx(0.75)
    assert told["W1", "far_km"] == pytest.approx(3.0) and told["W2", "far_km"] is None
    assert table.frame.filter(pl.col("value").is_null())["reason"].to_list() == ["not_available"]
    assert ward_facts(replace(areas, ward={}), {}, range(9, 17), "y") is None
