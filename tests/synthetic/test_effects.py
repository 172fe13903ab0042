"""Services with a planted effect: found by fits straight to the truth, absent where none is planted, told in words."""

import numpy as np
import polars as pl
import pytest
from tests.synthetic.effect_fits import all_fits, change, pooled, scene_of, tables_of, wedge

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.synthetic import describe, make
from threecircles.synthetic.days import NEVER
from threecircles.synthetic.effects.hazard import Hazard, acted, first_day
from threecircles.synthetic.effects.hurried import before_after, users_and_others
from threecircles.synthetic.effects.values import check_effects
from threecircles.synthetic.profile import effect_files, load_profile

NAMES = {
    "fx-centre-open", "fx-centre-close", "fx-null", "fx-wedge", "fx-rct", "fx-users", "fx-slow",
}  # fmt: skip


@pytest.fixture(scope="module")
def scene():
    return scene_of(1)


@pytest.fixture(scope="module")
def tables(scene):
    return pooled([tables_of(scene)])


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return make("hamlet", tmp_path_factory.mktemp("fx") / "h", seed=3, effects="planted")


def test_every_service_of_the_specification_is_planted(tables):
    """A14: seven services, each with its true effect."""
    effects = tables["effects"]
    assert set(effects["effect"]) == NAMES
    truth = dict(effects.select("effect", "true_effect").iter_rows())
    assert truth == {
        "fx-centre-open": 0.75, "fx-centre-close": 1.25, "fx-null": 1.0, "fx-wedge": -0.2, "fx-rct": 0.85,
        "fx-users": -0.1, "fx-slow": -0.15,
    }  # fmt: skip


def test_the_truth_of_shifts_is_found_by_fits_straight_to_it(tables):
    """A14, one borough of the hundred seeds (benchmarks/synthetic_effects.py): within three errors, near the value."""
    for told in (*wedge(tables), *change(tables, "fx-users"), *change(tables, "fx-slow")):
        assert abs(told.value - told.truth) < 3 * told.se, told
        assert told.se < 0.05


def test_the_mean_effect_on_those_exposed_comes_of_the_same_seed_without_the_service(tables):
    """A14: first referrals of the exposed with and without, by the same uniform numbers."""
    rows = {r["effect"]: r for r in tables["effects"].iter_rows(named=True)}
    assert rows["fx-null"]["events_with"] == rows["fx-null"]["events_without"] > 50
    assert rows["fx-centre-open"]["events_with"] < rows["fx-centre-open"]["events_without"]
    assert rows["fx-centre-close"]["events_with"] > rows["fx-centre-close"]["events_without"]
    assert rows["fx-rct"]["on_exposed"] < 1
    assert rows["fx-wedge"]["on_exposed"] == rows["fx-wedge"]["true_effect"]


def test_a_hurried_reader_is_misled_as_planted(tables):
    """A14: before and after of fx-users off by at least .25 sd; users beside others of fx-null by at least 10%."""
    users = tables["effect_change"].filter((pl.col("effect") == "fx-users") & pl.col("used"))
    assert abs(before_after(users) + 0.10) >= 0.25
    ratio = users_and_others(tables["exposure"], tables["first_referral"])
    assert ratio < 0.90


def test_a_hazard_leaves_out_and_adds_candidates_by_its_ratio():
    """5a: the effect acts on the rate: three quarters are left, or a quarter more are taken from a second draw."""
    g, n = np.random.default_rng(1), 40_000
    drawn, more = ((np.arange(n), g.integers(0, 1000, n)) for _ in range(2))
    for ratio in (0.75, 1.25, 1.0):
        one = Hazard("x", float(np.log(ratio)), lambda child, day: np.ones(len(child)))
        assert len(acted(1, [one], drawn, more)[0]) / n == pytest.approx(ratio, abs=0.01)
    assert (first_day(n, drawn) == drawn[1]).all()
    assert (first_day(n, (np.array([], dtype=int), np.array([], dtype=int))) == NEVER).all()


