"""A reason for leaving and no day: an end where the return leaves reasons blank on open rows, else nothing told."""

from datetime import date, timedelta

import narwhals as nw
import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.record.build import Extract, Received, build_source
from threecircles.record.derive.care import care_rules, period_of_care
from threecircles.record.derive.ended import ended
from threecircles.record.derive.stock import status_on
from threecircles.record.derived import placements
from threecircles.record.mapping.load import mapping_for

BEFORE = date(2024, 6, 1)
WITHIN = date(2025, 7, 1)


def received(year, rows):
    """A return of 31 March with episodes (child, DECOM, DEC or None, REC or None), known on 1 June."""
    end = date(year, 3, 31)
    first = date(year - 1, 4, 1)
    one = Extract(
        f"s903_{year}", "ssda903", "E1", end, date(year, 6, 1), first, end, "window", "unknown", 120
    )
    days = pl.DataFrame(
        rows,
        schema={
            "CHILD": pl.String, "DECOM__date": pl.Date, "DEC__date": pl.Date, "REC": pl.String,
        },
        orient="row",
    )  # fmt: skip
    table = days.with_columns(
        DECOM=pl.col("DECOM__date").cast(pl.String),
        DEC=pl.col("DEC__date").cast(pl.String),
        RNE=pl.lit("S"),
        LS=pl.lit("C2"),
        PLACE=pl.lit("U4"),
        _row=pl.int_range(pl.len()),
        _file=pl.lit("episodes.csv"),
    )
    return Received(one, {"Episodes": table})


def built(*returns):
    records = [
        r.tables["Episodes"]
        .select(source_key="CHILD")
        .unique()
        .with_columns(
            delivery=pl.lit(r.extract.id), source_record_id="source_key", person_id="source_key"
        )
        for r in returns
    ]
    return build_source("ssda903", returns, pl.concat(records))


def placed(made):
    rows = made["episode"].filter(pl.col("process") == "placement")
    return rows.with_columns(person_id="source_record_id").sort("source_record_id")


def told(made, child):
    row = placed(made).filter(pl.col("source_record_id") == child).row(0, named=True)
    return row["valid_to"], row["end_basis"], row["ended_from"], row["flags"]


def open_rows(n):
    return [(f"open{i:02}", BEFORE, None, None) for i in range(n)]


def test_a_rare_reason_without_a_day_is_an_end_whose_day_is_lost():
    """A5: the row stood when the year began, or began in it: it ended from then on, nobody knows when."""
    rows = [("old", BEFORE, None, "E4A"), ("new", WITHIN, None, "E13"), *open_rows(18)]
    made = built(received(2026, rows))
    assert told(made, "old") == (None, "unknown", date(2025, 4, 1), ["end_day_lost"])
    assert told(made, "new") == (None, "unknown", WITHIN, ["end_day_lost"])
    assert told(made, "open00") == (None, None, None, [])
    status = made["episode"].filter(pl.col("process") == "legal_status")
    assert status.filter(pl.col("end_basis") == "unknown").height == 2


@pytest.mark.parametrize(("left", "basis"), [(2, "unknown"), (3, None)])
def test_above_a_tenth_of_open_rows_a_reason_tells_nothing(left, basis):
    """The share is the definition's: up to it an end, above it the row goes on and is flagged."""
    rule = next(r for r in mapping_for("ssda903", 2026).rows if r.lost_day)
    assert rule.lost_day.at_most == 0.1
    rows = [(f"left{i}", BEFORE, None, "E4A") for i in range(left)]
    made = built(received(2026, [*rows, *open_rows(20 - left)]))
    found = told(made, "left0")
    assert found[1] == basis
    assert found[3] == (["end_day_lost"] if basis else ["reason_without_end"])


def test_where_every_open_row_has_a_reason_all_go_on():
    """As in the sample returns (record K5)."""
    rows = [(f"c{i}", BEFORE, None, "X1" if i % 3 else "E4A") for i in range(30)]
    made = placed(built(received(2026, rows)))
    assert made["end_basis"].null_count() == made.height == 30
    assert set(made["flags"].explode()) == {"reason_without_end"}


