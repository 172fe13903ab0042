"""How far from home children are placed: without it shares that are published would be luck."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from threecircles.synthetic.care.providers import Placements, Providers
from threecircles.synthetic.days import NEVER
from threecircles.synthetic.geography import Land
from threecircles.synthetic.profile import Section

FAR_METRES = 20 * 1609.344
LEAST = 300
"""Of fewer placements the shares are left to chance."""
Side = Callable[[np.ndarray, np.ndarray], np.ndarray]


def bring_shares(
    g: np.random.Generator,
    p: Section,
    land: Land,
    providers: Providers,
    day: int,
    start: np.ndarray,
    end: np.ndarray,
    home: np.ndarray,
    move_day: np.ndarray,
    made: Placements,
) -> None:
    """Move some foster homes of the day, till the published shares inside and beyond 20 miles hold (fact 36).

    A profile without these shares leaves everything as it was drawn. Changes `made` in place.
    """  # fmt: skip
    open_now = np.flatnonzero((start <= day) & (end > day))
    if len(open_now) < LEAST or "inside_share" not in p.data:
        return
    begun = np.where(move_day[open_now] <= day, move_day[open_now], -NEVER)
    at = (open_now, begun.argmax(axis=1))

    def inside(pc: np.ndarray, home: np.ndarray) -> np.ndarray:
        return land.pc_lsoa[pc] >= 0

    def far(pc: np.ndarray, home: np.ndarray) -> np.ndarray:
        return far_apart(land, pc, home)

    everyone = np.ones(len(open_now), dtype=bool)
    known = home[open_now] >= 0
    _swap(g, p["inside_share"], everyone, inside, None, providers, home, at, made)
    _swap(g, p["over_20_miles_share"], known, far, inside, providers, home, at, made)


def far_apart(land: Land, pc: np.ndarray, home: np.ndarray) -> np.ndarray:
    """True where two postcodes lie over 20 miles apart."""
    metres = np.hypot(land.pc_x[pc] - land.pc_x[home], land.pc_y[pc] - land.pc_y[home])
    return metres > FAR_METRES


def _swap(
    g: np.random.Generator,
    share: float,
    counted: np.ndarray,
    side: Side,
    kept: Side | None,
    providers: Providers,
    home: np.ndarray,
    at: tuple[np.ndarray, np.ndarray],
    made: Placements,
) -> None:
    """Give children with foster carers another home of the same kind on the other side, as many as are wrong.

    kept: what must stay as it is while `side` changes.
    """
    own = np.maximum(home[at[0]], 0)
    now = side(made.pc[at], own)
    more = round(share * counted.sum()) - int((now & counted).sum())
    movable = np.flatnonzero(counted & (home[at[0]] >= 0) & (now == (more < 0)))
    left = abs(more)
    for k in g.permutation(movable):
        pool = _pool(providers, made.place[at][k], made.provider[at][k])
        if not left or pool is None:
            continue
        here = np.full(len(pool), own[k])
        fit = side(pool, here) == (more > 0)
        if kept is not None:
            fit &= kept(pool, here) == kept(made.pc[at][[k]], here[:1])
        if fit.any():
            made.pc[at[0][k], at[1][k]] = g.choice(pool[fit])
            left -= 1


def _pool(providers: Providers, place: str, provider: str) -> np.ndarray | None:
    """Homes a child of this placement could live in; none where the placement is not with carers."""
    if place in ("U1", "U3"):
        return providers.homes["kin"]
    if place in ("U4", "U6"):
        return providers.homes["own" if provider == "PR1" else "private"]
    return None
