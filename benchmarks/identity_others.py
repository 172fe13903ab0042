"""Linkage on problems of other makings than ours: without them the constants might know only our own children.

    python benchmarks/identity_others.py [NAME ...] [--children N] [--seed S]

Each problem has its own names, errors, households and columns; none was used to fix a constant.
Printed: ours at the generous threshold beside plain Splink with the same model and scores.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from threecircles.identity.benchmark import benchmark

SOUTH_ASIAN = (
    "Mohammed Muhammad Ali Ahmed Hassan Hussain Ibrahim Yusuf Zain Hamza Bilal Usman Omar Adam Haris Arjun Rohan Aarav Dev "
    "Gurpreet Harpreet Manpreet Jaspreet Simran Aisha Fatima Maryam Zainab Khadija Amina Sana Hira Iqra Noor Anaya Priya",
    "Khan Khan Khan Hussain Hussain Ali Ali Ahmed Begum Begum Miah Singh Singh Singh Kaur Kaur Kaur Patel Patel Shah Iqbal "
    "Mahmood Malik Akhtar Bibi Chowdhury Rahman Islam Uddin Hossain Sharma Gill Sandhu Dhillon",
)
EASTERN = (
    "Jakub Jan Szymon Filip Antoni Kacper Aleksander Mikołaj Oliwier Zuzanna Julia Maja Zofia Hanna Lena Alicja Oliwia Andrei "
    "Ștefan Ionuț Mihai Elena Ioana Mădălina Lukas Matas Emilija Gabija Dmitrijs Jekaterina Żaneta Łukasz Bożena",
    "Nowak Kowalski Kowalska Wiśniewski Wiśniewska Wójcik Kamińska Lewandowski Zieliński Szymańska Popa Popescu Ionescu "
    "Dumitru Stan Kazlauskas Petrauskas Ozoliņš Bērziņš Dąbrowski Krawczyk Mazur Piotrowski Grabowska",
)
BRITISH = (
    "Oliver George Harry Noah Jack Leo Oscar Charlie Thomas Henry William James Alfie Archie Theo Freddie Amelia Olivia Isla "
    "Ava Emily Sophia Grace Mia Poppy Ella Lily Freya Evie Daisy Sienna Florence Willow Rosie Matilda Phoebe Ruby Jessica",
    "Smith Jones Williams Taylor Brown Davies Evans Wilson Thomas Johnson Roberts Robinson Thompson Wright Walker White "
    "Edwards Hughes Green Hall Lewis Harris Clarke Patel Jackson Wood Turner Martin Cooper Hill Ward Morris Moore Clark",
)
SHORT = (
    "Li Wei Yu Bo An Hao Jun Min Ho Jin Mei Lan Anh Minh Duc Linh Mai Thu Chi Kim Su Hui Na Xin Ye Tao Lei Yi Jia",
    "O E U Y Wu Li Xu Hu Ng Ho Le Vo Do Ma Nguyen Nguyen Nguyen Tran Tran Pham Chen Wang Zhang Liu Yang Kim Lee Park",
)
AFRICAN = (
    "Oluwaseun Ayomide Temitope Chukwuemeka Ngozi Chidera Adaeze Kwame Kofi Ama Abena Yaw Esi Efua Abdirahman Abdullahi Hodan "
    "Ifrah Sahra Mohamed Tendai Farai Rudo Tariro Samuel David Emmanuel Blessing Favour Precious Joy Divine",
    "Adeyemi Okafor Okonkwo Eze Balogun Adebayo Mensah Owusu Boateng Asante Osei Ali Mohamed Hassan Abdi Warsame Moyo Ndlovu "
    "Dube Sibanda Ncube Afolabi Ogunleye Chukwu Nwosu Appiah",
)


@dataclass(frozen=True)
class List:
    """One source. columns: what it carries. errors are shares of records. form: how births are written."""

    name: str
    share: float
    columns: str = "first_name surname date_of_birth sex postcode"
    typo: float = 0.02
    surname_typo: float = 0.02
    surname_changed: float = 0.03
    surname_missing: float = 0.0
    first_missing: float = 0.003
    swapped_names: float = 0.0
    day_month: float = 0.005
    birth_typo: float = 0.006
    moved: float = 0.08
    postcode_missing: float = 0.02
    sex_wrong: float = 0.002
    number_missing: float = 0.05
    number_wrong: float = 0.004
    co_twin_number: float = 0.01
    form: str = "%Y-%m-%d"
    repeats: float = 0.0
    ages: tuple[int, int] = (0, 17)


@dataclass(frozen=True)
class Problem:
    """A made-up place. twins: share of births that are multiple. alike: share of twins with one initial."""

    lists: tuple[List, ...]
    pools: tuple[tuple[str, str], ...] = (BRITISH,)
    invented: float = 0.5
    twins: float = 0.017
    alike: float = 0.3
    families_per_postcode: int = 10
    siblings: tuple[float, ...] = (0.4, 0.4, 0.15, 0.05)
    ages: tuple[int, int] = (0, 17)
    half_siblings: float = 0.08
    children: int = 6_000
    extra: dict[str, str] = field(default_factory=dict)


PERSONS = "first_name surname date_of_birth sex postcode"
PROBLEMS = {
    "south-asian": Problem(
        (
            List("school", 0.9, f"{PERSONS} upn"),
            List("health", 0.85, f"{PERSONS} nhs", typo=0.05, surname_changed=0.12, swapped_names=0.02, form="%d/%m/%Y"),
            List("care", 0.2, f"{PERSONS} upn", typo=0.07, number_missing=0.4),
        ), (SOUTH_ASIAN,), invented=0.1,
    ),
    "eastern": Problem(
        (List("a", 0.8, typo=0.04, surname_typo=0.05), List("b", 0.7, typo=0.05, surname_typo=0.06, swapped_names=0.03, form="%d.%m.%Y")),
        (EASTERN,), invented=0.2,
    ),
    "short-names": Problem(
        (List("a", 0.8, surname_missing=0.05), List("b", 0.8, swapped_names=0.15, surname_missing=0.1)), (SHORT,), invented=0.0,
    ),
    "no-postcode": Problem(
        (List("a", 0.8, "first_name surname date_of_birth sex"), List("b", 0.6, "first_name surname date_of_birth sex", typo=0.04)),
        (BRITISH, SOUTH_ASIAN),
    ),
    "no-twins": Problem((List("a", 0.8, f"{PERSONS} nhs"), List("b", 0.7, f"{PERSONS} nhs", number_missing=0.3)), twins=0.0),
    "many-twins": Problem((List("a", 0.85), List("b", 0.8), List("c", 0.4, typo=0.05)), (BRITISH, AFRICAN), twins=0.08, alike=0.5),
    "typing": Problem(
        (List("a", 0.8, typo=0.12, surname_typo=0.12, birth_typo=0.05, moved=0.2), List("b", 0.8, typo=0.12, surname_typo=0.12, birth_typo=0.05, day_month=0.05)),
        (BRITISH, EASTERN),
    ),
    "crowded": Problem((List("a", 0.8), List("b", 0.8)), (SOUTH_ASIAN, BRITISH), invented=0.0, families_per_postcode=60),
    "sectors": Problem((List("a", 0.8), List("b", 0.8, postcode_missing=0.5)), invented=0.0, families_per_postcode=600, children=8_000),
    "disjoint-columns": Problem(
        (
            List("a", 0.9, "first_name surname date_of_birth upn"), List("b", 0.5, "surname date_of_birth sex postcode upn"),
            List("c", 0.7, "first_name date_of_birth sex postcode nhs"), List("d", 0.2, "date_of_birth sex upn nhs"),
        ),
    ),
    "tiny": Problem((List("a", 0.8, f"{PERSONS} nhs"), List("b", 0.8, f"{PERSONS} nhs")), children=60),
    "tiny-no-number": Problem((List("a", 0.8), List("b", 0.8)), children=40, twins=0.1),
    "repeats": Problem((List("a", 0.8, f"{PERSONS} upn", repeats=0.15), List("b", 0.8, f"{PERSONS} upn", repeats=0.02)),),
    "one-list": Problem((List("a", 0.8, PERSONS, repeats=0.3, typo=0.06, surname_typo=0.06),)),
    "small-share": Problem((List("a", 0.95), List("b", 0.03, typo=0.06)), children=15_000),
    "little-overlap": Problem((List("a", 0.5, ages=(0, 8)), List("b", 0.5, ages=(8, 17))),),
    "moved": Problem((List("a", 0.8, moved=0.5), List("b", 0.8, moved=0.3)), (BRITISH, AFRICAN), invented=0.3),
    "adults": Problem(
        (List("a", 0.8, f"{PERSONS} nhs", typo=0.1, surname_typo=0.1, birth_typo=0.05), List("b", 0.8, f"{PERSONS} nhs", typo=0.1)),
        siblings=(1.0,), twins=0.0, ages=(18, 80),
    ),
    "five-lists": Problem(tuple(List(n, s, f"{PERSONS} uprn" if n in "ac" else PERSONS) for n, s in zip("abcde", (0.9, 0.5, 0.4, 0.3, 0.2), strict=True)), children=5_000),
    "number-only": Problem((List("a", 0.8, "nhs date_of_birth"), List("b", 0.8, "nhs date_of_birth sex")),),
    "wrong-numbers": Problem((List("a", 0.8, f"{PERSONS} nhs", number_wrong=0.05, co_twin_number=0.2), List("b", 0.8, f"{PERSONS} nhs", number_wrong=0.05, co_twin_number=0.2)), twins=0.03),
}  # fmt: skip
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


def made(
    problem: Problem, children: int, seed: int
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Sources and truth of a problem in the shape that `identity.benchmark` judges."""
    draw = np.random.default_rng([seed, children])
    people = _people(problem, children, draw)
    tables, truths = {}, []
    for source in problem.lists:
        table, truth = _written(source, people, problem, draw)
        tables[source.name] = table
        truths.append(truth)
    return tables, pl.concat(truths)


