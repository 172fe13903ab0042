"""Questionnaires, their words, and what stands between a study and its first day (survey A8, A16, A17, A30)."""

import numpy as np
import polars as pl
import pytest
from tests.survey.made_up import GRANT, write_record

from threecircles.core.errors import DefinitionError, NotPermitted
from threecircles.core.safety import Grant
from threecircles.definitions import HOME
from threecircles.survey.conditions import holds, names, parse
from threecircles.survey.given import given_codes, given_modules
from threecircles.survey.questionnaire import (
    Questionnaire,
    Rotation,
    core_hash,
    items,
    measures_of,
    questionnaire,
    questionnaires,
)  # fmt: skip
from threecircles.survey.study import Ethics, check_may_open, faults
from threecircles.survey.wording import changed_words, missing, not_written, texts, untested


def test_the_core_for_both_ages_and_parents_has_every_word_in_its_languages():
    asked = {q.id: q for q in questionnaires()}
    assert {"pupils_9_11", "pupils_11_16", "parents_0_8"} <= set(asked)
    for found in asked.values():
        for language in found.languages:
            assert not_written(found, language) == [], (found.id, language)
            assert missing(found, language) == [], (found.id, language)
    assert {"pl", "ar"} <= set(asked["pupils_9_11"].languages)
    bolt_ons = {i.module for i in items(asked["pupils_11_16_bolt_ons"]) if i.kind == "bolt_on"}
    assert len(bolt_ons) >= 3


def test_a_bolt_on_leaves_the_hash_of_the_core_alone():
    assert core_hash(questionnaire("pupils_11_16")) == core_hash(
        questionnaire("pupils_11_16_bolt_ons")
    )


def test_no_child_is_asked_a_question_with_long_words_or_long_sentences():
    "Reading age 8 to 9: Flesch-Kincaid over all questions and answers of the younger form."
    told = texts(questionnaire("pupils_9_11"), "en")
    asked = [v for k, v in told.items() if k.startswith("item.")]
    words = [
        w for text in asked for w in text.replace("?", "").replace(".", "").replace(",", "").split()
    ]
    syllables = sum(
        max(
            1,
            len(
                [
                    1
                    for a, b in zip(" " + w.lower(), w.lower() + " ", strict=False)
                    if b in "aeiouy" and a not in "aeiouy"
                ]
            )
            - (w.lower().endswith("e") and len(w) > 3),
        )
        for w in words
    )
    grade = 0.39 * len(words) / len(asked) + 11.8 * syllables / len(words) - 15.59
    assert grade < 4.5, f"US grade {grade:.1f}, that is age {grade + 5:.0f}"


@pytest.mark.parametrize(
    ("text", "answers", "asked"),
    [
        ("year >= 7", {"year": "8"}, True),
        ('year >= 7 and not sex == "M"', {"year": 8, "sex": "F"}, True),
        ("car1 >= 2 or answered(emo1)", {"car1": "1"}, False),
        ("selected(home, 'foster')", {"home": ["mother", "foster"]}, True),
        ('sex in ["F", X]', {"sex": "X"}, True),
        ("car1 != 1", {}, False),
        ("not answered(car1)", {}, True),
        ("(a == 1 or b == 2) and c < 2.5", {"b": "2", "c": "2.4"}, True),
    ],
)
def test_a_condition_says_whether_a_question_is_asked(text, answers, asked):
    assert holds(parse(text), answers) is asked


@pytest.mark.parametrize(
    "text",
    ["year >=", "year > 7 and", "selected(home)", "(a == 1", "a = 1", "a in 1", "==", "a == 1 b"],
)
def test_a_condition_that_cannot_be_read_is_refused_with_what_was_found(text):
    with pytest.raises(DefinitionError, match="cannot be read"):
        parse(text, "module.yaml page 3")


def test_names_are_found_wherever_they_stand():
    assert names(parse("not (a == 1 and answered(b)) or c in [1, 2]")) == {"a", "b", "c"}


