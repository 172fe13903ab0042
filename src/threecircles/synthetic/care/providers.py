"""Where looked-after children live: without it placements would have no provider, postcode or distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, birthday
from threecircles.synthetic.draw import exactly
from threecircles.synthetic.geography import APART, Land
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section

KINDS = ("own", "private", "voluntary", "home_private", "home_own", "supported", "school", "unit")


@dataclass(frozen=True)
class Providers:
    """One entry per registered provider. pc: index of its postcode, -1 for a fostering agency's homes.

    places, codes: what the official list allows, as comma-separated texts.
    """

    urn: np.ndarray
    name: np.ndarray
    kind: np.ndarray
    places: np.ndarray
    codes: np.ndarray
    pc: np.ndarray
    homes: dict[str, np.ndarray]


FOSTER = "U1,U2,U3,U4,U5,U6,A3,A4,A5,A6"


def make_providers(profile: Profile, seed: int, land: Land, children: int) -> Providers:
    """Fostering services with their carers' homes, children's homes, supported accommodation, schools."""
    p = profile["ladder"]
    g = rng(seed, "providers")
    inside, outside = land.kept_free(), np.flatnonzero(land.pc_lsoa < 0)
    share = p["outside_share"]
    rows: list[tuple[str, str, str, str, int]] = [
        ("own", "Council fostering and adoption", FOSTER, "PR1", int(inside[0])),
        ("private", "Agency for foster homes A", FOSTER, "PR4", int(outside[0])),
        ("private", "Agency for foster homes B", FOSTER, "PR4", int(inside[len(inside) // 2])),
        ("voluntary", "Voluntary agency for foster homes", FOSTER, "PR5", int(outside[1])),
    ]
    # As many outside as the share says: with few homes, luck alone would move hundreds of children.
    far_home, far_supported, far_school = (
        exactly(g, share[kind], p[many])
        for kind, many in (
            ("home", "homes"),
            ("supported", "supported_homes"),
            ("school", "residential_schools"),
        )
    )
    for k in range(p["homes"]):
        own = k == 0
        far = not own and bool(far_home[k])
        pc = int(g.choice(outside if far else inside))
        rows.append(
            (
                "home_own" if own else "home_private",
                f"House {k + 1}",
                "K2",
                "PR1" if own else "PR4",
                pc,
            )
        )
    for k in range(p["supported_homes"]):
        pc = int(g.choice(outside if far_supported[k] else inside))
        rows.append(("supported", f"Supported lodging {k + 1}", "K3", "PR4", pc))
    for k in range(p["residential_schools"]):
        pc = int(g.choice(outside if far_school[k] else inside))
        rows.append(("school", f"Residential school {k + 1}", "S1", "PR4", pc))
    rows.append(("unit", "Family centre", "R3", "PR4", int(g.choice(inside))))
    kind, name, places, codes, at = (np.array(c) for c in zip(*rows, strict=True))
    first = 1 + APART["school"] * profile.number
    urn = np.array([f"SC9{i:05d}" for i in range(first, first + len(rows))])
    many = max(8, round(children * p["foster_carers_per_10000"] / 10_000))
    homes = {
        name: np.where(
            exactly(g, share[name], many), g.choice(outside, many), g.choice(inside, many)
        )
        for name in ("own", "private", "kin", "adoption")
    }
    return Providers(urn, name, kind, places, codes, at, homes)


@dataclass
class Placements:
    """What is known of every placement (periods x moves), filled in step by step."""

    place: np.ndarray
    provider: np.ndarray
    urn: np.ndarray
    pc: np.ndarray


def place_children(
    g: np.random.Generator,
    p: Section,
    land: Land,
    providers: Providers,
    people: People,
    child: np.ndarray,
    start: np.ndarray,
    home: np.ndarray,
    move_day: np.ndarray,
    status: np.ndarray,
    supported: np.ndarray,
) -> Placements:
    """Kind, provider, number and postcode of every placement (periods x moves).

    supported: periods with a move to supported lodgings, in the column before the last. The last
    column is the move to adopters. A move that turns out to be none is struck out of move_day.
    """  # fmt: skip
    n, m = move_day.shape
    day = np.where(move_day < NEVER, move_day, start[:, None])
    age = np.stack([_years(people.birth[child], day[:, k]) for k in range(m)], axis=1)
    place = _kinds(g, p, age)
    # Parents may have a child placed with them only under an order (rule 378).
    place = np.where((place == "P1") & ~np.isin(status, ["C1", "C2"]), "U6", place)
    place[supported, -2] = "K3"
    alone = (
        people.uasc[child][:, None]
        & (age >= 16)
        & (g.random(place.shape) < p["supported_share_alone"])
    )
    place = np.where(alone, "K3", place)
    place[:, -1] = np.where(g.random(n) < p["adopted_by_carers"], "A5", "A6")
    made = Placements(
        place, np.full(place.shape, "PR4", dtype="<U3"), np.full(place.shape, "", dtype="<U8"), np.full(place.shape, -1)
    )  # fmt: skip
    _with_families(g, p, land, providers, made, home)
    _in_homes(g, p, providers, made)
    parents = place == "P1"
    made.provider[parents], made.urn[parents] = "PR0", ""
    made.pc = np.where(parents, np.where(home >= 0, home, 0)[:, None], made.pc)
    _keep_carer(made, move_day)
    return made


def _with_families(
    g: np.random.Generator,
    p: Section,
    land: Land,
    providers: Providers,
    made: Placements,
    home: np.ndarray,
) -> None:
    """Foster carers, relatives and adopters: agency and where they live, often the nearer of two."""
    shape = made.place.shape
    kin, adopt = np.isin(made.place, ["U1", "U3"]), np.isin(made.place, ["A5", "A6"])
    foster = np.isin(made.place, ["U4", "U6"])
    draw = g.random(shape)
    own, voluntary = p["own_foster_share"], p["voluntary_foster_share"]
    agency = np.where(draw < own, "PR1", np.where(draw < own + voluntary, "PR5", "PR4"))
    made.provider = np.where(kin | adopt, "PR1", np.where(foster, agency, made.provider))
    for code, which in {"PR1": [0], "PR4": [1, 2], "PR5": [3]}.items():
        mask = (kin | foster | adopt) & (made.provider == code)
        made.urn[mask] = providers.urn[np.array(which)[g.integers(0, len(which), mask.sum())]]
    near = g.random(shape) < p["nearer_share"]
    at = np.where(home >= 0, home, 0)[:, None] + np.zeros(shape, dtype=int)
    for name, mask in (
        ("own", foster & (made.provider == "PR1")), ("private", foster & (made.provider != "PR1")),
        ("kin", kin), ("adoption", adopt),
    ):  # fmt: skip
        pool = providers.homes[name]
        drawn = pool[g.integers(0, len(pool), (p["nearer_of"], int(mask.sum())))]
        x, y = land.pc_x[at[mask]], land.pc_y[at[mask]]
        nearest = np.hypot(land.pc_x[drawn] - x, land.pc_y[drawn] - y).argmin(axis=0)
        chosen = np.where(near[mask], nearest, 0)
        made.pc[mask] = drawn[chosen, np.arange(drawn.shape[1])]


def _in_homes(g: np.random.Generator, p: Section, providers: Providers, made: Placements) -> None:
    """Children's homes, supported lodgings, residential schools and family centres, each at its address."""
    for code, kinds in (
        ("K2", ("home_private", "home_own")), ("K3", ("supported",)), ("S1", ("school",)), ("R3", ("unit",)), ("R1", ("unit",)),
    ):  # fmt: skip
        mask = made.place == code
        which = np.flatnonzero(np.isin(providers.kind, kinds))
        private = providers.kind[which] == "home_private"
        weight = np.where(private, p["home_private_share"] / max(private.sum(), 1), 1.0)
        weight = np.where(providers.kind[which] == "home_own", 1 - p["home_private_share"], weight)
        draw = np.searchsorted(np.cumsum(weight) / weight.sum(), g.random(mask.sum()))
        chosen = which[draw.clip(0, len(which) - 1)]
        made.urn[mask], made.pc[mask] = providers.urn[chosen], providers.pc[chosen]
        made.provider[mask] = providers.codes[chosen]
    # Residential care homes carry no number in the collection (rule 222).
    made.urn[made.place == "R1"] = ""


