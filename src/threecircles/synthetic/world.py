"""One whole place before anything is written: without it each file would tell of another place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.care.details import Details, make_details, with_plans_recorded
from threecircles.synthetic.care.looked_after import LookedAfter, make_looked_after
from threecircles.synthetic.care.providers import Providers, make_providers
from threecircles.synthetic.care.raking import rake
from threecircles.synthetic.care.referrals import Episodes, calibrated_episodes
from threecircles.synthetic.days import NEVER
from threecircles.synthetic.early_years import EarlyYears, make_early_years
from threecircles.synthetic.education import Education, make_education, plan_liability
from threecircles.synthetic.effects.plant import Planted, is_planted
from threecircles.synthetic.effects.scene import Scene
from threecircles.synthetic.effects.under import Trail, episodes_under, planted_in
from threecircles.synthetic.geography import Land, make_land
from threecircles.synthetic.help import (
    EarlyHelp,
    YouthJustice,
    make_early_help,
    make_youth_justice,
    taken_up,
)
from threecircles.synthetic.homes import Homes, make_homes
from threecircles.synthetic.identifiers import Identifiers, make_identifiers
from threecircles.synthetic.need import Need, make_need
from threecircles.synthetic.people import People, add_alone, make_people
from threecircles.synthetic.profile import Profile
from threecircles.synthetic.schools import (
    Enrolment,
    Schools,
    make_enrolment,
    make_schools,
    taught_away,
    taught_in_care,
)
from threecircles.synthetic.survey import Survey, make_survey

if TYPE_CHECKING:
    from threecircles.synthetic.attendance import Attendance
    from threecircles.synthetic.nurseries import Nurseries
    from threecircles.synthetic.service_form import ServiceForms


@dataclass(frozen=True)
class Ground:
    """A place before any service: land, people, need, homes, schools. plan: liability of an education plan."""

    land: Land
    people: People
    need: Need
    homes: Homes
    schools: Schools
    enrolment: Enrolment
    plan: np.ndarray


@dataclass(frozen=True)
class Across:
    """Who is known to more than one of several adjoining places.

    person, family: one number a child and a family (of each child, of each family), equal in every place.
    """

    person: np.ndarray
    family: np.ndarray


@dataclass(frozen=True)
class World:
    """Everything true of a place; `practice` is the log rate of each small area, team effects included.

    planted, trail: services with an effect, and how their referrals came; None where none is planted.
    across: who is known to adjoining places too; None for a place alone.
    """

    profile: Profile
    seed: int
    year: int
    land: Land
    people: People
    need: Need
    homes: Homes
    schools: Schools
    enrolment: Enrolment
    practice: np.ndarray
    episodes: Episodes
    details: Details
    providers: Providers
    care: LookedAfter
    education: Education
    early_years: EarlyYears
    early_help: EarlyHelp
    justice: YouthJustice
    survey: Survey
    ids: Identifiers
    ethnic: np.ndarray
    planted: Planted | None = None
    trail: Trail | None = None
    across: Across | None = None

    @property
    def end(self) -> int:
        """31 March of the year, as a day number."""
        return self.people.end

    @cached_property
    def attendance(self) -> Attendance:
        """Who came to centres, hubs and clubs: made when asked for, since only their files need it."""
        from threecircles.synthetic.attendance import make_attendance

        return make_attendance(self)

    @cached_property
    def nurseries(self) -> Nurseries:
        """Who is at a nursery, in alternative provision or has a funded place: made when asked for."""
        from threecircles.synthetic.nurseries import make_nurseries

        return make_nurseries(self)

    @cached_property
    def service_forms(self) -> ServiceForms:
        """Who filled in a provider's form before and after: made when asked for."""
        from threecircles.synthetic.service_form import make_service_forms

        return make_service_forms(self)


def build_world(profile: Profile, seed: int, year: int) -> World:
    """People, need and services of a place, from a profile and a seed."""
    land = make_land(profile, seed)
    people = add_alone(profile, seed, make_people(profile, seed, year, land))
    need = make_need(profile, seed, land, people)
    homes = make_homes(profile, seed, land, people, need)
    return world_on(
        profile, seed, year, make_ground(profile, seed, year, land, people, need, homes)
    )


