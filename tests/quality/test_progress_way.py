"""Progress over all checks of a return: a table worked by hand, and what holds whatever happens (spec/quality.md 4.2)."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.quality.four_checks import DAYS, store_check, store_four

from threecircles.core.errors import UsageError
from threecircles.quality.chain import MEASURES, Chain, chain_of, open_in_order, part_of
from threecircles.quality.runs import Run
from threecircles.quality.way import way_of
from threecircles.quality.worklist_filters import Wanted

DEADLINE = date(2026, 7, 31)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return store_four(tmp_path_factory.mktemp("checks"))


@pytest.fixture(scope="module")
def chain(folders):
    return chain_of(open_in_order(folders))


def lines(table, *columns):
    return [tuple(row) for row in table.select(*columns).rows()]


def test_four_checks_in_three_weeks_are_as_worked_by_hand(chain):
    """quality 4.2, quality A22: open, new, mended, gone and not re-tested by week; rule 8840 did not run in week 20.

    The same-day plan of rule 8840 stays as last known in week 20 and is mended in week 22 only, when the rule looks.
    """
    told = lines(way_of(chain).weeks, "week", "monday", "checks", *MEASURES)
    assert told == [
        ("2026-W19", date(2026, 5, 4), 2, 8, 0, 0, 2, 0, 0),
        ("2026-W20", date(2026, 5, 11), 1, 4, 0, 2, 2, 2, 2),
        ("2026-W22", date(2026, 5, 25), 1, 2, 0, 0, 4, 0, 0),
    ]


def test_teams_stand_by_name_with_the_unknown_one_last(chain):
    """quality 4.2, quality A22: team not known is its own row; a team's figures never decide its place."""
    told = lines(way_of(chain).teams, "team", "first", *MEASURES)
    assert told == [
        ("North", 4, 2, 0, 2, 4, 0, 0),
        ("South", 4, 0, 0, 0, 4, 0, 0),
        ("team not known", 2, 0, 0, 0, 0, 2, 0),
    ]
    weeks = lines(way_of(chain).team_weeks.filter(team="South"), "week", "open", "mended", "not_re_tested")  # fmt: skip
    assert weeks == [("2026-W19", 4, 0, 0), ("2026-W20", 0, 2, 2), ("2026-W22", 0, 2, 0)]


def test_a_rule_that_was_left_out_once_is_told_apart(chain):
    """quality 4.2, quality A22: never mended at a check at which it did not run; the forecast leaves it out."""
    way = way_of(chain, DEADLINE)
    assert lines(way.rules, "rule", "first", *MEASURES) == [
        ("8840", 2, 0, 0, 0, 2, 0, 0),
        ("8925", 8, 2, 0, 2, 6, 2, 0),
    ]
    assert [(one.rule, one.days) for one in way.not_run] == [("8840", (DAYS[2],))]
    assert way.left_out == ("8840",)
    assert [n for _, n in way.open_by_day] == [8, 6, 4, 2]
    assert way.forecast is not None and way.forecast.nought == date(2026, 5, 31)


def test_one_workers_figures_are_of_their_children(chain):
    """quality 4.2: a worker's figures are for that worker and their manager, so one is named and none is listed."""
    own = way_of(part_of(chain, Wanted(worker="W. One")))
    assert lines(own.weeks, "open", "new", "mended") == [(0, 0, 2), (2, 2, 0), (0, 0, 2)]
    assert own.teams["team"].to_list() == ["North"]
    assert not any("worker" in t.columns for t in (own.weeks, own.teams, own.rules, own.team_weeks))
    north = way_of(part_of(chain, Wanted(team="North")))
    assert lines(north.teams, "team", "open") == [("North", 2)]
    with pytest.raises(UsageError, match=r"worker W\. Nobody"):
        part_of(chain, Wanted(worker="W. Nobody"))


@given(st.permutations([0, 1, 2, 3]))
@settings(max_examples=6, deadline=None)
def test_the_order_in_which_checks_are_named_does_not_matter(folders, chain, order):
    """quality 4.2: the days of the checks put them in order."""
    again = way_of(chain_of(open_in_order([folders[at] for at in order])), DEADLINE)
    first = way_of(chain, DEADLINE)
    assert again.chain.days == DAYS and again.forecast == first.forecast
    for name in ("weeks", "teams", "rules", "team_weeks", "rule_weeks"):
        assert getattr(again, name).equals(getattr(first, name)), name


