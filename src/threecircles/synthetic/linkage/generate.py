"""Sources written down with errors, and the truth beside them: without it F1 would be a belief."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtr

from threecircles.core.seeds import rng
from threecircles.synthetic.linkage.names import describe, mistype, nicknames, pools, shorten
from threecircles.synthetic.linkage.people import People, people, postcode_text
from threecircles.synthetic.linkage.profile import Profile, Source, profile

_EPOCH = np.datetime64("1970-01-01")


@dataclass(frozen=True)
class Benchmark:
    """sources: id -> table (record_id, first_name, surname, date_of_birth, sex, postcode, identifiers).

    truth: source, record_id, person (int), family (int), multiple (int, -1 none), community, poor.
    pools: sizes and hash of the name pools.
    """

    sources: dict[str, pl.DataFrame]
    truth: pl.DataFrame
    pools: dict[str, object]


def generate(children: int, seed: int, name: str = "plain") -> Benchmark:
    """A benchmark of `children` children; the same seed gives the same bytes."""
    rates = profile(name)
    population = people(rates, children, seed)
    tables, truths = {}, []
    for source in rates.sources:
        rows = _members(source, population, rates, seed)
        tables[source.id] = _written(source, population, rows, rates, seed)
        truths.append(_truth(source.id, tables[source.id], population, rows, rates))
    return Benchmark(tables, pl.concat(truths), describe(rates.communities, seed))


def write(benchmark: Benchmark, folder: Path) -> Path:
    """Sources and truth as Parquet with a SOURCES.yaml that `identity.link` reads; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["fictitious: true", "sources:"]
    for name, table in benchmark.sources.items():
        table.write_parquet(folder / f"{name}.parquet")
        carried = ", ".join(f"{c}: {c}" for c in ("upn", "nhs") if c in table.columns)
        lines += [
            f"  - name: {name}",
            f"    file: {name}.parquet",
            "    record_id: record_id",
            "    first_name: first_name",
            "    surname: surname",
            "    date_of_birth: date_of_birth",
            "    sex: sex",
            "    postcode: postcode",
            f"    identifiers: {{{carried}}}",
        ]
    benchmark.truth.write_parquet(folder / "truth.parquet")
    path = folder / "SOURCES.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _ages(population: People, rates: Profile) -> np.ndarray:
    today = (np.datetime64(rates.reference_day) - _EPOCH).astype(int)
    return ((today - population.birth) / 365.2425).astype(int)


def _members(source: Source, population: People, rates: Profile, seed: int) -> np.ndarray:
    ages = _ages(population, rates)
    chance = source.coverage * np.where(population.poor, source.poorest_quarter, source.elsewhere)
    drawn = rng(seed, source.id, "member").random(len(population)) < chance
    rows = np.flatnonzero(drawn & (ages >= source.ages[0]) & (ages <= source.ages[1]))
    return rng(seed, source.id, "order").permutation(rows)


class _Chances:
    """Draws of which records get an error; alike within a family and source when the profile says so."""

    def __init__(self, source: Source, them: People, rates: Profile, seed: int) -> None:
        self.source, self.them, self.rates, self.seed = source, them, rates, seed
        named = [c.id for c in rates.communities]
        tripled = rates.additions.tripled_community
        at = named.index(tripled) if tripled in named else -1
        self.missing_factor = np.where(them.community == at, 3.0, 1.0)

    def hit(self, kind: str, rate: float, missing: bool = False) -> np.ndarray:
        chance = rate * (self.missing_factor if missing else 1.0)
        share = self.rates.additions.family_share
        own = rng(self.seed, self.source.id, kind)
        if not share:
            return own.random(len(self.them)) < chance
        common = own.standard_normal(int(self.them.family.max()) + 1)[self.them.family]
        latent = np.sqrt(share) * common + np.sqrt(1 - share) * own.standard_normal(len(self.them))
        return ndtr(latent) < chance


def _written(
    source: Source, population: People, rows: np.ndarray, rates: Profile, seed: int
) -> pl.DataFrame:
    them = population.take(rows)
    chances = _Chances(source, them, rates, seed)
    columns: dict[str, Any] = {
        "record_id": [f"{source.id[0].upper()}{i:07d}" for i in range(1, len(rows) + 1)],
        "first_name": _first(source, them, chances, seed),
        "surname": _surname(source, them, chances, rates, seed),
        "date_of_birth": _birth(source, them, chances, seed),
        "sex": _without(them.sex, chances.hit("sex", source.sex_missing, missing=True)),
        "postcode": _postcode(source, them, chances, int(population.postcode.max()) + 1, seed),
    }
    ages = _ages(them, rates)
    for scheme, carried in source.identifiers.items():
        values = _co_twins(getattr(population, scheme), population, rows, source, scheme, seed)
        present = ~chances.hit(f"{scheme} absent", 1 - carried.present, missing=True)
        present &= ages >= carried.from_age
        values = _without(values, ~present)
        draw = rng(seed, source.id, scheme, "digit")
        for row in np.flatnonzero(present & chances.hit(f"{scheme} error", carried.error)):
            values[row] = _wrong_digit(values[row], draw)
        values[chances.hit(f"{scheme} placeholder", rates.additions.placeholders) & present] = (
            "9999999999"
        )
        columns[scheme] = values
    return pl.DataFrame({k: pl.Series(k, list(v), dtype=pl.String) for k, v in columns.items()})


