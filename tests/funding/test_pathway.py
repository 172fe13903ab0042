"""What a pathway costs, and that cutting a period in two loses no penny (spec/funding.md 2)."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.definitions import load_text
from threecircles.funding.care_events import care_costing, care_events, placements
from threecircles.funding.cost_table import CostTable, Staff, bottom_up, load_cost_table
from threecircles.funding.pathway import lorenz, pathway_cost, spread, totals

FROM, TO = date(2023, 4, 1), date(2024, 3, 31)
EPISODES = pl.DataFrame(
    [
        ("a", "e1", "U6", "C1", date(2023, 4, 10), date(2023, 6, 19), "S", "X1"),
        ("a", "e2", "K2", "C1", date(2023, 6, 19), date(2023, 9, 11), "P", "E4A"),
    ],
    schema=["person_id", "event_id", "place", "ls", "valid_from", "valid_to", "reason_in", "reason_out"],
    orient="row",
)  # fmt: skip
OTHERS = pl.DataFrame(
    [
        ("a", "r1", "review", date(2023, 5, 8)),
        ("a", "r2", "review", date(2023, 8, 1)),
        ("a", "p1", "plan", date(2023, 4, 20)),
    ],
    schema=["person_id", "event_id", "kind", "on_date"],
    orient="row",
)


@pytest.fixture(scope="module")
def child():
    rules = care_costing()
    return placements(EPISODES, rules), care_events(EPISODES, OTHERS, rules)


def test_a_pathway_costs_what_was_worked_by_hand(child):
    """funding A6: 70 days £7,000, 84 days £58,800, 22 weeks £1,540, events: £75,740.00."""
    costs = pathway_cost(*child, load_cost_table("demo"), FROM, TO)
    by = dict(costs.group_by("component").agg(pl.col("pence").sum()).iter_rows())
    assert by == {
        "placement": 6_580_000, "process-3": 154_000, "process-1": 120_000, "process-2": 30_000,
        "process-4": 90_000, "process-5": 80_000, "process-6": 120_000, "process-7": 400_000,
    }  # fmt: skip
    assert costs["pence"].sum() == 7_574_000
    assert totals(costs).row(0) == ("a", 7_574_000, 0)


def test_a_second_period_gives_pieces_that_add_to_the_whole(child):
    """funding 2.3: the second period starts on 1 June 2023."""
    table, cut = load_cost_table("demo"), date(2023, 6, 1)
    one = pathway_cost(*child, table, FROM, cut - timedelta(days=1))["pence"].sum()
    two = pathway_cost(*child, table, cut, TO)["pence"].sum()
    assert one + two == 7_574_000


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 364), st.integers(1, 999_999))
def test_cutting_any_period_in_two_conserves_cost(child, day, weekly):
    """funding A6, with a weekly price that no number of days divides."""
    held = load_cost_table("demo")
    rows = [r if r.id != "home" else type(r)(**{**r.__dict__, "pence": weekly}) for r in held.rows]
    table = CostTable(**{**held.__dict__, "rows": rows})
    cut = FROM + timedelta(days=day)
    whole = pathway_cost(*child, table, FROM, TO)["pence"].sum()
    first = pathway_cost(*child, table, FROM, cut - timedelta(days=1))["pence"].sum()
    assert first + pathway_cost(*child, table, cut, TO)["pence"].sum() == whole


def test_tables_that_hold_the_same_process_are_refused(child):
    """funding A6."""
    demo = load_cost_table("demo")
    weekly = CostTable(**{**demo.__dict__, "id": "weekly", "includes": ["process-3"], "rows": demo.rows[:1]})  # fmt: skip
    with pytest.raises(UsageError, match="both hold process-3"):
        pathway_cost(*child, [demo, weekly], FROM, TO)


def test_what_has_no_price_is_counted_and_not_nought(child):
    strange = child[0].with_columns(placement_type=pl.lit("hotel"))
    costs = pathway_cost(strange, child[1], load_cost_table("demo"), FROM, TO)
    uncosted = costs.filter(pl.col("table_row_id") == "uncosted")
    assert uncosted.height == 2
    assert uncosted["pence"].null_count() == 2


def test_a_child_without_plan_dates_is_planned_for_every_six_months():
    rules = care_costing()
    events = care_events(EPISODES, OTHERS.filter(pl.col("kind") != "plan"), rules)
    planned = events.filter(pl.col("component") == "process-2")["on_date"].to_list()
    assert planned == [date(2023, 4, 10)]
    long = EPISODES.head(1).with_columns(
        valid_to=pl.lit(None, pl.Date), reason_out=pl.lit(None, pl.Utf8)
    )
    again = care_events(long, OTHERS.clear(), rules).filter(pl.col("component") == "process-2")
    assert again["on_date"].to_list()[:3] == [
        date(2023, 4, 10),
        date(2023, 10, 10),
        date(2024, 4, 10),
    ]


def test_short_breaks_have_their_own_rate_and_set_nothing_off():
    rules = care_costing()
    short = EPISODES.with_columns(ls=pl.lit("V4"))
    costs = pathway_cost(
        placements(short, rules), care_events(short, OTHERS.clear(), rules), load_cost_table("demo"), FROM, TO
    )  # fmt: skip
    assert costs["table_row_id"].unique().to_list() == ["demo:respite"]
    assert costs["pence"].sum() == 154 * 15_000


def test_the_most_specific_price_holds_and_a_tie_is_an_error():
    text = """id: t
