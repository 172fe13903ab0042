"""Disagreements between the two returns, the school census and last year's files, one check at a time (X01 to X28)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
from tests.quality.planted import (
    CIN_PEOPLE,
    DETAILS,
    EPISODES,
    PLANS,
    PLANTED,
    ROLL,
    S903_PEOPLE,
    START,
    TABLE,
    Case,
    Places,
    Tables,
    all_pairs,
    day_of,
    good_upn,
    later,
    made_up_upn,
    modules,
    open_care,
    other_sex,
    pairs,
    put,
    records,
    rows_where,
    taught_in_care,
    without,
)  # fmt: skip

NEEDS = [f"N{n}" for n in range(1, 9)]
MAIN = {"W": "White", "M": "Mixed", "A": "Asian", "C": "Asian", "B": "Black", "O": "Other"}
Plant = Callable[[Tables], Case]


def _value_differs(
    one: str, other: str, field: str, column: str, changed: Callable[[str], str]
) -> Plant:
    """X01 to X06: what one of two returns says of each pair is changed, one pair's left unknown."""

    def plant(clean: Tables) -> Case:
        both = pairs(clean, one, other)
        assert len(both) > 2
        (unknown, _), *rest = both
        if field == "dob":  # Without one pupil number the birth date is what makes them one child.
            rest = [(a, b) for a, b in rest if good_upn(a["upn"]) and a["upn"] == b["upn"]]
        table = TABLE[one]
        planted = put(clean, table, column, {
            unknown["row"]: None,
            **{a["row"]: changed(clean[table][column][a["row"]]) for a, _ in rest[:PLANTED]},
        })  # fmt: skip
        places = {(table, a["row"]) for a, _ in rest[:PLANTED]}
        places |= {(TABLE[other], b["row"]) for _, b in rest[:PLANTED]}
        now = pairs(planted, one, other)
        can = sum(a[field] is not None and b[field] is not None for a, b in now)
        return Case(clean, planted, places, (can, len(now) - can), least=4)

    return plant


def _other_number(clean: Tables) -> Case:
    """X07: the looked-after return has another pupil number; one that the census holds as former agrees."""
    both = pairs(clean, "cin", "903")
    planted = put(clean, S903_PEOPLE, "UPN", {b["row"]: made_up_upn(b["row"]) for _, b in both})
    (former, other), *rest = both
    planted = put(planted, CIN_PEOPLE, "FormerUPN", {former["row"]: made_up_upn(other["row"])})
    rest = [(a, b) for a, b in rest if good_upn(a["upn"])]
    places = {(CIN_PEOPLE, a["row"]) for a, _ in rest} | {(S903_PEOPLE, b["row"]) for _, b in rest}
    now = all_pairs(planted)
    can = sum(good_upn(a["upn"]) and good_upn(b["upn"]) for _, a, _, b in now)
    return Case(clean, planted, places, (can, len(now) - can), least=4)


def _number_missing(clean: Tables) -> Case:
    """X08: no pupil number in the census, a valid one in the looked-after return."""
    numbers = ["UN1", None, "UN7", None, "UN2"]
    rows = [a["row"] for a, b in pairs(clean, "cin", "903") if good_upn(b["upn"])][: len(numbers)]
    planted = put(clean, CIN_PEOPLE, "UPN", dict(zip(rows, numbers, strict=False)))
    return Case(
        clean, planted, {(CIN_PEOPLE, n) for n in rows}, (len(all_pairs(planted)), 0), least=4
    )


def _ethnic_group(code: str | None) -> str | None:
    return MAIN.get(code[:1]) if code and code not in ("REFU", "NOBT") else None


