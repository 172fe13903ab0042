"""Disagreements between the returns and the other sources, one check at a time (X29 to X46)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
from tests.quality.planted import (
    CIN_PEOPLE,
    DETAILS,
    END,
    EPISODES,
    PLANS,
    ROLL,
    S903_PEOPLE,
    START,
    Case,
    Tables,
    day_of,
    good_upn,
    made_up_upn,
    open_care,
    put,
    records,
    rows_where,
    taught_in_care,
    without,
)  # fmt: skip

COSTS, HELP, EYFS = "costs.placement_costs", "help.early_help", "eyfs.eyfs_profile"
NURSERY, TWOS, OTHER_SCHOOL = (
    "nursery.early_years_census", "twos.two_year_place", "alternative.alternative_provision",
)  # fmt: skip
SESSIONS, VENUES, REGISTER = "attendance.session", "attendance.venue", "register.centre_register"
AREAS = "areas.area_activity"
JANUARY = date(2026, 1, 15)
OWN = "E10900001"


def _costs(clean: Tables) -> Case:
    """X29: each way in which a payment and a placement may disagree, and a placement nobody pays for."""
    care = clean[EPISODES]
    sound = care.select(
        child_id="CHILD", placement_start_date="DECOM", placement_end_date="DEC", placement_postcode="PL_POST",
        ofsted_urn="URN", placement_type="PLACE", legal_status="LS",
    )  # fmt: skip
    bought = [
        n for n in open_care(clean) if care["PLACE_PROVIDER"][n] in ("PR2", "PR3", "PR4", "PR5")
    ]
    unpaid = bought[-1]
    paid = rows_where(care, pl.col("CHILD") != care["CHILD"][unpaid])
    # Changed are payments for placements in which each of the four facts can differ from what is paid for.
    free = (pl.col("URN") != "XXXXXXX") & (pl.col("PLACE") != "P1") & (pl.col("LS") != "E1")
    changed = [n for n in rows_where(care, free) if n in paid and n not in bought][:6]
    stranger, outside, urn, postcode, kind, status = changed
    costs = put({COSTS: sound}, COSTS, "child_id", {stranger: "nobody"})
    costs = put(costs, COSTS, "placement_start_date", {outside: "01/01/2009"})
    costs = put(costs, COSTS, "placement_end_date", {outside: "01/02/2009"})
    costs = put(costs, COSTS, "ofsted_urn", {urn: "SC999999"})
    costs = put(costs, COSTS, "placement_postcode", {postcode: "ED9 9ZZ"})
    costs = put(costs, COSTS, "placement_type", {kind: "P1: with parents"})
    costs = put(costs, COSTS, "legal_status", {status: "E1"})
    costs[COSTS] = costs[COSTS].filter(pl.col("child_id") != care["CHILD"][unpaid])
    places = {(COSTS, paid.index(n)) for n in changed} | {
        (EPISODES, n) for n in (urn, postcode, kind, status, unpaid)
    }
    compared = (costs[COSTS].height + len(bought), 0)
    return Case(clean | {COSTS: sound}, costs, places, compared, least=11)


def _inspection_lists(clean: Tables) -> Case:
    """X30: each of four lists with a child who is not returned and a date moved, and without one who is."""
    leavers = {"s903.OC3": records(CHILD=["L1", "L2", "L3"], IN_TOUCH=["YES"] * 3)}
    made = {
        "annex.section_47": ("cin.Section47", "LAchildID", "S47ActualStartDate", "strategy_discussion_initiating_section_47_enquiry_start_date"),
        "annex.protection_plans": (PLANS, "LAchildID", "CPPstartDate", "child_protection_plan_start_date"),
        "annex.looked_after": (EPISODES, "CHILD", "DECOM", "date_started_to_be_looked_after"),
        "annex.care_leavers": ("s903.OC3", "CHILD", None, "ethnicity"),
    }  # fmt: skip
    base = clean | leavers
    sound, planted, places, compared = {}, {}, set(), 0
    for name, (table, key, start, heading) in made.items():
        frame = base[table]
        if table == EPISODES:
            frame = frame.filter(pl.col("RNE") == "S")
        listed = {
            "child_unique_id": frame[key].to_list(),
            heading: [f"{day_of(d):%d/%m/%Y}" for d in frame[start]]
            if start
            else [None] * frame.height,
        }
        if (
            table == EPISODES
        ):  # Those whose care began in earlier years' returns are on the list too.
            for n in open_care(clean):
                listed["child_unique_id"].append(clean[EPISODES]["CHILD"][n])
                listed[heading].append(None)
            listed[heading][0] = listed[heading][0]
        sound[name] = records(**listed)
        wrong = {heading: list(listed[heading]), "child_unique_id": list(listed["child_unique_id"])}
        wrong["child_unique_id"].append("nobody")
        wrong[heading].append("01/05/2025" if start else None)
        places.add((name, len(wrong["child_unique_id"]) - 1))
        if start:
            wrong[heading][1] = "17/04/2025"
            places.add((name, 1))
        planted[name] = records(**wrong)
        compared += planted[name].height
    # One of the enquiries, the newest plan but one, and one care leaver are struck off their lists.
    for name, (table, key, start, _) in made.items():
        if name == "annex.looked_after":
            continue
        keep = planted[name]["child_unique_id"].to_list()
        struck = 0 if start is None else _may_be_struck(base[table], key, start)
        child = base[table][key][struck]
        assert keep.count(child) == 1
        planted[name] = planted[name].filter(pl.col("child_unique_id") != child)
        places = {(t, n - (t == name and n > keep.index(child))) for t, n in places}
        places.add((table, struck))
        compared -= 1
    return Case(base | sound, planted, places, (compared, 0), least=10)


def _may_be_struck(frame: pl.DataFrame, key: str, start: str) -> int:
    """The first row that is its child's only one, still open, neither the newest nor one whose date is moved."""
    days, children = frame[start].to_list(), frame[key].to_list()
    ends = frame["CPPendDate"].to_list() if "CPPendDate" in frame.columns else [None] * len(days)
    return next(
        n for n, child in enumerate(children)
        if n > 1 and children.count(child) == 1 and ends[n] is None and min(days) < days[n] < max(days)
    )  # fmt: skip


