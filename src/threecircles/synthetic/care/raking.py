"""Brings the year's shares right after care is drawn: without it a county would miss its own facts by luck.

One pass over what has been drawn (specification, section 9): a few stays and plans that ended in the year
are changed, those nearest to the other side first, and nothing else moves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.care.referrals import STAYS, Episodes
from threecircles.synthetic.days import NEVER, birthday, day_of
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile

LEAST = 40
"""Of fewer cases in the year a share is left to chance."""


def rake(profile: Profile, seed: int, year: int, people: People, e: Episodes) -> Episodes:
    """The episodes with the published share adopted (fact 39) and lengths of ended plans (fact 26)."""
    start = day_of(year - 1, 4, 1)
    adopted = _adopted(profile, people, e, start)
    g = rng(seed, "raking", "plans")
    moved = _plan_ends(g, profile, people, e, start)
    return replace(e, stay=adopted, **moved)


def rake_placed(
    g: np.random.Generator,
    profile: Profile,
    people: People,
    start: np.ndarray,
    end: np.ndarray,
    placed: np.ndarray,
    order_made: np.ndarray,
) -> np.ndarray:
    """Days of moving to adopters, so that as many live with them on the day as published (fact 33).

    Those nearest to the day move across it: later where too many have moved, and earlier, once the
    placement order is made, where too few have.
    """
    day, found = people.end, placed.copy()
    open_now = (placed < NEVER) & (start <= day) & (end > day + 90)
    wanted = profile["care"]["placed_per_10000"] * people.present(day).sum() / 10_000
    here = (placed < NEVER) & (start <= day) & (end > day) & (placed <= day)
    more = round(wanted) - int(here.sum())
    if wanted < LEAST / 3 or not more:
        return found
    fits = (
        open_now & (placed <= day)
        if more < 0
        else open_now & (placed > day) & (order_made < day - 60)
    )
    near = np.flatnonzero(fits)
    chosen = near[np.argsort(np.abs(placed[near] - day), kind="stable")][: abs(more)]
    shift = g.integers(5, 50, len(chosen))
    found[chosen] = day + shift if more < 0 else day - shift
    return found


def _adopted(profile: Profile, people: People, e: Episodes, start: int) -> np.ndarray:
    """How each stay ended: the youngest who left care otherwise become adopted, or the oldest adopted do not."""
    p, stay = profile["care"], e.stay.copy()
    ended = (e.care_end >= start) & (e.care_end <= people.end) & (stay >= 0)
    adoption = STAYS.index("adoption")
    more = round(p["adopted_share_of_ceased"] * ended.sum()) - int(
        (ended & (stay == adoption)).sum()
    )
    if ended.sum() < LEAST or not more:
        return stay
    age = (e.care_end - people.birth[e.child]) / 365.25
    if more < 0:
        found = np.flatnonzero(ended & (stay == adoption))
        stay[found[np.argsort(-age[found], kind="stable")][:-more]] = STAYS.index("guardian")
        return stay
    last = np.r_[e.child[1:] != e.child[:-1], True]
    here = (e.care_end < people.exit[e.child]) & (e.care_end < birthday(people.birth[e.child], 8))
    long = e.care_end - e.care_start >= p["days_least"]["adoption"]
    could = np.flatnonzero(ended & last & here & long & (stay != adoption) & ~people.uasc[e.child])
    stay[could[np.argsort(age[could], kind="stable")][:more]] = adoption
    return stay


def _plan_ends(
    g: np.random.Generator, profile: Profile, people: People, e: Episodes, start: int
) -> dict[str, np.ndarray]:
    """Ends of protection plans: those nearest to a bound of length are moved across it, longest bound first.

    The plan that follows begins later with it, and the case closes later where it must.
    """
    share = profile["protection"]["ended_length_shares"]
    end, after = e.protect_end.copy(), e.plan_start.copy()
    year = (e.conference < NEVER) & (end >= start) & (end <= people.end)
    if year.sum() < LEAST:
        return {}
    # Where care begins as the plan ends, the day is not free.
    free = year & (e.care_start == NEVER)
    # A plan that follows keeps three weeks at least; a case is closed before the child's next referral.
    same = np.r_[e.child[1:] == e.child[:-1], False]
    following = np.where(same, np.r_[e.referral[1:], NEVER], NEVER)
    adult = birthday(people.birth[e.child], 18)
    last = np.minimum(np.minimum(following, people.exit[e.child]), adult) - 5
    last = np.where(after < NEVER, np.minimum(e.close, e.plan_end - 21), last)
    bounds = [int(k) for k in share]
    over = np.cumsum(list(share.values())[::-1])[::-1]
    for bound, beyond in reversed(list(zip(bounds[1:], over[1:], strict=True))):
        length = end - e.conference
        more = round(beyond * year.sum()) - int((year & (length >= bound)).sum())
        step = g.integers(0, 15, len(end))
        new = e.conference + (bound - 1 - step if more < 0 else bound + step)
        fits = free & (new >= start) & (new <= np.minimum(people.end, last))
        fits &= (length >= bound) if more < 0 else (length < bound)
        near = np.flatnonzero(fits)
        chosen = near[np.argsort(np.abs(length[near] - bound), kind="stable")][: abs(more)]
        end[chosen] = new[chosen]
        after[chosen] = np.where(after[chosen] < NEVER, new[chosen] + 1, NEVER)
    close = np.where(end > e.protect_end, np.maximum(e.close, end + 3), e.close)
    return {"protect_end": end, "plan_start": after, "close": close}