def _people(problem: Problem, children: int, draw: np.random.Generator) -> list[dict]:
    pools = [_pool(firsts, surnames, problem.invented, draw) for firsts, surnames in problem.pools]
    people: list[dict] = []
    family, multiple = 0, 0
    sectors = max(1, int(children / 1.8 / problem.families_per_postcode))
    while len(people) < children:
        firsts, surnames = pools[int(draw.integers(len(pools)))]
        surname, postcode = _zipf(surnames, draw), int(draw.integers(sectors))
        uprn = str(100_000_000 + family)
        used: set[str] = set()
        for _ in range(1 + int(draw.choice(len(problem.siblings), p=problem.siblings))):
            low, high = problem.ages
            born = date(2026, 1, 1) - timedelta(
                days=int(draw.integers(low * 365, (high + 1) * 365))
            )
            together = 2 + (draw.random() < 0.03) if draw.random() < problem.twins else 1
            sex, own = "MF"[int(draw.integers(2))], []
            for _ in range(together):
                first = _zipf(firsts, draw)
                while first in used:
                    first = _zipf(firsts, draw) if draw.random() < 0.8 else first + "a"
                if own and draw.random() < problem.alike:
                    alike = [f for f in firsts if f[0] == own[0][0] and f not in used]
                    first = str(draw.choice(alike)) if alike else first
                used.add(first)
                own.append(first)
                last = (
                    _zipf(surnames, draw)
                    if draw.random() < problem.half_siblings and together == 1
                    else surname
                )
                people.append({
                    "person": len(people), "first_name": first, "surname": last, "born": born, "postcode": postcode, "uprn": uprn,
                    "sex": sex if draw.random() < 0.65 else "MF"[int(draw.integers(2))],
                    "multiple": multiple if together > 1 else -1, "nhs": _nhs(len(people) * 7 + 1000), "upn": _upn(len(people)),
                })  # fmt: skip
            multiple += together > 1
        family += 1
    return people[:children]