def _workers(clean: Tables) -> Case:
    """X31: a worker nobody employs, and one who left before the episode ended."""
    spells = clean["s903.SWEpisodes"]
    numbers = sorted({n for n in spells["SW_ID"] if n and n.startswith("SW")})
    sound = {"work.CSWWWorker": records(SWENo=numbers, RoleEndDate=[None] * len(numbers))}
    gone, left = numbers[0], numbers[1]
    planted = {"work.CSWWWorker": records(
        SWENo=numbers[1:], RoleEndDate=["2019-01-01" if n == left else None for n in numbers[1:]]
    )}  # fmt: skip
    places = {
        ("s903.SWEpisodes", n) for n, number in enumerate(spells["SW_ID"]) if number in (gone, left)
    }
    own = sum(bool(n and n.startswith("SW")) for n in spells["SW_ID"])
    return Case(clean | sound, planted, places, (own, spells.height - own), least=2)


def _links(clean: Tables, other: str) -> list[dict[str, object]]:
    return [
        {"source_a": "ssda903", "key_a": child, "source_b": other, "key_b": f"k{n}", "basis": "name", "confidence": 0.99}
        for n, child in enumerate(clean["s903.OC2"]["CHILD"])
    ]  # fmt: skip


def _convictions(clean: Tables) -> Case:
    """X32: convicted without an outcome in the year, and an outcome without a conviction."""
    justice = records(
        yj_id=["k0", "k1"], event_date=["2025-07-01", "2019-07-01"], outcome=["fine", "fine"]
    )
    sound = put(clean, "s903.OC2", "CONVICTED", {0: "1", 1: "0"}) | {
        "justice.youth_justice": justice
    }
    planted = put(sound, "s903.OC2", "CONVICTED", {0: "0", 1: "1"})
    places = {("s903.OC2", 0), ("s903.OC2", 1)}
    return Case(
        sound,
        planted,
        places,
        (2, clean["s903.OC2"].height - 2),
        {"links": _links(clean, "youth-justice")},
        2,
    )


