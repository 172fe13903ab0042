"""Names, birth dates, homes and numbers as other offices hold them: what linkage has to see through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, as_dates
from threecircles.synthetic.errors.log import Log, edit
from threecircles.synthetic.errors.text import nicknames, other_digit, other_postcode, typos
from threecircles.synthetic.homes import postcode_on
from threecircles.synthetic.names import COMMUNITIES, pools
from threecircles.synthetic.world import World


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold what; blank where the table has none. date: how it writes a date."""

    key: str
    given: str = ""
    surname: str = ""
    dob: str = ""
    sex: str = ""
    postcode: str = ""
    upn: str = ""
    ethnicity: str = ""
    date: str = "%Y-%m-%d"


@dataclass(frozen=True)
class Chances:
    """Rates of one source and the weight of each child in it: errors cluster in families and with need."""

    name: str
    rates: dict[str, float]
    weight: np.ndarray
    nickname: np.ndarray
    missing: np.ndarray

    def rate(self, kind: str, persons: np.ndarray) -> np.ndarray:
        """Chance of this kind of error for each child named."""
        base = self.rates.get(kind, 0.0) * self.weight[persons]
        if kind == "nickname":
            base = base * self.nickname[persons]
        if kind.endswith("missing"):
            base = base * self.missing[persons]
        return np.minimum(base, 0.95)


def make_chances(world: World, source: str) -> Chances:
    """Chances of one source group: school, care, help or survey."""
    p, people = world.profile["errors"], world.people
    g = rng(world.seed, "errors", "families", source)
    family = np.exp(g.normal(0, p["family_sd"], len(people.fam_lsoa)))
    weight = np.exp(np.log(p["need_odds_ratio"]) * np.clip(world.need.index[-1], -2, 3))
    weight = weight * np.where(people.family >= 0, family[people.family], 1.0)
    # The rates are those of the source's own children, who have more need than others.
    own = _children_of(world, source)
    weight = weight / (weight[own].mean() if len(own) else 1.0)
    british = list(COMMUNITIES).index("british")
    community = np.where(people.family >= 0, people.fam_community[people.family], -1)
    nickname = np.where(community == british, 1.0, p["minority_nickname_factor"])
    group = people.ethnic_codes.index(p["missing_group"])
    return Chances(
        source, p[source], weight, nickname / nickname.mean(),
        np.where(people.ethnic == group, p["missing_group_factor"], 1.0),
    )  # fmt: skip


def _children_of(world: World, source: str) -> np.ndarray:
    if source == "care":
        return world.episodes.child[world.episodes.close > world.end - 365]
    if source == "help":
        return world.early_help.child[world.early_help.closed > world.end - 365]
    return np.flatnonzero(world.enrolment.school >= 0)


class Marks:
    """Rows of one table that get one kind of error each, with what is needed to write it down."""

    def __init__(
        self,
        world: World,
        log: Log,
        place: tuple[str, str, str],
        columns: Columns,
        persons: np.ndarray,
    ) -> None:
        self.world, self.log, self.place, self.columns, self.persons = (
            world,
            log,
            place,
            columns,
            persons,
        )

    def change(
        self,
        frame: pl.DataFrame,
        column: str,
        rows: np.ndarray,
        values: np.ndarray,
        kind: str,
        rules: str = "",
    ) -> pl.DataFrame:
        """Write values into rows of a column and note each change; equal values are no change."""
        new = pl.Series(
            values.tolist() if values.dtype == object else values, dtype=pl.String, strict=False
        )
        old = frame[column][rows.tolist()].cast(pl.String)
        differs = (new.fill_null("") != old.fill_null("")).to_numpy()
        rows, new, old = (
            rows[differs],
            new.filter(pl.Series(differs)),
            old.filter(pl.Series(differs)),
        )
        source, file, table = self.place
        persons = self.world.ids.person_id[self.persons[rows]]
        self.log.note(
            source,
            file,
            table,
            rows,
            frame[self.columns.key][rows.tolist()],
            column,
            kind,
            old,
            new,
            persons,
            rules,
        )
        return edit(frame, column, rows, new)


