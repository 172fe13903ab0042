"""The land of a made-up place: without it no child has a ward, a postcode or a level of deprivation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import Voronoi

from threecircles.core.rounding import largest_remainder
from threecircles.core.seeds import rng
from threecircles.synthetic.names import place_names
from threecircles.synthetic.profile import Profile, Section

APART = {"authority": 10, "area": 10_000, "postcode": 4_000, "school": 10_000, "home": 10_000_000}
"""How far the numbers of adjoining places lie apart, so that no code of one is a code of another."""
INWARD = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))


@dataclass(frozen=True)
class Land:
    """Small areas (one entry each), the cells they are drawn as, and postcodes.

    x, y: metres from the south-west corner. d: deprivation, mean 0 and standard deviation 1.
    ward, msoa: index of the ward and MSOA of each area. corners: vertices shared by cells.
    pc_*: one entry per postcode, those of the place first; pc_lsoa is -1 outside the place.
    """

    lsoa: np.ndarray
    lsoa_name: np.ndarray
    ward: np.ndarray
    ward_code: np.ndarray
    ward_name: np.ndarray
    msoa: np.ndarray
    msoa_code: np.ndarray
    msoa_name: np.ndarray
    x: np.ndarray
    y: np.ndarray
    d: np.ndarray
    idaci: np.ndarray
    decile: np.ndarray
    urban: np.ndarray
    weight: np.ndarray
    corners: np.ndarray
    cells: tuple[tuple[int, ...], ...]
    pc: np.ndarray
    pc_lsoa: np.ndarray
    pc_x: np.ndarray
    pc_y: np.ndarray
    pc_la: np.ndarray
    side: float
    la_code: str

    def kept_free(self) -> np.ndarray:
        """Postcodes where no family lives: the last of each area, for carers, homes and services.

        A child's home and placement therefore never share a postcode (rule 392d of the return).
        """
        return np.flatnonzero(self.pc_lsoa != np.r_[self.pc_lsoa[1:], -2])[: len(self.d)]


def la_code(number: int) -> str:
    """Code of the authority of a place: E10900001 for a place alone."""
    return f"E109{1 + APART['authority'] * number:05d}"


def dfe_number(number: int) -> str:
    """Number of the Department for Education that no authority has: 999 for a place alone."""
    return str(999 - number)


def make_land(profile: Profile, seed: int, pockets: np.ndarray | None = None) -> Land:
    """Areas as Voronoi cells of seeded points, merged to wards and MSOAs, with deprivation and postcodes.

    pockets: places of greater need (x, y from the own south-west corner); adjoining places share those on
    their border. Each place lies east of the one before.
    """
    p, number = profile["land"], profile.number
    n, side = p["lsoas"], p["side_km"] * 1000.0
    east = side * number
    g = rng(seed, "land", "points")
    towns = side * (0.15 + 0.7 * g.random((p["towns"], 2)))
    x, y, spread = _points(g, n, side, towns, p["urban_share"])
    corners, cells = _voronoi(x, y, side)
    ward, msoa = _groups(x, y, p["wards"]), _groups(x, y, p["msoas"])
    d = _deprivation(rng(seed, "land", "deprivation"), x, y, side, towns, p)
    if pockets is not None:
        d = _with_pockets(d, corners, cells, side, pockets, profile["adjoining"])
    rank = np.argsort(np.argsort(d, kind="stable"), kind="stable")
    idaci = p.curve("idaci_percentiles", (rank + 0.5) / n) / 100
    urban = np.argsort(np.argsort(spread, kind="stable"), kind="stable") < round(
        n * p["urban_share"]
    )
    decile = _deciles(rng(seed, "land", "decile"), d, p["imd_decile_weights"])
    weight = _weights(rng(seed, "land", "weight"), d, p)
    ward_name, msoa_name, lsoa_name = _names(rng(seed, "land", "names"), ward, msoa)
    first = 1900001 + APART["area"] * number
    codes = np.array([f"E0{first + i}" for i in range(n)])
    ward_code, msoa_code = (_codes(kind, group, number) for kind, group in (("E05", ward), ("E02", msoa)))  # fmt: skip
    pc, pc_lsoa, pc_x, pc_y, pc_la = _postcodes(
        rng(seed, "land", "postcodes"), profile, x, y, weight, side
    )
    return Land(
        codes, lsoa_name, ward, ward_code, ward_name, msoa, msoa_code, msoa_name,
        x + east, y, d, idaci, decile, urban, weight, corners + np.array([east, 0.0]), cells, pc, pc_lsoa,
        pc_x + east, pc_y, pc_la, side, la_code(number),
    )  # fmt: skip


def _codes(prefix: str, group: np.ndarray, number: int) -> np.ndarray:
    first = 900001 + APART["area"] * number
    return np.array([f"{prefix}{first + i}" for i in range(group.max() + 1)])


def on_line(
    corners: np.ndarray, cells: tuple[tuple[int, ...], ...], x: float
) -> list[tuple[int, float, float]]:
    """Small areas with a side on a line from south to north: area, from, to."""
    found = []
    for area, cell in enumerate(cells):
        north = corners[[v for v in cell if abs(corners[v, 0] - x) < 0.01], 1]
        if len(north) > 1:
            found.append((area, float(north.min()), float(north.max())))
    return found


def in_pocket(
    corners: np.ndarray, cells: tuple[tuple[int, ...], ...], x: float, y: float, reach: float
) -> list[int]:
    """Small areas with a side on the line at x, no further than `reach` from the point at y."""
    return [a for a, low, high in on_line(corners, cells, x) if low - reach <= y <= high + reach]


def _with_pockets(
    d: np.ndarray, corners: np.ndarray, cells: tuple[tuple[int, ...], ...], side: float,
    pockets: np.ndarray, p: Section,
) -> np.ndarray:  # fmt: skip
    """Deprivation no lower than the profile says around points on a border, on the same scale as before.

    A place of a few small areas would be all pocket and stays as it is.
    """
    reach = side * p["pocket_reach_share"]
    areas = sorted({a for x, y in pockets for a in in_pocket(corners, cells, x, y, reach)})
    if 4 * len(areas) > len(d):
        return d
    d[areas] = np.maximum(d[areas], p["pocket_height"])
    return (d - d.mean()) / d.std()


def _points(
    g: np.random.Generator, n: int, side: float, towns: np.ndarray, urban_share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points dense in towns; spread is the distance to the nearest town, which tells urban from rural."""
    in_town = g.random(n) < min(0.92, urban_share)
    centre = towns[g.integers(0, len(towns), n)]
    near = centre + g.normal(0, side * 0.055, (n, 2))
    anywhere = side * g.random((n, 2))
    points = np.where(in_town[:, None], near, anywhere)
    # Reflected at the edge, so that no point leaves the square.
    points = np.abs(points)
    points = np.where(points > side, 2 * side - points, points)
    points = np.clip(points, side * 0.002, side * 0.998)
    spread = np.min(np.hypot(*(points[:, None, :] - towns[None]).transpose(2, 0, 1)), axis=1)
    return points[:, 0], points[:, 1], spread


