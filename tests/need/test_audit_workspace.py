"""Reading case files: forms, two readers, tables, cards, boards and groups (need 10; N17, N31)."""

import csv
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from openpyxl import load_workbook
from tests.need.audit_cases import ETHICS, NONE, answers, audit, read, with_cards

from threecircles.core.agreement import adjusted_rand
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.safety import Grant
from threecircles.disclosure.quotes import marks
from threecircles.disclosure.release import protect
from threecircles.need.audit import board, coding, form
from threecircles.need.audit.beside import beside
from threecircles.need.audit.cards import keep_cards, kept_cards, make_cards
from threecircles.need.audit.derived import with_derived
from threecircles.need.audit.files import take_in, write_forms
from threecircles.need.audit.form import checked, scale
from threecircles.need.audit.grouping import gower, grouped, silhouette
from threecircles.need.audit.sorts import admitted, compared, with_groups
from threecircles.need.audit.tables import audit_tables
from threecircles.need.audit_plan import one_line_a_child
from threecircles.report.heat_map import heat_map

OVER = Grant(
    purpose="evaluation", actor="a", basis="b", policies=("p",), ethics_id="E1",
    expires=datetime.now(UTC) - timedelta(days=1),
)  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """An audit of 60 cases that one reader has read."""
    return read(audit(tmp_path_factory.mktemp("audit")))


@pytest.fixture(scope="module")
def coded(done):
    return coding.settled_codes(done, form())


REFERRALS = pl.DataFrame(
    {"case": ["1", "2", "3", "4"], "agency": ["health", "police", "health", "police"], "area": ["n"] * 4,
     "age_band": ["0-4"] * 4, "person": ["p", "p", None, "q"]}
)  # fmt: skip


def test_no_part_of_an_audit_opens_without_an_ethics_decision(tmp_path):
    """need N31: form, coding, tables, cards, board, groups and linkage refuse; with a decision each opens."""
    store = read(audit(tmp_path, size=12))
    case, known = store.cases()["case"][0], form()
    cards = with_cards(store)
    told = coding.settled_codes(store, known)
    acts = [
        lambda g: coding.opened(store, case, "ben", g),
        lambda g: coding.write(store, known, case, "ben", {}, g),
        lambda g: coding.draw_twice(store, g),
        lambda g: write_forms({"health": (known, [case])}, tmp_path / "forms", g),
        lambda g: audit_tables(told, known, "a1", "2026", g),
        lambda g: make_cards(told, known, marks, g),
        lambda g: kept_cards(store, g),
        lambda g: board.start(store, "red", g),
        lambda g: board.add_group(store, "red", "t1", "One", g, cards),
        lambda g: board.move(store, "red", "t1", cards[0], board.PARKED, 0, g, cards),
        lambda g: board.undo(store, "red", "t1", g, cards),
        lambda g: board.board_of(store, "red", cards, g),
        lambda g: board.save(store, "red", "t1", g, cards),
        lambda g: one_line_a_child(REFERRALS, g),
    ]
    for grant in (None, NONE, OVER):
        for act in acts:
            with pytest.raises(NotPermitted, match=r"ethics decision|expired"):
                act(grant)
    for act in acts:
        act(ETHICS)


def test_a_child_of_several_agencies_is_one_case():
    """need 10.1: the first referral stands, and who else knew the child goes with it."""
    told = one_line_a_child(REFERRALS, ETHICS)
    assert told.select("case", "agency", "agencies").rows() == [
        ("1", "health", "health;police"),
        ("3", "health", "health"),
        ("4", "police", "police"),
    ]


