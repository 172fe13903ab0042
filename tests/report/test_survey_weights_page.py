"""How far a survey's answers were stretched stands on the page of data quality (report 2, page 9)."""

from datetime import date

import polars as pl
import pytest

from threecircles.core.tables import TOTAL
from threecircles.disclosure.release import protect
from threecircles.report.context import Context
from threecircles.report.model import Nothing, Table, Text, Value
from threecircles.report.pages import quality
from threecircles.report.pages.survey_weights import weight_blocks
from threecircles.report.released import released
from threecircles.survey.weights import Weighted, margins_of, weigh
from threecircles.survey.weights_table import in_words, weights_table

CONTEXT = Context(place="Made-up", la_code="E1", period="y", made_on=date(2026, 4, 1))
LABELS = {"survey_2026": "Survey of pupils, 2026"}


def roll(n=400):
    return pl.DataFrame(
        {"stratum": ["primary"] * n, "urn": [str(i % 4) for i in range(n)], "nc_year": [5 + i % 2 for i in range(n)],
         "sex": ["F" if i % 3 else "M" for i in range(n)]}
    )  # fmt: skip


def made(told, margins):
    return weights_table({"survey_2026": (told, margins)}, LABELS, "year ending 31 March 2026")


def tables(told, margins):
    return released(protect([made(told, margins)]))


@pytest.fixture(scope="module")
def fitted():
    """Answers of 120 of 400 pupils, girls more often, weighted to the roll."""
    everyone = roll()
    answered = everyone.filter(
        pl.int_range(pl.len()) % 3 + (pl.col("sex") == "M").cast(pl.Int64) < 2
    ).head(150)
    margins = margins_of((), ())
    return weigh(answered, everyone, margins), margins


def test_design_effect_and_largest_weight_are_those_of_the_weights(fitted):
    told, margins = fitted
    whole = {
        r["measure"]: r["value"] for r in made(told, margins).frame.filter(total=TOTAL).to_dicts()
    }
    w = told.weights.to_numpy()
    assert whole["design_effect"] == pytest.approx(len(w) * (w**2).sum() / w.sum() ** 2)
    assert whole["effective_answers"] == round(len(w) / whole["design_effect"])
    assert whole["largest_weight"] == told.largest
    assert (whole["totals_set"], whole["totals_missed"]) == (len(margins), len(told.unmet))


def test_the_page_of_data_quality_names_the_totals_that_were_missed(fitted):
    """survey 7, report 2: `threecircles survey weight` told it on the screen; the pack tells it too."""
    told, margins = fitted
    missed = Weighted(told.weights, told.kish, told.largest, ("stratum_x_urn",), told.passes)
    page = quality.page(tables(missed, margins), CONTEXT)
    listed = next(b for b in page.blocks if isinstance(b, Table) and b.id.endswith("-totals"))
    told_of = {row[0]: row[1] for row in listed.rows}
    assert told_of == {
        "School year by sex, in each type of school": "Reached",
        "School, in each type of school": "Missed",
    }
    words = next(b for b in page.blocks if isinstance(b, Text) and b.title == "What weights do")
    assert (
        words.paragraphs[0] == "These totals could not be reached: school, in each type of school."
    )
    figures = next(b for b in page.blocks if isinstance(b, Table) and b.id.endswith("-figures"))
    assert figures.rows[0][0] == "Survey of pupils, 2026"
    shown = {
        c.id: v.number
        for c, v in zip(figures.columns, figures.rows[0], strict=True)
        if isinstance(v, Value)
    }
    assert shown["design_effect"] == pytest.approx(told.kish)
    assert shown["totals_missed"] == 1


def test_where_every_total_was_reached_the_page_says_so(fitted):
    told, margins = fitted
    reached = Weighted(told.weights, told.kish, told.largest, (), told.passes)
    words = next(b for b in weight_blocks(tables(reached, margins)["survey-weights"]) if isinstance(b, Text))  # fmt: skip
    assert words.paragraphs[0] == "Every total of the school roll was reached."


def test_of_too_few_answers_nothing_is_told():
    """Through disclosure like everything: four pupils' weights say how large their schools are."""
    few = Weighted(pl.Series([1.0, 2.0, 1.0, 1.0]), 1.1, 2.0, (), 3)
    blocks = weight_blocks(tables(few, margins_of((), ()))["survey-weights"])
    assert len(blocks) == 1 and isinstance(blocks[0], Nothing)


def test_totals_are_named_in_words():
    assert in_words(("stratum", "idaci_quintile")) == (
        "Deprivation of the home area, in each type of school"
    )
