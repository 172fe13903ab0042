"""Which questions data can answer: hand-worked verdicts, and what must hold for all (spec/quality.md 4.1)."""

import random
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.catalogue import Demand, demands, question, thresholds
from threecircles.core.errors import UsageError
from threecircles.core.intervals import wilson
from threecircles.definitions import load_text
from threecircles.quality.fields import codes_of, fields_of, form_of
from threecircles.quality.fit_words import (
    as_record,
    found_text,
    mend_text,
    missing_to_fit,
    of_state,
    percent,
    told_text,
    verdict_text,
)
from threecircles.quality.fitness import STATES, AtHand, judge, state_of
from threecircles.quality.scores import SCORES, Count, scored

BARE = (
    "id: d99\nlabel: Who is where\nsource: s\naudience: [a]\npopulation: p\ngrain: g\nlag_days: 60\n"
    "not_planned: a test\nneeds:\n  school-census.pupilonroll.upn: count\n  school-census.pupilonroll.sex: split\n"
)
DEMAND = load_text(BARE, Demand)
UPN, SEX = ("pupilonroll", "upn"), ("pupilonroll", "sex")


def line(place, dimension, k, n, source="school-census"):
    return {"source": source, "return": source, "year": 2026} | scored(Count(*place, "", dimension, k, n))  # fmt: skip


def at_hand(*lines, sources=("school-census",), lags=None, links=None):
    table = pl.DataFrame(list(lines), schema={"source": pl.String} | SCORES)
    lags = {"school-census": 36} if lags is None else lags
    return AtHand(table, sources, lags, links=links)


GOOD = (
    line(UPN, "completeness", 995, 1000),
    line(SEX, "completeness", 1000, 1000),
    line(SEX, "validity", 1000, 1000),
)


@pytest.mark.parametrize(
    ("k", "n", "asked", "state"),
    [
        (8, 10, 0.490, "fit"),  # Wilson 8 of 10 is 0.490 to 0.943
        (8, 10, 0.491, "fit with care"),
        (8, 10, 0.943, "fit with care"),
        (8, 10, 0.944, "not fit"),
        (0, 20, 0.161, "fit with care"),  # 0 of 20 is 0 to 0.161
        (0, 20, 0.162, "not fit"),
        (9, 9, 0.5, "cannot tell"),
        (10, 10, 0.72, "fit"),
        (None, 0, 0.5, "cannot tell"),
    ],
)
def test_a_share_is_judged_by_the_ends_of_its_interval(k, n, asked, state):
    """quality A21: Wilson known answers decide on the edges; under 10 nobody can tell."""
    assert state_of(k, n, asked) == state


def test_a_hand_worked_question_names_the_field_that_binds_and_what_would_mend_it():
    """quality A21, 4.1: 81% of 1,000 where 95% is asked is not fit, and needs so many more."""
    poor = (GOOD[0], line(SEX, "completeness", 810, 1000), GOOD[2])
    verdict = judge(DEMAND, at_hand(*poor))
    assert (verdict.state, verdict.binding.column, verdict.binding.dimension) == ("not fit", "sex", "completeness")  # fmt: skip
    found, mend = verdict_text(verdict)
    assert found == "Sex is recorded for 81% (78.4% to 83.3%) of 1,000 pupils; 95% is asked."
    more = missing_to_fit(810, 1000, 0.95)
    assert mend == f"Record it for {more} more of the pupils."
    assert wilson(810 + more, 1000).low >= 0.95 > wilson(810 + more - 1, 1000).low
    mended = judge(DEMAND, at_hand(GOOD[0], line(SEX, "completeness", 810 + more, 1000), GOOD[2]))
    assert (
        mended.state == "fit" and verdict_text(mended)[0] == "Everything it needs is good enough."
    )


@pytest.mark.parametrize(
    ("held", "state", "dimension", "words", "mend"),
    [
        (at_hand(*GOOD), "fit", "late", "36 days", ""),
        (at_hand(sources=()), "cannot tell", "source", "Not received: School census", "Ask for this source"),
        (at_hand(*GOOD[1:]), "cannot tell", "completeness", "Pupil number (School census, spring term) was not measured: the field is not in what was received.", "next delivery"),
        (at_hand(*GOOD, lags={}), "cannot tell", "late", "When School census", "--received"),
        (at_hand(*GOOD, lags={"school-census": 61}), "not fit", "late", "came 61 days after its period ended; the answer is needed within 60 days.", "receive it 1 day sooner"),
        (at_hand(*GOOD[:2], line(SEX, "validity", 9, 9)), "cannot tell", "validity", "too few to tell", "several years"),
        (at_hand(*GOOD[1:], line(UPN, "completeness", 40, 40)), "fit with care", "completeness", "100% (91.2% to 100%) of 40 pupils", "All 40 are good, but 40 are too few to be sure"),
        (at_hand(*GOOD[1:], line(UPN, "completeness", None, 0)), "cannot tell", "completeness", "was not measured", "next delivery"),
    ],
)  # fmt: skip
def test_each_reason_has_its_verdict_and_its_sentence(held, state, dimension, words, mend):
    """quality 4.1: fit, fit with care, not fit, cannot tell, with the binding field named and what would mend it."""
    verdict = judge(DEMAND, held)
    assert verdict.state == state
    assert state == "fit" or verdict.binding.dimension == dimension
    lines = [line for line in verdict.lines if line.dimension == dimension]
    assert any(words in found_text(line) for line in lines)
    assert mend in mend_text(verdict.binding)


