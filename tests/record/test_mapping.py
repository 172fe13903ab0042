"""Mappings are data: a broken one is refused with file and line, a new source is a new file."""

from datetime import date

import polars as pl
import pytest

from threecircles.core.errors import DefinitionError
from threecircles.definitions import load_text
from threecircles.record.build import Extract, Received, build_source
from threecircles.record.commands import map_coverage
from threecircles.record.mapping import load as loading
from threecircles.record.mapping.apply import apply_mapping
from threecircles.record.mapping.load import load_mapping, mappings, shipped_sources
from threecircles.sources import Source, read
from threecircles.sources.declared import all_sources

DECLARED = """
id: youth-work
label: Youth work
source: made up for this test
publisher: a charity
period: year
grain: person
collected_from: register
tables:
  - name: visits
    discriminating: [visit_id]
    columns:
      - {name: visit_id, type: text}
      - {name: person, type: text, personal: direct}
      - {name: born, type: date, personal: quasi}
      - {name: came_on, type: date}
      - {name: left_on, type: date}
      - {name: kind, type: code}
      - {name: need, type: code, codes: primary-need}
      - {name: score, type: int}
      - {name: note, type: text}
  - name: places
    discriminating: [place]
    columns:
      - {name: place, type: text}
      - {name: visit_id, type: text}
link:
  - {table: visits, record_id: [person], date_of_birth: born}
"""

GOOD = """id: youth_work
label: Youth work into the record
version: 1
source: youth-work
years: [2020]
extract: {shape: window, absence: unknown, expected_lag_days: 30}
child: {table: visits, key: person}
rows:
  - make: episode
    from: visits
    where: kind = 'club' and came_on is not blank
    key: [person, came_on]
    is: {process: youth_club}
    set:
      valid_from: date(came_on)
      valid_to: date(left_on)
      reason_in: code(need, primary_need)
    attributes:
      kind: kind
  - make: event
    from: visits
    key: [person, visit_id]
    is: {process: youth_club, event: attended}
    set:
      on_date: date(came_on)
  - make: measure
    from: visits
    where: score is not blank
    key: [person, came_on]
    is: {measure_id: mood, item_or_scale: total, respondent: self}
    set:
      value: score
      on_date: date(came_on)
not_carried:
  born: identity
  note: free text never enters
  places.*: venues come from the register
"""

