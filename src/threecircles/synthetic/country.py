"""A small made-up country of authorities that send their activity by area: without it nobody could try the area-based formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from threecircles.core.seeds import rng

YEAR = 2025
AREAS_EACH, MIDDLE = 30, 5
SLOPES = {"low_income": 0.35, "poor_health": 0.15}
SEEN = {**{age: 0.955 for age in range(5, 16)}, 2: 0.66, 3: 0.95, 4: 0.95, 16: 0.65, 17: 0.6}
"""Part of an age that a census holds: nobody under two, most of school age, fewer after sixteen."""
ALTERNATIVE, DUAL = 0.006, 0.3
HEADER = (
    "la_code", "area_code", "vintage", "activity", "period_start", "period_end", "unit", "quantity", "children",
    "suppressed", "address_basis",
)  # fmt: skip


def write_country(folder: Path, *, authorities: int = 8, children: int = 70, seed: int = 1) -> Path:
    """Write received/ (one folder an authority), the tables beside it and SPEC.yaml; returns SPEC.yaml.

    children: aged 0 to 17 an area on average. Truth: referrals are Poisson with rate .05 a child, slopes
    SLOPES, area sd .25, authority sd .30. Codes are fictitious (E069..., E019...).
    """
    draw = rng(seed, "country", authorities)
    areas: list[Sequence[object]] = []
    population: list[Sequence[object]] = []
    totals: list[Sequence[object]] = []
    number = 0
    for j in range(authorities):
        la = f"E069{j + 1:05d}"
        place = folder / "received" / la
        place.mkdir(parents=True, exist_ok=True)
        local = 0.30 * draw.normal()
        level = draw.normal()
        sent: list[Sequence[object]] = []
        ages = np.zeros(18, dtype=int)
        total = 0
        for _ in range(AREAS_EACH):
            code = f"E019{number:05d}"
            x = np.round((level + draw.normal(size=2) * 1.2) / 1.56, 4)
            here = int(draw.integers(children // 2, children * 3 // 2))
            ages += np.bincount(draw.integers(0, 18, here), minlength=18)
            rate = np.log(0.05) + SLOPES["low_income"] * x[0] + SLOPES["poor_health"] * x[1]
            count = int(draw.poisson(here * np.exp(rate + local + 0.25 * draw.normal())))
            total += count
            areas.append((code, la, f"E029{number // MIDDLE:05d}", here, *x))
            hidden = 0 < count < 3 and bool(draw.random() < 0.15)
            sent.append(_row(la, code, "" if hidden else count, here, hidden))
            number += 1
        unknown = int(draw.poisson(2))
        sent.append(_row(la, "unknown", unknown, "", False))
        totals.append((la, "referrals", total + unknown))
        population += [(la, age, int(n)) for age, n in enumerate(ages)]
        _write(place / "area-activity.csv", HEADER, sent)
        _censuses(place, la, ages, draw)
    reference = folder / "reference"
    reference.mkdir(exist_ok=True)
    _write(
        reference / "areas.csv", ("area_code", "la_code", "msoa_code", "children", *SLOPES), areas
    )
    _write(reference / "population.csv", ("la_code", "age", "children"), population)
    _write(reference / "totals.csv", ("la_code", "unit", "quantity"), totals)
    spec = folder / "fit.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    return spec


SPEC = f"""# A made-up country. `threecircles formula fit fit.yaml` fits it from received/.
received: received
unit: referrals
year: {YEAR}
areas: reference/areas.csv
population: reference/population.csv
totals: reference/totals.csv
numeric: [{", ".join(SLOPES)}]
label: Referrals in a made-up country.
"""


def _row(la: str, area: str, quantity: object, children: object, hidden: bool) -> Sequence[object]:
    start, end = f"{YEAR - 1}-04-01", f"{YEAR}-03-31"
    return (
        la,
        area,
        "lsoa21",
        "referrals",
        start,
        end,
        "referrals",
        quantity,
        children,
        int(hidden),
        "home_on_entry",
    )


def _censuses(place: Path, la: str, ages: np.ndarray, draw: np.random.Generator) -> None:
    early, school, other = [], [], []
    number = 0
    for age, count in enumerate(ages):
        for _ in range(round(count * SEEN.get(age, 0.0))):
            number += 1
            # Born in the school year that makes the child this old on 31 August before the census.
            born = f"{YEAR - 1 - age - 1}-{int(draw.integers(9, 13)):02d}-{int(draw.integers(1, 29)):02d}"
            sex = "FM"[int(draw.integers(0, 2))]
            if age < 4:
                early.append((number, "900001", "Child", f"No{number}", born, sex, "none"))
                continue
            upn = _upn(la, number)
            in_other = age >= 11 and draw.random() < ALTERNATIVE * 3
            if in_other:
                other.append(
                    (
                        upn,
                        "Child",
                        f"No{number}",
                        born,
                        sex,
                        "900002",
                        "behaviour",
                        f"{YEAR - 1}-09-10",
                    )
                )
            if not in_other or draw.random() < DUAL:
                school.append((number, number, born, upn, sex, "900003"))
    _write(
        place / "early-years-census.csv",
        ("child_id", "provider_urn", "forename", "surname", "dob", "sex", "basis_of_two_year_place"), early,
    )  # fmt: skip
    _write(
        place / "school-census.csv",
        ("pupilonrolltableid", "pupilonrollorderseqcolumn", "dob", "upn", "sex", "urn"), school,
    )  # fmt: skip
    _write(
        place / "alternative-provision-census.csv",
        ("upn", "forename", "surname", "dob", "sex", "provider", "reason_for_placement", "start_date"), other,
    )  # fmt: skip


def _upn(la: str, number: int) -> str:
    made = f"{900 + int(la[-3:]) % 100:03d}{number // 1000:04d}24{number % 1000:03d}"
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    check = sum(int(d) * (i + 2) for i, d in enumerate(made)) % 23
    return letters[check] + made


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


NAMES = (
    "Ashmere", "Brackholt", "Calder Vale", "Dunmoor", "Eastwick", "Fernley", "Glenbrook", "Hartsea",
    "Inglewood", "Kestrel Bay", "Larkhill", "Marsham", "Netherby", "Oakhurst", "Pendle Cross", "Quarrydale",
    "Ravensford", "Saltmarsh", "Thornbury Down", "Underhill", "Westmoor", "Yarrow",
)  # fmt: skip
OPEN_HEADER = (
    "la", "name", "area", "age", "free_meals", "low_income_2025", "low_income_2019", "poor_health", "crowded_homes",
    "children", "in_need", "in_care",
)  # fmt: skip
OPEN_POPULATION = ("la", "age", "children")
OPEN_SEEN = {"0-4": 0.55, "5-11": 0.93, "12-17": 0.88}
"""Part of an age that the cells of the shipped country hold; authorities lie about it."""


def open_cells(seed: int = 1) -> list[Sequence[object]]:
    """Cells of the shipped country (definitions/formula_country): columns OPEN_HEADER, one row a cell.

    Truth: logit = -3.6 + .30 low income 2025 + .15 poor health + age (0, .2, .4) + .9 free meals, area sd
    .25, authority sd .30. The income figure of 2019 and crowded homes move with the others. Of children in
    need, those in care: logit = -1.9 + .35 poor health + .3 for ages 12 to 17.
    """
    draw, care = rng(seed, "open country"), rng(seed, "open country", "care")
    rows: list[Sequence[object]] = []
    number = 0
    for j, name in enumerate(NAMES):
        level, local = draw.normal(size=2)
        for _ in range(7):
            income = 0.75 * level + 0.65 * draw.normal()
            older = 0.9 * income + 0.45 * draw.normal()
            health = 0.7 * income + 0.7 * draw.normal()
            crowded = 0.5 * income + 0.85 * draw.normal()
            x = [round(float(v), 3) for v in (income, older, health, crowded)]
            area = 0.25 * draw.normal() + 0.30 * local
            size = int(draw.integers(400, 1400))
            number += 1
            for i, (age, more) in enumerate((("0-4", 0.0), ("5-11", 0.2), ("12-17", 0.4))):
                meals = 1 / (1 + np.exp(1.3 - 0.6 * x[0]))
                poor = int(draw.binomial(size // 3 + i * 7, meals))
                for free, n in (("no", size // 3 + i * 7 - poor), ("yes", poor)):
                    eta = -3.6 + 0.30 * x[0] + 0.15 * x[2] + more + 0.9 * (free == "yes") + area
                    events = int(draw.binomial(n, 1 / (1 + np.exp(-eta))))
                    chance = 1 / (1 + np.exp(1.9 - 0.35 * x[2] - 0.3 * (age == "12-17")))
                    inside = int(care.binomial(events, chance))
                    if n:
                        rows.append(
                            (f"X{j + 1:02d}", name, f"X{number:03d}", age, free, *x, n, events, inside)
                        )  # fmt: skip
    return rows


def open_population(seed: int = 1) -> list[Sequence[object]]:
    """Children of each authority and age of the shipped country, in the data or not: columns OPEN_POPULATION."""
    draw = rng(seed, "open country", "population")
    seen: dict[tuple[str, str], int] = {}
    for row in open_cells(seed):
        key = (str(row[0]), str(row[3]))
        seen[key] = seen.get(key, 0) + int(str(row[9]))
    return [
        (la, age, round(n / min(0.98, OPEN_SEEN[age] * (1 + 0.08 * draw.normal()))))
        for (la, age), n in seen.items()
    ]
