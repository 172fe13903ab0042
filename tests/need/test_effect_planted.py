"""Services planted in made-up boroughs, read by the product's own designs: figure, interval and word (need N23)."""

import time

import numpy as np
import polars as pl
import pytest
from tests.need import planted_rows as planted
from tests.synthetic.effect_fits import pooled, scene_of, tables_of

from threecircles.core.effects import least_squares
from threecircles.need.effects import as_text, estimate

TRUTH = {"fx-centre-open": 0.75, "fx-centre-close": 1.25, "fx-wedge": -0.20, "fx-rct": 0.85}
FIRST = 9000


@pytest.fixture(scope="module")
def borough():
    """Truth of one borough's services; no links and no errors of recording lie between."""
    return pooled([tables_of(scene_of(FIRST))])


def told(tables, name):
    """What `need effect` says of one planted service."""
    made = {
        "fx-rct": planted.lot, "fx-wedge": planted.wedge, "fx-users": planted.youth_work,
        "fx-null": lambda t: planted.holiday(t)[:2],
    }  # fmt: skip
    make = made.get(name) or (lambda t: planted.centres(t, name))
    return estimate(*make(tables))


@pytest.mark.parametrize(
    ("name", "word"),
    [("fx-centre-open", "effect, if trends would have stayed alike"), ("fx-wedge", "effect"),
     ("fx-centre-close", "effect, if trends would have stayed alike"), ("fx-rct", "effect")],
)  # fmt: skip
def test_what_was_planted_lies_in_the_interval_under_the_designs_own_word(borough, name, word):
    """need N23: opening .75, closing 1.25, drawn steps -.20 sd, the lot .85 as offered."""
    found = told(borough, name)
    assert not found.refused
    assert found.low <= TRUTH[name] <= found.high, as_text(found)
    assert found.word == word
    assert found.clusters_treated >= 4 and found.clusters_comparison >= 4


def test_a_scheme_that_does_nothing_shows_no_clear_difference_although_its_users_look_good(borough):
    """need N23: fx-null by matching on what drives the rate; users beside others as they come look a fifth better."""
    made, rows, naive = planted.holiday(borough)
    found = estimate(made, rows)
    assert naive < 0.80
    assert found.sentence.startswith("No clear difference; it could be from")
    assert found.low < 1 < found.high
    assert {r["covariate"] for r in found.balance if "covariate" in r} == {"need", "log_rate"}
    assert not any(r.get("marked") for r in found.balance)


def test_before_and_after_alone_says_change_and_what_it_holds(borough):
    """need N23: fx-users, planted -.10: the change is four times that, is called a change, and the reason is told."""
    found = told(borough, "fx-users")
    assert found.word == "change" and found.sentence.startswith("Change: -0.4")
    assert found.high < -0.10 - 0.2, "the interval is nowhere near what the service did"
    assert "return towards their usual" in as_text(found)


def test_schools_of_thousands_of_pupils_are_told_in_seconds(borough):
    """need 7a: 24 schools with two thousand rows each; by rows times rows this took ten minutes."""
    made, rows = planted.wedge(borough)
    assert rows.height > 40_000
    began = time.process_time()
    assert estimate(made, rows).se > 0
    assert time.process_time() - began < 20


def test_errors_of_few_clusters_are_those_of_the_full_formula():
    """need N21: CR2 through a few columns equals the formula with a table of all of a cluster's rows."""
    g = np.random.default_rng(4)
    cluster = np.repeat(np.arange(7), [3, 9, 4, 12, 5, 8, 2])
    x = np.column_stack(
        [g.normal(size=43), np.ones(43), (cluster[:, None] == [1, 2]).astype(float)]
    )
    y, w = g.normal(size=43), g.uniform(0.5, 2, 43)
    found = least_squares(x, y, cluster, w)
    z, v = x * np.sqrt(w)[:, None], y * np.sqrt(w)
    bread = np.linalg.inv(z.T @ z)
    left, aim = v - z @ bread @ z.T @ v, bread[0] @ z.T
    total = 0.0
    for c in range(7):
        own = z[cluster == c]
        values, vectors = np.linalg.eigh(np.eye(len(own)) - own @ bread @ own.T)
        root = (vectors * np.where(values > 1e-10, 1 / np.sqrt(np.maximum(values, 1e-10)), 0)) @ vectors.T  # fmt: skip
        total += float(aim[cluster == c] @ root @ left[cluster == c]) ** 2
    assert found.se == pytest.approx(np.sqrt(total))


def test_a_quarter_in_which_nothing_happened_anywhere_is_left_out(borough):
    """need 7a: without it no ratio would settle where the last quarter has but a day or two."""
    made, rows = planted.centres(borough, "fx-centre-close")
    quiet = (
        rows.group_by("unit")
        .last()
        .with_columns(period=pl.lit(99, dtype=pl.Int64), ended=pl.lit(0.0))
    )
    with_quiet = pl.concat([rows, quiet.select(rows.columns).cast(rows.schema)])
    assert estimate(made, with_quiet).value == pytest.approx(estimate(made, rows).value)


@pytest.mark.slow
def test_five_boroughs_together_hold_what_was_planted():
    """need N23: as above, pooled as the profile `effects` is sized."""
    tables = pooled([tables_of(scene_of(FIRST + k)) for k in range(5)])
    for name, truth in TRUTH.items():
        found = told(tables, name)
        assert found.low <= truth <= found.high, as_text(found)
    assert told(tables, "fx-null").sentence.startswith("No clear difference")
    assert told(tables, "fx-users").word == "change"
