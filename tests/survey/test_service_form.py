"""Before, during and after help: survey page, section 3b."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.core.seeds import rng
from threecircles.survey.service_form import (
    NOTICE,
    change,
    close,
    mean_change,
    measured,
    pairs,
    reliable_change,
)

START = date(2026, 4, 1)


def cases(better=45, same=10, worse=5, lost=40, reason="no_contact", service="groups"):
    """One row an occasion for made-up people of one service."""
    rows = []
    for i, gain in enumerate([10.0] * better + [0.0] * same + [-10.0] * worse + [None] * lost):
        one = {
            "service_id": service,
            "provider": "p",
            "person": f"{service}{i:03}",
            "started_on": START,
        }
        rows.append(one | {"occasion": "before", "on": START, "score": 20.0, "reason": None})
        if gain is None:
            rows.append(one | {"occasion": "after", "on": START + timedelta(days=60), "score": None, "reason": reason})  # fmt: skip
        else:
            rows.append(one | {"occasion": "after", "on": START + timedelta(days=60), "score": 20.0 + gain, "reason": None})  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def test_a_reliable_change_is_beyond_measurement_error():
    """A26: SD 5, reliability .80."""
    assert reliable_change(5, 0.80) == pytest.approx(6.1980642, abs=1e-7)


def test_a_share_never_comes_without_those_who_were_lost():
    """A26: 100 started, 60 paired, 45 better: 75% of the paired, 45-85% of those who started."""
    share = change(pairs(cases(), 6.2)).share()
    assert (share.of_paired, *share.of_started) == (0.75, 0.45, 0.85)
    assert "between 45% and 85% of all who started, 40% lost" in str(share)


def test_a_table_shows_the_bounds_where_a_share_would_stand():
    """A26: exported rows carry them too."""
    table = measured(pairs(pl.concat([cases(), cases(50, 8, 2, 0, service="play")]), 6.2), "2026")
    row = table.frame.filter(service="groups", measure="better").row(0, named=True)
    assert (row["value"], row["low"], row["high"]) == (0.75, 0.45, 0.85)
    whole = table.frame.filter(service="play", measure="better").row(0, named=True)
    assert whole["low"] > 50 / 60 - 0.15 and whole["high"] < 1
    assert table.spec.notes[0] == NOTICE


def test_someone_lost_for_no_reason_holds_the_close_up():
    """A26."""
    silent = pairs(cases(reason=None), 6.2)
    with pytest.raises(UsageError, match="40 people have no later answer and no reason"):
        close(silent, START + timedelta(days=100))
    close(silent, START + timedelta(days=30))
    close(pairs(cases(), 6.2), START + timedelta(days=100))


def test_those_still_in_the_service_are_not_lost():
    made = change(pairs(cases(reason="still_in_service"), 6.2))
    assert (made.started, made.gone, made.still) == (60, 0, 40)
    assert str(made.share()) == "75% of the 60 who answered twice"


def test_a_late_first_answer_is_said_to_be_late():
    late = cases(1, 0, 0, 0).with_columns(
        on=pl.when(pl.col("occasion") == "before").then(START + timedelta(days=15)).otherwise("on")
    )
    assert pairs(late, 6.2)["late"].to_list() == [True]


def test_a_word_that_is_not_known_is_refused():
    with pytest.raises(UsageError, match="reasons that are not known"):
        pairs(cases(reason="bored"), 6.2)


@pytest.mark.parametrize("seed", range(20))
def test_the_truth_lies_between_the_bounds_when_the_needy_are_lost(seed):
    """A28 (first half): 30% lost by need; the paired mean is biased, the bounds hold the truth."""
    made = rng(seed, "service")
    need = made.normal(0, 1, 2000)
    before, gain = 20 - 3 * need, 4 - 3 * need
    lost = made.random(2000) < np.clip(0.3 + 0.25 * need, 0.02, 0.98)
    after = np.where(lost, np.nan, before + gain)
    people = [f"x{i}" for i in range(2000)]
    one = {"service_id": "s", "provider": "p", "person": people, "started_on": START}
    rows = pl.concat(
        [
            pl.DataFrame(one | {"occasion": "before", "on": START, "score": before}),
            pl.DataFrame(one | {"occasion": "after", "on": START + timedelta(days=50), "score": after}),
        ]
    ).with_columns(pl.col("score").fill_nan(None))  # fmt: skip
    rows = rows.with_columns(reason=pl.when(pl.col("score").is_null()).then(pl.lit("no_contact")))
    found = mean_change(pairs(rows, 1.0), (-40.0, 40.0))
    assert found["least"] <= gain.mean() <= found["most"]
    assert found["paired"] - gain.mean() > 0.5
