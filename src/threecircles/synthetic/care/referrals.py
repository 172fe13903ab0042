"""Children's social care from referral to closure: without it the two returns would have no children.

Every child's referrals are followed in order, all children at once: one round handles the next
referral of each child, so that a child has one open episode at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, birthday, plus_working
from threecircles.synthetic.draw import even
from threecircles.synthetic.need import STATES, Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section

PATHS = ("not_in_need", "short", "plan", "protect", "care", "long")
NO_ACTION = -1
CLOSE = {"referrals": 0.03, "in_need": 0.03, "care": 0.02, "not_in_need": 0.04}
"""How near, as a share, each figure should come before the rounds of calibration stop."""
STAYS = ("adoption", "guardian", "home", "other", "stay")


@dataclass(frozen=True)
class Solved:
    """What calibration found: the log level of referral and the weight of each path."""

    intercept: float
    tilt: np.ndarray


@dataclass(frozen=True)
class Episodes:
    """One entry per referral. path: index into PATHS, -1 when no action followed.

    Days; NEVER marks what did not happen. close is NEVER only for no action. stay: index into STAYS or -1.
    """

    child: np.ndarray
    referral: np.ndarray
    path: np.ndarray
    assessed: np.ndarray
    section47: np.ndarray
    conference: np.ndarray
    protect_end: np.ndarray
    plan_start: np.ndarray
    plan_end: np.ndarray
    care_start: np.ndarray
    care_end: np.ndarray
    stay: np.ndarray
    close: np.ndarray

    def pick(self, who: np.ndarray) -> Episodes:
        """The entries named by a mask or by positions."""
        return Episodes(*(getattr(self, name)[who] for name in self.__dataclass_fields__))


def make_episodes(
    profile: Profile,
    seed: int,
    people: People,
    need: Need,
    area: np.ndarray,
    practice: np.ndarray,
    visible: np.ndarray,
) -> Episodes:
    """All referrals of the history and what followed.

    area: small area of each child. practice: log rate of each small area. visible: log rate by child.
    """
    return calibrated_episodes(profile, seed, people, need, area, practice, visible)[0]


def calibrated_episodes(
    profile: Profile,
    seed: int,
    people: People,
    need: Need,
    area: np.ndarray,
    practice: np.ndarray,
    visible: np.ndarray,
) -> tuple[Episodes, Solved]:
    """The episodes, with the intercept and the weights of paths that gave them.

    The intercept is solved on the expected total, the weights of three paths on the stocks and the share
    of the profile, in a few rounds (specification, section 9: where they disagree, the stock wins).
    """  # fmt: skip
    intercept, tilt = 0.0, np.ones(len(PATHS))
    best, least = None, np.inf
    for _ in range(8):
        child, day = candidates(profile, seed, people, need, area, practice, visible, intercept)
        episodes = follow(profile, seed, people, need, child, day, tilt)
        ratio = _wanted_over_got(profile, people, episodes)
        worst = max((abs(np.log(v)) / CLOSE[k] for k, v in ratio.items()), default=0.0)
        if worst < least:
            best, least = (episodes, Solved(float(intercept), tilt.copy())), worst
        if worst < 0.5:
            break
        intercept += np.log(ratio.get("referrals", 1.0))
        for name, path, power in (("not_in_need", 0, 1.0), ("care", 4, 0.9), ("in_need", 5, 1.3)):
            tilt[path] *= np.clip(ratio.get(name, 1.0) ** power, 0.6, 1.6)
    assert best is not None
    return best


def _wanted_over_got(profile: Profile, people: People, e: Episodes) -> dict[str, float]:
    """For each figure to be met, the wanted number over the number made; small numbers are left to chance."""
    per_10000 = people.present(people.end).sum() / 10_000
    p, end = profile["referral"], people.end
    year = (e.referral > end - 365) & (e.referral <= end)
    real = e.path != NO_ACTION
    in_need = real & (e.referral <= end) & (e.close > end)
    cared = (e.care_start <= end) & (e.care_end > end)
    _, share = p.shares("path_shares")
    pairs = {
        "referrals": (p["referrals_per_10000"] * per_10000, int(year.sum())),
        "in_need": (p["in_need_per_10000"] * per_10000, len(np.unique(e.child[in_need]))),
        "care": (profile["care"]["stock_per_10000"] * per_10000, len(np.unique(e.child[cared]))),
        "not_in_need": (share[0] * (year & real).sum(), int((year & (e.path == 0)).sum())),
    }
    return {name: want / got for name, (want, got) in pairs.items() if want >= 30 and got > 0}


def candidates(
    profile: Profile,
    seed: int,
    people: People,
    need: Need,
    area: np.ndarray,
    practice: np.ndarray,
    visible: np.ndarray,
    intercept: float,
    stream: str = "referral",
) -> tuple[np.ndarray, np.ndarray]:
    """Referrals that would be made if no episode were open, year by year back into the past.

    stream: name of the random numbers; another name gives another draw of the same rates.
    """
    month = np.array(profile["referral"]["month_weights"], dtype=float)
    children, days = [], []
    fixed = practice[area] + visible
    for back in range(profile["clock"]["history_years"]):
        start, stop = year_back(people.end, back)
        g = rng(seed, stream, "year", back)
        rate = yearly_rate(profile, people, need, fixed, intercept, back)
        n = g.poisson(rate)
        who = np.repeat(np.arange(people.n), n)
        when = start + np.floor(365 * _in_year(g, len(who), month)).astype("int64")
        when = np.where(when > stop, stop, when)
        when = _mostly_weekdays(g, when)
        good = (
            (when >= people.birth[who] - 180)
            & (when < people.exit[who])
            & (when >= people.arrive[who])
        )
        good &= (when < birthday(people.birth[who], 18) - 20) & (when <= stop)
        children.append(who[good])
        days.append(when[good])
    child, day = np.concatenate(children), np.concatenate(days)
    order = np.lexsort((day, child))
    return child[order], day[order]


def year_back(end: int, back: int) -> tuple[int, int]:
    """First and last day of a year that many years before the one that ends on the reference day."""
    return int(birthday(np.int64(end), -back - 1)) + 1, int(birthday(np.int64(end), -back))


def yearly_rate(
    profile: Profile, people: People, need: Need, fixed: np.ndarray, intercept: float, back: int
) -> np.ndarray:
    """Referrals expected of each child in a year, if no episode were open and no planted service acted."""
    p = profile["referral"]
    ages, weight = _age_steps(p["age_weights"])
    start, stop = year_back(people.end, back)
    age = (start + 182 - people.birth) / 365.25
    here = (
        (people.birth - 200 < stop) & (people.arrive <= stop) & (people.exit > start) & (age < 18.0)
    )
    here &= ~people.uasc
    z = need.index[max(len(need.days) - 1 - back, 0)]
    rate = np.where(
        here,
        np.exp(p["need_slope"] * z + fixed) * weight[np.searchsorted(ages, age, side="right") - 1],
        0,
    )
    return rate * (here.sum() * p["referrals_per_10000"] / 10_000) / rate.sum() * np.exp(intercept)


def _age_steps(weights: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    ages = np.array([-1.0 if k == "unborn" else float(k) for k in weights])
    return ages, np.array(list(weights.values()))


def _in_year(g: np.random.Generator, n: int, month_weights: np.ndarray) -> np.ndarray:
    """Places in the year, each n-th of it drawn once, so that a year's months have the shares asked for."""
    edges = np.r_[0, np.cumsum(month_weights)] / month_weights.sum()
    number = (g.permutation(n) + g.random(n)) / max(n, 1)
    return np.interp(number, edges, np.linspace(0, 1, 13))


