"""SPSS files keep labels, kinds of missing and weights (quality A9)."""

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.sources import read
from threecircles.sources.from_spss import survey_frame
from threecircles.sources.reading import Options, limits
from threecircles.sources.received import receive

pyreadstat = pytest.importorskip("pyreadstat", reason="the extra `spss` is not installed")


@pytest.fixture
def survey(tmp_path):
    """Four pupils: one answered, one refused (98), one was not asked (99), one left it blank."""
    import pandas as pd  # what pyreadstat writes from; no module of the product imports it

    path = tmp_path / "pupils.sav"
    frame = pd.DataFrame(
        {"pupil": [1.0, 2.0, 3.0, 4.0], "worried": [3.0, 98.0, 99.0, None], "weight": [1.5, 0.5, 1.0, 1.0]}
    )  # fmt: skip
    pyreadstat.write_sav(
        frame, str(path),
        column_labels={"pupil": "Pupil", "worried": "How often do you feel worried?", "weight": "Weight"},
        variable_value_labels={"worried": {1.0: "never", 3.0: "often", 98.0: "refused", 99.0: "not asked"}},
        missing_ranges={"worried": [98, 99]},
    )  # fmt: skip
    return path


def test_labels_kinds_of_missing_and_weights_survive(survey):
    """quality A9: read -> table -> codebook."""
    problems = []
    (received,) = receive([survey], limits(), frozenset(), problems)
    frame, codebook = survey_frame(received)
    assert frame["worried"].to_list() == [3.0, 98.0, 99.0, None]
    assert frame["weight"].to_list() == [1.5, 0.5, 1.0, 1.0]
    assert codebook["labels"]["worried"] == "How often do you feel worried?"
    assert codebook["values"]["worried"][98.0] == "refused"
    kinds = {r["lo"] for r in codebook["missing"]["worried"]}
    assert kinds == {98.0, 99.0}, "refused and not asked stay two kinds"


def test_a_survey_that_no_declaration_knows_is_told_not_lost(survey):
    reading = read([survey], options=Options())
    (problem,) = reading.refused
    assert problem.code in ("file-not-recognised", "file-ambiguous")
    assert isinstance(problem.as_error(), Exception) and not isinstance(
        problem.as_error(), UsageError
    )


def test_a_damaged_file_is_refused_with_a_sentence(survey):
    survey.write_bytes(survey.read_bytes()[:120])
    (problem,) = read([survey]).refused
    assert problem.code == "file-broken" and "damaged" in problem.what


def test_a_declared_survey_is_laid_on_its_columns(survey, tmp_path):
    """quality A9, 1.7: by YAML alone."""
    from threecircles.definitions import load_text
    from threecircles.sources.declared import Source

    declared = load_text(
        "id: worries\nlabel: Worries\nsource: made up\npublisher: none\nperiod: once\ngrain: pupil\n"
        "collected_from: pupils\ntables:\n  - name: worries\n    rows: one per pupil\n    key: [pupil]\n"
        "    discriminating: [worried]\n    columns:\n"
        "      - {name: pupil, label: Pupil, type: int, required: true}\n"
        "      - {name: worried, label: Worried, type: int, required: true}\n"
        "      - {name: weight, label: Weight, type: decimal}\n",
        Source,
        where="worries.yaml",
    )
    table = read([survey], sources=[declared]).tables["worries"]
    assert table["weight__number"].to_list() == [1.5, 0.5, 1.0, 1.0]
    assert isinstance(table, pl.DataFrame) and table.height == 4
