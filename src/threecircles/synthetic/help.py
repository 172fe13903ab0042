"""Early help and youth justice: without it the only help a child could get would be statutory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.care.referrals import Episodes
from threecircles.synthetic.days import NEVER, birthday, plus_working
from threecircles.synthetic.draw import pick
from threecircles.synthetic.need import DIMENSIONS, Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile

_DAYS = 1_000_000
"""More than any day number: child and day make one number in the order of both."""
NEAR = 60
"""Early help that begins within so many days of a closure is what the closure spoke of."""
STEPPED_UP = "Stepped up to social care"


@dataclass(frozen=True)
class EarlyHelp:
    """One entry per episode; days, NEVER for what did not happen or is still open at its own end."""

    child: np.ndarray
    contact: np.ndarray
    source: np.ndarray
    assessment_start: np.ndarray
    assessment_end: np.ndarray
    plan_start: np.ndarray
    plan_end: np.ndarray
    closed: np.ndarray
    outcome: np.ndarray
    agency: np.ndarray


@dataclass(frozen=True)
class YouthJustice:
    """One entry per event: prevention, diversion, caution, order or custody."""

    child: np.ndarray
    kind: np.ndarray
    day: np.ndarray
    end: np.ndarray
    offence: np.ndarray
    outcome: np.ndarray
    first_time: np.ndarray


def make_early_help(
    profile: Profile,
    seed: int,
    people: People,
    need: Need,
    e: Episodes,
    reason: np.ndarray,
    area: np.ndarray,
    practice: np.ndarray,
) -> EarlyHelp:
    """Contact, assessment, plan and closure; one episode of a child at a time, none while in social care.

    Contacts of children who have a social worker are left out, so the rate is raised once to make the
    year's starts come out as the profile says.
    """  # fmt: skip
    wanted = profile["early_help"]["starts_per_10000"] * people.present(people.end).sum() / 10_000
    raised = 1.0
    made = _episodes(profile, seed, people, need, e, reason, area, practice, raised)
    for _ in range(2):
        got = ((made.contact > people.end - 365) & (made.contact <= people.end)).sum()
        if got == 0 or abs(got / wanted - 1) < 0.02:
            break
        raised *= wanted / got
        made = _episodes(profile, seed, people, need, e, reason, area, practice, raised)
    return made


def _contacts(
    profile: Profile,
    seed: int,
    people: People,
    need: Need,
    area: np.ndarray,
    practice: np.ndarray,
    raised: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Children and days of contact, by need and age, year by year."""
    p = profile["early_help"]
    g = rng(seed, "early_help", "contacts")
    ages = np.array([float(k) for k in p["age_weights"]])
    weight = np.array(list(p["age_weights"].values()))
    children, days = [], []
    for back in range(p["history_years"]):
        middle = people.end - 365 * back - 182
        age = (middle - people.birth) / 365.25
        here = (
            (age > 0)
            & (age < 17.5)
            & (people.arrive <= middle)
            & (people.exit > middle)
            & ~people.uasc
        )
        by_age = weight[(np.searchsorted(ages, age, side="right") - 1).clip(0)]
        z = need.index[len(need.days) - 1 - back]
        rate = np.where(here, np.exp(p["need_slope"] * z + practice[area]) * by_age, 0)
        n = g.poisson(rate / rate.sum() * here.sum() * p["starts_per_10000"] / 10_000 * raised)
        who = np.repeat(np.arange(people.n), n)
        children.append(who)
        days.append(middle + 182 - np.floor(365 * g.random(len(who))).astype("int64"))
    return np.concatenate(children), np.concatenate(days)


