"""A survey of all pupils aged 9 to 16: without it need could not be heard from children themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import day_of
from threecircles.synthetic.education import Education
from threecircles.synthetic.need import DIMENSIONS, FAMILY_STATES, PROTECTIVE, STATES, Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section
from threecircles.synthetic.schools import Enrolment, Schools


@dataclass(frozen=True)
class Survey:
    """One entry per pupil of the survey's years in state schools, asked or not.

    items: names. full: answers 1 to 5 as they would be given in full. given: as written: 0 blank, 9 for
    "prefer not to say". asked: the school took part. status: completed, absent, declined, withdrawn.
    """

    child: np.ndarray
    items: tuple[str, ...]
    full: np.ndarray
    given: np.ndarray
    asked: np.ndarray
    status: np.ndarray
    consent: np.ndarray
    day: np.ndarray


def make_survey(
    profile: Profile,
    seed: int,
    year: int,
    people: People,
    need: Need,
    enrolment: Enrolment,
    schools: Schools,
    education: Education,
) -> Survey:
    """Ordinal answers by graded response from latent need, and who did not answer."""
    p = profile["survey"]
    child = np.flatnonzero(
        (enrolment.school >= 0) & (enrolment.nc_year >= p["first_year"]) & (enrolment.nc_year <= p["last_year"])
        & (schools.phase[np.maximum(enrolment.school, 0)] != 3)
    )  # fmt: skip
    school = enrolment.school[child]
    names, full = _answers(
        rng(seed, "survey", "answers"), p, people, need, child, school, len(schools.urn)
    )
    g = rng(seed, "survey", "response")
    status = _status(g, p, need, education, child)
    asked = schools.surveyed[school]
    z = need.index[-1][child]
    consent = g.random(len(child)) < _logistic(
        _logit(p["consent_link"]) + p["consent_link_per_need_sd"] * z
    )
    given = _as_given(rng(seed, "survey", "gaps"), p, full)
    first = day_of(year, 3, 2)
    by_school = rng(seed, "survey", "days").integers(0, p["window_days"], len(schools.urn))
    day = first + by_school[school]
    day = np.where((day + 3) % 7 >= 5, day - 2, day)
    return Survey(child, names, full, given, asked, status, consent, day)


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _answers(
    g: np.random.Generator,
    p: Section,
    people: People,
    need: Need,
    child: np.ndarray,
    school: np.ndarray,
    n_school: int,
) -> tuple[tuple[str, ...], np.ndarray]:
    traits = _traits(g, need, child)
    rho = p["school_correlation"]
    names, columns = [], []
    for scale, k in p["scales"].items():
        trait = traits[scale]
        trait = (trait - trait.mean()) / (trait.std() or 1)
        effect = g.normal(0, 1, n_school)[school]
        trait = np.sqrt(1 - rho) * trait + np.sqrt(rho) * effect
        loading = p["loading"][scale]
        cuts = np.array(p["thresholds"][scale])
        for i in range(k):
            names.append(f"{scale}{i + 1}")
            shifted = cuts + 0.12 * (i - (k - 1) / 2)
            latent = loading * trait + np.sqrt(1 - loading**2) * g.normal(size=len(child))
            columns.append(1 + np.searchsorted(shifted, latent).astype("int8"))
    return tuple(names), np.stack(columns, axis=1)


def _traits(g: np.random.Generator, need: Need, child: np.ndarray) -> dict[str, np.ndarray]:
    """What each scale measures: the four dimensions, risks at home and around it, protection."""
    eta, states, held = need.eta[-1][child], need.states[-1][child], need.held[child]
    family = states[:, : len(FAMILY_STATES)].sum(axis=1)
    area = ~held[:, PROTECTIVE.index("safe_area")]
    risk = states[:, STATES.index("child_substance")] | states[:, STATES.index("exploitation")]
    noise = g.normal(size=(len(child), 5))
    by_dimension = dict(
        zip(
            ("emo", "phy", "cog", "con"),
            (DIMENSIONS.index(d) for d in ("se", "ph", "ce", "be")),
            strict=True,
        )
    )
    traits = {scale: eta[:, k].astype(float) for scale, k in by_dimension.items()}
    traits["fam"] = 0.9 * family + 0.35 * noise[:, 0]
    traits["nbr"] = 1.1 * area + 0.9 * risk + 0.6 * noise[:, 1]
    traits["sch"] = (
        1.0 * held[:, PROTECTIVE.index("trusted_adult")] - 0.3 * eta[:, 2] + 0.6 * noise[:, 2]
    )
    traits["fri"] = 1.6 * held[:, PROTECTIVE.index("friends")] - 0.2 * eta[:, 0] + 0.5 * noise[:, 3]
    traits["tru"] = (
        1.6 * held[:, PROTECTIVE.index("trusted_adult")]
        + 0.8 * held[:, PROTECTIVE.index("warm_relationship")]
        + 0.4 * noise[:, 4]
    )
    return traits


def _status(
    g: np.random.Generator, p: Section, need: Need, education: Education, child: np.ndarray
) -> np.ndarray:
    """Who answered: less likely with need, absence and special needs."""
    z = need.index[-1][child]
    z = (z - z.mean()) / (z.std() or 1)
    sen = education.sen[child]
    absence = education.missed[child] / np.maximum(education.possible[child], 1)
    lean = (
        p["response_per_need_sd"] * z + p["response_for_support"] * (sen == "K")
        + p["response_for_plan"] * (sen == "E") + p["response_for_absence"] * (absence - absence.mean()) / 0.1 * 0.3
    )  # fmt: skip
    low, high = -3.0, 6.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _logistic(middle + lean).mean() < p["response"] else (low, middle)
        )
    answered = g.random(len(child)) < _logistic((low + high) / 2 + lean)
    draw = g.random(len(child))
    absent, declined = p["absent_share_of_missing"], p["declined_share_of_missing"]
    why = np.where(
        draw < absent, "absent", np.where(draw < absent + declined, "declined", "withdrawn")
    )
    return np.where(answered, "completed", why)


def _as_given(g: np.random.Generator, p: Section, full: np.ndarray) -> np.ndarray:
    """Blanks that rise along the form, 'prefer not to say', and pupils who tick one column all the way."""
    n, k = full.shape
    blank = g.random((n, k)) < np.linspace(p["blank_first"], p["blank_last"], k)
    refused = g.random((n, k)) < p["not_say"]
    straight = g.random(n) < p["straight_liners"]
    same = g.integers(1, 6, size=n)
    given = np.where(straight[:, None], np.reshape(same, (n, 1)), full)
    given = np.where(refused, 9, given)
    return np.where(blank, 0, given).astype("int8")
