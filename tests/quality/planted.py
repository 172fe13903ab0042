"""A small made-up authority without errors, and ways to plant one disagreement at a time, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.identifiers import upn_check_letter
from threecircles.definitions.place import load_place
from threecircles.quality.steps import place_reports

PLANTED = 6
"""At most so many places are planted for each check."""

Tables = dict[str, pl.DataFrame]
Places = set[tuple[str, int]]


def clean_tables(folder: Path) -> Tables:
    """The error-free returns of a made-up place as the checks across returns see them."""
    place = load_place(folder)
    tables = {
        f"sources.{path.parent.name}.{path.stem}": pl.read_parquet(path)
        .drop("_row", strict=False)
        .with_row_index("_row")
        for path in sorted((folder / "truth" / "returns").glob("*/*.parquet"))
    }
    for name, columns in (("pupilonroll", ("dob", "entrydate")),):
        key = next(k for k in tables if k.endswith(f".{name}"))
        # The reader does this to the form in which a school census writes its dates.
        tables[key] = tables[key].with_columns(
            pl.col(c).str.to_date("%Y-%b-%d 00:00:00").dt.strftime("%Y-%m-%d") for c in columns
        )
    reports = {r.return_name: r for r in place_reports(tables, place)}
    return dict(reports["cross"].tables)


def put(tables: Tables, table: str, column: str, values: dict[int, str | None]) -> Tables:
    """The tables with some cells of one column written anew."""
    frame = tables[table]
    cells = frame[column].to_list()
    for row, value in values.items():
        cells[row] = value
    typed = [c for c in frame.columns if c.startswith(f"{column}__")]
    return tables | {
        table: frame.drop(typed).with_columns(pl.Series(column, cells, dtype=pl.String))
    }


def valid_pairs(tables: Tables, one: str, other: str) -> list[tuple[int, int]]:
    """Rows of two tables that carry one pupil number, the first few."""
    names = {"cin": ("cin.ChildIdentifiers", "UPN"), "903": ("s903.Header", "UPN"),
             "school": ("school.pupilonroll", "upn")}  # fmt: skip
    sides = []
    for source, row in ((one, "a"), (other, "b")):
        table, column = names[source]
        sides.append(
            tables[table]
            .with_row_index(row)
            .select(row, pl.col(column).alias("upn"))
            .filter(pl.col("upn").str.contains(r"^[A-Z]\d{12}$"))
            .unique("upn", keep="none")
        )
    both = sides[0].join(sides[1], on="upn").sort("a").head(PLANTED)
    return [(a, b) for a, b in both.select("a", "b").iter_rows()]


def other_sex(text: str | None) -> str:
    """The other one of M and F."""
    return "F" if text == "M" else "M"


def later(text: str, days: int = 400, form: str = "%Y-%m-%d") -> str:
    """A date some days later, in its own form."""
    day = date.fromisoformat(text) if form == "%Y-%m-%d" else _british(text)
    return date.fromordinal(day.toordinal() + days).strftime(form)


def _british(text: str) -> date:
    day, month, year = map(int, text.split("/"))
    return date(year, month, day)


@dataclass(frozen=True)
class Case:
    """One check's planting. sound: tables on which nothing is found. planted: the tables that replace some
    of them. places: (table, row) that must be found then. reference: directories and links. least: places."""

    sound: Tables
    planted: Tables
    places: Places
    reference: dict[str, object] | None = None
    least: int = 1


CIN_PEOPLE, S903_PEOPLE, ROLL = "cin.ChildIdentifiers", "s903.Header", "school.pupilonroll"
EPISODES, DETAILS, PLANS = "s903.Episodes", "cin.CINdetails", "cin.ChildProtectionPlans"


def rows_where(frame: pl.DataFrame, test: pl.Expr) -> list[int]:
    """Positions of the rows for which a test holds."""
    return frame.with_row_index("_n").filter(test)["_n"].to_list()


def _open_care(clean: Tables) -> list[int]:
    return rows_where(clean[EPISODES], pl.col("DEC").is_null() & ~pl.col("LS").is_in(["V3", "V4"]))


def _plan_in_care(clean: Tables) -> Case:
    """X16: plans of children in care, moved onto them."""
    rows = _open_care(clean)
    children = {n: clean[EPISODES]["CHILD"][row] for n, row in enumerate(rows)}
    planted = put(clean, PLANS, "LAchildID", children)
    planted = put(planted, PLANS, "CPPstartDate", dict.fromkeys(children, "2026-03-01"))
    planted = put(planted, PLANS, "CPPendDate", dict.fromkeys(children))
    places = {(PLANS, n) for n in children} | {(EPISODES, row) for row in rows}
    return Case(clean, {PLANS: planted[PLANS]}, places, least=4)


def _other_need(clean: Tables) -> Case:
    """X17: the need at the start of care, where a module was open on that day."""
    rows = rows_where(clean[EPISODES], pl.col("RNE") == "S")
    modules = clean[DETAILS]["LAchildID"].to_list()
    starts = {row: modules.index(clean[EPISODES]["CHILD"][row]) for row in rows}
    planted = put(clean, EPISODES, "CIN", dict.fromkeys(starts, "N5"))
    places = {(EPISODES, row) for row in starts} | {(DETAILS, n) for n in starts.values()}
    return Case(clean, planted, places, least=4)


def _unaccompanied(clean: Tables) -> Case:
    """X19: White British, or a pupil number older than the arrival by more than five years."""
    (row,) = rows_where(clean[S903_PEOPLE], pl.col("UASC") == "1")
    other = 0 if row else 1
    both = put(clean, S903_PEOPLE, "UASC", {other: "1"})
    rest = "926123410001"
    both = put(both, S903_PEOPLE, "UPN", {other: upn_check_letter(rest) + rest})
    arrival = pl.DataFrame({"CHILD": [clean[S903_PEOPLE]["CHILD"][other]], "DUC": ["28/11/2025"]})
    both["s903.UASC"] = pl.concat([clean["s903.UASC"], arrival], how="diagonal")
    both = put(both, S903_PEOPLE, "ETHNIC", {row: "WBRI"})
    return Case(clean, both, {(S903_PEOPLE, row), (S903_PEOPLE, other)}, least=2)


def _on_no_roll(clean: Tables) -> Case:
    """X20: children in care here, of school age, taken off the roll."""
    rows = [n for n in _open_care(clean) if clean[EPISODES]["PL_LOCATION"][n] == "IN"]
    children = [clean[EPISODES]["CHILD"][n] for n in rows]
    people = clean[S903_PEOPLE]["CHILD"].to_list()
    numbers = {clean[S903_PEOPLE]["UPN"][people.index(c)] for c in children}
    gone = clean | {ROLL: clean[ROLL].filter(~pl.col("upn").is_in(list(numbers)))}
    return Case(clean, gone, {(S903_PEOPLE, people.index(c)) for c in children}, least=2)


def _left_care_for_another_home(clean: Tables) -> Case:
    """X22: what the school was told and how care ended."""
    children = [clean[EPISODES]["CHILD"][n] for n in _open_care(clean)]
    ended = dict(zip(_open_care(clean), ("E45", "E11"), strict=True))
    told = dict(zip(children, ("A", "G"), strict=True))
    people = dict(zip(clean[S903_PEOPLE]["CHILD"], clean[S903_PEOPLE]["UPN"], strict=True))
    roll = clean[ROLL]["upn"].to_list()
    at = {child: roll.index(people[child]) for child in children}
    planted = put(clean, EPISODES, "DEC", dict.fromkeys(ended, "01/02/2026"))
    planted = put(planted, EPISODES, "REC", dict(ended))
    planted = put(planted, ROLL, "plaa", {at[child]: letter for child, letter in told.items()})
    places = {(EPISODES, row) for row in ended} | {(ROLL, row) for row in at.values()}
    return Case(clean, planted, places, least=4)


def _forgotten_plans(clean: Tables) -> Case:
    """X23: earlier plans held from last year that this year's count leaves out."""
    known = set(clean[f"{PLANS}_last"]["LAchildID"])
    rows = rows_where(clean[PLANS], pl.col("LAchildID").is_in(list(known)))
    planted = put(clean, PLANS, "NumberOfPreviousCPP", dict.fromkeys(rows, "0"))
    return Case(clean, planted, {(PLANS, row) for row in rows})