def _other_ethnicity(clean: Tables) -> Case:
    """X09: another main group in the looked-after return; a refusal and a group within the main one are no finding."""
    both = pairs(clean, "cin", "903")
    refused, within, *rest = both
    other = {b["row"]: "BCRB" if _ethnic_group(b["ethnic"]) != "Black" else "WBRI" for _, b in rest}
    own = within[1]["ethnic"]
    same = next(
        c
        for c in ("WOTH", "BOTH", "AOTH", "MOTH", "OOTH")
        if _ethnic_group(c) == _ethnic_group(own)
    )
    planted = put(
        clean, S903_PEOPLE, "ETHNIC", other | {refused[1]["row"]: "REFU", within[1]["row"]: same}
    )
    places: Places = set()
    for one, a, second, b in all_pairs(planted):
        if (second == "903" or one == "903") and _differ(a, b):
            places |= {(TABLE[one], a["row"]), (TABLE[second], b["row"])}
    now = all_pairs(planted)
    can = sum(bool(_ethnic_group(a["ethnic"]) and _ethnic_group(b["ethnic"])) for _, a, _, b in now)
    assert {(S903_PEOPLE, b["row"]) for _, b in rest} <= places
    return Case(clean, planted, places, (can, len(now) - can), least=4)


def _differ(a: dict, b: dict) -> bool:
    one, other = _ethnic_group(a["ethnic"]), _ethnic_group(b["ethnic"])
    return bool(one and other and one != other)


def _ethnicity_missing(clean: Tables) -> Case:
    """X10: not obtained in the census, known in the looked-after return; where both lack it, none is found."""
    both = pairs(clean, "cin", "903")
    children = clean["cin.ChildCharacteristics"]["LAchildID"].to_list()
    at = {children.index(a["key"]): "NOBT" for a, _ in both}
    planted = put(clean, "cin.ChildCharacteristics", "Ethnicity", at)
    lost = both[0][1]["row"]
    planted = put(planted, S903_PEOPLE, "ETHNIC", {lost: None})
    places: Places = set()
    for one, a, other, b in all_pairs(planted):
        for (source, own), held in (((one, a), b), ((other, b), a)):
            if own["ethnic"] in (None, "NOBT") and _ethnic_group(held["ethnic"]):
                places.add((TABLE[source], own["row"]))
    assert {(CIN_PEOPLE, a["row"]) for a, _ in both[1:]} <= places
    sound_lacks = {t for t, _ in places} <= {CIN_PEOPLE, S903_PEOPLE}
    assert sound_lacks
    return Case(clean, planted, places, (len(all_pairs(planted)), 0), least=4)


def _two_identifiers(clean: Tables) -> Case:
    """X11: one pupil number, another identifier of the authority in the looked-after return."""
    both = [
        (a, b) for a, b in pairs(clean, "cin", "903") if a["upn"] == b["upn"] and good_upn(a["upn"])
    ]
    planted = put(clean, S903_PEOPLE, "CHILD", {b["row"]: f"X{b['row']}" for _, b in both})
    places = {(CIN_PEOPLE, a["row"]) for a, _ in both} | {(S903_PEOPLE, b["row"]) for _, b in both}
    return Case(clean, planted, places, (len(both), 0), least=4)


def _closed_in_care(clean: Tables) -> Tables:
    return put(clean, DETAILS, "CINclosureDate", dict.fromkeys(need_in_care(clean), "2026-02-10"))


def need_in_care(clean: Tables) -> dict[int, int]:
    """Rows of the episodes of need of children in care on 10 February and still, with those of care on that day."""
    day, care, now = date(2026, 2, 10), clean[EPISODES], _in_care_now(clean)
    cared = {
        child: n for n, child in enumerate(care["CHILD"])
        if child in now and day_of(care["DECOM"][n]) <= day and (day_of(care["DEC"][n]) or date.max) > day
    }  # fmt: skip
    return {
        n: cared[child] for n, child in enumerate(clean[DETAILS]["LAchildID"])
        if child in cared and clean[DETAILS]["CINclosureDate"][n] is None and clean[DETAILS]["ReferralNFA"][n] == "0"
    }  # fmt: skip


def _in_care_now(clean: Tables) -> list[str]:
    return [clean[EPISODES]["CHILD"][n] for n in open_care(clean)]


