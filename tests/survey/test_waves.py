"""A second wave beside the first: the same pupils where they kept their code, schools in common else (survey 5, A33)."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from tests.survey.made_up import GRANT, write_record
from tests.survey.test_from_close_to_report import answered

from threecircles.cli.survey_run import wave_tables, write_reports
from threecircles.core.errors import UsageError
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.release import load_safe
from threecircles.survey.closing import close
from threecircles.survey.field import pupil_codes
from threecircles.survey.handing_over import keep_codes
from threecircles.survey.scored import score_study
from threecircles.survey.study import folder_of, load_study, next_wave
from threecircles.survey.waves import LEAST_APART, LEAST_JOINED, asked_alike, chain, changes

TODAY = date(2026, 12, 1)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A scored study, whose rows the tests below change."""
    folder = tmp_path_factory.mktemp("first")
    study, _, _ = answered(folder, schools=4, on_roll=40, mode="anonymous")
    close(folder, study, GRANT, TODAY)
    return score_study(folder, study)


def wave(scored, rng, shift=0.0, school=0.0, same=True, named=True):
    """The study with scores drawn anew: pupils keep part of their level, schools a part of theirs."""
    mode = "identifiable" if named else "anonymous"
    # Ids are drawn by the operating system: in their order the same seed would give other schools other pupils.
    rows = scored.rows.sort("urn", "nc_year", "sex", maintain_order=True)
    codes = rows["urn"].unique().sort().to_list()
    common = dict(zip(codes, rng.normal(0, school, len(codes)), strict=True))
    move = rows["urn"].replace_strict(common, return_dtype=pl.Float64).to_numpy()
    y = move + shift + rng.normal(0, 0.5, rows.height)
    ids = rows["response_id"] if same else pl.Series([f"x{k}" for k in range(rows.height)])
    only = tuple(m for m in scored.measures if m.id == "feelings")
    return replace(
        scored, measures=only, study=replace(scored.study, mode=mode),
        rows=rows.with_columns(feelings=pl.Series(y), response_id=ids),
    )  # fmt: skip


def one(told):
    (row,) = told.filter(pl.col("scale") == "feelings").to_dicts()
    return row


def test_pupils_who_kept_their_code_are_set_beside_themselves(first):
    rng = np.random.default_rng(1)
    then = wave(first, rng)
    level = pl.Series(rng.normal(0.2, 0.1, then.rows.height))
    now = replace(then, rows=then.rows.with_columns(feelings=pl.col("feelings") + level))
    row = one(changes(then, now))
    assert row["how"] == "same pupils" and row["n"] == then.rows.height
    assert row["change"] == pytest.approx(row["later"] - row["earlier"]) and row["said"] == "higher"
    apart = one(
        changes(*(replace(w, study=replace(w.study, mode="anonymous")) for w in (then, now)))
    )
    assert apart["how"] == "two samples" and apart["change"] == pytest.approx(row["change"])
    # Beside themselves pupils tell more than other pupils would.
    assert row["se"] < apart["se"] * 1.0001


def test_few_joined_pupils_or_few_apart_are_compared_as_two_samples(first):
    "Else a base would tell of the few who are not joined."
    rng = np.random.default_rng(2)
    then, now = wave(first, rng), wave(first, rng)
    some = pl.int_range(pl.len()) < LEAST_JOINED - 1
    few = replace(now, rows=now.rows.with_columns(
        response_id=pl.when(some).then("response_id").otherwise(pl.lit("n")))
    )  # fmt: skip
    assert one(changes(then, few))["how"] == "two samples"
    gone = replace(then, rows=then.rows.slice(LEAST_APART - 1))
    assert one(changes(gone, now))["how"] == "two samples"
    enough = replace(then, rows=then.rows.slice(LEAST_APART))
    told = one(changes(enough, now))
    assert told["how"] == "same pupils" and told["n"] == now.rows.height - LEAST_APART


@pytest.mark.parametrize("named", [True, False])
def test_a_change_is_named_when_its_interval_leaves_out_nought_and_seldom_by_chance(first, named):
    "A change of nothing is named about once in twenty; a planted one nearly always."
    rng = np.random.default_rng(3)
    said = []
    for shift in (0.0, 0.5):
        rows = [
            one(changes(wave(first, rng, named=named), wave(first, rng, shift, named=named)))
            for _ in range(40)
        ]
        for row in rows:
            outside = row["low"] > 0 or row["high"] < 0
            assert (row["said"] != "no clear difference") == outside
        said.append(sum(r["said"] != "no clear difference" for r in rows))
    assert said[0] <= 6 and said[1] >= 38, said


def test_what_schools_have_in_common_in_both_waves_is_kept_in_the_error(first):
    "Schools that differ as much in both waves take nothing from what is known of the change."
    rng = np.random.default_rng(4)
    then = wave(first, rng, school=2.0, named=False)
    now = replace(
        then, rows=then.rows.with_columns(feelings=pl.col("feelings") + rng.normal(0, 0.5))
    )
    other = wave(first, rng, school=2.0, named=False)
    assert one(changes(then, now))["se"] < 0.2 * one(changes(then, other))["se"]