def test_each_agency_has_its_form_and_every_question_takes_both_blanks():
    health, school = form("standard", "health"), form("standard", "education")
    assert "health_missed" in health.fields and "health_missed" not in school.fields
    assert "school_support" in school.fields and "service_type_3" in school.fields
    assert all(checked(f, v) == v for f in form().fields.values() for v in ("unknown", "not_in_file", ""))  # fmt: skip
    assert [s.label for s in scale("impairment_0_3").levels] == ["None", "Some", "Serious", "Severe"]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "value"),
    [("sex", "man"), ("children_in_home", "two"), ("service_start_1", "2026-13"), ("known_to", "health;army"), ("impairment_health", "4")],
)  # fmt: skip
def test_an_answer_that_the_form_does_not_know_is_refused_with_what_may_stand(code, value):
    with pytest.raises(UsageError, match="Allowed"):
        checked(form().fields[code], value)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_form_filled_as_a_file_comes_back_as_it_was_written(tmp_path, kind):
    store = audit(tmp_path, size=12)
    cases = store.cases()["case"].to_list()
    written = write_forms({"health": (form("standard", "health"), cases)}, tmp_path / "f", ETHICS)
    path = next(p for p in written if p.suffix == f".{kind}")
    told = answers("hard") | {"children_in_home": "3", "service_start_1": "2026-03"}
    if kind == "csv":
        with path.open(encoding="utf-8-sig") as file:
            header = next(csv.reader(file))
        with path.open("w", encoding="cp1252", newline="") as file:
            csv.writer(file, delimiter=";").writerows([header, [cases[0], *(told.get(h, "") for h in header[1:])]])  # fmt: skip
    else:
        book = load_workbook(path)
        header = [c.value for c in book["Form"][1]]
        for at, name in enumerate(header[1:], 2):
            value = told.get(name)
            book["Form"].cell(2, at, int(value) if value and value.isdigit() else value)
        assert book["Form"].data_validations.dataValidation
        book.save(path)
    kept = take_in(store, form(), path, "ann", ETHICS)
    own = {k: v for k, v in told.items() if k in header}
    assert kept == {cases[0]: len(own)} and coding.codes_of(store)[cases[0], "ann"] == own


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("case,sex\nzz,girl\n", "row 2, column case"),
        ("case,sex\nCASE,girl\nCASE,boy\n", "twice"),
        ("case,height\nCASE,9\n", "column height"),
        ("case,sex\nCASE,man\n", "row 2, column sex"),
        ("sex\ngirl\n", "no column called case"),
        ("case,sex,sex\nCASE,girl,boy\n", "column stands"),
        ("case,sex\nCASE,girl,boy\n", "more cells"),
        ("", "no column called case"),
    ],
)
def test_a_faulty_file_says_where_and_nothing_of_it_is_kept(tmp_path, rows, said):
    store = audit(tmp_path, size=12)
    path = tmp_path / "filled.csv"
    path.write_text(rows.replace("CASE", store.cases()["case"][0]))
    with pytest.raises(UsageError, match=said):
        take_in(store, form(), path, "ann", ETHICS)
    assert coding.codes_of(store) == {}


def test_two_read_fifteen_in_a_hundred_or_sixty_and_the_same_ones_each_time(tmp_path):
    """need 10.4: a random 15%, at least 60; drawn once, from a recorded seed."""
    (tmp_path / "b").mkdir()
    few, many = audit(tmp_path, size=100), audit(tmp_path / "b", size=500, n=900)
    first = coding.draw_twice(few, ETHICS, seed=3)
    assert len(first) == 60 and coding.draw_twice(few, ETHICS, seed=9) == first
    assert len(coding.draw_twice(many, ETHICS)) == 75
    assert few.settings()["seed_twice"] == 3


def test_fields_that_two_read_unlike_are_marked_or_left_out_and_a_third_settles(tmp_path):
    """need 10.4: below .60 marked, below .40 not reported; the original codes are kept."""
    store = read(audit(tmp_path, size=60))
    g = np.random.default_rng(4)
    for i, case in enumerate(store.cases()["case"]):
        told = coding.codes_of(store)[case, "ann"] | {"sex": str(g.choice(["girl", "boy"]))}
        if i % 4 == 0:
            told["risk_neglect"] = "no" if told["risk_neglect"] == "yes" else "yes"
        coding.write(store, form(), case, "ben", told, ETHICS)
    verdicts = {a.code: a.verdict for a in coding.agreements(store, form())}
    assert verdicts["sex"] == "not reported" and verdicts["risk_poverty"] == "good"
    assert verdicts["risk_neglect"] == "marked"
    waiting = coding.disagreements(store, form())
    case = waiting.filter(pl.col("field") == "risk_neglect")["case"][0]
    with pytest.raises(UsageError, match="cannot settle"):
        coding.settle(store, form(), case, "risk_neglect", "yes", "ben", ETHICS)
    before = coding.settled_codes(store, form()).filter(pl.col("case") == case)["risk_neglect"][0]
    coding.settle(store, form(), case, "risk_neglect", "unknown", "cleo", ETHICS)
    after = coding.settled_codes(store, form()).filter(pl.col("case") == case)["risk_neglect"][0]
    assert before is None and after == "unknown"
    assert coding.disagreements(store, form()).height == waiting.height - 1
    kept = {c: v["risk_neglect"] for (n, c), v in coding.codes_of(store).items() if n == case}
    assert {kept["ann"], kept["ben"]} == {"yes", "no"}