def _care_without_need(clean: Tables) -> Case:
    """X12: the episodes of need of each child in care closed in February."""
    heads = clean[S903_PEOPLE]["CHILD"].to_list()
    places = {(EPISODES, n) for n in open_care(clean)}
    places |= {(S903_PEOPLE, heads.index(child)) for child in _in_care_now(clean)}
    rows = [n for child in _in_care_now(clean) for n in modules(clean, child)]
    closed = put(clean, DETAILS, "CINclosureDate", dict.fromkeys(rows, "2026-02-10"))
    return Case(clean, closed, places, (len(open_care(clean)), 0), least=4)


def _need_closed_in_care(clean: Tables) -> Case:
    """X13: the same, told at the closure; the day on which care ends too is no finding."""
    planted = _closed_in_care(clean)
    rows = need_in_care(clean)
    places = {(EPISODES, n) for n in rows.values()} | {(DETAILS, n) for n in rows}
    told = [
        planted[DETAILS]["CINclosureDate"][n]
        for a, _ in pairs(planted, "cin", "903")
        for n in modules(planted, a["key"])
    ]
    return Case(
        clean, planted, places, (sum(t is not None for t in told), told.count(None)), least=4
    )


def _ends_contradict(clean: Tables) -> Case:
    """X14: adopted in one return, another order in the other, and a death told only in need."""
    still = open_care(clean)
    both = {n: row for n, row in need_in_care(clean).items() if row in still}
    adopted, died = list(both)[:2]
    planted = _closed_in_care(clean)
    planted = put(planted, EPISODES, "DEC", {both[adopted]: "10/02/2026"})
    planted = put(planted, EPISODES, "REC", {both[adopted]: "E45"})
    planted = put(planted, DETAILS, "ReasonForClosure", {adopted: "RC1", died: "RC2"})
    places = {(EPISODES, both[n]) for n in (adopted, died)} | {
        (DETAILS, n) for n in (adopted, died)
    }
    met = 0
    for a, b in pairs(planted, "cin", "903"):
        for n in modules(planted, a["key"]):
            closed = day_of(planted[DETAILS]["CINclosureDate"][n])
            for e in planted[EPISODES].filter(pl.col("CHILD") == b["key"]).iter_rows(named=True):
                ended = day_of(e["DEC"])
                near = ended and closed and e["REC"] != "X1" and abs((ended - closed).days) <= 31
                running = not ended and closed and day_of(e["DECOM"]) <= closed
                met += bool(near or running)
    return Case(clean, planted, places, (met, 0), least=4)


def _deaths(clean: Tables) -> Case:
    """X15: died in one return only, and on different days; a death told alike is no finding."""
    rows = open_care(clean)
    heads = pairs(clean, "cin", "903")
    cared = clean[EPISODES]["CHILD"].to_list()
    person = {b["key"]: a["row"] for a, b in heads if b["key"] in cared}
    last = {child: max(n for n, c in enumerate(cared) if c == child) for child in person}
    alike, apart, *rest = [c for c in person if last[c] in rows] + [
        c for c in person if last[c] not in rows
    ]
    planted = put(clean, EPISODES, "DEC", {last[alike]: "10/02/2026", last[apart]: "10/02/2026"})
    planted = put(planted, EPISODES, "REC", {last[alike]: "E2", last[apart]: "E2"})
    deaths = {
        person[alike]: "2026-02-10",
        person[apart]: "2026-02-11",
        person[rest[0]]: "2025-11-01",
    }
    planted = put(planted, CIN_PEOPLE, "PersonDeathDate", deaths)
    places = {(CIN_PEOPLE, person[c]) for c in (apart, rest[0])} | {
        (EPISODES, last[c]) for c in (apart, rest[0])
    }
    return Case(clean, planted, places, (len(person), len(heads) - len(person)), least=4)


