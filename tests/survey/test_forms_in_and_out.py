"""Forms from and for other programs (survey A9, A10)."""

import random
import re
from xml.etree import ElementTree

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.survey.bringing_in import bring_in, bring_recordings, written
from threecircles.survey.conditions import holds, parse
from threecircles.survey.exports import DDI, MISSING, surveyjs, write_ddi, write_sav
from threecircles.survey.forms import FlatForm, FlatItem, flat
from threecircles.survey.paper import write_paper
from threecircles.survey.questionnaire import items, questionnaire
from threecircles.survey.redcap import read_redcap
from threecircles.survey.wording import texts
from threecircles.survey.xlsform import read_relevant, read_xlsform, relevant, write_xlsform


def full():
    """A form with skips, sets, a scale and recordings in three languages."""
    found = flat(questionnaire("pupils_9_11"))
    heard = {"en": "emo1.opus", "pl": "emo1-pl.opus", "ar": "emo1-ar.opus"}
    first = tuple(
        FlatItem(
            i.code,
            i.type,
            i.labels,
            i.choices,
            i.ask_if,
            heard if i.code == "emo1" else {},
            i.list_name,
            {"en": "Think of last week.", "ar": "فكر في الأسبوع الماضي."}
            if i.code == "emo2"
            else {},
        )
        for i in found.items
    )
    labels = {x: f"how far {x}" for x in found.languages}
    tree = parse("sex == F and year >= 5 or not answered(emo1) or selected(lives_with, foster)")
    scale = tuple((str(v), dict.fromkeys(found.languages, str(v))) for v in range(11))
    added = FlatItem("far", "scale_0_10", labels, scale, tree, {}, "scale_0_10")
    return FlatForm(found.id, found.title, found.version, found.languages, (*first, added))


def test_a_form_goes_out_as_a_workbook_and_comes_back_the_same(tmp_path):
    "A9: codes, labels in three languages, audio, choices and skip logic."
    form = full()
    back = read_xlsform(write_xlsform(form, tmp_path / "form.xlsx"))
    assert back.losses == () and back.languages == form.languages == ("en", "pl", "ar")
    assert [i.code for i in back.items] == [i.code for i in form.items]
    for one, other in zip(form.items, back.items, strict=True):
        assert dict(one.labels) == dict(other.labels) and one.ask_if == other.ask_if
        assert [(v, dict(w)) for v, w in one.choices] == [(v, dict(w)) for v, w in other.choices]
        assert dict(one.audio) == dict(other.audio) and dict(one.hints) == dict(other.hints)
        assert (one.type == other.type) or (one.type, other.type) == ("place", "text")
    files = bring_in(back, tmp_path)
    assert len(files) == 5
    ours = questionnaire(back.id, tmp_path)
    again = flat(ours, tmp_path)
    assert [(i.code, i.ask_if, [v for v, _ in i.choices]) for i in again.items] == [
        (i.code, i.ask_if, [v for v, _ in i.choices]) for i in back.items
    ]
    assert texts(ours, "ar", tmp_path)["option.sex.F"] == "بنت"
    last = read_xlsform(write_xlsform(again, tmp_path / "again.xlsx"))
    assert last.losses == () and last.languages == back.languages and last.id == back.id
    assert [i.code for i in last.items if i.audio] == ["emo1"]
    for one, other in zip(back.items, last.items, strict=True):
        assert (one.code, one.type, one.ask_if) == (other.code, other.type, other.ask_if)
        assert dict(one.labels) == dict(other.labels) and dict(one.hints) == dict(other.hints)
        assert [(v, dict(w)) for v, w in one.choices] == [(v, dict(w)) for v, w in other.choices]
        assert dict(one.audio) == dict(other.audio)


def test_recordings_of_a_form_are_brought_to_where_it_plays_them(tmp_path):
    "A9: a recording that the workbook names is heard; one that is not there is named."
    media = tmp_path / "media"
    media.mkdir()
    for name in ("emo1.opus", "emo1-pl.opus"):
        (media / name).write_bytes(b"sound of " + name.encode())
    assert bring_recordings(full(), media, tmp_path) == (2, ["emo1-ar.opus"])
    played = tmp_path / "surveys" / "audio" / "pl" / "item.emo1.opus"
    assert played.read_bytes() == b"sound of emo1-pl.opus"
    odd = FlatItem("a", "text", {"en": "A"}, audio={"en": "a.amr"})
    with pytest.raises(UsageError, match="cannot play"):
        bring_recordings(FlatForm("f", "f", "1", ("en",), (odd,)), media, tmp_path)


