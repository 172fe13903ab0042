"""Our SurveyJS files walked by SurveyJS itself (survey A9): our reading of its grammar could be wrong.

The program is no part of the house: `npm install survey-core@2.5.38` into any folder, and name the folder
in THREECIRCLES_SURVEY_CORE.
"""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.survey.test_forms_in_and_out import CONDITIONS

from threecircles.survey.conditions import holds, parse
from threecircles.survey.exports import surveyjs
from threecircles.survey.forms import FlatForm, FlatItem, flat
from threecircles.survey.questionnaire import items, questionnaire

WALK = """
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const core = createRequire(process.argv[2] + "/")("survey-core");
const { form, sets } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(sets.map((answers) => {
  const model = new core.Model(form);
  model.data = answers;
  return model.getAllQuestions(true).map((question) => question.name);
})));
"""


def walked(form, sets, tmp_path):
    """The questions that SurveyJS shows for each set of answers."""
    folder = os.environ.get("THREECIRCLES_SURVEY_CORE", "")
    if not shutil.which("node") or not (Path(folder) / "node_modules" / "survey-core").is_dir():
        pytest.skip("no SurveyJS to try: set THREECIRCLES_SURVEY_CORE to a folder that holds it")
    script = tmp_path / "walk.mjs"
    script.write_text(WALK, encoding="utf-8")
    told = json.dumps({"form": form, "sets": sets})
    done = subprocess.run(
        ["node", str(script), folder],
        check=False,
        input=told,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-500:]
    return json.loads(done.stdout)


def random_answers(codes, rng, values):
    """One set of answers; what is None was not answered and is not sent."""
    told = {c: rng.choice(values(c)) for c in codes}
    return {c: v for c, v in told.items() if v is not None}


def test_surveyjs_asks_the_same_questions_of_200_random_sets_of_answers(tmp_path):
    "A9: the form with bolt-ons and skips, in the program itself."
    asked = items(questionnaire("pupils_11_16_bolt_ons"))
    by_code = {i.code: i for i in asked}

    def values(code):
        item = by_code[code]
        if item.type == "multiple":
            return [None, [item.values[0]], list(item.values[:2])]
        return [*item.values, None] if item.values else ["word", None]

    rng = random.Random(5)
    sets = [random_answers(by_code, rng, values) for _ in range(200)]
    theirs = walked(surveyjs(flat(questionnaire("pupils_11_16_bolt_ons"))), sets, tmp_path)
    ours = [[i.code for i in asked if holds(i.ask_if, told)] for told in sets]
    assert theirs == ours and len({tuple(o) for o in ours}) > 1


@pytest.mark.parametrize("text", CONDITIONS)
def test_surveyjs_reads_every_kind_of_condition_as_we_do(text, tmp_path):
    "A9: and, or, not, answered, selected, in, and comparisons of what was and was not answered."
    names = ("year", "sex", "a", "b", "c", "d")
    before = tuple(FlatItem(n, "text", {"en": n}) for n in names)
    form = FlatForm("f", "f", "1", ("en",), (*before, FlatItem("q", "text", {"en": "q"}, (), parse(text))))  # fmt: skip
    rng = random.Random(3)
    sets = [
        random_answers(names, rng, lambda n: [None, "1", "2", "3", "F", "M", "x", "8"])
        for _ in range(100)
    ]
    theirs = ["q" in shown for shown in walked(surveyjs(form), sets, tmp_path)]
    assert theirs == [holds(parse(text), told) for told in sets]