def _plan_in_care(clean: Tables) -> Case:
    """X16: plans of children in care, moved onto them."""
    rows = open_care(clean)
    children = {n: clean[EPISODES]["CHILD"][row] for n, row in enumerate(rows)}
    planted = put(clean, PLANS, "LAchildID", children)
    planted = put(planted, PLANS, "CPPstartDate", dict.fromkeys(children, "2026-03-01"))
    planted = put(planted, PLANS, "CPPendDate", dict.fromkeys(children))
    places = {(PLANS, n) for n in children} | {(EPISODES, row) for row in rows}
    here = [a["key"] for a, _ in pairs(planted, "cin", "903")]
    compared = sum(here.count(child) for child in planted[PLANS]["LAchildID"])
    return Case(clean, {PLANS: planted[PLANS]}, places, (compared, 0), least=4)


def _open_on(clean: Tables, episode: dict[str, str]) -> int:
    """Row of the child's episode of need that was open on the day an episode of care began."""
    day, details = day_of(episode["DECOM"]), clean[DETAILS]
    return max(
        n for n in modules(clean, episode["CHILD"])
        if day_of(details["CINreferralDate"][n]) <= day <= (day_of(details["CINclosureDate"][n]) or date.max)
    )  # fmt: skip


def _other_need(clean: Tables) -> Case:
    """X17: the need at the start of care, where a module was open on that day; an unknown one is not compared."""
    rows = rows_where(clean[EPISODES], pl.col("RNE") == "S")
    starts = {row: _open_on(clean, clean[EPISODES].row(row, named=True)) for row in rows}
    planted = put(clean, EPISODES, "CIN", dict.fromkeys(starts, "N5"))
    places = {(EPISODES, row) for row in starts} | {(DETAILS, n) for n in starts.values()}
    can = cannot = 0
    for a, b in pairs(planted, "cin", "903"):
        for e in (
            planted[EPISODES]
            .filter((pl.col("CHILD") == b["key"]) & (pl.col("RNE") == "S"))
            .iter_rows(named=True)
        ):
            for n in modules(planted, a["key"]):
                row = planted[DETAILS].row(n, named=True)
                began, closed = day_of(row["CINreferralDate"]), day_of(row["CINclosureDate"])
                if began <= day_of(e["DECOM"]) and (closed is None or closed >= day_of(e["DECOM"])):
                    known = row["PrimaryNeedCode"] in NEEDS and e["CIN"] is not None
                    can, cannot = can + known, cannot + (not known)
    return Case(clean, planted, places, (can, cannot), least=4)


def _disability(clean: Tables) -> Case:
    """X18: a need for disability, or a plan at school, and no disability recorded."""
    plans = [
        (a["row"], a["key"])
        for a, b in pairs(clean, "cin", "school")
        if clean[ROLL]["senprovision"][b["row"]] == "E"
    ]
    needs = set(clean[DETAILS].filter(pl.col("PrimaryNeedCode") == "N2")["LAchildID"])
    needs |= {a["key"] for a, b in pairs(clean, "cin", "903")
              if "N2" in clean[EPISODES].filter(pl.col("CHILD") == b["key"])["CIN"].to_list()}  # fmt: skip
    acted = set(clean[DETAILS].filter(pl.col("ReferralNFA") == "0")["LAchildID"])
    both = dict(plans) | {n: c for n, c in enumerate(clean[CIN_PEOPLE]["LAchildID"]) if c in needs}
    rows = {n: child for n, child in both.items() if child in acted}
    told = clean["cin.Disabilities"]["LAchildID"].to_list()
    at = [n for n, child in enumerate(told) if child in rows.values()]
    planted = put(clean, "cin.Disabilities", "Disability", dict.fromkeys(at, "NONE"))
    return Case(
        clean, planted, {(CIN_PEOPLE, n) for n in rows}, (clean[CIN_PEOPLE].height, 0), least=4
    )


