"""Forms before and after a service: who is lost, and by how much the others flatter it."""

import polars as pl
import pytest

from threecircles.synthetic.service_form import form_table, form_truth, make_service_forms


@pytest.fixture(scope="module")
def forms(borough):
    return make_service_forms(borough)


def test_completers_overstate_by_eight_points_where_two_in_five_are_lost_in_fifty_seeds(borough):
    """A17: the two lossy providers, every one of 50 seeds."""
    from dataclasses import replace

    for seed in range(1, 51):
        truth = form_truth(make_service_forms(replace(borough, seed=seed)))
        lossy = truth.filter(pl.col("provider").is_in(["F3", "F4"]))
        assert lossy.height == 2
        over = lossy["better_completers"] - lossy["better"]
        assert over.min() >= 0.08, (seed, lossy)
        assert (lossy["lost"] / lossy["starters"]).is_between(0.39, 0.41).all()


def test_truth_of_each_provider_equals_a_count_of_its_starters(borough, forms):
    """A17."""
    truth = form_truth(forms)
    for row in truth.to_dicts():
        mine = (forms.provider == row["provider"]) & (forms.waiting == row["waiting"])
        assert row["starters"] == mine.sum()
        assert row["lost"] == (mine & ~forms.kept).sum()
        assert row["mean_change"] == pytest.approx(forms.change[mine].mean())
        assert row["mean_change_completers"] == pytest.approx(
            forms.change[mine & forms.kept].mean()
        )
    assert set(truth.filter("waiting")["provider"]) == {"F2"}
    waited, helped = (truth.filter(pl.col("provider") == "F2", pl.col("waiting") == w)["mean_change"][0] for w in (True, False))  # fmt: skip
    assert helped - waited == pytest.approx(0.2, abs=0.25)


def test_every_starter_has_a_row_at_each_occasion_and_the_lost_a_reason(borough, forms):
    """A17; survey A26: lost for no reason does not happen here."""
    for provider in ("F1", "F3", "F5"):
        table = form_table(borough, forms, provider)
        mine = forms.provider == provider
        assert table.height == 3 * mine.sum()
        lost = table.filter(pl.col("lost") == "1")
        assert lost.height == (mine & ~forms.kept).sum()
        assert set(lost["occasion"]) == {"after"} and lost["lost_reason"].null_count() == 0
        assert lost.select(pl.col("^item_.*$").is_null().all()).row(0) == (True,) * 8
        assert table.filter(pl.col("lost") == "0")["item_4"].null_count() == 0


def test_a_charity_sends_tokens_and_the_council_its_own_numbers(borough, forms):
    """A17: four voluntary providers hold no number of the council's and no name."""
    keys = {p: set(form_table(borough, forms, p)["person_key"]) for p in ("F1", "F3", "F4", "F5", "F6")}  # fmt: skip
    assert all(k.startswith("F1-") for k in keys["F1"])
    assert all(k.startswith("t") and len(k) == 25 for p in ("F3", "F4", "F5", "F6") for k in keys[p])  # fmt: skip