def _moved_start(clean: Tables) -> Case:
    """X25: the start of a module that was open last year, written anew."""
    rows = _open_last_year(clean)
    planted = put(clean, DETAILS, "CINreferralDate", dict.fromkeys(rows, "2024-12-24"))
    return Case(clean, planted, {(DETAILS, row) for row in rows}, least=4)


def _late_data(clean: Tables) -> Case:
    """X26: referrals of an earlier year that last year's return did not hold."""
    rows = rows_where(clean[DETAILS], pl.col("CINreferralDate") < "2025-04-01")
    missing = [clean[DETAILS]["LAchildID"][row] for row in rows[:PLANTED]]
    last = clean[f"{DETAILS}_last"].filter(~pl.col("LAchildID").is_in(missing))
    found = rows_where(
        clean[DETAILS], pl.col("LAchildID").is_in(missing) & (pl.col("CINreferralDate") < "2025-04-01")
    )  # fmt: skip
    return Case(clean, {f"{DETAILS}_last": last}, {(DETAILS, row) for row in found}, least=4)


def _open_last_year(clean: Tables) -> list[int]:
    """Rows of this year's modules that were the only ones of their child and open last year."""
    last = clean[f"{DETAILS}_last"].filter(
        pl.col("CINclosureDate").is_null() & (pl.col("ReferralNFA") == "0")
    )
    once = clean[DETAILS]["LAchildID"].is_unique()
    return rows_where(
        clean[DETAILS].with_columns(once=once),
        pl.col("once") & pl.col("LAchildID").is_in(last["LAchildID"].to_list())
        & (pl.col("CINreferralDate") < "2025-04-01"),
    )[:PLANTED]  # fmt: skip