def make_ground(
    profile: Profile, seed: int, year: int, land: Land, people: People, need: Need, homes: Homes
) -> Ground:
    """The schools of people who are housed, and who goes where."""
    schools = make_schools(profile, seed, land)
    plan = plan_liability(seed, people, need)
    enrolment = make_enrolment(profile, seed, year, land, people, homes, need, schools, plan)
    return Ground(land, people, need, homes, schools, enrolment, plan)


def world_on(
    profile: Profile, seed: int, year: int, ground: Ground, across: Across | None = None
) -> World:
    """Services of a place on its ground: referrals, care, school, early years, survey, numbers."""
    land, people, need, homes = ground.land, ground.people, ground.need, ground.homes
    schools, enrolment, plan = ground.schools, ground.enrolment, ground.plan
    area = np.where(people.family >= 0, people.fam_lsoa[people.family], 0)
    practice = _practice(profile, seed, land)
    visible = profile["referral"]["visible_log_rate"] * (enrolment.nc_year >= 0)
    rates = (area, practice, visible)
    episodes, solved = calibrated_episodes(profile, seed, people, need, *rates)
    planted, trail = None, None
    if is_planted(profile):
        scene = Scene(profile, seed, year, land, people, need, homes, schools, enrolment)
        planted, need = planted_in(scene)
        episodes, trail = episodes_under(scene, planted, need, rates, solved)
    episodes = rake(profile, seed, year, people, episodes)
    special = (schools.phase[np.maximum(enrolment.school, 0)] == 2) & (enrolment.school >= 0)
    # Every pupil of a special school has a stronger case for a plan than any other pupil.
    case = plan + 6.0 * special
    details = make_details(profile, seed, people, need, episodes, case)
    children = int(people.present(people.end).sum())
    providers = make_providers(profile, seed, land, children)
    care = make_looked_after(profile, seed, land, people, homes, episodes, details.need, providers)
    lives = care.lives(people.n, people.end)
    enrolment = taught_in_care(enrolment, people, land, schools, year, lives)
    pupils = enrolment.school >= 0
    enrolment = taught_away(enrolment, land, lives, care.came_from(people.n, people.end))
    education = make_education(
        profile, seed, year, people, need, enrolment, plan, case, _in_need(people, episodes)
    )
    if profile["referral"]["disability_with_plan"]:
        details = with_plans_recorded(details, education.sen == "E")
    early_years = make_early_years(
        profile, seed, people, need, enrolment, education, _in_need(people, episodes)
    )
    early_help = make_early_help(
        profile, seed, people, need, episodes, details.reason, area, practice
    )
    details = replace(details, reason=taken_up(details.reason, episodes, early_help))
    justice = make_youth_justice(profile, seed, people, need)
    survey = make_survey(profile, seed, year, people, need, enrolment, schools, education)
    # Of those on no roll most were on one before, but not the children who came alone.
    before = (rng(seed, "state").random(people.n) < 0.93) & ~people.uasc
    state = pupils | before
    ids = make_identifiers(seed, year, people, state & (enrolment.nc_year >= 0), profile.number)
    return World(
        profile, seed, year, land, people, need, homes, schools, enrolment, practice, episodes, details,
        providers, care, education, early_years, early_help, justice, survey, ids, _ethnic(profile, seed, people),
        planted, trail, across,
    )  # fmt: skip


def _practice(profile: Profile, seed: int, land: Land) -> np.ndarray:
    p = profile["practice"]
    g = rng(seed, "practice")
    team = g.normal(0, p["team_sd"], land.msoa.max() + 1)
    return g.normal(0, p["area_sd"], len(land.d)) + team[land.msoa]


def _in_need(people: People, e: Episodes) -> np.ndarray:
    found = np.zeros(people.n, dtype=bool)
    open_now = (
        (e.path > 0) & (e.referral <= people.end) & (e.close > people.end) & (e.close < NEVER)
    )
    found[e.child[open_now]] = True
    return found


def _ethnic(profile: Profile, seed: int, people: People) -> np.ndarray:
    """Ethnic group as services know it: some refused, some not yet asked."""
    shares = profile["groups"]["not_known"]
    draw = rng(seed, "ethnic").random(people.n)
    known = np.array(people.ethnic_codes)[people.ethnic]
    known = np.where(draw < shares["REFU"], "REFU", known)
    return np.where(draw > 1 - shares["NOBT"], "NOBT", known)
