"""Where looked-after children live: without it placements would have no provider, postcode or distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, birthday
from threecircles.synthetic.geography import Land
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
    for k in range(p["homes"]):
        own = k == 0
        far = not own and g.random() < share["home"]
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
        pc = int(g.choice(outside if g.random() < share["supported"] else inside))
        rows.append(("supported", f"Supported lodging {k + 1}", "K3", "PR4", pc))
    for k in range(p["residential_schools"]):
        pc = int(g.choice(outside if g.random() < share["school"] else inside))
        rows.append(("school", f"Residential school {k + 1}", "S1", "PR4", pc))
    rows.append(("unit", "Family centre", "R3", "PR4", int(g.choice(inside))))
    kind, name, places, codes, pc = (np.array(c) for c in zip(*rows, strict=True))
    urn = np.array([f"SC9{i:05d}" for i in range(1, len(rows) + 1)])
    many = max(8, round(children * p["foster_carers_per_10000"] / 10_000))
    homes = {
        name: np.where(
            g.random(many) < share[name], g.choice(outside, many), g.choice(inside, many)
        )
        for name in ("own", "private", "kin", "adoption")
    }
    return Providers(urn, name, kind, places, codes, pc, homes)


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
    placed: np.ndarray,
    status: np.ndarray,
    stay: np.ndarray,
) -> dict[str, np.ndarray]:
    """Kind, provider, number and postcode of every placement (periods x moves)."""
    n, m = move_day.shape
    day = np.where(move_day < NEVER, move_day, start[:, None])
    age = np.stack([_years(people.birth[child], day[:, k]) for k in range(m)], axis=1)
    place = _kinds(g, p, age)
    # The last column is the move to adopters; half of them are the foster carers the child has.
    place[:, -1] = np.where(g.random(n) < 0.3, "A5", "A6")
    with_parents = (place == "P1") & (status != "C2")
    place = np.where(with_parents, "U6", place)
    place = np.where(
        people.uasc[child][:, None] & (age >= 16), np.where(place == "P1", "K3", place), place
    )
    provider = np.full(place.shape, "PR4", dtype="<U3")
    urn = np.full(place.shape, "", dtype="<U8")
    pc = np.full(place.shape, -1)
    kin = np.isin(place, ["U1", "U3"])
    foster = np.isin(place, ["U4", "U6"])
    own = g.random(place.shape) < p["own_foster_share"]
    by = np.where(kin | own, "PR1", "PR4")
    by = np.where(
        foster & ~own & (g.random(place.shape) < p["voluntary_foster_share"] / 0.45), "PR5", by
    )
    adopt = np.isin(place, ["A5", "A6"])
    provider = np.where(kin | foster, by, provider)
    provider = np.where(adopt, "PR1", provider)
    agency = {"PR1": [0], "PR4": [1, 2], "PR5": [3]}
    for code, which in agency.items():
        mask = (kin | foster | adopt) & (provider == code)
        urn[mask] = providers.urn[np.array(which)[g.integers(0, len(which), mask.sum())]]
        pool = providers.homes["own" if code == "PR1" else "private"]
        pc[mask] = pool[g.integers(0, len(pool), mask.sum())]
    pc[kin] = providers.homes["kin"][g.integers(0, len(providers.homes["kin"]), kin.sum())]
    pc[place == "A6"] = providers.homes["adoption"][
        g.integers(0, len(providers.homes["adoption"]), (place == "A6").sum())
    ]
    for code, kinds in (
        ("K2", ("home_private", "home_own")),
        ("K3", ("supported",)),
        ("S1", ("school",)),
        ("R3", ("unit",)),
    ):
        mask = place == code
        which = np.flatnonzero(np.isin(providers.kind, kinds))
        weight = np.where(providers.kind[which] == "home_own", 1 - p["home_private_share"], 1.0)
        weight = np.where(
            providers.kind[which] == "home_private",
            p["home_private_share"] / max((providers.kind[which] == "home_private").sum(), 1),
            weight,
        )
        chosen = which[
            np.searchsorted(np.cumsum(weight) / weight.sum(), g.random(mask.sum())).clip(
                0, len(which) - 1
            )
        ]
        urn[mask], pc[mask], provider[mask] = (
            providers.urn[chosen],
            providers.pc[chosen],
            providers.codes[chosen],
        )
    parents = place == "P1"
    provider[parents], urn[parents] = "PR0", ""
    pc = np.where(parents, np.where(home >= 0, home, 0)[:, None], pc)
    _keep_carer(place, urn, provider, pc, move_day)
    return {"place": place, "provider": provider, "urn": urn, "pc": pc}


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


def _keep_carer(place, urn, provider, pc, move_day):  # type: ignore[no-untyped-def]
    """Adopted by the carers they live with: everything but the kind of placement stays as it was."""
    n, m = move_day.shape
    before = np.zeros(n, dtype=int)
    for k in range(m - 1):
        before = np.where(move_day[:, k] < NEVER, k, before)
    rows = np.arange(n)
    foster = np.char.startswith(place[rows, before], "U") & (provider[rows, before] == "PR1")
    stays = (place[:, -1] == "A5") & foster
    place[:, -1] = np.where((place[:, -1] == "A5") & ~foster, "A6", place[:, -1])
    for values in (urn, provider, pc):
        values[stays, -1] = values[rows[stays], before[stays]]
    # A move to the very same place is no move (rules 434 to 436).
    for k in range(1, m - 1):
        same = (pc[:, k] == pc[:, k - 1]) & (place[:, k] == place[:, k - 1])
        move_day[same, k] = NEVER