# What is changed, by what, the line that must be named, and words of the message.
BROKEN = [
    ("source: youth-work", "source: youth-wrok", 0, "youth-wrok"),
    ("version: 1", "version: one", 3, "version must be int"),
    ("years: [2020]", "years: 2020", 5, "years must be a list"),
    ("shape: window", "shape: windows", 6, "shape is not one of the allowed words"),
    ("absence: unknown", "absence: gone", 6, "absence is not one of the allowed words"),
    ("child: {table: visits, key: person}", "child: {table: visit, key: person}", 7, "`visit` is not a table"),
    ("key: person}", "key: persn}", 7, "did you mean person?"),
    ("  - make: episode", "  - make: epizode", 9, "did you mean episode?"),
    ("    from: visits\n    where: kind", "    from: visists\n    where: kind", 10, "did you mean visits?"),
    ("kind = 'club'", "knd = 'club'", 11, "`knd` is not a column of visits.\nAllowed"),
    ("kind = 'club' and", "kind == 'club' and", 11, "cannot be read"),
    ("is not blank\n    key: [person, came_on]\n    is: {process", "is empty\n    key: [person, came_on]\n    is: {process", 11, "blank belongs"),
    ("key: [person, came_on]\n    is: {process: youth_club}", "key: [person, come_on]\n    is: {process: youth_club}", 12, "did you mean came_on?"),
    ("process: youth_club}", "process: yuoth_club}", 13, "did you mean youth_club?"),
    ("is: {process: youth_club}", "is: {proces: youth_club}", 13, "`proces` is not a field of episode"),
    ("valid_from: date(came_on)", "valid_from: date(come_on)", 15, "did you mean came_on?"),
    ("valid_from: date(came_on)", "valid_from: kind", 15, "gives text, but episode.valid_from holds date"),
    ("valid_from: date(came_on)", "valid_form: date(came_on)", 15, "did you mean valid_from?"),
    ("valid_to: date(left_on)", "valid_to: dates(left_on)", 16, "did you mean date?"),
    ("valid_to: date(left_on)", "valid_to: date(left_on", 16, "cannot be read"),
    ("valid_to: date(left_on)", "valid_to: select max(left_on)", 16, "after the end"),
    ("code(need, primary_need)", "code(need, primry_need)", 17, "did you mean primary-need?"),
    ("code(need, primary_need)", "person", 17, "stays in identity"),
    ("code(need, primary_need)", "born", 17, "stays in identity"),
    ("      kind: kind", "      kind: person", 19, "stays in identity"),
    ("      on_date: date(came_on)\n  - make: measure", "      due_on: date(came_on)\n  - make: measure", 20, "must set on_date"),
    ("event: attended}", "happening: attended}", 23, "is not a field of event"),
    ("respondent: self}", "respondent: herself}", 30, "is not a value of measure.respondent"),
    ("      value: score", "      value: note", 32, "gives text, but measure.value holds float"),
    ("  note: free text never enters\n", "", 35, "note is neither carried nor under not_carried"),
    ("  born: identity\n", "  bron: identity\n", 35, "did you mean born?"),
    ("  places.*: venues", "  palces.*: venues", 37, "`palces` is not a table"),
    ("    attributes:\n", "      reason_out: code(need, closure_reason)\n    lost_day: {at_most: 1.5}\n    attributes:\n", 19, "0 to 1"),
    ("    attributes:\n", "    lost_day: {at_most: 0.1}\n    attributes:\n", 18, "a reason_out with a list of codes"),
    ("    attributes:\n", "      reason_out: code(need, closure_reason)\n    lost_day: {at_most: 0.1, but_not: [RC99]}\n    attributes:\n", 19, "`RC99` is not a reason"),
    ("rows:\n", "rows:\n  - make: factor\n    make: event\n", 10, "written twice"),
]  # fmt: skip


@pytest.fixture(scope="module")
def youth_work():
    return load_text(DECLARED, Source, "youth-work.yaml")


@pytest.mark.parametrize(("before", "after", "line", "words"), BROKEN)
def test_a_broken_mapping_is_refused_with_its_line(youth_work, before, after, line, words):
    """A8: more than 30 broken mappings, each with file, line, what was found and what is allowed."""
    assert before in GOOD
    with pytest.raises(DefinitionError) as told:
        if line:
            load_mapping(GOOD.replace(before, after, 1), "youth_work.yaml", youth_work)
        else:
            load_mapping(GOOD.replace(before, after, 1), "youth_work.yaml")
    assert words in str(told.value)
    if line:
        assert f"youth_work.yaml line {line}" in str(told.value)


def test_there_are_thirty_broken_mappings():
    """A8."""
    assert len(BROKEN) >= 30


@pytest.mark.parametrize("source_id", shipped_sources())
def test_every_column_of_every_source_is_carried_or_has_its_reason(source_id):
    """A8: every shipped mapping covers 100% of its source's columns."""
    table = map_coverage(source_id)
    lost = table.filter(pl.col("carried").is_null() & pl.col("why_not").is_null())
    assert lost.is_empty()
    declared = next(s for s in all_sources() if s.id == source_id)
    assert table.height == sum(len(t.columns) for t in declared.tables)


def test_every_shipped_mapping_names_a_label_and_loads():
    for source_id in shipped_sources():
        for mapping in mappings(source_id):
            assert mapping.label and mapping.source == source_id


def window(source_id, number=1):
    return Extract(
        f"x{number}", source_id, "E1", date(2026, 3, 31), date(2026, 5, 1),
        date(2025, 4, 1), date(2026, 3, 31), "window", "unknown", 30,
    )  # fmt: skip


def records(table, column, delivery="x1"):
    keys = table.select(source_key=column).unique().drop_nulls()
    return keys.with_columns(
        delivery=pl.lit(delivery),
        source_record_id=pl.lit("rec-") + pl.col("source_key"),
        person_id="source_key",
    )


