"""Families and children: without it there is nobody whose need, services and records could be told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, birthday, day_of
from threecircles.synthetic.geography import Land
from threecircles.synthetic.names import COMMUNITIES, pools, zipf_choice
from threecircles.synthetic.profile import Profile, Section


@dataclass(frozen=True)
class People:
    """One entry per child (fam_* one per family). Days are day numbers; NEVER is an end that has not come.

    sex: 0 girl, 1 boy. twin: number of the multiple birth, -1 for a single child. exit: first day no
    longer here (moved out or died). uasc: arrived alone seeking asylum, no family (family is -1).
    """

    end: int
    family: np.ndarray
    birth: np.ndarray
    sex: np.ndarray
    ethnic: np.ndarray
    twin: np.ndarray
    half: np.ndarray
    forename: np.ndarray
    surname: np.ndarray
    death: np.ndarray
    arrive: np.ndarray
    exit: np.ndarray
    uasc: np.ndarray
    fam_lsoa: np.ndarray
    fam_arrive: np.ndarray
    fam_leave: np.ndarray
    fam_lone: np.ndarray
    fam_community: np.ndarray
    ethnic_codes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Children, all ages and all years."""
        return len(self.birth)

    def present(self, day: int, low: int = 0, high: int = 18) -> np.ndarray:
        """True for those living here on the day, aged low to under high."""
        return (
            (self.birth <= day) & (birthday(self.birth, high) > day) & (birthday(self.birth, low) <= day)
            & (self.arrive <= day) & (self.exit > day)
        )  # fmt: skip


def make_people(profile: Profile, seed: int, year: int, land: Land) -> People:
    """Children of families living in the place at any time of its history, with names."""
    everyone = make_everyone(profile, seed, year, land)
    return of_children(everyone, ever_here(everyone))


def make_everyone(profile: Profile, seed: int, year: int, land: Land) -> People:
    """All children of the families, also those born before their family came or after it left."""
    p = profile["people"]
    end = day_of(year, 3, 31)
    family_birth, size = _families(rng(seed, "people", "families"), p, end)
    n_family = len(size)
    g = rng(seed, "people", "homes")
    lsoa = np.searchsorted(np.cumsum(land.weight), g.random(n_family), side="right").clip(
        0, len(land.d) - 1
    )
    fam_arrive, fam_leave = _come_and_go(rng(seed, "people", "moves"), p, end, n_family)
    lone = (
        g.random(n_family)
        < p["lone_parent_base"] + p["lone_parent_per_deprivation_sd"] * land.d[lsoa]
    )
    group, community = _groups(rng(seed, "people", "groups"), profile, land, lsoa)
    family, birth = _births(rng(seed, "people", "births"), p, family_birth, size)
    family, birth, twin = _multiples(rng(seed, "people", "multiples"), p, family, birth)
    span = (birth > birthday(np.full(len(birth), end), -p["oldest_age"])) & (
        birth <= end + 30 * p["expected_births_months"]
    )
    family, birth, twin = family[span], birth[span], twin[span]
    g = rng(seed, "people", "children")
    sex = _sexes(g, p, twin)
    half = (g.random(len(birth)) < p["half_sibling_share"]) & (size[family] > 1) & (twin < 0)
    forename, surname = _names(rng(seed, "people", "names"), p, family, sex, twin, half, community)
    death = _deaths(rng(seed, "people", "deaths"), p, birth)
    codes, _ = profile["groups"].shares("ethnic_shares")
    return People(
        end, family, birth, sex, group[family], twin, half, forename, surname, death, fam_arrive[family],
        np.minimum(death, fam_leave[family]), np.zeros(len(birth), dtype=bool), lsoa, fam_arrive, fam_leave,
        lone, community, tuple(codes),
    )  # fmt: skip


PER_CHILD = (
    "family", "birth", "sex", "ethnic", "twin", "half", "forename", "surname", "death", "arrive", "exit", "uasc",
)  # fmt: skip