def test_the_end_of_an_episode_is_not_the_end_of_a_stay():
    """X1: another episode begins; the child is still there."""
    made = built(received(2026, [("moved", BEFORE, None, "X1"), *open_rows(19)]))
    assert told(made, "moved") == (None, None, None, ["reason_without_end"])


def test_who_left_counts_until_the_year_began_and_no_longer_at_its_end(engine):
    """The return before told the child as there at its end; that stock stays as it was."""
    first = received(2025, [("old", BEFORE, None, None), *open_rows(19)])
    second = received(2026, [("old", BEFORE, None, "E4A"), ("new", WITHIN, None, "E4A"), *open_rows(19)])  # fmt: skip
    rows = placed(built(first, second)).drop("attributes", "flags")
    on = {
        day: collect(status_on(ended(engine.frame(rows)), day))["person_id"].n_unique()
        for day in (date(2025, 3, 31), date(2025, 4, 1), date(2026, 3, 31))
    }
    assert on == {date(2025, 3, 31): 20, date(2025, 4, 1): 19, date(2026, 3, 31): 19}


def test_a_period_of_care_ends_with_it(engine):
    made = built(received(2026, [("old", BEFORE, None, "E4A"), *open_rows(19)]))
    rows = engine.frame(placed(made).drop("flags"))
    cared = placements(rows)
    if "ended_from" not in cared.collect_schema().names():
        cared = cared.join(rows.select("row_id", "ended_from"), on="row_id", how="left")
    periods = collect(period_of_care(cared, care_rules())).filter(pl.col("person_id") == "old")
    assert periods.select("valid_from", "valid_to", "reason_out").rows() == [
        (BEFORE, date(2025, 4, 1), "E4A")
    ]
    without = period_of_care(cared.drop("ended_from"), care_rules())
    assert collect(without.filter(nw.col("person_id") == "old"))["valid_to"].to_list() == [BEFORE]


def test_what_was_known_then_stays_and_a_day_that_comes_later_corrects():
    """A3 and A2: each return is read by itself, so the order of loading does not matter; no row is lost."""
    day = date(2026, 1, 9)
    returns = [
        received(2025, [("old", BEFORE, None, None), *open_rows(19)]),
        received(2026, [("old", BEFORE, None, "E4A"), *open_rows(19)]),
        received(2027, [("old", BEFORE, day, "E4A"), *open_rows(19)]),
    ]
    whole, shuffled = built(*returns), built(returns[2], returns[0], returns[1])
    assert whole.keys() == shuffled.keys()
    assert all(whole[name].equals(shuffled[name]) for name in whole)
    assert told(whole, "old") == (day, "stated", None, [])
    assert told(built(*returns[:2]), "old")[:3] == (None, "unknown", date(2025, 4, 1))
    for n in (1, 2):
        then = returns[n - 1].extract.received_on + timedelta(days=1)
        both = pl.concat([whole["episode"], whole["episode_history"]])
        rewound = both.filter(
            (pl.col("known_from") <= then)
            & (pl.col("known_to").is_null() | (pl.col("known_to") > then))
        )
        shown = ["row_id", "valid_from", "valid_to", "end_basis", "ended_from", "reason_out"]
        known = built(*returns[:n])["episode"].select(shown).sort("row_id")
        assert rewound.select(shown).sort("row_id").equals(known)
    lines = whole["source_row"]
    assert lines.height == 60 and set(lines["outcome"]) == {"mapped"}


def test_stocks_are_the_same_on_every_engine_for_rows_without_the_column():
    """Tables that do not carry the earliest day end such a row where it began."""
    rows = pl.DataFrame(
        {"row_id": ["r"], "valid_from": [BEFORE], "valid_to": [None], "end_basis": ["unknown"]},
        schema_overrides={"valid_to": pl.Date},
    )
    assert collect(ended(make("polars").frame(rows)))["valid_to"].to_list() == [BEFORE]