def test_a_scale_with_another_rule_and_convenience_answers_are_not_compared(first):
    then = wave(first, np.random.default_rng(5))
    others = tuple(
        replace(m, scales=[replace(s, scale_form="T") for s in m.scales]) for m in then.measures
    )
    assert changes(then, replace(then, measures=others)).is_empty()
    assert changes(then, replace(then, study=replace(then.study, basis="convenience"))).is_empty()


def test_the_next_wave_asks_the_same_and_needs_a_new_decision(tmp_path):
    before = write_record(tmp_path)
    next_wave(tmp_path, before, "autumn2", TODAY)
    after = load_study(tmp_path, "autumn2")
    assert (after.wave, after.follows, after.questionnaires) == (
        "2",
        "autumn",
        before.questionnaires,
    )
    assert after.ethics.decision == "none" and after.opens > TODAY
    assert [s.id for s in chain(tmp_path, after)] == ["autumn", "autumn2"]
    path = folder_of(tmp_path, "autumn") / "study.yaml"
    path.write_text(path.read_text() + "follows: autumn2\n")
    with pytest.raises(UsageError, match="follows itself"):
        chain(tmp_path, after)


def test_codes_of_an_earlier_wave_are_kept_where_the_holder_lists_them(tmp_path):
    study, store, rows = answered(tmp_path, schools=1, on_roll=6, mode="identifiable")
    old = pupil_codes(store, rows[0]["code"], 3)
    store.run("DELETE FROM pupil_code")
    known = pl.DataFrame(
        {"urn": [rows[1]["urn"]] * 2, "class": [rows[1]["name"]] * 2, "code": old[:2]}
    )
    kept = keep_codes(known, rows)
    assert kept == {rows[1]["code"]: old[:2]}
    made = pupil_codes(store, rows[1]["code"], 5, known=old[:2])
    assert made[:2] == old[:2] and len(set(made)) == 5
    with pytest.raises(UsageError, match="stand twice"):
        pupil_codes(store, rows[0]["code"], 5, known=old[:1])
    with pytest.raises(UsageError, match="not in the list of classes"):
        keep_codes(known.with_columns(pl.lit("9Z").alias("class")), rows)
    assert study.mode == "identifiable"


def test_the_borough_report_names_changes_and_trust_by_wave_and_no_small_group(tmp_path):
    """A33: trust by wave and respondent with interval; the wave that did not ask says so.

    A22: the schools' and the borough's tables of both years are attacked together.
    """
    for study_id, more, forms in (
        ("autumn", "", "pupils_9_11"), ("autumn2", 'wave: "2"\nfollows: autumn', "pupils_9_11_trust"),
    ):  # fmt: skip
        _with_trust(tmp_path)
        study, _, _ = answered(
            tmp_path,
            schools=3,
            on_roll=24,
            study_id=study_id,
            more=more,
            questionnaires=forms,
            languages="en",
        )
        close(tmp_path, study, GRANT, TODAY)
        if study_id == "autumn":
            write_reports(tmp_path, study, tmp_path / "first", TODAY, tell=lambda _: None)
    scored = score_study(tmp_path, study)
    assert asked_alike(tmp_path, *chain(tmp_path, study)) == []
    tables = {t.spec.id: t for t in wave_tables(tmp_path, scored)}
    assert set(tables) == {"survey-change", "survey-trust"}
    trust = {(r["wave"], r["measure"]): r for r in tables["survey-trust"].frame.to_dicts()}
    assert trust["1", "trs1"]["reason"] == "not_asked" and trust["2", "trs1"]["low"] is not None
    done = write_reports(tmp_path, study, tmp_path / "out", TODAY, tell=lambda _: None)
    now, last = (load_safe(folder_of(tmp_path, s) / "released") for s in ("autumn2", "autumn"))
    assert len([t for t in last if t.spec.id.startswith("school-")]) == 3 * 4
    assert {"survey-change", "survey-trust"} < {t.spec.id for t in now}
    assert attack_safe([*now, *last]) == []
    for table in (*now, *last):
        shown = table.frame.filter(pl.col("symbol") == "")["n"].drop_nulls()
        assert ((shown >= 10) | (shown == 0)).all(), table.spec.id
    page = (done.borough / "change.html").read_text()
    assert "no clear difference" in page and "two samples from the same schools" in page
    trusted = (done.borough / "trust.html").read_text()
    assert "I know why I was asked." in trusted and "not asked" in trusted


def _with_trust(folder):
    """A questionnaire of the workspace: the shipped one and the trust items."""
    text = "\n".join(
        [
            "id: pupils_9_11_trust", "label: With trust items", 'version: "1"', "respondent: pupil", "ages: [9, 11]",
            "modules: [about_me, how_i_am, my_world, trust_items, last_words]", "languages: [en]", "source: made up",
        ]
    )  # fmt: skip
    path = folder / "questionnaires" / "pupils_9_11_trust.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def test_one_group_with_few_apart_makes_the_whole_breakdown_two_samples(first):
    "Else its base would follow from the bases of the others."
    rng = np.random.default_rng(6)
    then, now = wave(first, rng), wave(first, rng)
    boys = (pl.col("sex") == "M") & (pl.col("sex").cum_count().over("sex") <= LEAST_APART - 1)
    gone = replace(then, rows=then.rows.filter(~boys))
    told = changes(gone, now, ("sex",))
    assert set(told["how"]) == {"two samples"}
    assert told["n"].sum() == now.rows.height