def test_what_a_reader_wrote_before_stays_beneath(done):
    """Codes are only ever added to: the database itself refuses to lose one."""
    with pytest.raises(sqlite3.IntegrityError, match="codes stay"), done.writing() as kept:
        kept.execute("DELETE FROM coding")


def test_tables_give_weighted_shares_that_come_to_a_hundred(done, coded):
    """need 10.5: shares by design with intervals; a third have every risk; unknown answers are told apart."""
    measured = {t.spec.id: t for t in audit_tables(coded, form(), "a1", "2026", ETHICS)}
    assert {name.split("-")[0] for name in measured} == {f"t{i}" for i in range(1, 12)}
    risk = measured["t4-risk-poverty"].frame.filter(pl.col("agency") == "All")
    share = dict(risk.select("risk_poverty", "value").rows())
    third = coded.filter(pl.col("risk_poverty") == "yes")["weight"].sum() / coded["weight"].sum()
    assert share["yes"] == pytest.approx(100 * third) and share["yes"] + share["no"] == pytest.approx(100)  # fmt: skip
    yes = risk.filter(pl.col("risk_poverty") == "yes").row(0, named=True)
    assert yes["low"] < yes["value"] < yes["high"] and yes["n"] == 20
    overall = measured["t7-impairment-overall"].frame.filter(pl.col("agency") == "All")
    assert dict(overall.select("impairment_overall", "n").rows()) == {"All": 60, "0": 40, "3": 20}
    met = measured["t9-met-family"].frame.filter(pl.col("agency") == "All")
    assert dict(met.select("met_family", "n").rows()) == {"All": 60, "unmet": 20, "neither": 40}


def test_small_counts_of_an_audit_are_hidden_and_cannot_be_had_by_taking_away(coded):
    """need N18: no count of 1 to 5 is shown, and none is left alone in its line or column."""
    measured = [t for t in audit_tables(coded, form(), "a1", "2026", ETHICS) if t.spec.id.startswith(("t1-", "t4-"))]  # fmt: skip
    for safe in protect(measured):
        who, asked = (d.column for d in safe.spec.dimensions)
        shown = safe.frame.filter(pl.col("symbol") != "[c]")["n"].to_list()
        assert all(n == 0 or n > 5 for n in shown)
        for line in (who, asked):
            hidden = safe.frame.filter(pl.col("symbol") == "[c]").group_by(line).len()["len"]
            assert (hidden > 1).all()
            assert safe.frame.filter(pl.col("symbol") == "[c]")["value"].null_count() == sum(hidden)


def test_the_same_exercise_elsewhere_stands_beside_with_its_difference():
    rows = {"table": ["t4"] * 2, "question": ["a", "b"], "answer": ["yes"] * 2, "group": ["All"] * 2}  # fmt: skip
    own = pl.DataFrame(rows | {"share": [40.0, 20.0], "low": [35.0, 15.0], "high": [45.0, 25.0]})
    other = pl.DataFrame(rows | {"share": ["30", "19"], "low": ["26", "15"], "high": ["34", "23"]})
    told = beside(own, other, "elsewhere.csv")
    assert told["said"].to_list() == ["higher here", "no clear difference"]
    assert told["low"][0] == pytest.approx(10 - np.hypot(5, 4))
    with pytest.raises(UsageError, match="lacks a column"):
        beside(own, other.drop("low"), "elsewhere.csv")