def test_no_lateness_is_asked_where_the_answer_counts_from_receipt_or_request():
    """quality 4.1, catalogue d30: whether a return is right is asked once it is there, however late it came."""
    late = at_hand(*GOOD, lags={"school-census": 400})
    assert judge(DEMAND, late).binding.dimension == "late"
    for since in ("receipt", "request"):
        verdict = judge(replace(DEMAND, lag_from=since), late)
        assert verdict.state == "fit" and all(x.dimension != "late" for x in verdict.lines)
    with pytest.raises(ValueError, match="lag_from is one of period, receipt, request, not recieved"):  # fmt: skip
        replace(DEMAND, lag_from="recieved")


def test_whoever_asks_for_an_answer_within_a_week_says_what_the_days_count_from():
    """Few questions are so quick; of each it was decided, as a yearly return comes later than that."""
    quick = {d.id: d.lag_from for d in demands() if d.lag_days <= 7 and d.needs}
    assert quick == {"d17": "period", "d30": "receipt", "d38": "period", "d54": "period"}
    assert {n.source for n in question("d38").fields} == {"annex-a"}, "its lists are of the day they are drawn"  # fmt: skip
    assert {d.id for d in demands() if d.lag_from == "request"} == {"d12", "d33", "d47", "d50", "d51"}  # fmt: skip


def test_links_are_judged_by_those_that_should_exist_and_never_taken_for_good_unmeasured():
    """quality 4.1: link rate >= ..: links rightly made of those that should exist, one line for all sources."""
    demand = replace(DEMAND, links=["school-census", "early-help"])
    both = {"sources": ("school-census", "early-help")}
    none = judge(demand, at_hand(*GOOD, **both))
    assert (none.state, none.binding.dimension) == ("cannot tell", "linked")
    assert found_text(none.binding).startswith("Not measured: how many of the links that should exist")  # fmt: skip
    assert "--links WORKSPACE" in mend_text(none.binding)
    poor = judge(demand, at_hand(*GOOD, links=(700, 1000), **both))
    assert [x.dimension for x in poor.lines].count("linked") == 1
    assert poor.state == "not fit" and as_record(poor)["binding"] == "links"
    found, mend = verdict_text(poor)
    assert found == "Of about 1,000 links that should exist between the sources, 700 were rightly made, 70% (67% to 72.7%); 90% is asked."  # fmt: skip
    assert mend.startswith(f"Make {missing_to_fit(700, 1000, 0.9)} more of them")
    assert judge(demand, at_hand(*GOOD, links=(990, 1000), **both)).state == "fit"
    assert "too few to tell" in found_text(judge(demand, at_hand(*GOOD, links=(9, 9), **both)).binding)  # fmt: skip
    unasked = judge(DEMAND, at_hand(*GOOD, links=(1, 1000)))
    assert all(x.dimension != "linked" for x in unasked.lines)


def test_a_return_with_rules_is_asked_for_contradictions_repeats_and_late_records():
    demand = load_text(BARE.split("needs", maxsplit=1)[0] + "needs:\n  cin-census.CINdetails.CINreferralDate: count\n", Demand)  # fmt: skip
    place = ("CINdetails", "CINreferralDate")
    lines = [
        line(place, "completeness", 1000, 1000, "cin-census"),
        line(place, "validity", 1000, 1000, "cin-census"),
        line(("CINdetails", ""), "uniqueness", 1000, 1000, "cin-census"),
        line(("", ""), "consistency", 990, 1000, "cin-census"),
        line(("", ""), "timeliness", 990, 1000, "cross"),
    ]
    known = {"sources": ("cin-census",), "lags": {"cin-census": 59}}
    assert judge(demand, at_hand(*lines, **known)).state == "fit"
    for left_out, why in ((3, "contradictions (no rule ran)"), (4, "how much came late")):
        rest = [one for n, one in enumerate(lines) if n != left_out]
        verdict = judge(demand, at_hand(*rest, **known))
        assert verdict.state == "cannot tell" and why in found_text(verdict.binding)
    twice = [*lines[:2], line(("CINdetails", ""), "uniqueness", 900, 1000, "cin-census"), *lines[3:]]  # fmt: skip
    verdict = judge(demand, at_hand(*twice, **known))
    assert verdict.state == "not fit" and "stand only once" in found_text(verdict.binding)
    late = [*lines[:4], line(("", ""), "timeliness", 700, 1000, "cross")]
    assert "record within the year" in mend_text(judge(demand, at_hand(*late, **known)).binding)
    broken = [*lines[:3], line(("", ""), "consistency", 700, 1000, "cin-census"), lines[4]]
    assert "more of the children" in mend_text(judge(demand, at_hand(*broken, **known)).binding)


