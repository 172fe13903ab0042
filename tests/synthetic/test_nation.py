"""A made-up nation: the panel finds what was planted, and practice shows in what is left of a comparison."""

import numpy as np
import polars as pl
import pytest

from threecircles.funding.panel import panel
from threecircles.funding.panel_data import panel_data
from threecircles.need.decomposition import Side, decompose, with_intervals
from threecircles.synthetic.nation import (
    elasticity_table,
    make_nation,
    practice_table,
    published_tables,
    write_nation,
)
from threecircles.synthetic.profile import HOME, load_profile

SEEDS = range(1, 9)


@pytest.fixture(scope="module")
def nation(tmp_path_factory):
    return write_nation(load_profile("nation"), tmp_path_factory.mktemp("nations") / "n", 1, 2026)


def estimates(seed, spend, *files, lags=(2,), tmp_path):
    folder = tmp_path / f"{seed}"
    folder.mkdir()
    made = make_nation(load_profile("nation", *(HOME / f for f in files)), seed, 2026)
    for name, frame in published_tables(made).items():
        frame.write_parquet(folder / f"{name}.parquet")
    table, _ = panel_data(folder, spend, "CIN")
    return panel(table, lags=lags)


def test_thirteen_years_of_every_authority_are_read_as_published(nation):
    """A20: spend lines and outcomes by authority and year, nobody left out."""
    table, left_out = panel_data(nation / "published", "EarlyHelpSpend", "CIN")
    assert not left_out
    assert table.height == 153 * 13
    assert table["spend"].null_count() == table["outcome"].null_count() == 0
    told = pl.read_parquet(nation / "truth" / "elasticity.parquet")
    planted = {(r["outcome"], r["spend"]): r["elasticity"] for r in told.to_dicts()}
    assert planted["CIN", "EarlyHelpSpend"] == -0.10
    assert planted["CIN", "YouthSpend"] == 0.0


def test_two_nations_of_one_seed_are_equal_byte_for_byte(nation, tmp_path):
    """A2 and A20."""
    again = write_nation(load_profile("nation"), tmp_path / "n", 1, 2026)
    for path in (p for p in nation.rglob("*") if p.is_file()):
        assert path.read_bytes() == (again / path.relative_to(nation)).read_bytes()


def test_the_panel_finds_the_elasticity_of_early_help_and_none_of_youth_work(tmp_path):
    """A20: lag 2, -.10 of early help and 0 of youth spend, over eight nations."""
    (tmp_path / "help").mkdir(), (tmp_path / "youth").mkdir()
    early = [estimates(k, "EarlyHelpSpend", tmp_path=tmp_path / "help").estimates[0] for k in SEEDS]
    youth = [estimates(k, "YouthSpend", tmp_path=tmp_path / "youth").estimates[0] for k in SEEDS]
    assert sum(e.low <= -0.10 <= e.high for e in early) >= 6
    assert sum(e.low <= 0.0 <= e.high for e in youth) >= 6
    assert abs(np.mean([e.b for e in early]) + 0.10) < 0.02
    assert sum(e.clear for e in early) >= 6


def test_spending_that_follows_need_is_told_by_the_leads(tmp_path):
    """A20: with the feedback of .30 the year before shows, and the lags are greyed."""
    found = [
        estimates(k, "EarlyHelpSpend", "nation_feedback.yaml", lags=(-1, 2), tmp_path=tmp_path)
        for k in SEEDS
    ]
    assert all(p.spending_follows for p in found)
    told = elasticity_table(load_profile("nation", HOME / "nation_feedback.yaml"))
    assert told["feedback"].unique().to_list() == [0.30]


def remainders(seed, those=range(153)):
    """The rest of authorities beside the nation, its interval, and the rest that was planted.

    Expected rates come of a line fitted over authorities on deprivation, with draws of its two numbers.
    """
    profile = load_profile("nation")
    cells = practice_table(profile, seed, make_nation(profile, seed, 2026))
    wide = {
        c: cells[c].to_numpy().reshape(153, -1) for c in ("children", "in_need", "rate", "expected")
    }
    deprivation = cells["deprivation"].to_numpy().reshape(153, -1)[:, 0]
    n, count = wide["children"], wide["in_need"]
    base = count.sum(axis=0) / n.sum(axis=0)
    ratio = np.log(count.sum(axis=1) / (n * base).sum(axis=1))
    x = np.column_stack([np.ones(153), deprivation])
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ ratio
    spread = np.var(ratio - x @ beta, ddof=2) * inverse
    drawn = np.random.default_rng(seed).multivariate_normal(beta, spread, 2000)

    def nation(values):
        return (n * values).sum(axis=0) / n.sum(axis=0)

    fitted = np.exp(x @ beta)[:, None] * base
    draws = np.exp(drawn @ x.T)[:, :, None] * base
    other = Side(
        n.sum(axis=0) / n.sum(), base, nation(fitted), count.sum(axis=0),
        np.stack([nation(d) for d in draws]),
    )  # fmt: skip
    truly = Side(other.share, nation(wide["rate"]), nation(wide["expected"]))
    told = []
    for j in those:
        own = Side(n[j] / n[j].sum(), count[j] / n[j], fitted[j], count[j], draws[:, j])
        true = Side(own.share, wide["rate"][j], wide["expected"][j])
        told.append(
            (*with_intervals(own, other, seed=j)["remainder"], decompose(true, truly)["remainder"])
        )
    return np.array(told)


def test_planted_practice_lies_in_the_rest_of_the_comparison():
    """need N30: in the nation the planted practice lies in the remainder's 95% interval for 90-98% of authorities."""
    told = np.vstack([remainders(seed, range(0, 153, 4)) for seed in range(1, 7)])
    share = np.mean((told[:, 1] <= told[:, 3]) & (told[:, 3] <= told[:, 2]))
    assert 0.90 <= share <= 0.98
    # The intervals say something: practice of one sd either way is seen.
    assert np.mean((told[:, 1] > 0) | (told[:, 2] < 0)) > 0.5