def _voronoi(
    x: np.ndarray, y: np.ndarray, side: float
) -> tuple[np.ndarray, tuple[tuple[int, ...], ...]]:
    """Cells bounded by the square: the points are mirrored over its four sides."""
    points = np.column_stack([x, y])
    mirrored = [points]
    for axis, at in ((0, 0.0), (0, side), (1, 0.0), (1, side)):
        copy = points.copy()
        copy[:, axis] = 2 * at - copy[:, axis]
        mirrored.append(copy)
    diagram = Voronoi(np.vstack(mirrored))
    cells = []
    for i in range(len(points)):
        ring = np.array(diagram.regions[diagram.point_region[i]])
        angle = np.arctan2(diagram.vertices[ring, 1] - y[i], diagram.vertices[ring, 0] - x[i])
        cells.append(tuple(int(v) for v in ring[np.argsort(angle, kind="stable")]))
    used = sorted({v for cell in cells for v in cell})
    number = {v: k for k, v in enumerate(used)}
    corners = np.clip(diagram.vertices[used], 0, side)
    return corners, tuple(tuple(number[v] for v in cell) for cell in cells)


def _groups(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Areas of about equal size that lie together: halve by the longer side, again and again."""
    group = np.zeros(len(x), dtype=int)
    number = 0
    stack = [(np.arange(len(x)), k)]
    while stack:
        members, parts = stack.pop()
        if parts == 1:
            group[members] = number
            number += 1
            continue
        along = x if np.ptp(x[members]) >= np.ptp(y[members]) else y
        order = members[np.argsort(along[members], kind="stable")]
        first = parts // 2
        cut = round(len(order) * first / parts)
        stack += [(order[cut:], parts - first), (order[:cut], first)]
    return group


def _deprivation(
    g: np.random.Generator, x: np.ndarray, y: np.ndarray, side: float, towns: np.ndarray, p: Section
) -> np.ndarray:
    distance = np.hypot(x[:, None] - x[None], y[:, None] - y[None])
    reach = side * p["deprivation_range_share"]
    factor = np.linalg.cholesky(np.exp(-distance / reach) + 1e-9 * np.eye(len(x)))
    field = factor @ g.normal(size=len(x))
    town_weight = g.normal(p["deprivation_town_weight"], 0.35, len(towns))
    near = np.exp(
        -((np.hypot(x[:, None] - towns[:, 0], y[:, None] - towns[:, 1]) / (side * 0.08)) ** 2)
    )
    field = field + near @ town_weight + p["deprivation_coast_weight"] * (x / side)
    return (field - field.mean()) / field.std()


def _deciles(g: np.random.Generator, d: np.ndarray, weights: list[float]) -> np.ndarray:
    """Decile 1 is the most deprived; a little noise, since deprivation is more than income."""
    total = sum(weights)
    counts = largest_remainder([w / total for w in weights], len(d))
    order = np.argsort(-(d + g.normal(0, 0.2, len(d))), kind="stable")
    decile = np.empty(len(d), dtype=int)
    decile[order] = np.repeat(np.arange(1, 11), counts)
    return decile


def _weights(g: np.random.Generator, d: np.ndarray, p: Section) -> np.ndarray:
    rank = np.argsort(np.argsort(0.4 * d + g.normal(0, 1, len(d)), kind="stable"), kind="stable")
    size = p.curve("children_percentiles", (rank + 0.5) / len(d))
    return size / size.sum()


def _names(
    g: np.random.Generator, ward: np.ndarray, msoa: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_ward, n_msoa = ward.max() + 1, msoa.max() + 1
    names = place_names(g, n_ward + n_msoa)
    msoa_name = np.array([f"{name}" for name in names[n_ward:]])
    letters = np.array([chr(65 + i) for i in range(26)])
    place_in = np.zeros(len(msoa), dtype=int)
    for m in range(n_msoa):
        members = np.flatnonzero(msoa == m)
        place_in[members] = np.arange(len(members))
    # As in the official lookups: the small area's name is the MSOA's with a letter at its end.
    numbered = np.array([f"{msoa_name[m]} {m + 1:03d}" for m in range(n_msoa)])
    lsoa_name = np.char.add(numbered[msoa], letters[place_in % 26])
    return np.array(names[:n_ward]), numbered, lsoa_name


def _postcodes(
    g: np.random.Generator,
    profile: Profile,
    x: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    side: float,
) -> tuple[np.ndarray, ...]:
    """Postcodes of the place (area EA) and of its neighbours (EB to ED), where some children are placed."""
    p = profile["land"]
    apart = APART["postcode"] * profile.number
    families = profile["people"]["children"] / 1.55
    per_area = np.maximum(2, np.round(weight * families / p["families_per_postcode"])).astype(int)
    inside = np.repeat(np.arange(len(x)), per_area)
    span = side / np.sqrt(len(x)) * 0.28
    px = np.clip(x[inside] + g.normal(0, span, len(inside)), 0, side)
    py = np.clip(y[inside] + g.normal(0, span, len(inside)), 0, side)
    text = _postcode_text("EA", len(inside), apart)
    parts = [(text, inside, px, py, np.full(len(inside), la_code(profile.number)))]
    for k in range(p["neighbours"]):
        m = p["neighbour_postcodes"]
        angle, far = 2 * np.pi * (k + 0.5) / p["neighbours"], side * (0.62 + 0.75 * g.random(m))
        area = ("EB", "EC", "ED")[k % 3]
        parts.append((
            _postcode_text(area, m, start=k * m + apart),
            np.full(m, -1),
            side / 2 + far * np.cos(angle) + g.normal(0, side * 0.08, m),
            side / 2 + far * np.sin(angle) + g.normal(0, side * 0.08, m),
            np.full(m, f"E109{k + 2 + APART['authority'] * profile.number:05d}"),
        ))  # fmt: skip
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _postcode_text(area: str, n: int, start: int = 0) -> np.ndarray:
    i = np.arange(start, start + n)
    sector, rest = i % 10, i // 10
    letters = np.char.add(INWARD[(i * 7 + 3) % 20], INWARD[rest % 20])
    district = 1 + rest // 20
    head = np.char.add(np.char.add(area, district.astype(str)), " ")
    return np.char.add(np.char.add(head, sector.astype(str)), letters)