def _years(birth: np.ndarray, day: np.ndarray) -> np.ndarray:
    exact = (day - birth) / 365.2425
    # On the boundary the calendar decides, since a rule asks for the sixteenth birthday itself.
    return np.where(birthday(birth, 16) <= day, np.maximum(exact, 16.0), np.minimum(exact, 15.999))


def _kinds(g: np.random.Generator, p: Section, age: np.ndarray) -> np.ndarray:
    ages = np.array([float(k) for k in p["kinds"]])
    codes = sorted({c for row in p["kinds"].values() for c in row})
    table = np.array([[row.get(c, 0.0) for c in codes] for row in p["kinds"].values()])
    row = (np.searchsorted(ages, age, side="right") - 1).clip(0)
    chosen = (g.random(age.shape)[..., None] > np.cumsum(table, axis=1)[row]).sum(axis=-1)
    return np.array(codes)[chosen.clip(0, len(codes) - 1)]


def _keep_carer(made: Placements, move_day: np.ndarray) -> None:
    """Adopted by the carers they live with: everything but the kind of placement stays as it was."""
    n, m = move_day.shape
    before = np.zeros(n, dtype=int)
    for k in range(m - 1):
        before = np.where(move_day[:, k] < NEVER, k, before)
    rows = np.arange(n)
    foster = np.char.startswith(made.place[rows, before], "U") & (
        made.provider[rows, before] == "PR1"
    )
    stays = (made.place[:, -1] == "A5") & foster
    made.place[:, -1] = np.where((made.place[:, -1] == "A5") & ~foster, "A6", made.place[:, -1])
    for values in (made.urn, made.provider, made.pc):
        values[stays, -1] = values[rows[stays], before[stays]]
    # A move to the very same place is no move (rules 434 to 436).
    last = np.zeros(n, dtype=int)
    for k in range(1, m - 1):
        moved = move_day[:, k] < NEVER
        same = (
            moved
            & (made.pc[rows, k] == made.pc[rows, last])
            & (made.place[rows, k] == made.place[rows, last])
        )
        move_day[same, k] = NEVER
        last = np.where(moved & ~same, k, last)