def _pool(
    firsts: str, surnames: str, invented: float, draw: np.random.Generator
) -> tuple[list[str], list[str]]:
    """The names given, and made-up ones after them: a share of all bearers have a rare name."""
    syllables = [
        "ba",
        "ka",
        "ro",
        "mi",
        "lan",
        "der",
        "ton",
        "sha",
        "vi",
        "no",
        "el",
        "gar",
        "pe",
        "ri",
        "su",
        "cha",
        "ven",
        "ley",
    ]

    def rare() -> str:
        return "".join(draw.choice(syllables, size=int(draw.integers(2, 4)))).title()

    return tuple(
        names.split() + [rare() for _ in range(int(invented * 600))] for names in (firsts, surnames)
    )  # type: ignore[return-value]


def _zipf(pool: list[str], draw: np.random.Generator) -> str:
    return (
        pool[int(len(pool) ** draw.random() - 1e-9)]
        if draw.random() < 0.7
        else pool[int(draw.integers(len(pool)))]
    )


def _nhs(number: int) -> str:
    while True:
        digits = f"9{number % 10**8:08d}"
        check = (11 - sum(int(d) * (10 - i) for i, d in enumerate(digits)) % 11) % 11
        if check != 10:
            return digits + str(check)
        number += 3


def _upn(number: int) -> str:
    body = f"202{4000 + number % 900:04d}{10 + number % 14:02d}{number // 900 % 1000:03d}"
    total = sum(int(d) * w for w, d in enumerate(body, start=2))
    return "ABCDEFGHJKLMNPQRTUVWXYZ"[total % 23] + body