def _episodes(
    profile: Profile,
    seed: int,
    people: People,
    need: Need,
    e: Episodes,
    reason: np.ndarray,
    area: np.ndarray,
    practice: np.ndarray,
    raised: float,
) -> EarlyHelp:
    p = profile["early_help"]
    child, contact = _contacts(profile, seed, people, need, area, practice, raised)
    g = rng(seed, "early_help", "episodes")
    # Families whose social care case closed with a word for early help.
    since = people.end - 365 * p["history_years"]
    down = np.flatnonzero((reason == "RC9") & (e.close < people.end) & (e.close > since))
    down = down[g.random(len(down)) < p["from_care_share"]]
    child, contact = np.r_[child, e.child[down]], np.r_[contact, e.close[down] + 3]
    contact = np.where((contact + 3) % 7 >= 5, contact - 2, contact)
    order = np.lexsort((contact, child))
    child, contact = child[order], contact[order]
    n = len(child)
    start = plus_working(contact, g.integers(1, 10, n))
    length = np.round(p.curve("assessment_wd_percentiles", g.random(n))).astype("int64")
    end = np.maximum(plus_working(contact, length + 2), start + 1)
    assessed = g.random(n) < p["assessment_share"]
    planned = assessed & (g.random(n) < p["plan_share"])
    plan_start = end + g.integers(1, 15, n)
    days = np.maximum(20, p["plan_days_median"] * np.exp(p["plan_days_sigma"] * g.normal(size=n)))
    plan_end = plan_start + days.astype("int64")
    closed = np.where(planned, plan_end, np.where(assessed, end, contact + 5)) + g.integers(0, 8, n)
    limit = np.minimum(people.exit[child], birthday(people.birth[child], 18))
    closed = np.minimum(closed, limit)
    keep = _alone(child, contact, closed) & ~_in_care(child, contact, e) & (contact < limit - 10)
    keep &= (
        (contact >= people.birth[child])
        & (contact >= people.arrive[child])
        & (contact <= people.end)
    )

    def cut(day: np.ndarray, has: np.ndarray) -> np.ndarray:
        return np.where(has & (day <= closed), day, NEVER)

    sources, share = p.shares("source_shares")
    outcomes, outcome_share = p.shares("outcome_shares")
    agencies, agency_share = p.shares("agency_shares")
    made = EarlyHelp(
        child, contact, np.array(sources)[pick(g, share, n)], cut(start, assessed), cut(end, assessed),
        cut(plan_start, planned), np.where(planned & (plan_start <= closed), np.minimum(plan_end, closed), NEVER),
        closed, np.array(outcomes)[pick(g, outcome_share, n)], np.array(agencies)[pick(g, agency_share, n)],
    )  # fmt: skip
    return _stepped_up(EarlyHelp(*(getattr(made, f)[keep] for f in made.__dataclass_fields__)), e)


def _stepped_up(h: EarlyHelp, e: Episodes) -> EarlyHelp:
    """Early help ends on the day on which a child protection plan or care begins for the child."""
    real = np.flatnonzero((e.conference < NEVER) | (e.care_start < NEVER))
    owner, day = e.child[real], np.minimum(e.conference[real], e.care_start[real])
    order = np.lexsort((day, owner))
    owner, day = owner[order], day[order]
    at = np.searchsorted(owner * _DAYS + day, h.child * _DAYS + h.contact)
    found = at < len(owner)
    at = np.minimum(at, max(len(owner) - 1, 0))
    stop = np.where(found & (owner[at] == h.child), day[at], NEVER) if len(owner) else NEVER
    up = stop < h.closed

    def cut(days: np.ndarray) -> np.ndarray:
        return np.where(up & (days > stop), NEVER, days)

    return replace(
        h, assessment_start=cut(h.assessment_start), assessment_end=cut(h.assessment_end), plan_start=cut(h.plan_start),
        plan_end=np.where(up & (h.plan_start < stop), np.minimum(h.plan_end, stop), cut(h.plan_end)),
        closed=np.where(up, stop, h.closed), outcome=np.where(up, STEPPED_UP, h.outcome),
    )  # fmt: skip


def taken_up(reason: np.ndarray, e: Episodes, h: EarlyHelp) -> np.ndarray:
    """Why cases closed, once it is known which families early help did see; for the others it was no handing on."""
    handed = np.flatnonzero(reason == "RC9")
    key = np.sort(h.child * _DAYS + h.contact)
    mark = e.child[handed] * _DAYS + e.close[handed]
    seen = np.searchsorted(key, mark + NEAR, side="right") > np.searchsorted(key, mark - NEAR)
    settled = reason.copy()
    settled[handed[~seen]] = "RC7"
    return settled


