"""Trust items over waves (survey A33)."""

import polars as pl
import pytest

from threecircles.survey.measures import measure
from threecircles.survey.trust import trust_trend


def test_trust_is_shown_item_by_item_with_interval_and_not_asked_where_it_was_not():
    "A33."
    told = trust_trend(
        {
            ("1", "pupil"): pl.DataFrame({"trs1": [5, 4, 2, None], "trs2": [1, 1, 4, 5]}),
            ("2", "parent"): pl.DataFrame(
                {"trs1": [3.0] * 12, "trs2": [5.0] * 12, "trs3": [4.0] * 12}
            ),
        }
    )
    rows = {(r["wave"], r["measure"]): r for r in told.frame.to_dicts()}
    assert rows["1", "trs1"]["value"] == pytest.approx(2 / 3) and rows["1", "trs1"]["n"] == 3
    assert rows["1", "trs3"]["value"] is None and rows["1", "trs3"]["reason"] == "not_asked"
    assert rows["2", "trs2"]["value"] == 1 and rows["2", "trs2"]["low"] < 1
    assert set(told.frame["measure"]) == {"trs1", "trs2", "trs3"} and measure("trust").scales == ()
    assert told.spec.id.startswith("survey-")


def test_trust_of_a_run_is_a_step_output_by_wave_with_the_wave_that_was_not_asked(tmp_path):
    "A33: from the survey's delivery through the record's measures to the table that the page of words reads."
    from tests.survey.test_rows_for_the_record import asked

    from threecircles.definitions.place import Place
    from threecircles.survey.outcome_steps import trust
    from threecircles.survey.steps import measure_rows

    place = Place(tmp_path, "p", "p", "E1", "999", True, 1, 2026, (), {}, {})
    items = {f"trs{k}": None for k in (1, 2, 3)}
    parts = []
    for wave, told in (("1", {}), ("2", {"trs1": "5", "trs2": "P", "trs3": "2"})):
        pupils = [asked(f"c{k}", "1", 6, **(items | told)) | {"wave": wave} for k in range(12)]
        frame = pl.DataFrame(pupils)
        frame = frame.drop(items) if not told else frame
        survey = {"delivery": f"s{wave}", "holder": "", "roll": "", "as_of": "2026-02-01"}
        parts.append(measure_rows(None, frame, surveys=[survey], place=place))
    record = pl.concat(parts, how="diagonal").with_columns(known_to=pl.lit(None, pl.Date))
    assert record.filter(measure_id="trust")["item_or_scale"].unique().sort().to_list() == [
        "trs1",
        "trs2",
        "trs3",
    ]
    (table,) = trust(record, None, place)
    rows = {(r["wave"], r["respondent"], r["measure"]): r for r in table.frame.to_dicts()}
    assert rows["1", "pupil", "trs1"]["reason"] == "not_asked"
    assert rows["2", "pupil", "trs1"]["value"] == 1 and rows["2", "pupil", "trs3"]["value"] == 0
    assert (
        rows["2", "pupil", "trs2"]["reason"] == "not_asked" or rows["2", "pupil", "trs2"]["n"] == 0
    )
    assert table.spec.page == "voice" and table.spec.step == "survey.trust"
    assert trust(record.filter(pl.col("measure_id") != "trust"), None, place) == []