def spoil(
    world: World,
    log: Log,
    place: tuple[str, str, str],
    frame: pl.DataFrame,
    columns: Columns,
    persons: np.ndarray,
    chances: Chances,
) -> pl.DataFrame:
    """A table of persons with the errors of its source in names, birth dates, sex, homes and numbers.

    place: source, delivery and table. persons: the child of each row.
    """
    marks = Marks(world, log, place, columns, persons)
    g = rng(world.seed, "errors", *place)

    def chosen(kind: str) -> np.ndarray:
        return np.flatnonzero(g.random(len(persons)) < chances.rate(kind, persons))

    frame = _names(g, marks, frame, chosen)
    frame = _birth(g, marks, frame, chosen)
    if columns.sex:
        rows = chosen("sex_missing")
        unknown = "Unknown" if columns.sex == "sex" and columns.date != "%Y-%b-%d 00:00:00" else "U"
        frame = marks.change(
            frame, columns.sex, rows, np.full(len(rows), unknown, dtype=object), "sex missing"
        )
    frame = _homes(g, marks, frame, chosen)
    return _numbers(g, marks, frame, chosen)


def _names(
    g: np.random.Generator, marks: Marks, frame: pl.DataFrame, chosen: Callable[[str], np.ndarray]
) -> pl.DataFrame:
    c, world = marks.columns, marks.world
    if not c.given:
        return frame
    for kind, label, maker in (
        ("nickname", "nickname", nicknames),
        ("given_typo", "given name typed wrong", typos),
    ):
        rows = chosen(kind)
        frame = marks.change(
            frame, c.given, rows, maker(g, frame[c.given][rows.tolist()].to_numpy()), label
        )
    rows = chosen("other_surname")
    community = np.maximum(world.people.family[marks.persons[rows]], 0)
    pool = pools().surnames
    names = [pool[k][g.integers(0, len(pool[k]))] for k in world.people.fam_community[community]]
    frame = marks.change(frame, c.surname, rows, np.array(names, dtype=object), "another surname")
    rows = chosen("surname_typo")
    frame = marks.change(
        frame,
        c.surname,
        rows,
        typos(g, frame[c.surname][rows.tolist()].to_numpy()),
        "surname typed wrong",
    )
    rows = chosen("baby")
    rows = rows[(world.end - world.people.birth[marks.persons[rows]]) < 3 * 365]
    frame = marks.change(
        frame, c.given, rows, np.full(len(rows), "Baby", dtype=object), "no given name yet"
    )
    rows = chosen("swapped")
    given = frame[c.given][rows.tolist()].to_numpy().astype(object)
    surname = frame[c.surname][rows.tolist()].to_numpy().astype(object)
    frame = marks.change(frame, c.given, rows, surname, "names the other way round")
    return marks.change(frame, c.surname, rows, given, "names the other way round")


def wrong_births(
    g: np.random.Generator, birth: np.ndarray, chosen: Callable[[str], np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray, str]]:
    """Rows, days and kind of each error in a date of birth; NEVER is a date left out."""
    stamp = birth.astype("datetime64[D]")
    month = stamp.astype("datetime64[M]")
    day = (stamp - month).astype("int64") + 1
    number = month.astype("int64") % 12 + 1
    year_start = stamp.astype("datetime64[Y]")
    swapped = (
        (year_start.astype("datetime64[M]") + (day - 1).clip(0, 11)).astype("datetime64[D]")
        + (number - 1)
    ).astype("int64")
    made = []
    rows = chosen("dob_swapped")
    rows = rows[(day[rows] <= 12) & (day[rows] != number[rows])]
    made.append((rows, swapped[rows], "day and month of birth swapped"))
    rows = chosen("dob_part")
    # A slip of a few days in the same month: the part most often misheard.
    other = (
        month[rows].astype("datetime64[D]") + (day[rows] - 1 + g.integers(1, 20, len(rows))) % 28
    ).astype("int64")
    made.append((rows, other, "one part of the birth date wrong"))
    rows = chosen("dob_january")
    made.append(
        (rows, year_start[rows].astype("datetime64[D]").astype("int64"), "1 January as birth date")
    )
    rows = chosen("dob_missing")
    made.append((rows, np.full(len(rows), NEVER), "birth date missing"))
    return made


