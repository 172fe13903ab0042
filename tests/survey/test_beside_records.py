"""A study beside the school census and handed to the linker: nothing joins by hand, and no name comes along (survey 3, 5)."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from tests.survey.made_up import GRANT, open_study, write_record

from threecircles.core.errors import UsageError
from threecircles.definitions.place import load_place
from threecircles.sources import read
from threecircles.survey.census_join import NOT_LINKED, put_beside
from threecircles.survey.closing import close
from threecircles.survey.field import pupil_codes, store_of
from threecircles.survey.given import given_codes
from threecircles.survey.handing_over import handed_over
from threecircles.survey.questionnaire import items, questionnaire
from threecircles.survey.scored import score_study
from threecircles.survey.study import folder_of
from threecircles.synthetic import make

YEARS = (3, 4, 5, 6)


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory):
    """A made-up place with a school census."""
    folder = tmp_path_factory.mktemp("hamlet") / "place"
    make("hamlet", folder, seed=2)
    return folder


def census_of(folder):
    return read(
        load_place(folder).of("school-census")[-1].files, return_name="school-census"
    ).tables["pupilonroll"]


@pytest.fixture(scope="module")
def named(hamlet, tmp_path_factory):
    """A closed identifiable census of four years in the hamlet's schools: children with a plan answer less often."""
    folder = tmp_path_factory.mktemp("named")
    pupils = census_of(hamlet).filter(
        pl.col("ncyearactual").is_in([str(y) for y in YEARS]), pl.col("enrolstatus") == "C"
    )
    study = write_record(folder, mode="identifiable", languages="en", questionnaires="pupils_9_11")
    from threecircles.survey.field import add_classes, add_schools
    from threecircles.survey.opening import mark_open
    from threecircles.survey.study import asked, versions

    store = store_of(folder, study)
    sizes = pupils.group_by("urn", "ncyearactual").len().sort("urn", "ncyearactual")
    add_schools(
        store, sizes.select("urn", name="urn", phase=pl.lit("primary")).unique("urn"), study
    )
    table = sizes.select("urn", on_roll="len", nc_year="ncyearactual").with_columns(
        pl.col("nc_year").alias("class"), pl.lit("pupils_9_11").alias("questionnaire")
    )
    rows = {
        (r["urn"], str(r["nc_year"])): r for r in add_classes(store, table, asked(study, folder))
    }
    mark_open(folder, study, "M", versions(study, folder))
    form = {i.code: i for i in items(questionnaire("pupils_9_11"))}
    order, rng, holder = given_codes(questionnaire("pupils_9_11")), np.random.default_rng(1), []
    for key, some in pupils.sort("urn", "upn").group_by("urn", "ncyearactual", maintain_order=True):
        codes = pupil_codes(store, rows[key]["code"], some.height)
        for code, pupil in zip(codes, some.to_dicts(), strict=True):
            holder.append((code, pupil["upn"], "no" if rng.random() < 0.1 else "yes"))
            helped = pupil["senprovision"] != "N"
            if rng.random() > (0.45 if helped else 0.9):
                continue
            session = store.open_session(
                rows[key]["code"], "pupils_9_11", order, "en", "standard", code
            )
            level = "5" if helped else "2"
            own = {"sex": pupil["sex"], "year": key[1]} | {f"emo{k}": level for k in range(1, 6)}
            told = [{"item": c, "value": own.get(c) or (form[c].values[0] if form[c].values else None), "missing_reason": None} for c in order]  # fmt: skip
            store.save(session.token, 1, told)
            store.finish(session.token)
    store.close()
    close(folder, study, GRANT, date(2026, 12, 1))
    return folder, study, pupils, holder


def with_holder(hamlet, holder, folder):
    """The place with the holder's list in it, as `survey hand-over` made it and the holder filled it in."""
    import shutil

    place = folder / "place"
    shutil.copytree(hamlet, place)
    (path,) = [f for f in place.glob("received/survey_holder*.csv")]
    table = pl.read_csv(path, infer_schema=False).head(0)
    known = pl.DataFrame(holder, schema=["code", "upn", "consent_link"], orient="row")
    blank = {c: "x" for c in ("forename", "surname")} | {"dob": "2016-01-01", "sex": "Female"}
    rows = known.with_columns(pl.lit(v).alias(k) for k, v in blank.items())
    pl.concat([table, rows], how="diagonal").write_csv(path)
    return load_place(place)