def ever_here(people: People) -> np.ndarray:
    """True for children who lived here at some time of the last seventeen years."""
    stayed = people.exit > np.maximum(people.birth, people.arrive)
    return stayed & (people.exit > people.end - 365 * 17)


def of_children(people: People, rows: np.ndarray) -> People:
    """The people with these children only (a mask, or positions in order); families stay as they are."""
    return replace(people, **{name: getattr(people, name)[rows] for name in PER_CHILD})


def _families(g: np.random.Generator, p: Section, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Birth day of each family's eldest and number of births, so that children's ages come out right."""
    sizes, share = list(p["family_size_shares"]), np.array(list(p["family_size_shares"].values()))
    top = p["oldest_age"]
    points = p["age_points"]
    pairs = sorted((float(k), float(v)) for k, v in points.items())
    known = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    ages = np.arange(-1, top)
    target = np.interp(ages, *known)
    target = target / target[(ages >= 0) & (ages < 18)].sum()
    low, high = p["birth_gap_days"]
    eldest_age = np.arange(-1, top + 14)
    kernel = _kernel(share, (low + high) / 2 / 365.25, len(eldest_age))
    density = _unfold(target, kernel, ages, eldest_age)
    # Children 0 to 17 per family of the density, so that the place has the number asked for.
    made = density @ kernel[:, : len(eldest_age)]
    inside = (eldest_age >= 0) & (eldest_age < 18)
    multiples = 1 + p["multiple_maternities_per_1000"] / 1000
    # Families that come and those that leave are only here part of the time.
    n = round(p["children"] / (made[inside].sum() * multiples / density.sum()) / _mean_presence(p))
    age = g.choice(eldest_age, size=n, p=density / density.sum())
    birth = end - np.floor((age + g.random(n)) * 365.2425).astype("int64")
    size = np.array([int(s) for s in sizes])[
        np.searchsorted(np.cumsum(share), g.random(n)).clip(0, len(sizes) - 1)
    ]
    return birth, size


def _kernel(share: np.ndarray, gap_years: float, n: int) -> np.ndarray:
    """kernel[a, b]: expected children of age b in a family whose eldest is a years old (shifted by one)."""
    kernel = np.zeros((n, n))
    for k in range(len(share)):
        at_least = share[k:].sum()
        for a in range(n):
            b = a - k * gap_years
            low = int(np.floor(b))
            for cell, weight in ((low, 1 - (b - low)), (low + 1, b - low)):
                if 0 <= cell < n:
                    kernel[a, cell] += at_least * weight
    return kernel


def _unfold(
    target: np.ndarray, kernel: np.ndarray, ages: np.ndarray, eldest_age: np.ndarray
) -> np.ndarray:
    """Ages of eldest children whose families give the wanted ages (multiplicative updates, Lucy 1974)."""
    wanted = np.zeros(len(eldest_age))
    wanted[: len(ages)] = target
    wanted[len(ages) :] = target[-1]
    density = np.full(len(eldest_age), 1 / len(eldest_age))
    for _ in range(400):
        ratio = wanted / np.maximum(density @ kernel, 1e-12)
        density = density * (kernel @ ratio) / kernel.sum(axis=1)
    return density


def _mean_presence(p: Section) -> float:
    # The families of a place are drawn as one flow: as many come as go each year.
    return 1 / (1 + p["in_or_out_a_year"] * 8)


def _come_and_go(
    g: np.random.Generator, p: Section, end: int, n: int
) -> tuple[np.ndarray, np.ndarray]:
    years = 8
    rate = p["in_or_out_a_year"]
    share = rate * years / (1 + rate * years)
    when = end - np.floor(g.random(n) * years * 365.25).astype("int64")
    draw = g.random(n)
    leave = np.where(draw < share, when, NEVER)
    arrive = np.where((draw >= share) & (draw < 2 * share), when, -NEVER)
    return arrive, leave


def _groups(
    g: np.random.Generator, profile: Profile, land: Land, lsoa: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ethnic group and naming community of each family; groups cluster in areas."""
    s = profile["groups"]
    codes, share = s.shares("ethnic_shares")
    tilt = np.exp(
        s["area_clustering"]
        * (0.7 * g.normal(size=(len(land.d), len(codes))) + 0.5 * land.d[:, None])
    )
    tilt[:, 0] = np.exp(-0.3 * s["area_clustering"] * land.d)
    weight = share * tilt / (land.weight[:, None] * tilt).sum(axis=0)
    weight = weight / weight.sum(axis=1, keepdims=True)
    cumulative = np.cumsum(weight, axis=1)[lsoa]
    group = (g.random(len(lsoa))[:, None] > cumulative).sum(axis=1).clip(0, len(codes) - 1)
    names = list(COMMUNITIES)
    table = np.zeros((len(codes), len(names)))
    for i, code in enumerate(codes):
        for name, part in s["community"][code].items():
            table[i, names.index(name)] = part
    community = (g.random(len(lsoa))[:, None] > np.cumsum(table, axis=1)[group]).sum(axis=1)
    return group, community.clip(0, len(names) - 1)


def _births(
    g: np.random.Generator, p: Section, eldest: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    family = np.repeat(np.arange(len(size)), size)
    order = np.arange(len(family)) - np.repeat(np.cumsum(size) - size, size)
    low, high = p["birth_gap_days"]
    gaps = np.where(order == 0, 0, g.integers(low, high + 1, len(family)))
    total = np.cumsum(gaps)
    since = total - np.repeat(total[np.cumsum(size) - size], size)
    return family, eldest[family] + since


def _multiples(
    g: np.random.Generator, p: Section, family: np.ndarray, birth: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Twins and a few triplets: copies of a birth, one or two days' difference never more than one."""
    is_multiple = g.random(len(birth)) < p["multiple_maternities_per_1000"] / 1000
    extra = is_multiple.astype(int) + (
        is_multiple & (g.random(len(birth)) < p["triplet_share_of_multiples"])
    )
    twin = np.where(is_multiple, np.cumsum(is_multiple) - 1, -1)
    return tuple(np.repeat(v, 1 + extra) for v in (family, birth, twin))


def _sexes(g: np.random.Generator, p: Section, twin: np.ndarray) -> np.ndarray:
    sex = (g.random(len(twin)) < p["boys"]).astype("int8")
    again = np.r_[False, (twin[1:] >= 0) & (twin[1:] == twin[:-1])]
    same = g.random(len(twin)) < p["twins_same_sex"]
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(twin))))
    return np.where(again, np.where(same, sex[first], 1 - sex[first]), sex).astype("int8")