def _health(clean: Tables) -> Case:
    """X33: checks that only the child health record holds, and one that only the return holds."""
    events = records(
        nhs_number=["k0", "k1", "k0"], event_kind=["dental check", "health assessment", "health assessment"],
        event_date=["2025-09-01", "2025-10-01", "2025-10-01"],
    )  # fmt: skip
    sound = clean | {"health.child_health": events}
    for column, cells in (
        ("TEETH_CHECK", "10"),
        ("HEALTH_ASSESSMENT", "11"),
        ("IMMUNISATIONS", "11"),
    ):
        told = [*cells, *[None] * (clean["s903.OC2"].height - len(cells))]
        sound = put(sound, "s903.OC2", column, dict(enumerate(told)))
    planted = put(sound, "s903.OC2", "TEETH_CHECK", {0: "0", 1: "1"})
    planted = put(planted, "s903.OC2", "HEALTH_ASSESSMENT", {1: "0"})
    places = {("s903.OC2", 0), ("s903.OC2", 1)}
    return Case(
        sound,
        planted,
        places,
        (clean["s903.OC2"].height, 0),
        {"links": _links(clean, "child-health")},
        2,
    )


def _early_help(clean: Tables) -> Case:
    """X34: closed to early help and none began; early help that runs on beside a plan, and beside care."""
    once = [
        n
        for n, c in enumerate(clean[DETAILS]["LAchildID"])
        if clean[DETAILS]["LAchildID"].to_list().count(c) == 1
    ]
    number = dict(zip(clean[CIN_PEOPLE]["LAchildID"], clean[CIN_PEOPLE]["UPN"], strict=True))
    in_care = set(clean[S903_PEOPLE]["CHILD"]) | set(clean[PLANS]["LAchildID"])
    rows = [
        n
        for n in once
        if good_upn(number[clean[DETAILS]["LAchildID"][n]])
        and clean[DETAILS]["LAchildID"][n] not in in_care
    ][:4]
    closed = put(clean, DETAILS, "CINclosureDate", dict.fromkeys(rows, "2025-10-01"))
    closed = put(closed, DETAILS, "ReasonForClosure", dict.fromkeys(rows, "RC9"))
    closed_upns = [number[clean[DETAILS]["LAchildID"][n]] for n in rows]
    planned, cared = clean[PLANS]["LAchildID"].to_list(), clean[EPISODES]["CHILD"].to_list()
    plans = [
        n for n, c in enumerate(planned) if good_upn(number[c]) and planned.count(c) == 1 and c not in cared
    ]  # fmt: skip
    # Care since a day long past, so that help may have ended before it, of children without another plan.
    long_ago = {
        c
        for c, d in zip(cared, clean[EPISODES]["DECOM"], strict=True)
        if day_of(d) < date(2021, 7, 1)
    }
    heads = dict(zip(clean[S903_PEOPLE]["CHILD"], clean[S903_PEOPLE]["UPN"], strict=True))
    care = [
        n for n in open_care(clean)
        if cared[n] not in long_ago and cared[n] not in planned and good_upn(heads[cared[n]])
    ]  # fmt: skip
    with_plan = [number[clean[PLANS]["LAchildID"][n]] for n in plans]
    with_care = [heads[clean[EPISODES]["CHILD"][n]] for n in care]
    upns = [*closed_upns, *with_plan, *with_care]
    before_plan = [f"{day_of(clean[PLANS]['CPPstartDate'][n]):%d/%m/%Y}" for n in plans]
    before_care = [f"{day_of(clean[EPISODES]['DECOM'][n]):%d/%m/%Y}" for n in care]
    none = [None] * len(rows)

    def helped(contacts: list[str], ends: list[str | None]) -> dict[str, pl.DataFrame]:
        begun = [*none, *["01/06/2021"] * (len(plans) + len(care))]
        return {HELP: records(
            eh_id=[str(n) for n in range(len(upns))], upn=upns,
            contact_date=[*contacts, *["01/06/2021"] * (len(plans) + len(care))],
            assessment_start=begun, closed_date=[*none, *ends],
        )}  # fmt: skip

    # Care may have begun with earlier episodes: those of the same child overlap as well.
    ends = [*before_plan, *["01/07/2021"] * len(care)]
    sound = helped(["15/10/2025", "30/11/2025", "01/10/2025", "20/09/2025"], ends)
    late = [
        *[f"{day_of(d) + timedelta(1):%d/%m/%Y}" for d in before_plan],
        *[f"{day_of(d) + timedelta(1):%d/%m/%Y}" for d in before_care],
    ]
    planted = helped(["01/12/2025", "01/03/2026", "01/10/2024", "24/12/2025"], late)
    places = {(DETAILS, n) for n in rows} | {
        (HELP, len(rows) + n) for n in range(len(plans) + len(care))
    }
    for offset, (upn, end) in enumerate(zip(upns[len(rows) :], late, strict=True)):
        child = [c for c, u in heads.items() if u == upn] if good_upn(upn) else []
        for n, row in enumerate(clean[EPISODES].iter_rows(named=True)):
            if (
                row["CHILD"] in child
                and day_of(row["DECOM"]) < day_of(end)
                and (not row["DEC"] or day_of(row["DEC"]) > date(2021, 6, 1))
            ):
                places.add((EPISODES, n))
        own = [c for c, u in number.items() if u == upn]
        for n, row in enumerate(clean[PLANS].iter_rows(named=True)):
            if row["LAchildID"] in own and day_of(row["CPPstartDate"]) < day_of(end):
                places.add((PLANS, n))
        assert offset >= 0
    known = {u for u in (*number.values(), *heads.values()) if good_upn(u)}
    handed_on = closed[DETAILS].filter(pl.col("ReasonForClosure") == "RC9")["LAchildID"]
    good = sum(good_upn(number[c]) for c in handed_on)
    compared = (
        good + sum(u in known for u in upns), len(handed_on) - good + sum(u not in known for u in upns),
    )  # fmt: skip
    return Case(closed | sound, planted, places, compared, least=10)


