"""Numbers children carry: without it linkage would have nothing to agree or disagree on.

UPNs use the pseudo authorities 001 to 005 and NHS numbers the range that is never issued, so that no
number here can be a living child's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.identifiers import UPN_LETTERS
from threecircles.core.seeds import rng
from threecircles.synthetic.days import age_at, day_of
from threecircles.synthetic.people import People

PLACE, SPAN = 1_000_000, 20_000_000
"""Room for the people, and for the national numbers, of each of several adjoining places."""


@dataclass(frozen=True)
class Identifiers:
    """One entry per child; blank text where the child never got the number."""

    person_id: np.ndarray
    upn: np.ndarray
    uln: np.ndarray
    nhs: np.ndarray
    care: np.ndarray
    early_help: np.ndarray
    youth_justice: np.ndarray
    survey: np.ndarray


def make_identifiers(
    seed: int, year: int, people: People, ever_state_school: np.ndarray, number: int = 0
) -> Identifiers:
    """National and local numbers. ever_state_school: children who have been pupils of a state school.

    number: of the place among adjoining ones, whose national numbers are never those of another.
    """
    n = people.n
    g = rng(seed, "identifiers")
    persons = np.char.zfill((PLACE * number + np.arange(1, n + 1)).astype(str), 7)
    started = np.clip(age_at(people.birth, day_of(year - 1, 8, 31)) - 4, 0, 20)
    # A child who came alone is given a number on arrival, not at the age at which others begin school.
    came = people.arrive.astype("datetime64[D]").astype("datetime64[Y]").astype("int64") + 1970
    given = np.where(people.uasc, came, year - 1 - started)
    upn = np.where(ever_state_school, _upn(n, given % 100, number), "")
    uln = np.where(
        ever_state_school & (age_at(people.birth, day_of(year - 1, 8, 31)) >= 14),
        _uln(n, number),
        "",
    )
    return Identifiers(
        np.char.add("P", persons), upn, uln, _nhs(g.permutation(n), number),
        _local(g, n, "", 1_000_000), _local(g, n, "EH", 100_000), _local(g, n, "Y", 20_000),
        _survey_codes(g, n, number),
    )  # fmt: skip


def _upn(n: int, year: np.ndarray, place: int) -> np.ndarray:
    i = 2_000_000 * place + np.arange(n)
    # Authority 1 to 5, establishment, year of allocation, serial: unique by construction.
    parts = np.stack([1 + i // 2_000_000, 2000 + (i // 1000) % 2000, year, i % 1000])
    digits = np.char.add(
        np.char.add(np.char.zfill(parts[0].astype(str), 3), np.char.zfill(parts[1].astype(str), 4)),
        np.char.add(np.char.zfill(parts[2].astype(str), 2), np.char.zfill(parts[3].astype(str), 3)),
    )
    codes = _digits(digits, 12)
    letter = np.array(list(UPN_LETTERS))[(codes * np.arange(2, 14)).sum(axis=1) % 23]
    return np.char.add(letter, digits)


def _nhs(order: np.ndarray, place: int) -> np.ndarray:
    """Numbers of the 9 range; first nine digits for which no check digit exists are stepped over."""
    wanted = len(order)
    first = 900_000_000 + SPAN * place + np.arange(int(wanted * 1.2) + 100) * 7
    digits = _digits(first.astype(str), 9)
    check = 11 - (digits * np.arange(10, 1, -1)).sum(axis=1) % 11
    good = check != 10
    text = np.char.add(first[good].astype(str), (check[good] % 11).astype(str))[:wanted]
    return text[order]


def _uln(n: int, place: int) -> np.ndarray:
    """Ten digits whose weighted sum leaves 10 when divided by 11."""
    first = 900_000_000 + SPAN * place + np.arange(int(n * 1.2) + 100) * 11
    partial = (_digits(first.astype(str), 9) * np.arange(10, 1, -1)).sum(axis=1) % 11
    check = (10 - partial) % 11
    good = check != 10
    return np.char.add(first[good].astype(str), check[good].astype(str))[:n]


def _digits(text: np.ndarray, width: int) -> np.ndarray:
    return (
        np.frombuffer(text.astype(f"<U{width}").tobytes(), dtype="<u4").reshape(len(text), width)
        - 48
    ).astype("int64")


def _local(g: np.random.Generator, n: int, prefix: str, start: int) -> np.ndarray:
    return np.char.add(prefix, (start + g.permutation(n)).astype(str))


def _survey_codes(g: np.random.Generator, n: int, place: int) -> np.ndarray:
    """Seven letters and digits that tell nothing; no two alike, since the step shares no factor with 31."""
    letters = np.array(list("ABCDEFGHJKMNPQRSTUVWXYZ23456789"))
    value = (g.permutation(n).astype("int64") + 1 + PLACE * place) * 104_729 % 31**6
    text = np.full(n, "S")
    for _ in range(6):
        text = np.char.add(text, letters[value % 31])
        value = value // 31
    return text