def _deaths(g: np.random.Generator, p: Section, birth: np.ndarray) -> np.ndarray:
    infant = g.random(len(birth)) < p["infant_deaths_per_1000"] / 1000
    later = g.exponential(10_000 * 365.25 / p["deaths_per_10000_a_year"], len(birth))
    day = np.where(infant, np.floor(365 * g.random(len(birth)) ** 3), np.minimum(later, NEVER / 2))
    return np.where(day < 40 * 365, birth + day.astype("int64"), NEVER)


def _names(
    g: np.random.Generator,
    p: Section,
    family: np.ndarray,
    sex: np.ndarray,
    twin: np.ndarray,
    half: np.ndarray,
    community: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Given name and surname: siblings share a surname, near-identical names of some twins included."""
    pool = pools()
    n, n_family = len(family), len(community)
    forename = np.empty(n, dtype=object)
    fam_name = np.empty(n_family, dtype=object)
    other_name = np.empty(n_family, dtype=object)
    power = p["name_zipf"]
    for c in range(len(COMMUNITIES)):
        homes = np.flatnonzero(community == c)
        surnames = pool.surnames[c]
        fam_name[homes] = surnames[zipf_choice(g, len(homes), len(surnames), power)]
        other_name[homes] = surnames[zipf_choice(g, len(homes), len(surnames), power)]
        for s in (0, 1):
            who = np.flatnonzero((community[family] == c) & (sex == s))
            names = pool.given[c][s]
            forename[who] = names[zipf_choice(g, len(who), len(names), power)]
    double = g.random(n_family) < p["surname_double_barrelled"]
    joined = np.array(
        [f"{a}-{b}" for a, b in zip(fam_name[double], other_name[double], strict=True)],
        dtype=object,
    )
    fam_name[double] = joined
    surname = np.where(half, other_name[family], fam_name[family])
    _twin_names(g, p, forename, family, sex, twin, community)
    return forename.astype(str), surname.astype(str)


def _twin_names(
    g: np.random.Generator,
    p: Section,
    forename: np.ndarray,
    family: np.ndarray,
    sex: np.ndarray,
    twin: np.ndarray,
    community: np.ndarray,
) -> None:
    """The second of a same-sex pair: a near-identical name, a shared initial, or another name."""
    second = np.flatnonzero(np.r_[False, (twin[1:] >= 0) & (twin[1:] == twin[:-1])])
    pool = pools()
    draw = g.random(len(second))
    near, initial = p["same_sex_twins_near_names"], p["same_sex_twins_shared_initial"]
    for k, i in zip(draw, second, strict=True):
        first = forename[i - 1]
        names = pool.given[community[family[i]]][sex[i]]
        others = names[names != first]
        if sex[i] == sex[i - 1] and k < near + initial:
            alike = [m for m in others if m[0] == first[0]]
            if k < near:
                alike = [
                    m for m in alike if m[:3] == first[:3] and abs(len(m) - len(first)) <= 2
                ] or alike
            others = np.array(alike) if alike else others
        if forename[i] == first or (sex[i] == sex[i - 1] and k < near + initial):
            forename[i] = others[g.integers(0, len(others))]


def add_alone(profile: Profile, seed: int, people: People) -> People:
    """The place's people with children who came alone seeking asylum, six years of arrivals.

    They have no family here; they come aged 14 to 17, mostly boys.
    """
    p = profile["care"]
    g = rng(seed, "people", "alone")
    stock = people.present(people.end).sum() * p["uasc_stock_per_10000"] / 10_000
    years = 6
    n = g.poisson(stock / p["uasc_stay_years"] * years)
    arrive = people.end - np.floor(g.random(n) * years * 365.25).astype("int64")
    age = 18 - 2 * p["uasc_stay_years"] * (0.06 + 0.94 * g.random(n))
    birth = arrive - np.floor(age * 365.25).astype("int64")
    sex = (g.random(n) < 0.94).astype("int8")
    codes = np.array([people.ethnic_codes.index("OOTH"), people.ethnic_codes.index("BAFR")])
    names = list(COMMUNITIES)
    community = np.where(
        g.random(n) < 0.6, names.index("north_african_arab"), names.index("east_african")
    )
    pool = pools()
    forename = np.array(
        [
            pool.given[c][s][g.integers(0, len(pool.given[c][s]))]
            for c, s in zip(community, sex, strict=True)
        ],
        dtype=str,
    )
    surname = np.array(
        [pool.surnames[c][g.integers(0, len(pool.surnames[c]))] for c in community], dtype=str
    )
    none = np.full(n, NEVER)
    more = {
        "family": np.full(n, -1), "birth": birth, "sex": sex, "ethnic": codes[g.integers(0, 2, n)],
        "twin": np.full(n, -1), "half": np.zeros(n, dtype=bool), "forename": forename, "surname": surname,
        "death": none, "arrive": arrive, "exit": none, "uasc": np.ones(n, dtype=bool),
    }  # fmt: skip
    joined: dict[str, Any] = {k: np.concatenate([getattr(people, k), v]) for k, v in more.items()}
    return replace(people, **joined)