def _profiles(clean: Tables) -> Case:
    """X35: a child of another cohort, and a pupil number on no roll."""
    on_roll = [u for u in clean[ROLL]["upn"] if u][:4]
    days = ["2020-09-01", "2021-08-31", "2020-12-25", "2021-01-01"]
    sound = {EYFS: records(upn=on_roll, dob=days)}
    wrong = {
        EYFS: records(
            upn=[*on_roll[:3], made_up_upn(1)], dob=["2020-08-31", "2021-09-01", *days[2:]]
        )
    }
    return Case(clean | sound, wrong, {(EYFS, n) for n in (0, 1, 3)}, (4, 0), least=3)


def _providers(clean: Tables) -> Case:
    """X36: a provider on no list, one that closed during the episode, one that opened after it began."""
    used = clean[EPISODES]["URN"].to_list()
    first = {
        u: min(day_of(clean[EPISODES]["DECOM"][n]) for n, x in enumerate(used) if x == u)
        for u in set(used)
    }
    listed = [{"URN": u, "REG_START": day.isoformat(), "REG_END": None} for u, day in first.items()]
    homes = records(
        asset_name=["Home"],
        ofsted_urn=[used[0].lower()],
        start_date=["01/04/2025"],
        end_date=["31/03/2026"],
    )
    costs = clean[EPISODES].select(
        child_id="CHILD", ofsted_urn="URN", placement_start_date="DECOM", placement_end_date="DEC"
    )
    sound = clean | {"costs.internal_residential_costs": homes, COSTS: costs}
    late = min(
        n
        for n, u in enumerate(used)
        if clean[EPISODES]["DECOM"][n] and day_of(clean[EPISODES]["DECOM"][n]) == first[u]
    )
    planted = put(
        sound, EPISODES, "DECOM", {late: (first[used[late]] - timedelta(1)).strftime("%d/%m/%Y")}
    )
    planted = put(planted, EPISODES, "URN", {7: "SC999999", 6: "XXXXXXX"})
    planted = put(planted, COSTS, "ofsted_urn", {1: "SC999998", 2: None})
    planted = put(planted, "costs.internal_residential_costs", "start_date", {0: "01/04/1990"})
    places = {(EPISODES, late), (EPISODES, 7), (COSTS, 1), ("costs.internal_residential_costs", 0)}
    compared = (len(used) - 1 + costs.height - 1 + 1, 1)
    return Case(sound, planted, places, compared, {"providers": listed}, 4)