def _mistyped(text: str, draw: np.random.Generator) -> str:
    at, kind = int(draw.integers(len(text))), int(draw.integers(4))
    letter = str(draw.choice(_LETTERS))
    if kind == 0 and len(text) > 2:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + letter + text[at:]
    if kind == 2 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + letter + text[at + 1 :]


def _written(
    source: List, people: list[dict], problem: Problem, draw: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    chosen = [p for p in people if draw.random() < source.share and _aged(p, source)]
    chosen += [p for p in chosen if draw.random() < source.repeats]
    order = draw.permutation(len(chosen))
    surnames = [p["surname"] for p in people]
    sectors = max(1, int(len(people) / 1.8 / problem.families_per_postcode))
    rows = []
    for number, at in enumerate(order):
        rows.append(
            {
                "record_id": f"{source.name}-{number}",
                **_row(chosen[at], source, people, surnames, sectors, draw),
            }
        )
    columns = ["record_id", *source.columns.split()]
    table = pl.DataFrame(rows, infer_schema_length=None).select(columns).cast(pl.String)
    truth = pl.DataFrame(
        {
            "source": [source.name] * len(rows), "record_id": table["record_id"],
            "person": [chosen[at]["person"] for at in order], "multiple": [chosen[at]["multiple"] for at in order],
        }
    )  # fmt: skip
    return table, truth


def _aged(person: dict, source: List) -> bool:
    if source.ages == (0, 17):
        return True
    return source.ages[0] <= (date(2026, 1, 1) - person["born"]).days // 365 <= source.ages[1]


def _row(
    p: dict,
    source: List,
    people: list[dict],
    surnames: list[str],
    sectors: int,
    draw: np.random.Generator,
) -> dict:
    def hit(rate: float) -> bool:
        return bool(draw.random() < rate)

    first, last, born = p["first_name"], p["surname"], p["born"]
    if hit(source.typo):
        first = _mistyped(first, draw)
    if hit(source.surname_changed):
        last = surnames[int(draw.integers(len(surnames)))]
    if hit(source.surname_typo):
        last = _mistyped(last, draw)
    if hit(source.swapped_names):
        first, last = last, first
    if hit(source.day_month) and born.day <= 12:
        born = date(born.year, born.day, born.month)
    if hit(source.birth_typo):
        born = born + timedelta(days=int(draw.choice([1, 10, -1, -10, 31, 365, -365, 100])))
    postcode = int(draw.integers(sectors)) if hit(source.moved) else p["postcode"]
    neighbour = next(
        (
            q
            for q in people[max(0, p["person"] - 2) : p["person"] + 3]
            if q is not p and q["multiple"] == p["multiple"] >= 0
        ),
        p,
    )
    numbers = {}
    for scheme in ("nhs", "upn"):
        value = neighbour[scheme] if hit(source.co_twin_number) else p[scheme]
        if hit(source.number_wrong):
            value = value[:4] + str((int(value[4]) + 1) % 10) + value[5:]
        numbers[scheme] = None if hit(source.number_missing) else value
    return {
        "first_name": None if hit(source.first_missing) else first, "surname": None if hit(source.surname_missing) else last,
        "date_of_birth": born.strftime(source.form), "sex": ("M" if p["sex"] == "F" else "F") if hit(source.sex_wrong) else p["sex"],
        "postcode": None if hit(source.postcode_missing) else f"{'ABCDEGHLNS'[postcode % 10]}{'ABDEHLNPRS'[postcode // 10 % 10]}{postcode // 100 % 30 + 1} {postcode // 3000 + 1}AA",
        "uprn": p["uprn"], **numbers,
    }  # fmt: skip


def main() -> None:
    """Print one line for each problem."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--children", type=int)
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    print(
        f"{'problem':18} {'records':>8}  {'ours P':>7} {'R':>7} {'F1':>7} {'twins':>7} {'joined':>6}  {'careful P':>9} {'joined':>6}  {'Splink F1':>9} {'twins':>7}  {'blocks':>6} {'s':>5}"
    )
    for name in asked.names or PROBLEMS:
        problem = PROBLEMS[name]
        judged = benchmark(*made(problem, asked.children or problem.children, asked.seed))
        plain, ours, careful = judged.scores[0], judged.scores[2], judged.scores[4]
        print(
            f"{name:18} {judged.records:8,}  {ours.precision:7.4f} {ours.recall:7.4f} {ours.f1:7.4f} {ours.twins[2]:7.4f} {ours.co_twins:6}"
            f"  {careful.precision:9.4f} {careful.co_twins:6}  {plain.f1:9.4f} {plain.twins[2]:7.4f}  {judged.blocking_recall:6.4f} {sum(judged.seconds.values()):5.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