def _first(source: Source, them: People, chances: _Chances, seed: int) -> np.ndarray:
    first, forms, draw = them.first.copy(), nicknames(), rng(seed, source.id, "first name letters")
    for row in np.flatnonzero(chances.hit("nickname", source.first_name.nickname)):
        first[row] = shorten(first[row], forms, draw)
    for row in np.flatnonzero(chances.hit("first typo", source.first_name.typo)):
        first[row] = mistype(first[row], draw)
    missing = np.flatnonzero(chances.hit("first missing", source.first_name.missing, missing=True))
    first[missing] = np.array(["Baby", None], dtype=object)[
        (draw.random(len(missing)) < 0.5).astype(int)
    ]
    return first


def _surname(
    source: Source, them: People, chances: _Chances, rates: Profile, seed: int
) -> np.ndarray:
    surname, draw = them.surname.copy(), rng(seed, source.id, "surname letters")
    changed = chances.hit("surname changed", source.surname.changed)
    for c, community in enumerate(rates.communities):
        rows = np.flatnonzero(changed & (them.community == c))
        surname[rows] = pools(community, seed).surnames.draw(draw, len(rows))
    for row in np.flatnonzero(chances.hit("surname typo", source.surname.typo)):
        surname[row] = mistype(surname[row], draw)
    return surname


def _birth(source: Source, them: People, chances: _Chances, seed: int) -> np.ndarray:
    written = np.datetime_as_string(_EPOCH + them.birth.astype("timedelta64[D]")).astype(object)
    draw = rng(seed, source.id, "birth digits")
    for row in np.flatnonzero(chances.hit("birth swapped", source.birth.swapped)):
        year, month, day = written[row].split("-")
        if int(day) <= 12:
            written[row] = f"{year}-{day}-{month}"
    for row in np.flatnonzero(chances.hit("birth typo", source.birth.typo)):
        year, month, day = (int(p) for p in written[row].split("-"))
        part = int(draw.integers(3))
        year += (0, 0, int(draw.choice([-1, 1])))[part]
        month = int(draw.integers(1, 13)) if part == 1 else month
        day = int(draw.integers(1, 29)) if part == 0 else min(day, 28)
        written[row] = f"{year:04d}-{month:02d}-{day:02d}"
    for row in np.flatnonzero(chances.hit("birth first january", source.birth.first_january)):
        written[row] = f"{written[row][:4]}-01-01"
    written[chances.hit("birth missing", source.birth.missing, missing=True)] = None
    return written


def _postcode(source: Source, them: People, chances: _Chances, total: int, seed: int) -> np.ndarray:
    index = them.postcode.copy()
    draw = rng(seed, source.id, "old address")
    moved = chances.hit("moved", source.postcode.moved)
    if chances.rates.additions.family_share:  # a family moves together
        index[moved] = draw.integers(total, size=int(them.family.max()) + 1)[them.family[moved]]
    else:
        index[moved] = draw.integers(total, size=int(moved.sum()))
    written = postcode_text(index, seed)
    written[chances.hit("postcode missing", source.postcode.missing, missing=True)] = None
    return written


def _co_twins(
    values: np.ndarray, population: People, rows: np.ndarray, source: Source, scheme: str, seed: int
) -> np.ndarray:
    """The identifier of each row, some multiples carrying that of the child born with them."""
    own = values[rows].copy()
    is_multiple = population.multiple[rows] >= 0
    hit = is_multiple & (
        rng(seed, source.id, scheme, "co-twin").random(len(rows)) < source.co_twin_identifier
    )
    for at in np.flatnonzero(hit):
        row, multiple = rows[at], population.multiple
        before = row > 0 and multiple[row - 1] == multiple[row]
        neighbour = row - 1 if before else min(row + 1, len(multiple) - 1)
        if multiple[neighbour] == multiple[row]:
            own[at] = values[neighbour]
    return own


def _without(values: np.ndarray, gone: np.ndarray) -> np.ndarray:
    left = values.copy()
    left[gone] = None
    return left


def _wrong_digit(value: str, draw: np.random.Generator) -> str:
    at = int(draw.integers(1, len(value)))
    return value[:at] + str((int(value[at]) + int(draw.integers(1, 10))) % 10) + value[at + 1 :]


def _truth(
    source: str, table: pl.DataFrame, population: People, rows: np.ndarray, rates: Profile
) -> pl.DataFrame:
    them = population.take(rows)
    named = np.array([c.id for c in rates.communities], dtype=object)
    return pl.DataFrame(
        {
            "source": [source] * len(rows),
            "record_id": table["record_id"],
            "person": rows,
            "family": them.family,
            "multiple": them.multiple,
            "community": list(named[them.community]),
            "poor": them.poor,
        }
    )