def _check_letters(clean: Tables) -> Case:
    """X37: the letter changed in every source that holds pupil numbers; a temporary one is counted apart."""
    tables = {
        CIN_PEOPLE: "UPN",
        S903_PEOPLE: "UPN",
        ROLL: "upn",
        HELP: "upn",
        EYFS: "upn",
        OTHER_SCHOOL: "upn",
    }
    planted, places, can, cannot = clean, set(), 0, 0
    for table, column in tables.items():
        good = [n for n, upn in enumerate(clean[table][column]) if good_upn(upn)]
        wrong = {
            n: ("A" if clean[table][column][n][0] != "A" else "B") + clean[table][column][n][1:]
            for n in good[:3]
        }
        planted = put(planted, table, column, wrong)
        if table == ROLL:
            planted = put(planted, table, column, {good[4]: "A12345678912B"})
        places |= {(table, n) for n in wrong}
        told = [u.strip().upper() for u in planted[table][column] if u]
        whole = sum(len(u) == 13 and u[0].isalpha() and u[1:].isdigit() for u in told)
        can, cannot = can + whole, cannot + len(told) - whole
    return Case(clean, planted, places, (can, cannot), least=15)


def _health_numbers(clean: Tables) -> Case:
    """X38: the known answers of the specification, in two sources."""
    good = ["943 476 5919", "401-023-2137", "9990000018"]
    bad = ["9434765918", "1000000010", "1000000019", "4444444444", "12345", "0123456789"]
    tables = ("health.child_health", "camhs.camhs")
    sound = clean | {table: records(nhs_number=good) for table in tables}
    planted = {table: records(nhs_number=[*good, None, *bad]) for table in tables}
    places = {(table, len(good) + 1 + n) for table in tables for n in range(len(bad))}
    told = [
        n for frame in (sound | planted).values() for c in frame.columns if c == "nhs_number" for n in frame[c]
    ]  # fmt: skip
    blank = told.count(None)
    return Case(sound, planted, places, (len(told) - blank, blank), least=12)


def _postcodes(clean: Tables) -> Case:
    """X39: a form that none has, and one not in the directory of an area held; other areas stay untested."""
    written = [c for name in ("HOME_POST", "PL_POST") for c in clean[EPISODES][name].drop_nulls()]
    directory = [{"pcd_abbr": c.replace(" ", ""), "laua": OWN} for c in sorted(set(written))]
    planted = put(
        clean, EPISODES, "HOME_POST", {1: "EA9 9ZZ", 2: "EA1-9", 3: "ZZ1 1AA", 4: "9AA AAA"}
    )
    places = {(EPISODES, 1), (EPISODES, 2), (EPISODES, 4)}
    return Case(clean, planted, places, (len(written) - 1, 1), {"postcodes": directory}, 3)


def _distances(clean: Tables) -> Case:
    """X40: placed at home in no such placement, and further than the country is long."""
    planted = put(
        clean,
        EPISODES,
        "PL_POST",
        {3: clean[EPISODES]["HOME_POST"][3], 6: clean[EPISODES]["HOME_POST"][6]},
    )
    planted = put(planted, EPISODES, "PLACE", {3: "U4", 4: "K2", 6: "P1"})
    planted = put(planted, EPISODES, "PL_DISTANCE", {4: "400.1", 5: "400"})
    both = sum(
        a is not None and b is not None
        for a, b in planted[EPISODES].select("HOME_POST", "PL_POST").iter_rows()
    )
    return Case(
        clean,
        planted,
        {(EPISODES, 3), (EPISODES, 4)},
        (both, planted[EPISODES].height - both),
        least=2,
    )


def _school_far_from_home(clean: Tables) -> Case:
    """X41: placed far away and on a roll here; a home in another authority of the same kind."""
    taught = taught_in_care(clean)
    rows = far_row, home_row = list(taught)[:2]
    near = put(clean, EPISODES, "PL_LOCATION", dict.fromkeys(rows, "OUT"))
    near = put(near, EPISODES, "PL_DISTANCE", dict.fromkeys(rows, "20"))
    away = put(near, EPISODES, "PL_DISTANCE", {far_row: "20.1"})
    away = put(away, EPISODES, "HOME_POST", {home_row: "ED1 1AA"})
    homes = sorted({h.replace(" ", "") for n in taught if (h := clean[EPISODES]["HOME_POST"][n])})
    directory = [{"pcd_abbr": c, "laua": OWN} for c in homes] + [
        {"pcd_abbr": "ED11AA", "laua": "E10900004"}
    ]
    places = {(EPISODES, n) for n in rows} | {(ROLL, taught[n]) for n in rows}
    return Case(near, away, places, (len(taught), 0), {"postcodes": directory}, 4)


