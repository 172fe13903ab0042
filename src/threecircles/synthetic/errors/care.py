"""Mistakes in the two social care returns, one case system behind both: what rules are there to find.

What is wrong with a child (birth date, sex, number) is wrong in both returns and both years, since one
system holds it. Mistakes in events are made return by return. The census stays valid against its
schema: no system lets a code through that the schema refuses.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, age_at, as_dates, birthday
from threecircles.synthetic.errors.log import Log, Tables, edit
from threecircles.synthetic.errors.people import Chances, old_postcode, other_twin, wrong_births
from threecircles.synthetic.errors.text import other_digit, other_postcode
from threecircles.synthetic.world import World


class Desk:
    """The case system's view of each child: what it holds wrongly, drawn once for both returns."""

    def __init__(self, world: World, chances: Chances) -> None:
        g = rng(world.seed, "errors", "care", "children")
        n = world.people.n
        everyone = np.arange(n)

        def chosen(kind: str) -> np.ndarray:
            return np.flatnonzero(g.random(n) < chances.rate(kind, everyone))

        self.world, self.chances = world, chances
        self.birth = np.full(n, -NEVER)
        self.birth_kind = np.full(n, "", dtype="<U40")
        for rows, days, kind in wrong_births(g, world.people.birth, chosen):
            # A birth date that would move a birthday over the year's end is caught at once by the system.
            self.birth[rows], self.birth_kind[rows] = days, kind
        self.birth[self._caught(world)] = -NEVER
        young = np.full(n, False)
        young[
            world.care.period_child[
                world.care.period_start - world.people.birth[world.care.period_child] < 400
            ]
        ] = True
        self.birth[young | (world.people.birth > world.end - 400)] = -NEVER
        self.unknown_sex = np.zeros(n, dtype=bool)
        self.unknown_sex[chosen("sex_missing")] = True
        upn = world.ids.upn.astype(object)
        self.upn_kind = np.full(n, "", dtype="<U40")
        has = upn != ""
        twin = other_twin(world)
        rows = chosen("twin_upn")
        rows = rows[(twin[rows] >= 0) & has[rows]]
        rows = rows[has[twin[rows]]]
        upn[rows], self.upn_kind[rows] = upn[twin[rows]], "the twin's pupil number"
        rows = chosen("upn_digit")
        rows = rows[has[rows] & (self.upn_kind[rows] == "")]
        upn[rows], self.upn_kind[rows] = other_digit(g, upn[rows]), "pupil number typed wrong"
        rows = chosen("upn_missing")
        rows = rows[has[rows]]
        upn[rows], self.upn_kind[rows] = "", "pupil number missing"
        self.upn = upn
        self.by_id = dict(zip(world.ids.care.tolist(), range(n), strict=True))
        # The second registration of a child carries a 9 before the first number.
        self.by_id |= {f"9{i}": k for i, k in self.by_id.items()}

    def _caught(self, world: World) -> np.ndarray:
        """Wrong birth dates that the looked-after return would show at once by an age that does not fit."""
        birth, wrong = world.people.birth, self.birth
        looked_after = np.zeros(world.people.n, dtype=bool)
        looked_after[world.care.period_child] = True
        told = (wrong > -NEVER) & (wrong < NEVER)
        other_age = np.zeros(world.people.n, dtype=bool)
        for years in range(4):
            for shift in (0, 1):
                day = world.end - round(365.25 * years) + shift
                other_age |= age_at(np.where(told, wrong, birth), day) != age_at(birth, day)
        return looked_after & told & (other_age | world.people.uasc)

    def persons(self, ids: pl.Series) -> np.ndarray:
        """Positions of the children with these local ids."""
        return np.array([self.by_id[i] for i in ids.to_list()], dtype="int64")


def put(
    log: Log,
    desk: Desk,
    place: tuple[str, str, str],
    frame: pl.DataFrame,
    key: str,
    column: str,
    rows: np.ndarray,
    values: pl.Series,
    kind: str,
    rules: str | np.ndarray = "",
) -> pl.DataFrame:
    """Write values into some rows of a column and note it; rows that do not change are left out."""
    if len(rows) == 0:
        return frame
    old = frame[column][rows.tolist()]
    values = values.cast(old.dtype)
    differs = (values.ne_missing(old)).to_numpy()
    rows, values, old = (
        rows[differs],
        values.filter(pl.Series(differs)),
        old.filter(pl.Series(differs)),
    )
    if len(rows) == 0:
        return frame
    if not isinstance(rules, str):
        rules = rules[differs]
    ids = frame[key][rows.tolist()]
    persons = desk.world.ids.person_id[desk.persons(ids)]
    log.note(*place, rows, ids, column, kind, old, values, persons, rules)
    return edit(frame, column, rows, values)


def child_errors(log: Log, desk: Desk, source: str, file: str, tables: Tables) -> Tables:
    """What the case system holds wrongly of children, written into every table that repeats it."""
    key = "LAchildID" if source == "cin-census" else "CHILD"
    made = dict(tables)
    for name in tables:
        frame = made[name]
        if frame.height == 0 or key not in frame.columns:
            continue
        place = (source, file, name)
        persons = desk.persons(frame[key])
        dob = "PersonBirthDate" if source == "cin-census" else "DOB"
        if dob in frame.columns:
            stayed = _stayed_at_18(tables) if name == "Header" else {}
            made[name] = frame = _birth(log, desk, place, frame, key, dob, persons, stayed)
        sex = "Sex" if source == "cin-census" else "SEX"
        if sex in frame.columns:
            rows = np.flatnonzero(desk.unknown_sex[persons] & (frame[sex] != "U").to_numpy())
            made[name] = frame = put(
                log,
                desk,
                place,
                frame,
                key,
                sex,
                rows,
                pl.Series(["U"] * len(rows)),
                "sex missing",
                "" if key == "LAchildID" else "232",
            )
        if "UPN" in frame.columns:
            made[name] = _upn(log, desk, place, frame, key, persons)
    return made


