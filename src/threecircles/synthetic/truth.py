"""What is true of the place: without it no estimate, link or finding could be marked right or wrong.

The product never reads these tables; only tests and the checks of this room do.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.synthetic.care.referrals import PATHS, STAYS
from threecircles.synthetic.days import NEVER, age_at, as_dates, birthday, day_of
from threecircles.synthetic.homes import postcode_on
from threecircles.synthetic.need import DIMENSIONS, PROTECTIVE, STATES
from threecircles.synthetic.reach import reach_table
from threecircles.synthetic.world import World

Tables = dict[str, pl.DataFrame]
SOCIAL = ("early_help", "cin", "cpp", "cla", "youth_justice")
SCHOOL_HELP = ("sen_support", "ehc_plan")


def truth_tables(world: World, years: int = 5) -> Tables:
    """All truth tables but those of errors and identity, which the exports know.

    years: how many years back needs and spells are told.
    """
    return {
        "person": person_table(world),
        "twin": twin_table(world),
        "relation": relation_table(world),
        "residence": residence_table(world),
        "need": need_table(world, years),
        "service": service_table(world),
        "spell": spell_table(world, years),
        "survey": survey_table(world),
        "survey_answers": answers_table(world),
        "circles": circles_table(world),
        "practice": pl.DataFrame({"lsoa21": world.land.lsoa, "log_rate": world.practice}),
        "leaver": leaver_table(world),
        "exclusion": exclusion_table(world),
        "justice": justice_table(world),
        "care_weeks": care_weeks_table(world),
        "two_year": two_year_table(world),
        "follow": follow_table(world),
        "reach": reach_table(world, world.attendance),
    }


def person_table(world: World) -> pl.DataFrame:
    """One row per child ever here, with what is true at the reference day."""
    p, land = world.people, world.land
    everyone = np.arange(p.n)
    pc = postcode_on(world.homes, p, everyone, world.end)
    inside = np.where(pc >= 0, pc, 0)
    known = (pc >= 0) & (land.pc_lsoa[inside] >= 0)
    area = np.where(known, land.pc_lsoa[inside], 0)
    school = world.enrolment.school
    return pl.DataFrame({
        "person_id": world.ids.person_id, "family_id": np.where(p.family >= 0, family_ids(world)[np.maximum(p.family, 0)], ""),
        "birth": as_dates(p.birth), "sex": np.where(p.sex == 1, "M", "F"),
        "forename": p.forename, "surname": p.surname, "ethnic_group": np.array(p.ethnic_codes)[p.ethnic],
        "death": as_dates(p.death), "arrived": as_dates(np.where(p.arrive <= -NEVER, NEVER, p.arrive)), "left": as_dates(p.exit),
        "resident": p.present(world.end), "age": age_at(p.birth, world.end), "unaccompanied": p.uasc,
        "lsoa21": np.where(known, land.lsoa[area], ""), "ward": np.where(known, land.ward_code[land.ward[area]], ""),
        "postcode": np.where(pc >= 0, land.pc[inside], ""), "imd_decile": np.where(known, land.decile[area], 0),
        "urn": np.where(school >= 0, world.schools.urn[np.maximum(school, 0)].astype(str), ""),
        "nc_year": world.enrolment.nc_year, "upn": world.ids.upn, "nhs": world.ids.nhs,
        "multiple_birth": p.twin >= 0,
    })  # fmt: skip


def family_ids(world: World) -> np.ndarray:
    """One text a family; a family that two places know has one."""
    n = len(world.people.fam_lsoa)
    return np.char.add(
        "F", (np.arange(n) if world.across is None else world.across.family).astype(str)
    )


def twin_table(world: World) -> pl.DataFrame:
    """Children of multiple births: person_id and the number of the birth."""
    who = np.flatnonzero(world.people.twin >= 0)
    return pl.DataFrame({"person_id": world.ids.person_id[who], "multiple": world.people.twin[who]})


def relation_table(world: World) -> pl.DataFrame:
    """Pairs of siblings of one family, each pair once: full, half or multiple birth."""
    p = world.people
    order = np.argsort(p.family, kind="stable")
    order = order[p.family[order] >= 0]
    left, right = [], []
    for step in range(1, 7):
        a, b = order[:-step], order[step:]
        same = p.family[a] == p.family[b]
        left.append(a[same])
        right.append(b[same])
    a, b = np.concatenate(left), np.concatenate(right)
    twins = (p.twin[a] >= 0) & (p.twin[a] == p.twin[b])
    kind = np.where(twins, "multiple_birth", np.where(p.half[a] != p.half[b], "half", "full"))
    return pl.DataFrame(
        {
            "person_id": world.ids.person_id[a],
            "other_person_id": world.ids.person_id[b],
            "kind": kind,
        }
    )


def residence_table(world: World) -> pl.DataFrame:
    """Stays of families at addresses, half-open; a stay before the history has no start."""
    h, land = world.homes, world.land
    lived = np.zeros(len(world.people.fam_lsoa), dtype=bool)
    lived[world.people.family[world.people.family >= 0]] = True
    kept = lived[h.family]
    start = np.where(h.start < -100_000, NEVER, h.start)[kept]
    area = land.pc_lsoa[h.pc[kept]]
    return pl.DataFrame({
        "family_id": family_ids(world)[h.family[kept]], "start": as_dates(start), "stop": as_dates(h.stop[kept]),
        "postcode": land.pc[h.pc[kept]], "lsoa21": np.where(area >= 0, land.lsoa[np.maximum(area, 0)], ""), "uprn": h.uprn[kept],
    })  # fmt: skip


def need_table(world: World, years: int) -> pl.DataFrame:
    """Latent need, states and high need of residents aged 0 to 17, one row per child and year."""
    n, frames = world.need, []
    for back in range(min(years, len(n.days))):
        y = len(n.days) - 1 - back
        who = np.flatnonzero(world.people.present(int(n.days[y])))
        columns: dict[str, object] = {
            "person_id": world.ids.person_id[who], "year": np.full(len(who), world.year - back),
            "high_need": n.high[y][who],
        }  # fmt: skip
        columns |= {f"eta_{d}": n.eta[y][who, k] for k, d in enumerate(DIMENSIONS)}
        columns |= {f"impaired_{d}": n.eta[y][who, k] > n.cut for k, d in enumerate(DIMENSIONS)}
        columns |= {f"risk_{s}": n.states[y][who, k] for k, s in enumerate(STATES)}
        columns |= {f"has_{s}": n.held[who, k] for k, s in enumerate(PROTECTIVE)}
        severe = np.all(n.severe[who], axis=1)
        columns["three_harms_severe"] = (
            severe if back == 0 else pl.Series([None] * len(who), dtype=pl.Boolean)
        )
        for name, flags in n.other.items():
            columns[f"high_need_{name}"] = (
                flags[who] if back == 0 else pl.Series([None] * len(who), dtype=pl.Boolean)
            )
        frames.append(pl.DataFrame(columns))
    return pl.concat(frames)


def spell_table(world: World, years: int) -> pl.DataFrame:
    """Every service spell that touches the years told: person_id, process, start, stop (half-open), detail."""
    e, h, j, c = world.episodes, world.early_help, world.justice, world.care
    parts = [
        (e.child, "cin", e.referral, e.close, np.array([*PATHS, "no_action"])[e.path]),
        (e.child, "cin_plan", e.plan_start, e.plan_end, np.full(len(e.child), "")),
        (e.child, "cpp", e.conference, e.protect_end, np.full(len(e.child), "")),
        (h.child, "early_help", h.contact, h.closed, h.outcome),
        (j.child, "youth_justice", j.day, j.end, j.kind),
        (c.period_child, "cla", c.period_start, c.period_end, np.array(STAYS)[c.period_stay]),
    ]
    frames = []
    low = day_of(world.year - years, 4, 1)
    for child, process, start, stop, detail in parts:
        kept = (start < NEVER) & (stop < NEVER) & (stop >= low) & (start <= world.end)
        frames.append(pl.DataFrame({
            "person_id": world.ids.person_id[child[kept]], "process": np.full(kept.sum(), process),
            "start": as_dates(start[kept]), "stop": as_dates(stop[kept]), "detail": detail[kept].astype(str),
        }))  # fmt: skip
    return pl.concat(frames).sort("person_id", "process", "start")


def window(world: World) -> tuple[int, int]:
    """The twelve months of the circles: the year to 31 March, in which the survey is held."""
    return day_of(world.year - 1, 4, 1), world.end


def service_flags(world: World, between: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
    """True for children with a spell open at any time between two days, by process; else in the window.

    A contact that led to no assessment and no plan is no early help, and a caution is no service of youth justice.
    """
    start, end = between or window(world)
    e, h, j, c = world.episodes, world.early_help, world.justice, world.care
    flags = {}

    def touch(child: np.ndarray, begin: np.ndarray, stop: np.ndarray) -> np.ndarray:
        found = np.zeros(world.people.n, dtype=bool)
        found[child[(begin <= end) & (stop > start - 1) & (begin < NEVER)]] = True
        return found

    real = e.path >= 0
    flags["cin"] = touch(e.child[real], e.referral[real], e.close[real])
    flags["cin_plan"] = touch(e.child, e.plan_start, e.plan_end)
    flags["cpp"] = touch(e.child, e.conference, e.protect_end)
    flags["cla"] = touch(c.period_child, c.period_start, c.period_end)
    helped = np.minimum(h.assessment_start, h.plan_start) <= end
    flags["early_help"] = touch(h.child[helped], h.contact[helped], h.closed[helped])
    served = j.kind != "caution"
    flags["youth_justice"] = touch(j.child[served], j.day[served], j.end[served])
    flags["sen_support"] = world.education.sen == "K"
    flags["ehc_plan"] = world.education.sen == "E"
    return flags


def service_table(world: World) -> pl.DataFrame:
    """One row per resident aged 0 to 17: which services, in_social (without special needs), in_targeted_12m."""
    flags = service_flags(world)
    who = np.flatnonzero(world.people.present(world.end))
    social: np.ndarray = np.stack([flags[k] for k in SOCIAL]).max(axis=0)
    every = social | flags["sen_support"] | flags["ehc_plan"]
    return pl.DataFrame({
        "person_id": world.ids.person_id[who], **{f"in_{k}": v[who] for k, v in flags.items()},
        "in_social": social[who], "in_targeted_12m": every[who],
    })  # fmt: skip


def survey_table(world: World) -> pl.DataFrame:
    """One row per pupil of the survey's population: asked, status, consent and the truth of need."""
    s = world.survey
    return pl.DataFrame({
        "person_id": world.ids.person_id[s.child], "code": world.ids.survey[s.child],
        "urn": world.schools.urn[world.enrolment.school[s.child]].astype(str),
        "nc_year": world.enrolment.nc_year[s.child], "asked": s.asked, "status": s.status,
        "consent_link": s.consent, "high_need": world.need.high[-1][s.child],
    })  # fmt: skip