def _mostly_weekdays(g: np.random.Generator, day: np.ndarray) -> np.ndarray:
    weekday = (day + 3) % 7
    move = (weekday >= 5) & (g.random(len(day)) < 0.85)
    return np.where(move, day - (weekday - 4), day)


def follow(
    profile: Profile,
    seed: int,
    people: People,
    need: Need,
    child: np.ndarray,
    day: np.ndarray,
    tilt: np.ndarray,
) -> Episodes:
    """Rounds over children: take the next referral that falls into no open episode, and follow it."""
    p = profile["referral"]
    g = rng(seed, "referral", "follow")
    pointer = np.searchsorted(child, np.arange(people.n))
    stop = np.searchsorted(child, np.arange(people.n), side="right")
    free = np.full(people.n, -NEVER)
    again = np.full(people.n, NEVER)
    active = np.flatnonzero(pointer < stop)
    arrived = np.flatnonzero(people.uasc)
    parts = [_follow_alone(people, arrived)]
    factor = tilt * _path_factors(
        p,
        need.index[need.year_of(day), child],
        (day - people.birth[child]) / 365.25,
        people.sex[child],
    )
    while len(active):
        has = pointer[active] < stop[active]
        at = np.minimum(pointer[active], len(day) - 1)
        next_day = np.where(has, day[at], NEVER)
        use_again = again[active] < next_day
        next_day = np.minimum(next_day, again[active])
        pointer[active] += np.where(use_again, 0, 1)
        again[active] = np.where(use_again, NEVER, again[active])
        ok = (next_day > free[active]) & (next_day <= people.end)
        who, when = active[ok], next_day[ok]
        if len(who):
            part = _one_round(profile, g, people, need, who, when, factor)
            parts.append(part)
            free[who] = np.where(part.path == NO_ACTION, when + 5, part.close)
            # An adopted child comes back, if at all, under new identifiers: as another child.
            free[who] = np.where(part.stay == STAYS.index("adoption"), NEVER, free[who])
            back = (g.random(len(who)) < p["repeat_share"]) & (free[who] < people.exit[who])
            later = (
                free[who] + 3 + np.floor(g.exponential(p["repeat_days"], len(who))).astype("int64")
            )
            later = np.where(
                later < np.minimum(people.exit[who], birthday(people.birth[who], 18) - 20),
                later,
                NEVER,
            )
            again[who] = np.where(back, later, again[who])
        active = active[(pointer[active] < stop[active]) | (again[active] <= people.end)]
    merged = Episodes(
        *(np.concatenate([getattr(x, f) for x in parts]) for f in Episodes.__dataclass_fields__)
    )
    return merged.pick(np.lexsort((merged.referral, merged.child)))