def test_the_census_is_joined_and_those_who_answer_less_stand_for_all(named, hamlet, tmp_path):
    "Special needs, meals, ethnic group and deprivation become margins without a hand's turn."
    folder, study, pupils, holder = named
    plain = score_study(folder, study)
    place = with_holder(hamlet, holder, tmp_path)
    told = put_beside(folder, study, place, YEARS)
    numbers = census_of(hamlet)["upn"].to_list()
    assert told.codes == len(holder) and told.found == sum(
        h[2] == "yes" and numbers.count(h[1]) == 1 for h in holder if h[1]
    )
    assert told.roll == pupils.height
    scored = score_study(folder, study)
    assert {m[1] for m in scored.margins} >= {"sen", "fsm", "ethnic_group", "idaci_quintile"}
    truth = pupils.with_columns(y=pl.when(pl.col("senprovision") == "N").then(2.0).otherwise(5.0))[
        "y"
    ].mean()

    def mean(s):
        w = s.rows["weight"].to_numpy()
        return float((w * s.rows["feelings"].to_numpy()).sum() / w.sum())

    assert abs(mean(scored) - truth) < 0.6 * abs(mean(plain) - truth), (
        mean(plain),
        mean(scored),
        truth,
    )
    held = pl.read_parquet(folder_of(folder, study.id) / "beside.parquet")
    assert set(held.columns) == {"response_id", "fsm", "sen", "ethnic_group", "idaci_quintile"}
    unlinked = {h[0] for h in holder if h[2] == "no"}
    apart = set(held.filter(pl.col("sen") == NOT_LINKED)["response_id"])
    assert apart >= unlinked and len(apart) == told.codes - told.found
    for path in folder_of(folder, study.id).glob("*"):
        raw = path.read_bytes()
        assert not [h[1] for h in holder[:40] if h[1] and h[1].encode() in raw], path.name


def test_a_roll_made_by_hand_is_not_written_over(hamlet, tmp_path):
    study, _, _ = open_study(tmp_path, schools=1)
    (folder_of(tmp_path, study.id) / "roll.csv").write_text("urn,nc_year,sex,pupils\n")
    with pytest.raises(UsageError, match="made by hand"):
        put_beside(tmp_path, study, load_place(hamlet), YEARS)


def test_an_anonymous_study_gets_the_roll_alone(hamlet, tmp_path):
    urns = census_of(hamlet)["urn"].unique().sort().to_list()
    study = write_record(tmp_path, questionnaires="pupils_9_11", languages="en")
    store = store_of(tmp_path, study)
    from threecircles.survey.field import add_schools

    add_schools(store, pl.DataFrame({"urn": urns, "name": urns}), study)
    store.close()
    told = put_beside(tmp_path, study, load_place(hamlet), YEARS)
    roll = pl.read_csv(folder_of(tmp_path, study.id) / "roll.csv")
    assert roll.columns == ["urn", "nc_year", "sex", "pupils"] and told.codes == 0
    assert roll["pupils"].sum() == told.roll > 0 and set(roll["nc_year"]) <= set(YEARS)


def test_codes_and_answers_are_handed_over_apart_and_a_run_can_read_them(named, tmp_path):
    "The holder's list has no answer, the answers have no name; both are read without a problem."
    folder, study, _, holder = named
    listed, answers = handed_over(folder, study, tmp_path)
    codes = pl.read_csv(listed, infer_schema=False)
    assert (
        set(codes["code"]) == {h[0] for h in holder}
        and codes["surname"].null_count() == codes.height
    )
    told = read([answers], return_name="survey-pupils")
    table = told.tables["survey_pupils"]
    assert told.rejects.is_empty() and set(table["code"]) == set(codes["code"])
    begun = table.filter(pl.col("status") == "completed")
    assert 0 < begun.height < table.height and set(table["status"]) == {"completed", "absent"}
    assert begun["emo1"].null_count() == 0 and not {"surname", "upn"} & set(table.columns)
    assert not {c for c in codes.columns if c.endswith(("1", "2"))}


def test_an_anonymous_study_hands_over_answers_only_when_closed(tmp_path):
    study, _, _ = open_study(tmp_path, schools=1)
    assert handed_over(tmp_path, study, tmp_path / "out") == []
