"""Families with twins, addresses and numbers: without it the benchmark would be strangers in a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from rapidfuzz.distance import JaroWinkler

from threecircles.core.identifiers import nhs_check_digit, upn_check_letter
from threecircles.core.seeds import rng
from threecircles.synthetic.linkage.names import Pools, pools
from threecircles.synthetic.linkage.profile import Profile

_UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass
class People:
    """One entry a child: family and community (index), birth (days since 1970), sex, names, postcode
    (index), multiple (index of the birth shared with a twin, -1 for none), poor, upn, nhs."""

    family: np.ndarray
    community: np.ndarray
    birth: np.ndarray
    sex: np.ndarray
    first: np.ndarray
    surname: np.ndarray
    postcode: np.ndarray
    multiple: np.ndarray
    poor: np.ndarray
    upn: np.ndarray
    nhs: np.ndarray

    def __len__(self) -> int:
        return len(self.family)

    def take(self, rows: np.ndarray) -> People:
        """The children at these positions."""
        return People(**{k: v[rows] for k, v in vars(self).items()})


def people(profile: Profile, children: int, seed: int) -> People:
    """`children` children aged 0 to 17 on the profile's reference day."""
    born = _births(profile, children, seed)
    n = len(born["family"])
    own_pools = [pools(c, seed) for c in profile.communities]
    shares = np.cumsum([c.share for c in profile.communities])
    families = int(born["family"].max()) + 1
    draw = rng(seed, "family")
    community = np.searchsorted(shares / shares[-1], draw.random(families))
    surnames = _surnames(profile, community, own_pools, seed)
    postcodes = max(1, families // profile.families_per_postcode)
    postcode = draw.integers(postcodes, size=families)
    poor = rng(seed, "poor").random(postcodes) < 0.25
    family = born["family"]
    other = rng(seed, "other surname")
    surname = surnames[family].copy()
    half = _once_a_multiple(other.random(n) < profile.other_surname, born["multiple"])
    for c, pool in enumerate(own_pools):
        rows = np.flatnonzero(half & (community[family] == c))
        surname[rows] = pool.surnames.draw(other, len(rows))
    surname = _same_for_multiples(surname, born["multiple"])
    first = _first_names(profile, born, community[family], own_pools, seed)
    upn, nhs = _upns(born["birth"], seed), _nhs_numbers(n, seed)
    return People(
        family, community[family], born["birth"], born["sex"], first, surname,
        postcode[family], born["multiple"], poor[postcode[family]], upn, nhs,
    )  # fmt: skip


def postcode_text(index: np.ndarray, seed: int) -> np.ndarray:
    """Postcodes of the areas EA to ED, which are not in use, one for each index."""
    total = 4 * 99 * 9 * 400
    mixed = (index.astype(np.int64) * 104_729 + seed * 7_919) % total
    area, rest = mixed % 4, mixed // 4
    outcode, rest = rest % 99 + 1, rest // 99
    sector, unit = rest % 9 + 1, rest // 9
    return np.array(
        [
            f"E{'ABCD'[a]}{o} {s}{_UNIT_LETTERS[u // 20]}{_UNIT_LETTERS[u % 20]}"
            for a, o, s, u in zip(area, outcode, sector, unit, strict=True)
        ],
        dtype=object,
    )


def _births(profile: Profile, children: int, seed: int) -> dict[str, np.ndarray]:
    draw = rng(seed, "births")
    today = (profile.reference_day - date(1970, 1, 1)).days
    youngest, oldest = today - 1, today - int(17.99 * 365.25)
    shares = np.cumsum(profile.children_per_family)
    families = int(children / 1.05) + 50
    sizes = np.searchsorted(shares / shares[-1], draw.random(families)) + 1
    family = np.repeat(np.arange(families), sizes)
    place = np.arange(len(family)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    gaps = np.where(place == 0, 0, draw.integers(330, 1401, len(family)))
    since = np.cumsum(gaps)
    since -= np.repeat(since[np.cumsum(sizes) - sizes], sizes)
    start = draw.integers(oldest - 4 * 365, youngest + 1, families)
    birth = start[family] + since
    copies = 1 + (draw.random(len(family)) < profile.multiple_births)
    copies += (copies == 2) & (draw.random(len(family)) < profile.triplets_of_multiples)
    inside = (birth >= oldest) & (birth <= youngest)
    family, birth, copies = family[inside], birth[inside], copies[inside]
    multiple = np.repeat(np.where(copies > 1, np.arange(len(family)), -1), copies)
    family, birth = np.repeat(family, copies)[:children], np.repeat(birth, copies)[:children]
    multiple = multiple[:children]
    sex = np.where(draw.random(len(family)) < 0.512, "M", "F").astype(object)
    second = np.flatnonzero((multiple[1:] == multiple[:-1]) & (multiple[1:] >= 0)) + 1
    same = draw.random(len(second)) < profile.twins_same_sex
    opposite = np.where(sex == "M", "F", "M").astype(object)
    for row, is_same in zip(second, same, strict=True):
        sex[row] = sex[row - 1] if is_same else opposite[row - 1]
    return {"family": family, "birth": birth, "multiple": multiple, "sex": sex}


def _surnames(
    profile: Profile, community: np.ndarray, own_pools: list[Pools], seed: int
) -> np.ndarray:
    draw = rng(seed, "surname")
    surnames = np.empty(len(community), dtype=object)
    for c, pool in enumerate(own_pools):
        rows = np.flatnonzero(community == c)
        surnames[rows] = pool.surnames.draw(draw, len(rows))
        double = rows[draw.random(len(rows)) < profile.double_barrelled]
        second = pool.surnames.draw(draw, len(double))
        surnames[double] = [f"{a}-{b}" for a, b in zip(surnames[double], second, strict=True)]
    return surnames


def _first_names(
    profile: Profile,
    born: dict[str, np.ndarray],
    community: np.ndarray,
    own_pools: list[Pools],
    seed: int,
) -> np.ndarray:
    draw = rng(seed, "first name")
    n = len(community)
    first = np.empty(n, dtype=object)

    def fill(rows: np.ndarray) -> None:
        for c, pool in enumerate(own_pools):
            for sex, names in (("M", pool.boys), ("F", pool.girls)):
                own = rows[(community[rows] == c) & (born["sex"][rows] == sex)]
                first[own] = names.draw(draw, len(own))

    fill(np.arange(n))
    for _ in range(3):  # parents do not give two children of theirs one name
        same = (
            np.flatnonzero((born["family"][1:] == born["family"][:-1]) & (first[1:] == first[:-1]))
            + 1
        )
        fill(same)
    multiple, sex = born["multiple"], born["sex"]
    twins = (
        np.flatnonzero(
            (multiple[1:] == multiple[:-1]) & (multiple[1:] >= 0) & (sex[1:] == sex[:-1])
        )
        + 1
    )
    kind = draw.random(len(twins))
    for row, k in zip(twins, kind, strict=True):
        pool = own_pools[community[row]]
        names = (pool.boys if sex[row] == "M" else pool.girls).names
        if k < profile.near_identical_names:
            near = [
                m
                for m in names
                if m != first[row - 1] and JaroWinkler.similarity(m, first[row - 1]) >= 0.88
            ]
            if near:
                first[row] = near[int(draw.integers(len(near)))]
        elif k < profile.near_identical_names + profile.shared_initial:
            alike = [m for m in names if m != first[row - 1] and m[0] == first[row - 1][0]]
            if alike:
                first[row] = alike[int(draw.integers(len(alike)))]
    return first


def _once_a_multiple(mask: np.ndarray, multiple: np.ndarray) -> np.ndarray:
    follows = np.flatnonzero((multiple[1:] == multiple[:-1]) & (multiple[1:] >= 0)) + 1
    mask = mask.copy()
    for row in follows:
        mask[row] = mask[row - 1]
    return mask


def _same_for_multiples(values: np.ndarray, multiple: np.ndarray) -> np.ndarray:
    follows = np.flatnonzero((multiple[1:] == multiple[:-1]) & (multiple[1:] >= 0)) + 1
    for row in follows:
        values[row] = values[row - 1]
    return values


def _upns(birth: np.ndarray, seed: int) -> np.ndarray:
    order = rng(seed, "upn").permutation(len(birth))
    year = (1970 + birth // 365.2425 + 5).astype(int) % 100
    rests = [
        f"{i % 5 + 1:03d}{2000 + i // 5 % 2000:04d}{y:02d}{i // 10_000 % 1000:03d}"
        for i, y in zip(order, year, strict=True)
    ]
    return np.array([upn_check_letter(r) + r for r in rests], dtype=object)


def _nhs_numbers(n: int, seed: int) -> np.ndarray:
    start = int(rng(seed, "nhs").integers(100_000_000))
    found: list[str] = []
    step = 0
    while len(found) < n:
        nine = f"9{(start + step * 61_803_399) % 100_000_000:08d}"
        step += 1
        digit = nhs_check_digit(nine)
        if digit is not None:
            found.append(f"{nine}{digit}")
    return np.array(found, dtype=object)