label: T
source: made up
publisher: nobody
price_year: 2024
geography: nowhere
method: bottom_up
includes: []
rows:
  - {id: any, component: placement, unit: week, pence: 1}
  - {id: foster, component: placement, unit: week, subject: {placement_type: foster}, pence: 2}
"""
    table = load_text(text, CostTable)
    assert table.price("placement", {"placement_type": "foster"}).id == "foster"
    assert table.price("placement", {"placement_type": "home"}).id == "any"
    tie = (
        text
        + "  - {id: agency, component: placement, unit: week, subject: {provider: agency}, pence: 3}\n"
    )
    with pytest.raises(DefinitionError, match="equally near"):
        load_text(tie, CostTable)


def test_a_process_is_the_hours_of_its_staff_and_a_fee():
    worker = Staff("social worker", 10, 4_000_000, 0.3, 0.1, 1_400)
    assert bottom_up([worker], fee=5_000) == 45_000


def test_the_spread_of_costs_is_said_beside_the_mean():
    costs = pl.DataFrame({"person_id": [str(i) for i in range(100)], "pence": [*range(99), 10_000]})
    said = spread(costs)
    assert (said["children"], said["median"]) == (100, 49.5)
    assert said["top_hundredth_share"] == pytest.approx(10_000 / (sum(range(99)) + 10_000))
    assert lorenz(costs).row(-1) == (1.0, 1.0)


def test_care_is_costed_by_main_placement_and_each_child_counts_once():
    """The table of the pack: whole costs, by where a child was most days."""
    from threecircles.funding.cost_tables import cost_by_placement

    two = pl.concat([EPISODES, EPISODES.with_columns(person_id=pl.lit("b")).head(1)])
    made = cost_by_placement(two, load_cost_table("demo"), care_costing(), FROM, TO).frame
    rows = {(r["placement"], r["measure"]): r for r in made.iter_rows(named=True)}
    assert (rows["home", "cost"]["n"], rows["foster", "cost"]["n"], rows["All", "cost"]["n"]) == (
        1,
        1,
        2,
    )
    parts = rows["home", "cost"]["value"] + rows["foster", "cost"]["value"]
    assert parts == pytest.approx(rows["All", "cost"]["value"])
    assert rows["foster", "cost_per_child"]["value"] == rows["foster", "cost"]["value"]


def test_a_real_place_has_no_costs_without_a_table_of_its_own(tmp_path):
    from types import SimpleNamespace

    from threecircles.funding.steps import definition_of

    def used(fictitious, **settings):
        return definition_of(SimpleNamespace(settings=settings, fictitious=fictitious, dir=tmp_path), "cost_table")  # fmt: skip

    assert [used(True), used(False), used(False, cost_table="ours")] == ["demo", "", "ours"]
    with pytest.raises(UsageError, match="no such file"):
        used(False, cost_table="ours.yaml")
    (tmp_path / "ours.yaml").write_text("")
    assert used(False, cost_table="ours.yaml") == tmp_path / "ours.yaml"