def test_with_null_effects_the_same_people_live_in_the_same_places(planted, tmp_path):
    """A14 and 5a: --effects none keeps people, homes and who has the services; only what follows differs."""
    null = make("hamlet", tmp_path / "n", seed=3, effects="none")
    plain = make("hamlet", tmp_path / "p", seed=3)
    for name in ("relation", "residence", "twin"):
        tables = [pl.read_parquet(f / "truth" / f"{name}.parquet") for f in (planted, null, plain)]
        assert tables[0].equals(tables[1])
        assert tables[1].equals(tables[2])
    told = [pl.read_parquet(f / "truth" / "exposure.parquet") for f in (planted, null)]
    assert told[0].equals(told[1])
    effects = pl.read_parquet(null / "truth" / "effects.parquet")
    assert set(effects["true_effect"]) == {0.0, 1.0}
    assert not (plain / "truth" / "effects.parquet").exists()


def test_equal_seeds_give_equal_bytes_with_effects_too(planted, tmp_path):
    """A2."""
    again = make("hamlet", tmp_path / "again", seed=3, effects="planted")
    assert (again / "manifest.json").read_bytes() == (planted / "manifest.json").read_bytes()


def test_the_register_names_the_centres_that_open_and_close(planted):
    """5a: the days an analyst reads in the register are those of the truth, and no other centre comes or goes."""
    register = pl.read_csv(
        planted / "received" / "centre_register_made-up-data.csv", try_parse_dates=True
    )
    places = pl.read_parquet(planted / "truth" / "effect_place.parquet")
    held = register.filter(pl.col("venue_id").is_in(places["place"].implode()))
    assert dict(held.select("venue_id", "closed_on").iter_rows()) == dict(
        places.select("place", "closed_on").iter_rows()
    )
    others = register.filter(
        (pl.col("kind") == "childrens_centre")
        & ~pl.col("venue_id").is_in(places["place"].implode())
    )
    assert others["closed_on"].null_count() == others.height


def test_describe_tells_what_was_planted_and_what_would_mislead(planted):
    """A14: both naive figures stand in `synth describe`."""
    told = describe(planted)
    assert all(name in told for name in NAMES)
    assert "Before and after alone would say" in told
    assert "Users beside others as they come would say" in told


def test_effects_of_ones_own_are_laid_over_and_a_slip_is_named(tmp_path):
    """5a and A13: a file sets one value; a word that means nothing is refused before anything is written."""
    own = tmp_path / "own.yaml"
    own.write_text("id: own\nlabel: x\nsource: t\neffects: {source: t, wedge: {shift: -0.5}}\n")
    values = load_profile("borough", *effect_files(str(own), "borough"))["effects"]
    assert values["wedge"] == {"schools": 24, "steps": 4, "shift": -0.5}
    assert values["lot"]["ratio"] == 0.85
    with pytest.raises(UsageError, match="no such effects") as told:
        make("hamlet", tmp_path / "no", effects="plantd")
    assert "planted" in str(told.value.mend)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("wedge: {shfit: -0.5}", "effects.wedge has no shfit"),
        ("wedgy: {shift: -0.5}", "effects has no wedgy"),
        ("lot: {ratio: -1}", "effects.lot.ratio cannot be this"),
        ("lot: 0.5", "effects.lot has another shape"),
        ("holiday: {share: many}", "effects.holiday.share cannot be this"),
    ],
)
def test_a_slip_in_ones_own_effects_is_named_and_nothing_written(tmp_path, written, named):
    """A13: file, key, what was found and what is allowed."""
    own = tmp_path / "own.yaml"
    own.write_text(f"id: own\nlabel: x\nsource: t\neffects: {{source: t, {written}}}\n")
    with pytest.raises(DefinitionError, match=named):
        check_effects(load_profile("hamlet", *effect_files(str(own), "hamlet"))["effects"])


@pytest.mark.slow
def test_five_boroughs_together_give_every_planted_effect():
    """A14: one of the hundred pooled seeds, every service within three errors."""
    for told in all_fits(pooled([tables_of(scene_of(7000 + k)) for k in range(5)])):
        assert abs(told.value - told.truth) < 3 * told.se, told