def home_with(tmp_path, module, **changes):
    folder = tmp_path / "questionnaires"
    (folder / "modules").mkdir(parents=True)
    (folder / "modules" / "own.yaml").write_text(module)
    told = {
        "id": "own", "label": "Own", "source": "test", "version": '"1"', "respondent": "pupil",
        "ages": "[9, 11]", "modules": "[about_me, own]", "languages": "[en]",
    } | changes  # fmt: skip
    (folder / "own.yaml").write_text("\n".join(f"{k}: {v}" for k, v in told.items()))
    return tmp_path


MODULE = "id: own\nlabel: Own\nsource: test\nkind: bespoke\npages:\n  - {PAGE}\n"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("{code: q1, type: single, options: never_always, ask_if: q2 == 1}", "not asked before it"),
        ("{code: sex, type: single, options: sex}", "asked twice"),
        ("{code: q1, type: single, options: nowhere}", "unknown set"),
        ("{code: q1, type: single}", "names no answers"),
        ("{type: text}", "measure or a question's code"),
    ],
)
def test_a_module_that_contradicts_itself_is_refused_with_its_file(tmp_path, page, words):
    home = home_with(tmp_path, MODULE.replace("{PAGE}", page))
    with pytest.raises(DefinitionError, match=words) as error:
        questionnaire("own", home)
    assert "own.yaml" in str(error.value)


def test_an_unlicensed_measure_does_not_open_and_the_holder_is_named(tmp_path):
    "A8."
    home_with(tmp_path, MODULE.replace("{PAGE}", "{measure: sdq_self}"))
    from threecircles.survey.licences import refuse_unlicensed

    found = questionnaire("own", tmp_path)
    with pytest.raises(NotPermitted, match=r"(?s)Youth in Mind.*licensed/sdq_self/licence.yaml"):
        refuse_unlicensed(found, tmp_path, tmp_path)
    record = tmp_path / "licensed" / "sdq_self"
    record.mkdir(parents=True)
    (record / "licence.yaml").write_text(
        "id: l\nlabel: l\nsource: letter\nmeasure: sdq_self\nholder: Youth in Mind\nreference: R1\non: 2026-01-01\nscope: borough\npurpose: research\n"
    )
    with pytest.raises(NotPermitted, match="words"):
        refuse_unlicensed(found, tmp_path, tmp_path)
    (record / "text.en.yaml").write_text(
        "id: t\nlabel: t\nsource: owner\nlanguage: en\nmeasure: sdq_self\nitems: {sdq_self1: one}\n"
    )
    refuse_unlicensed(found, tmp_path, tmp_path)
    assert texts(found, "en", tmp_path)["item.sdq_self1"] == "one"


def test_nothing_opens_without_ethics_and_the_message_says_what_is_missing(tmp_path):
    "A16, A32: no grant, a grant without its record, a decision that is not there."
    study = write_record(tmp_path)
    for grant in (None, Grant(purpose="x", actor="x", basis="x", policies=())):
        with pytest.raises(NotPermitted, match="ethics record"):
            check_may_open(study, grant, tmp_path)
    check_may_open(study, GRANT, tmp_path)
    path = tmp_path / "surveys" / "autumn" / "study.yaml"
    path.write_text(path.read_text().replace("decision: favourable", "decision: refused"))
    from threecircles.survey.study import load_study

    with pytest.raises(NotPermitted, match=r"refused.*Made-up committee"):
        check_may_open(load_study(tmp_path, "autumn"), GRANT, tmp_path)


@pytest.mark.parametrize("kind", ["census", "sample", "service", "workforce"])
def test_no_kind_of_study_opens_without_its_decision_and_its_record(tmp_path, monkeypatch, kind):
    "A32: neither by the command nor by a direct call; each of the two parts alone is not enough."
    from threecircles.cli.survey import open_study as command
    from threecircles.core import workspace as workspaces
    from threecircles.survey.opening import OPENED

    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    workspace = workspaces.create(tmp_path / "w", fictitious=False).path
    asked = {"census": "pupils_9_11", "service": "service"}.get(kind, "parents_0_8")
    study = write_record(workspace, kind=kind, questionnaires=asked, languages="en")
    with pytest.raises(NotPermitted, match="no ethics record"):
        command(study.id, workspace)
    undecided = study.__class__(**(vars(study) | {"ethics": Ethics()}))
    with pytest.raises(NotPermitted, match="ethics decision is none"):
        check_may_open(undecided, GRANT, workspace)
    with pytest.raises(NotPermitted, match="ethics record"):
        check_may_open(study, None, workspace)
    assert not (workspace / "surveys" / study.id / OPENED).exists()
    check_may_open(study, GRANT, workspace)