def answers_table(world: World) -> pl.DataFrame:
    """The answers of every pupil of the population as they would be in full, before anything was lost."""
    s = world.survey
    return pl.DataFrame({
        "person_id": world.ids.person_id[s.child], "code": world.ids.survey[s.child],
        "urn": world.schools.urn[world.enrolment.school[s.child]].astype(str),
        "nc_year": world.enrolment.nc_year[s.child], "sex": np.where(world.people.sex[s.child] == 1, "M", "F"),
        **{name: s.full[:, k] for k, name in enumerate(s.items)},
        "responded": s.asked & (s.status == "completed"), "consent_link": s.consent,
    })  # fmt: skip


def circles_table(world: World) -> pl.DataFrame:
    """Shares of need, service and both, by population and definition of service.

    population: all (residents 0 to 17), pupils (the survey's years, state schools), asked (schools that
    took part). service: social, targeted (with special needs), and each process.
    """
    flags = service_flags(world)
    social: np.ndarray = np.stack([flags[k] for k in SOCIAL]).max(axis=0)
    definitions = {
        "social": social,
        "targeted": social | flags["sen_support"] | flags["ehc_plan"],
        **flags,
    }
    everyone = np.flatnonzero(world.people.present(world.end))
    groups = {
        "all": everyone,
        "pupils": world.survey.child,
        "asked": world.survey.child[world.survey.asked],
    }
    rows = []
    for population, who in groups.items():
        need = world.need.high[-1][who]
        for name, found in definitions.items():
            helped = found[who]
            both = need & helped
            rows.append({
                "population": population, "service": name, "children": len(who), "need": float(need.mean()),
                "in_service": float(helped.mean()), "both": float(both.mean()),
                "coverage": float(both.sum() / max(need.sum(), 1)), "targeting": float(both.sum() / max(helped.sum(), 1)),
            })  # fmt: skip
    return pl.DataFrame(rows)


