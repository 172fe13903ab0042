"""What social workers write down between referral and closure: without it the census would be hollow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.care.referrals import NO_ACTION, Episodes
from threecircles.synthetic.days import NEVER, birthday, on_weekday, plus_working
from threecircles.synthetic.draw import balanced, highest, pick, quota
from threecircles.synthetic.need import DIMENSIONS, STATES, Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section

KNOWN = 40.0
"""Weight of what settles a record, beside which chance is small."""
DISABILITIES = ("MOB", "HAND", "PC", "INC", "COMM", "LD", "HEAR", "VIS", "BEH", "CON", "AUT", "DDA")


@dataclass(frozen=True)
class Details:
    """Arrays along the episodes, and event tables that point at them by `episode`.

    again_*: a second assessment of a case open for a year, NEVER where there was none.
    enquiry_*: section 47 enquiries. conference NEVER with not_required: no conference was needed.
    factor_*: factors per episode. review_*: reviews of protection plans. disability: child -> codes.
    """

    source: np.ndarray
    need: np.ndarray
    reason: np.ndarray
    assessment_start: np.ndarray
    assessment_end: np.ndarray
    again_start: np.ndarray
    again_end: np.ndarray
    category: np.ndarray
    latest_category: np.ndarray
    previous_plans: np.ndarray
    enquiry_episode: np.ndarray
    enquiry_start: np.ndarray
    enquiry_conference: np.ndarray
    enquiry_not_required: np.ndarray
    factor_episode: np.ndarray
    factor_code: np.ndarray
    review_episode: np.ndarray
    review_day: np.ndarray
    disability_child: np.ndarray
    disability_code: np.ndarray


def make_details(
    profile: Profile, seed: int, people: People, need: Need, e: Episodes, plan: np.ndarray
) -> Details:
    """Source, need, reasons, assessments, enquiries, factors, reviews and disabilities of all episodes.

    plan: how strong each child's case for an education, health and care plan is, pupils of special schools highest.
    """
    p = profile["referral"]
    n = len(e.child)
    g = rng(seed, "details", "episode")
    source = _sources(g, p, e.referral)
    disabled, disability_child, disability_code = _disabilities(
        rng(seed, "details", "disability"), p, people, need, e, plan
    )
    primary = _primary_need(g, p, people, e, disabled)
    has = (e.path == 0) | (e.section47 < NEVER) | (g.random(n) < p["assessment_share"])
    has &= (e.path != NO_ACTION) & (e.referral + 2 < e.close)
    low, high = p["assessment_start_wd"]
    start = np.minimum(plus_working(e.referral, g.integers(low, high + 1, n)), e.assessed)
    again_start, again_end = _again(rng(seed, "details", "again"), p, e, has)
    enquiries = _enquiries(rng(seed, "details", "enquiries"), profile, people, e, has)
    category, latest, previous = _protection(
        rng(seed, "details", "protection"), profile["protection"], people, e
    )
    review_episode, review_day = _reviews(rng(seed, "details", "reviews"), profile["protection"], e)
    reason = _reasons(g, people, e, enquiries[0], has)
    factors = _factors(
        rng(seed, "details", "factors"), profile["factors"], people, need, e, has, reason
    )
    episode, enquired, conference, not_required = enquiries
    factor_episode, factor_code = factors
    return Details(
        source, primary, reason, np.where(has, start, NEVER), np.where(has, e.assessed, NEVER),
        again_start, again_end, category, latest, previous, episode, enquired, conference, not_required, factor_episode,
        factor_code, review_episode, review_day, disability_child, disability_code,
    )  # fmt: skip


def _again(
    g: np.random.Generator, p: Section, e: Episodes, has: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cases assessed anew after about a year: start and end, at most 45 working days apart."""
    n = len(e.child)
    start = on_weekday(e.referral + g.integers(330, 420, n))
    end = plus_working(start, g.integers(10, 44, n))
    chosen = has & (g.random(n) < p["reassessment_share"]) & (end < e.close) & (start > e.assessed)
    return np.where(chosen, start, NEVER), np.where(chosen, end, NEVER)


def _sources(g: np.random.Generator, p: Section, day: np.ndarray) -> np.ndarray:
    names, share = p.shares("source_shares")
    codes = [p["source_codes"][k] for k in names]
    flat = np.array([c for group in codes for c in group])
    weight = np.concatenate(
        [np.full(len(group), s / len(group)) for group, s in zip(codes, share, strict=True)]
    )
    return flat[balanced(g, weight, day)]