def _leaver_still_in_care(clean: Tables) -> Case:
    """X28: a care leaver whose care has not ended."""
    rows = _open_care(clean)
    ended = clean[EPISODES].filter(pl.col("REC").str.starts_with("E"))["CHILD"].to_list()
    still = [clean[EPISODES]["CHILD"][row] for row in rows]
    sound = clean | {"s903.OC3": _records(CHILD=ended, IN_TOUCH=["YES"] * len(ended))}
    both = {"s903.OC3": _records(CHILD=still + ended, IN_TOUCH=["YES"] * len(still + ended))}
    places = {("s903.OC3", n) for n in range(len(still))} | {(EPISODES, row) for row in rows}
    return Case(sound, both, places, least=4)


def _records(**columns: list[str] | list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _links(clean: Tables, other: str) -> list[dict[str, object]]:
    children = clean["s903.OC2"]["CHILD"]
    return [
        {"source_a": "ssda903", "key_a": child, "source_b": other, "key_b": f"k{n}", "basis": "name", "confidence": 0.99}
        for n, child in enumerate(children)
    ]  # fmt: skip


def _convictions(clean: Tables) -> Case:
    """X32: convicted without an outcome in the year, and an outcome without a conviction."""
    justice = _records(
        yj_id=["k0", "k1"], event_date=["2025-07-01", "2019-07-01"], outcome=["fine", "fine"]
    )
    sound = put(clean, "s903.OC2", "CONVICTED", {0: "1", 1: "0"}) | {
        "justice.youth_justice": justice
    }
    planted = put(sound, "s903.OC2", "CONVICTED", {0: "0", 1: "1"})
    places = {("s903.OC2", 0), ("s903.OC2", 1)}
    return Case(sound, planted, places, {"links": _links(clean, "youth-justice")}, 2)


def _health(clean: Tables) -> Case:
    """X33: a dental check and an assessment that the child health record holds."""
    events = _records(
        nhs_number=["k0", "k1", "k1"], event_kind=["dental check", "health assessment", "immunisation"],
        event_date=["2025-09-01", "2025-10-01", "2019-01-01"],
    )  # fmt: skip
    sound = clean | {"health.child_health": events}
    planted = put(sound, "s903.OC2", "TEETH_CHECK", {0: "0"})
    planted = put(planted, "s903.OC2", "HEALTH_ASSESSMENT", {1: "0"})
    planted = put(planted, "s903.OC2", "IMMUNISATIONS", {1: "0"})
    places = {("s903.OC2", 0), ("s903.OC2", 1)}
    return Case(sound, planted, places, {"links": _links(clean, "child-health")}, 2)


def _to_early_help(clean: Tables) -> Case:
    """X34: closed to early help, and none began."""
    numbers = clean[CIN_PEOPLE].filter(pl.col("UPN").str.contains(r"^[A-Z]\d{12}$"))
    rows = rows_where(clean[DETAILS], pl.col("LAchildID").is_in(numbers["LAchildID"].to_list()))
    rows = [
        n
        for n in rows
        if clean[DETAILS]["LAchildID"].to_list().count(clean[DETAILS]["LAchildID"][n]) == 1
    ][:4]
    numbers_of = dict(zip(clean[CIN_PEOPLE]["LAchildID"], clean[CIN_PEOPLE]["UPN"], strict=True))
    closed = put(clean, DETAILS, "CINclosureDate", dict.fromkeys(rows, "2025-10-01"))
    closed = put(closed, DETAILS, "ReasonForClosure", dict.fromkeys(rows, "RC9"))
    upns = [numbers_of[clean[DETAILS]["LAchildID"][n]] for n in rows]
    begun = _records(
        upn=upns, contact_date=["15/10/2025", "30/11/2025", "01/10/2025", "20/09/2025"][: len(upns)]
    )
    late = _records(
        upn=upns, contact_date=["01/12/2025", "01/03/2026", "01/10/2024", "24/12/2025"][: len(upns)]
    )
    places = {(DETAILS, row) for row in rows}
    return Case(closed | {"help.early_help": begun}, {"help.early_help": late}, places, least=4)


def _profiles(clean: Tables) -> Case:
    """X35: a child of another cohort, and a pupil number on no roll."""
    on_roll = [u for u in clean[ROLL]["upn"] if u][:4]
    days = ["2020-09-01", "2021-08-31", "2020-12-25", "2021-01-01"]
    sound = {"eyfs.eyfs_profile": _records(upn=on_roll, dob=days)}
    wrong = {"eyfs.eyfs_profile": _records(
        upn=[*on_roll[:3], "A000000000000"], dob=["2020-08-31", "2021-09-01", *days[2:]]
    )}  # fmt: skip
    return Case(clean | sound, wrong, {("eyfs.eyfs_profile", n) for n in (0, 1, 3)}, least=3)


def _unknown_providers(clean: Tables) -> Case:
    """X36: a provider on no list, and one that closed during the episode."""
    numbers = clean[EPISODES]["URN"].unique().sort().to_list()
    listed = [
        {"URN": urn, "REG_END": "2025-12-31" if urn == "SC900004" else None} for urn in numbers
    ]
    ends_early = rows_where(clean[EPISODES], pl.col("URN") == "SC900004")
    sound = put(clean, EPISODES, "URN", dict.fromkeys(ends_early, "XXXXXXX"))
    planted = put(clean, EPISODES, "URN", {0: "SC999999"})
    places = {(EPISODES, row) for row in (*ends_early, 0)}
    return Case(sound, planted, places, {"providers": listed}, 2)


def _health_numbers(clean: Tables) -> Case:
    """X38: the known answers of the specification."""
    good = ["943 476 5919", "401-023-2137", "9990000018"]
    bad = ["9434765918", "1000000010", "1000000019", "4444444444", "12345"]
    table = "health.child_health"
    planted = {table: _records(nhs_number=good + bad)}
    places = {(table, len(good) + n) for n in range(len(bad))}
    return Case(clean | {table: _records(nhs_number=good)}, planted, places, least=5)


def _postcodes(clean: Tables) -> Case:
    """X39: a form that none has, and one not in the directory of an area held; other areas stay untested."""
    known = {c for name in ("HOME_POST", "PL_POST") for c in clean[EPISODES][name].drop_nulls()}
    directory = [{"pcd_abbr": c.replace(" ", ""), "laua": "E10900001"} for c in sorted(known)]
    planted = put(clean, EPISODES, "HOME_POST", {1: "EA9 9ZZ", 2: "EA1-9", 3: "ZZ1 1AA"})
    return Case(clean, planted, {(EPISODES, 1), (EPISODES, 2)}, {"postcodes": directory}, 2)


def _distances(clean: Tables) -> Case:
    """X40: placed at home in no such placement, and further than the country is long."""
    planted = put(clean, EPISODES, "PL_POST", {3: clean[EPISODES]["HOME_POST"][3]})
    planted = put(planted, EPISODES, "PLACE", {3: "U4", 4: "K2"})
    planted = put(planted, EPISODES, "PL_DISTANCE", {4: "400.1", 5: "400"})
    return Case(clean, planted, {(EPISODES, 3), (EPISODES, 4)}, least=2)


def _school_far_from_home(clean: Tables) -> Case:
    """X41: placed far away and on the roll here."""
    rows = _open_care(clean)
    people = dict(zip(clean[S903_PEOPLE]["CHILD"], clean[S903_PEOPLE]["UPN"], strict=True))
    roll = clean[ROLL]["upn"].to_list()
    away = put(clean, EPISODES, "PL_LOCATION", dict.fromkeys(rows, "OUT"))
    near = put(away, EPISODES, "PL_DISTANCE", dict.fromkeys(rows, "20"))
    far = put(away, EPISODES, "PL_DISTANCE", dict.fromkeys(rows, "20.1"))
    at = {roll.index(people[clean[EPISODES]["CHILD"][row]]) for row in rows}
    places = {(EPISODES, row) for row in rows} | {(ROLL, row) for row in at}
    return Case(near, far, places, least=4)


def _two_year_places(clean: Tables) -> Case:
    """X44: a place without an offer, and an offer taken up without a place."""
    who = {"surname": ["Ash", "Birch", "Cedar"], "dob": ["2023-05-01", "2023-06-01", "2023-07-01"]}
    where = {"postcode": ["EA1 1AA", "ea11ab", "EA1 1AC"]}
    offers = _records(**who, **where, taken_up_on=["2025-09-01", "2025-10-01", None])
    census = _records(**who, **where, basis_of_two_year_place=["income", "income", None])
    both = {"twos.two_year_place": offers, "nursery.early_years_census": census}
    planted = put(both, "nursery.early_years_census", "surname", {0: "Elm"})
    places = {("nursery.early_years_census", 0), ("twos.two_year_place", 0)}
    return Case(clean | both, planted, places, least=2)


def _alternative(clean: Tables) -> Case:
    """X45: in alternative provision, on no roll and without a plan."""
    on_roll = [u for u in clean[ROLL]["upn"] if u][:2]
    table = "alternative.alternative_provision"
    sound = _records(upn=[*on_roll, "A000000000000", None], sen_provision=["N", "K", "E", None])
    planted = put({table: sound}, table, "upn", {0: "B000000000000"})
    return Case(clean | {table: sound}, planted, {(table, 0)})


CASES: dict[str, Callable[[Tables], Case]] = {
    "X16": _plan_in_care, "X17": _other_need, "X19": _unaccompanied, "X20": _on_no_roll,
    "X22": _left_care_for_another_home, "X23": _forgotten_plans, "X25": _moved_start, "X26": _late_data,
    "X28": _leaver_still_in_care, "X32": _convictions, "X33": _health, "X34": _to_early_help, "X35": _profiles,
    "X36": _unknown_providers, "X38": _health_numbers, "X39": _postcodes, "X40": _distances,
    "X41": _school_far_from_home, "X44": _two_year_places, "X45": _alternative,
}  # fmt: skip
"""Code -> how its cases are planted in the error-free returns of a made-up place."""
