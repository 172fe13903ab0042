"""A made-up record, small enough to reckon by hand or large enough to judge intervals."""

from datetime import date

import numpy as np
import polars as pl

from threecircles.need.high_need import high_need

DAY = date(2026, 2, 20)
NEED = high_need("high_need_9_16_demo")
SCALES = [c.scale for c in NEED.criteria]
WELL = {"school_belonging": 4.0, "friends": 4.0, "trusted_adult": 4.0}


def measure_rows(pupils):
    """pupils: dicts with id, school, year, female, need (bool), weight, consent, optional scale values."""
    rows = []
    for p in pupils:
        scores = dict.fromkeys(SCALES, 2.0) | WELL
        if p["need"]:
            scores |= {"feelings": 4.5, "conduct": 4.5}
        items = {
            "completed": 1.0, "nc_year": float(p["year"]), "female": float(p["female"]),
            "consent_link": float(p.get("consent", 1)), "school_roll": float(p.get("roll", 100)),
        }  # fmt: skip
        base = {
            "response_id": f"s:{p['id']}",
            "person_id": f"p{p['id']}" if p.get("consent", 1) else None,
            "source_id": "survey-pupils",
            "measure_id": "survey",
            "study_id": "survey_2026",
            "wave": "1",
            "stratum": "primary" if p["year"] <= 6 else "secondary",
            "psu": str(p["school"]),
            "weight": float(p.get("weight", 1)),
            "fpc": float(p.get("fpc", 1000)),
            "flagged": False,
            "on_date": DAY,
        }
        scores |= p.get("scores", {})
        rows += [base | {"item_or_scale": k, "value": v} for k, v in (items | scores).items()]
    return pl.DataFrame(rows, infer_schema_length=None)


EPISODE = {
    "person_id": pl.String, "process": pl.String, "valid_from": pl.Date, "valid_to": pl.Date,
    "status_code": pl.String, "org_id": pl.String, "attributes": pl.Struct({"nc_year": pl.String}),
}  # fmt: skip


def record(pupils, roll=False):
    """measure, episode, person and residence of the pupils; service: in early help in the window.

    roll: the record also holds who is on roll in school. A pupil with answered False was not asked.
    """
    early = (date(2025, 10, 1), None, None, None, {"nc_year": None})
    rows = [(f"p{p['id']}", "early_help", *early) for p in pupils if p["service"]]
    if roll:
        for p in pupils:
            start = (date(2024, 9, 1), None)
            rows.append(
                (
                    f"p{p['id']}",
                    "school_enrolment",
                    *start,
                    "C",
                    f"urn:{p['school']}",
                    {"nc_year": str(p["year"])},
                )
            )
            if p.get("fsm"):
                rows.append((f"p{p['id']}", "fsm", *start, None, None, {"nc_year": None}))
    episode = pl.DataFrame(rows, schema=EPISODE, orient="row")
    person = pl.DataFrame(
        {
            "person_id": [f"p{p['id']}" for p in pupils],
            "birth_month": [date(2026 - 5 - p["year"], 3, 1) for p in pupils],
            "sex": ["F" if p["female"] else "M" for p in pupils],
        }
    )
    residence = pl.DataFrame(
        {
            "person_id": [f"p{p['id']}" for p in pupils],
            "kind": ["home"] * len(pupils),
            "lsoa21": [p.get("lsoa", "E01900001") for p in pupils],
            "valid_from": [date(2020, 1, 1)] * len(pupils),
            "valid_to": pl.Series([None] * len(pupils), dtype=pl.Date),
        }
    )
    return measure_rows([p for p in pupils if p.get("answered", True)]), episode, person, residence


def many(n=2000, schools=40, need=0.24, coverage=0.25, targeting=0.6, seed=1, icc=0.02):
    """Pupils of a place with known shares; schools differ a little."""
    g = np.random.default_rng(seed)
    service_given_not = need * coverage / targeting * (1 - targeting) / (1 - need)
    shift = g.normal(0, np.sqrt(icc * need * (1 - need)), schools)
    pupils = []
    for i in range(n):
        school = int(g.integers(schools))
        high = bool(g.random() < np.clip(need + shift[school], 0.01, 0.99))
        served = bool(g.random() < (coverage if high else service_given_not))
        year = 5 + school % 2 if school < schools // 2 else 7 + school % 5
        pupils.append(
            {"id": i, "school": school, "year": year, "female": int(g.integers(2)), "need": high, "service": served,
             "lsoa": f"E0190000{1 + school % 5}"}
        )  # fmt: skip
    return pupils