def test_a_card_names_nobody_and_shows_no_rare_household(tmp_path):
    """need 10.6: words that tell who spoke, and rare households, are left off and said."""
    store = audit(tmp_path, size=12)
    cases = store.cases()["case"].to_list()
    for i, case in enumerate(cases):
        told = answers("hard") | {"sex": "girl", "household": "alone" if i == 0 else "one_parent"}
        told["wants"] = "Call Mr Smith at Elm School" if i == 1 else "to stay with my nan"
        coding.write(store, form(), case, "ann", told, ETHICS)
    cards, left = make_cards(coding.settled_codes(store, form()), form(), marks, ETHICS)
    assert "Smith" not in json.dumps([c.__dict__ for c in cards]) and "alone" not in cards[0].situation  # fmt: skip
    assert any("wish" in line for line in left) and any("household" in line for line in left)
    assert all(case not in json.dumps([c.__dict__ for c in cards]) for case in cases)
    with pytest.raises(NotPermitted, match="cannot check"):
        keep_cards(store, cards, "ann", ETHICS)
    with pytest.raises(UsageError, match="no checked cards"):
        kept_cards(store, ETHICS)
    keep_cards(store, cards, "cleo", ETHICS)
    assert kept_cards(store, ETHICS) == cards


@pytest.fixture
def table(tmp_path):
    """A board of 12 cards with two groups."""
    store = read(audit(tmp_path, size=12))
    cards = with_cards(store)
    board.start(store, "red", ETHICS)
    for name in ("Safety at home", "School"):
        board.add_group(store, "red", "t0", name, ETHICS, cards)
    made = board.board_of(store, "red", cards, ETHICS)
    return store, cards, list(made.groups), made.last


def test_the_last_move_wins_and_both_are_told(table):
    """need N17: two move one card; the later one stands, each hears of it, and every event is still there."""
    store, cards, (one, two), seen = table
    first = board.move(store, "red", "t1", cards[0], one, seen, ETHICS, cards)
    second = board.move(store, "red", "t2", cards[0], two, seen, ETHICS, cards)
    assert first.words == "" and "t1 had laid card" in second.words and "Safety at home" in second.words  # fmt: skip
    news = board.since(store, "red", seen)
    assert [(e["tablet"], e["place"], e["over_tablet"]) for e in news] == [("t1", one, None), ("t2", two, "t1")]  # fmt: skip
    assert board.board_of(store, "red", cards, ETHICS).places[cards[0]] == two
    third = board.move(store, "red", "t1", cards[0], one, second.event, ETHICS, cards)
    assert third.words == ""


def test_undo_takes_back_the_own_moves_one_by_one_and_nobody_elses(table):
    """need N17: undo works, is an event itself, and leaves a card where another has laid it since."""
    store, cards, (one, two), seen = table
    for card in cards[:2]:
        board.move(store, "red", "t1", card, one, seen, ETHICS, cards)
    board.move(store, "red", "t2", cards[1], two, seen + 2, ETHICS, cards)
    assert "t2 has moved card" in board.undo(store, "red", "t1", ETHICS, cards).words
    assert "is back in" in board.undo(store, "red", "t1", ETHICS, cards).words
    assert "nothing of this tablet" in board.undo(store, "red", "t1", ETHICS, cards).words
    made = board.board_of(store, "red", cards, ETHICS)
    assert made.places[cards[0]] == board.PILE and made.places[cards[1]] == two
    with pytest.raises(sqlite3.IntegrityError, match="events stay"), store.writing() as kept:
        kept.execute("DELETE FROM event")


def test_eight_tablets_at_once_lose_nothing(table):
    """need N17: eight tablets, each move is kept, and the board is what the last event of each card says."""
    store, cards, groups, seen = table

    def work(tablet):
        g = np.random.default_rng(tablet)
        for _ in range(15):
            board.move(store, "red", f"t{tablet}", int(g.choice(cards)), str(g.choice(groups)), seen, ETHICS, cards)  # fmt: skip

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    events = board.since(store, "red", seen)
    assert len(events) == 120
    last = {e["card"]: e["place"] for e in events}
    made = board.board_of(store, "red", cards, ETHICS)
    assert {c: p for c, p in made.places.items() if c in last} == last


