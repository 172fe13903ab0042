"""Small files of providers and councils, read and mapped: heads, forms, funded places, returned counts."""

import hashlib
from datetime import date
from functools import partial
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.record.assemble import assemble
from threecircles.record.build import Extract, Received, build_source
from threecircles.record.derive.reach_base import headcount_base, heads_of
from threecircles.record.derive.service_forms import form_flow
from threecircles.record.mapping.load import mapping_for
from threecircles.record.tokens import token_ids
from threecircles.sources import read

FIRST, LAST = date(2025, 4, 1), date(2026, 3, 31)
PLACE = SimpleNamespace(fictitious=True, id="town", seed=1)


@pytest.fixture
def built(tmp_path):
    """Tables of one delivery of a source, written as text and read as any file is."""

    def build(source, keys=(), **tables):
        for name, rows in tables.items():
            (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        reading = read(sorted(tmp_path.glob("*.csv")), return_name=source, year=2026)
        assert reading.rejects.height == 0
        claims = mapping_for(source, 2026).extract
        extract = Extract("x1", source, "E1", LAST, date(2026, 4, 20), FIRST, LAST,
                          claims.shape, claims.absence, claims.expected_lag_days)  # fmt: skip
        records = pl.DataFrame(
            [("x1", k, hashlib.sha256(k.encode()).hexdigest()[:12]) for k in keys],
            schema=dict.fromkeys(("delivery", "source_key", "source_record_id"), pl.String),
            orient="row",
        )
        opaque = partial(token_ids, PLACE, None)
        return build_source(
            source, [Received(extract, reading.tables, reading.files)], records, opaque=opaque
        )

    return build


VENUE = [
    "venue_id,name,kind,provider_id,provider_kind,level,postcode",
    "v1,Mill Youth Club,youth_club,p1,voluntary,1,",
    "v2,Weir Youth Club,youth_club,p1,voluntary,1,",
]


def test_heads_become_activity_and_never_a_person(built, engine):
    """record A18: of a venue that sends heads only, attendances and the largest session, equal to truth."""
    g, sessions, heads, told = np.random.default_rng(18), [], [], {}
    for k in range(30):
        sessions.append(f"s{k},v{1 + k % 2},{1 + k % 28:02}/10/2025,open_access_youth,universal")
        for band in ("10-12", "13-16"):
            n = int(g.integers(0, 20))
            heads.append(f"s{k},{band},{n},counted,")
            told[f"s{k}"] = told.get(f"s{k}", 0) + n
    made = built(
        "attendance-at-provision",
        venue=VENUE,
        session=["session_id,venue_id,date,activity,open_to", *sessions],
        attendance=["session_id,age_band,n,basis,person_key", *heads],
    )
    assert all(made[n].is_empty() for n in ("episode", "event") if n in made)
    found = collect(headcount_base(heads_of(engine.frame(made["activity"])), FIRST, LAST))
    assert found.rows() == [("youth_club", sum(told.values()), max(told.values()), 30)]
    assert made["source_row"].filter(pl.col("outcome") == "refused").is_empty()


def test_a_sheet_of_heads_makes_its_own_sessions(built, engine):
    """record A18: venue, day and activity make the session."""
    made = built(
        "attendance-at-provision",
        headcount_sheet=[
            "venue,date,activity,age_band,n,basis",
            "v1,01/10/2025,sport,10-12,8,counted",
            "v1,01/10/2025,sport,13-16,5,counted",
            "v1,02/10/2025,sport,13-16,40,estimated",
        ],
    )
    found = collect(headcount_base(heads_of(engine.frame(made["activity"])), FIRST, LAST))
    assert found.rows() == [("youth_club", 53, 13, 2)]


FORMS = [
    "person_key,provider_id,service_id,start_date,occasion,on_date,item_1,item_2,lost,lost_reason",
    "t1,p1,mentoring,01/05/2025,before,02/05/2025,3,2,,",
    "t1,p1,mentoring,01/05/2025,after,02/09/2025,1,1,,",
    "t2,p1,mentoring,01/05/2025,before,03/05/2025,4,4,,",
    "t2,p1,mentoring,01/05/2025,after,03/09/2025,,,yes,moved away",
    "t1,p2,mentoring,01/05/2025,before,02/05/2025,2,2,,",
]


def test_started_paired_and_lost_forms_are_told_by_provider_and_occasion(built, engine):
    """record A22: a lost form is a row with its reason; the same token at two providers is two people."""
    made = built("service-outcome-form", service_outcome=FORMS)
    measure = assemble("measure", {"form": made["measure"]}, None)
    lost = measure.filter(pl.col("lost_reason").is_not_null())
    assert lost.select("occasion", "missing_reason", "lost_reason", "value").rows() == [
        ("after", "not_obtained", "moved away", 0.0)
    ]
    assert measure["person_id"].n_unique() == 3
    assert measure["flags"].list.contains("token_only").all()
    told = collect(
        form_flow(
            engine.frame(measure.drop("flags")), engine.frame(made["provision"].drop("flags"))
        ),
        ["org_id", "occasion"],
    )
    assert told.rows() == [
        ("provider:p1", "mentoring", "after", 2, 1, 1, 1),
        ("provider:p1", "mentoring", "before", 2, 2, 0, 2),
        ("provider:p2", "mentoring", "before", 1, 1, 0, 1),
    ]
    assert made["provision"].height == 2 and made["organisation"].height == 2


def test_forms_of_many_providers_equal_the_truth(built):
    """record A22: three hundred random people at twelve providers."""
    g, rows, truth = np.random.default_rng(22), [FORMS[0]], {}
    for k in range(300):
        provider = f"p{int(g.integers(12))}"
        rows.append(f"k{k % 40},{provider},club,01/05/2025,before,{1 + k % 28:02}/05/2025,1,1,,")
        came = bool(g.random() < 0.6)
        end = "2,2,," if came else ",,yes,not known"
        rows.append(f"k{k % 40},{provider},club,01/05/2025,after,{1 + k % 28:02}/09/2025,{end}")
        truth.setdefault((provider, f"k{k % 40}"), []).append(came)
    made = built("service-outcome-form", service_outcome=rows)
    from threecircles.core.engines import engine as make

    polars = make("polars")
    measure = assemble("measure", {"form": made["measure"]}, None)
    told = collect(form_flow(polars.frame(measure), polars.frame(made["provision"])))
    after = {r["org_id"]: r for r in told.filter(pl.col("occasion") == "after").to_dicts()}
    for provider in {p for p, _ in truth}:
        own = [any(v) for (p, _), v in truth.items() if p == provider]
        row = after[f"provider:{provider}"]
        assert (row["asked"], row["returned"], row["lost"], row["paired"]) == (
            len(own), sum(own), len(own) - sum(own), sum(own),
        )  # fmt: skip


def test_eligible_offered_and_taken_places_at_two_are_told_apart(built):
    """record A19: eligible, offered, place."""
    person = "Ann,Example,01/02/2023,Female,WBRI,EA1 1AA".replace("01/02/2023", "2023-02-01")
    made = built(
        "two-year-place",
        keys=("c1", "c2", "c3"),
        two_year_place=[
            "child_id,forename,surname,dob,sex,ethnicity,postcode,eligibility_reason,offered_on,taken_up_on,provider,hours,place_from,place_to",
            f"c1,{person},income,2025-05-01,2025-06-01,n1,15,2025-09-01,2026-03-20",
            f"c2,{person},income,2025-05-02,,,,,",
            f"c3,{person},looked_after,,,,,,",
        ],
    )
    events = made["event"].group_by("event").len()
    assert dict(events.iter_rows()) == {"eligible": 3, "offered": 2}
    place = made["episode"].row(0, named=True)
    assert made["episode"].height == 1 and place["service_id"] == "funded-two-year-place"
    assert (place["valid_from"], place["valid_to"]) == (date(2025, 9, 1), date(2026, 3, 20))


def test_a_returned_count_that_is_hidden_keeps_its_row(built):
    made = built(
        "area-activity",
        area_activity=[
            "la_code,area_code,vintage,activity,period_start,period_end,unit,quantity,children,suppressed,address_basis",
            "E10900001,E01900001,lsoa21,social care,2025-04-01,2026-03-31,cin_weeks,120.5,9,no,home_on_entry",
            "E10900001,E01900002,lsoa21,social care,2025-04-01,2026-03-31,cin_weeks,,,yes,home_on_entry",
        ],
    )
    rows = made["activity"].sort("area_code")
    assert rows.select("process", "unit", "detail", "quantity", "reason", "vintage").rows() == [
        ("cin", "child_week", "cin_weeks", 120.5, None, "lsoa21"),
        ("cin", "child_week", "cin_weeks", None, "suppressed", "lsoa21"),
    ]


def test_a_file_of_any_size_may_lack_the_columns_that_a_rule_asks_for(built):
    """record A2: no special needs and no premium in the file: those rows are not made, all others are."""
    children = [f"c{i}" for i in range(20_000)]
    made = built(
        "early-years-census",
        keys=children,
        early_years_census=[
            "child_id,provider_urn,forename,surname,dob,sex,start_date,hours_at_setting,basis_of_two_year_place",
            *(f"{c},n1,Ann,Example,2023-02-01,Female,2025-09-01,15," for c in children),
        ],
    )
    assert made["episode"].height == 20_000
    assert set(made["episode"]["process"]) == {"early_years_place"}
