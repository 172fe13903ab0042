"""What is seen of small children at two and at five: without it no early measure could foretell a later one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, birthday
from threecircles.synthetic.draw import highest
from threecircles.synthetic.education import Education
from threecircles.synthetic.need import DIMENSIONS, Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section
from threecircles.synthetic.schools import Enrolment

AREAS = ("communication", "gross_motor", "fine_motor", "problem_solving", "personal_social")
GOALS = ("lau", "spe", "sr", "ms", "br", "gms", "fms", "com", "wr", "wri", "num", "np",
         "pap", "pcc", "tnw", "cwm", "bie")  # fmt: skip
PRIME_AND_CORE = 12
"""The first twelve goals, all of which make a good level of development."""


@dataclass(frozen=True)
class EarlyYears:
    """Reviews at two (one entry per child reviewed in the year) and profiles at five.

    review_*: child, day, scores (areas, 0 to 60 in steps of five), below (the cut of communication).
    referral_*: along the reviews: referred to speech therapy, first seen (NEVER when never seen).
    score_then: along all children: what the review would have said at two, for those assessed at five.
    profile_child, goals (1 emerging, 2 expected), good: a good level of development.
    """

    review_child: np.ndarray
    review_day: np.ndarray
    scores: np.ndarray
    below: np.ndarray
    referred: np.ndarray
    referral_day: np.ndarray
    first_seen: np.ndarray
    due: np.ndarray
    profile_child: np.ndarray
    goals: np.ndarray
    good: np.ndarray
    score_then: np.ndarray


def make_early_years(
    profile: Profile,
    seed: int,
    people: People,
    need: Need,
    enrolment: Enrolment,
    education: Education,
    in_need: np.ndarray,
) -> EarlyYears:
    """Reviews and profiles from the lagged latents: what a child shows at two stands behind what it shows at five."""
    p = profile["early_years"]
    score = _scores(rng(seed, "early_years", "scores"), p, people, need)
    review = _reviews(rng(seed, "early_years", "reviews"), p, people, score)
    child, goals, good = _profiles(
        rng(seed, "early_years", "profiles"), p, need, enrolment, education, in_need, score
    )
    return EarlyYears(**review, profile_child=child, goals=goals, good=good, score_then=score[:, 0])


def _scores(g: np.random.Generator, p: Section, people: People, need: Need) -> np.ndarray:
    """Latent score of each area for every child, high is good; standard normal."""
    ce, ph, se = (need.eta[0][:, DIMENSIONS.index(k)] for k in ("ce", "ph", "se"))
    level = np.stack([ce, ph, ph, ce, se], axis=1)
    reliability = p["review_reliability"]
    raw = -np.sqrt(reliability) * level
    raw = raw + np.sqrt(1 - reliability) * g.normal(size=(people.n, len(AREAS)))
    return (raw - raw.mean(axis=0)) / raw.std(axis=0)


def _reviews(
    g: np.random.Generator, p: Section, people: People, score: np.ndarray
) -> dict[str, np.ndarray]:
    """Children who turned 27 months in the year: most are reviewed, some of those below the cut referred."""
    two = birthday(people.birth, 2)
    at = two + g.integers(20, 165, people.n)
    alive = (people.arrive <= at) & (people.exit > at)
    due = np.flatnonzero(alive & (at <= people.end) & (at > people.end - 365))
    done = due[highest(g.random(len(due)), np.ones(len(due), dtype=bool), p["review_share"])]
    cut = np.quantile(score[done, 0], p["communication_below"]) if len(done) else 0.0
    below = score[done, 0] < cut
    # Scores in steps of five, with the cut of communication at the published 25.24 of 60.
    points = 25.24 + (score[done] - cut) * p["points_per_sd"]
    points = (5 * np.floor(points / 5)).clip(0, 60).astype("int64")
    points[:, 0] = np.where(below, np.minimum(points[:, 0], 25), np.maximum(points[:, 0], 30))
    sent = g.random(len(done)) < np.where(below, p["referred_below"], p["referred_above"])
    wait = np.exp(np.log(p["wait_days_median"]) + p["wait_days_sigma"] * g.normal(size=len(done)))
    referral = at[done] + g.integers(0, 10, len(done))
    seen = sent & (g.random(len(done)) >= p["never_seen"])
    first = np.where(seen, referral + wait.astype("int64"), NEVER)
    return {
        "review_child": done, "review_day": at[done], "scores": points, "below": below, "referred": sent,
        "referral_day": np.where(sent, referral, NEVER), "first_seen": first, "due": due,
    }  # fmt: skip


def _profiles(
    g: np.random.Generator,
    p: Section,
    need: Need,
    enrolment: Enrolment,
    education: Education,
    in_need: np.ndarray,
    score: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pupils now in year 1, assessed at the end of reception: shares by free meals and need as published."""
    who = enrolment.nc_year == 1
    child = np.flatnonzero(who & (enrolment.school >= 0))
    now = -need.eta[-1][child][:, [DIMENSIONS.index(k) for k in ("ce", "ph", "se")]].mean(axis=1)
    level = p["review_weight"] * score[child].mean(axis=1) + now + 0.6 * g.normal(size=len(child))
    meals, known = education.fsm[child], in_need[child]
    good = highest(level, known, p["good_in_need"])
    for group, share in ((meals, p["good_meals"]), (~meals, p["good_others"])):
        inside = group & known
        wanted = max(0.0, share * group.sum() - good[inside].sum())
        good |= highest(level, group & ~known, wanted / max((group & ~known).sum(), 1))
    goals = np.where(
        good[:, None] | (g.random((len(child), len(GOALS))) < p["goal_met_without"]), 2, 1
    )
    # A child short of a good level lacks at least one of the twelve goals.
    short = ~good & (goals[:, :PRIME_AND_CORE] == 2).all(axis=1)
    goals[short, GOALS.index("wri")] = 1
    goals[good, PRIME_AND_CORE:] = np.where(
        g.random((int(good.sum()), len(GOALS) - PRIME_AND_CORE)) < p["other_goal_missed"], 1, 2
    )
    return child, goals, good