def leaver_table(world: World) -> pl.DataFrame:
    """Care leavers aged 17 to 21 on the reference day, also those whom two years of returns cannot show."""
    c, p = world.care, world.people
    adult = birthday(p.birth[c.period_child], 18)
    left = (c.period_end <= world.end) & (c.period_end >= adult - 730)
    age = age_at(p.birth[c.period_child], world.end)
    kept = left & (age >= 17) & (age <= 21)
    return pl.DataFrame({
        "person_id": world.ids.person_id[c.period_child[kept]], "left_care": as_dates(c.period_end[kept]), "age": age[kept],
    })  # fmt: skip


def exclusion_table(world: World) -> pl.DataFrame:
    """Suspensions and permanent exclusions of the school year."""
    x = world.education
    return pl.DataFrame({
        "person_id": world.ids.person_id[x.exclusion_child], "day": as_dates(x.exclusion_day),
        "permanent": x.exclusion_permanent, "in_autumn_term": x.exclusion_in_term,
    })  # fmt: skip


def justice_table(world: World) -> pl.DataFrame:
    """Every event with the youth justice service, with the mark of a first-time entrant."""
    j = world.justice
    kept = j.day <= world.end
    return pl.DataFrame({
        "person_id": world.ids.person_id[j.child[kept]], "day": as_dates(j.day[kept]), "kind": j.kind[kept],
        "first_time": j.first_time[kept],
    })  # fmt: skip