def test_pyxform_takes_the_workbook(tmp_path):
    "A9: the reference converter accepts it."
    pytest.importorskip("pyxform")
    from pyxform.xls2xform import convert

    done = convert(str(write_xlsform(full(), tmp_path / "form.xlsx")), validate=False)
    assert "<h:title>How are you? Ages 9 to 11</h:title>" in done.xform
    assert "selected(" in done.xform and "media" not in done.warnings


def test_what_cannot_be_carried_over_is_named_with_its_place(tmp_path):
    "A9: the import stops, unless losses are accepted; then they stand in the definition."
    import xlsxwriter

    path = tmp_path / "odd.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("survey")
        for r, row in enumerate([
            ["type", "name", "label", "relevant", "constraint", "required"],
            ["integer", "age", "Your age", "", ". > 5", ""],
            [],
            ["geopoint", "here", "Where", "", "", ""],
            ["text", "why", "Why", "count(${age}) > 1", "", "yes"],
        ]):  # fmt: skip
            for c, cell in enumerate(row):
                sheet.write(r, c, cell)
        other = book.add_worksheet("choices")
        for r, row in enumerate(
            [["list_name", "name", "label", "media::image"], ["l", "1", "One", "one.png"]]
        ):
            for c, cell in enumerate(row):
                other.write(r, c, cell)
        book.add_worksheet("entities").write(0, 0, "dataset")
    form = read_xlsform(path)
    assert form.losses == (
        "sheet survey, row 2, column constraint: . > 5",
        "sheet survey, row 5, column required: yes",
        "sheet choices, row 2, column media::image: one.png",
        "sheet survey, row 4, column type: geopoint",
        "sheet survey, row 5, column relevant: count(${age}) > 1",
    )
    with pytest.raises(UsageError, match="accept-losses"):
        bring_in(form, tmp_path)
    bring_in(form, tmp_path, accept_losses=True)
    assert len(questionnaire("odd", tmp_path).losses) == 5


def test_repeats_are_refused(tmp_path):
    import xlsxwriter

    path = tmp_path / "again.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("survey")
        for r, row in enumerate([["type", "name", "label"], ["begin_repeat", "child", "Child"]]):
            for c, cell in enumerate(row):
                sheet.write(r, c, cell)
    with pytest.raises(UsageError, match=r"Repeats.*|row 2"):
        read_xlsform(path)


def test_a_data_dictionary_of_redcap_is_read_with_its_branching(tmp_path):
    head = ",".join(f'"c{k}"' for k in range(18))
    rows = [
        'sad,f,,radio,"Sad?","1, Never | 2, Often",,,,,,,,,,,,',
        'who,f,,checkbox,"Who?","1, Mum | 2, Dad",,,,,,"[sad] = \'2\'",,,,,,',
        "why,f,,notes,\"Why?\",,,,,,,\"[who(2)] = '1' and [sad] <> ''\",,,,,,@HIDDEN",
        'pic,f,,file,"Picture",,,,,,,,,,,,,',
    ]
    (tmp_path / "dictionary.csv").write_text("\n".join([head, *rows]))
    form = read_redcap(tmp_path / "dictionary.csv")
    assert [(i.code, i.type) for i in form.items] == [
        ("sad", "single"),
        ("who", "multiple"),
        ("why", "text"),
    ]
    assert holds(form.items[2].ask_if, {"who": ["2"], "sad": "1"}) and not holds(
        form.items[2].ask_if, {"who": ["1"], "sad": "1"}
    )
    assert form.losses == (
        "row 4, column 18 (action tags): @HIDDEN",
        "row 5, column 4 (field type): file",
    )


CONDITIONS = (
    "year >= 7", "not sex == M", "answered(a) and b != 2", "selected(c, x) or d in [1, 2, F]",
    "(a == 1 or b == 2) and not (c == 3)", "a < 3 and b <= 4 and c > 1",
)  # fmt: skip


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions_survive_the_way_through_other_grammars(text):
    tree = parse(text)
    rng = random.Random(3)
    names = ("year", "sex", "a", "b", "c", "d")
    for back in (parse(written(tree)), read_relevant(relevant(tree))):
        for _ in range(100):
            answers = {n: rng.choice([None, "1", "2", "3", "F", "M", "x", "8"]) for n in names}
            assert holds(back, answers) == holds(tree, answers)


