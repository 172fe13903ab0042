"""A questionnaire of a borough's own, brought in and then asked in the browser (survey section 2)."""

from datetime import date

import pytest
from starlette.testclient import TestClient
from tests.survey.made_up import GRANT, open_study

from threecircles.survey.bringing_in import bring_in
from threecircles.survey.closing import close, read_closed
from threecircles.survey.conditions import parse
from threecircles.survey.forms import FlatForm, FlatItem

YES = (("y", {"en": "Yes", "pl": "Tak"}), ("n", {"en": "No", "pl": "Nie"}))
FORM = FlatForm(
    "town_park", "The park", "1", ("en", "pl"),
    (
        FlatItem("park", "single", {"en": "Do you go to the park?", "pl": "Czy chodzisz do parku?"}, YES),
        FlatItem("park_best", "single", {"en": "Is it the best place?", "pl": "Czy to najlepsze miejsce?"}, YES, parse('park == "y"')),
        FlatItem("park_words", "text", {"en": "What should change?", "pl": "Co zmienic?"}),
    ),
)  # fmt: skip


@pytest.fixture
def asked(tmp_path):
    """A study that asks the imported form, and a browser at its door."""
    from threecircles.web.survey import survey_app

    bring_in(FORM, tmp_path)
    study, store, rows = open_study(
        tmp_path, schools=1, years=(5,), questionnaires="town_park", languages="en, pl"
    )
    client = TestClient(survey_app(tmp_path, ("testserver",)), follow_redirects=True)
    return tmp_path, study, store, rows[0]["code"], client


def begin(client, code, language):
    told = {"code": code, "consent": "yes", "language": language, "mode": "standard"}
    return client.post("/survey/start", data=told).text


def test_an_imported_form_is_asked_with_its_words_answers_and_conditions(asked):
    folder, study, _, code, client = asked
    assert "Czy chodzisz do parku?" in begin(client, code, "pl")
    page = client.get("/survey/q/0").text
    assert "Tak" in page and "Nie" in page
    after = client.post("/survey/q/0", data={"answer": "n", "go": "next"}).text
    assert "Co zmienic?" in after and "najlepsze" not in after
    client.post("/survey/q/2", data={"answer": "More trees", "go": "next"})
    close(folder, study, GRANT, date(2026, 12, 1))
    told = read_closed(folder, study)
    (row,) = told["responses"].to_dicts()
    assert (row["park"], row["park_best__why"]) == ("n", "not_applicable")
    assert told["words"]["text"].to_list() == ["More trees"]


def test_the_tablets_module_is_given_the_same_questions(asked):
    *_, code, client = asked
    begin(client, code, "en")
    told = client.get("/survey/screens").json()
    assert [i["code"] for i in told["items"]] == ["park", "park_best", "park_words"]
    assert told["items"][1]["ask"] == ["==", "park", "y"]


def test_the_check_of_an_imported_form_says_that_its_words_are_a_draft(asked, capsys):
    import typer

    from threecircles.cli.survey import check

    with pytest.raises(typer.Exit):
        check("town_park", asked[0])
    told = capsys.readouterr().out
    assert "3 questions" in told and "town_park (pl) is draft" in told
