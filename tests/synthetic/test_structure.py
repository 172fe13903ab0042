"""The consistency rules that every made-up place keeps, whatever the seed (specification, section 5)."""

import numpy as np
import pytest

from threecircles.synthetic.care.referrals import NO_ACTION
from threecircles.synthetic.days import NEVER, birthday
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.world import build_world


def _no_overlap(child, start, end):
    order = np.lexsort((start, child))
    child, start, end = child[order], start[order], end[order]
    same = child[1:] == child[:-1]
    return bool((start[1:][same] >= end[:-1][same]).all())


def _keeps_the_rules(world):
    people, e, care = world.people, world.episodes, world.care
    real = e.path != NO_ACTION
    assert _no_overlap(e.child[real], e.referral[real], e.close[real]), "two open episodes of need"
    assert (e.referral >= people.birth[e.child] - 200).all()
    assert (e.close[real] <= people.exit[e.child[real]]).all(), "help after a child left or died"
    plan = e.conference < NEVER
    assert (e.conference[plan] >= e.referral[plan]).all()
    assert (e.protect_end[plan] <= e.close[plan]).all(), "a protection plan outside its episode"
    assert (e.protect_end[plan] <= birthday(people.birth[e.child[plan]], 18)).all()
    inside = care.period[1:] == care.period[:-1]
    assert (care.end[:-1][inside] == care.start[1:][inside]).all(), "a gap inside a period of care"
    assert (care.end > care.start).all()
    assert (care.period_end <= birthday(people.birth[care.period_child], 18)).all()
    assert (care.period_start >= people.birth[care.period_child]).all()
    assert _no_overlap(care.period_child, care.period_start, care.period_end)
    cared = plan & (e.care_start < NEVER)
    assert (e.protect_end[cared] <= e.care_start[cared] + 92).all(), "a plan long after care began"
    siblings = world.homes.at(np.maximum(people.family, 0), world.end)
    first = np.full(len(people.fam_lsoa), -1)
    with_family = people.family >= 0
    first[people.family[with_family]] = siblings[with_family]
    assert (first[people.family[with_family]] == siblings[with_family]).all(), "siblings live apart"


@pytest.mark.parametrize("seed", range(1, 13))
def test_every_hamlet_keeps_the_rules_of_the_world(seed):
    """A7: twelve seeds; the slow test below takes two hundred."""
    _keeps_the_rules(build_world(load_profile("hamlet"), seed, 2026))


@pytest.mark.slow
def test_two_hundred_hamlets_keep_the_rules_of_the_world():
    """A7."""
    for seed in range(1, 201):
        _keeps_the_rules(build_world(load_profile("hamlet"), seed, 2026))


def test_a_borough_keeps_the_rules_of_the_world(borough):
    """A7."""
    _keeps_the_rules(borough)


def test_twins_share_a_birthday_and_two_thirds_of_pairs_a_sex(borough):
    p = borough.people
    who = np.flatnonzero(p.twin >= 0)
    same = p.twin[who[1:]] == p.twin[who[:-1]]
    assert (p.birth[who[1:]][same] == p.birth[who[:-1]][same]).all()
    assert 0.55 < (p.sex[who[1:]][same] == p.sex[who[:-1]][same]).mean() < 0.78


def test_another_year_moves_every_date_with_it():
    world = build_world(load_profile("hamlet"), 1, 2024)
    assert str(np.datetime64(world.end, "D")) == "2024-03-31"
    assert world.episodes.referral.max() <= world.end


def test_early_help_ends_on_the_day_a_protection_plan_or_care_begins(borough):
    """A7: records without an error do not contradict each other (quality A20, X34)."""
    h, e = borough.early_help, borough.episodes
    begun = {}
    for child, plan, care in zip(e.child, e.conference, e.care_start, strict=True):
        begun.setdefault(child, []).extend(day for day in (plan, care) if day < NEVER)
    ended_by_it = 0
    for child, contact, closed in zip(h.child, h.contact, h.closed, strict=True):
        assert not [day for day in begun.get(child, ()) if contact < day < closed]
        ended_by_it += closed in begun.get(child, ())
    assert ended_by_it > 5
    up = h.outcome == "Stepped up to social care"
    assert up.sum() >= ended_by_it
    assert ((h.plan_end <= h.closed) | (h.plan_end == NEVER)).all()


def test_a_case_is_handed_on_only_where_early_help_saw_the_family(borough):
    """A7: closure RC9 and early help tell one story (quality A20, X34)."""
    e, h = borough.episodes, borough.early_help
    seen = {}
    for child, contact in zip(h.child, h.contact, strict=True):
        seen.setdefault(child, []).append(contact)
    handed = np.flatnonzero(borough.details.reason == "RC9")
    assert len(handed) > 20
    for n in handed:
        assert any(abs(day - e.close[n]) <= 60 for day in seen.get(e.child[n], ()))