def test_untested_words_need_a_reason_and_are_named(tmp_path):
    "A30."
    study = write_record(tmp_path)
    assert faults(study) == []
    path = tmp_path / "surveys" / "autumn" / "study.yaml"
    path.write_text(path.read_text().replace("untested_reason: a test with made-up answers\n", ""))
    from threecircles.survey.study import load_study

    (fault,) = faults(load_study(tmp_path, "autumn"))
    assert "feelings (en) is draft; piloted is needed." in fault
    assert "feelings (ar) is translated; reviewed is needed." in fault


def test_a_reworded_question_needs_a_new_code(tmp_path):
    "A30: the words shipped are locked; other words under the old code are found."
    import shutil

    found = questionnaire("pupils_9_11")
    assert changed_words(found) == []
    shutil.copytree(HOME / "measures", tmp_path / "measures")
    path = tmp_path / "measures" / "en" / "feelings.yaml"
    path.write_text(path.read_text().replace("I feel sad.", "I feel very sad."))
    assert changed_words(found, tmp_path) == ["emo1"]
    assert untested(found, ("en",))[0].state == "draft"


def test_a_study_that_is_open_too_long_or_named_without_assessment_is_refused(tmp_path):
    long = write_record(tmp_path, closes="2027-03-01")
    assert any("31 days" in f for f in faults(long))
    named = write_record(tmp_path, mode="identifiable")
    assert faults(named) == []
    path = tmp_path / "surveys" / "autumn" / "study.yaml"
    path.write_text(path.read_text().replace("dpia: DPIA-1\n", ""))
    from threecircles.survey.study import load_study

    assert any("data protection" in f for f in faults(load_study(tmp_path, "autumn")))


def rotated():
    return Questionnaire(
        id="r", label="r", source="r", version="1", respondent="pupil", ages=[11, 16], languages=["en"],
        modules=["about_me", "online", "active", "carers", "last_words"],
        rotate=Rotation(modules=["online", "active", "carers"], give=2, seed=4),
    )  # fmt: skip


def test_rotation_gives_each_module_as_often_and_keeps_what_was_given():
    given = [given_modules(rotated(), k) for k in range(900)]
    for module in ("online", "active", "carers"):
        assert 540 < sum(module in g for g in given) < 660
    assert all(len([m for m in g if m]) == 4 for g in given)
    assert given_codes(rotated(), 5) == given_codes(rotated(), 5)
    assert "year" in given_codes(rotated(), 5) and len(measures_of(rotated())) == 3


def test_estimates_of_rotated_questions_lie_about_the_full_form():
    "A17: over 200 rotations the mean of those asked is within 2 standard errors of the full value."
    from threecircles.core.design import Design, estimate, mean

    rng = np.random.default_rng(3)
    full = rng.normal(3, 1, 400)
    weight = rng.uniform(0.5, 2, 400)
    whole = float((full * weight).sum() / weight.sum())
    found = []
    for draw in range(200):
        asked = np.array(["online" in given_modules(rotated(), draw * 400 + k) for k in range(400)])
        table = pl.DataFrame(
            {"y": [v if a else None for v, a in zip(full, asked, strict=True)], "w": weight}
        )
        told = estimate(table, Design(weight="w"), [mean("y")]).to_dicts()[0]
        assert told["n"] == int(asked.sum())
        found.append(told["value"])
    error = float(np.std(found, ddof=1) / np.sqrt(len(found)))
    assert abs(np.mean(found) - whole) < 2 * error + 1e-12
