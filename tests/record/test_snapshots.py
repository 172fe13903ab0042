"""Several snapshots of one state: one interval where the gap is bridged, two where it is not."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from threecircles.record.build import Extract
from threecircles.record.merge import finish, merge

BRIDGES = {"sen_support": 400}


def snapshot(number, day):
    return Extract(f"e{number}", "school-census", "E1", day, day + timedelta(days=30), day, day,
                   "snapshot", "unknown", 90)  # fmt: skip


def rows(extract, keys, process="sen_support"):
    return pl.DataFrame(
        {
            "row_id": keys,
            "process": [process] * len(keys),
            "valid_from": [extract.as_of] * len(keys),
            "valid_to": [None] * len(keys),
            "end_basis": [None] * len(keys),
            "extract_id": [extract.id] * len(keys),
            "flags": [["start_unknown"]] * len(keys),
        },
        schema_overrides={
            "row_id": pl.String,
            "process": pl.String,
            "valid_from": pl.Date,
            "valid_to": pl.Date,
            "end_basis": pl.String,
            "extract_id": pl.String,
            "flags": pl.List(pl.String),
        },
    )


def told(state, extracts):
    now, _ = finish(state, extracts)
    return now.sort("valid_from").select("valid_from", "valid_to", "flags").rows()


def test_yearly_snapshots_of_one_state_make_one_interval():
    """record S11, section 2: bridge_days >= gap."""
    extracts = [snapshot(k, date(2023 + k, 1, 20)) for k in range(3)]
    state = merge([(e, rows(e, ["a"])) for e in extracts], BRIDGES)
    assert told(state, extracts) == [(date(2023, 1, 20), None, ["start_unknown"])]
    assert state.renamed.is_empty()


def test_a_gap_nobody_saw_across_makes_two_intervals_both_flagged():
    """record S11, section 2: the earlier one ends after the last day on which it was seen."""
    extracts = [snapshot(k, date(2021 + 2 * k, 1, 20)) for k in range(2)]
    state = merge([(e, rows(e, ["a"])) for e in extracts], BRIDGES)
    first, second = told(state, extracts)
    assert first == (date(2021, 1, 20), date(2021, 1, 21), ["start_unknown", "gap_unseen"])
    assert second == (date(2023, 1, 20), None, ["start_unknown", "gap_unseen"])
    later = snapshot(2, date(2024, 1, 20))
    state = merge([(e, rows(e, ["a"])) for e in [*extracts, later]], BRIDGES)
    assert len(told(state, [*extracts, later])) == 2
    assert set(state.renamed["extract_id"]) == {"e1", "e2"}
    assert state.renamed["stands_as"].n_unique() == 1


def test_what_was_known_then_holds_with_snapshots_too():
    """record A3: 200 random sequences of snapshots; any order of loading, every prefix."""
    g = np.random.default_rng(3)
    for _ in range(200):
        day, parts = date(2020, 1, 20), []
        for k in range(int(g.integers(1, 6))):
            day += timedelta(days=int(g.choice([365, 366, 731])))
            one = snapshot(k, day)
            keys = [x for x in "abc" if g.random() < 0.7]
            parts.append((one, rows(one, keys)))
        extracts = [e for e, _ in parts]
        full = merge([parts[i] for i in g.permutation(len(parts))], BRIDGES)
        for k, one in enumerate(extracts):
            then = finish(merge(parts[: k + 1], BRIDGES), extracts[: k + 1])[0]
            rewound = finish(full, extracts, one.received_on)[0]
            assert rewound.height == then.height
            if not then.height:
                continue
            key = ["row_id", "valid_from", "valid_to", "flags", "last_seen"]
            assert rewound.select(key).sort("row_id").equals(then.select(key).sort("row_id"))
