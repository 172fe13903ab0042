"""Two-year-olds, speech and language, open places and service forms: equal to what truly happened."""

from datetime import date, timedelta

import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.record.attributes import with_attributes
from threecircles.record.derive.circle_flags import circle_flags
from threecircles.record.derive.first_sign import below_cut, cuts
from threecircles.record.derive.reach_base import reach_base, registrations_of, visits_of
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.world import build_world

FIRST, LAST = date(2025, 4, 1), date(2026, 3, 31)


def frame(table):
    return make("polars").frame(table)


def test_reviews_referrals_and_first_appointments_are_as_they_were(hamlet):
    """record A19: reviewed, below the cut, referred, seen and waiting of every child of the place."""
    true = hamlet.truth("two_year").filter(pl.col("reviewed_on").is_not_null())
    event, measure, episode = (hamlet.young[n] for n in ("event", "measure", "episode"))
    reviews = event.filter(pl.col("process") == "two_year_review")
    assert sorted(reviews.select("person_id", "on_date").rows()) == sorted(
        true.select("person_id", "reviewed_on").rows()
    )
    below = collect(below_cut(frame(measure), "asq_3", "communication", cuts()))
    assert set(below["person_id"]) == set(true.filter("below")["person_id"])
    therapy = event.filter(pl.col("process") == "speech_language_therapy")
    sent = true.filter("referred")
    assert set(therapy.filter(pl.col("event") == "referral")["person_id"]) == set(sent["person_id"])
    seen = sent.filter(pl.col("first_seen") <= LAST).select("person_id", "first_seen")
    met = therapy.filter(pl.col("event") == "first_seen").select("person_id", "on_date")
    assert sorted(met.rows()) == sorted(seen.rows())
    mine = episode.filter(pl.col("process") == "speech_language_therapy")
    waiting = set(mine.filter(pl.col("status_code") == "waiting")["person_id"])
    assert waiting == set(sent["person_id"]) - set(seen["person_id"])


def test_therapy_alone_can_be_the_service_and_talking_below_the_cut_the_need(hamlet):
    """record A19: the two circles of speech and language."""
    served = collect(
        circle_flags(frame(hamlet.young["episode"]), ["speech_language_therapy"], FIRST, LAST)
    )
    needing = collect(below_cut(frame(hamlet.young["measure"]), "asq_3", "communication", cuts()))
    true = hamlet.truth("two_year")
    both = set(served["person_id"]) & set(needing["person_id"])
    assert both == set(true.filter(pl.col("below") & pl.col("referred"))["person_id"])


@pytest.fixture(scope="module")
def lists():
    """The lists behind the hamlet's files: members and visits of venues that send names or tokens."""
    made = build_world(load_profile("hamlet"), 1, 2026).attendance
    named = (made.venue["level"] >= 2).to_list()
    kind = made.venue["kind"].to_list()
    members = [
        (kind[v], c)
        for c, v in zip(made.member_child.tolist(), made.member_venue.tolist(), strict=True)
        if named[v]
    ]
    child, venue = made.member_child.tolist(), made.session_venue.tolist()
    visits = {}
    for m, s in zip(made.visit_member.tolist(), made.visit_session.tolist(), strict=True):
        if named[venue[s]]:
            day = date(1970, 1, 1) + timedelta(days=int(made.session_day[s]))
            visits.setdefault((kind[venue[s]], child[m]), set()).add(day)
    return set(members), visits


def term(day):
    return 0 if day.month >= 9 else 1 if day.month <= 3 else 2


@pytest.mark.parametrize("service", ["childrens_centre", "family_hub", "youth_club"])
def test_registered_came_once_and_came_often_are_as_they_were(hamlet, lists, service):
    """record A18: equal to truth with errors off where names or tokens were sent."""
    kept = registrations_of(frame(hamlet.young["episode"]), [service])
    visits = visits_of(with_attributes(frame(hamlet.young["event"]), "role"), [service])
    told = collect(reach_base(kept, visits, FIRST, LAST, sessions=6, terms=2))
    members, came = lists
    days = {c: d for (s, c), d in came.items() if s == service}
    often = [d for d in days.values() if len(d) >= 6 and len({term(x) for x in d}) >= 2]
    found = [told[c].sum() for c in ("registered", "attended_once", "attended_regularly")]
    assert found == [sum(s == service for s, _ in members), len(days), len(often)]
    assert found[1] > 10