def care_weeks_table(world: World) -> pl.DataFrame:
    """Child weeks of care in the financial year, all placements."""
    start, end = window(world)
    c = world.care
    days = np.minimum(c.period_end, end + 1) - np.maximum(c.period_start, start)
    return pl.DataFrame({"year": [world.year], "weeks": [float(np.maximum(days, 0).sum()) / 7]})


def two_year_table(world: World) -> pl.DataFrame:
    """Every child due a review at two to two and a half in the year: reviewed, below the cut, referred, seen."""
    e = world.early_years
    done = pl.DataFrame({
        "person_id": world.ids.person_id[e.review_child], "reviewed_on": as_dates(e.review_day),
        "below": e.below, "referred": e.referred, "first_seen": as_dates(e.first_seen),
    })  # fmt: skip
    due = pl.DataFrame({"person_id": world.ids.person_id[e.due]})
    return due.join(done, on="person_id", how="left", maintain_order="left")


def follow_table(world: World) -> pl.DataFrame:
    """Children assessed at five: what they would have scored at two (standard normal), and a good level now."""
    e = world.early_years
    return pl.DataFrame({
        "person_id": world.ids.person_id[e.profile_child], "score_at_two": e.score_then[e.profile_child],
        "good_level": e.good,
    })  # fmt: skip
