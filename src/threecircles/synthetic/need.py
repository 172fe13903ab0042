"""Latent need: without it there would be no truth for any estimate of need to be judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import age_at, birthday
from threecircles.synthetic.geography import Land
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section

DIMENSIONS = ("se", "ph", "ce", "be")
FAMILY_STATES = (
    "domestic_abuse", "parental_mental_health", "parental_substance",
    "poverty", "housing", "caring", "learning_disability_parent",
)  # fmt: skip
CHILD_STATES = ("disability", "child_mental_health", "child_substance", "exploitation")
STATES = FAMILY_STATES + CHILD_STATES
PROTECTIVE = ("warm_relationship", "trusted_adult", "friends", "safe_area")


@dataclass(frozen=True)
class Need:
    """Latent need by year; years run from the oldest to the reference day, one entry each.

    days: 31 March of each year. eta: year x child x dimension, mean 0 and standard deviation about 1,
    higher is worse. states: year x child x state, true when present. severe: child x first three states
    at the reference day. held: child x protective factor. cut: eta above it is impairment.
    high: year x child, by the definition of the profile; other: definition -> child, reference day.
    """

    days: np.ndarray
    eta: np.ndarray
    states: np.ndarray
    severe: np.ndarray
    held: np.ndarray
    cut: float
    high: np.ndarray
    other: dict[str, np.ndarray]
    index: np.ndarray

    def year_of(self, day: np.ndarray) -> np.ndarray:
        """Index of the year whose need drives what happens on a day; days before the first use the first."""
        return np.searchsorted(self.days, day, side="left").clip(0, len(self.days) - 1)


@dataclass(frozen=True)
class Latents:
    """What is drawn before anything is judged: days, eta, states, severe, held as in `Need`."""

    days: np.ndarray
    eta: np.ndarray
    states: np.ndarray
    severe: np.ndarray
    held: np.ndarray


def make_need(profile: Profile, seed: int, land: Land, people: People) -> Need:
    """Four dimensions, eleven states and four protective factors of every child, year by year."""
    return judged(profile, people, make_latents(profile, seed, land, people))


def make_latents(profile: Profile, seed: int, land: Land, people: People) -> Latents:
    """The latents of every child, year by year, before any cut."""
    p = profile["need"]
    years = p["need_years"] if "need_years" in p.data else profile["clock"]["need_years"]
    days = birthday(np.full(years, people.end), np.arange(-years + 1, 1))
    area = np.where(people.family >= 0, people.fam_lsoa[people.family], 0)
    d = np.where(people.family >= 0, land.d[area], 0.5)
    eta, family_level = _dimensions(rng(seed, "need", "dimensions"), p, people, d, days)
    states, severe = _states(rng(seed, "need", "states"), p, people, d, family_level, eta)
    held = _protective(rng(seed, "need", "protective"), p, people, d)
    _, shares = p.shares("protective_held")
    eta -= (
        np.float32(p["protective_weight"])
        * (held - shares).sum(axis=1).astype("float32")[None, :, None]
    )
    return Latents(days, eta, states, severe, held)


def judged(profile: Profile, people: People, drawn: Latents) -> Need:
    """Who has high need among the latents: the cut is solved so that the profile's share holds."""
    p, eta, states = profile["need"], drawn.eta, drawn.states
    now = people.present(people.end)
    cut = _solve_cut(
        p,
        eta[-1],
        states[-1],
        now,
        p["high_need_impairments"],
        p["high_need_risks"],
        p["high_need_share"],
    )
    rule = (p["high_need_impairments"], p["high_need_risks"])
    high = np.stack([high_need(eta[y], states[y], cut, *rule) for y in range(len(eta))])
    other = {
        n: high_need(eta[-1], states[-1], cut, *pair) for n, pair in p["other_definitions"].items()
    }
    index = eta.mean(axis=2) + np.float32(0.35) * (states.sum(axis=2) - states.sum(axis=2).mean())
    index = ((index - index[:, now].mean()) / index[:, now].std()).astype("float32")
    return Need(drawn.days, eta, states, drawn.severe, drawn.held, cut, high, other, index)


def high_need(
    eta: np.ndarray, states: np.ndarray, cut: float, impairments: int, risks: int
) -> np.ndarray:
    """True for children with enough impairments, or enough risk factors."""
    return ((eta > cut).sum(axis=1) >= impairments) | (states.sum(axis=1) >= risks)