def _totals(clean: Tables) -> Case:
    """X42: three totals that were right when published; a tenth of the referrals of March are lost since."""
    began = [day_of(d) for d in clean[DETAILS]["CINreferralDate"]]
    ended = [day_of(d) for d in clean[DETAILS]["CINclosureDate"]]
    real = [nfa == "0" for nfa in clean[DETAILS]["ReferralNFA"]]
    totals = {
        "referrals": sum(START <= d <= END for d in began),
        "children_in_need_at_31_march": sum(b <= END and (e is None or e > END) and r for b, e, r in zip(began, ended, real, strict=True)),
        "looked_after_at_31_march": len({clean[EPISODES]["CHILD"][n] for n in open_care(clean)}),
    }  # fmt: skip
    published = [{"measure": m, "total": n} for m, n in totals.items()]
    kept = without(clean, DETAILS, pl.col("CINreferralDate") > "2026-02-15")
    kept = put(kept, EPISODES, "LS", {open_care(clean)[0]: "V4"})
    return Case(
        clean, kept, {(DETAILS, 0), (EPISODES, 0)}, (3, 0), {"published_totals": published}, 2
    )


def _venues(clean: Tables) -> Case:
    """X43: sessions on the day before a venue opened and the day after it closed, and venues without a session."""
    register = clean[REGISTER]
    open_ones = register.filter(
        pl.col("closed_on").is_null() & (pl.col("opened_on") < "2025-01-01")
    ).head(4)
    shut = register.filter(pl.col("closed_on").is_not_null()).head(1)
    ids = [*open_ones["venue_id"], *shut["venue_id"]]
    last = shut["closed_on"][0]
    held = [(v, "10/02/2026") for v in open_ones["venue_id"]]
    held += [(shut["venue_id"][0], f"{day_of(last):%d/%m/%Y}")]

    def sessions(told: list[tuple[str, str | None]]) -> pl.DataFrame:
        return records(
            session_id=[str(n) for n in range(len(told))],
            venue_id=[v for v, _ in told],
            date=[d for _, d in told],
        )

    sound = clean | {VENUES: records(venue_id=ids), SESSIONS: sessions(held)}
    first = open_ones["opened_on"][0]
    early, late = day_of(first) - timedelta(1), day_of(last) + timedelta(1)
    wrong = [(ids[0], "10/02/2026"), (ids[0], f"{early:%d/%m/%Y}"), (ids[-1], f"{late:%d/%m/%Y}"), (ids[1], "01/01/2026"),
             (ids[2], "31/12/2025"), ("V9999", "10/02/2026"), (ids[1], None)]  # fmt: skip
    at = register["venue_id"].to_list()
    places = {(SESSIONS, 1), (SESSIONS, 2)} | {(REGISTER, at.index(v)) for v in ids[2:4]}
    return Case(sound, {SESSIONS: sessions(wrong)}, places, (5 + 4, 2), least=4)


def _two_year_places(clean: Tables) -> Case:
    """X44: places without an offer, and offers taken up without a place."""
    who = {"surname": ["Ash", "Birch", "Cedar"], "dob": ["2023-05-01", "2023-06-01", "2023-07-01"]}
    where = {"postcode": ["EA1 1AA", "ea11ab", "EA1 1AC"]}
    offers = records(**who, **where, taken_up_on=["2025-09-01", "2025-10-01", None])
    census = records(**who, **where, basis_of_two_year_place=["income", "income", None])
    both = {TWOS: offers, NURSERY: census}
    planted = put(both, NURSERY, "surname", {0: "Elm", 1: "Fir"})
    places = {(NURSERY, 0), (TWOS, 0), (NURSERY, 1), (TWOS, 1)}
    return Case(clean | both, planted, places, (4, 0), least=4)