def _one_round(
    profile: Profile,
    g: np.random.Generator,
    people: People,
    need: Need,
    who: np.ndarray,
    when: np.ndarray,
    factor: np.ndarray,
) -> Episodes:
    p = profile["referral"]
    n = len(who)
    z = need.index[need.year_of(when), who]
    weight = _path_weights(p, z, (when - people.birth[who]) / 365.25, people.sex[who]) * factor
    # Fewer came into care in the newest year than in those before (fact 30: more ceased than started).
    newest = when > people.end - 365
    weight[:, 4] *= np.where(newest, profile["care"]["newest_year_factor"], 1.0)
    cumulative = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    path = (even(g, when)[:, None] > cumulative).sum(axis=1).clip(0, len(PATHS) - 1)
    path = np.where(g.random(n) < p["no_action_share"], NO_ACTION, path)
    adult = birthday(people.birth[who], 18)
    cap = np.minimum(people.exit[who], adult)
    length = np.round(p.curve("assessment_wd_percentiles", even(g, when))).astype("int64")
    assessed = plus_working(when, np.maximum(length, 2))
    blank = np.full(n, NEVER)
    plan_start, plan_end, s47, icpc, protect_end = (
        blank.copy(),
        blank.copy(),
        blank.copy(),
        blank.copy(),
        blank.copy(),
    )
    gap = g.integers(1, 11, n)
    spread = np.exp(g.normal(size=n))
    # Some long cases, of disabled children most of all, go on without a plan of dated review.
    plan = (path == 2) | ((path == 5) & (g.random(n) < p["long_with_plan_share"]))
    unplanned = (path == 5) & ~plan
    median = np.where(path == 5, p["long_days_median"], p["plan_days_median"])
    sigma = np.where(path == 5, p["long_days_sigma"], p["plan_days_sigma"])
    plan_days = np.maximum(14, median * spread**sigma).astype("int64")
    plan_start[plan] = (assessed + gap)[plan]
    plan_end[plan] = (assessed + gap + plan_days)[plan]
    lasting = np.where(unplanned, assessed + plan_days, NEVER)
    care = path == 4
    q = profile["protection"]
    grown = when > people.birth[who] + 365
    protect = (path == 3) | (care & grown & (g.random(n) < q["before_care_share"]))
    s47[protect] = (when + g.integers(0, 6, n))[protect]
    wait = np.round(q.curve("conference_wd_percentiles", even(g, when))).astype("int64")
    icpc[protect] = plus_working(s47[protect], wait[protect])
    days = np.round(q.curve("days_percentiles", even(g, np.where(protect, when, -when)))).astype(
        "int64"
    )
    protect_end[protect] = (icpc + days)[protect]
    down = protect & ~care & (g.random(n) < q["step_down_share"])
    after = np.maximum(21, q["step_down_days_median"] * np.exp(0.6 * g.normal(size=n))).astype(
        "int64"
    )
    plan_start[down], plan_end[down] = (protect_end + 1)[down], (protect_end + 1 + after)[down]
    care_start, care_end, stay = _care(profile, g, people, who, when, care, protect, protect_end)
    protect_end = np.where(care & protect, np.minimum(protect_end, care_start), protect_end)
    last = assessed.copy()
    for day in (plan_end, protect_end, care_end, lasting):
        last = np.maximum(last, np.where(day < NEVER, day, 0))
    close = last + g.integers(p["close_after_days"][0], p["close_after_days"][1] + 1, n)
    # Support after eighteen goes on only for disabled care leavers; every other case closes on the birthday.
    disabled = need.states[need.year_of(when), who, STATES.index("disability")]
    leaver = (care_start < NEVER) & (care_end >= adult) & disabled
    low, high = profile["care"]["leaver_close_ages"]
    leave = people.birth[who] + np.floor(365.25 * (low + (high - low) * g.random(n))).astype(
        "int64"
    )
    close = np.where(
        leaver, np.minimum(np.maximum(leave, care_end), people.exit[who]), np.minimum(close, cap)
    )
    return _tidy(Episodes(who, when, path, assessed, s47, icpc, protect_end, plan_start, plan_end,
                          care_start, care_end, stay, close), cap)  # fmt: skip