def handed_on(reason: np.ndarray, e: Episodes, h: EarlyHelp) -> np.ndarray:
    """True for early help that a closure of the child's case in social care spoke of."""
    handed = np.flatnonzero(reason == "RC9")
    key = np.sort(e.child[handed] * _DAYS + e.close[handed])
    mark = h.child * _DAYS + h.contact
    return np.searchsorted(key, mark + NEAR, side="right") > np.searchsorted(key, mark - NEAR)


def _alone(child: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """False for an episode that begins before the child's earlier one has closed."""
    keep = np.ones(len(child), dtype=bool)
    # At most a handful of episodes a child: compare with the one, two and three before.
    for back in range(1, min(4, len(child))):
        same = child[back:] == child[:-back]
        keep[back:] &= ~same | (start[back:] > end[:-back])
    return keep


def _in_care(child: np.ndarray, day: np.ndarray, e: Episodes) -> np.ndarray:
    """True when a social care episode of the child is open on the day."""
    real = e.path >= 0
    key = e.child[real] * _DAYS + e.referral[real]
    close, owner = e.close[real], e.child[real]
    at = np.searchsorted(key, child * _DAYS + day, side="right") - 1
    ok = at >= 0
    at = np.maximum(at, 0)
    return ok & (owner[at] == child) & (close[at] > day)


def make_youth_justice(profile: Profile, seed: int, people: People, need: Need) -> YouthJustice:
    """Events of children aged 10 to 17, by behaviour; a first proven offence makes a first-time entrant."""
    p = profile["youth_justice"]
    g = rng(seed, "youth_justice")
    children, days, proven = [], [], []
    for back in range(p["history_years"]):
        middle = people.end - 365 * back - 182
        age = (middle - people.birth) / 365.25
        here = (
            (age > 10.3)
            & (age < 17.5)
            & (people.arrive < middle - 183)
            & (people.exit > middle + 183)
        )
        be = need.eta[len(need.days) - 1 - back][:, DIMENSIONS.index("be")]
        rate = np.where(
            here,
            np.exp(p["need_slope"] * be)
            * np.where(age > 13, 1.0, 0.3)
            * np.where(people.sex == 1, 1.6, 0.4),
            0,
        )
        base = here.sum() / max(rate.sum(), 1e-9)
        for counted, per in ((True, p["proven_per_10000"]), (False, p["prevention_per_10000"])):
            n = g.poisson(rate * base * per / 10_000)
            who = np.repeat(np.arange(people.n), n)
            children.append(who)
            days.append(middle + 182 - np.floor(364 * g.random(len(who))).astype("int64"))
            proven.append(np.full(len(who), counted))
    child, day, is_proven = np.concatenate(children), np.concatenate(days), np.concatenate(proven)
    order = np.lexsort((day, child))
    child, day, is_proven = child[order], day[order], is_proven[order]
    n = len(child)
    hard, hard_share = p.shares("proven_shares")
    soft, soft_share = p.shares("soft_shares")
    kind = np.where(
        is_proven, np.array(hard)[pick(g, hard_share, n)], np.array(soft)[pick(g, soft_share, n)]
    )
    kind = np.where((kind == "custody") & (day < birthday(people.birth[child], 13)), "order", kind)
    length = np.where(kind == "caution", 90, np.where(kind == "custody", 150, 240)) + g.integers(
        -40, 60, n
    )
    offences, share = p.shares("offence_shares")
    offence = np.where(is_proven, np.array(offences)[pick(g, share, n)], "")
    outcome = np.where(g.random(n) < 0.82, "Completed", "Breached")
    end = np.minimum(day + length, birthday(people.birth[child], 18))
    seen = np.zeros(people.n, dtype=bool)
    earlier = g.random(people.n) < 1 - p["first_time_per_100000"] / 10 / p["proven_per_10000"]
    seen[earlier] = True
    first_seen = np.r_[True, child[1:] != child[:-1]]
    proven_before = np.cumsum(is_proven) - is_proven
    start_count = np.maximum.accumulate(np.where(first_seen, proven_before, 0))
    first_time = is_proven & (proven_before == start_count) & ~seen[child]
    keep = day < birthday(people.birth[child], 18)
    return YouthJustice(*(v[keep] for v in (child, kind, day, end, offence, outcome, first_time)))