def _alternative(clean: Tables) -> Case:
    """X45: in alternative provision, on no roll and without a plan."""
    on_roll = [u for u in clean[ROLL]["upn"] if u][:3]
    sound = records(upn=[*on_roll, made_up_upn(2), None], sen_provision=["N", "K", None, "E", None])
    planted = put(
        {OTHER_SCHOOL: sound}, OTHER_SCHOOL, "upn", {0: made_up_upn(3), 1: made_up_upn(4)}
    )
    planted = put(planted, OTHER_SCHOOL, "sen_provision", {3: "N"})
    return Case(
        clean | {OTHER_SCHOOL: sound},
        planted,
        {(OTHER_SCHOOL, n) for n in (0, 1, 3)},
        (4, 1),
        least=3,
    )


def _days(spells: list[tuple[date | None, date | None]]) -> float:
    """Weeks within the year of spells whose last day does not count unless they run on."""
    beyond = END + timedelta(1)
    days = (min(ended or beyond, beyond) - max(began, START) for began, ended in spells if began)
    return sum(max(d.days, 0) for d in days) / 7


def _spells(frame: pl.DataFrame, began: str, ended: str) -> list[tuple[date | None, date | None]]:
    return [(day_of(a), day_of(b)) for a, b in frame.select(began, ended).iter_rows()]


def _area_sums(clean: Tables) -> Case:
    """X46: every unit of the areas' return, one too many or too few in each."""
    care = clean[EPISODES].filter(~pl.col("LS").is_in(["V3", "V4"]))
    leavers = {"s903.OC3": records(CHILD=["L1", "L2", "L3"], IN_TOUCH=["YES", "YES", "NO"])}
    homes = ["K2", "R1", "R2", "R3", "S1"]
    totals = {
        "referrals": sum(START <= day_of(d) <= END for d in clean[DETAILS]["CINreferralDate"]),
        "assessments": sum(START <= day_of(d) <= END for d in clean["cin.Assessments"]["AssessmentAuthorisationDate"] if d),
        "plans_started": sum(START <= day_of(d) <= END for d in clean[PLANS]["CPPstartDate"]),
        "cin_weeks": _days(_spells(clean[DETAILS].filter(pl.col("ReferralNFA") == "0"), "CINreferralDate", "CINclosureDate")),
        "cpp_weeks": _days(_spells(clean[PLANS], "CPPstartDate", "CPPendDate")),
        "weeks_in_care": _days(_spells(care, "DECOM", "DEC")),
        "weeks_residential": _days(_spells(care.filter(pl.col("PLACE").is_in(homes)), "DECOM", "DEC")),
        "weeks_secure": _days(_spells(care.filter(pl.col("PLACE") == "K1"), "DECOM", "DEC")),
        "leavers_supported": 2,
    }  # fmt: skip

    def sent(add: float) -> dict[str, pl.DataFrame]:
        units = [u for u in totals for _ in range(2)]
        cells = [q for total in totals.values() for q in (str(round(total + add, 4) - 1), "1")]
        n = len(units)
        return {AREAS: records(
            activity=["x"] * n, unit=units, quantity=cells, suppressed=["0"] * n, address_basis=["home_on_entry"] * n,
            period_start=["2025-04-01"] * n, period_end=["2026-03-31"] * n,
        )}  # fmt: skip

    # Weeks are sent as decimals that were rounded: half a unit a row is allowed for.
    places = {(AREAS, 2 * n) for n in range(len(totals))}
    return Case(clean | leavers | sent(0), sent(1.01), places, (len(totals), 0), least=9)


SOURCE_CASES: dict[str, Callable[[Tables], Case]] = {
    "X29": _costs, "X30": _inspection_lists, "X31": _workers, "X32": _convictions, "X33": _health, "X34": _early_help,
    "X35": _profiles, "X36": _providers, "X37": _check_letters, "X38": _health_numbers, "X39": _postcodes,
    "X40": _distances, "X41": _school_far_from_home, "X42": _totals, "X43": _venues, "X44": _two_year_places,
    "X45": _alternative, "X46": _area_sums,
}  # fmt: skip
"""Code -> how its cases are planted in the error-free returns of a made-up place."""