def _unaccompanied(clean: Tables) -> Case:
    """X19: White British, or a pupil number older than the arrival by more than five years."""
    row, *more = rows_where(clean[S903_PEOPLE], pl.col("UASC") == "1")
    other = 0 if row else 1
    both = put(clean, S903_PEOPLE, "UASC", {other: "1"})
    both = put(both, S903_PEOPLE, "UPN", {other: made_up_upn(12000001)})
    arrival = records(CHILD=[clean[S903_PEOPLE]["CHILD"][other]], DUC=["28/11/2025"])
    both["s903.UASC"] = pl.concat([clean["s903.UASC"], arrival], how="diagonal")
    both = put(both, S903_PEOPLE, "ETHNIC", {row: "WBRI"})
    return Case(
        clean, both, {(S903_PEOPLE, row), (S903_PEOPLE, other)}, (2 + len(more), 0), least=2
    )


def _on_no_roll(clean: Tables) -> Case:
    """X20: children in care here since the census, of school age, taken off the roll."""
    care, people = clean[EPISODES], clean[S903_PEOPLE]
    heads = people["CHILD"].to_list()
    came = {}
    for child, day in care.select("CHILD", "DECOM").iter_rows():
        came[child] = min(day_of(day), came.get(child, date.max))
    placed = {care["CHILD"][n] for n in open_care(clean) if care["PL_LOCATION"][n] == "IN"}
    rows = [
        n for n, child in enumerate(heads)
        if child in placed and came[child] <= date(2026, 1, 15)
        and date(2009, 8, 31) < day_of(people["DOB"][n]) <= date(2020, 8, 31)
    ]  # fmt: skip
    numbers = {people["UPN"][n] for n in rows}
    gone = without(clean, ROLL, pl.col("upn").is_in(list(numbers)))
    unknown = {care["CHILD"][n] for n in open_care(clean) if care["PL_LOCATION"][n] is None}
    return Case(clean, gone, {(S903_PEOPLE, n) for n in rows}, (len(rows), len(unknown)), least=2)


def _two_rolls(clean: Tables) -> Case:
    """X21: one pupil on two rolls, and one who is told to have left after census day."""
    numbers = [n for n, upn in enumerate(clean[ROLL]["upn"]) if good_upn(upn)]
    first, second, third, fourth = numbers[:4]
    twice = put(clean, ROLL, "upn", {second: clean[ROLL]["upn"][first]})
    twice = put(twice, ROLL, "enrolstatus", {first: "C", second: "C"})
    left = [clean[ROLL]["upn"][third], clean[ROLL]["upn"][fourth]]
    gone = {
        "school.pupilnolongeronroll": records(upn=left, leavingdate=["2026-01-16", "2026-01-15"])
    }
    sound = clean | {
        "school.pupilnolongeronroll": records(upn=left, leavingdate=["2026-01-15"] * 2)
    }
    places = {(ROLL, n) for n in (first, second, third)} | {("school.pupilnolongeronroll", 0)}
    good = sum(good_upn(upn) for upn in twice[ROLL]["upn"])
    return Case(sound, twice | gone, places, (good, clean[ROLL].height - good), least=4)


def _left_care_for_another_home(clean: Tables) -> Case:
    """X22: what the school was told and how care ended."""
    taught = dict(list(taught_in_care(clean).items())[:2])
    ended = dict(zip(taught, ("E45", "E11"), strict=True))
    at = dict(zip(taught.values(), ("A", "G"), strict=True))
    planted = put(clean, EPISODES, "DEC", dict.fromkeys(ended, "01/02/2026"))
    planted = put(planted, EPISODES, "REC", dict(ended))
    planted = put(planted, ROLL, "plaa", at)
    places = {(EPISODES, row) for row in ended} | {(ROLL, row) for row in at}
    told_at_school = sum(
        planted[ROLL]["plaa"][b["row"]] is not None for _, b in pairs(planted, "903", "school")
    )
    return Case(clean, planted, places, (told_at_school, 0), least=4)


def _forgotten_plans(clean: Tables) -> Case:
    """X23: earlier plans held from last year that this year's count leaves out."""
    known = clean[f"{PLANS}_last"].select("LAchildID", "CPPstartDate").rows()
    held = rows_where(clean[PLANS], pl.col("LAchildID").is_in([child for child, _ in known]))
    now = clean[PLANS].select("LAchildID", "CPPstartDate").rows()
    rows = [n for n in held if any(c == now[n][0] and start < now[n][1] for c, start in known)]
    planted = put(clean, PLANS, "NumberOfPreviousCPP", dict.fromkeys(rows, "0"))
    return Case(clean, planted, {(PLANS, row) for row in rows}, (len(held), 0))