def test_a_saved_table_is_not_moved_and_the_comparison_waits_for_two(table):
    store, cards, (one, two), seen = table
    with pytest.raises(UsageError, match="no such group"):
        board.move(store, "red", "t1", cards[0], "g999", seen, ETHICS, cards)
    for i, card in enumerate(cards):
        board.move(store, "red", "t1", card, one if i < 6 else two, seen, ETHICS, cards)
    board.save(store, "red", "t1", ETHICS, cards)
    with pytest.raises(UsageError, match="has saved"):
        board.move(store, "red", "t1", cards[0], two, 99, ETHICS, cards)
    red = board.board_of(store, "red", cards, ETHICS)
    with pytest.raises(UsageError, match="two tables"):
        compared([red], ETHICS)


def sort(name, labels):
    made = board.Board(name, groups={f"g{v}": f"Group {v}" for v in set(labels)}, saved="now")
    made.places = {i + 1: f"g{v}" for i, v in enumerate(labels)}
    return made


def test_sorts_are_compared_card_by_card():
    """need N13, 10.8: adjusted Rand of 0001112222 and 0011112202 is .4318182; the cards that move most come first."""
    one, two = sort("a", "0001112222"), sort("b", "0011112202")
    told = compared([one, two], ETHICS)
    assert told.pairs[0][2] == pytest.approx(0.4318182, abs=1e-7)
    assert {c for c, _ in told.movers[:2]} == {3, 9}
    assert told.together[0, 1] == 1 and told.together[0, 2] == 0.5
    drawn = heat_map(told.together, told.cards, "Together").text
    assert drawn == heat_map(told.together, told.cards, "Together").text and "<desc" in drawn


def test_a_machine_finds_two_planted_kinds_of_children(coded):
    """need 10.7: Gower and k medoids find who has every risk and who has none, and that it is stable."""
    distance = gower(coded, form())
    assert distance.shape == (60, 60) and np.allclose(distance, distance.T) and distance.max() <= 1
    found = grouped(distance)
    truth = (coded["risk_poverty"] == "yes").to_list()
    assert found.k == 2 and adjusted_rand(truth, found.labels) == 1 and found.stability > 0.9


def test_silhouette_agrees_with_its_definition():
    """Four points on a line, 0 1 5 6, in pairs: 1 - 1/5.5, 1 - 1/4.5 and the same again."""
    at = np.array([0.0, 1.0, 5.0, 6.0])
    told = silhouette(np.abs(at[:, None] - at[None, :]), np.array([0, 0, 1, 1]))
    assert told == pytest.approx(((1 - 1 / 5.5) + (1 - 1 / 4.5)) / 2)


def test_an_access_rule_is_tried_on_the_sample(coded):
    """need 10.9: who is let in, who is missed, and unknown where the file does not tell."""
    told = admitted(with_derived(coded, form()), "impairment_overall >= 2 and risks >= 3", form())
    assert told.group_by("rule").len().sort("rule").rows() == [("admitted", 20), ("missed", 40)]
    blank = coded.with_columns(
        [pl.lit("unknown").alias(f.code) for f in form().of_part("impairment")]
    )
    told = admitted(with_derived(blank, form()), "impairment_overall >= 2 and risks >= 3", form())
    assert told["rule"].null_count() == 20
    groups = sort("red", ["0"] * 60)
    groups.places = dict.fromkeys(coded["number"].to_list(), "g0")
    measured = audit_tables(with_groups(told, groups), form(), "a1", "2026", ETHICS, by="group")
    assert {t.spec.id for t in measured} >= {"t13-rule", "t6-need-family"}
    with pytest.raises(UsageError, match="no question"):
        admitted(with_derived(coded, form()), "impairmant_overall >= 2", form())
    with pytest.raises(UsageError, match="cannot be read"):
        admitted(with_derived(coded, form()), "everybody", form())
