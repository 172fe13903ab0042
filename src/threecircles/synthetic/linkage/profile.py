"""The benchmark's rates as data: without it they would hide in code and nobody could argue with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from threecircles.definitions import Definition, load_text

HOME = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Community:
    """A naming community: its share of families and the Faker locales its pools come from."""

    id: str
    share: float
    boys: tuple[str, ...]
    girls: tuple[str, ...]
    surnames: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FirstName:
    """Shares of records whose first name is mistyped, shortened or missing."""

    typo: float
    nickname: float
    missing: float


@dataclass(frozen=True, kw_only=True)
class Surname:
    """Shares of records whose surname is mistyped or another one."""

    typo: float
    changed: float


@dataclass(frozen=True, kw_only=True)
class Birth:
    """Shares of records whose date of birth is wrong in one of four ways."""

    swapped: float
    typo: float
    first_january: float
    missing: float


@dataclass(frozen=True, kw_only=True)
class Postcode:
    """Shares of records with an old address or none."""

    moved: float
    missing: float


@dataclass(frozen=True, kw_only=True)
class Carried:
    """An identifier a source carries: share of records from an age on, and share with a wrong digit."""

    present: float
    from_age: int
    error: float


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source: whom it knows and how badly it writes them down."""

    id: str
    ages: tuple[int, ...]
    coverage: float
    poorest_quarter: float
    elsewhere: float
    first_name: FirstName
    surname: Surname
    birth: Birth
    postcode: Postcode
    sex_missing: float
    identifiers: dict[str, Carried] = field(default_factory=dict)
    co_twin_identifier: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Additions:
    """What the harder form adds.

    family_share: share of the variance of errors that a family has in common within a source.
    tripled_community: the community whose missingness is tripled. placeholders: share of
    identifiers replaced by a number nobody has.
    """

    family_share: float = 0.0
    tripled_community: str = ""
    placeholders: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Profile(Definition):
    """A benchmark: families, names and sources. All numbers are shares unless said."""

    reference_day: date
    children_per_family: tuple[float, ...]
    multiple_births: float
    triplets_of_multiples: float
    twins_same_sex: float
    near_identical_names: float
    shared_initial: float
    double_barrelled: float
    other_surname: float
    families_per_postcode: int
    communities: tuple[Community, ...]
    sources: tuple[Source, ...]
    additions: Additions = Additions()


def profile(name: str = "plain") -> Profile:
    """The shipped profile of that name: `plain`, or `harder` with the additions."""
    return load_text((HOME / f"{name}.yaml").read_text(encoding="utf-8"), Profile)