def _open_then(clean: Tables, table: str) -> list[int]:
    """Rows of last year's records that were open at the end of last year."""
    still = {
        DETAILS: pl.col("CINclosureDate").is_null() & (pl.col("ReferralNFA") == "0"),
        PLANS: pl.col("CPPendDate").is_null(),
        EPISODES: pl.col("DEC").is_null(),
    }
    return rows_where(clean[f"{table}_last"], still[table])


KEYS = {
    DETAILS: ("LAchildID", "CINreferralDate"),
    PLANS: ("LAchildID", "CPPstartDate"),
    EPISODES: ("CHILD", "DECOM"),
}


def _with_open_plans(clean: Tables) -> Tables:
    """Last year's plans, two of them still open, which this year holds from the same day."""
    last = put(clean, f"{PLANS}_last", "CPPendDate", {1: None, 2: None})
    more = records(
        LAchildID=last[f"{PLANS}_last"]["LAchildID"][1:3], CPPstartDate=last[f"{PLANS}_last"]["CPPstartDate"][1:3],
        NumberOfPreviousCPP=["9", "9"],
    )  # fmt: skip
    return last | {PLANS: pl.concat([last[PLANS], more], how="diagonal")}


def _open_and_here(clean: Tables) -> int:
    return sum(
        clean[f"{t}_last"][KEYS[t][0]][n] in clean[t][KEYS[t][0]].to_list()
        for t in KEYS
        for n in _open_then(clean, t)
    )


def _gone_since(clean: Tables) -> Case:
    """X24: children with an open module, plan or episode of care last year, absent this year."""
    sound = _with_open_plans(clean)
    planted, places = sound, set()
    for table, (key, _) in KEYS.items():
        rows = _open_then(sound, table)[:PLANTED]
        gone = [sound[f"{table}_last"][key][n] for n in rows]
        planted = without(planted, table, pl.col(key).is_in(gone))
        places |= {
            (f"{table}_last", n)
            for n in _open_then(sound, table)
            if sound[f"{table}_last"][key][n] in gone
        }
    compared = sum(len(_open_then(sound, t)) for t in KEYS)
    return Case(sound, planted, places, (compared, 0), least=8)


def _moved_start(clean: Tables) -> Case:
    """X25: the start of a module, plan or episode that was open last year, written anew."""
    sound = _with_open_plans(clean)
    planted, places = sound, set()
    for table, (key, start) in KEYS.items():
        here = sound[table][key].to_list()
        for n in _open_then(sound, table)[:PLANTED]:
            child, day = sound[f"{table}_last"][key][n], sound[f"{table}_last"][start][n]
            own = [m for m, c in enumerate(here) if c == child]
            same = [m for m in own if sound[table][start][m] == day]
            planted = put(planted, table, start, {m: later(day, -40) for m in same})
            before = [m for m in own if day_of(planted[table][start][m]) < START]
            places |= {(table, m) for m in before} if same else set()
    return Case(sound, planted, places, (_open_and_here(planted), 0), least=8)


def _late_data(clean: Tables) -> Case:
    """X26: records of an earlier year that last year's return did not hold."""
    sound = _with_open_plans(clean)
    planted, places, early = sound, set(), 0
    for table, (key, start) in KEYS.items():
        old = [n for n, day in enumerate(sound[table][start]) if day_of(day) < START]
        early += len(old)
        missing = {sound[table][key][n] for n in old[:PLANTED]}
        planted = without(planted, f"{table}_last", pl.col(key).is_in(list(missing)))
        places |= {(table, n) for n in old if sound[table][key][n] in missing}
    return Case(sound, planted, places, (early, 0), least=8)


