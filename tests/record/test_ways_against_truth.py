"""Journeys, stays in care and first signs of a made-up place without errors are what truly happened."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import narwhals as nw
import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.record.derive.care import care_rules, period_of_care
from threecircles.record.derive.ended import ended
from threecircles.record.derive.first_sign import first_sign, first_sign_rule, signs
from threecircles.record.derive.journey import journey_definition, journey_state
from threecircles.record.derive.stock import status_on
from threecircles.record.derived import journey_rows, placements
from threecircles.record.vocabulary import processes

FIRST, LAST = date(2025, 4, 1), date(2026, 3, 31)
AFTER = LAST + timedelta(days=1)
WAY = ("cla", "cpp", "cin_plan", "cin", "early_help")
"""States of the journey that the truth tells of, highest first."""
HELPS = ("cin", "early_help", "placement")


def frame(table):
    return make("polars").frame(table)


def periods(made):
    found = period_of_care(placements(frame(made.table("episode"))), care_rules())
    return collect(found).filter(~pl.col("short_break"))


def spells(made, since=FIRST):
    """True spells that touch the time since a day: person_id, process, start, stop (None while open)."""
    told = made.truth("spell").filter(
        pl.col("process").is_in(WAY) & (pl.col("start") <= LAST)
        & (pl.col("stop").is_null() | (pl.col("stop") >= since))
    )  # fmt: skip
    rows = [
        r for r in told.rows() if r[1] != "early_help" or (r[0], r[2]) not in contacts_only(made)
    ]
    names = ("person_id", "process", "start", "stop")
    kept = pl.DataFrame([r[:4] for r in rows], schema=told.select(names).schema, orient="row")
    return kept.with_columns(stop=pl.when(pl.col("stop") <= LAST).then(pl.col("stop")))


@cache
def contacts_only(made):
    """(person, day) of contacts with early help that led to no assessment and no plan: events, and no help."""
    clean = made.folder / "truth" / "returns" / "early_help_2026" / "early_help.parquet"
    nothing = pl.read_parquet(clean).filter(
        pl.col("assessment_start").is_null() & pl.col("plan_start").is_null()
    )
    who = dict(
        made.truth("identity").filter(pl.col("source") == "early-help")
        .select("local_id", "person_id").iter_rows()
    )  # fmt: skip
    days = nothing["contact_date"].str.to_date("%d/%m/%Y")
    return {(who[k], day) for k, day in zip(nothing["eh_id"], days, strict=True)}


def by_day(rows):
    """(person, day) -> the highest state that holds at the end of the day, from FIRST to LAST."""
    held = {}
    for person, state, start, stop in rows:
        day, until = max(start, FIRST), stop or AFTER
        while day < until:
            known = held.get((person, day), state)
            held[person, day] = min(known, state, key=WAY.index)
            day += timedelta(days=1)
    return held


def test_journeys_are_as_they_were(hamlet):
    """record A5: the highest state of every child on every day of the year."""
    whole = journey_definition()
    way = replace(whole, states=tuple(s for s in whole.states if s.id in WAY))
    rows = journey_rows(frame(hamlet.table("episode")), frame(periods(hamlet)))
    told = collect(journey_state(rows, way, LAST)).filter(pl.col("state") != "none")
    found = by_day(told.select("person_id", "state", "valid_from", "valid_to").iter_rows())
    true = by_day(spells(hamlet).iter_rows())
    assert {s for s in true.values()} >= {"cin", "cpp", "early_help"}
    assert found == true


def test_periods_of_care_are_as_they_were(hamlet):
    """record A5: who came into care and who left, with the day, in the year."""
    true = spells(hamlet).filter(pl.col("process") == "cla")
    held = periods(hamlet)
    began = pl.col("valid_from").is_between(FIRST, LAST)
    assert set(held.filter(began).select("person_id", "valid_from").iter_rows()) == {
        (p, s) for p, _, s, _ in true.iter_rows() if s >= FIRST
    }
    ended = held.filter(pl.col("valid_to").is_between(FIRST, LAST))
    assert set(ended.select("person_id", "valid_to").iter_rows()) == {
        (p, s) for p, _, _, s in true.iter_rows() if s
    }
    assert true.height


def true_signs(made):
    """(day, sign, person) of all that a loaded source can show, from truth and clean returns."""
    ids = made.truth("identity").select("source", "local_id", "person_id")
    who = {(source, key): person for source, key, person in ids.iter_rows()}
    pupils = dict(made.truth("person").select("upn", "person_id").iter_rows())
    told = set()
    for person, day, below in made.truth("two_year").select("person_id", "reviewed_on", "below").iter_rows():  # fmt: skip
        if below:
            told.add((day, "talking-below-cut", person))
    for person, day, permanent, shown in made.truth("exclusion").iter_rows():
        if shown:
            told.add((day, "permanent-exclusion" if permanent else "suspension", person))
    clean = made.folder / "truth" / "returns"
    on = {d.id: d.as_of for s in ("school-census", "eyfs-profile") for d in made.place.of(s)}
    for key, good in pl.read_parquet(clean / "eyfs_2026" / "eyfs_profile.parquet", columns=["upn", "gld"]).iter_rows():  # fmt: skip
        if good == "0":
            told.add((on["eyfs_2026"], "good-level-not-reached", pupils[key]))
    for key in often_away(clean / "school_2026"):
        told.add((on["school_2026"], "absence-over-10", who["school-census", key]))
    for delivery in made.place.of("ssda903"):
        scores = pl.read_parquet(clean / delivery.id / "OC2.parquet", columns=["CHILD", "SDQ_SCORE"])  # fmt: skip
        for key, score in scores.iter_rows():
            if score and int(score) >= 17:
                told.add((delivery.as_of, "sdq-highest-band", who["ssda903", key]))
    return sorted(told)


def often_away(school):
    """Pupils (key of the roll) who missed more than a tenth of their sessions for a reason that counts."""
    roll = pl.read_parquet(school / "pupilonroll.parquet")
    away = pl.read_parquet(school / "termlysessiondetailsonroll.parquet")
    counted, missed = first_sign_rule().absence_reasons, {}
    lines = away.select("pupilonrolltableid", "attendancereason", "sessions").iter_rows()
    for key, reason, sessions in lines:
        if reason in counted:
            missed[key] = missed.get(key, 0) + int(sessions)
    possible = roll.select("pupilonrolltableid", "termlysessionspossible").drop_nulls().iter_rows()
    return [key for key, sessions in possible if 10 * missed.get(key, 0) > int(sessions)]


def test_first_signs_and_first_help_are_as_they_were(hamlet):
    """record A17: sign, day, help, days, censoring, help before the sign, of every child of the place."""
    young = {n: hamlet.young[n] for n in ("event", "measure")}
    event, measure = (
        pl.concat([hamlet.table(n), young[n]], how="diagonal_relaxed").unique("row_id")
        for n in ("event", "measure")
    )
    told = signs(frame(event), frame(measure), first_sign_rule())
    helps = hamlet.table("episode").filter(pl.col("process").is_in(HELPS))
    found = collect(first_sign(told, frame(helps), first_sign_rule(), LAST, None))
    first = {}
    for day, sign, person in true_signs(hamlet):
        first.setdefault(person, (day, sign))
    began = {}
    for since, shown in ((date(2024, 4, 1), ("cla", "cin")), (date(2000, 1, 1), ("early_help",))):
        for person, process, start, _ in spells(hamlet, since).iter_rows():
            if process in shown:
                began[person] = min(start, began.get(person, start))
    assert len(first) > 20 and set(found["person_id"]) == set(first)
    columns = ("person_id", "sign_id", "sign_on", "help_on", "days", "censored", "prior_help")
    for person, sign, on, help_on, days, censored, prior in found.select(columns).iter_rows():
        assert (on, sign) == first[person]
        true = began.get(person)
        assert censored == (true is None), (person, on, help_on, true)
        if true is None or true >= on:
            assert (help_on, prior, days) == (true, "no", ((true or AFTER) - on).days)
        else:
            assert (prior, days) == ("yes", None)
    assert {"yes", "no"} == set(found["prior_help"]) and found["censored"].any()


JUSTICE = ("youth_justice_order", "youth_justice_prevention", "custody")
"""Processes of youth justice in which somebody can be; a caution is given, and is none (its mapping)."""


@pytest.fixture(scope="module")
def borough(made_up):
    """A borough with the errors that returns have."""
    return made_up("borough", "realistic")


STOCKS = ["cin", "cin_plan", "cpp", "cla", "early_help", "youth_justice"]


@pytest.mark.slow
@pytest.mark.parametrize("process", STOCKS)
def test_errors_of_returns_move_a_stock_by_a_hundredth_at_most(borough, process):
    """record A5: with realistic errors stocks differ from truth by 1% at most, and so do the children counted."""
    expected = truly_open(borough, process)
    found = open_at_the_end(process, borough.table("episode"))
    assert len(expected) > 30
    assert len(found ^ expected) <= len(expected) / 100


@pytest.mark.slow
def test_a_child_who_left_on_a_day_that_nobody_told_is_listed(borough):
    """record A5: a reason for leaving and no day is planted; the child has left, and its row says what is not known."""
    planted = borough.truth("errors").filter(
        (pl.col("kind") == "missing closure") & (pl.col("file") == "s903_2026")
    )
    rows = borough.table("episode").filter(
        (pl.col("process") == "placement")
        & pl.col("person_id").is_in(planted["person_id"].implode())
        & pl.col("flags").list.contains("end_day_lost")
    )
    assert planted.height and set(rows["person_id"]) == set(planted["person_id"])
    assert rows["valid_to"].null_count() == rows.height and set(rows["end_basis"]) == {"unknown"}
    left = dict(borough.truth("spell").filter(pl.col("process") == "cla").sort("start").select("person_id", "stop").iter_rows())  # fmt: skip
    for person, earliest in rows.select("person_id", "ended_from").iter_rows():
        assert earliest <= left[person] <= LAST


def truly_open(made, process):
    """Who was in a process at the end of the year, in truth."""
    if process == "youth_justice":
        told = made.truth("spell").filter(
            (pl.col("process") == process)
            & (pl.col("detail") != "caution")
            & (pl.col("start") <= LAST)
            & (pl.col("stop").is_null() | (pl.col("stop") > LAST))
        )
        return set(told["person_id"])
    still = spells(made).filter(pl.col("stop").is_null() & (pl.col("process") == process))
    return set(still["person_id"])


def open_at_the_end(process, episodes):
    """Who is in a process at the end of the year; in care by periods, since short breaks are no stay."""
    if process == "cla":
        found = period_of_care(placements(frame(episodes)), care_rules())
        rows = found.filter(~nw.col("short_break"))
    else:
        names = JUSTICE if process == "youth_justice" else (process,)
        rows = ended(frame(episodes.filter(pl.col("process").is_in(names))))
    return set(collect(status_on(rows, LAST))["person_id"])


def test_processes_of_the_way_are_services():
    assert {processes()[p].level for p in (*WAY, *HELPS)} <= {"targeted", "specialist", "rehabilitative"}  # fmt: skip