def _birth(
    g: np.random.Generator, marks: Marks, frame: pl.DataFrame, chosen: Callable[[str], np.ndarray]
) -> pl.DataFrame:
    c = marks.columns
    if not c.dob:
        return frame
    birth = marks.world.people.birth[marks.persons]
    for rows, days, kind in wrong_births(g, birth, chosen):
        text = as_dates(days).dt.strftime(c.date).to_numpy().astype(object)
        frame = marks.change(frame, c.dob, rows, text, kind)
    return frame


def old_postcode(g: np.random.Generator, world: World, persons: np.ndarray) -> np.ndarray:
    """An address the family has left, or where it never moved one near by: text, None for no family."""
    back = postcode_on(world.homes, world.people, persons, world.end - 5 * 365)
    now = postcode_on(world.homes, world.people, persons, world.end)
    near = (now + g.integers(1, 30, len(persons))) % (world.land.pc_lsoa >= 0).sum()
    found = np.where(back == now, near, back)
    text = world.land.pc[np.maximum(found, 0)].astype(object)
    text[now < 0] = None
    return text


def _homes(
    g: np.random.Generator, marks: Marks, frame: pl.DataFrame, chosen: Callable[[str], np.ndarray]
) -> pl.DataFrame:
    c = marks.columns
    if not c.postcode:
        return frame
    rows = chosen("address_old")
    frame = marks.change(
        frame,
        c.postcode,
        rows,
        old_postcode(g, marks.world, marks.persons[rows]),
        "address out of date",
    )
    rows = chosen("postcode_typo")
    rows = rows[frame[c.postcode][rows.tolist()].is_not_null().to_numpy()]
    frame = marks.change(
        frame,
        c.postcode,
        rows,
        other_postcode(g, frame[c.postcode][rows.tolist()].to_numpy()),
        "postcode typed wrong",
    )
    rows = chosen("postcode_missing")
    return marks.change(
        frame, c.postcode, rows, np.full(len(rows), None, dtype=object), "postcode missing"
    )


def _numbers(
    g: np.random.Generator, marks: Marks, frame: pl.DataFrame, chosen: Callable[[str], np.ndarray]
) -> pl.DataFrame:
    c = marks.columns
    if not c.upn:
        return frame
    twin = other_twin(marks.world)
    rows = chosen("twin_upn")
    rows = rows[twin[marks.persons[rows]] >= 0]
    other = marks.world.ids.upn[twin[marks.persons[rows]]].astype(object)
    has = frame[c.upn][rows.tolist()].is_not_null().to_numpy() & (other != "")
    frame = marks.change(frame, c.upn, rows[has], other[has], "the twin's pupil number")
    rows = chosen("upn_digit")
    rows = rows[frame[c.upn][rows.tolist()].is_not_null().to_numpy()]
    frame = marks.change(
        frame,
        c.upn,
        rows,
        other_digit(g, frame[c.upn][rows.tolist()].to_numpy()),
        "pupil number typed wrong",
    )
    rows = chosen("upn_missing")
    return marks.change(
        frame, c.upn, rows, np.full(len(rows), None, dtype=object), "pupil number missing"
    )


def other_twin(world: World) -> np.ndarray:
    """For each child the next child of the same multiple birth, -1 for single children."""
    twin = world.people.twin
    found = np.full(world.people.n, -1)
    who = np.flatnonzero(twin >= 0)
    who = who[np.argsort(twin[who], kind="stable")]
    same = twin[who[:-1]] == twin[who[1:]]
    found[who[:-1][same]] = who[1:][same]
    found[who[1:][same]] = who[:-1][same]
    return found