VISITS = pl.DataFrame(
    {
        "visit_id": ["1", "2", "3", "4"],
        "person": ["a", "b", "b", None],
        "born": [None] * 4,
        "came_on": ["2025-05-01", "2025-06-01", "", "2025-07-01"],
        "came_on__date": [date(2025, 5, 1), date(2025, 6, 1), None, date(2025, 7, 1)],
        "left_on": ["2025-04-01", "", "", ""],
        "left_on__date": [date(2025, 4, 1), None, None, None],
        "kind": ["club", "trip", "club", "club"],
        "need": ["N1", "N9X", "", "N2"],
        "score": ["7", "", "3", "4"],
        "score__int": [7, None, 3, 4],
        "note": ["x"] * 4,
        "_row": [0, 1, 2, 3],
        "_file": ["f"] * 4,
    },
    schema_overrides={"born": pl.String},
)


def test_a_new_source_is_a_new_file(youth_work):
    """A8: a made-up source by YAML alone gives rows in episode, event and measure."""
    mapping = load_mapping(GOOD, "youth_work.yaml", youth_work)
    made = apply_mapping(
        mapping, youth_work, window("youth-work"), {"visits": VISITS}, records(VISITS, "person")
    )
    assert made.rows["episode"].select("process", "valid_from", "source_row").rows() == [
        ("youth_club", date(2025, 5, 1), 0)
    ]
    assert made.rows["event"].height == 2
    assert made.rows["measure"]["value"].to_list() == [7.0]


def test_every_row_is_mapped_left_out_or_refused_with_its_reason(youth_work):
    """A2: every source row has exactly one outcome."""
    mapping = load_mapping(GOOD, "youth_work.yaml", youth_work)
    made = apply_mapping(
        mapping, youth_work, window("youth-work"), {"visits": VISITS}, records(VISITS, "person")
    )
    assert made.source_rows.select("source_row", "outcome", "reason").rows() == [
        (0, "mapped", None),
        (1, "mapped", None),
        (2, "refused", "on_date is missing"),
        (3, "refused", "no person"),
    ]


def test_an_end_before_the_start_leaves_the_end_unknown(youth_work):
    mapping = load_mapping(GOOD, "youth_work.yaml", youth_work)
    made = apply_mapping(
        mapping, youth_work, window("youth-work"), {"visits": VISITS}, records(VISITS, "person")
    )
    row = made.rows["episode"].row(0, named=True)
    assert (row["valid_to"], row["end_basis"], row["flags"]) == (
        None,
        "unknown",
        ["end_before_start"],
    )


def test_an_unknown_code_keeps_its_row_and_its_raw_form(youth_work):
    mapping = load_mapping(GOOD.replace("kind = 'club' and ", ""), "youth_work.yaml", youth_work)
    made = apply_mapping(
        mapping, youth_work, window("youth-work"), {"visits": VISITS}, records(VISITS, "person")
    )
    row = made.rows["episode"].filter(pl.col("source_row") == 1).row(0, named=True)
    assert row["reason_in"] == "unmapped"
    assert row["attributes"]["raw_need"] == "N9X"
    found = made.unmapped.row(0, named=True)
    assert (found["column"], found["raw"], found["n_rows"], found["nearest"]) == (
        "need",
        "N9X",
        1,
        "N9",
    )


def test_a_row_that_nothing_accounts_for_stops_the_build(youth_work, monkeypatch):
    """A2: planting one row that no rule takes makes the build fail with its place."""
    from threecircles.core.errors import ThreeCirclesError
    from threecircles.record import build

    mapping = load_mapping(GOOD, "youth_work.yaml", youth_work)
    made = apply_mapping(
        mapping, youth_work, window("youth-work"), {"visits": VISITS}, records(VISITS, "person")
    )
    received = Received(window("youth-work"), {"visits": VISITS})
    build.conserve(received, made)
    made.source_rows = made.source_rows.filter(pl.col("source_row") != 2)
    with pytest.raises(ThreeCirclesError, match="x1, visits, row 2"):
        build.conserve(received, made)
    planted = {"visits": VISITS, "strangers": VISITS.head(1)}
    again = apply_mapping(
        mapping, youth_work, window("youth-work"), planted, records(VISITS, "person")
    )
    with pytest.raises(ThreeCirclesError, match="x1, strangers, row 0"):
        build.conserve(Received(window("youth-work"), planted), again)


