"""What a made-up place tells of one child agrees across its returns: school, care and early help."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.quality.planted import clean_tables

from threecircles.quality import check_tables
from threecircles.synthetic import make
from threecircles.synthetic.care.distance import FAR_METRES, far_apart
from threecircles.synthetic.care.looked_after import LookedAfter
from threecircles.synthetic.days import day_of
from threecircles.synthetic.help import NEAR, handed_on
from threecircles.synthetic.schools import ELSEWHERE, NONE, Enrolment, taught_away


def test_who_is_placed_far_away_in_another_area_is_on_no_roll_here():
    """quality X41: over 20 miles and outside; nearer, inside, or not in care stays; no other roll changes."""
    near, far = FAR_METRES - 1, FAR_METRES + 1
    land = SimpleNamespace(
        la_code="E1",
        pc_la=np.array(["E1", "E1", "E2", "E2"]),
        pc_x=np.array([0.0, far, near, far]),
        pc_y=np.zeros(4),
    )
    lives = np.array([3, 2, 1, -1, 3, 3])
    home = np.array([0, 0, 0, -1, -1, 0])
    school = np.array([5, 5, 5, 5, 5, NONE])
    enrolment = Enrolment(school, np.full(6, 8), np.zeros(6))
    told = taught_away(enrolment, land, lives, home)
    assert told.school.tolist() == [ELSEWHERE, 5, 5, 5, 5, NONE]


def test_nobody_on_a_roll_of_the_borough_lives_far_away_in_care(borough):
    people, land = borough.people, borough.land
    lives = borough.care.lives(people.n, people.end)
    home = borough.care.came_from(people.n, people.end)
    assert ((home >= 0) <= (lives >= 0)).all() and (home >= 0).any()
    here = np.flatnonzero((borough.enrolment.school >= 0) & (lives >= 0) & (home >= 0))
    away = (land.pc_la[lives[here]] != land.la_code) & far_apart(land, lives[here], home[here])
    assert len(here) and not away.any()


def test_a_roll_says_adopted_of_those_whose_care_ended_so(borough):
    """quality X22: not of who is still waiting, nor of who left otherwise since."""
    care = SimpleNamespace(
        period_child=np.array([0, 0, 1, 2, 2, 3]),
        period=np.array([0, 1, 1, 2, 3, 4, 5]),
        end=np.array([10, 20, 90, 30, 10, 40, 50]),
        rec=np.array(["E45", "X1", "E11", "E12", "E11", "E45", "E4A"]),
    )
    told = LookedAfter.adopted_by(care, 5, 50)
    # Left to guardians, will be adopted | adopted | adopted, since with guardians | went home | never in care
    assert told.tolist() == [False, True, False, False, False]
    of_borough = borough.care.adopted_by(borough.people.n, day_of(borough.year, 1, 15))
    meant = np.isin(
        np.arange(borough.people.n), borough.care.period_child[borough.care.period_stay == 0]
    )
    assert of_borough.any() and not (of_borough & ~meant).any()


def test_early_help_that_a_case_was_handed_on_to_is_known_by_its_closure():
    """quality X34: of the same child, and near the day."""
    episodes = SimpleNamespace(child=np.array([1, 2, 3]), close=np.array([100, 100, 100]))
    reason = np.array(["RC9", "RC7", "RC9"])
    helped = SimpleNamespace(
        child=np.array([1, 1, 2, 3, 4]), contact=np.array([103, 101 + NEAR, 103, 100 - NEAR, 103])
    )
    assert handed_on(reason, episodes, helped).tolist() == [True, False, False, True, False]


@pytest.mark.slow
def test_a_county_without_errors_is_asked_about_plans_without_a_disability_only(tmp_path):
    """quality A20, synthetic A5: on 180,000 children no check across returns finds what was not planted."""
    tables = clean_tables(make("county", tmp_path / "county", errors="none"))
    report = check_tables("cross", 2026, tables, {"local_authority": "E10900001"})
    assert report.count("failed") == 0
    assert {f.rule for f in report.findings} == {"X18"}