def _other_person(clean: Tables) -> Case:
    """X27: another birth date, or another sex, under last year's identifier, in both returns."""
    planted, places, both = clean, set(), 0
    for table, key, born, sex in (
        (CIN_PEOPLE, "LAchildID", "PersonBirthDate", "Sex"),
        (S903_PEOPLE, "CHILD", "DOB", "SEX"),
    ):
        known = set(clean[f"{table}_last"][key])
        rows = [n for n, child in enumerate(clean[table][key]) if child in known]
        both += len(rows)
        one, other, unknown = rows[:3]
        planted = put(planted, table, born, {one: later(clean[table][born][one], 1)})
        planted = put(
            planted, table, sex, {other: other_sex(clean[table][sex][other]), unknown: "U"}
        )
        places |= {(table, one), (table, other)}
    return Case(clean, planted, places, (both, 0), least=4)


def _leaver_still_in_care(clean: Tables) -> Case:
    """X28: a care leaver whose care has not ended, and one in need after 18 without a reason."""
    rows = open_care(clean)
    ended = clean[EPISODES].filter(pl.col("REC").str.starts_with("E"))["CHILD"].to_list()
    still = _in_care_now(clean)
    grown = "2007-06-01"
    person = clean[CIN_PEOPLE]["LAchildID"].to_list()
    in_need = [n for n, closed in enumerate(clean[DETAILS]["CINclosureDate"])
               if closed is None and clean[DETAILS]["ReferralNFA"][n] == "0"
               and clean[DETAILS]["LAchildID"][n] not in (*still, *ended)][:2]  # fmt: skip
    leavers = [clean[DETAILS]["LAchildID"][n] for n in in_need]
    older = put(clean, CIN_PEOPLE, "PersonBirthDate", {person.index(c): grown for c in leavers})
    needs = put(older, DETAILS, "PrimaryNeedCode", {in_need[0]: "N1", in_need[1]: "N2"})
    told = [n for n, c in enumerate(clean["cin.Disabilities"]["LAchildID"]) if c in leavers]
    none = put(needs, "cin.Disabilities", "Disability", dict.fromkeys(told, "NONE"))

    def oc3(children: list[str], born: list[str]) -> pl.DataFrame:
        return records(CHILD=children, DOB=born, IN_TOUCH=["YES"] * len(children))

    sound = none | {"s903.OC3": oc3([*ended, leavers[1]], ["01/06/2007"] * (len(ended) + 1))}
    everyone = [*still, *ended, *leavers]
    planted = {"s903.OC3": oc3(everyone, ["01/06/2007"] * len(everyone))}
    places = {("s903.OC3", n) for n in range(len(still))} | {(EPISODES, row) for row in rows}
    places |= {("s903.OC3", len(everyone) - 2), (DETAILS, in_need[0])}
    return Case(sound, planted, places, (len(everyone), 0), least=6)


RETURN_CASES: dict[str, Plant] = {
    "X01": _value_differs("cin", "903", "sex", "Sex", other_sex),
    "X02": _value_differs("cin", "school", "sex", "Sex", other_sex),
    "X03": _value_differs("903", "school", "sex", "SEX", other_sex),
    "X04": _value_differs("cin", "903", "dob", "PersonBirthDate", later),
    "X05": _value_differs("cin", "school", "dob", "PersonBirthDate", later),
    "X06": _value_differs("903", "school", "dob", "DOB", later),
    "X07": _other_number, "X08": _number_missing, "X09": _other_ethnicity, "X10": _ethnicity_missing,
    "X11": _two_identifiers, "X12": _care_without_need, "X13": _need_closed_in_care, "X14": _ends_contradict,
    "X15": _deaths, "X16": _plan_in_care, "X17": _other_need, "X18": _disability, "X19": _unaccompanied,
    "X20": _on_no_roll, "X21": _two_rolls, "X22": _left_care_for_another_home, "X23": _forgotten_plans,
    "X24": _gone_since, "X25": _moved_start, "X26": _late_data, "X27": _other_person, "X28": _leaver_still_in_care,
}  # fmt: skip
"""Code -> how its cases are planted in the error-free returns of a made-up place."""
