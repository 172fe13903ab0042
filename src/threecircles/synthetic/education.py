"""Special needs, free meals, absence and exclusion: without it school data would tell nothing of need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import day_of
from threecircles.synthetic.draw import highest, pick
from threecircles.synthetic.need import STATES, Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section
from threecircles.synthetic.schools import Enrolment


@dataclass(frozen=True)
class Education:
    """Along the children: sen (N, K support, E plan), fsm, possible and missed sessions of the term, authorised.

    fsm_from: day eligibility began. need_type, second_type: kinds of special need. exclusion_*: events
    of the school year; in_term says which the spring census reports.
    """

    sen: np.ndarray
    fsm: np.ndarray
    fsm_from: np.ndarray
    possible: np.ndarray
    missed: np.ndarray
    authorised: np.ndarray
    need_type: np.ndarray
    second_type: np.ndarray
    exclusion_child: np.ndarray
    exclusion_day: np.ndarray
    exclusion_permanent: np.ndarray
    exclusion_sessions: np.ndarray
    exclusion_reason: np.ndarray
    exclusion_in_term: np.ndarray


def plan_liability(seed: int, people: People, need: Need) -> np.ndarray:
    """How strong each child's case for an education, health and care plan is (standard normal scale)."""
    g = rng(seed, "education", "plans")
    disability = need.states[-1][:, STATES.index("disability")]
    raw = (
        0.5 * need.eta[-1][:, 2] + 0.35 * need.eta[-1][:, 0] + 1.6 * disability + 0.35 * people.sex
    )
    raw = raw + g.normal(0, 0.8, people.n)
    return (raw - raw.mean()) / raw.std()


def make_education(
    profile: Profile,
    seed: int,
    year: int,
    people: People,
    need: Need,
    enrolment: Enrolment,
    plan: np.ndarray,
    case: np.ndarray,
    in_need: np.ndarray,
) -> Education:
    """Everything the spring census says of a pupil but name and address.

    plan: liability of a plan. case: the same with pupils of special schools highest. in_need: children in
    need on the day.
    Shares among pupils in need and others are met apart, so that both known facts hold.
    """  # fmt: skip
    p = profile["education"]
    pupil = enrolment.school >= 0
    aged = pupil & (enrolment.nc_year >= 0)
    sen = _sen(rng(seed, "education", "sen"), p, need, plan, case, aged, in_need)
    fsm, fsm_from = _meals(rng(seed, "education", "fsm"), p, people, need, enrolment, aged, in_need)
    possible, missed, authorised = _absence(
        rng(seed, "education", "absence"), p, need, enrolment, aged, in_need, sen, fsm
    )
    g = rng(seed, "education", "types")
    names, share = p.shares("need_type_shares")
    kinds = np.array(names)
    need_type = np.where(sen != "N", kinds[pick(g, share, people.n)], "")
    second = np.where(
        (sen == "E") & (g.random(people.n) < 0.35), kinds[pick(g, share, people.n)], ""
    )
    second = np.where(second == need_type, "", second)
    events = _exclusions(rng(seed, "education", "exclusions"), p, year, need, enrolment, aged, sen)
    return Education(sen, fsm, fsm_from, possible, missed, authorised, need_type, second, *events)


def _rest_share(total: float, inside: float, weight: float) -> float:
    """Share among the others when a group of this weight has its own share."""
    return max(0.0, (total - weight * inside) / max(1 - weight, 1e-9))


def _sen(
    g: np.random.Generator,
    p: Section,
    need: Need,
    plan: np.ndarray,
    case: np.ndarray,
    aged: np.ndarray,
    in_need: np.ndarray,
) -> np.ndarray:
    weight = (aged & in_need).sum() / max(aged.sum(), 1)
    n = len(plan)
    has_plan = highest(case, aged & in_need, p["cin_plan_share"]) | highest(
        case, aged & ~in_need, _rest_share(p["plan_share"], p["cin_plan_share"], weight)
    )
    open_to = aged & ~has_plan
    support = (
        0.55 * plan + 0.3 * need.eta[-1][:, 2] + 0.25 * need.eta[-1][:, 0] + g.normal(0, 0.7, n)
    )
    count = p["support_share"] * aged.sum()
    inside = p["cin_support_share"] * (aged & in_need).sum()
    has = highest(support, open_to & in_need, inside / max((open_to & in_need).sum(), 1)) | highest(
        support, open_to & ~in_need, max(0.0, count - inside) / max((open_to & ~in_need).sum(), 1)
    )
    return np.where(has_plan, "E", np.where(has, "K", "N"))