def with_unknown_codes(made, share=0.01):
    """The hamlet's census with one in a hundred primary needs replaced by a code nobody knows."""
    changed = []
    for received in made.received["cin-census"]:
        details = received.tables["CINdetails"]
        take = (pl.col("_row") % int(1 / share) == 3) & pl.col("PrimaryNeedCode").is_not_null()
        code = pl.when(take).then(pl.lit("Q7")).otherwise(pl.col("PrimaryNeedCode"))
        tables = {**received.tables, "CINdetails": details.with_columns(PrimaryNeedCode=code)}
        changed.append(Received(received.extract, tables, received.files))
    return changed


def test_unknown_codes_lose_no_row_change_no_total_and_are_listed(hamlet, monkeypatch):
    """A7: and adding the code to the list and rebuilding clears it."""
    before = hamlet.build("cin-census")
    changed = with_unknown_codes(hamlet)
    n = sum((r.tables["CINdetails"]["PrimaryNeedCode"] == "Q7").sum() for r in changed)
    after = hamlet.build("cin-census", changed)
    assert n and after["episode"].height == before["episode"].height
    assert sorted(after["episode"]["row_id"]) == sorted(before["episode"]["row_id"])
    listed = after["unmapped"].filter(pl.col("raw") == "Q7")
    kept = after["episode"].filter(pl.col("reason_in") == "unmapped")
    assert listed["column"].to_list() == ["PrimaryNeedCode"]
    assert kept["attributes"].struct.field("raw_PrimaryNeedCode").unique().to_list() == ["Q7"]

    from threecircles.record.mapping import codes

    known = codes.lookup.__wrapped__
    monkeypatch.setattr(
        "threecircles.record.mapping.compile.lookup",
        lambda name, first, last: (
            known(name, first, last) | ({"Q7": "Q7"} if name == "primary-need" else {})
        ),
    )
    assert hamlet.build("cin-census", changed)["unmapped"].is_empty()


@pytest.mark.reference
def test_a_census_of_referrals_without_further_action_makes_no_child_in_need(reference_data):
    """K6: 332 children, 402 modules, all ReferralNFA: 402 referrals, 0 cin episodes, 252 closures not carried."""
    from threecircles.record.reconcile import headlines, reconcile

    reading = read([reference_data("returns/cin/fake_CIN_data.xml")], return_name="cin", year=2022)
    extract = Extract("x1", "cin-census", "E1", date(2022, 3, 31), date(2022, 5, 30),
                      date(2021, 4, 1), date(2022, 3, 31), "window", "unknown", 120)  # fmt: skip
    keys = records(reading.tables["ChildIdentifiers"], "LAchildID")
    assert keys.height == 332
    made = build_source("cin-census", [Received(extract, reading.tables, reading.files)], keys)
    assert made["event"].filter(pl.col("process") == "referral").height == 402
    assert made["event"]["result_code"].unique().to_list() == ["nfa"]
    assert made["episode"].height == 0
    persons = {n: made[n].with_columns(person_id="source_record_id") for n in ("episode", "event")}
    counts, _ = reconcile(
        headlines("cin-census"), extract, reading.tables, made["source_row"], persons
    )
    closures = counts.filter(pl.col("figure") == "closures").row(0, named=True)
    assert (closures["source_count"], closures["record_count"], closures["unexplained"]) == (
        252,
        0,
        0,
    )
    assert closures["because"] == (
        "252 a referral with no further action makes no episode, so its closure date is not carried"
    )
    assert counts["unexplained"].to_list() == [0] * counts.height


def test_tables_a_mapping_makes_have_the_fields_it_must_set():
    from threecircles.record.tables import tables

    for name, wanted in loading.REQUIRED.items():
        assert set(wanted) <= set(tables()[name].names)


def test_a_day_of_receipt_that_nobody_recorded_is_flagged(youth_work):
    from dataclasses import replace

    mapping = load_mapping(GOOD, "youth_work.yaml", youth_work)
    assumed = replace(window("youth-work"), received_assumed=True)
    made = apply_mapping(
        mapping, youth_work, assumed, {"visits": VISITS}, records(VISITS, "person")
    )
    assert made.rows["event"]["flags"].to_list() == [["known_from_assumed"]] * 2