def _stayed_at_18(tables: Tables) -> dict[str, int]:
    """Child -> day on which care ended because the young person was 18 and stayed with the carers."""
    if "Episodes" not in tables:
        return {}
    ended = tables["Episodes"].filter((pl.col("REC") == "E17") & pl.col("DEC").is_not_null())
    return dict(zip(ended["CHILD"], ended["DEC"].to_physical(), strict=True))


def _birth(
    log: Log,
    desk: Desk,
    place: tuple[str, str, str],
    frame: pl.DataFrame,
    key: str,
    dob: str,
    persons: np.ndarray,
    stayed: dict[str, int],
) -> pl.DataFrame:
    """Wrong birth dates; whoever stayed with carers at 18 is then told to have been younger (rule 460)."""
    wrong = desk.birth[persons] > -NEVER
    # The looked-after return cannot be sent without a birth date; the census can.
    if place[0] == "ssda903":
        wrong &= desk.birth[persons] < NEVER
    wrong &= frame[dob].is_not_null().to_numpy()
    for kind in np.unique(desk.birth_kind[persons[wrong]]):
        rows = np.flatnonzero(wrong & (desk.birth_kind[persons] == kind))
        adult = birthday(desk.birth[persons[rows]], 18)
        ended = [stayed.get(child, NEVER) for child in frame[key][rows.tolist()]]
        rules = np.where(ended < adult, "460", "8525Q" if kind == "birth date missing" else "")
        frame = put(
            log,
            desk,
            place,
            frame,
            key,
            dob,
            rows,
            as_dates(desk.birth[persons[rows]]),
            str(kind),
            rules,
        )
    return frame


def _upn(
    log: Log,
    desk: Desk,
    place: tuple[str, str, str],
    frame: pl.DataFrame,
    key: str,
    persons: np.ndarray,
) -> pl.DataFrame:
    real = frame["UPN"].str.contains(r"^[A-Z]\d{11}").fill_null(False).to_numpy()
    census = place[0] == "cin-census"
    for kind in ("the twin's pupil number", "pupil number typed wrong", "pupil number missing"):
        rows = np.flatnonzero(real & (desk.upn_kind[persons] == kind))
        values = desk.upn[persons[rows]]
        if kind == "pupil number missing":
            text = pl.Series([None if census else "UN5"] * len(rows), dtype=pl.String)
            frame = put(log, desk, place, frame, key, "UPN", rows, text, kind)
            if census:
                frame = put(
                    log,
                    desk,
                    place,
                    frame,
                    key,
                    "UPNunknown",
                    rows,
                    pl.Series(["UN5"] * len(rows)),
                    kind,
                )
        else:
            rule = {
                "the twin's pupil number": ("1520", "444"),
                "pupil number typed wrong": ("1510", ""),
            }[kind][not census]
            if rule in ("1520", "444"):
                both = np.isin(values, frame["UPN"].drop_nulls().to_numpy())
                rules = np.where(both, rule, "")
            else:
                rules = np.full(len(rows), rule)
            frame = put(
                log,
                desk,
                place,
                frame,
                key,
                "UPN",
                rows,
                pl.Series(values.tolist(), dtype=pl.String),
                kind,
                rules,
            )
    return frame


def home_errors(log: Log, desk: Desk, file: str, tables: Tables) -> Tables:
    """The home's postcode out of date, left out or mistyped, the same all through a period of care."""
    frame = tables["Episodes"]
    place = ("ssda903", file, "Episodes")
    persons = desk.persons(frame["CHILD"])
    steady = rng(desk.world.seed, "errors", "care", "homes")
    draw = {k: steady.random(desk.world.people.n) < desk.chances.rate(k, np.arange(desk.world.people.n))
            for k in ("address_old", "postcode_missing", "postcode_typo")}  # fmt: skip
    old = old_postcode(
        rng(desk.world.seed, "errors", "care", "old homes"),
        desk.world,
        np.arange(desk.world.people.n),
    )
    draw["postcode_typo"] &= ~draw["postcode_missing"]
    known = frame["HOME_POST"].is_not_null().to_numpy() & (frame["PLACE"] != "P1").to_numpy()
    rows = np.flatnonzero(draw["address_old"][persons] & known)
    frame = put(
        log,
        desk,
        place,
        frame,
        "CHILD",
        "HOME_POST",
        rows,
        pl.Series(old[persons[rows]].tolist(), dtype=pl.String),
        "address out of date",
    )
    rows = np.flatnonzero(draw["postcode_typo"][persons] & known)
    values = other_postcode(
        rng(desk.world.seed, "errors", "care", "typos", file),
        frame["HOME_POST"][rows.tolist()].to_numpy(),
    )
    frame = put(
        log,
        desk,
        place,
        frame,
        "CHILD",
        "HOME_POST",
        rows,
        pl.Series(values.tolist(), dtype=pl.String),
        "postcode typed wrong",
        "392a 392c",
    )
    rows = np.flatnonzero(draw["postcode_missing"][persons] & known)
    frame = put(
        log,
        desk,
        place,
        frame,
        "CHILD",
        "HOME_POST",
        rows,
        pl.Series([None] * len(rows), dtype=pl.String),
        "postcode missing",
        "392a 392b",
    )
    return tables | {"Episodes": frame}