def _disabilities(
    g: np.random.Generator,
    p: Section,
    people: People,
    need: Need,
    e: Episodes,
    plan: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share of children in need with a recorded disability.

    First those whom children's services still support after eighteen, since nothing else keeps a case open
    then; next those with the strongest case for a plan, the truly disabled and those in need for long.
    """
    children = np.unique(e.child)
    weight = need.states[-1][children, STATES.index("disability")] * 1.9 + g.normal(
        size=len(children)
    )
    weight = weight + 1.2 * plan[children]
    in_need = np.zeros(people.n, dtype=bool)
    in_need[e.child[(e.path > 0) & (e.close > people.end) & (e.referral <= people.end)]] = True
    long = np.zeros(people.n, dtype=bool)
    long[e.child[e.path == 5]] = True
    weight = weight + 1.5 * long[children]
    grown = np.zeros(people.n, dtype=bool)
    grown[e.child[(e.path > 0) & (e.close > birthday(people.birth[e.child], 18))]] = True
    weight = weight + KNOWN * grown[children]
    counted = in_need[children]
    cut = np.quantile(weight[counted], 1 - p["disability_share"]) if counted.any() else 2.0
    disabled = np.zeros(people.n, dtype=bool)
    disabled[children[weight > cut]] = True
    with_code = children[weight > cut]
    first = g.integers(0, len(DISABILITIES), len(with_code))
    second = g.integers(0, len(DISABILITIES), len(with_code))
    more = (g.random(len(with_code)) < 0.3) & (second != first)
    codes = np.array(DISABILITIES)
    child = np.concatenate([with_code, with_code[more], children[weight <= cut]])
    code = np.concatenate(
        [codes[first], codes[second[more]], np.full((weight <= cut).sum(), "NONE")]
    )
    order = np.lexsort((code, child))
    return disabled, child[order], code[order]


def with_plans_recorded(d: Details, planned: np.ndarray) -> Details:
    """The same with a disability recorded, of no other kind, for every child with a plan who had none recorded.

    planned: whether each child has an education, health and care plan.
    """
    code = np.where(
        planned[d.disability_child] & (d.disability_code == "NONE"), "DDA", d.disability_code
    )
    return replace(d, disability_code=code)


def _primary_need(
    g: np.random.Generator, p: Section, people: People, e: Episodes, disabled: np.ndarray
) -> np.ndarray:
    names, share = p.shares("need_shares")
    n = len(e.child)
    code = np.array(names)[balanced(g, share, e.referral)]
    # Disability is the main need of disabled children with long plans first of all.
    score = KNOWN * disabled[e.child] + 1.5 * (e.path == 5) + g.normal(0, 0.6, n)
    open_now = (e.close > people.end) & (e.referral <= people.end) & (e.path > 0)
    cut = np.quantile(score[open_now], 1 - share[names.index("N2")]) if open_now.any() else 3.0
    others = np.where(np.array(names) == "N2", 0, share)
    code = np.where(code == "N2", np.array(names)[pick(g, others, n)], code)
    code = np.where((score > cut) & disabled[e.child], "N2", code)
    return np.where(people.uasc[e.child], "N8", code)


def _enquiries(
    g: np.random.Generator, profile: Profile, people: People, e: Episodes, has: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Section 47 enquiries: those that led to a plan, those that led to a conference only, and the rest."""
    q = profile["protection"]
    led = np.flatnonzero(e.section47 < NEVER)
    planned = led[e.conference[led] < NEVER]
    start, conference = e.section47[planned], e.conference[planned]
    year = (e.referral > people.end - 365 * 2) & (e.referral <= people.end)
    wanted = people.present(people.end).sum() * q["section47_per_10000"] / 10_000 * 2
    could = np.flatnonzero(
        (e.path > 0)
        & has
        & (e.section47 == NEVER)
        & (e.close > e.referral + 30)
        & ~people.uasc[e.child]
    )
    share = (wanted - year[planned].sum()) / max(year[could].sum(), 1)
    chosen = could[g.random(len(could)) < share]
    more_start = e.referral[chosen] + g.integers(0, 21, len(chosen))
    ratio = q["conference_without_plan_share"] / (1 - q["conference_without_plan_share"])
    conferred = g.random(len(chosen)) < ratio * len(planned) / max(len(chosen), 1)
    wait = np.round(q.curve("conference_wd_percentiles", g.random(len(chosen)))).astype("int64")
    more_conference = np.where(conferred, plus_working(more_start, wait), NEVER)
    fits = more_conference < np.minimum(e.close[chosen], e.plan_start[chosen])
    conferred &= fits
    more_conference = np.where(conferred, more_conference, NEVER)
    episode = np.concatenate([planned, chosen])
    starts = np.concatenate([start, more_start])
    conferences = np.concatenate([conference, more_conference])
    not_required = np.concatenate([np.zeros(len(planned), dtype=bool), ~conferred])
    order = np.lexsort((starts, episode))
    return episode[order], starts[order], conferences[order], not_required[order]


def _protection(
    g: np.random.Generator, q: Section, people: People, e: Episodes
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names, share = q.shares("category_shares")
    n = len(e.child)
    category = np.array(names)[
        balanced(g, share, np.where(e.conference < NEVER, e.protect_end, -e.referral))
    ]
    # The stock of the day has the published shares exactly; a few hundred plans would miss them by luck.
    open_now = np.flatnonzero((e.conference <= people.end) & (e.protect_end > people.end))
    category[open_now] = np.array(names)[quota(g, share, len(open_now))]
    changed = g.random(n) < 0.08
    latest = np.where(changed, np.array(names)[pick(g, share, n)], category)
    planned = e.conference < NEVER
    count: np.ndarray = np.cumsum(planned) - planned
    first = np.searchsorted(e.child, e.child, side="left")
    earlier: np.ndarray = count - count[first]
    recent = planned & (e.conference > people.end - 365 * 2)
    known = float(np.mean(earlier[recent] > 0)) if recent.any() else 0.0
    extra = max(0.0, (q["repeat_share"] - known) / max(1 - known, 1e-9))
    older = (g.random(n) < extra) & (earlier == 0)
    newest = planned & (e.conference > people.end - 365) & (e.conference <= people.end)
    short = round(q["repeat_share"] * newest.sum()) - int((newest & (earlier > 0)).sum())
    older = np.where(
        newest,
        highest(
            g.random(n), newest & (earlier == 0), short / max((newest & (earlier == 0)).sum(), 1)
        ),
        older,
    )
    return category, latest, earlier + older * (1 + (g.random(n) < 0.2))


def _reviews(g: np.random.Generator, q: Section, e: Episodes) -> tuple[np.ndarray, np.ndarray]:
    """First review within three months, the next ones within six; a tenth of plans have a late one."""
    planned = np.flatnonzero(e.conference < NEVER)
    late = g.random(len(planned)) < q["review_late_share"]
    at = e.conference[planned].copy()
    episodes, days = [], []
    for k in range(9):
        gap = g.integers(70, 90, len(planned)) if k == 0 else g.integers(150, 182, len(planned))
        at = on_weekday(at + gap + np.where(late, g.integers(36, 60, len(planned)), 0))
        held = at < e.protect_end[planned]
        episodes.append(planned[held])
        days.append(at[held])
    episode, day = np.concatenate(episodes), np.concatenate(days)
    order = np.lexsort((day, episode))
    return episode[order], day[order]


def _reasons(
    g: np.random.Generator, people: People, e: Episodes, enquired: np.ndarray, assessed: np.ndarray
) -> np.ndarray:
    """Why an episode closed; early help only where nothing but an assessment happened."""
    n = len(e.child)
    draw = g.random(n)
    plain = assessed & (e.plan_start == NEVER) & (e.conference == NEVER) & (e.care_start == NEVER)
    plain[enquired] = False
    adult = birthday(people.birth[e.child], 18)
    reason = np.where(plain & (e.path == 1) & (draw < 0.25), "RC9", "RC7")
    reason = np.where((e.path == 0) & assessed, "RC8", reason)
    reason = np.where((e.stay == 0) & (e.path == 4), "RC1", reason)
    reason = np.where((e.stay == 1) & (e.path == 4), "RC4", reason)
    reason = np.where((e.path > 1) & (e.path < 4) & (draw < 0.02), "RC3", reason)
    reason = np.where((e.close >= adult) & (e.path != 4) & (draw < 0.2), "RC6", reason)
    # Who is supported after eighteen moves on to adult services.
    reason = np.where(e.close > adult, "RC6", reason)
    ended = e.close < NEVER
    reason = np.where(ended & (e.close == people.exit[e.child]), "RC5", reason)
    return np.where(ended & (e.close == people.death[e.child]), "RC2", reason)


def _factors(
    g: np.random.Generator,
    p: Section,
    people: People,
    need: Need,
    e: Episodes,
    has: np.ndarray,
    reason: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Factors at the end of assessment: those with the true state first, with the recorder's error."""
    rows = np.flatnonzero(has)
    year = need.year_of(e.assessed[rows])
    child = e.child[rows]
    episodes, codes = [], []
    any_factor = np.zeros(len(rows), dtype=bool)
    for code, share in p["assessment_share_of"].items():
        state = p["from_state"].get(code)
        score = g.normal(size=len(rows))
        if state:
            score = score + p["state_weight"] * need.states[year, child, STATES.index(state)]
        else:
            score = score + 0.5 * need.eta[year, child, DIMENSIONS.index("se")]
        chosen = np.any([highest(score, year == y, share) for y in np.unique(year)], axis=0)
        any_factor |= chosen
        episodes.append(rows[chosen])
        codes.append(np.full(chosen.sum(), code))
    alone = people.uasc[child]
    episodes.append(rows[alone])
    codes.append(np.full(alone.sum(), "9A"))
    none = ~any_factor & ~alone
    # "No factors identified" only where the case closed with no further action on that very day.
    closed = none & (reason[rows] == "RC8") & (e.close[rows] == e.assessed[rows])
    episodes += [rows[none]]
    codes += [np.where(closed[none], "21", "20")]
    episode, code = np.concatenate(episodes), np.concatenate(codes)
    order = np.lexsort((code, episode))
    return episode[order], code[order]