def _dimensions(
    g: np.random.Generator, p: Section, people: People, d: np.ndarray, days: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    n, years = people.n, len(days)
    r = (p["dimension_correlation"] - p["area_variance"]) / (1 - p["area_variance"])
    root = np.linalg.cholesky(np.full((4, 4), r) + (1 - r) * np.eye(4)).astype("float32").T
    n_family = len(people.fam_lsoa)
    per_family = g.standard_normal((n_family, 4), dtype="float32") @ root
    alone = g.standard_normal((n, 4), dtype="float32") @ root
    family = np.where((people.family >= 0)[:, None], per_family[people.family], alone)
    person = g.standard_normal((n, 4), dtype="float32") @ root
    fixed = (
        np.sqrt(p["area_variance"]) * d[:, None]
        + np.sqrt(p["family_variance"]) * family
        + np.sqrt(p["person_variance"]) * person
    ).astype("float32")
    eta = np.empty((years, n, 4), dtype="float32")
    lag = np.float32(p["lag"])
    shock = g.standard_normal((n, 4), dtype="float32") @ root
    for y in range(years):
        if y:
            fresh = g.standard_normal((n, 4), dtype="float32") @ root
            shock = lag * shock + np.sqrt(1 - lag**2) * fresh
        eta[y] = (
            fixed
            + np.float32(np.sqrt(p["year_variance"])) * shock
            + _age_and_sex(p, people, days[y])
        )
    return eta, family.mean(axis=1)


def _age_and_sex(p: Section, people: People, day: int) -> np.ndarray:
    """Mean of each dimension by age and sex, centred so that no dimension drifts."""
    scaled = (age_at(people.birth, day).clip(0, 17) - 8.5) / 9
    slope = np.array([p["age_slopes"][k] for k in DIMENSIONS])
    boy = np.array([p["boy_shifts"][k] for k in DIMENSIONS])
    return (scaled[:, None] * slope + (people.sex[:, None] - 0.5) * boy).astype("float32")


def _states(
    g: np.random.Generator,
    p: Section,
    people: People,
    d: np.ndarray,
    family_level: np.ndarray,
    eta: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Family and child states; the first three are severe or moderate, solved for all three together."""
    years, n = eta.shape[:2]
    n_family = len(people.fam_lsoa)
    fam = np.where(people.family >= 0, people.family, 0)
    level = np.zeros(n_family)
    level[fam] = family_level
    level = (level - level.mean()) / level.std()
    place = np.zeros(n_family)
    place[fam] = d
    common = 0.55 * level + 0.30 * place + np.sqrt(1 - 0.55**2 - 0.30**2) * g.normal(size=n_family)
    common = (common - common.mean()) / common.std()
    rho = p["family_harm_correlation"]
    harm = np.sqrt(rho) * common[:, None] + np.sqrt(1 - rho) * g.normal(size=(n_family, 3))
    poor = 0.75 * place + 0.25 * level + 0.6 * g.normal(size=n_family)
    rest = 0.4 * level[:, None] + 0.3 * place[:, None] + 0.87 * g.normal(size=(n_family, 3))
    liability = np.column_stack([harm, poor, rest])
    liability = (liability - liability.mean(axis=0)) / liability.std(axis=0)
    now = people.present(people.end)
    moderate = _joint_cut(liability[:, :3][fam[now]], p["three_harms_moderate"])
    harsh = _joint_cut(liability[:, :3][fam[now]], p["three_harms_severe"])
    cuts = [moderate] * 3 + [
        np.quantile(liability[fam[now], 3 + k], 1 - share)
        for k, share in enumerate(p["state_prevalence"].values())
    ]
    states = np.zeros((years, n, len(STATES)), dtype=bool)
    w = np.float32(0.88)
    change = g.normal(size=(n_family, 7))
    for y in range(years):
        # The reference year is exact; earlier years drift away from it.
        back = years - 1 - y
        keep = w ** min(back, 3)
        latent = keep * liability + np.sqrt(1 - keep**2) * change
        states[y, :, :7] = (latent > np.array(cuts))[fam] & (people.family >= 0)[:, None]
    own = np.stack([
        0.6 * eta[-1, :, 1] + 0.5 * eta[-1, :, 2],
        0.9 * eta[-1, :, 0],
        0.8 * eta[-1, :, 3] + 0.06 * age_at(people.birth, people.end).clip(0, 17),
        0.6 * eta[-1, :, 3] + 0.4 * eta[-1, :, 0] + 0.06 * age_at(people.birth, people.end).clip(0, 17),
    ], axis=1)  # fmt: skip
    own = own + 0.7 * g.normal(size=own.shape)
    for k, share in enumerate(p["child_state_prevalence"].values()):
        states[:, :, 7 + k] = own[:, k] > np.quantile(own[now, k], 1 - share)
    return states, (liability[:, :3] > harsh)[fam] & (people.family >= 0)[:, None]


def _joint_cut(liability: np.ndarray, share: float) -> float:
    """The common cut at which the wanted share of children has all three harms together."""
    return float(np.quantile(liability.min(axis=1), 1 - share))


def _protective(g: np.random.Generator, p: Section, people: People, d: np.ndarray) -> np.ndarray:
    names, shares = p.shares("protective_held")
    latent = g.normal(size=(people.n, len(names))) - 0.25 * d[:, None]
    now = people.present(people.end)
    return latent > np.quantile(latent[now], 1 - shares, axis=0).diagonal()


def _solve_cut(
    p: Section,
    eta: np.ndarray,
    states: np.ndarray,
    now: np.ndarray,
    impairments: int,
    risks: int,
    share: float,
) -> float:
    """Bisection on the cut of impairment, until the share of children with high need is the profile's."""
    low, high = -1.0, 6.0
    for _ in range(40):
        middle = (low + high) / 2
        if high_need(eta[now], states[now], middle, impairments, risks).mean() > share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
