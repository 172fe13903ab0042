"""What a service finds when it starts: without it each planted effect would read the world in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, day_of
from threecircles.synthetic.effects.hazard import Hazard
from threecircles.synthetic.geography import Land
from threecircles.synthetic.homes import Homes, postcode_on
from threecircles.synthetic.need import DIMENSIONS, Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section
from threecircles.synthetic.schools import Enrolment, Schools

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Scene:
    """A place before any of the services: people, need, homes, schools."""

    profile: Profile
    seed: int
    year: int
    land: Land
    people: People
    need: Need
    homes: Homes
    schools: Schools
    enrolment: Enrolment

    @property
    def values(self) -> Section:
        """The section `effects` of the profile."""
        return self.profile["effects"]

    @property
    def first(self) -> int:
        """The first day of the history in which services start."""
        return day_of(self.year - self.values["history_years"], 4, 1)

    def area(self) -> np.ndarray:
        """Small area that drives each child's need; 0 for those who came alone."""
        return np.where(self.people.family >= 0, self.people.fam_lsoa[self.people.family], 0)

    def home(self, child: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """Postcode of each child's home on a day, -1 for none."""
        return postcode_on(self.homes, self.people, child, day)

    def draw(self, *names: object) -> np.random.Generator:
        """A generator of one service's own."""
        return rng(self.seed, "effects", *names)


@dataclass(frozen=True)
class Effect:
    """One planted effect, whole.

    value: the true effect on its scale. hazard: how it changes the rate of referral. shift: dimension and
    what is added to it, year x child. exposed: child, start, stop, dose, offered, used. kept: further truth
    by table name. areas, schools: where it is given.
    """

    id: str
    service: str
    design: str
    population: str
    outcome: str
    scale: str
    value: float
    start: int
    misleads: str
    exposed: Columns
    areas: str = ""
    schools: str = ""
    hazard: Hazard | None = None
    shift: tuple[str, np.ndarray] | None = None
    kept: dict[str, Columns] = field(default_factory=dict)


def exposed(
    child: np.ndarray,
    start: np.ndarray | int,
    stop: np.ndarray | int = NEVER,
    dose: np.ndarray | float = 1.0,
    offered: np.ndarray | bool = True,
    used: np.ndarray | bool = True,
    place: np.ndarray | str = "",
) -> Columns:
    """Columns of who had how much of a service from when till when."""
    n = len(child)
    return {
        "child": child, "start": np.broadcast_to(start, n), "stop": np.broadcast_to(stop, n),
        "dose": np.broadcast_to(np.asarray(dose, dtype=float), n), "offered": np.broadcast_to(offered, n),
        "used": np.broadcast_to(used, n), "place": np.broadcast_to(place, n),
    }  # fmt: skip


def since(mine: np.ndarray, start: int | np.ndarray) -> Callable[..., np.ndarray]:
    """The dose of a service that some children have from a day on: 1 for them from then, else 0."""
    begin = np.broadcast_to(start, mine.shape)

    def dose(child: np.ndarray, day: np.ndarray) -> np.ndarray:
        return (mine[child] & (day >= begin[child])).astype(float)

    return dose


def shifted(
    scene: Scene, dimension: str, by: float, from_year: np.ndarray
) -> tuple[str, np.ndarray]:
    """A shift of a dimension for children from their own year (index of the need's years) on."""
    years = np.arange(len(scene.need.days))[:, None]
    assert dimension in DIMENSIONS
    return dimension, np.where(years >= from_year[None, :], np.float32(by), np.float32(0))


def solved(score: np.ndarray, share: float) -> np.ndarray:
    """Chances with the log-odds of `score` and the mean asked for."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _chance(score + middle).mean() < share else (low, middle)
    return _chance(score + low)


def _chance(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))