def test_checks_that_cannot_be_set_in_a_row_are_refused_in_words(folders, tmp_path):
    """quality 4.2: another year, one check twice, two of one day, one that cannot be read, one alone."""
    plan = {"c1": ("2025-06-02", "2025-06-01")}
    other = store_check(tmp_path / "cin-2025", plan, ["8925"], date(2026, 6, 1), year=2025)
    same_day = store_check(tmp_path / "again" / "cin-2026", plan, ["8925"], DAYS[3])
    broken = store_check(tmp_path / "broken" / "cin-2026", plan, ["8925"], date(2026, 6, 2))
    (broken / "run" / "findings.parquet").write_bytes(b"cut off")
    unread = store_check(tmp_path / "unread" / "cin-2026", plan, ["8925"], date(2026, 6, 3))
    (unread / "run" / "run.json").write_text("{", encoding="utf-8")
    for wrong, said in (
        ([*folders, other], "different returns or years.\nFound: cin 2025, cin 2026"),
        ([*folders, folders[0] / "run"], "named twice"),
        ([*folders, same_day], "of one day"),
        ([*folders, broken], "cannot be read"),
        ([*folders, unread], "cannot be read"),
        ([*folders, tmp_path / "nowhere"], "No stored check is in this folder"),
        (folders[:1], "two or more checks"),
    ):
        with pytest.raises(UsageError) as fault:
            chain_of(open_in_order(wrong))
        assert said in str(fault.value)


RULES, CHILDREN = ("r1", "r2", "r3"), tuple("abcdef")
CHECK = st.fixed_dictionaries(
    {
        "ran": st.sets(st.sampled_from(RULES)),
        "there": st.sets(st.sampled_from(CHILDREN), min_size=1),
        "broken": st.sets(st.tuples(st.sampled_from(RULES), st.sampled_from(CHILDREN))),
        "waived": st.sets(st.sampled_from(CHILDREN), max_size=2),
        "gap": st.integers(1, 12),
    }
)


def made_up(checks):
    """Stored checks as they would be read, of three rules and six children."""
    day, runs = date(2025, 12, 1), []
    for check in checks:
        day += timedelta(days=check["gap"])
        found = sorted((r, c) for r, c in check["broken"] if r in check["ran"] and c in check["there"])  # fmt: skip
        findings = pl.DataFrame(
            [
                {"finding_id": f"{r}-{c}", "rule": r, "severity": "error", "return": "cin", "year": 2026, "table": "T",
                 "row": 0, "child": c, "column": "x", "value": "v", "message": "m", "record": c,
                 "waived_by": "A" if c in check["waived"] else None}
                for r, c in found
            ],
            schema={**dict.fromkeys(("finding_id", "rule", "severity", "return"), pl.String), "year": pl.Int64,
                    "table": pl.String, "row": pl.Int64,
                    **dict.fromkeys(("child", "column", "value", "message", "record", "waived_by"), pl.String)},
        )  # fmt: skip
        rules = pl.DataFrame(
            [
                {"return": "cin", "year": 2026, "rule": r, "short": r, "state": "ran" if r in check["ran"] else "skipped",
                 "reason": "" if r in check["ran"] else "needs a table"}
                for r in RULES
            ]
        )  # fmt: skip
        records = pl.DataFrame({"table": "T", "record": sorted(check["there"])})
        held = findings.select("child", pl.when(pl.col("child") < "d").then(pl.lit("East")).otherwise(pl.lit("Unknown team")).alias("team"), pl.lit("").alias("worker")).unique()  # fmt: skip
        runs.append(Run(None, day, "", findings, rules, records, held, {}))
    return runs


def at_each(chain: Chain, rule):
    """For each check in turn: measure -> how many, of one rule."""
    own = chain.events.filter(pl.col("rule") == rule)
    return [
        dict.fromkeys(MEASURES, 0) | dict(own.filter(pl.col("day") == day).group_by("measure").agg(pl.col("n").sum()).iter_rows())
        for day in chain.days
    ]  # fmt: skip


@given(st.lists(CHECK, min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_what_is_open_follows_from_what_was_open_and_what_became_of_it(checks):
    """quality 4.2, quality A22: open(t) = open(t-1) + new - mended - gone for rules that ran at both; else nothing mends."""
    chain = chain_of(made_up(checks))
    for rule in RULES:
        told = at_each(chain, rule)
        assert not any(told[0][name] for name in ("new", "mended", "record_gone", "not_re_tested"))
        for at in range(1, len(checks)):
            was, now = told[at - 1], told[at]
            change = now["new"] - now["mended"] - now["record_gone"]
            ran = [rule in checks[i]["ran"] for i in (at - 1, at)]
            if all(ran):
                assert now["open"] + now["waived"] == was["open"] + was["waived"] + change
                assert now["not_re_tested"] == 0
            if not ran[1]:
                assert change == now["open"] == now["waived"] == 0 == now["mended"]
            stock = ("open", "waived", "not_re_tested")
            assert sum(now[s] for s in stock) == sum(was[s] for s in stock) + change


@given(st.lists(CHECK, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_teams_and_rules_add_up_to_the_weeks(checks):
    """quality 4.2: every finding is in one team and one rule, at the turn of a year too."""
    way = way_of(chain_of(made_up(checks)))
    whole = lines(way.weeks, "monday", *MEASURES)
    for table in (way.team_weeks, way.rule_weeks):
        summed = table.group_by("monday").agg(pl.col(name).sum() for name in MEASURES).sort("monday")  # fmt: skip
        assert lines(summed, "monday", *MEASURES) == whole or not table.height
    assert way.weeks["checks"].sum() == len(checks)
    assert all(week == f"{m.isocalendar().year}-W{m.isocalendar().week:02d}" for week, m in way.weeks.select("week", "monday").rows())  # fmt: skip