def _path_weights(p: Section, z: np.ndarray, age: np.ndarray, boy: np.ndarray) -> np.ndarray:
    """Weight of every path for children of this need, age and sex."""
    _, share = p.shares("path_shares")
    slope = np.array([p["path_slopes"][k] for k in PATHS])
    weight = share * np.exp(np.clip(z, -2, 3)[:, None] * slope)
    ages, by_age = _age_steps(p["care_age_weights"])
    weight[:, 4] *= by_age[(np.searchsorted(ages, age, side="right") - 1).clip(0)]
    weight[:, 4] *= np.where(boy == 1, p["care_boy_weight"], 1.0)
    return weight


def _path_factors(p: Section, z: np.ndarray, age: np.ndarray, boy: np.ndarray) -> np.ndarray:
    """Factor of each path with which the shares of the profile come out (raking on expected shares)."""
    _, share = p.shares("path_shares")
    weight = _path_weights(p, z, age, boy)
    factor = np.ones(len(share))
    for _ in range(25):
        scaled = weight * factor
        mean = (scaled / scaled.sum(axis=1, keepdims=True)).mean(axis=0)
        factor = factor * share / np.maximum(mean, 1e-9)
    return factor


def _care(
    profile: Profile,
    g: np.random.Generator,
    people: People,
    who: np.ndarray,
    when: np.ndarray,
    care: np.ndarray,
    protect: np.ndarray,
    protect_end: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When a child comes into care, for how long, and how it ends."""
    p = profile["care"]
    n = len(who)
    low, high = p["lag_days"]
    start = when + np.floor(low + (high - low) * g.random(n) ** 2).astype("int64")
    start = np.where(protect, protect_end, start)
    # No child is looked after before birth.
    start = np.maximum(start, people.birth[who])
    adult = birthday(people.birth[who], 18)
    age = (start - people.birth[who]) / 365.25
    ages = np.array([float(k) for k in p["stays"]])
    table = np.array([[row[k] for k in STAYS] for row in p["stays"].values()])
    row = (np.searchsorted(ages, age, side="right") - 1).clip(0)
    number = even(g, np.where(care, start, -start))
    stay = (number[:, None] > np.cumsum(table[row], axis=1)).sum(axis=1).clip(0, len(STAYS) - 1)
    median = np.array([*(p["days_median"][k] for k in STAYS[:4]), 10_000])
    sigma = np.array([*(p["days_sigma"][k] for k in STAYS[:4]), 0.0])
    least = np.array([*(p["days_least"][k] for k in STAYS[:4]), 10_000])
    days = np.maximum(least[stay], median[stay] * np.exp(sigma[stay] * g.normal(size=n))).astype(
        "int64"
    )
    end = np.where(stay == 4, adult, start + days)
    # A child who moves away or dies before is not adopted here.
    stay = np.where((stay == 0) & (end >= people.exit[who]), STAYS.index("other"), stay)
    # A stay that would outlast childhood ends on the eighteenth birthday, whatever the plan was.
    stay = np.where(end >= adult, 4, stay)
    end = np.minimum(np.minimum(end, adult), people.exit[who])
    blank = ~care | (start >= np.minimum(adult, people.exit[who]) - 2)
    return np.where(blank, NEVER, start), np.where(blank, NEVER, end), np.where(blank, -1, stay)


def _follow_alone(people: People, who: np.ndarray) -> Episodes:
    """Children who arrive alone are looked after from the day they come, till they are eighteen."""
    n = len(who)
    when = people.arrive[who]
    adult = birthday(people.birth[who], 18)
    blank = np.full(n, NEVER)
    assessed = plus_working(when, np.full(n, 20))
    return Episodes(who, when, np.full(n, 4), assessed, blank, blank, blank, blank, blank, when, adult,
                    np.full(n, 4), adult)  # fmt: skip


def _tidy(e: Episodes, cap: np.ndarray) -> Episodes:
    """Nothing begins after the child left or grew up, and nothing ends after the episode closed."""
    values = {name: getattr(e, name).copy() for name in e.__dataclass_fields__}
    close = np.where(e.path == NO_ACTION, NEVER, np.maximum(values["close"], e.referral + 1))
    limit = np.minimum(cap, close)
    no_action = e.path == NO_ACTION
    for start, end in (("plan_start", "plan_end"), ("conference", "protect_end")):
        gone = (values[start] >= limit - 1) | no_action
        values[end] = np.where(gone, NEVER, np.minimum(values[end], limit))
        values[start] = np.where(gone, NEVER, values[start])
    values["section47"] = np.where(
        (values["section47"] >= limit) | no_action, NEVER, values["section47"]
    )
    values["conference"] = np.where(values["section47"] == NEVER, NEVER, values["conference"])
    values["protect_end"] = np.where(values["conference"] == NEVER, NEVER, values["protect_end"])
    values["assessed"] = np.where(no_action, NEVER, np.minimum(values["assessed"], close))
    for name in ("care_start", "care_end"):
        values[name] = np.where(no_action, NEVER, values[name])
    values["stay"] = np.where(values["care_start"] == NEVER, -1, values["stay"])
    values["close"] = close
    return Episodes(**values)