def _meals(
    g: np.random.Generator,
    p: Section,
    people: People,
    need: Need,
    enrolment: Enrolment,
    aged: np.ndarray,
    in_need: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    poor = need.states[-1][:, STATES.index("poverty")]
    score = 2.2 * poor + g.normal(0, 0.9, people.n)
    fsm = np.zeros(people.n, dtype=bool)
    # In the first two years fewer are registered, since all infants eat free (facts 42 and 45 together).
    young, primary = (aged & (enrolment.nc_year <= top) for top in (1, 6))
    older = _rest_share(p["fsm_primary"], p["fsm_first_years"], young.sum() / max(primary.sum(), 1))
    for phase, wanted in (
        (young, p["fsm_first_years"]),
        (primary & ~young, older),
        (aged & ~primary & (enrolment.nc_year <= 13), p["fsm_secondary"]),
    ):
        weight = (phase & in_need).sum() / max(phase.sum(), 1)
        fsm |= highest(score, phase & in_need, p["cin_fsm"])
        fsm |= highest(score, phase & ~in_need, _rest_share(wanted, p["cin_fsm"], weight))
    since = np.maximum(enrolment.entry, people.end - g.integers(60, 2000, people.n))
    return fsm, since


def _absence(
    g: np.random.Generator,
    p: Section,
    need: Need,
    enrolment: Enrolment,
    aged: np.ndarray,
    in_need: np.ndarray,
    sen: np.ndarray,
    fsm: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sessions missed, by rank: so that the shares persistently and severely absent are met exactly."""
    n = len(sen)
    score = 0.35 * need.eta[-1][:, 0] + 0.35 * need.eta[-1][:, 3] + 0.25 * need.eta[-1][:, 1]
    score = score + 0.35 * fsm + 0.25 * (sen == "K") + 0.35 * (sen == "E") + g.normal(0, 0.9, n)
    score = score + 0.12 * np.clip(enrolment.nc_year - 7, 0, 4)
    counted = aged & (enrolment.nc_year >= 1) & (enrolment.nc_year <= 11)
    weight = (counted & in_need).sum() / max(counted.sum(), 1)
    share = np.zeros(n)
    ratio = 3.2
    severe_in = min(p["severe"] * ratio * 1.6, 0.14)
    for group, persistent, severe in (
        (in_need, p["cin_persistent"], severe_in),
        (
            ~in_need,
            _rest_share(p["persistent"], p["cin_persistent"], weight),
            _rest_share(p["severe"], severe_in, weight),
        ),
    ):
        who = np.flatnonzero(counted & group)
        rank = (np.argsort(np.argsort(score[who], kind="stable"), kind="stable") + 0.5) / max(
            len(who), 1
        )
        # Half a session's leeway keeps the rounding of sessions from moving anyone over 10%.
        share[who] = np.interp(
            rank, [0, 0.25, 1 - persistent, 1 - severe, 1], [0, 0.015, 0.0975, 0.495, 0.97]
        )
    bend = _bend(share, counted, p["sessions_missed"])
    share = np.where(share < 0.0975, 0.0975 * (share / 0.0975) ** bend, share)
    possible = np.full(n, p["sessions_in_term"])
    missed = np.round(share * possible).astype("int64")
    rest = aged & ~counted
    missed[rest] = g.binomial(possible[rest], p["sessions_missed"])
    authorised = g.binomial(missed, np.clip(p["authorised_share"] - 0.5 * share, 0.1, 0.9))
    return possible, missed, authorised


def _bend(share: np.ndarray, counted: np.ndarray, mean: float) -> float:
    """Power on the shares below the persistent cut that brings the mean right."""
    low, high = 0.2, 6.0
    values = share[counted]
    if not len(values):
        return 1.0
    for _ in range(40):
        middle = (low + high) / 2
        bent = np.where(values < 0.0975, 0.0975 * (values / 0.0975) ** middle, values)
        low, high = (middle, high) if bent.mean() > mean else (low, middle)
    return (low + high) / 2


def _exclusions(
    g: np.random.Generator,
    p: Section,
    year: int,
    need: Need,
    enrolment: Enrolment,
    aged: np.ndarray,
    sen: np.ndarray,
) -> tuple[np.ndarray, ...]:
    rate = np.exp(1.3 * need.eta[-1][:, 3] + 0.5 * (sen != "N")) * np.where(
        enrolment.nc_year >= 7, 1.0, 0.09
    )
    rate = np.where(aged & (enrolment.nc_year <= 13), rate, 0.0)
    pupils = aged.sum()
    suspended = g.poisson(rate / max(rate.sum(), 1e-9) * p["suspensions_per_100"] / 100 * pupils)
    permanent = (
        g.random(len(rate)) < rate / max(rate.sum(), 1e-9) * p["permanent_per_100"] / 100 * pupils
    )
    child = np.concatenate([np.repeat(np.arange(len(rate)), suspended), np.flatnonzero(permanent)])
    is_permanent = np.r_[
        np.zeros(suspended.sum(), dtype=bool), np.ones(permanent.sum(), dtype=bool)
    ]
    in_term = g.random(len(child)) < p["term_share"]
    autumn, later = day_of(year - 1, 9, 4), day_of(year, 1, 6)
    day = np.where(
        in_term, autumn + g.integers(0, 105, len(child)), later + g.integers(0, 190, len(child))
    )
    day = np.where((day + 3) % 7 >= 5, day - 2, day)
    sessions = np.where(is_permanent, 0, 2 * g.integers(1, 6, len(child)))
    kinds, share = p.shares("reason_shares")
    reason = np.array(kinds)[pick(g, share, len(child))]
    order = np.lexsort((day, child))
    return tuple(v[order] for v in (child, day, is_permanent, sessions, reason, in_term))