COUNTS = st.integers(10, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS, COUNTS, st.integers(0, 120), st.randoms())
def test_a_verdict_is_its_worst_requirement_in_any_order(one, two, three, days, chance):
    """Property: never an average, and neither the order of fields nor of scores matters."""
    lines = [line(UPN, "completeness", *one), line(SEX, "completeness", *two), line(SEX, "validity", *three)]  # fmt: skip
    verdict = judge(DEMAND, at_hand(*lines, lags={"school-census": days}))
    assert verdict.state == min((x.state for x in verdict.lines), key=STATES.index)
    assert verdict.binding.state == verdict.state and verdict.binding in verdict.lines
    shuffled = random.Random(chance.random())
    needs = list(DEMAND.needs.items())
    shuffled.shuffle(lines)
    shuffled.shuffle(needs)
    other = judge(replace(DEMAND, needs=dict(needs)), at_hand(*lines, lags={"school-census": days}))
    assert (other.state, other.binding) == (verdict.state, verdict.binding)


@settings(max_examples=80, deadline=None)
@given(COUNTS, st.floats(0.05, 0.99))
def test_one_more_good_row_never_worsens_and_one_more_bad_row_never_mends(count, asked):
    """Property: of ten rows and more, as fewer say nothing at all."""
    k, n = count
    rank = STATES.index
    assert rank(state_of(k + 1, n + 1, asked)) >= rank(state_of(k, n, asked))
    assert rank(state_of(k, n + 1, asked)) <= rank(state_of(k, n, asked))


def test_a_source_more_never_worsens_what_other_sources_decide():
    """Property: receiving more turns no verdict from fit to anything else (catalogue A4)."""
    before = judge(DEMAND, at_hand(*GOOD))
    more = at_hand(*GOOD, line(("early_help", "dob"), "completeness", 0, 50, "early-help"), sources=("school-census", "early-help"))  # fmt: skip
    assert judge(DEMAND, more).state == before.state == "fit"


@pytest.mark.parametrize("demand", demands(), ids=lambda d: d.id)
def test_every_field_a_question_needs_is_there_and_is_scored(demand):
    """quality 4.1: a question states fields that its sources have, or says why none can serve."""
    assert bool(demand.needs) != bool(demand.no_field), demand.id
    for need in demand.fields:
        assert need.column in form_of(need.source).table(need.table).columns, need
        assert (need.table, need.column) in {(f.table, f.column) for f in fields_of(need.source)}, need  # fmt: skip
        assert need.grade in thresholds().grades, need
    for source in demand.links:
        assert form_of(source).tables, source


@pytest.mark.parametrize("source", sorted({n.source for d in demands() for n in d.fields}))
def test_codes_that_mean_unknown_are_codes_of_the_field(source):
    """A code that means unknown but is on no list would never be found, and blanks would count as known."""
    for field in fields_of(source):
        codes = codes_of(source, field.table, field.column)
        assert not codes or set(field.unknown) <= set(codes), field


def test_the_thresholds_say_once_that_they_are_design_values():
    assert "design values" in thresholds().source
    with pytest.raises(ValueError, match="below 1"):
        replace(thresholds(), link_rate=1.0)


def test_a_question_that_no_field_can_serve_says_so():
    verdict = judge(question("d47"), at_hand())
    assert (verdict.state, verdict.binding) == ("cannot tell", None)
    assert "studies and stories" in told_text(verdict)
    with pytest.raises(ValueError, match="never both"):
        replace(DEMAND, no_field="none")
    with pytest.raises(ValueError, match=r"not source\.table\.column"):
        replace(DEMAND, needs={"pupilonroll.upn": "count"})


def test_a_verdict_as_a_record_holds_every_requirement():
    record = as_record(judge(DEMAND, at_hand(*GOOD)))
    assert record["verdict"] == "fit" and len(record["requirements"]) == 4
    assert {r["dimension"] for r in record["requirements"]} == {"completeness", "validity", "late"}


def test_unknown_words_are_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean d28"):
        question("d28x")
    with pytest.raises(UsageError, match="did you mean not fit"):
        of_state((), "not fti")


@pytest.mark.parametrize(("share", "said"), [(0.9799, "97.9%"), (0.98, "98%"), (1.0, "100%"), (0.99999, "99.9%"), (0.29, "29%")])  # fmt: skip
def test_a_share_is_never_rounded_up_to_what_is_asked(share, said):
    assert percent(share) == said