def surveyjs_holds(expression, answers):
    """SurveyJS's expressions, read by themselves: names in braces, notempty, anyof, =, and, or, !."""
    text = re.sub(r"\{(\w+)\} notempty", lambda m: f"filled('{m[1]}')", expression)
    text = re.sub(r"\{(\w+)\} anyof (\[[^\]]*\])", lambda m: f"anyof('{m[1]}', {m[2]})", text)
    text = re.sub(
        r"\{(\w+)\} (=|!=|<=|>=|<|>) (\"[^\"]*\"|-?[\d.]+)",
        lambda m: f"compare('{m[1]}', '{m[2]}', {m[3]})",
        text,
    )
    text = text.replace("!(", "not (")

    def filled(name):
        return answers.get(name) not in (None, "", [])

    def anyof(name, wanted):
        given = answers.get(name)
        return bool(
            filled(name)
            and {str(g) for g in (given if isinstance(given, list) else [given])}
            & set(map(str, wanted))
        )

    def compare(name, sign, value):
        given = answers.get(name)
        if not filled(name):
            return False
        try:
            one, other = float(given), float(value)
        except (TypeError, ValueError):
            one, other = str(given), str(value)
        return {
            "=": one == other,
            "!=": one != other,
            "<": one < other,
            "<=": one <= other,
            ">": one > other,
            ">=": one >= other,
        }[sign]

    return eval(text, {"filled": filled, "anyof": anyof, "compare": compare})


def test_surveyjs_walks_the_same_path(tmp_path):
    "A9: 200 random sets of answers to the form with bolt-ons and skips."
    found = questionnaire("pupils_11_16_bolt_ons")
    told = {p["elements"][0]["name"]: p["elements"][0] for p in surveyjs(flat(found))["pages"]}
    rng = random.Random(5)
    asked_items = items(found)
    assert sum("visibleIf" in e for e in told.values()) == 2
    for _ in range(200):
        answers = {
            i.code: rng.choice([*i.values, None]) if i.values else "word" for i in asked_items
        }
        ours = [i.code for i in asked_items if holds(i.ask_if, answers)]
        theirs = [c for c, e in told.items() if surveyjs_holds(e.get("visibleIf", "True"), answers)]
        assert ours == theirs
    for text in CONDITIONS[2:4]:
        one = FlatItem("q", "text", {"en": "q"}, (), parse(text))
        expression = surveyjs(FlatForm("f", "f", "1", ("en",), (one,)))["pages"][0]["elements"][0][
            "visibleIf"
        ]
        for _ in range(100):
            answers = {n: rng.choice([None, "1", "2", "F", "x"]) for n in "abcd"}
            assert surveyjs_holds(expression, answers) == holds(one.ask_if, answers)


def test_the_codebook_names_every_question_answer_and_missing_code(tmp_path):
    "A9: DDI-Codebook 2.5; validated against the schema where it is supplied."
    form = flat(questionnaire("pupils_9_11"))
    root = ElementTree.parse(write_ddi(form, tmp_path / "codebook.xml", cases=12)).getroot()
    assert root.tag == f"{{{DDI}}}codeBook" and root.get("version") == "2.5"
    variables = root.findall(f".//{{{DDI}}}var")
    assert [v.get("name") for v in variables] == [i.code for i in form.items]
    sad = next(v for v in variables if v.get("name") == "emo1")
    assert "I feel sad." in sad.find(f"{{{DDI}}}qstn/{{{DDI}}}qstnLit").text
    values = [c.find(f"{{{DDI}}}catValu").text for c in sad.findall(f"{{{DDI}}}catgry")]
    assert values == ["1", "2", "3", "4", "5", "-9", "-8", "-7", "-6", "-5"]


def test_answers_go_to_spss_with_labels_and_reasons(tmp_path):
    "A9: read back with value labels and user-missing codes."
    pyreadstat = pytest.importorskip("pyreadstat")
    form = flat(questionnaire("pupils_9_11"))
    table = pl.DataFrame(
        {
            "response_id": ["a", "b"], "questionnaire": ["pupils_9_11"] * 2, "urn": ["1", "1"], "nc_year": [5, 5],
            "emo1": ["4", None], "emo1__why": ["answered", "refused"],
        }
    )  # fmt: skip
    path = write_sav(form, table, tmp_path / "answers.sav")
    columns, about = pyreadstat.read_sav(str(path), output_format="dict", user_missing=True)
    assert list(columns["emo1"]) == [4.0, MISSING["refused"]]
    assert (
        about.variable_value_labels["emo1"][4.0] == "Often"
        and about.variable_value_labels["emo1"][-8.0] == "refused"
    )
    assert about.missing_ranges["emo1"] and "sad" in about.column_names_to_labels["emo1"]
    columns, _ = pyreadstat.read_sav(str(path), output_format="dict")
    assert columns["emo1"][0] == 4.0 and columns["emo1"][1] != MISSING["refused"]


def test_the_paper_form_is_tagged_and_asks_every_question(tmp_path):
    import pypdf

    form = flat(questionnaire("pupils_9_11"))
    reader = pypdf.PdfReader(write_paper(form, tmp_path / "form.pdf"))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    text = " ".join(page.extract_text() for page in reader.pages).replace("\n", " ")
    assert "I feel sad." in text and "Always" in text and f"{len(form.items)}." in text
